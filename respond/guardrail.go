package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"warden/account"
	"warden/change"
	"warden/guard"
	"warden/guard/detect"
	"warden/notify"
	"warden/policy"
	"warden/trail"
)

// Guardrail is a service control policy, made for warden and attached above
// the account, into which warden writes denials for callers whom nothing
// inside the account can deny, or who take off what denies them. Nobody in the
// account can change it. Whatever else it holds stays as it is.
//
// It does not bind the management account, nor service-linked roles. Source:
// AWS Organizations User Guide, "Service control policies (SCPs)".
type Guardrail struct {
	// PolicyARN is the policy's:
	// arn:aws:organizations::MANAGEMENT:policy/o-…/service_control_policy/p-….
	PolicyARN string
	// Role is the ARN of the role in the management account that may read and
	// update it, for the command that gives back; "" for none.
	Role string
}

// CheckGuardrail refuses what is not the ARN of a service control policy.
func CheckGuardrail(policyARN string) error {
	if !change.IsGuardrail(policyARN) {
		return fmt.Errorf("%q is not the ARN of a service control policy (arn:aws:organizations::111122223333:policy/o-…/service_control_policy/p-…)", policyARN)
	}
	return nil
}

func (g *Guardrail) check() error { return CheckGuardrail(g.PolicyARN) }

// binds reports whether the policy can deny something to callers of the
// account; it cannot where the account manages the organisation.
func (g *Guardrail) binds(acct string) bool {
	if g == nil {
		return false
	}
	a, err := account.ParseARN(g.PolicyARN)
	return err == nil && a.Account != acct
}

// guardrailWay puts a denial into the organisation's policy.
func (r *Responder) guardrailWay(d change.Denial, level guard.Level, who policy.Principal, facts policy.Context) way {
	setting := change.Setting{Kind: change.Statement, Target: r.Guardrail.PolicyARN, Name: d.Sid()}
	return way{setting, func(ctx context.Context) (containment, error) {
		c, err := r.to(ctx, change.Identity{}, setting, change.Is(d.Statement()))
		if err != nil {
			return containment{}, err
		}
		c.level = level
		c.evidence = fmt.Sprintf("service control policy %s explicitly denies %s to %s; that it is attached above account %s is not part of this proof",
			nameOf(r.Guardrail.PolicyARN), level.Text(), notify.Line(d.Value), r.Account)
		c.prove = func(_ context.Context, found change.State) error {
			allow, err := policy.Parse("FullAWSAccess", []byte(guard.AllowAll))
			if err != nil {
				return err
			}
			return proveStatement(level, nameOf(r.Guardrail.PolicyARN), found, func(p *policy.Policies, doc *policy.Document) {
				p.Identity = []*policy.Document{allow}
				p.SCPs = []policy.Level{{Name: "account", Policies: []*policy.Document{allow, doc}}}
			}, who, facts)
		}
		return c, nil
	}}
}

// organisationWays are the ways to contain a caller whom the account itself
// cannot deny anything: root, and sessions of roles that AWS keeps.
func (r *Responder) organisationWays(level guard.Level, a trail.Actor) []way {
	d, who, facts, err := r.organisationDenial(level, a)
	if err == nil && r.Guardrail == nil {
		err = fmt.Errorf("%w: no policy of an organisation is configured", errNobodyCan)
	}
	if err == nil && !r.Guardrail.binds(r.Account) {
		err = fmt.Errorf("%w: account %s manages the organisation, and its policies do not bind it", errNobodyCan, r.Account)
	}
	if err != nil {
		return []way{{read: func(context.Context) (containment, error) { return containment{}, err }}}
	}
	return []way{r.guardrailWay(d, level, who, facts)}
}

// organisationDenial is how the organisation's policy names a caller.
//
// A session of Identity Center has the same aws:userid whenever the person
// signs in again, so its denial has no bound.
func (r *Responder) organisationDenial(level guard.Level, a trail.Actor) (change.Denial, policy.Principal, policy.Context, error) {
	d := change.Denial{Action: level.Actions()}
	switch {
	case a.Kind == trail.Root:
		arn := "arn:" + r.partition() + ":iam::" + r.Account + ":root"
		d.Key, d.Value = change.PrincipalARN, arn
		facts := policy.Context{}
		facts.Set("aws:PrincipalArn", policy.One(arn))
		return d, policy.Principal{Type: policy.Root, ARN: arn, Account: r.Account}, facts, nil
	case a.Kind == trail.IdentityCenter && a.UserID != "" && a.SessionName != "":
		d.Key, d.Value = change.UserID, a.UserID
		return d, r.sessionPrincipal(a), sessionFacts(a.UserID, a.IssuedAt), nil
	}
	return d, policy.Principal{}, nil, fmt.Errorf("%w: %s cannot be denied by any policy that warden could write", errNobodyCan, caller(a))
}

// userDenial is how the organisation's policy names a user.
func (r *Responder) userDenial(level guard.Level, user change.Identity) (change.Denial, policy.Principal, policy.Context) {
	facts := policy.Context{}
	facts.Set("aws:PrincipalArn", policy.One(user.ARN))
	return change.Denial{Action: level.Actions(), Key: change.PrincipalARN, Value: user.ARN}, r.principalOf(user), facts
}

// errNobodyCan says that warden has no means at all against a caller.
var errNobodyCan = errors.New("warden cannot deny him anything")

// alsoGuardrail denies a user by the organisation's policy whom the account
// could contain only in part, and returns what is open then.
func (r *Responder) alsoGuardrail(ctx context.Context, res *Result, c containment, open []string) []string {
	if res.live == nil || !isUser(res.Actor.Kind) {
		return open
	}
	d, who, facts := r.userDenial(c.level, change.Identity{ARN: res.live.ARN, ID: res.live.ID})
	if _, _, err := r.tryWays(ctx, res, []way{r.guardrailWay(d, c.level, who, facts)}); err != nil {
		return append(open, "the organisation's policy could not be changed: "+oneLine(err))
	}
	return nil
}

// beyond reports whether the caller is only reported because nothing in the
// account can deny him, and the organisation's policy could: root and people
// of Identity Center who wrote to IAM.
func (r *Responder) beyond(res *Result) bool {
	a := res.Actor
	if r.Guardrail == nil || r.Guard.Level == guard.AlertOnly || res.Verdict != guard.Alert || res.Failed || !detect.IAMWrite(res.Event.Source, res.Event.Name) {
		return false
	}
	if a.Kind != trail.Root && (a.Kind != trail.IdentityCenter || a.Role == nil) || a.AssumedRoot || a.Account != r.Account || res.Event.RecipientAccount != r.Account {
		return false
	}
	spared := slices.Concat(r.Guard.Protected, r.Guard.Self)
	return !slices.Contains(spared, a.ARN) && (a.Role == nil || !slices.Contains(spared, a.Role.ARN))
}
