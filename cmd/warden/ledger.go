package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"warden/app"
	"warden/change"
	"warden/change/ledger"
)

func newLedgerCmd(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Look at what warden saw, meant, did and gave back",
		Long: `Look at what warden saw, meant, did and gave back.

Every incident, event, plan, call and notification is an entry in the ledger,
which only grows; each entry carries the hash of the one before it. See
docs/ledger.md.`,
		Example: `  warden ledger list
  warden ledger show 3f9c
  warden ledger verify`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageErrorf("ledger: which of %s?", strings.Join([]string{"list", "show", "inputs", "verify"}, ", "))
		},
	}
	cmd.AddCommand(newLedgerListCmd(s), newLedgerShowCmd(s), newLedgerInputsCmd(s), newLedgerVerifyCmd(s))
	return cmd
}

// ledgerOptions are the flags that the ledger commands share.
type ledgerOptions struct{ file, output string }

func (o *ledgerOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.file, "ledger", "", "ledger (default "+ledgerHint+")")
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table or json")
}

// read opens the ledger, which must exist, for f.
func (o *ledgerOptions) read(ctx context.Context, f func(*ledger.Ledger) error) error {
	if o.output != "table" && o.output != "json" {
		return usageErrorf("-o %q: want table or json", o.output)
	}
	store, err := readLedger(ctx, o.file, app.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(ledger.New(store, nil)), store.Close())
}

func newLedgerListCmd(s *streams) *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the incidents",
		Long: `List the incidents, the oldest first.

The status is what the entries add up to: open (nothing planned), in progress,
incomplete (a step failed, and nothing proves that the caller is contained
without it), applied (every step ran), configured (and read back
and proved), observed denied (and a later call was refused), given back. What
was to be done besides containing the caller and failed, such as taking back
what he did, is named after "NOT done", notDone in JSON.

EXIT STATUS
  0  done
  1  the ledger cannot be read
  2  the command was called wrongly`,
		Example: `  warden ledger list
  warden ledger list -o json | jq '.[] | select(.status == "incomplete")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.read(cmd.Context(), func(l *ledger.Ledger) error {
				incidents, err := l.Incidents(cmd.Context())
				if err != nil {
					return err
				}
				if o.output == "json" {
					return writeJSON(s.Out, append([]ledger.Incident{}, incidents...))
				}
				return incidentTable(s.Out, incidents)
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func incidentTable(w io.Writer, incidents []ledger.Incident) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "INCIDENT\tOPENED\tSTATUS\tSEVERITY\tEVENTS\tSTEPS\tWHAT")
	for _, in := range incidents {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", printable(change.Short(in.ID)), stamp(in.OpenedAt), in.Status, printable(in.Severity), len(in.Events), len(in.Steps), printable(in.Title+notDone(in)))
	}
	return t.Flush()
}

// notDone names what failed beside a containment that holds.
func notDone(in ledger.Incident) string {
	var steps []string
	for _, st := range in.Steps {
		if slices.Contains(in.NotDone, st.Step.ID) {
			steps = append(steps, st.Step.String())
		}
	}
	if steps == nil {
		return ""
	}
	return "; NOT done: " + strings.Join(steps, ", ")
}

func newLedgerShowCmd(s *streams) *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "show INCIDENT|STEP",
		Short: "Show one incident, or one step of it, with its evidence",
		Long: `Show one incident, or one step of it, with its evidence.

INCIDENT and STEP are ids, or the beginning of one that fits no other.

