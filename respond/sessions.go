package respond

import (
	"context"
	"fmt"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/policy"
	"warden/trail"
)

// sessionWays are the ways to contain a session of a role: a statement about
// it in the one inline policy that the role's denied sessions share; where no
// room is left there, a managed policy of its own; the organisation's policy.
//
// With RevokeSessions all of the role's sessions are denied, as "Revoke active
// sessions" of the console does, besides the caller's.
func (r *Responder) sessionWays(in ledger.Incident, level guard.Level, more bool, a trail.Actor) []way {
	denial, old := r.sessionDenial(in, level, a)
	ways := []way{r.statementWay(denial, old, level, more, a), r.sessionPolicyWay(denial, level, a)}
	if r.Guardrail.binds(r.Account) {
		ways = append(ways, r.guardrailWay(denial, level, r.sessionPrincipal(a), sessionFacts(a.UserID, issuedAt(a, denial))))
	}
	return ways
}

// sessionDenial is the denial of the session: the one in force where that is
// about the token too, else one for tokens issued until now. old is the step
// of one in force that a newer token of the session has outlived.
func (r *Responder) sessionDenial(in ledger.Incident, level guard.Level, a trail.Actor) (d change.Denial, old *change.Step) {
	until := r.Now()
	if a.IssuedAt.After(until) {
		until = a.IssuedAt // AWS's clock is before ours
	}
	d = level.Session(a.UserID, until)
	for i := len(in.Steps) - 1; i >= 0; i-- {
		s := &in.Steps[i]
		was, ok := change.ReadDenial(s.Step.After.Text)
		if s.Undo || s.Step.Kind != change.Statement || !ok || was.Key != d.Key || was.Value != d.Value || was.Action != d.Action || change.IsGuardrail(s.Step.Target) {
			continue
		}
		switch {
		case s.UndoneBy != "":
			return d, nil
		case !a.IssuedAt.After(was.Until):
			return was, nil
		case s.InForce():
			return d, &s.Step
		}
		return d, nil
	}
	return d, nil
}

// liveRole finds the role of a session, as it is now.
func (r *Responder) liveRole(ctx context.Context, a trail.Actor) (change.Identity, error) {
	if a.Role == nil {
		return change.Identity{}, fmt.Errorf("the record does not name the role of session %s", a.SessionName)
	}
	role, err := r.Lookup.Role(ctx, a.Role.Name)
	switch {
	case err != nil:
		return change.Identity{}, err
	case role == nil:
		return change.Identity{}, fmt.Errorf("role %s does not exist any more; its sessions end with it", a.Role.Name)
	case role.ID != a.Role.ID:
		return change.Identity{}, fmt.Errorf("role %s was made anew since: the caller's is %s, now it is %s", a.Role.Name, a.Role.ID, role.ID)
	}
	return change.Identity{ARN: role.ARN, ID: role.ID}, nil
}

// statementWay puts the denial into the role's quarantine policy.
func (r *Responder) statementWay(d change.Denial, old *change.Step, level guard.Level, more bool, a trail.Actor) way {
	name := guard.SessionPolicyName(r.Guard.DenyPolicy)
	w := way{}
	if a.Role != nil {
		w.setting = change.StatementSetting(a.Role.ARN, name, d.Sid())
	}
	w.read = func(ctx context.Context) (containment, error) {
		role, err := r.liveRole(ctx, a)
		if err != nil {
			return containment{}, err
		}
		c, err := r.to(ctx, role, change.StatementSetting(role.ARN, name, d.Sid()), change.Is(d.Statement()))
		if err != nil {
			return containment{}, err
		}
		c.level = level
		if old != nil {
			c.more = append(c.more, change.Transition(old.Setting, old.TargetID, old.After, change.Absent))
		}
		all := level.Sessions(d.Until)
		if r.Guard.RevokeSessions && more {
			revoke, err := r.to(ctx, role, change.StatementSetting(role.ARN, name, all.Sid()), change.Is(all.Statement()))
			if err != nil {
				return containment{}, err
			}
			c.more = append(c.more, revoke.step)
		}
		c.evidence = fmt.Sprintf("inline policy %s of role %s explicitly denies %s to session %s, for tokens issued until %s",
			name, a.Role.Name, level.Text(), notify.Line(a.SessionName), d.Until.Format(time.RFC3339))
		c.prove = func(_ context.Context, found change.State) error {
			return proveStatement(level, name, found, func(p *policy.Policies, doc *policy.Document) { p.Identity = []*policy.Document{doc} },
				r.sessionPrincipal(a), sessionFacts(a.UserID, issuedAt(a, d)))
		}
		return c, nil
	}
	return w
}

