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
	ActivateKey          Undo = "activate-key"           // set an access key active again
	DetachPolicy         Undo = "detach-policy"          // detach a managed policy
	AttachPolicy         Undo = "attach-policy"          // attach a managed policy again
	QuarantineUser       Undo = "quarantine-user"        // attach the deny policy to a user
	QuarantineRole       Undo = "quarantine-role"        // attach the deny policy to a role
	RemoveLoginProfile   Undo = "remove-login-profile"   // take the console password away
	DeactivateCredential Undo = "deactivate-credential"  // set a service-specific credential inactive
	DeactivateSSHKey     Undo = "deactivate-ssh-key"     // set an SSH key inactive
	DeactivateCert       Undo = "deactivate-certificate" // set a signing certificate inactive
	RemoveFromGroup      Undo = "remove-from-group"      // take a user out of a group
	AddToGroup           Undo = "add-to-group"           // put a user back into a group
	RemoveFromProfile    Undo = "remove-from-profile"    // take a role out of an instance profile
	RestoreInline        Undo = "restore-inline"         // put an inline policy back as it was
	RestorePolicy        Undo = "restore-policy"         // make a deleted managed policy again
	RestoreVersion       Undo = "restore-version"        // put the former version of a policy in force
	RestoreTrust         Undo = "restore-trust"          // put the trust policy of a role back as it was
	RestoreBoundary      Undo = "restore-boundary"       // put the permissions boundary back as it was
	RemoveClient         Undo = "remove-client"          // take a client id from an OIDC provider
	DeleteProvider       Undo = "delete-provider"        // delete an identity provider
	ByHand               Undo = "by-hand"                // a person has to do it
)

// Effect is what a call did, as far as taking it back needs to know.
type Effect struct {
	Undo Undo
	// User, Role and Group name the identity that was changed.
	User, Role, Group string
	// ARN and ID are those of what was created or changed, where the record
	// has them.
	ARN, ID string
	// Policy is the ARN of the managed policy, Name the name of the inline
	// one.
	Policy, Name string
	// Document is the text that the call wrote, "" where it deleted one.
	Document string
	// Version is the policy version that the call put in force.
	Version string
	// Boundary is the boundary that the call set, "" where it removed one.
	Boundary string
	// Credential is the id of the key, certificate or credential.
	Credential string
	// Profile is the name of the instance profile.
	Profile string
	// Client is the client id of an OIDC provider.
	Client string
	// Outsiders is whether the trust that the call wrote lets in somebody of
	// another account.
	Outsiders bool
	// Advice is what a person has to do, for ByHand.
	Advice string
}

// Inverse takes back what a successful call did.
type Inverse struct {
	// Undo is the usual way; Also are others, for other calls of the
	// detection.
	Undo Undo
	Also []Undo
	// Actions are the AWS actions that it needs.
	Actions []string
	// Advice is what a person has to do where the record does not say enough,
	// or nothing that warden can do takes it back.
	Advice string
	// of reads the effect from the event. It may name one of Also as the
	// way.
	of func(e *trail.Event) Effect
	// complete says whether the effect has what taking it back needs.
	complete func(f Effect) bool
}

// Effect returns what the event's call did; ok is false for a failed call,
// and for one of which nothing can be said.
func (i *Inverse) Effect(e *trail.Event) (f Effect, ok bool) {
	if i == nil || e.Failed() {
		return Effect{}, false
	}
	if i.of != nil {
		f = i.of(e)
		if f.Undo == "" {
			f.Undo = i.Undo
		}
		if i.complete(f) {
			return f, true
		}
	}
	if i.Advice != "" {
		return Effect{Undo: ByHand, User: f.User, Role: f.Role, Group: f.Group, Advice: i.Advice}, true
	}
	return f, false
}

// Ways lists every way that the inverse may take, for the documentation.
func (i *Inverse) Ways() []Undo {
	if i == nil {
		return nil
	}
	ways := append([]Undo{i.Undo}, i.Also...)
	if i.Undo != ByHand && i.Advice != "" {
		ways = append(ways, ByHand)
	}
	return ways
}

// byHand is the inverse of what only a person can take back.
func byHand(advice string) *Inverse { return &Inverse{Undo: ByHand, Advice: advice} }

// holder reads whose policies a call changed.
func holder(e *trail.Event) Effect {
	return Effect{User: e.RequestString("userName"), Role: e.RequestString("roleName"), Group: e.RequestString("groupName")}
}

func (f Effect) hasHolder() bool { return f.User+f.Role+f.Group != "" }

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
