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

	"warden/app"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/guard/lineage"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// lineageOptions are the flags of warden guard lineage.
type lineageOptions struct {
	guardSetup

	since  time.Duration
	events []string
	freeze bool
}

func newGuardLineageCmd(s *streams) *cobra.Command {
	o := &lineageOptions{}
	cmd := &cobra.Command{
		Use:   "lineage CALLER|INCIDENT",
		Short: "List what a caller made, and what that made in turn; freeze it",
		Long: `List everything that a caller made in the last hours: users, roles, access keys,
passwords, other credentials, policies, identity providers, and sessions that he
assumed; and what was made with these in turn. It goes by unique ids and access key
ids, so another identity of the same name is not mistaken for one of these. What was
deleted since is marked as gone. Failed calls make nothing.

CALLER is a unique id (AIDA…, AROA…), an access key id, the ARN of an identity or of
a session, or the name of a user whom the events show under one unique id only.
INCIDENT is an incident of the ledger, or the beginning of its id.

The events come from CloudTrail's event history (IAM and STS), or from --events.
Who signs in with a password that was given, or as a role whose trust was changed,
cannot be told from its owner: such changes are listed under the one who made them.

--freeze shows the plan that quarantines every user and role that was made and makes
the keys inactive; --freeze --apply carries it out, under the incident of the caller,
so that one warden undo gives all of it back. Protected identities are left alone.

EXIT STATUS
  0  listed, or frozen
  1  an error; or not everything could be frozen
  2  wrong usage`,
		Example: `  # what did the caller of an incident make?
  warden guard lineage 3f9c

  # the same for a leaked key, from files
  warden guard lineage AKIAIOSFODNN7EXAMPLE --events trail.json.gz --since 0

  # look at the plan, then freeze, then change your mind
  warden guard lineage 3f9c --freeze
  warden guard lineage 3f9c --freeze --apply
  warden undo 3f9c --apply`,
		Args: exactArg("CALLER or INCIDENT"),
		RunE: func(cmd *cobra.Command, args []string) error { return lineageRun(cmd.Context(), s, o, args[0]) },
	}
	f := cmd.Flags()
	f.DurationVar(&o.since, "since", 4*time.Hour, "how far back to read, from now or from the opening of the incident; 0 for everything")
	f.StringSliceVar(&o.events, "events", nil, "CloudTrail file or folder to read instead of the event history, or - for standard input (repeatable)")
	f.BoolVar(&o.freeze, "freeze", false, "plan to quarantine what was made; with --apply do it")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	o.flags(cmd)
	return cmd
}

// lineageResult is the machine form of the output.
type lineageResult struct {
	Account  string         `json:"account,omitempty"`
	Incident string         `json:"incident,omitempty"`
	Since    time.Time      `json:"since,omitzero"`
	Events   int            `json:"events"`
	Unread   int            `json:"unread,omitempty"`
	Lineage  *lineage.Thing `json:"lineage"`
	// Plan is what freezes it, Left what it leaves and why.
	Plan    *change.Plan       `json:"plan,omitempty"`
	Left    []string           `json:"left,omitempty"`
	Applied bool               `json:"applied,omitempty"`
	Steps   []apply.StepResult `json:"steps,omitempty"`
}

