package detect

import (
	"warden/finding"
)

var organizationsLeave = Detection{
	ID:         "organizations.account.leave",
	Title:      "Account leaves the organisation or is closed",
	Why:        "Outside the organisation its policies no longer bind.",
	Techniques: []string{"T1562", "T1531"},
	Severity:   finding.Critical,
	Events:     on("organizations", "LeaveOrganization", "RemoveAccountFromOrganization", "CloseAccount"),
	Hits: []Example{
		{Call: "organizations:LeaveOrganization"},
	},
	Misses: []Example{
		{Call: "organizations:DescribeAccount"},
	},
}
