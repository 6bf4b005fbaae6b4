package detect

import (
	"warden/finding"
)

var serviceLinkedRoleCreate = Detection{
	ID:         "iam.service-linked-role.create",
	Title:      "Service-linked role created",
	Why:        "Usually a service setting itself up; its permissions and trust are AWS's own.",
	Techniques: []string{"T1136.003"},
	Severity:   finding.Info,
	Events:     on("iam", "CreateServiceLinkedRole"),
	Hits: []Example{
		{Call: "iam:CreateServiceLinkedRole", Request: `{"aWSServiceName":"autoscaling.amazonaws.com"}`},
	},
	Misses: []Example{
		{Call: "iam:CreateRole"},
	},
}
