package lint

import (
	"slices"
	"strings"

	"warden/policy"
)

var conditionVPCEServices = &Check{
	ID:       "condition.vpce-services",
	Title:    "The key is known to some services only",
	Severity: Warning,
	Why:      "aws:VpceAccount, aws:VpceOrgID and aws:VpceOrgPaths are sent by few services. Over all actions a Deny that wants them denies the others altogether.",
	Fix:      "Name the services that send the key; for the others use aws:SourceVpce.",
	Source:   "IAM User Guide: AWS global condition context keys: aws:VpceAccount, aws:VpceOrgID, aws:VpceOrgPaths",
	Codes:    []string{"USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES"},
	Match:    statements(SCP, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:VpceOrgID":"o-a1b2c3d4e5"}}}`),
	Pass:     statements(SCP, `{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:VpceOrgID":"o-a1b2c3d4e5"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			switch strings.ToLower(c.Key) {
			case "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths":
				if s.NotActions != nil || slices.Contains(s.Actions, "*") {
					p.report(s.condition(c, -1), "most services do not send %s", short(c.Key))
				}
			}
		})
	},
}
