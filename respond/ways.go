package respond

import (
	"context"
	"fmt"
	"slices"
	"time"

	"warden/account"
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
// who fills one does not keep the guard out. more says that more than denying
// IAM to the caller may be done without asking.
func (r *Responder) ways(ctx context.Context, res *Result, level guard.Level, more bool) ([]way, error) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return nil, err
	}
	return r.waysIn(in, res, level, more)
}

func (r *Responder) waysIn(in ledger.Incident, res *Result, level guard.Level, more bool) ([]way, error) {
	var ways []way
	switch a := res.Actor; {
	case isUser(a.Kind):
		if res.live == nil || res.live.ID != res.Subject.ID {
			return nil, fmt.Errorf("user %s was not looked up", res.Subject.Name)
		}
		// The ARN is the live one: a user who was moved or renamed since keeps
		// his id.
		user := change.Identity{ARN: res.live.ARN, ID: res.live.ID}
		if ways = r.userWays(in, level, user); res.Credential != "" {
			ways = r.credentialWays(level, res, user)
		}
	case a.Kind == trail.AssumedRole:
		ways = r.sessionWays(in, level, more, a)
	default:
		ways = r.organisationWays(level, a)
	}
	var present, others []way
	for _, w := range ways {
		if w.holds(in, res.Event.Time) {
			present = append(present, w)
		} else {
			others = append(others, w)
		}
	}
	return append(present, others...), nil
}

// holds reports whether the way is in force in the incident. That his keys are
// off counts for events from before only: for a later one a better way may be
// open by now.
func (w way) holds(in ledger.Incident, at time.Time) bool {
	if w.setting.Kind != change.AccessKey {
		return inForce(in, w.setting) != nil
	}
	return slices.ContainsFunc(in.Steps, func(s ledger.StepState) bool {
		return s.Step.Kind == change.AccessKey && s.Step.Target == w.setting.Target && s.InForce() && s.Ended() && !at.After(s.TouchedAt)
	})
}

// inForce is the newest step of the incident that holds a setting, nil when
// none does.
func inForce(in ledger.Incident, setting change.Setting) *ledger.StepState {
	for i := len(in.Steps) - 1; i >= 0; i-- {
		if s := &in.Steps[i]; !s.Undo && s.Step.After.Exists && s.Step.Setting == setting {
			if s.Ended() && s.UndoneBy == "" {
				return s
			}
			return nil
		}
	}
	return nil
}

// userWays are the ways to contain a user: the deny policy attached, the same
// as an inline policy, his permissions boundary, and at last his keys made
// inactive. Where everything was to be denied and cannot be, IAM is.
func (r *Responder) userWays(in ledger.Incident, level guard.Level, user change.Identity) []way {
	ways := []way{r.attachWay(user, level), r.inlineWay(user, level)}
	if level == guard.DenyIAM {
		ways = append(ways, r.boundedWay(user))
	}
	ways = append(ways, r.boundaryWay(user, level))
	if level == guard.DenyAll {
		ways = append(ways, r.lesser(r.attachWay(user, guard.DenyIAM)), r.lesser(r.inlineWay(user, guard.DenyIAM)), r.lesser(r.boundaryWay(user, guard.DenyIAM)))
	}
	return append(ways, way{change.Setting{Kind: change.AccessKey, Target: user.ARN}, func(ctx context.Context) (containment, error) {
		return r.keysOff(ctx, in, user, nameOf(user.ARN))
	}})
}

// lesser is a way that denies less than it should.
func (r *Responder) lesser(w way) way {
	read := w.read
	w.read = func(ctx context.Context) (containment, error) {
		c, err := read(ctx)
		c.open = append(c.open, "everything but IAM: no way to deny all was open (quotas are full, or warden's role may not)")
		return c, err
	}
	return w
}

