package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/finding"
	"warden/notify"
)

// propose records a plan that a person has to approve before it is carried
// out, and tells people what it would do and how to approve it. The round of
// the plan plays no part: it gets one when it runs. A plan that was proposed
// before is not told again while it waits, nor after somebody decided.
func (r *Responder) propose(ctx context.Context, res *Result, plan change.Plan, why string) error {
	if r.Ledger == nil || len(plan.Steps) == 0 {
		return nil
	}
	plan, err := change.NewPlan(plan)
	if err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	if plan, err = ledger.ProposedPlan(plan); err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	if _, err := r.Ledger.ProposeFor(ctx, plan, why, r.proposalLife()); err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	p, err := r.Ledger.Proposal(ctx, plan.ID)
	if err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	if !slices.Contains(res.Proposed, plan.ID) {
		res.Proposed = append(res.Proposed, plan.ID)
	}
	if p.Waiting(r.Now()) {
		// Telling is claimed by the time of the proposal, so one that was
		// made anew is told anew.
		r.tell(ctx, res, 0, "proposal "+change.Short(plan.ID)+p.At.UTC().Format(" 2006-01-02T15:04:05Z"), r.proposalMessage(res, p))
	}
	return nil
}

func (r *Responder) proposalLife() time.Duration {
	if r.ProposalLife > 0 {
		return r.ProposalLife
	}
	return ledger.ProposalLife
}

func (r *Responder) proposalMessage(res *Result, p ledger.Proposal) notify.Message {
	var b strings.Builder
	if res.Event != nil {
		b.WriteString(what(*res))
	}
	fmt.Fprintf(&b, "asks   %s\n", p.Why)
	for _, s := range p.Plan.Steps {
		fmt.Fprintf(&b, "would  %s\n", s)
		for _, lost := range s.Lost() {
			fmt.Fprintf(&b, "loses  %s\n", lost)
		}
	}
	fmt.Fprintf(&b, "until  %s\n", p.Expires.UTC().Format("2006-01-02 15:04:05Z"))
	command := []string{"warden", "approve", change.Short(p.Plan.ID)}
	if r.LedgerFlag != "" {
		command = append(command, r.LedgerFlag)
	}
	fmt.Fprintf(&b, "look   %s\n", strings.Join(command, " "))
	fmt.Fprintf(&b, "do it  %s --apply\n", strings.Join(command, " "))
	fmt.Fprintf(&b, "refuse %s --decline --apply\n", strings.Join(command, " "))
	return notify.Message{
		Incident: p.Plan.Incident, Severity: max(res.Severity, finding.High),
		Subject: "warden asks: " + p.Plan.Title, Text: b.String(),
	}
}

// Decision returns a proposal with what people decided about it until now.
func (r *Responder) Decision(ctx context.Context, planID string) (ledger.Proposal, error) {
	if err := r.takeVotes(ctx, planID); err != nil {
		return ledger.Proposal{}, err
	}
	return r.Ledger.Proposal(ctx, planID)
}

// RunApproved carries out a proposed plan that somebody approved, and tells
// people how it ended. It checks again who approved and when; the applier
// checks that everything is as the plan found it. However many workers call
// it, and however often, the plan runs once: a second run finishes or retries
// what the first left. The error is a *ledger.RefusedError where the plan may
// not run.
func (r *Responder) RunApproved(ctx context.Context, planID string) (apply.Report, error) {
	if r.Applier == nil {
		return apply.Report{}, errors.New("a dry run carries out nothing")
	}
	if err := r.takeVotes(ctx, planID); err != nil {
		return apply.Report{}, err
	}
	p, err := r.Ledger.Proposal(ctx, planID)
	if err != nil {
		return apply.Report{}, err
	}
	if err := r.mayRun(ctx, p, planID); err != nil {
		return apply.Report{Plan: p.Plan}, err
	}
	unlock := r.callers.lock(p.Plan.Incident)
	defer unlock()
	report, err := r.runOnce(ctx, p.Plan)
	if err != nil {
		return report, fmt.Errorf("carry out proposal %s: %w", change.Short(planID), err)
	}
	for _, s := range report.Steps {
		if s.Outcome.Status == ledger.Pending {
			if report.Busy() {
				return report, errBusy
			}
			return report, fmt.Errorf("carry out proposal %s: %s", change.Short(planID), s.Outcome.Error)
		}
	}
	var res Result
	res.Incident = p.Plan.Incident
	after := r.afterDeny(ctx, &res, p.Plan, report)
	kind := "carried out"
	if !report.OK() {
		kind = "not carried out"
	}
	r.tell(ctx, &res, report.Plan.Round, kind, r.ranMessage(p, report, res.Proposed))
	return report, errors.Join(after, res.Err)
}

