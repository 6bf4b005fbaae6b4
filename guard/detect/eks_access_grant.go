package detect

import (
	"warden/finding"
)

var eksAccessGrant = Detection{
	ID:         "eks.access.grant",
	Title:      "Access to a Kubernetes cluster granted",
	Why:        "Makes an IAM identity an administrator inside the cluster, where IAM denies no longer reach.",
	Techniques: []string{"T1098.006"},
	Severity:   finding.High,
	Events:     on("eks", "CreateAccessEntry", "AssociateAccessPolicy"),
	Hits: []Example{
		{Call: "eks:CreateAccessEntry", By: "role"},
		{Call: "eks:AssociateAccessPolicy", By: "role"},
	},
	Misses: []Example{
		{Call: "eks:DescribeAccessEntry", By: "role"},
	},
}
