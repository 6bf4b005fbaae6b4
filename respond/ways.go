package respond

import (
	"context"
	"fmt"
	"slices"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/policy"
	"warden/trail"
)

// way is one way to contain a caller. Whether it is open shows when it is
// tried.
type way struct {
	setting change.Setting
	read    func(ctx context.Context) (containment, error)
}

// ways are the ways to contain the caller, the gentlest first; one that is
// in force already comes before all others. Quotas close ways: an intruder
// who fills one does not keep the guard out.
//
// A user: the deny policy attached, the same as an inline policy, as his
// permissions boundary, and at last his keys made inactive. A role session
// has one way.
//
// The deny policy as a boundary denies him everything, not only IAM: nothing
// that a boundary does not allow is allowed. Source: IAM User Guide,
// "Permissions boundaries for IAM entities".
func (r *Responder) ways(ctx context.Context, res *Result) ([]way, error) {
	a := res.Actor
	if a.Kind == trail.AssumedRole {
		return []way{{read: func(ctx context.Context) (containment, error) { return r.sessionContainment(ctx, a) }}}, nil
	}
	if res.live == nil || res.live.ID != a.ID {
		return nil, fmt.Errorf("user %s was not looked up", a.Name)
	}
	// The ARN is the live one: a user who was moved or renamed since keeps
	// his id.
	user := change.Identity{ARN: res.live.ARN, ID: a.ID}
	principal := policy.Principal{Type: policy.User, ARN: user.ARN, Account: r.Account}
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return nil, err
	}
	name := r.Guard.DenyPolicy
	attach := change.Setting{Kind: change.Attachment, Target: user.ARN, Name: r.denyARN()}
	inline := change.Setting{Kind: change.Inline, Target: user.ARN, Name: name}
	boundary := change.Setting{Kind: change.Boundary, Target: user.ARN}
	ways := []way{
		{attach, func(ctx context.Context) (containment, error) {
			c, err := r.to(ctx, user, attach, change.Is(change.Attached))
			c.byDenyPolicy = true
			c.evidence = fmt.Sprintf("%s is attached to %s, and its default version explicitly denies every IAM call", name, a.Name)
			c.prove = func(ctx context.Context, found change.State) error {
				if !found.Exists {
					return fmt.Errorf("%s is not attached to %s", name, a.Name)
				}
				return r.proveDenyPolicy(ctx, principal)
			}
			return c, err
		}},
		{inline, func(ctx context.Context) (containment, error) {
			c, err := r.to(ctx, user, inline, change.Is(guard.DenyDocument()))
			c.evidence = fmt.Sprintf("inline policy %s of %s explicitly denies every IAM call", name, a.Name)
			c.prove = func(_ context.Context, found change.State) error {
				document, err := policy.ParseStored(name, []byte(found.Text))
				if err != nil {
					return err
				}
				return guard.ProveDenied(document, principal, nil)
			}
			return c, err
		}},
		{boundary, func(ctx context.Context) (containment, error) {
			c, err := r.to(ctx, user, boundary, change.Is(r.denyARN()))
			c.byDenyPolicy = true
			c.evidence = fmt.Sprintf("%s is the permissions boundary of %s: it allows nothing, and explicitly denies every IAM call", name, a.Name)
			c.prove = func(ctx context.Context, found change.State) error {
				if found.Text != r.denyARN() {
					return fmt.Errorf("%s is not the boundary of %s", name, a.Name)
				}
				return r.proveDenyPolicy(ctx, principal)
			}
			return c, err
		}},
		{change.Setting{Kind: change.AccessKey, Target: user.ARN}, func(ctx context.Context) (containment, error) { return r.keysOff(ctx, in, user, a.Name) }},
	}
	for i, w := range ways {
		if s := lastStep(in, w.setting); s != nil && s.Ended() && s.UndoneBy == "" {
			return slices.Concat([]way{w}, ways[:i], ways[i+1:]), nil
		}
	}
	return ways, nil
}

// to reads a setting and makes the step that moves it to a state.
func (r *Responder) to(ctx context.Context, id change.Identity, s change.Setting, after change.State) (containment, error) {
	before, err := r.Lookup.Setting(ctx, s)
	if err != nil {
		return containment{}, err
	}
	if before.Same(after) {
		// It is there already. The step is made for the state without it;
		// the applier finds that there is nothing to do, and undo leaves it.
		return containment{step: change.Transition(s, id.ID, change.Absent, after)}, nil
	}
	return containment{step: change.Transition(s, id.ID, before, after).Captured(r.Now())}, nil
}

// keysOff makes the user's active access keys inactive. It proves nothing:
// his sessions and his password go on.
func (r *Responder) keysOff(ctx context.Context, in ledger.Incident, user change.Identity, name string) (containment, error) {
	keys, err := r.Lookup.ActiveKeys(ctx, name)
	if err != nil {
		return containment{}, err
	}
	var c containment
	for i, key := range keys {
		step := change.DeactivateKey(user, key)
		if i == 0 {
			c.step = step
		} else {
			c.more = append(c.more, step)
		}
	}
	if len(keys) == 0 {
		for _, s := range in.Steps {
			if s.Step.Kind == change.AccessKey && s.Step.Target == user.ARN && s.InForce() {
				return containment{step: s.Step}, nil // off already, by us
			}
		}
		return c, fmt.Errorf("user %s has no active access key to switch off", name)
	}
	return c, nil
}
