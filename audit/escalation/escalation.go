// Package escalation finds out who can become an administrator of an account
// who is none, and how.
//
// Its data is a list of known ways ([Catalogue]): what each needs, and what it
// gives. [Find] makes a graph of them over the users and roles of a snapshot:
// somebody can become somebody else, or give himself everything. Every edge is
// proved by package authorize with all policies that apply, the permissions
// boundary and, for roles, the trust policy. Where that answers "depends" or
// "unknown" the edge is so too: nobody is called safe on missing evidence.
//
// An administrator is who may do everything; see [Report.Administrators].
package escalation

import (
	"warden/account/authorize"
	"warden/policy"
)

// Kind is what a path gives.
type Kind string

// The kinds. All but Raise are called as pathfinding.cloud calls them.
const (
	// Self gives the caller himself every permission.
	Self Kind = "self-escalation"
	// Become makes the caller another user or role.
	Become Kind = "principal-access"
	// Raise gives another user or role every permission, and makes the
	// caller that one.
	Raise Kind = "principal-access, with more permissions"
	// Pass passes a role to something new that runs the caller's code.
	Pass Kind = "new-passrole"
	// Existing makes something that already has a role run the caller's
	// code.
	Existing Kind = "existing-passrole"
)

// On is what an action is needed on.
type On uint8

// The resources of needs.
const (
	Something    On = iota // of the caller's choice, or something existing that a snapshot does not show
	Himself                // the caller
	OwnGroup               // a group that he is in
	OwnPolicy              // a customer-managed policy that he or his group has
	NewGroup               // a group that makes him an administrator
	Target                 // the user or role that he becomes
	TargetPolicy           // a customer-managed policy that the target has
	Provider               // a SAML provider that the target trusts
)

var onText = [...]string{
	"any resource of its kind", "himself", "a group that he is in", "a customer-managed policy that he or his group has", "a group of administrators",
	"the target", "a customer-managed policy of the target", "a SAML provider that the target trusts",
}

// String says it in words.
func (o On) String() string { return onText[o] }

// Need is a permission.
type Need struct {
	Action string
	On     On
	// Type is the type of resource, as package catalog calls it, where the
	// action has several and Something is meant; "" for the first. An ARN
	// stands for that very resource, with ${Partition} and ${Region} open.
	Type string
}

// Path is a way to more permissions.
type Path struct {
	// ID is pathfinding.cloud's, or begins with "warden-" for a path that is
	// after the AWS documentation alone.
	ID    string
	Title string
	Kind  Kind
	// Of tells for Self who can go it, and for the others what the target
	// is.
	Of authorize.Kind
	// Service is the principal that the role must trust, and to which it is
	// passed.
	Service string
	Needs   []Need
	// If is what must exist beside, and no snapshot shows. Such a path is at
	// best one that depends.
	If string
	// applies says more about when it does not apply to a target.
	applies func(s *search, target *node) (ok bool, hangsOn string)
}

// Evidence is the engine's answer to one need.
type Evidence struct {
	Action    string          `json:"action"`
	Resource  string          `json:"resource"`
	State     authorize.State `json:"state"`
	DependsOn []string        `json:"dependsOn,omitempty"`
	Why       []string        `json:"why,omitempty"`
	// Statements are those that allow it.
	Statements []policy.StatementRef `json:"statements,omitempty"`
}

func evidence(x authorize.Answer) Evidence {
	e := Evidence{Action: x.Request.Action, Resource: x.Request.Resource, State: x.State, DependsOn: x.DependsOn, Why: x.Why}
	for _, l := range x.Result.Layers {
		if l.Layer != policy.LayerBoundary && l.Layer != policy.LayerSCP && l.Layer != policy.LayerRCP && l.Decision == policy.Allowed {
			e.Statements = append(e.Statements, l.Deciding...)
		}
	}
	return e
}

// Step is one edge of the graph: From becomes To by a path.
type Step struct {
	Path *Path
	From *authorize.Principal
	// To is nil where From becomes an administrator by himself.
	To *authorize.Principal
	// Through is whom a path of kind Raise makes the administrator, and the
	// group or policy that others use.
	Through string
	State   authorize.State
	// HangsOn says what must be so that the snapshot does not tell.
	HangsOn  []string
	Evidence []Evidence
}

// Way is how a principal becomes an administrator: the shortest of the ways
// with the best state.
type Way struct {
	Principal *authorize.Principal
	// State is the worst of the steps' and of the administrator's at the end.
	State authorize.State
	Steps []Step
}

// Administrator is somebody who may do everything.
type Administrator struct {
	Principal *authorize.Principal
	// State is Depends, for example, where it takes MFA, and Unknown in
	// [Report.Unclear].
	State     authorize.State
	DependsOn []string
	Why       []string
	// Statements are those that allow it.
	Statements []policy.StatementRef
}

// Report is what Find finds. The lists are in the snapshot's order.
type Report struct {
	// Administrators may do everything: any action of any service on any
	// resource, and all of those that manage permissions. Statements that
	// deny this or that do not change it, unless they keep somebody from
	// managing permissions.
	Administrators []Administrator
	// Unclear may be administrators: nobody knows all of their policies.
	Unclear []Administrator
	// Ways has one for each other principal that can become one, or might.
	Ways []Way
	// Clear counts the principals that cannot.
	Clear int
	// Incomplete says which principals may be missing from the snapshot.
	Incomplete []string
}

// Count returns of how many the answer is s, administrators apart.
func (r Report) Count(s authorize.State) int {
	n := 0
	if s == authorize.Unknown {
		n = len(r.Unclear)
	}
	for i := range r.Ways {
		if r.Ways[i].State == s {
			n++
		}
	}
	return n
}

// rank orders states from sure to unsure to no.
func rank(s authorize.State) int {
	switch s {
	case authorize.Allowed:
		return 0
	case authorize.Depends:
		return 1
	case authorize.Unknown:
		return 2
	}
	return 3
}

func worst(a, b authorize.State) authorize.State {
	if rank(a) >= rank(b) {
		return a
	}
	return b
}
