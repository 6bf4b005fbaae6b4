package lint

import (
	"regexp"
	"strings"

	"warden/policy"
)

var conditionIDForm = &Check{
	ID:       "condition.id-form",
	Title:    "The value is no id of this kind",
	Severity: Warning,
	Why:      "No request has such a value: the condition never holds, and a negated one always does.",
	Fix:      "Write vpc-… for VPCs, vpce-… for endpoints, o-… for organizations, twelve digits for accounts, ARNs for KMS keys.",
	Source:   "IAM User Guide: AWS global condition context keys",
	Codes:    []string{"INVALID_VPC_FORMAT", "INVALID_VPCE_FORMAT", "INVALID_KMS_KEY_VALUE"},
	Match:    statements(Auto, `{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpc-0123456789abcdef0"},"Bool":{"aws:ViaAWSService":"false"}}}`, `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"12345"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0123456789abcdef0","aws:PrincipalOrgID":"o-a1b2c3d4e5","aws:ResourceAccount":"111122223333"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			form := idForms[strings.ToLower(c.Key)]
			if form == nil || o.family != "String" && o.family != "Arn" {
				return
			}
			for j, v := range c.Values {
				if !isOpen(v) && !hasVariable(v) && !hasWildcard(v) && !form.MatchString(v) {
					p.report(s.condition(c, j), "%q is no value of %s", short(v), short(c.Key))
				}
			}
		})
	},
}

// kmsKey must hold a key's ARN; S3 compares nothing else with it.
const kmsKey = "s3:x-amz-server-side-encryption-aws-kms-key-id"

var (
	accountForm      = regexp.MustCompile(`^\d{12}$`)
	organizationForm = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	idForms          = map[string]*regexp.Regexp{
		"aws:sourcevpc": regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`), "aws:sourcevpce": regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`),
		kmsKey:               regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`),
		"aws:principalorgid": organizationForm, "aws:resourceorgid": organizationForm, "aws:sourceorgid": organizationForm,
		"aws:principalaccount": accountForm, "aws:resourceaccount": accountForm, "aws:sourceaccount": accountForm, "kms:calleraccount": accountForm,
	}
)
