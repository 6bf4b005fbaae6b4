package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/respond"
)

type approveOptions struct {
	aws                 *app.Options
	ledger, output      string
	reason              string
	apply, decline, run bool
	deny                denyPolicyFlags
	protect             []string
	guardrail           guardrailFlags
	member              memberFlags
}

func newApproveCmd(s *streams) *cobra.Command {
	var o approveOptions
	cmd := &cobra.Command{
		Use:   "approve [PLAN]",
		Short: "Look at what waits for approval, approve it, or decline it",
		Long: `Look at what waits for approval, approve it, or decline it.

Where the guard's budget is used up, or where it works by a workflow, it denies
IAM at once and asks a person before it does more. Without PLAN this lists what
waits; with PLAN it shows each step, the former state, and who it is about.

With --apply it records the decision of whoever the credentials belong to, as
STS names him. PLAN, the id of the plan, is a digest of its steps: what is
approved is what was shown, and another plan has another id. Nobody decides
about himself, about another session of his role, or while he is contained.
There is one decision about a plan, and a plan expires undecided after a day.

The guard carries out what is approved at its next sweep, a workflow at once.
--run does it now, with these credentials, which need the right to. What denies
everything to a user is proved by the policy engine, and where its way turns out
to be closed the next one is proposed. Name the deny policies and the protected
identities as for the guard, where they are not the default.

With --ledger dynamodb:TABLE the decision is put into TABLE-approvals, under
the unique id that AWS gives the caller; the policy warden-approver allows that
and no more.

EXIT STATUS
  0  shown, or decided
  1  an error; or the caller may not decide, or somebody did before; or --run could
     not do all of it, or not prove it
  2  the command was called wrongly`,
		Example: `  warden approve
  warden approve 3f9c0d1e
  warden approve 3f9c0d1e --apply --reason "ticket 4711"
  warden approve 3f9c0d1e --decline --apply
  warden approve 3f9c0d1e --apply --run --deny-all-policy CORP-DENY-ALL

  # about a member of the organisation, as an administrator of its management account
  warden approve 3f9c0d1e --apply --run --member-role arn:aws:iam::444455556666:role/OrganizationAccountAccessRole`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageErrorf("approve: give one PLAN, or none to list what waits")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return approveList(cmd.Context(), s, o)
			}
			return approveOne(cmd.Context(), s, o, args[0])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.apply, "apply", false, "decide; without it nothing is recorded")
	f.BoolVar(&o.decline, "decline", false, "decline instead of approving")
	f.BoolVar(&o.run, "run", false, "with --apply: carry the plan out now, with these credentials")
	f.StringVar(&o.reason, "reason", "", "why, for the ledger and for those who are told")
	f.StringVar(&o.ledger, "ledger", "", "ledger (default "+ledgerHint+")")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	o.deny.flags(cmd)
	f.StringSliceVar(&o.protect, "protect", nil, "exact ARN of a user or role that is never touched (repeatable)")
	o.guardrail.roleFlag(cmd)
	o.member.flags(cmd)
	o.aws = awsFlags(cmd)
	return cmd
}

func (o approveOptions) check(plan bool) error {
	switch {
	case o.output != "text" && o.output != "json":
		return usageErrorf("approve: -o %q: want text or json", o.output)
	case !plan && (o.apply || o.decline || o.run || o.reason != ""):
		return usageErrorf("approve: name the PLAN to decide about")
	case o.run && (o.decline || !o.apply):
		return usageErrorf("approve: --run goes with --apply, and not with --decline")
	}
	return cmp.Or(o.deny.check(), checkARNs("--protect", o.protect), o.member.check())
}

// proposalView is the machine form of a proposal.
type proposalView struct {
	ledger.Proposal
	Subject ledger.Opening `json:"subject"`
	Decided bool           `json:"decided"` // by this call
	// Ran is how the steps ended, where this call ran them, and Proved what the
	// policy engine showed of it then.
	Ran    []apply.StepResult `json:"ran,omitempty"`
	Proved []string           `json:"proved,omitempty"`
}

func approveList(ctx context.Context, s *streams, o approveOptions) error {
	if err := o.check(false); err != nil {
		return err
	}
	store, err := readLedger(ctx, o.ledger, *o.aws)
	if err != nil {
		return err
	}
	views, err := waiting(ctx, ledger.New(store, nil))
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(s.Out, views)
	}
	var b strings.Builder
	for i, v := range views {
		if i > 0 {
			b.WriteString("\n")
		}
		showProposal(&b, v)
	}
	if len(views) == 0 {
		b.WriteString("nothing waits for approval\n")
	}
	_, err = io.WriteString(s.Out, b.String())
	return err
}

