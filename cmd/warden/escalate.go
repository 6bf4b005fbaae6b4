package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warden/account/authorize"
	"warden/audit/escalation"
)

// pictureBoxes is how many boxes a picture has that people can still read.
const pictureBoxes = 60

type escalateFlags struct {
	snapshot, principal, output string
	cuts                        int
	strict                      bool
}

func newEscalateCmd(s *streams) *cobra.Command {
	var flags escalateFlags
	cmd := &cobra.Command{
		Use:   "escalate --snapshot FILE",
		Short: "Tell who can become an administrator, how, and what would stop most",
		Long: `Tell which users and roles of an account that are no administrators can become
one, by known ways alone or one after the other: assuming roles, passing roles
to services, changing policies, making credentials for others. No network is
needed: the account is a snapshot.

Every step is proved by the policy engine with all policies that apply, the
permissions boundary and the trust policy; the statements are named. Each
principal's way is one of
  allowed  the snapshot shows that it works
  depends  it hangs on what is named: a context key, or something that no
           snapshot shows, such as a function that has the role
  unknown  it rests on policies that the snapshot does not hold
Of the ways of a principal the surest is shown, and of those the shortest.
Administrators, who may do everything already, are listed apart.

Last come the statements whose removal stops most: each was tried, by judging
the account again without it.

-o svg is a picture of those through whom most can go, -o dot one of all for
Graphviz. docs/escalation.md lists the ways, and what
is not considered.

EXIT STATUS
  0  nobody can
  1  the snapshot or WHO is not understood
  2  the command was called wrongly
  3  somebody can, or could in the right circumstances
  4  --strict, and of somebody it is unknown, or principals may be missing`,
		Example: `  warden escalate --snapshot account.json
  warden escalate --snapshot account.json --principal ci-deploy -o text
  warden escalate --snapshot account.json -o svg > escalation.svg
  warden escalate --snapshot account.json -o dot | dot -Tsvg > escalation.svg`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("escalate: takes no words; %q is one too many (WHO is given by --principal)", args[0])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, _ []string) error { return escalate(s, flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.snapshot, "snapshot", "", "file with the account (required)")
	f.StringVar(&flags.principal, "principal", "", "only this one: a name, user/NAME, role/NAME or an ARN")
	f.StringVarP(&flags.output, "output", "o", "table", "form of the answer: table, text (with the statements), json, svg or dot")
	f.IntVar(&flags.cuts, "cuts", 5, "how many statements to try to remove; 0 for none")
	f.BoolVar(&flags.strict, "strict", false, "exit with status 4 if something is unknown")
	return cmd
}

func escalate(s *streams, flags escalateFlags) error {
	switch {
	case flags.snapshot == "":
		return usageErrorf("escalate: of which account? give --snapshot FILE")
	case !slices.Contains([]string{"table", "text", "json", "svg", "dot"}, flags.output):
		return usageErrorf("escalate: -o %s is not table, text, json, svg or dot", flags.output)
	case flags.cuts < 0:
		return usageErrorf("escalate: --cuts %d is less than none", flags.cuts)
	}
	snapshot, err := readSnapshotFile(flags.snapshot)
	if err != nil {
		return fmt.Errorf("escalate: %w", err)
	}
	a := authorize.New(snapshot)
	var only *authorize.Principal
	if flags.principal != "" {
		if only, err = a.Find(flags.principal); err != nil {
			return fmt.Errorf("escalate: %w", err)
		}
	}
	r := escalation.Find(a, snapshot)
	var cuts []escalation.Cut
	if flags.output != "dot" {
		cuts = escalation.Cuts(r, snapshot, flags.cuts, only)
	}
	if only != nil {
		r = r.Of(only)
	}
	switch flags.output {
	case "json":
		err = writeJSON(s.Out, newEscalationReport(a, r, cuts))
	case "svg":
		var best *escalation.Cut
		if len(cuts) > 0 {
			best = &cuts[0]
		}
		err = escalation.WriteSVG(s.Out, escalation.NewPicture(r.Ways, best, pictureBoxes))
	case "dot":
		err = escalation.WriteDot(s.Out, r.Ways)
	default:
		var text strings.Builder
		if flags.output == "text" {
			err = escalationText(&text, r, cuts)
		} else {
			err = escalationTable(&text, r, cuts)
		}
		for line := range strings.Lines(text.String()) {
			fmt.Fprintln(s.Out, printable(strings.TrimSuffix(line, "\n")))
		}
	}
	switch {
	case err != nil:
		return err
	case flags.strict && r.Count(authorize.Unknown)+len(r.Incomplete) > 0:
		return &exitError{code: 4}
	case r.Count(authorize.Allowed)+r.Count(authorize.Depends) > 0:
		return &exitError{code: 3}
	}
	return nil
}

func escalationTable(out io.Writer, r escalation.Report, cuts []escalation.Cut) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.Ways)+len(r.Unclear) > 0 {
		fmt.Fprintln(w, "PRINCIPAL\tANSWER\tSTEPS\tHOW")
	}
	for _, x := range r.Ways {
		var how []string
		for _, step := range x.Steps {
			how = append(how, stepText(step))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", x.Principal, x.State, len(x.Steps), strings.Join(how, " → "))
	}
	for _, x := range r.Unclear {
		fmt.Fprintf(w, "%s\t%s\t\t%s\n", x.Principal, x.State, strings.Join(x.Why, "; "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return escalationSummary(out, r, cuts)
}

// stepText is a step on a line.
func stepText(s escalation.Step) string {
	text := s.Path.ID + " "
	switch {
	case s.To != nil:
		return text + s.To.String()
	case s.Through != "":
		text += "(" + shortARN(s.Through) + ") "
	}
	return text + "administrator"
}

// shortARN is what follows the account.
func shortARN(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

func escalationText(w io.Writer, r escalation.Report, cuts []escalation.Cut) error {
	for _, x := range r.Ways {
		fmt.Fprintf(w, "%s: %s\n", x.Principal, x.State)
		for i, step := range x.Steps {
			to := "is an administrator then"
			if step.To != nil {
				to = "is " + step.To.String() + " then"
			}
			fmt.Fprintf(w, "  %d. %s: %s; %s\n", i+1, step.Path.ID, step.Path.Title, to)
			for _, e := range step.Evidence {
				fmt.Fprintf(w, "       %s on %s: %s\n", e.Action, e.Resource, e.State)
				for _, ref := range e.Statements {
					fmt.Fprintf(w, "         %s\n", ref)
				}
			}
			if len(step.HangsOn) > 0 {
				fmt.Fprintf(w, "       hangs on: %s\n", strings.Join(step.HangsOn, "; "))
			}
		}
	}
	for _, x := range r.Unclear {
		fmt.Fprintf(w, "%s: %s whether an administrator already\n  because: %s\n", x.Principal, x.State, strings.Join(x.Why, "; "))
	}
	return escalationSummary(w, r, cuts)
}

func escalationSummary(w io.Writer, r escalation.Report, cuts []escalation.Cut) error {
	if len(r.Ways)+len(r.Unclear) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "can become an administrator: %d; might, it depends: %d; unknown: %d; cannot: %d\n",
		r.Count(authorize.Allowed), r.Count(authorize.Depends), r.Count(authorize.Unknown), r.Clear)
	if len(r.Administrators) > 0 {
		var names []string
		for _, x := range r.Administrators {
			name := x.Principal.String()
			if x.State != authorize.Allowed {
				name += " (hangs on " + strings.Join(x.DependsOn, ", ") + ")"
			}
			names = append(names, name)
		}
		fmt.Fprintf(w, "administrators already: %s\n", strings.Join(names, ", "))
	}
	for _, c := range cuts {
		text := fmt.Sprintf("without %s: %d of %d stopped", c.Statement, len(c.Stopped), len(r.Ways))
		if len(c.Weakened) > 0 {
			text += fmt.Sprintf(", %d less sure", len(c.Weakened))
		}
		if c.AWSManaged {
			text += " (AWS owns the policy: detach or replace it)"
		}
		fmt.Fprintln(w, text)
	}
	for _, x := range r.Incomplete {
		fmt.Fprintf(w, "principals may be missing: %s\n", x)
	}
	_, err := fmt.Fprintf(w, "not considered: %s\n", strings.Join(slices.Concat(escalation.NotConsidered, authorize.NotConsidered), "; "))
	return err
}
