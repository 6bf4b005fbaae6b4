package lint

import (
	"strings"

	"warden/policy"
)

var conditionServiceName = &Check{
	ID:       "condition.service-name",
	Title:    "The value is no service principal",
	Severity: Error,
	Why:      "The key holds a service principal, so that the condition never holds.",
	Fix:      "Write lambda.amazonaws.com; for kms:ViaService with the Region: s3.eu-west-1.amazonaws.com.",
	Source:   "IAM User Guide: AWS JSON policy elements: Principal, section Service principals; AWS KMS Developer Guide: kms:ViaService",
	Codes:    []string{"INVALID_SERVICE_PRINCIPAL_FORMAT"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/a","Condition":{"StringEquals":{"iam:PassedToService":"lambda"}}}`,
		`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.amazonaws.com"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/a","Condition":{"StringEquals":{"iam:PassedToService":["lambda.amazonaws.com","ec2.amazonaws.com.cn"]}}}`,
		`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			key := strings.ToLower(c.Key)
			labels := map[string]int{"iam:passedtoservice": 1, "iam:awsservicename": 1, "aws:principalservicename": 1, "aws:calledviafirst": 1, "aws:calledvialast": 1, "aws:calledvia": 1, "kms:viaservice": 2}[key]
			if labels == 0 || o.family != "String" {
				return
			}
			for j, v := range c.Values {
				if isOpen(v) || hasVariable(v) || hasWildcard(v) {
					continue
				}
				name, _, ok := strings.Cut(v, ".amazonaws.")
				if !ok && !strings.HasSuffix(v, ".amazon.com") || strings.Count(name, ".") < labels-1 || strings.ToLower(v) != v {
					p.report(s.condition(c, j), "%q is no value of %s", short(v), short(c.Key))
				}
			}
		})
	},
}
