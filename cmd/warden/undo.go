package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"warden/app"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
)

type undoOptions struct {
	aws            *app.Options
	ledger, output string
	reason         string
	apply, force   bool
	guardrail      guardrailFlags
	member         memberFlags
}

func newUndoCmd(s *streams) *cobra.Command {
	var o undoOptions
	cmd := &cobra.Command{
		Use:   "undo INCIDENT|STEP",
		Short: "Give back what was done about an incident",
		Long: `Give back what was done about an incident, or one step of it.

Without --apply it shows what would be given back, and by the policy engine
what access that grants again. With --apply it restores the exact state from
before: documents to the byte, attachments, key status. What was there before
warden acted stays.

When somebody changed a setting since, nothing is done, and the difference is
shown; --force restores the former state all the same.

What comes back is found by asking the engine for a list of calls that matter
and for every action and resource that the policies of the identity name. The
policies of the organisation and of resources are not read.

INCIDENT and STEP are ids, or the beginning of one that fits no other; see
warden ledger list.

EXIT STATUS
  0  given back, or shown; or there is nothing to give back
  1  an error; or something changed since, and --force was not given; or what an
     earlier run left unfinished could not be finished
  2  the command was called wrongly`,
		Example: `  warden undo 3f9c
  warden undo 3f9c --apply
  warden undo 3f9c --apply --force --reason "ticket 4711"

  # of a member of the organisation, by the operators' roles there and in the guard's account
  warden undo 3f9c --apply --ledger dynamodb:warden-ledger --role-arn arn:aws:iam::111122223333:role/warden-operator \
    --member-role arn:aws:iam::444455556666:role/warden-operator`,
		Args: exactArg("INCIDENT or STEP"),
		RunE: func(cmd *cobra.Command, args []string) error { return undoRun(cmd.Context(), s, o, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.apply, "apply", false, "act; without it nothing is changed")
	f.BoolVar(&o.force, "force", false, "restore the former state over what somebody changed since")
	f.StringVar(&o.reason, "reason", "", "why, for the ledger")
	f.StringVar(&o.ledger, "ledger", "", "ledger (default "+ledgerHint+")")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	o.guardrail.roleFlag(cmd)
	o.member.flags(cmd)
	o.aws = awsFlags(cmd)
	return cmd
}

// undoResult is the machine form of an undo.
type undoResult struct {
	Incident string `json:"incident"`
	apply.Undo
	Granted apply.Regained     `json:"granted"`
	Applied bool               `json:"applied"`
	Steps   []apply.StepResult `json:"steps,omitempty"`
}

func undoRun(ctx context.Context, s *streams, o undoOptions, id string) error {
	if o.output != "text" && o.output != "json" {
		return usageErrorf("undo: -o %q: want text or json", o.output)
	}
	if err := o.member.check(); err != nil {
		return err
	}
	store, err := readLedger(ctx, o.ledger, *o.aws)
	if err != nil {
		return err
	}
	l := ledger.New(store, nil)
	err = func() error {
		incident, step, err := l.Resolve(ctx, id)
		if err != nil {
			return err
		}
		at, err := o.member.connect(ctx, *o.aws)
		if err != nil {
			return err
		}
		acct, _, err := at.account.Account(ctx)
		if err != nil {
			return err
		}
		a := apply.New(at.account.IAM, l, apply.Options{Account: acct, Grace: grace, Organizations: o.guardrail.reached(at.home)})
		return undo(ctx, s, o, a, at.account.IAM, incident, step)
	}()
	return errors.Join(stoppedIn(ctx, err, "what was given back stands in the ledger, and the same command gives back the rest"), store.Close())
}

// undo plans, shows and, with --apply, gives back.
func undo(ctx context.Context, s *streams, o undoOptions, a *apply.Applier, api apply.HoldingsReader, incident, step string) (ended error) {
	if o.apply {
		// Without this, steps that a crash left open would be in the way.
		resumed, err := a.Resume(ctx, apply.DefaultTakeOver)
		if err != nil {
			return fmt.Errorf("resume what was left unfinished: %w", err)
		}
		left := unfinished(resumed)
		defer func() {
			switch {
			case left == nil:
			case ended == nil:
				ended = left
			default:
				ended = fmt.Errorf("%w; %w", ended, left)
			}
		}()
	}
	r := undoResult{Incident: incident}
	var refused error
	var err error
	if r.Undo, err = a.UndoPlan(ctx, incident, step, apply.UndoOptions{Force: o.force, Reason: o.reason}); err != nil {
		var changed *apply.ChangedError
		if !errors.As(err, &changed) {
			return err
		}
		refused = errors.New("nothing was given back: somebody changed what is listed above since; --force restores the former state all the same")
	}
	r.Granted = apply.GrantedAgain(ctx, api, r.Plan)
	act := o.apply && refused == nil && len(r.Plan.Steps)+len(r.Released) > 0
	if o.output == "text" {
		if err := showUndo(s.Out, r, act, refused != nil); err != nil {
			return err
		}
	}
	var report apply.Report
	if act {
		if report, err = a.Undo(ctx, r.Undo); err != nil {
			return err
		}
		r.Applied, r.Steps = true, report.Steps
	}
	if o.output == "json" {
		if err := writeJSON(s.Out, r); err != nil {
			return err
		}
	} else if act {
		if err := showReport(s.Out, report); err != nil {
			return err
		}
	}
	if problems := report.Problems(); len(problems) > 0 {
		return fmt.Errorf("not everything was given back: %s", strings.Join(problems, "; "))
	}
	return refused
}

// unfinished says which plans of an earlier run could not be brought to their
// end, nil for none. What another worker is at is his.
func unfinished(resumed []apply.Report) error {
	var left []string
	for _, r := range resumed {
		if stuck := r.Stuck(); len(stuck) > 0 {
			left = append(left, fmt.Sprintf("plan %s of incident %s: %s", change.Short(r.Plan.ID), printable(r.Plan.Incident), printable(strings.Join(stuck, "; "))))
		}
	}
	if left == nil {
		return nil
	}
	return fmt.Errorf("what an earlier run left unfinished could not be finished: %s", strings.Join(left, "; "))
}

func showUndo(w io.Writer, r undoResult, act, refused bool) error {
	var b strings.Builder
	switch {
	case refused:
		fmt.Fprintf(&b, "incident %s: changed since\n", printable(r.Incident))
		for _, c := range r.Conflicts {
			fmt.Fprintf(&b, "  %s\n    left by warden  %s\n    found now       %s\n    former state    %s\n",
				printable(c.Setting.String()), printable(c.Expected.String()), printable(c.Found.String()), printable(c.Former.String()))
		}
	case len(r.Plan.Steps)+len(r.Released) == 0:
		fmt.Fprintf(&b, "incident %s: nothing to give back\n", printable(r.Incident))
	case len(r.Plan.Steps) == 0 && act:
		fmt.Fprintf(&b, "incident %s: given back, with no call to make\n", printable(r.Incident))
	case len(r.Plan.Steps) == 0:
		fmt.Fprintf(&b, "incident %s: would be given back, with no call to make\n", printable(r.Incident))
	default:
		verb := "would give back"
		if act {
			verb = "gives back"
		}
		fmt.Fprintf(&b, "incident %s: %s\n", printable(r.Incident), verb)
		for _, st := range r.Plan.Steps {
			fmt.Fprintf(&b, "  %s\n", printable(st.String()))
		}
		for _, c := range r.Conflicts {
			fmt.Fprintf(&b, "  overwrites what was changed since: %s\n", printable(c.String()))
		}
		grants(&b, r.Granted)
	}
	list(&b, "stays", r.Stays)
	list(&b, "cannot be given back", r.Left)
	list(&b, "is lost", r.Lost)
	if !act && !refused && len(r.Plan.Steps)+len(r.Released) > 0 {
		b.WriteString("nothing was changed; --apply gives back\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// grants lists what comes back, by identity and by the statements that allow
// it.
func grants(b *strings.Builder, g apply.Regained) {
	if len(g.Gains)+len(g.Keys) > 0 {
		b.WriteString("this allows again\n")
	}
	for _, k := range g.Keys {
		fmt.Fprintf(b, "  %s: everything that its user may do\n", printable(k))
	}
	type heading struct{ who, why string }
	var order []heading
	calls := map[heading][]string{}
	for _, gain := range g.Gains {
		h := heading{gain.Identity, "no longer denied; a condition may allow it"}
		if gain.Session != "" {
			h.who += " session " + gain.Session
		}
		if len(gain.By) > 0 {
			h.why = "by " + strings.Join(gain.By, ", ")
		}
		if calls[h] == nil {
			order = append(order, h)
		}
		calls[h] = append(calls[h], gain.Action+" on "+gain.Resource)
	}
	for _, h := range order {
		fmt.Fprintf(b, "  %s %s\n", printable(h.who), printable(h.why))
		for _, c := range calls[h] {
			fmt.Fprintf(b, "    %s\n", printable(c))
		}
	}
	list(b, "not known", g.Unknown)
}

func list(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "%s\n", title)
	for _, l := range lines {
		fmt.Fprintf(b, "  %s\n", printable(l))
	}
}

func showReport(w io.Writer, r apply.Report) error {
	var b strings.Builder
	for _, st := range r.Steps {
		fmt.Fprintf(&b, "%-11s  %s\n", st.Outcome.Status, printable(st.Step.String()))
		if st.Outcome.Error != "" {
			fmt.Fprintf(&b, "             %s\n", printable(st.Outcome.Error))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