// mayRun checks what was checked when the plan was approved, on what is true
// now.
func (r *Responder) mayRun(ctx context.Context, p ledger.Proposal, planID string) error {
	switch {
	case p.Plan.ID != planID:
		return &ledger.RefusedError{Reason: "a plan is carried out by its whole id, not by its beginning"}
	case p.Declined != nil:
		return &ledger.RefusedError{Reason: fmt.Sprintf("%s declined it", p.Declined.By)}
	case p.Approved == nil:
		return &ledger.RefusedError{Reason: "nobody approved it"}
	case p.Approved.Plan != p.Plan.ID:
		return &ledger.RefusedError{Reason: "another plan was approved"}
	case !p.Approved.At.Before(p.Expires):
		return &ledger.RefusedError{Reason: "it was approved after it had expired"}
	case r.Account != "" && p.Plan.Account != r.Account:
		return &ledger.RefusedError{Reason: fmt.Sprintf("it is for account %s, the guard is of %s", p.Plan.Account, r.Account)}
	}
	if !p.Plan.Undo {
		for _, s := range p.Plan.Steps {
			if slices.Contains(r.Guard.Protected, s.Target) || slices.Contains(r.Guard.Self, s.Target) {
				return &ledger.RefusedError{Reason: s.Target + " is protected"}
			}
		}
	}
	return r.Ledger.MayApprove(ctx, p, *p.Approved)
}

// runOnce runs a plan in the round in which it ran before, else in the next
// one.
func (r *Responder) runOnce(ctx context.Context, proposed change.Plan) (apply.Report, error) {
	for {
		in, err := r.Ledger.Incident(ctx, proposed.Incident)
		if err != nil {
			return apply.Report{Plan: proposed}, err
		}
		plan := proposed
		for _, done := range in.Plans {
			if plan, err = inRound(proposed, done.Round); err != nil {
				return apply.Report{Plan: proposed}, err
			} else if plan.ID == done.ID {
				return r.Applier.Run(ctx, plan)
			}
		}
		if plan, err = inRound(proposed, in.NextRound()); err != nil {
			return apply.Report{Plan: proposed}, err
		}
		report, err := r.Applier.Run(ctx, plan)
		var other *apply.OtherPlanError
		if !errors.As(err, &other) {
			return report, err
		}
		// Somebody else's plan took the round: look again.
	}
}

func inRound(p change.Plan, round int) (change.Plan, error) {
	p.Round = round
	return change.NewPlan(p)
}

func (r *Responder) ranMessage(p ledger.Proposal, report apply.Report, next []string) notify.Message {
	var b strings.Builder
	fmt.Fprintf(&b, "what   %s\n", p.Plan.Title)
	fmt.Fprintf(&b, "by     %s approved it at %s\n", notify.Line(p.Approved.By), p.Approved.At.UTC().Format("2006-01-02 15:04:05Z"))
	if p.Approved.Reason != "" {
		fmt.Fprintf(&b, "why    %s\n", notify.Line(p.Approved.Reason))
	}
	denied := false
	for _, s := range report.Steps {
		fmt.Fprintf(&b, "%-6s %s\n", s.Outcome.Status, s.Step)
		if s.Outcome.Error != "" {
			fmt.Fprintf(&b, "       %s\n", s.Outcome.Error)
			denied = denied || strings.Contains(s.Outcome.Error, "AccessDenied")
		}
	}
	if len(next) > 0 {
		fmt.Fprintf(&b, "next   another way to do it is open, and waits for approval as plan %s\n", change.Short(next[0]))
	} else if denied {
		b.WriteString("next   warden's role may not do all of it: do it by hand, or give it back by the line below, with an administrator's credentials\n")
	}
	b.WriteString(r.undoLines(p.Plan.Incident))
	m := notify.Message{Incident: p.Plan.Incident, Severity: finding.High, Subject: "warden carried out: " + p.Plan.Title}
	if !report.OK() {
		m.Severity, m.Subject = finding.Critical, "warden could NOT carry out: "+p.Plan.Title
	}
	m.Text = b.String()
	return m
}

// VerifyRan looks again at what an approved plan set, on what is true now; the
// error says what is not, or not any more, as the plan left it.
func (r *Responder) VerifyRan(ctx context.Context, planID string) error {
	p, err := r.Ledger.Proposal(ctx, planID)
	if err != nil {
		return err
	}
	last := map[change.Setting]change.Step{}
	for _, s := range p.Plan.Steps {
		last[s.Setting] = s
	}
	var errs []error
	for _, s := range last {
		found, err := r.Lookup.Setting(ctx, s.Setting)
		switch {
		case errors.Is(err, apply.ErrGone):
		case err != nil:
			errs = append(errs, err)
		case !found.Same(s.After):
			errs = append(errs, fmt.Errorf("%s is %s, and the approved plan set %s", s.Setting, found, s.After))
		}
	}
	return errors.Join(errs...)
}

