package respond

import (
	"context"
	"encoding/json"
	"fmt"

	"warden/change"
	"warden/guard"
	"warden/policy"
	"warden/policy/reason"
)

// managedSize is how long a managed policy may be, in characters without
// white space. Source: IAM User Guide, "IAM and AWS STS quotas".
const managedSize = 6144

// boundedWay puts the deny beside what the user's present boundary allows, in
// a new managed policy that takes its place. It is open only where he has a
// boundary, where there is room in it, and where the policy engine proves that
// the new one allows nothing that the old one does not.
func (r *Responder) boundedWay(user change.Identity) way {
	setting := change.Setting{Kind: change.Boundary, Target: user.ARN}
	return way{setting, func(ctx context.Context) (containment, error) {
		former, err := r.Lookup.Setting(ctx, setting)
		if err != nil {
			return containment{}, err
		}
		if !former.Exists {
			// A boundary that allows everything but IAM would be a policy
			// that allows everything, for anybody to attach.
			return containment{}, fmt.Errorf("%w: %s has no boundary", errClosed, nameOf(user.ARN))
		}
		if former.Text == r.denyARN() {
			return containment{}, fmt.Errorf("%w: %s is his boundary", errClosed, r.Guard.DenyPolicy)
		}
		old, err := r.Lookup.Policy(ctx, former.Text, "")
		if err != nil {
			return containment{}, err
		}
		if old == nil {
			return containment{}, fmt.Errorf("%w: boundary %s does not exist", errClosed, former.Text)
		}
		document, err := denyBeside(old.Document)
		if err != nil {
			return containment{}, fmt.Errorf("%w: %w", errClosed, err)
		}
		made := r.boundaryARN(document)
		inPlace := former.Text == made
		if inPlace {
			// It is in place: the step is made for the state without it, and
			// the applier finds that there is nothing to do.
			former = change.Absent
		}
		c := containment{level: guard.DenyIAM, inPlace: inPlace, step: change.PutBoundary(user, former, made)}
		if v, err := r.Lookup.Policy(ctx, made, ""); err != nil {
			return containment{}, err
		} else if v == nil {
			c.first = []change.Step{change.CreatePolicy(made, document, "Denies IAM beside the boundary "+former.Text).Captured(r.Now())}
		}
		c.evidence = fmt.Sprintf("%s is the permissions boundary of %s: it explicitly denies every IAM call, and is proved to allow nothing that %s does not", made, nameOf(user.ARN), former.Text)
		c.prove = func(ctx context.Context, found change.State) error {
			v, err := r.Lookup.Policy(ctx, found.Text, "")
			switch {
			case err != nil:
				return err
			case v == nil:
				return fmt.Errorf("boundary %s does not exist", found.Text)
			case !change.Is(v.Document).Same(change.Is(document)):
				return fmt.Errorf("%w: somebody changed %s", errClosed, found.Text)
			}
			doc, err := policy.ParseStored(found.Text, []byte(v.Document))
			if err != nil {
				return err
			}
			allow, err := policy.Parse("anything", []byte(guard.AllowAll))
			if err != nil {
				return err
			}
			return guard.DenyIAM.Prove(policy.Policies{Identity: []*policy.Document{allow}, Boundary: []*policy.Document{doc}}, r.principalOf(user), nil)
		}
		return c, nil
	}}
}

// boundaryARN is the policy that takes the place of a boundary. Its name has
// a hash of its content, so that a policy of this name with another content
// is never taken for it.
func (r *Responder) boundaryARN(document string) string {
	return r.denyARN() + "-boundary-" + change.Short(change.Hash(document))
}

// denyBeside returns a document with the statements of old and the deny. It
// fails where there is no room, or where it is not proved that the new one
// allows nothing that old does not.
func denyBeside(old string) (string, error) {
	const sid = "WardenDenyIAM"
	statement, err := change.StatementIn(guard.DenyDocument(), sid)
	if err != nil {
		return "", err
	}
	document, err := change.AddStatement(old, sid, statement.Text)
	if err != nil {
		return "", err
	}
	if !json.Valid([]byte(document)) || len(document) > managedSize {
		return "", fmt.Errorf("the boundary and the deny together have %d characters, a policy holds %d", len(document), managedSize)
	}
	before, err := policy.ParseStored("the old boundary", []byte(old))
	if err != nil {
		return "", err
	}
	after, err := policy.ParseStored("the new boundary", []byte(document))
	if err != nil {
		return "", err
	}
	answer := reason.NoNewAccess([]*policy.Document{before}, []*policy.Document{after}, reason.Options{Kind: reason.Identity})
	if answer.Verdict != reason.Yes {
		return "", fmt.Errorf("it is not proved that the old boundary with the deny allows no more: %s %v", answer.Verdict, answer.Reasons)
	}
	return document, nil
}
