package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"warden/change"
	"warden/change/ledger"
	"warden/respond"
	"warden/trail"
)

// sweepOptions are the flags of warden guard sweep.
type sweepOptions struct {
	guardSetup

	since, confirmWithin, settle time.Duration
	sources                      []string
}

func newGuardSweepCmd(s *streams) *cobra.Command {
	o := &sweepOptions{}
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Look after what the stream of events did not bring",
		Long: `Read CloudTrail's event history and look after what the guard's stream of events
may have left: EventBridge delivers on a best effort.

  missed      events that had to be noticed and that the guard does not know; they
              are judged and acted upon like any other
  unfinished  events that the guard knows and did not get to the end of
  stripped    containments that somebody took away; they are put back
  doubted     events that were acted on and that CloudTrail does not have, or has
              otherwise: they may be forged, and a release is proposed to people

What died on its way is finished, what was approved is carried out, and people are
told again of proposals that wait.

Nothing is changed without --apply; a dry run reads the ledger, if there is one, and
the history, and reports. A sweep with --apply goes on where the last one stopped,
and reads its last 20 minutes again: CloudTrail has an event ready within about 15.
The history reaches back 90 days. Run a sweep every few minutes.

EXIT STATUS
  0  nothing was missed, unfinished, stripped or doubted
  1  an error
  2  wrong usage
  3  something was
  4  the sweep could not do everything (and nothing is worse)`,
		Example: `  # what did the guard miss in the last day?
  warden guard sweep --since 24h

  # look after a guard whose ledger is in AWS
  warden guard sweep --apply --ledger dynamodb:warden-ledger`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return sweepRun(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.DurationVar(&o.since, "since", 0, "how far back to read (default: where the last sweep stopped, else 1h)")
	f.DurationVar(&o.confirmWithin, "confirm-within", respond.DefaultConfirmWithin, "how long CloudTrail has to show an event that was acted on")
	f.DurationVar(&o.settle, "settle", respond.DefaultSettle, "age up to which an event that the guard does not know may still be on its way")
	f.StringSliceVar(&o.sources, "source", nil, "event source to read (repeatable; default: iam, signin and sts, each with .amazonaws.com)")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	o.flags(cmd)
	return cmd
}

func sweepRun(ctx context.Context, s *streams, o *sweepOptions) (ended error) {
	s = &streams{In: s.In, Out: &lineWriter{w: s.Out}, Err: &lineWriter{w: s.Err}}
	switch {
	case o.output != "text" && o.output != "json":
		return usageErrorf("--output %q: want text or json", o.output)
	case o.since < 0 || o.confirmWithin <= 0 || o.settle <= 0:
		return usageErrorf("--since, --confirm-within and --settle want a time such as 30m")
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelInfo}))
	opts := respond.Options{Guard: cfg, Log: log}
	at, err := o.connect(ctx, &opts)
	if err != nil {
		return err
	}
	sweep := respond.SweepOptions{
		Regions: o.historyRegions(at.account), Sources: o.sources, Since: o.since, Settle: o.settle, ConfirmWithin: o.confirmWithin,
	}
	var done func() error
	if o.apply {
		done, err = o.act(ctx, s, at, &opts)
	} else {
		sweep.Known, done, err = o.known(ctx, s)
	}
	if err != nil {
		return err
	}
	defer func() { ended = errors.Join(ended, done()) }()
	r, err := respond.New(opts)
	if err != nil {
		return err
	}
	past := o.history(at.account, func(b trail.BadRecord) { log.Warn("a record cannot be read", "record", b.String()) })
	report, err := r.Sweep(ctx, past, sweep)
	if err != nil {
		return stoppedIn(ctx, err, "the next sweep goes on where this one stopped")
	}
	if o.output == "json" {
		err = writeJSON(s.Out, report)
	} else {
		err = showSweep(s.Out, report)
	}
	switch {
	case err != nil:
		return fmt.Errorf("write the report: %w", err)
	case ctx.Err() != nil:
		return stoppedIn(ctx, ctx.Err(), "the next sweep goes on where this one stopped")
	case report.Findings():
		return &exitError{code: 3}
	case !report.Complete():
		return &exitError{code: 4}
	}
	return nil
}

// known is the ledger that a dry run reads. Without a --ledger that names one
// there need not be one.
func (o *sweepOptions) known(ctx context.Context, s *streams) (l *ledger.Ledger, done func() error, err error) {
	store, err := readLedger(ctx, o.ledger, *o.aws)
	if o.ledger == "" && errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(s.Err, "warden: there is no ledger: every event counts as missed")
		return nil, func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return ledger.New(store, nil), store.Close, nil
}

func showSweep(w io.Writer, r respond.SweepReport) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, p := range r.Windows {
		behind := ""
		if p.Behind > 0 {
			behind = fmt.Sprintf("  %s of it not read", p.Behind.Round(time.Second))
		}
		fmt.Fprintf(t, "read\t%s\t%s\t%s to %s\t%d events%s\n", p.Region, p.Source, stamp(p.From), stamp(p.Until), p.Events, behind)
	}
	for _, group := range []struct {
		name   string
		events []respond.SweptEvent
	}{{"missed", r.Missed}, {"early", r.Early}, {"unfinished", r.Unfinished}} {
		for _, e := range group.events {
			at := "(no time)"
			if e.EventTime != nil {
				at = stamp(*e.EventTime)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s: %s\n", group.name, at, e.EventName, printable(e.Caller.ARN), e.Verdict, e.Action)
		}
	}
	for _, x := range r.Stripped {
		state := "put back"
		if !x.Restored {
			state = "NOT put back"
		}
		fmt.Fprintf(t, "stripped\t%s\t%s\t%s\n", x.Incident, printable(strings.Join(x.Settings, ", ")), state)
	}
	for _, x := range r.Doubted {
		release := "no release is proposed"
		if x.Release != "" {
			release = "to release is proposed as " + change.Short(x.Release)
		}
		fmt.Fprintf(t, "doubted\t%s\tevent %s\t%s\t%s\n", x.Incident, printable(x.Event), printable(x.Why), release)
	}
	for _, id := range r.Reminded {
		fmt.Fprintf(t, "reminded\tproposal %s\n", change.Short(id))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(t, "problem\t%s\n", printable(p))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	dry := ""
	if r.DryRun {
		dry = "; nothing was changed, --apply acts"
	}
	fmt.Fprintf(&b, "account %s: %d events judged, %d missed, %d confirmed, %d waiting to be, %d containments looked at again, %d plans finished%s\n",
		r.Account, r.Judged, len(r.Missed), r.Confirmed, r.Waiting, r.Rechecked, r.Resumed, dry)
	_, err := io.WriteString(w, b.String())
	return err
}