// RunWaiting carries out every approved plan that did not run to its end yet.
// It goes on past one that cannot run; the errors are joined.
func (r *Responder) RunWaiting(ctx context.Context) ([]apply.Report, error) {
	if r.Applier == nil {
		return nil, nil
	}
	if err := r.takeVotes(ctx, ""); err != nil {
		return nil, err
	}
	all, err := r.Ledger.Proposals(ctx)
	if err != nil {
		return nil, err
	}
	var reports []apply.Report
	var errs []error
	for _, p := range all {
		if p.Approved == nil || r.Account != "" && p.Plan.Account != r.Account {
			continue
		}
		if ran, err := r.ran(ctx, p.Plan); err != nil || ran {
			errs = append(errs, err)
			continue
		}
		report, err := r.RunApproved(ctx, p.Plan.ID)
		reports, errs = append(reports, report), append(errs, err)
	}
	return reports, errors.Join(errs...)
}

// ran reports whether every step of a proposed plan has its end in the
// ledger, failed or not: what failed is for a person to look at.
func (r *Responder) ran(ctx context.Context, proposed change.Plan) (bool, error) {
	in, err := r.Ledger.Incident(ctx, proposed.Incident)
	if err != nil {
		return false, err
	}
	for _, done := range in.Plans {
		plan, err := inRound(proposed, done.Round)
		if err != nil || plan.ID != done.ID {
			continue
		}
		open := slices.ContainsFunc(in.Steps, func(s ledger.StepState) bool {
			return s.Plan == plan.ID && (s.Status() == ledger.Planned || s.Status() == ledger.Pending)
		})
		return !open, nil
	}
	return false, nil
}

// Votes are decisions that people left where they may write;
// ledger.ApprovalTable is one.
type Votes interface {
	Votes(ctx context.Context) ([]ledger.Vote, error)
}

// takeVotes takes what people decided about one plan, or any for "", into
// the ledger. A vote that does not count is logged, and stays without effect.
func (r *Responder) takeVotes(ctx context.Context, planID string) error {
	if r.Votes == nil {
		return nil
	}
	votes, err := r.Votes.Votes(ctx)
	if err != nil {
		return err
	}
	for _, v := range votes {
		if planID != "" && v.Plan != planID {
			continue
		}
		err := r.takeVote(ctx, v)
		var refused *ledger.RefusedError
		switch {
		case errors.As(err, &refused), errors.Is(err, ledger.ErrNotFound):
			r.Log.Warn("a decision does not count", "plan", change.Short(v.Plan), "by", v.By, "id", v.ByID, "reason", oneLine(err))
		case err != nil:
			return err
		}
	}
	return nil
}

func (r *Responder) takeVote(ctx context.Context, v ledger.Vote) error {
	p, err := r.Ledger.Proposal(ctx, v.Plan)
	if err != nil || p.Decided() {
		return err
	}
	if err := r.vouch(ctx, v.Approval); err != nil {
		return err
	}
	decide := r.Ledger.Approve
	if v.Declined {
		decide = r.Ledger.Decline
	}
	_, err = decide(ctx, v.Plan, v.Approval)
	return err
}

// vouch checks that the ARN which a vote gives belongs to the unique id that
// AWS bound it to, for identities of this account.
func (r *Responder) vouch(ctx context.Context, a ledger.Approval) error {
	arn, err := account.ParseARN(a.By)
	if err != nil || arn.Account != r.Account {
		return nil // the ledger refuses the first, and the id tells the second
	}
	kind, rest, _ := strings.Cut(arn.Resource, "/")
	id, is := "", ""
	switch {
	case kind == "user":
		id = a.ByID
		user, err := r.Lookup.User(ctx, rest[strings.LastIndex(rest, "/")+1:])
		if err != nil {
			return err
		}
		if user != nil {
			is = user.ID
		}
	case kind == "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		id, _, _ = strings.Cut(a.ByID, ":")
		role, err := r.Lookup.Role(ctx, name)
		if err != nil {
			return err
		}
		if role != nil {
			is = role.ID
		}
	default:
		return nil
	}
	if id != is {
		return &ledger.RefusedError{Reason: fmt.Sprintf("%s does not have the unique id %s", a.By, a.ByID)}
	}
	return nil
}
