// Package request turns recorded calls into the requests that IAM decided when
// they were made: the action, the resources, and the condition keys.
//
// A trail does not carry everything that IAM looked at. What is not there is
// said, never guessed: a [Request] whose resource the record does not name has
// Missing, and [Context] holds only keys whose value the record proves. The
// engine in package policy then names the keys on which a decision depends.
//
// Sources: AWS CloudTrail User Guide, "CloudTrail record contents"; Service
// Authorization Reference, "Actions, resources, and condition keys", of which
// package policy/catalog holds the data.
package request

import (
	"strings"

	"warden/policy"
	"warden/trail"
)

// Request is one permission that a recorded call needed.
type Request struct {
	// Action is spelt as in the catalogue: "s3:GetObject".
	Action string
	// Resource is the ARN that the call acted on, "*" for an action without
	// resource types; "" where the record does not say.
	Resource string
	// Pattern is what is known of a resource that the record does not name:
	// its ARN with ${Name} for each part that is not known. It is "" where
	// nothing is known.
	Pattern string
	// Missing says what of the resource the record does not carry.
	Missing string
	// Owner is the account that owns the resource, where the record says so.
	Owner string
	// Context holds condition keys of this request beside those of the call.
	Context policy.Context
	// Assumed marks a permission that AWS's reference says such calls need
	// besides their own action, such as iam:PassRole, and that the record
	// shows the object of. A call that succeeded without it did not need it.
	Assumed bool
}

// unknownPart stands for a part of an ARN that nobody knows. Of what policies
// are made of, only stars match it.
const unknownPart = "\ue000"

// Object is the ARN to ask for: the resource, an example of the pattern, or
// "*".
func (r Request) Object() string {
	if r.Resource != "" || r.Pattern == "" {
		return or(r.Resource, "*")
	}
	var b strings.Builder
	rest := r.Pattern
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(unknownPart)
		_, rest, _ = strings.Cut(after, "}")
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Of returns the requests of a recorded call. ok is false for an event that is
// no call which IAM decides (sign-ins, service events) and for one whose
// action the catalogue does not know; why then says which.
//
// names, which may be nil, supplies ARNs that a record gives by name only.
func Of(e *trail.Event, names Names) (requests []Request, why string) {
	r := reading{e: e, names: names}
	r.load()
	actions := r.actions()
	if why := known(e, len(actions) > 0); why != "" {
		return nil, why
	}
	for _, a := range actions {
		requests = append(requests, r.needs(a)...)
	}
	requests = append(requests, r.besides(actions[0])...)
	for i := range requests {
		if requests[i].Resource != "" {
			requests[i].Missing, requests[i].Owner = "", r.owner(requests[i].Resource)
		}
	}
	return requests, ""
}

// owner is the account of a resource, where the record says it.
func (r *reading) owner(arn string) string {
	for _, res := range r.e.Resources {
		if res.ARN == arn && res.Account != "" {
			return res.Account
		}
	}
	// The bucket of an object has the object's owner.
	if bucket, _, ok := strings.Cut(arn, "/"); ok && strings.HasPrefix(arn, "arn:") && strings.Contains(bucket, ":s3:::") {
		return r.owner(bucket)
	}
	return ""
}
