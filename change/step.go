package change

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Action is the IAM operation that a step calls.
type Action string

// The closed set of operations that warden changes an account with.
const (
	CreatePolicyAction            Action = "CreatePolicy"
	DeletePolicyAction            Action = "DeletePolicy"
	CreatePolicyVersionAction     Action = "CreatePolicyVersion"
	SetDefaultPolicyVersionAction Action = "SetDefaultPolicyVersion"
	DeletePolicyVersionAction     Action = "DeletePolicyVersion"
	AttachUserPolicyAction        Action = "AttachUserPolicy"
	DetachUserPolicyAction        Action = "DetachUserPolicy"
	AttachRolePolicyAction        Action = "AttachRolePolicy"
	DetachRolePolicyAction        Action = "DetachRolePolicy"
	AttachGroupPolicyAction       Action = "AttachGroupPolicy"
	DetachGroupPolicyAction       Action = "DetachGroupPolicy"
	PutUserPolicyAction           Action = "PutUserPolicy"
	DeleteUserPolicyAction        Action = "DeleteUserPolicy"
	PutRolePolicyAction           Action = "PutRolePolicy"
	DeleteRolePolicyAction        Action = "DeleteRolePolicy"
	UpdateAccessKeyAction         Action = "UpdateAccessKey"
	PutUserBoundaryAction         Action = "PutUserPermissionsBoundary"
	DeleteUserBoundaryAction      Action = "DeleteUserPermissionsBoundary"
	PutRoleBoundaryAction         Action = "PutRolePermissionsBoundary"
	DeleteRoleBoundaryAction      Action = "DeleteRolePermissionsBoundary"
)

// Actions lists every action, in the order of their declaration.
func Actions() []Action {
	return append([]Action{
		CreatePolicyAction, DeletePolicyAction, CreatePolicyVersionAction, SetDefaultPolicyVersionAction, DeletePolicyVersionAction,
		AttachUserPolicyAction, DetachUserPolicyAction, AttachRolePolicyAction, DetachRolePolicyAction, AttachGroupPolicyAction, DetachGroupPolicyAction,
		PutUserPolicyAction, DeleteUserPolicyAction, PutRolePolicyAction, DeleteRolePolicyAction,
		UpdateAccessKeyAction, PutUserBoundaryAction, DeleteUserBoundaryAction, PutRoleBoundaryAction, DeleteRoleBoundaryAction,
		UpdateGuardrailAction,
	}, identityActions()...)
}

// Step moves one setting from one state to another. Make it with one of the
// constructors and put it in a plan by [NewPlan], which gives it its ID.
type Step struct {
	// ID is the SHA-256, in hex, of everything that the step does and of the
	// incident and round it is part of. Reason, CapturedAt and descriptions
	// are not part of it, so two workers that reach the same decision make
	// the same step.
	ID     string
	Action Action
	Setting
	// TargetID is the unique id of the target, empty when not checked.
	TargetID string
	// Before is the former state: the step runs only while it holds, and
	// undo restores it.
	Before State
	// After is the effect, to be seen by reading the setting back.
	After State
	// Undoes lists the ids of the steps that this one gives back.
	Undoes []string
	// Reason says why, in one line.
	Reason string
	// CapturedAt is when Before was read from the live account; zero when it
	// was not. A fresh capture spares the applier a second reading.
	CapturedAt time.Time
}

// Captured returns the step with the time at which its Before was read.
func (s Step) Captured(at time.Time) Step { s.CapturedAt = at; return s }

// Because returns the step with its reason.
func (s Step) Because(reason string) Step { s.Reason = reason; return s }

// Transition makes the step that moves a setting from one state to another.
// NewPlan refuses it when no single IAM call can do that.
func Transition(s Setting, targetID string, before, after State) Step {
	st := Step{Setting: s, TargetID: targetID, Before: before, After: after}
	st.Action, _ = derive(s, before, after)
	return st
}

