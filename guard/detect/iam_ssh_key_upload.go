package detect

import (
	"warden/finding"
)

var sshKeyUpload = Detection{
	ID:         "iam.ssh-key.upload",
	Title:      "SSH key uploaded for a user",
	Why:        "An SSH key opens CodeCommit repositories and is in no list of access keys.",
	Techniques: []string{"T1098.004"},
	Severity:   finding.Medium,
	Events:     on("iam", "UploadSSHPublicKey"),
	Inverse:    deactivateSSHKey,
	Hits: []Example{
		{Call: "iam:UploadSSHPublicKey", Request: `{"userName":"eve"}`, Response: `{"sSHPublicKey":{"userName":"eve","sSHPublicKeyId":"APKAEIVFHP46CEXAMPLE"}}`},
	},
	Misses: []Example{
		{Call: "iam:ListSSHPublicKeys", Request: `{"userName":"eve"}`},
	},
}