func waiting(ctx context.Context, l *ledger.Ledger) ([]proposalView, error) {
	all, err := l.Proposals(ctx)
	if err != nil {
		return nil, err
	}
	views := []proposalView{}
	for _, p := range all {
		if !p.Waiting(time.Now()) {
			continue
		}
		in, err := l.Incident(ctx, p.Plan.Incident)
		if err != nil {
			return nil, err
		}
		views = append(views, proposalView{Proposal: p, Subject: in.Opening})
	}
	return views, nil
}

// showProposal shows all that is decided about: who, why, every step with its
// former state, what cannot be given back, and the digest.
func showProposal(b *strings.Builder, v proposalView) {
	fmt.Fprintf(b, "plan %s  %s\n", change.Short(v.Plan.ID), printable(v.Plan.Title))
	fmt.Fprintf(b, "  digest    %s\n", v.Plan.ID)
	fmt.Fprintf(b, "  incident  %s: %s\n", printable(v.Plan.Incident), printable(v.Subject.Title))
	fmt.Fprintf(b, "  about     %s %s\n", printable(v.Subject.Caller), printable(v.Subject.CallerID))
	fmt.Fprintf(b, "  why       %s\n", printable(v.Why))
	for _, st := range v.Plan.Steps {
		fmt.Fprintf(b, "  would     %s\n            now %s\n", printable(st.String()), printable(st.Before.String()))
		for _, lost := range st.Lost() {
			fmt.Fprintf(b, "            cannot be given back: %s\n", printable(lost))
		}
	}
	switch {
	case v.Approved != nil:
		fmt.Fprintf(b, "  approved  %s by %s %s\n", stamp(v.Approved.At), printable(v.Approved.By), printable(v.Approved.Reason))
	case v.Declined != nil:
		fmt.Fprintf(b, "  declined  %s by %s %s\n", stamp(v.Declined.At), printable(v.Declined.By), printable(v.Declined.Reason))
	default:
		fmt.Fprintf(b, "  until     %s\n", stamp(v.Expires))
	}
}

// ballot is where a decision is left.
type ballot interface {
	Put(ctx context.Context, v ledger.Vote, now time.Time) error
}

// intoLedger records a decision in a ledger that the caller may write.
type intoLedger struct{ *ledger.Ledger }

func (l intoLedger) Put(ctx context.Context, v ledger.Vote, _ time.Time) error {
	decide := l.Approve
	if v.Declined {
		decide = l.Decline
	}
	first, err := decide(ctx, v.Plan, v.Approval)
	if err == nil && !first {
		return ledger.ErrExists
	}
	return err
}

func approveOne(ctx context.Context, s *streams, o approveOptions, prefix string) (err error) {
	if err := o.check(true); err != nil {
		return err
	}
	store, err := readLedger(ctx, o.ledger, *o.aws)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	l := ledger.New(store, nil)
	p, err := l.Proposal(ctx, prefix)
	if err != nil {
		return err
	}
	in, err := l.Incident(ctx, p.Plan.Incident)
	if err != nil {
		return err
	}
	v := proposalView{Proposal: p, Subject: in.Opening}
	if o.apply {
		at, err := o.member.connect(ctx, *o.aws)
		if err != nil {
			return err
		}
		if err := decide(ctx, o, at, l, &v); err != nil {
			return err
		}
		if o.run {
			if err := runNow(ctx, s, o, at, l, in, &v); err != nil {
				return err
			}
		}
	}
	if o.output == "json" {
		return writeJSON(s.Out, v)
	}
	var b strings.Builder
	showProposal(&b, v)
	for _, st := range v.Ran {
		fmt.Fprintf(&b, "%-11s  %s\n", st.Outcome.Status, printable(st.Step.String()))
	}
	for _, p := range v.Proved {
		fmt.Fprintf(&b, "proved       %s\n", printable(p))
	}
	switch {
	case v.Decided && o.decline:
		b.WriteString("declined\n")
	case v.Decided && !o.run:
		b.WriteString("approved; the guard carries it out\n")
	case !o.apply && v.Waiting(time.Now()):
		b.WriteString("nothing was recorded; --apply approves, --decline --apply declines\n")
	}
	_, err = io.WriteString(s.Out, b.String())
	return err
}

