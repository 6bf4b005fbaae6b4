package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"warden/account"
	"warden/change"
)

// ProposalLife is how long a proposal waits for a person, unless it is made
// with another life. What is true of an account a day later may be something
// else.
const ProposalLife = 24 * time.Hour

// proposalRound is the round of every proposed plan. The round that it runs
// in is given when it runs, so a proposal that waits blocks no containment.
const proposalRound = 1

// Proposal is a plan that waits for a person. Its id, the digest of its
// steps, is what is approved: another plan has another.
type Proposal struct {
	Plan change.Plan `json:"plan"`
	// Why says why a person is asked.
	Why     string    `json:"why,omitempty"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	// Approved or Declined is the one decision; both are nil while it waits.
	Approved *Approval `json:"approved,omitempty"`
	Declined *Approval `json:"declined,omitempty"`
	// TaskTokens are those of the workflows that wait for the decision. Who
	// has one can let its workflow go on, so they are never shown.
	TaskTokens []string `json:"-"`
}

// Decided reports whether somebody approved or declined.
func (p Proposal) Decided() bool { return p.Approved != nil || p.Declined != nil }

// Waiting reports whether the proposal can be approved at a time.
func (p Proposal) Waiting(at time.Time) bool { return !p.Decided() && at.Before(p.Expires) }

// Approval is one person's decision about one plan.
type Approval struct {
	// Plan is the full id of the plan: what was decided about.
	Plan string `json:"plan"`
	// By is the ARN of who decided and ByID the unique id (AIDA…, for a
	// session AROA…:NAME), as STS GetCallerIdentity gives them.
	By     string    `json:"by"`
	ByID   string    `json:"byId"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// proposed is the body of a PlanProposed entry.
type proposed struct {
	Plan    change.Plan `json:"plan"`
	Why     string      `json:"why,omitempty"`
	Expires time.Time   `json:"expires"`
}

// taskWaiting is the body of a TaskWaiting entry.
type taskWaiting struct {
	Plan  string `json:"plan"`
	Token string `json:"token"`
}

// ProposedPlan is the plan under the id that its proposal has: in round 1,
// whatever round it was made for.
func ProposedPlan(p change.Plan) (change.Plan, error) {
	p.Round = proposalRound
	return change.NewPlan(p)
}

// Propose records a plan that waits for a person, for ProposalLife; false
// means that it waits already, or that somebody decided about it. One that
// expired undecided waits anew.
func (l *Ledger) Propose(ctx context.Context, plan change.Plan, why string) (first bool, err error) {
	return l.ProposeFor(ctx, plan, why, ProposalLife)
}

// ProposeFor is Propose with another life.
func (l *Ledger) ProposeFor(ctx context.Context, plan change.Plan, why string, life time.Duration) (first bool, err error) {
	p, err := ProposedPlan(plan)
	if err != nil {
		return false, err
	}
	if len(p.Steps) == 0 {
		return false, errors.New("ledger: a proposal without steps")
	}
	for n := 1; ; n++ {
		key := fmt.Sprintf("proposal:%s:%d", p.ID, n)
		e, err := l.store.Get(ctx, key)
		if errors.Is(err, ErrNotFound) {
			return l.once(ctx, Entry{Kind: PlanProposed, Incident: p.Incident, Key: key}, proposed{p, why, l.now().UTC().Add(life)})
		}
		if err != nil {
			return false, fmt.Errorf("ledger: %w", err)
		}
		var was proposed
		if err := json.Unmarshal(e.Body, &was); err != nil {
			return false, &BrokenError{e.Seq, err.Error()}
		}
		if l.now().Before(was.Expires) {
			return false, nil
		}
		if _, err := l.store.Get(ctx, decisionKey(p.ID)); !errors.Is(err, ErrNotFound) {
			if err != nil {
				err = fmt.Errorf("ledger: %w", err)
			}
			return false, err
		}
	}
}

// decisionKey makes one decision of a plan: approving and declining exclude
// each other.
func decisionKey(plan string) string { return "decision:" + plan }

// RefusedError says why somebody may not decide about a proposal, or not any
// more.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

func refusedf(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// Approve records that a person approves a proposed plan, whose full id it
// takes. The error is a *RefusedError where he may not; see MayApprove. false
// means that somebody decided before: read the proposal for who, and what.
func (l *Ledger) Approve(ctx context.Context, planID string, a Approval) (bool, error) {
	p, err := l.waiting(ctx, planID)
	if err != nil || p.Decided() {
		return false, err
	}
	a.Plan, a.At = planID, l.now().UTC()
	if err := l.MayApprove(ctx, p, a); err != nil {
		return false, err
	}
	return l.once(ctx, Entry{Kind: PlanApproved, Incident: p.Plan.Incident, Key: decisionKey(planID)}, a)
}

// Decline records that a person does not want a proposed plan. Everybody but
// its subject may; else as Approve.
func (l *Ledger) Decline(ctx context.Context, planID string, a Approval) (bool, error) {
	p, err := l.waiting(ctx, planID)
	if err != nil || p.Decided() {
		return false, err
	}
	a.Plan, a.At = planID, l.now().UTC()
	if err := l.MayApprove(ctx, p, a); err != nil {
		return false, err
	}
	return l.once(ctx, Entry{Kind: PlanDeclined, Incident: p.Plan.Incident, Key: decisionKey(planID)}, a)
}

// waiting finds a proposal by its full id, and refuses one that expired
// undecided.
func (l *Ledger) waiting(ctx context.Context, planID string) (Proposal, error) {
	p, err := l.Proposal(ctx, planID)
	switch {
	case err != nil:
		return p, err
	case p.Plan.ID != planID:
		return p, refusedf("a decision names the whole id of the plan, not its beginning")
	case !p.Decided() && !l.now().Before(p.Expires):
		return p, refusedf("proposal %s expired at %s: it is proposed again when it is needed again", change.Short(planID), p.Expires.UTC().Format(time.RFC3339))
	}
	return p, nil
}

// MayApprove says as a *RefusedError why a person may not decide about a
// proposal: he is the one it is about, under the same unique id, ARN or role;
// the plan changes him; he is contained himself; or he cannot be told from
// others.
func (l *Ledger) MayApprove(ctx context.Context, p Proposal, a Approval) error {
	who, err := approver(a)
	if err != nil {
		return err
	}
	for _, s := range p.Plan.Steps {
		if who.is(s.Target, s.TargetID) {
			return refusedf("%s may not decide about a plan that changes %s", a.By, s.Target)
		}
	}
	incidents, err := l.Incidents(ctx)
	if err != nil {
		return err
	}
	for _, in := range incidents {
		if in.ID == p.Plan.Incident && who.is(in.Caller, in.CallerID) {
			return refusedf("%s is the one that the plan is about: somebody else has to decide", a.By)
		}
		for _, s := range in.Steps {
			if !s.Undo && s.InForce() && s.Step.After.Exists && who.is(s.Step.Target, s.Step.TargetID) {
				return refusedf("%s is contained in incident %s, and decides about nothing until that is given back", a.By, in.ID)
			}
		}
		if in.ID != p.Plan.Incident && holds(in) && who.is(in.Caller, in.CallerID) {
			return refusedf("%s is the subject of incident %s, which is open, and decides about nothing until that is given back", a.By, in.ID)
		}
	}
	return nil
}

// holds reports whether something that was done about an incident's caller
// is in force, or was tried.
func holds(in Incident) bool {
	switch in.Status {
	case StatusOpen, StatusGivenBack:
		return false
	}
	return true
}

// person is who somebody is: a user or a role, whatever session he uses.
type person struct{ account, kind, name, id string }

func approver(a Approval) (person, error) {
	p := identity(a.By)
	p.id = entityID(a.ByID)
	switch {
	case p.kind == "" || p.id == "":
		return p, refusedf("who decides needs the ARN and the unique id of a user, a role's session or root, not %q and %q", a.By, a.ByID)
	case p.kind == "federated-user":
		return p, refusedf("%s is a federated session, which does not show the user who issued it: decide with credentials of a user or a role", a.By)
	}
	return p, nil
}

// entityID is the unique id of a role where a session's is given, else the id
// itself.
func entityID(id string) string {
	if strings.HasPrefix(id, "AROA") {
		id, _, _ = strings.Cut(id, ":")
	}
	return id
}

// identity reads the user or role out of an ARN. Role paths are not in the
// ARN of a session, so names are compared without; they are unique in an
// account. Source: IAM User Guide, "IAM identifiers", friendly names and
// paths.
func identity(arn string) person {
	a, err := account.ParseARN(arn)
	if err != nil {
		return person{}
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Service == "sts" && kind == "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		return person{account: a.Account, kind: "role", name: name}
	case a.Service == "iam" && kind == "role", a.Service == "iam" && kind == "user", a.Service == "sts" && kind == "federated-user":
		return person{account: a.Account, kind: kind, name: rest[strings.LastIndex(rest, "/")+1:]}
	case a.Service == "iam" && a.Resource == "root":
		return person{account: a.Account, kind: "root", name: "root"}
	}
	return person{}
}

// is reports whether an ARN or a unique id is this person's. Names of IAM are
// unique whatever their case.
func (p person) is(arn, id string) bool {
	if id != "" && entityID(id) == p.id {
		return true
	}
	o := identity(arn)
	return o.kind != "" && o.account == p.account && o.kind == p.kind && strings.EqualFold(o.name, p.name)
}

// AwaitTask records that a workflow waits for the decision about a plan. Who
// has the token lets it go on: it is in the ledger and nowhere else.
func (l *Ledger) AwaitTask(ctx context.Context, planID, token string) error {
	p, err := l.Proposal(ctx, planID)
	if err != nil {
		return err
	}
	_, err = l.once(ctx, Entry{Kind: TaskWaiting, Incident: p.Plan.Incident, Key: "task:" + planID + ":" + change.Hash(token)}, taskWaiting{p.Plan.ID, token})
	return err
}

// Proposals returns every proposal, the one made first first.
func (l *Ledger) Proposals(ctx context.Context) ([]Proposal, error) {
	var out []Proposal
	err := l.whole(ctx, func(f *fold) {
		for _, id := range f.order {
			out = append(out, copiedProposals(f.incidents[id].Proposals)...)
		}
	})
	return out, err
}

// Proposal finds a proposal by the beginning of its plan's id. The error is
// ErrNotFound when there is none.
func (l *Ledger) Proposal(ctx context.Context, idPrefix string) (Proposal, error) {
	if idPrefix == "" {
		return Proposal{}, fmt.Errorf("ledger: an empty id: %w", ErrNotFound)
	}
	all, err := l.Proposals(ctx)
	if err != nil {
		return Proposal{}, err
	}
	var found []Proposal
	for _, p := range all {
		if strings.HasPrefix(p.Plan.ID, idPrefix) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return Proposal{}, fmt.Errorf("ledger: no proposal has an id that begins with %q: %w", idPrefix, ErrNotFound)
	case 1:
		return found[0], nil
	}
	return Proposal{}, fmt.Errorf("ledger: %d proposals have an id that begins with %q: give more of it", len(found), idPrefix)
}

// proposal adds an entry about a proposal to its incident.
func (in *Incident) proposal(e Entry) error {
	at := func(plan string) (*Proposal, error) {
		for i := range in.Proposals {
			if in.Proposals[i].Plan.ID == plan {
				return &in.Proposals[i], nil
			}
		}
		return nil, fmt.Errorf("it speaks of a plan %s that was not proposed", change.Short(plan))
	}
	switch e.Kind {
	case PlanProposed:
		var b proposed
		if err := json.Unmarshal(e.Body, &b); err != nil {
			return err
		}
		if p, err := at(b.Plan.ID); err == nil {
			p.Why, p.At, p.Expires = b.Why, e.Time, b.Expires
			return nil
		}
		in.Proposals = append(in.Proposals, Proposal{Plan: b.Plan, Why: b.Why, At: e.Time, Expires: b.Expires})
		return nil
	case TaskWaiting:
		var b taskWaiting
		if err := json.Unmarshal(e.Body, &b); err != nil {
			return err
		}
		p, err := at(b.Plan)
		if err == nil {
			p.TaskTokens = append(p.TaskTokens, b.Token)
		}
		return err
	}
	var a Approval
	if err := json.Unmarshal(e.Body, &a); err != nil {
		return err
	}
	p, err := at(a.Plan)
	if err != nil {
		return err
	}
	a.At = e.Time
	if p.Approved = &a; e.Kind == PlanDeclined {
		p.Approved, p.Declined = nil, &a
	}
	return nil
}