// Attach attaches a managed policy to a user, role or group that does not
// have it.
func Attach(to Identity, policyARN string) Step {
	return Transition(Setting{Attachment, to.ARN, policyARN}, to.ID, Absent, Is(Attached))
}

// Detach takes an attached managed policy from a user, role or group.
func Detach(from Identity, policyARN string) Step {
	return Transition(Setting{Attachment, from.ARN, policyARN}, from.ID, Is(Attached), Absent)
}

// PutInline writes an inline policy of a user, role or group over its former state.
func PutInline(on Identity, name string, former State, document string) Step {
	return Transition(Setting{Inline, on.ARN, name}, on.ID, former, Is(document))
}

// DeleteInline deletes an inline policy of a user, role or group that holds document.
func DeleteInline(on Identity, name, document string) Step {
	return Transition(Setting{Inline, on.ARN, name}, on.ID, Is(document), Absent)
}

// DeactivateKey makes an active access key inactive.
func DeactivateKey(user Identity, keyID string) Step {
	return Transition(Setting{AccessKey, user.ARN, keyID}, user.ID, Is(Active), Is(Inactive))
}

// ActivateKey makes an inactive access key active.
func ActivateKey(user Identity, keyID string) Step {
	return Transition(Setting{AccessKey, user.ARN, keyID}, user.ID, Is(Inactive), Is(Active))
}

// PutBoundary sets the permissions boundary of a user or role over its former
// state, of which the text is the ARN of the former boundary.
func PutBoundary(on Identity, former State, policyARN string) Step {
	return Transition(Setting{Kind: Boundary, Target: on.ARN}, on.ID, former, Is(policyARN))
}

// DeleteBoundary removes the permissions boundary policyARN from a user or
// role.
func DeleteBoundary(from Identity, policyARN string) Step {
	return Transition(Setting{Kind: Boundary, Target: from.ARN}, from.ID, Is(policyARN), Absent)
}

// CreatePolicy makes a customer-managed policy; its name and path are those
// of the ARN. description is stored with it.
func CreatePolicy(policyARN, document, description string) Step {
	after := Is(document)
	after.Description = description
	return Transition(Setting{Kind: Policy, Target: policyARN}, "", Absent, after)
}

// DeletePolicy deletes a customer-managed policy that holds document, has no
// other version and is not in use.
func DeletePolicy(policyARN, document string) Step {
	return Transition(Setting{Kind: Policy, Target: policyARN}, "", Is(document), Absent)
}

// CreatePolicyVersion adds a version with document to a policy and makes it
// the default. former is the version in force, with its id and document.
func CreatePolicyVersion(policyARN string, former State, document string) Step {
	return Transition(Setting{Kind: DefaultVersion, Target: policyARN}, "", former, Is(document))
}

// SetDefaultPolicyVersion puts another existing version in force. Both states
// name their version.
func SetDefaultPolicyVersion(policyARN string, former, to State) Step {
	return Transition(Setting{Kind: DefaultVersion, Target: policyARN}, "", former, to)
}

// DeletePolicyVersion deletes a version that is not the default.
func DeletePolicyVersion(policyARN, version, document string) Step {
	return Transition(Setting{PolicyVersion, policyARN, version}, "", Is(document), Absent)
}

