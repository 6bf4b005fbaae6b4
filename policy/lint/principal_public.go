package lint

import (
	"strings"
)

var principalPublic = &Check{
	ID:       "principal.public",
	Title:    "Everybody is allowed",
	Severity: Security,
	Why:      `Principal "*" is every identity of every account, and for resources also callers without credentials. {"AWS": "*"} is the same.`,
	Fix:      "Name the principals; or add a condition that only your own can meet, such as StringEquals aws:PrincipalOrgID, aws:PrincipalAccount or aws:SourceVpce.",
	Source:   "IAM User Guide: AWS JSON policy elements: Principal; Access Analyzer: external access",
	Codes:    []string{"ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"},
	Kinds:    named,
	Match: statements(Auto,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`,
		`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:PrincipalOrgID":"*"}}}`,
		`{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}`,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`,
		`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || narrows(s) {
				continue
			}
			for _, e := range s.Principals {
				if e.Value == "*" && (e.Type == "*" || e.Type == "AWS") {
					what, severity := "this resource", Security
					if p.kind == Trust {
						what = "this role"
						if e.Type == "*" {
							severity = Error // IAM wants {"AWS": "*"}
						}
					}
					p.reportAs(severity, s.at(-1, "Principal"), "anybody, in any account, may use %s: %s", what, short(names(append(s.Actions, prefixed("everything but ", s.NotActions)...))))
					break
				}
			}
		}
	},
}

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = prefix + v
	}
	return out
}

// owning are the keys that tell one's own callers from strangers.
var owning = map[string]bool{
	"aws:principalorgid": true, "aws:principalorgpaths": true, "aws:principalaccount": true, "aws:principalarn": true,
	"aws:userid": true, "aws:sourceaccount": true, "aws:sourcearn": true, "aws:sourceowner": true, "aws:sourceorgid": true,
	"aws:sourceorgpaths": true, "aws:sourcevpc": true, "aws:sourcevpce": true, "aws:vpceaccount": true, "aws:vpceorgid": true,
	"aws:vpceorgpaths": true, "aws:sourceip": true, "aws:vpcsourceip": true, "s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true,
	"kms:calleraccount": true, "lambda:functionurlauthtype": false, "aws:sourcevpcarn": true,
	"elasticfilesystem:accesspointarn": true,
}

// narrows tells whether a condition keeps strangers out.
func narrows(s *statement) bool {
	for i := range s.Conditions {
		c := &s.Conditions[i]
		o := operatorOf(c.Operator)
		if !owning[strings.ToLower(c.Key)] || o.negated || o.ifExists || o.set == "ForAllValues" || o.family == "Null" {
			continue
		}
		free := len(c.Values) == 0
		for _, v := range c.Values {
			free = free || strings.Trim(v, "*") == "" || v == "0.0.0.0/0" || v == "::/0"
		}
		if !free {
			return true
		}
	}
	return false
}