EXIT STATUS
  0  done
  1  there is no such incident or step, or the ledger cannot be read
  2  the command was called wrongly`,
		Example: `  warden ledger show 3f9c
  warden ledger show 3f9c -o json`,
		Args: exactArg("INCIDENT or STEP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.read(cmd.Context(), func(l *ledger.Ledger) error {
				incident, step, err := l.Resolve(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				in, err := l.Incident(cmd.Context(), incident)
				if err != nil {
					return err
				}
				if step != "" {
					return showStep(s.Out, in, step, o.output)
				}
				if o.output == "json" {
					return writeJSON(s.Out, in)
				}
				return showIncident(s.Out, in)
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func showIncident(w io.Writer, in ledger.Incident) error {
	var b strings.Builder
	fmt.Fprintf(&b, "incident   %s\nstatus     %s\nopened     %s\nwhat       %s\ncaller     %s %s\naccount    %s\n",
		printable(in.ID), in.Status, stamp(in.OpenedAt), printable(in.Title), printable(in.Kind), printable(in.Caller), printable(in.Account))
	if left := notDone(in); left != "" {
		fmt.Fprintf(&b, "NOT done   %s\n", printable(strings.TrimPrefix(left, "; NOT done: ")))
	}
	if in.Reason != "" {
		fmt.Fprintf(&b, "reason     %s\n", printable(in.Reason))
	}
	if len(in.Events) > 0 {
		fmt.Fprintf(&b, "\nevents\n")
		for _, e := range in.Events {
			fmt.Fprintf(&b, "  %s  %s  %s  %s%s%s\n", stamp(e.Time), printable(e.Name), printable(e.SourceIP), printable(e.ID), failed(e.ErrorCode), known(e))
		}
	}
	plans := map[string]ledger.PlanState{}
	for _, p := range in.Plans {
		plans[p.ID] = p
	}
	last := ""
	for _, st := range in.Steps {
		if st.Plan != last {
			p := plans[st.Plan]
			fmt.Fprintf(&b, "\nplan %d     %s  %s\n", p.Round, stamp(p.RecordedAt), printable(p.Title))
			last = st.Plan
		}
		stepLine(&b, st)
	}
	for _, v := range in.Verifications {
		fmt.Fprintf(&b, "\n%s  %s\n", v.Level, stamp(v.At))
		for _, e := range v.Evidence {
			fmt.Fprintf(&b, "  %s\n", printable(e))
		}
	}
	if len(in.Notifications) > 0 {
		b.WriteString("\nnotified\n")
		for _, n := range in.Notifications {
			fmt.Fprintf(&b, "  %s  %s\n", printable(n.Channel), printable(n.Ref))
		}
	}
	for _, st := range in.Steps {
		if !st.Undo && st.InForce() {
			fmt.Fprintf(&b, "\nto give back: warden undo %s\n", printable(change.Short(in.ID)))
			break
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func failed(code string) string {
	if code == "" {
		return ""
	}
	return "  failed: " + printable(code)
}

// known says whether CloudTrail's history has an event.
func known(e ledger.Event) string {
	switch {
	case !e.ConfirmedAt.IsZero():
		return "  confirmed"
	case e.Doubt != "":
		return "  IN DOUBT: " + printable(e.Doubt)
	}
	return ""
}

func stepLine(b *strings.Builder, st ledger.StepState) {
	fmt.Fprintf(b, "  %s  %-11s  %s\n", change.Short(st.Step.ID), st.Status(), printable(st.Step.String()))
	if o := st.Outcome; o != nil && o.Error != "" {
		fmt.Fprintf(b, "                %s\n", printable(o.Error))
	}
	if st.UndoneBy != "" {
		fmt.Fprintf(b, "                given back by %s\n", change.Short(st.UndoneBy))
	}
}

func showStep(w io.Writer, in ledger.Incident, id, output string) error {
	for _, st := range in.Steps {
		if st.Step.ID != id {
			continue
		}
		if output == "json" {
			return writeJSON(w, st)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "step       %s\nincident   %s\nstatus     %s\ncall       %s\ntarget     %s\nreason     %s\nbefore     %s\nafter      %s\nattempts   %d\ninverse    %s\n",
			st.Step.ID, printable(in.ID), st.Status(), printable(st.Step.String()), printable(st.Step.Target), printable(st.Step.Reason),
			printable(st.Former.String()), printable(st.Step.After.String()), st.Attempts, st.Step.InverseAction())
		for _, lost := range st.Step.Lost() {
			fmt.Fprintf(&b, "lost       %s\n", lost)
		}
		if o := st.Outcome; o != nil {
			fmt.Fprintf(&b, "found      %s\n", printable(o.Found.String()))
			if o.Error != "" {
				fmt.Fprintf(&b, "error      %s\n", printable(o.Error))
			}
		}
		if st.UndoneBy != "" {
			fmt.Fprintf(&b, "given back by %s\n", change.Short(st.UndoneBy))
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	return fmt.Errorf("step %s: %w", change.Short(id), ledger.ErrNotFound)
}

func newLedgerInputsCmd(s *streams) *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "inputs",
		Short: "List the inputs that could not be read",
		Long: fmt.Sprintf(`List the inputs that could not be read: where they came from and why.