// derive finds the one IAM call that moves s from before to after.
func derive(s Setting, before, after State) (Action, error) {
	kind := targetType(s.Target)
	bad := func(why string) (Action, error) {
		return "", fmt.Errorf("%s: no IAM call of warden's moves it from %s to %s: %s", s, before, after, why)
	}
	if before.Same(after) {
		return bad("the states are the same")
	}
	pick := func(put, del Action) (Action, error) {
		if after.Exists {
			return put, nil
		}
		return del, nil
	}
	switch s.Kind {
	case Attachment:
		if targetType(s.Name) != "policy" {
			return bad(fmt.Sprintf("%q is not the ARN of a policy", s.Name))
		}
		for _, st := range []State{before, after} {
			if st.Exists && st.Text != Attached {
				return bad(`the text of an attachment is "attached"`)
			}
		}
		switch kind {
		case "user":
			return pick(AttachUserPolicyAction, DetachUserPolicyAction)
		case "role":
			return pick(AttachRolePolicyAction, DetachRolePolicyAction)
		case "group":
			return pick(AttachGroupPolicyAction, DetachGroupPolicyAction)
		}
		return bad("the target is not a user, role or group")
	case Inline:
		if s.Name == "" {
			return bad("the policy has no name")
		}
		switch kind {
		case "user":
			return pick(PutUserPolicyAction, DeleteUserPolicyAction)
		case "role":
			return pick(PutRolePolicyAction, DeleteRolePolicyAction)
		case "group":
			return pick(PutGroupPolicyAction, DeleteGroupPolicyAction)
		}
		return bad("the target is not a user, role or group")
	case AccessKey:
		if kind != "user" || s.Name == "" {
			return bad("an access key has a user and an id")
		}
		for _, st := range []State{before, after} {
			if st.Text != Active && st.Text != Inactive {
				return bad("a key is only made Active or Inactive; a deleted key is gone for good")
			}
		}
		return UpdateAccessKeyAction, nil
	case Boundary:
		switch kind {
		case "user":
			return pick(PutUserBoundaryAction, DeleteUserBoundaryAction)
		case "role":
			return pick(PutRoleBoundaryAction, DeleteRoleBoundaryAction)
		}
		return bad("the target is not a user or role")
	case Statement:
		return deriveStatement(s, before, after, bad)
	case Policy:
		if kind != "policy" || before.Exists && after.Exists {
			return bad("a policy is made or deleted; its document changes by versions")
		}
		return pick(CreatePolicyAction, DeletePolicyAction)
	case DefaultVersion:
		if kind != "policy" || !before.Exists || !after.Exists {
			return bad("a policy always has a default version")
		}
		if after.Version != "" {
			return SetDefaultPolicyVersionAction, nil
		}
		return CreatePolicyVersionAction, nil
	case PolicyVersion:
		if kind != "policy" || s.Name == "" || !before.Exists || after.Exists {
			return bad("a version can only be deleted; its number never comes back")
		}
		return DeletePolicyVersionAction, nil
	}
	action, why := identityKinds[s.Kind].derive(s, before, after)
	if why != "" {
		return bad(why)
	}
	return action, nil
}

// Inverse returns the step that gives s back: the states exchanged. found is
// the state in which the step left the setting, where it tells more than
// After (the number of a version that IAM chose).
func (s Step) Inverse(found State) Step {
	from := s.After
	if found.Exists {
		from = found
	}
	return Transition(s.Setting, s.TargetID, from, s.Before)
}

// InverseAction is the call that gives the step back, empty when there is none.
func (s Step) InverseAction() Action { return s.Inverse(State{}).Action }

// Lost lists what no undo of this step can give back; most steps lose nothing.
func (s Step) Lost() []string {
	switch s.Action {
	case DeletePolicyAction:
		return []string{"the unique id, creation date and tags of the policy: a policy made again under this name is a new one"}
	case DeletePolicyVersionAction:
		return []string{"the version number: IAM never gives a number out twice"}
	case CreatePolicyVersionAction:
		return []string{"the number of the added version stays used up"}
	}
	return s.Action.lost()
}

