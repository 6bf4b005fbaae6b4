package detect

import (
	"warden/finding"
)

var organizationsPolicyWeaken = Detection{
	ID:         "organizations.policy.weaken",
	Title:      "Organisation policy detached or changed",
	Why:        "Service control policies are the one guardrail that members cannot strip.",
	Techniques: []string{"T1562", "T1484"},
	Severity:   finding.High,
	Events:     on("organizations", "DetachPolicy", "DeletePolicy", "UpdatePolicy", "DisablePolicyType"),
	Hits: []Example{
		{Call: "organizations:DetachPolicy", By: "role"},
	},
	Misses: []Example{
		{Call: "organizations:AttachPolicy", By: "role"},
	},
}