With -o json each has its first %d KiB, in base64.

EXIT STATUS
  0  done
  1  the ledger cannot be read
  2  the command was called wrongly`, ledger.SampleSize>>10),
		Example: `  warden ledger inputs
  warden ledger inputs -o json | jq -r '.[0].sample' | base64 -d`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.read(cmd.Context(), func(l *ledger.Ledger) error {
				inputs, err := l.Inputs(cmd.Context())
				if err != nil {
					return err
				}
				if o.output == "json" {
					return writeJSON(s.Out, append([]ledger.InputAt{}, inputs...))
				}
				t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "TIME\tBYTES\tSHA-256\tSOURCE\tWHY")
				for _, in := range inputs {
					fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", stamp(in.At), in.Size, change.Short(in.SHA256), printable(in.Source), printable(in.Reason))
				}
				return t.Flush()
			})
		},
	}
	o.flags(cmd)
	return cmd
}

// verifyResult is the machine form of `ledger verify`.
type verifyResult struct {
	Intact bool `json:"intact"`
	ledger.Head
	// Since is the number of entries after the expected one.
	Since int64 `json:"since,omitempty"`
	// Broken is the first entry that is not as it was written.
	Broken int64  `json:"broken,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func newLedgerVerifyCmd(s *streams) *cobra.Command {
	var o ledgerOptions
	var expect string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Recompute the chain of hashes",
		Long: `Recompute the chain of hashes and name the first entry that is not as it was
written.

A ledger whose newest entries were cut off is a shorter, intact ledger. Note
the hash of the head somewhere else, and give it to --expect the next time: the
chain must then contain it.

EXIT STATUS
  0  the ledger is intact
  1  it cannot be read
  2  the command was called wrongly
  3  it was changed, or does not contain the expected hash`,
		Example: `  warden ledger verify
  warden ledger verify --expect "$(cat /elsewhere/head)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.read(cmd.Context(), func(l *ledger.Ledger) error { return ledgerVerify(cmd.Context(), s, l, o.output, expect) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&expect, "expect", "", "hash of a head noted earlier")
	return cmd
}

func ledgerVerify(ctx context.Context, s *streams, l *ledger.Ledger, output, expect string) error {
	head, since, err := l.Verify(ctx, expect)
	var broken *ledger.BrokenError
	r := verifyResult{Intact: err == nil, Head: head, Since: since}
	switch {
	case errors.As(err, &broken):
		r.Broken, r.Reason = broken.Seq, err.Error()
	case errors.Is(err, ledger.ErrTampered):
		r.Reason = err.Error()
	case err != nil:
		return err
	}
	if output == "json" {
		err = writeJSON(s.Out, r)
	} else if r.Intact {
		_, err = fmt.Fprintf(s.Out, "intact: %d entries, head %s\n", r.Entries, r.Hash)
	} else {
		_, err = fmt.Fprintln(s.Out, printable(r.Reason))
	}
	if err == nil && !r.Intact {
		err = &exitError{code: 3}
	}
	return err
}

// exactArg is one argument, named in the error when it is missing.
func exactArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageErrorf("%s: give one %s (got %d)", cmd.Name(), name, len(args))
		}
		return nil
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// printable keeps what others have chosen (names, user agents, messages) from
// moving the cursor or breaking a line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