// String says in one line what the step does.
func (s Step) String() string {
	if s.Kind == Statement {
		return s.statementText()
	}
	switch s.Action {
	case UpdateAccessKeyAction, UpdateSSHKeyAction, UpdateCertificateAction, UpdateServiceCredentialAction:
		return fmt.Sprintf("%s: %s from %s to %s", s.Action, s.Setting, s.Before.Text, s.After.Text)
	case AttachUserPolicyAction, AttachRolePolicyAction, AttachGroupPolicyAction:
		return fmt.Sprintf("%s: %s to %s", s.Action, shortARN(s.Name), shortARN(s.Target))
	case DetachUserPolicyAction, DetachRolePolicyAction, DetachGroupPolicyAction:
		return fmt.Sprintf("%s: %s from %s", s.Action, shortARN(s.Name), shortARN(s.Target))
	case SetDefaultPolicyVersionAction:
		return fmt.Sprintf("%s: %s to %s", s.Action, shortARN(s.Target), s.After.Version)
	case PutUserBoundaryAction, PutRoleBoundaryAction:
		if s.Before.Exists {
			return fmt.Sprintf("%s: %s from %s to %s", s.Action, s.Setting, shortARN(s.Before.Text), shortARN(s.After.Text))
		}
		return fmt.Sprintf("%s: %s to %s", s.Action, s.Setting, shortARN(s.After.Text))
	}
	return fmt.Sprintf("%s: %s", s.Action, s.Setting)
}

// validate reports what makes the step unusable.
func (s Step) validate() error {
	want, err := derive(s.Setting, s.Before, s.After)
	if err != nil {
		return err
	}
	if s.Action != want {
		return fmt.Errorf("%s: the states call for %s, the step says %q", s.Setting, want, s.Action)
	}
	if s.After.Exists && (s.Kind == Inline || s.Kind == Policy || s.Kind == DefaultVersion || s.Kind == Trust) && !json.Valid([]byte(s.After.Text)) {
		return fmt.Errorf("%s: the new document is not JSON", s.Setting)
	}
	return nil
}

// stepJSON is the saved form. inverse and lost are for the reader's eye: they
// are written, and must agree when read.
type stepJSON struct {
	ID         string   `json:"id"`
	Action     Action   `json:"action"`
	Kind       Kind     `json:"kind"`
	Target     string   `json:"target"`
	Name       string   `json:"name,omitempty"`
	TargetID   string   `json:"targetId,omitempty"`
	Before     State    `json:"before"`
	After      State    `json:"after"`
	Undoes     []string `json:"undoes,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	CapturedAt string   `json:"capturedAt,omitempty"`
	Inverse    Action   `json:"inverse,omitempty"`
	Lost       []string `json:"lost,omitempty"`
}

// MarshalJSON writes the step with the name of its inverse and what is lost.
func (s Step) MarshalJSON() ([]byte, error) {
	w := stepJSON{ID: s.ID, Action: s.Action, Kind: s.Kind, Target: s.Target, Name: s.Name, TargetID: s.TargetID,
		Before: s.Before, After: s.After, Undoes: s.Undoes, Reason: s.Reason, Inverse: s.InverseAction(), Lost: s.Lost()}
	if !s.CapturedAt.IsZero() {
		w.CapturedAt = s.CapturedAt.UTC().Format(time.RFC3339Nano)
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads a saved step and refuses unknown fields and a step that
// contradicts itself.
func (s *Step) UnmarshalJSON(data []byte) error {
	var w stepJSON
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return fmt.Errorf("step: %w", err)
	}
	out := Step{ID: w.ID, Action: w.Action, Setting: Setting{w.Kind, w.Target, w.Name}, TargetID: w.TargetID,
		Before: w.Before, After: w.After, Undoes: w.Undoes, Reason: w.Reason}
	if w.CapturedAt != "" {
		at, err := time.Parse(time.RFC3339Nano, w.CapturedAt)
		if err != nil {
			return fmt.Errorf("step: capturedAt: %w", err)
		}
		out.CapturedAt = at
	}
	if err := out.validate(); err != nil {
		return err
	}
	if w.Inverse != out.InverseAction() {
		return fmt.Errorf("%s: its inverse is %q, the step says %q", out.Setting, out.InverseAction(), w.Inverse)
	}
	*s = out
	return nil
}