// principalOf is a user to the policy engine.
func (r *Responder) principalOf(user change.Identity) policy.Principal {
	return policy.Principal{Type: policy.User, ARN: user.ARN, Account: r.Account}
}

// attachWay attaches the managed deny policy of the level.
func (r *Responder) attachWay(user change.Identity, level guard.Level) way {
	name := r.Guard.PolicyName(level)
	setting := change.Setting{Kind: change.Attachment, Target: user.ARN, Name: r.denyARNOf(level)}
	return way{setting, func(ctx context.Context) (containment, error) {
		c, err := r.to(ctx, user, setting, change.Is(change.Attached))
		c.level, c.policy = level, level
		c.evidence = fmt.Sprintf("%s is attached to %s, and its default version explicitly denies %s", name, nameOf(user.ARN), level.Text())
		c.prove = func(ctx context.Context, found change.State) error {
			if !found.Exists {
				return fmt.Errorf("%s is not attached to %s", name, nameOf(user.ARN))
			}
			return r.proveDenyPolicy(ctx, level, r.principalOf(user))
		}
		return c, err
	}}
}

// inlineWay writes the same as an inline policy.
func (r *Responder) inlineWay(user change.Identity, level guard.Level) way {
	name := r.Guard.PolicyName(level)
	setting := change.Setting{Kind: change.Inline, Target: user.ARN, Name: name}
	return way{setting, func(ctx context.Context) (containment, error) {
		c, err := r.to(ctx, user, setting, change.Is(level.Document()))
		c.level = level
		c.evidence = fmt.Sprintf("inline policy %s of %s explicitly denies %s", name, nameOf(user.ARN), level.Text())
		c.prove = func(_ context.Context, found change.State) error {
			document, err := policy.ParseStored(name, []byte(found.Text))
			if err != nil {
				return err
			}
			return level.Prove(policy.Policies{Identity: []*policy.Document{document}}, r.principalOf(user), nil)
		}
		return c, err
	}}
}

// boundaryWay makes the deny policy his permissions boundary. It denies him
// everything, whatever the level: nothing that a boundary does not allow is
// allowed, but for what resource policies grant to him by name. Source: IAM
// User Guide, "Permissions boundaries for IAM entities" and "Policy evaluation
// logic".
func (r *Responder) boundaryWay(user change.Identity, level guard.Level) way {
	name := r.Guard.PolicyName(level)
	setting := change.Setting{Kind: change.Boundary, Target: user.ARN}
	return way{setting, func(ctx context.Context) (containment, error) {
		c, err := r.to(ctx, user, setting, change.Is(r.denyARNOf(level)))
		c.level, c.policy, c.all = level, level, true
		c.evidence = fmt.Sprintf("%s is the permissions boundary of %s: it allows nothing at all, and explicitly denies %s", name, nameOf(user.ARN), level.Text())
		c.prove = func(ctx context.Context, found change.State) error {
			if found.Text != r.denyARNOf(level) {
				return fmt.Errorf("%s is not the boundary of %s", name, nameOf(user.ARN))
			}
			return r.proveDenyPolicy(ctx, level, r.principalOf(user))
		}
		return c, err
	}}
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
		return containment{step: change.Transition(s, id.ID, change.Absent, after), inPlace: true}, nil
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
	c := containment{level: guard.DenyIAM, open: []string{"sessions that he has and his console password still work: deny him by hand"}}
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
				c.step = s.Step // off already, by us
				return c, nil
			}
		}
		return c, fmt.Errorf("user %s has no active access key to switch off", name)
	}
	return c, nil
}

// nameOf is the name of a user or role, without path.
func nameOf(arn string) string {
	a, err := account.ParseARN(arn)
	if err != nil {
		return arn
	}
	return a.Name()
}

// typeOf is "user", "role" and so on, "" for what is no ARN.
func typeOf(arn string) string {
	a, err := account.ParseARN(arn)
	if err != nil {
		return ""
	}
	return a.Type()
}
