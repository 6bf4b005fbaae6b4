package detect

import (
	"strings"

	"warden/trail"
)

// Undo is a named way to take back what a call did.
type Undo string

// The ways to take back.
const (
	DeactivateKey        Undo = "deactivate-key"         // set an access key inactive
	DetachPolicy         Undo = "detach-policy"          // detach a managed policy
	QuarantineUser       Undo = "quarantine-user"        // attach the deny policy to a user
	QuarantineRole       Undo = "quarantine-role"        // attach the deny policy to a role
	RemoveLoginProfile   Undo = "remove-login-profile"   // take the console password away
	DeactivateCredential Undo = "deactivate-credential"  // set a service-specific credential inactive
	DeactivateSSHKey     Undo = "deactivate-ssh-key"     // set an SSH key inactive
	DeactivateCert       Undo = "deactivate-certificate" // set a signing certificate inactive
	RemoveFromGroup      Undo = "remove-from-group"      // take a user out of a group
	RemoveFromProfile    Undo = "remove-from-profile"    // take a role out of an instance profile
)

// Effect is what a call did, as far as taking it back needs to know.
type Effect struct {
	Undo Undo
	// User, Role and Group name the identity that was changed; one is set.
	User, Role, Group string
	// ARN is the ARN of the created identity, where the record has it.
	ARN string
	// Policy is the ARN of the managed policy.
	Policy string
	// Credential is the id of the key, certificate or credential.
	Credential string
	// Profile is the name of the instance profile.
	Profile string
}

// Inverse takes back what a successful call did.
type Inverse struct {
	Undo Undo
	// Actions are the AWS actions that it needs.
	Actions []string
	// of reads the effect from the event.
	of func(e *trail.Event) Effect
	// complete says whether the effect has what taking it back needs.
	complete func(f Effect) bool
}

// Effect returns what the event's call did; ok is false for a failed call
// and for a record that lacks what is needed.
func (i *Inverse) Effect(e *trail.Event) (f Effect, ok bool) {
	if i == nil || e.Failed() {
		return Effect{}, false
	}
	f = i.of(e)
	f.Undo = i.Undo
	return f, i.complete(f)
}

var deactivateKey = &Inverse{
	Undo: DeactivateKey, Actions: []string{"iam:UpdateAccessKey"},
	of: func(e *trail.Event) Effect {
		return Effect{
			// A caller who names no user means himself; the response names him.
			User:       first(e.RequestString("userName"), e.ResponseString("accessKey", "userName"), e.Actor().Name),
			Credential: first(e.ResponseString("accessKey", "accessKeyId"), e.RequestString("accessKeyId")),
		}
	},
	complete: func(f Effect) bool { return f.User != "" && f.Credential != "" },
}

var detachPolicy = &Inverse{
	Undo: DetachPolicy, Actions: []string{"iam:DetachUserPolicy", "iam:DetachGroupPolicy", "iam:DetachRolePolicy"},
	of: func(e *trail.Event) Effect {
		return Effect{
			User: e.RequestString("userName"), Role: e.RequestString("roleName"), Group: e.RequestString("groupName"),
			Policy: e.RequestString("policyArn"),
		}
	},
	// What AWS attaches to a user whose key has leaked, in his own name,
	// stays: taking it back would set him free.
	complete: func(f Effect) bool {
		return f.User+f.Role+f.Group != "" && f.Policy != "" && !isAWSQuarantine(f.Policy)
	},
}

var quarantineUser = &Inverse{
	Undo: QuarantineUser, Actions: []string{"iam:AttachUserPolicy"},
	of: func(e *trail.Event) Effect {
		return Effect{
			User: first(e.ResponseString("user", "userName"), e.RequestString("userName")),
			ARN:  e.ResponseString("user", "arn"),
		}
	},
	complete: func(f Effect) bool { return f.User != "" },
}

var quarantineRole = &Inverse{
	Undo: QuarantineRole, Actions: []string{"iam:AttachRolePolicy"},
	of: func(e *trail.Event) Effect {
		return Effect{
			Role: first(e.ResponseString("role", "roleName"), e.RequestString("roleName")),
			ARN:  e.ResponseString("role", "arn"),
		}
	},
	complete: func(f Effect) bool { return f.Role != "" },
}

var removeLoginProfile = &Inverse{
	Undo: RemoveLoginProfile, Actions: []string{"iam:DeleteLoginProfile"},
	of:       func(e *trail.Event) Effect { return Effect{User: e.RequestString("userName")} },
	complete: func(f Effect) bool { return f.User != "" },
}

var deactivateCredential = &Inverse{
	Undo: DeactivateCredential, Actions: []string{"iam:UpdateServiceSpecificCredential"},
	of: credential("serviceSpecificCredential", "serviceSpecificCredentialId"), complete: hasCredential,
}

var deactivateSSHKey = &Inverse{
	Undo: DeactivateSSHKey, Actions: []string{"iam:UpdateSSHPublicKey"},
	of: credential("sSHPublicKey", "sSHPublicKeyId"), complete: hasCredential,
}

var deactivateCert = &Inverse{
	Undo: DeactivateCert, Actions: []string{"iam:UpdateSigningCertificate"},
	of: credential("certificate", "certificateId"), complete: hasCredential,
}

var removeFromGroup = &Inverse{
	Undo: RemoveFromGroup, Actions: []string{"iam:RemoveUserFromGroup"},
	of: func(e *trail.Event) Effect {
		return Effect{User: e.RequestString("userName"), Group: e.RequestString("groupName")}
	},
	complete: func(f Effect) bool { return f.User != "" && f.Group != "" },
}

var removeFromProfile = &Inverse{
	Undo: RemoveFromProfile, Actions: []string{"iam:RemoveRoleFromInstanceProfile"},
	of: func(e *trail.Event) Effect {
		return Effect{Role: e.RequestString("roleName"), Profile: e.RequestString("instanceProfileName")}
	},
	complete: func(f Effect) bool { return f.Role != "" && f.Profile != "" },
}

// credential reads the id that IAM gave a new credential.
func credential(element, id string) func(e *trail.Event) Effect {
	return func(e *trail.Event) Effect {
		return Effect{
			User:       first(e.RequestString("userName"), e.ResponseString(element, "userName"), e.Actor().Name),
			Credential: first(e.ResponseString(element, id), e.RequestString(id)),
		}
	}
}

func hasCredential(f Effect) bool { return f.User != "" && f.Credential != "" }

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// sameName compares names as IAM does: they are unique whatever their case.
// Source: IAM User Guide, "IAM and AWS STS quotas", IAM name requirements.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }
