package lint

import (
	"fmt"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

var conditionKey = &Check{
	ID:       "condition.key",
	Title:    "The condition key does not exist",
	Severity: Error,
	Why:      "No request has the key: a condition that wants a value never holds, and a negated one or one with IfExists always does.",
	Fix:      "Correct the name; keys look like service:Name, global ones begin with aws:.",
	Source:   "IAM User Guide: AWS global condition context keys; Service Authorization Reference",
	Codes:    []string{"INVALID_GLOBAL_CONDITION_KEY", "INVALID_SERVICE_CONDITION_KEY", "INVALID_CONDITION_KEY_FORMAT"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIPs":"198.51.100.0/24"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefixes":"a/*"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"SourceIp":"a"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"AWS:sourceip":"198.51.100.0/24"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a","s3:ExistingObjectTag/x":"b"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub":"system:serviceaccount:a:b"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			prefix, _, ok := strings.Cut(c.Key, ":")
			if isOpen(c.Key) || keyOf(c.Key) != nil || tagWithoutName(c.Key) {
				return
			}
			near := ""
			if n := catalog.NearestKey(c.Key); n != "" {
				near = fmt.Sprintf(", did you mean %s?", n)
			}
			switch {
			case !ok:
				p.report(s.condition(c, -1), "%q is no condition key%s", short(c.Key), near)
			case strings.EqualFold(prefix, "aws"):
				p.report(s.condition(c, -1), "there is no global condition key %s%s", short(c.Key), near)
			case catalog.ServiceOf(prefix) != nil:
				p.report(s.condition(c, -1), "%s has no condition key %s%s", catalog.ServiceOf(prefix).Name, short(c.Key), near)
			default:
				p.report(s.condition(c, -1), "no service has condition keys that begin with %q%s", short(prefix), near)
			}
		})
	},
}

// keyOf finds a condition key in the catalog. Identity providers have any name,
// with a dot or a slash in it; their claims are text.
func keyOf(name string) *catalog.Key {
	if k := catalog.ConditionKey(name); k != nil {
		return k
	}
	if i := strings.LastIndexByte(name, ':'); i > 0 && i < len(name)-1 && strings.ContainsAny(name[:i], "./") {
		if name[i+1:] == "amr" {
			return &catalog.Key{Name: name, Type: catalog.ArrayOfString}
		}
		return &catalog.Key{Name: name, Type: catalog.String}
	}
	return more[strings.ToLower(name)]
}

// more are keys of the IAM User Guide that the catalog's package lacks.
var more = map[string]*catalog.Key{
	"aws:arn":                         {Name: "aws:ARN", Type: catalog.ARN},
	"aws:principalorgmasteraccountid": {Name: "aws:PrincipalOrgMasterAccountId", Type: catalog.String},
	"aws:principalisawsservice":       {Name: "aws:PrincipalIsAWSService", Type: catalog.Bool},
	"sts:externalid":                  {Name: "sts:ExternalId", Type: catalog.String},
	"aws:securetransport":             {Name: "aws:SecureTransport", Type: catalog.Bool},
	"redshift:dbuser":                 {Name: "redshift:DbUser", Type: catalog.String},
}
