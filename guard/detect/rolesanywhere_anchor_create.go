package detect

import (
	"warden/finding"
)

var rolesAnywhereAnchor = Detection{
	ID:         "rolesanywhere.anchor.create",
	Title:      "Roles Anywhere trust anchor or profile created",
	Why:        "Certificates of the intruder's own authority become sessions of roles, from anywhere.",
	Techniques: []string{"T1098.001", "T1550"},
	Severity:   finding.High,
	Events:     on("rolesanywhere", "CreateTrustAnchor", "UpdateTrustAnchor", "EnableTrustAnchor", "CreateProfile", "UpdateProfile"),
	Hits: []Example{
		{Call: "rolesanywhere:CreateTrustAnchor"},
		{Call: "rolesanywhere:CreateProfile"},
	},
	Misses: []Example{
		{Call: "rolesanywhere:ListTrustAnchors"},
	},
}