func lineageRun(ctx context.Context, s *streams, o *lineageOptions, who string) (ended error) {
	switch {
	case o.output != "text" && o.output != "json":
		return usageErrorf("--output %q: want text or json", o.output)
	case o.since < 0:
		return usageErrorf("--since wants a time such as 4h, or 0 for everything")
	case o.apply && !o.freeze:
		return usageErrorf("--apply goes with --freeze: a list changes nothing")
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	opts := respond.Options{Guard: cfg, Log: slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	var at places
	if o.freeze || o.events == nil {
		if at, err = o.connect(ctx, &opts); err != nil {
			return err
		}
	}
	known, done, err := o.ledgerOf(ctx, s, at, &opts)
	if err != nil {
		return err
	}
	defer func() { ended = errors.Join(ended, done()) }()

	r := lineageResult{Account: opts.Account}
	q, err := o.query(ctx, known, who, &r)
	if err != nil {
		return err
	}
	events, err := o.read(ctx, s, at.account, q.Since, &r)
	if err != nil {
		return err
	}
	if q.Caller, err = callerID(q.Caller, events); err != nil {
		return err
	}
	r.Lineage = lineage.Trace(events, q)
	if r.Lineage.ARN == "" {
		return fmt.Errorf("none of the %d events is of %s", len(events), who)
	}
	var problems []string
	if o.freeze {
		if problems, err = o.freezeIt(ctx, known, opts, events, q, &r); err != nil {
			return err
		}
	}
	if o.output == "json" {
		err = writeJSON(s.Out, r)
	} else {
		err = showLineage(s.Out, r, o.freeze)
	}
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("not everything was frozen: %s", strings.Join(problems, "; "))
	}
	return err
}

// ledgerOf opens the ledger: to write with --apply, else to read, and nil
// where there is none.
func (o *lineageOptions) ledgerOf(ctx context.Context, s *streams, at places, opts *respond.Options) (*ledger.Ledger, func() error, error) {
	if o.apply {
		done, err := o.act(ctx, s, at, opts)
		return opts.Ledger, done, err
	}
	store, err := readLedger(ctx, o.ledger, *o.aws)
	if o.ledger == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return ledger.New(store, nil), store.Close, nil
}

// query finds whom the argument means: the caller of an incident, or himself.
func (o *lineageOptions) query(ctx context.Context, l *ledger.Ledger, who string, r *lineageResult) (lineage.Query, error) {
	q := lineage.Query{Caller: who}
	from := time.Now()
	if l != nil && !isCaller(who) {
		incident, _, err := l.Resolve(ctx, who)
		switch {
		case err == nil:
			in, err := l.Incident(ctx, incident)
			if err != nil {
				return q, err
			}
			// A session is one of many of its role's.
			if q.Caller = in.CallerID; strings.Contains(in.Caller, ":assumed-role/") || q.Caller == "" {
				q.Caller = in.Caller
			}
			r.Incident, from = in.ID, in.OpenedAt
		case !errors.Is(err, ledger.ErrNotFound):
			return q, err
		}
	}
	if o.since > 0 {
		q.Since = from.Add(-o.since)
	}
	r.Since = q.Since
	return q, nil
}

// isCaller reports whether the argument can only be an id of AWS's.
// Source: IAM User Guide, "IAM identifiers", unique identifiers.
func isCaller(who string) bool {
	if strings.HasPrefix(who, "arn:") {
		return true
	}
	for _, prefix := range []string{"AIDA", "AROA", "AKIA", "ASIA"} {
		if strings.HasPrefix(who, prefix) && len(who) >= 16 {
			return true
		}
	}
	return false
}

// callerID turns the name of a user into his unique id, where the events know
// one user of that name only.
func callerID(who string, events []*trail.Event) (string, error) {
	ids := map[string]bool{}
	var list []string
	for _, e := range events {
		a := e.Actor()
		if a.Kind != trail.IAMUser && a.Kind != trail.IAMUserSession || !strings.EqualFold(a.Name, who) || a.ID == "" || ids[a.ID] {
			continue
		}
		ids[a.ID] = true
		list = append(list, a.ID)
	}
	switch len(list) {
	case 0:
		return who, nil
	case 1:
		return list[0], nil
	}
	return "", usageErrorf("the events know several users %s: %s; give the unique id", who, strings.Join(list, ", "))
}

// read brings the events: from files, or from the history of IAM and STS.
func (o *lineageOptions) read(ctx context.Context, s *streams, clients *app.Clients, since time.Time, r *lineageResult) ([]*trail.Event, error) {
	var events []*trail.Event
	bad := func(b trail.BadRecord) {
		r.Unread++
		fmt.Fprintf(s.Err, "warden: %s\n", b)
	}
	if o.events != nil {
		scanner := &trail.Scanner{Bad: bad, Relevant: ofIdentities}
		err := source.Files(ctx, scanner, o.events, s.In, func(e *trail.Event) error {
			events = append(events, e)
			return nil
		})
		r.Events = len(events)
		return events, err
	}
	history := o.history(clients, bad)
	history.Relevant = ofIdentities
	for _, service := range []string{"iam.amazonaws.com", "sts.amazonaws.com"} {
		for e, err := range history.Events(ctx, since, time.Time{}, source.Filter{By: source.ByEventSource, Value: service}) {
			if err != nil {
				return nil, err
			}
			events = append(events, e)
		}
	}
	r.Events = len(events)
	return events, nil
}

func ofIdentities(eventSource, _ string) bool {
	return strings.HasPrefix(eventSource, "iam.amazonaws.com") || strings.HasPrefix(eventSource, "sts.amazonaws.com")
}

// freezeIt plans to freeze the lineage and, with --apply, does it.
func (o *lineageOptions) freezeIt(ctx context.Context, l *ledger.Ledger, opts respond.Options, events []*trail.Event, q lineage.Query, r *lineageResult) (problems []string, err error) {
	opening := ledger.Opening{Account: opts.Account, Caller: r.Lineage.ARN, Severity: "high", Title: "freeze what " + r.Lineage.ARN + " made"}
	if r.Incident == "" {
		r.Incident = incidentOf(opts.Account, events, q, &opening)
	}
	if o.apply {
		// The incident of a caller whom the guard did not notice is new.
		if _, err := l.OpenIncident(ctx, r.Incident, opening); err != nil {
			return nil, err
		}
	} else {
		opts.Ledger = nil // nothing is recorded
	}
	guardian, err := respond.New(opts)
	if err != nil {
		return nil, err
	}
	plan, left, err := guardian.Freeze(ctx, r.Incident, r.Lineage)
	if err != nil {
		return nil, err
	}
	r.Plan, r.Left = &plan, left
	if !o.apply || len(plan.Steps) == 0 {
		return nil, nil
	}
	if err := guardian.Start(ctx); err != nil { // the deny policy has to be there
		return nil, err
	}
	report, err := opts.Applier.Run(ctx, plan)
	if err != nil {
		return nil, err
	}
	r.Applied, r.Steps = true, report.Steps
	return report.Problems(), nil
}

// incidentOf is the id of the caller's incident, as the guard would give it.
func incidentOf(acct string, events []*trail.Event, q lineage.Query, opening *ledger.Opening) string {
	for _, e := range events {
		if a := e.Actor(); q.Is(a) {
			opening.CallerID, opening.Kind, opening.Caller = a.ID, string(a.Kind), a.ARN
			return guard.IncidentOf(acct, a)
		}
	}
	return ""
}

func showLineage(w io.Writer, r lineageResult, freeze bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n", printable(r.Lineage.ARN), r.Lineage.ID, calls(r.Lineage))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	made := rows(t, r.Lineage, "  ")
	if err := t.Flush(); err != nil {
		return err
	}
	if made == 0 {
		b.WriteString("  made nothing that the events show\n")
	}
	if r.Plan != nil {
		verb := "would"
		if r.Applied {
			verb = "froze"
		}
		outcome := map[string]apply.StepResult{}
		for _, s := range r.Steps {
			outcome[s.Step.ID] = s
		}
		for _, s := range r.Plan.Steps {
			word := verb
			if out, ok := outcome[s.ID]; ok && out.Outcome.Status != ledger.Done {
				word = string(out.Outcome.Status)
			}
			fmt.Fprintf(&b, "%s  %s\n", word, printable(s.String()))
		}
		for _, l := range r.Left {
			fmt.Fprintf(&b, "left   %s\n", printable(l))
		}
		switch {
		case r.Applied:
			fmt.Fprintf(&b, "warden undo %s --apply gives all of incident %s back\n", change.Short(r.Incident), r.Incident)
		case len(r.Plan.Steps) > 0:
			b.WriteString("nothing was changed; --apply freezes\n")
		}
	} else if freeze {
		b.WriteString("there is nothing to freeze\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rows writes a line for everything that was made, and returns how many.
func rows(t io.Writer, n *lineage.Thing, indent string) int {
	count := 0
	for _, m := range n.Made {
		var words []string
		for _, s := range []string{string(m.Kind), m.Name, m.ID} {
			if s != "" {
				words = append(words, s)
			}
		}
		if m.Of != "" {
			words = append(words, "of", m.Of)
		}
		state := ""
		switch {
		case !m.Gone.IsZero():
			state = "gone since " + stamp(m.Gone)
		case !m.Expires.IsZero():
			state = "until " + stamp(m.Expires)
		}
		fmt.Fprintf(t, "%s%s\t%s\t%s\t%s\t%s\n", indent, printable(strings.Join(words, " ")), stamp(m.At), m.Call, calls(m), state)
		count += 1 + rows(t, m, indent+"  ")
	}
	for _, c := range n.Changed {
		fmt.Fprintf(t, "%schanged %s\t%s\t%s\t\t\n", indent, printable(c.Target), stamp(c.At), c.Call)
	}
	return count
}

func calls(n *lineage.Thing) string {
	out := fmt.Sprintf("%d calls", n.Calls)
	if n.Calls == 1 {
		out = "1 call"
	}
	if n.Refused > 0 {
		out += fmt.Sprintf(", %d refused", n.Refused)
	}
	return out
}
