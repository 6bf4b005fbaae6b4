package detect

import (
	"warden/finding"
	"warden/trail"
)

var ec2InstanceProfile = Detection{
	ID:         "ec2.instance.profile",
	Title:      "Machine started with a role",
	Why:        "Whoever reaches the machine has the role's credentials.",
	Techniques: []string{"T1578.002"},
	Severity:   finding.Low,
	Events:     on("ec2", "RunInstances"),
	Match:      func(e *trail.Event, _ trail.Actor) bool { return e.HasRequest("iamInstanceProfile") },
	Hits: []Example{
		{Call: "ec2:RunInstances", Request: `{"iamInstanceProfile":{"name":"p"}}`},
	},
	Misses: []Example{
		{Call: "ec2:RunInstances", Request: `{"instanceType":"t3.nano"}`},
	},
}