// sessionPolicyWay makes a managed policy with the denial and attaches it to
// the role.
func (r *Responder) sessionPolicyWay(d change.Denial, level guard.Level, a trail.Actor) way {
	arn := r.denyARN() + "-session-" + change.Short(change.Hash(d.Statement()))
	w := way{}
	if a.Role != nil {
		w.setting = change.Setting{Kind: change.Attachment, Target: a.Role.ARN, Name: arn}
	}
	w.read = func(ctx context.Context) (containment, error) {
		role, err := r.liveRole(ctx, a)
		if err != nil {
			return containment{}, err
		}
		document, err := change.AddStatement("", d.Sid(), d.Statement())
		if err != nil {
			return containment{}, err
		}
		c, err := r.to(ctx, role, change.Setting{Kind: change.Attachment, Target: role.ARN, Name: arn}, change.Is(change.Attached))
		if err != nil {
			return containment{}, err
		}
		v, err := r.Lookup.Policy(ctx, arn, "")
		if err != nil {
			return containment{}, err
		}
		if v == nil {
			c.first = []change.Step{change.CreatePolicy(arn, document, "Denies one session of role "+a.Role.Name).Captured(r.Now())}
		}
		c.level = level
		c.evidence = fmt.Sprintf("%s is attached to role %s, and explicitly denies %s to session %s", arn, a.Role.Name, level.Text(), notify.Line(a.SessionName))
		c.prove = func(ctx context.Context, found change.State) error {
			v, err := r.Lookup.Policy(ctx, arn, "")
			switch {
			case err != nil:
				return err
			case !found.Exists || v == nil:
				return fmt.Errorf("%s is not attached to role %s", arn, a.Role.Name)
			}
			doc, err := policy.ParseStored(arn, []byte(v.Document))
			if err != nil {
				return err
			}
			return level.Prove(policy.Policies{Identity: []*policy.Document{doc}}, r.sessionPrincipal(a), sessionFacts(a.UserID, issuedAt(a, d)))
		}
		return c, nil
	}
	return w
}

// proveStatement proves that a document with the one statement that was found
// denies what the level denies. Where a document has several, this one still
// denies: an explicit deny in any statement is final.
func proveStatement(level guard.Level, name string, found change.State, place func(*policy.Policies, *policy.Document), who policy.Principal, facts policy.Context) error {
	if !found.Exists {
		return fmt.Errorf("the statement is not in %s", name)
	}
	doc, err := policy.ParseStored(name, []byte(`{"Version":"2012-10-17","Statement":[`+found.Text+`]}`))
	if err != nil {
		return err
	}
	var p policy.Policies
	place(&p, doc)
	return level.Prove(p, who, facts)
}

// issuedAt is when the caller's token was issued. Where the record does not
// say, it was before now.
func issuedAt(a trail.Actor, d change.Denial) time.Time {
	if a.IssuedAt.IsZero() {
		return d.Until
	}
	return a.IssuedAt
}

// sessionPrincipal is a session to the policy engine.
func (r *Responder) sessionPrincipal(a trail.Actor) policy.Principal {
	p := policy.Principal{Type: policy.Session, ARN: a.ARN, Account: r.Account}
	if a.Role != nil {
		p.RoleARN = a.Role.ARN
	}
	return p
}

// sessionFacts are the context keys that tell a session.
func sessionFacts(userID string, issued time.Time) policy.Context {
	facts := policy.Context{}
	facts.Set("aws:userid", policy.One(userID))
	if !issued.IsZero() {
		facts.Set("aws:TokenIssueTime", policy.One(issued.UTC().Format(time.RFC3339)))
	}
	return facts
}