// decide records the decision of whoever the credentials belong to, and lets
// the workflows that wait for it go on.
func decide(ctx context.Context, o approveOptions, at places, l *ledger.Ledger, v *proposalView) error {
	clients := at.home
	_, arn, id, err := clients.Caller(ctx)
	if err != nil {
		return err
	}
	vote := ledger.Vote{Declined: o.decline, Approval: ledger.Approval{Plan: v.Plan.ID, By: arn, ByID: id, Reason: o.reason}}
	if now := time.Now(); !v.Waiting(now) {
		if v.Proposal.Decided() {
			return fmt.Errorf("somebody decided before about plan %s: see warden approve %[1]s", change.Short(v.Plan.ID))
		}
		return fmt.Errorf("plan %s expired at %s: it is proposed again when it is needed again", change.Short(v.Plan.ID), stamp(v.Expires))
	}
	if err := l.MayApprove(ctx, v.Proposal, vote.Approval); err != nil {
		return err
	}
	into := ballot(intoLedger{l})
	if t := o.votes(at); t != nil {
		into = t
	}
	if err := into.Put(ctx, vote, time.Now()); errors.Is(err, ledger.ErrExists) {
		return fmt.Errorf("plan %s is decided about already", change.Short(v.Plan.ID))
	} else if err != nil {
		return err
	}
	v.Decided = true
	// A workflow that began to wait meanwhile looks for the decision itself:
	// it stores its token first, and here the decision is stored first.
	if p, err := l.Proposal(ctx, v.Plan.ID); err == nil {
		v.Proposal = p
	}
	if err := clients.GoOn(ctx, v.TaskTokens, v.Plan.ID, o.decline); err != nil {
		return fmt.Errorf("the decision is recorded; its workflow could not be told, and the guard's next sweep takes it up: %w", err)
	}
	return nil
}

// votes is the table of decisions, nil where they are in the ledger itself.
func (o approveOptions) votes(at places) *ledger.ApprovalTable {
	if table, ok := strings.CutPrefix(o.ledger, dynamoDB); ok {
		return ledger.NewApprovalTable(at.home.DynamoDB, table)
	}
	return nil
}

// runNow carries the approved plan out as the guard would. The organisation's
// policy is the one that the incident names.
func runNow(ctx context.Context, s *streams, o approveOptions, at places, l *ledger.Ledger, in ledger.Incident, v *proposalView) error {
	acct, arn, err := at.account.Account(ctx)
	if err != nil {
		return err
	}
	place, err := account.ParseARN(arn)
	if err != nil {
		return err
	}
	organizations := o.guardrail.reached(at.home)
	opts := respond.Options{
		Guard:   guard.Config{DenyPolicy: o.deny.iam, DenyAllPolicy: o.deny.all, Protected: o.protect},
		Account: acct, Partition: place.Partition, Ledger: l, MemberRole: o.member.role,
		Applier:  apply.New(at.account.IAM, l, apply.Options{Account: acct, Grace: grace, Organizations: organizations}),
		Lookup:   respond.Live{Identities: collect.NewIdentities(at.account.IAM), Reader: apply.Guarded(at.account.IAM, organizations)},
		Notifier: notify.NewText(s.Err),
	}
	if o.ledger != "" {
		opts.LedgerFlag = "--ledger " + word(o.ledger)
	}
	if t := o.votes(at); t != nil {
		opts.Votes = t
	}
	if policy := guardrailOf(in, v.Plan); policy != "" {
		opts.Guardrail = &respond.Guardrail{PolicyARN: policy, Role: o.guardrail.role}
	}
	r, err := respond.New(opts)
	if err != nil {
		return err
	}
	report, err := r.RunApproved(ctx, v.Plan.ID)
	v.Ran = report.Steps
	if problems := report.Problems(); len(problems) > 0 {
		err = errors.Join(err, fmt.Errorf("approved, and not everything was done: %s", strings.Join(problems, "; ")))
	}
	if err != nil {
		return err
	}
	after, err := l.Incident(ctx, v.Plan.Incident)
	if err != nil {
		return err
	}
	for _, proof := range after.Verifications[len(in.Verifications):] {
		if proof.Level == ledger.Configured {
			v.Proved = append(v.Proved, proof.Evidence...)
		}
	}
	return nil
}

// guardrailOf is the organisation's policy that an incident, or a plan about
// it, changes; "" for none.
func guardrailOf(in ledger.Incident, plan change.Plan) string {
	for _, s := range plan.Steps {
		if change.IsGuardrail(s.Target) {
			return s.Target
		}
	}
	for _, s := range in.Steps {
		if change.IsGuardrail(s.Step.Target) {
			return s.Step.Target
		}
	}
	return ""
}
