package detect

import (
	"warden/finding"
)

var ec2ProfileReplace = Detection{
	ID:         "ec2.instance-profile.replace",
	Title:      "Role of a running machine changed",
	Why:        "Gives a machine that the intruder already holds a stronger role.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.Medium,
	Events:     on("ec2", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"),
	Hits: []Example{
		{Call: "ec2:AssociateIamInstanceProfile"},
		{Call: "ec2:ReplaceIamInstanceProfileAssociation"},
	},
	Misses: []Example{
		{Call: "ec2:DescribeIamInstanceProfileAssociations"},
	},
}
