package respond

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/policy"
	"warden/trail"
)

// credentialWays are the ways to contain a credential that an outsider holds,
// and not the administrator whom it is made out to: the key is made inactive; a
// session, which outlasts its key, is denied by its issue time. Other keys and
// later sessions of the user go on.
func (r *Responder) credentialWays(level guard.Level, res *Result, user change.Identity) []way {
	a := res.Actor
	if a.Kind == trail.IAMUser {
		return []way{r.keyWay(user, a.AccessKey)}
	}
	d := level.Session(a.UserID, a.IssuedAt)
	ways := []way{r.userSessionWay(d, level, res, user)}
	if r.Guardrail.binds(r.Account) {
		ways = append(ways, r.guardrailWay(d, level, r.principalOf(user), sessionFacts(a.UserID, a.IssuedAt)))
	}
	return ways
}

// keyWay makes one access key inactive. AWS refuses every call with it then.
// Source: IAM User Guide, "Manage access keys for IAM users".
func (r *Responder) keyWay(user change.Identity, key string) way {
	step := change.DeactivateKey(user, key)
	return way{step.Setting, func(ctx context.Context) (containment, error) {
		now, err := r.Lookup.Setting(ctx, step.Setting)
		c := containment{step: step.Captured(r.Now()), inPlace: now.Same(step.After), level: guard.DenyAll}
		c.evidence = fmt.Sprintf("access key %s of %s is inactive; its owner is not denied anything", key, nameOf(user.ARN))
		c.prove = func(_ context.Context, found change.State) error {
			if !found.Same(step.After) {
				return fmt.Errorf("access key %s of %s is %s", key, nameOf(user.ARN), found)
			}
			return nil
		}
		return c, err
	}}
}

// keyIsGone reports whether the credential that is to be contained is a key
// that was deleted: nobody can call with it any more.
func (r *Responder) keyIsGone(ctx context.Context, res *Result) (bool, error) {
	if res.Credential == "" || res.Actor.Kind != trail.IAMUser || res.live == nil {
		return false, nil
	}
	now, err := r.Lookup.Setting(ctx, change.Setting{Kind: change.AccessKey, Target: res.live.ARN, Name: res.Actor.AccessKey})
	return err == nil && !now.Exists, err
}

// userSessionWay denies the sessions of a user that were issued until a time.
// Long-term keys have no issue time, so they are not denied. Source: IAM User
// Guide, "Disabling permissions for temporary security credentials" and "AWS
// global condition context keys", aws:TokenIssueTime.
func (r *Responder) userSessionWay(d change.Denial, level guard.Level, res *Result, user change.Identity) way {
	name := guard.SessionPolicyName(r.Guard.DenyPolicy)
	setting := change.StatementSetting(user.ARN, name, d.Sid())
	issued := res.Actor.IssuedAt
	return way{setting, func(ctx context.Context) (containment, error) {
		c, err := r.to(ctx, user, setting, change.Is(d.Statement()))
		if err != nil {
			return containment{}, err
		}
		c.level = level
		c.evidence = fmt.Sprintf("inline policy %s of %s explicitly denies %s to sessions issued until %s; keys and later sessions are not denied",
			name, nameOf(user.ARN), level.Text(), issued.UTC().Format(time.RFC3339))
		c.prove = func(_ context.Context, found change.State) error {
			return proveStatement(level, name, found, func(p *policy.Policies, doc *policy.Document) { p.Identity = []*policy.Document{doc} },
				r.principalOf(user), sessionFacts(d.Value, issued))
		}
		if h := res.Held; h != nil && h.Password {
			c.open = append(c.open, fmt.Sprintf("%s knows the console password of %s and can sign in anew: set another one", notify.Line(h.By), nameOf(user.ARN)))
		}
		return c, nil
	}}
}

// recallCredential fills in what is contained in an incident about a
// credential alone: a session is told by its denial.
func recallCredential(in ledger.Incident, a *trail.Actor) {
	a.AccessKey = in.Credential
	for _, s := range in.Steps {
		if d, ok := change.ReadDenial(s.Step.After.Text); ok && !s.Undo && s.Step.Kind == change.Statement {
			a.UserID, a.IssuedAt = d.Value, d.Until
		}
	}
}

// closeKey makes the access key inactive that a contained caller made for
// somebody who may write to IAM: the key is his, and to AWS he would go on with
// it as an administrator. Nobody else has it, so nobody loses anything; that
// does not wait for approval, nor for --undo-actions. Who renames the
// administrator meanwhile does not keep it.
func (r *Responder) closeKey(ctx context.Context, res *Result) error {
	id := res.Event.ResponseString("accessKey", "accessKeyId")
	if res.Event.Name != "CreateAccessKey" || res.Failed || id == "" {
		return nil
	}
	name := cmp.Or(res.Event.ResponseString("accessKey", "userName"), res.Event.RequestString("userName"))
	if name == "" || res.Credential == "" && isUser(res.Actor.Kind) && strings.EqualFold(name, res.Subject.Name) {
		return nil
	}
	user, err := r.holder(ctx, name, res.Event.Time, change.Setting{Kind: change.AccessKey, Name: id}, exists)
	if apply.IsDenied(err) {
		res.Taken = append(res.Taken, fmt.Sprintf("not closed: access key %s of %s: warden's role may not look", id, name))
		return nil
	}
	if err != nil {
		return fmt.Errorf("whose key %s is: %w", id, err)
	}
	f := guard.Facts{Account: r.Account}
	r.factsOf(ctx, &f, user)
	if len(f.Gaps) > 0 {
		return fmt.Errorf("whose key %s is: %s could not be read: %s", id, f.Gaps[0].What, f.Gaps[0].Reason)
	}
	if r.protected(f.User.ARN) {
		res.Taken = append(res.Taken, fmt.Sprintf("not closed: access key %s: %s is protected, so never touched", id, f.User.ARN))
		return nil
	}
	if r.baseline(ctx, &f); !r.Guard.MayWrite(&f, res.Event.Time, r.Now()) {
		return nil
	}
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return err
	}
	step := change.DeactivateKey(change.Identity{ARN: f.User.ARN, ID: f.User.ID}, id)
	reason := closesKey + res.Event.Name + " of event " + res.Event.ID
	if dealtWith(in, step, reason, res.Event.Time) {
		return nil
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: res.Incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "close a key that " + caller(res.Actor) + " made for an administrator", Reason: "event " + res.Event.ID,
		Steps: []change.Step{step.Because(reason)},
	})
	if err != nil {
		return err
	}
	if _, err = r.run(ctx, plan, plan.Steps[0].ID); err == nil {
		res.Taken = append(res.Taken, step.String())
	}
	return err
}

// closesKey begins the reason of a step that makes a key inactive which a
// contained caller made for an administrator.
const closesKey = "an administrator's key in the hands of another: "
