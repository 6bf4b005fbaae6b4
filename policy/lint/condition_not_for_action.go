package lint

import (
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

var conditionNotForAction = &Check{
	ID:       "condition.not-for-action",
	Title:    "Requests of the action do not have the condition key",
	Severity: Warning,
	Why: "A key that a request lacks makes a plain condition false and a negated one true: an Allow never gives that action, a Deny never denies it " +
		"(or always, if it is negated).",
	Fix:    "Move the action to a statement with keys that it has; the Service Authorization Reference lists them.",
	Source: "Service Authorization Reference: Actions table, Condition keys",
	Codes: []string{"UNSUPPORTED_ACTION_FOR_CONDITION_KEY", "UNSUPPORTED_GLOBAL_CONDITION_KEY", "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
		"ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringLike":{"s3:prefix":"home/*"}}}`,
		`{"Effect":"Allow","Action":["ec2:DescribeInstances","ec2:StartInstances"],"Resource":"*","Condition":{"StringEquals":{"ec2:ResourceTag/team":"a"}}}`,
		`{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"home/*"}}}`,
		`{"Effect":"Allow","Action":"ec2:StartInstances","Resource":"*","Condition":{"StringEquals":{"ec2:ResourceTag/team":"a"}}}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"s3:prefix":"home/*"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if s.Actions == nil || isOpen(c.Key) || o.ifExists || o.family == "Null" || keyOf(c.Key) == nil {
				return
			}
			prefix, _, _ := strings.Cut(c.Key, ":")
			if catalog.GlobalKey(c.Key) && !tagKey(c.Key) || strings.ContainsAny(prefix, "./") || strings.EqualFold(prefix, "saml") {
				return
			}
			with := 0
			var lacking []string
			at := -1
			for j, v := range s.Actions {
				all := p.matching(v)
				switch strings.ToLower(v) {
				case "sts:tagsession", "sts:setsourceidentity", "sts:setcontext":
					continue // asked within the request that assumes the role
				}
				if v == "*" || isOpen(v) || len(all) == 0 {
					return // what is not known may have it
				}
				if !p.spend(len(all)) {
					return
				}
				has := false
				for _, a := range all {
					has = has || a.HasKey(c.Key)
				}
				if has {
					with++
					continue
				}
				if lacking = append(lacking, v); at < 0 {
					at = j
				}
			}
			switch {
			case len(lacking) == 0:
			case with == 0:
				p.report(s.condition(c, -1), "%s: requests of the statement's actions (%s) do not have it", short(c.Key), short(names(lacking)))
			default:
				p.report(s.condition(c, -1), "%s: requests of %s do not have it, others of the statement do", short(c.Key), short(names(lacking)))
			}
		})
	},
}

// tagKey tells whether a global key depends on what the action supports.
func tagKey(key string) bool {
	lower := strings.ToLower(key)
	return strings.HasPrefix(lower, "aws:requesttag/") || strings.HasPrefix(lower, "aws:resourcetag/") || lower == "aws:tagkeys"
}
