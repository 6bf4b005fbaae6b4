package detect

import (
	"warden/finding"
)

var signingCertificateUpload = Detection{
	ID:         "iam.signing-certificate.upload",
	Title:      "Signing certificate uploaded for a user",
	Why:        "A certificate signs requests to older APIs and is seldom looked at.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.Medium,
	Events:     on("iam", "UploadSigningCertificate"),
	Inverse:    deactivateCert,
	Hits: []Example{
		{Call: "iam:UploadSigningCertificate", Request: `{"userName":"eve"}`, Response: `{"certificate":{"userName":"eve","certificateId":"TA7SMP42TDN5Z26OBPJE7EXAMPLE"}}`},
	},
	Misses: []Example{
		{Call: "iam:UploadServerCertificate"},
	},
}
