package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"warden/trail"
	"warden/trail/replay"
	"warden/trail/request"
	"warden/trail/source"
)

// replayed is what a replay answers, besides its report.
type replayed struct {
	Principal string        `json:"principal"`
	Replay    replay.Report `json:"replay"`
	// Others counts events that somebody else made, Namesakes those of them
	// by a user or role who had the name before.
	Others    int `json:"eventsOfOthers"`
	Namesakes int `json:"eventsOfNamesakes,omitempty"`
	// Unreadable counts records that could not be read.
	Unreadable int `json:"unreadable"`
	// Problems say what of the change could not be made in thought.
	Problems []string `json:"problems,omitempty"`
}

// simulateReplay puts recorded calls through the changed policies.
func simulateReplay(ctx context.Context, s *streams, f *requestFlags, output string) error {
	if err := f.checkReplay(); err != nil {
		return err
	}
	given, err := givenContext("simulate", f.context)
	if err != nil {
		return err
	}
	before, err := f.who(ctx, s)
	if err != nil {
		return err
	}
	after, err := f.changed(s, before)
	if err != nil {
		return err
	}
	r := replay.Replay{Before: before.question, After: after.question, Given: given}
	if names, ok := before.(request.Names); ok {
		r.Names = names
	}
	out := replayed{Principal: before.arn(), Problems: f.problems}
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) {
		out.Unreadable++
		fmt.Fprintln(s.Err, "warden: simulate:", printable(fmt.Sprint(b)))
	}}
	err = source.Files(ctx, scanner, f.trails, s.In, func(e *trail.Event) error {
		by := e.Actor()
		if !before.made(by) {
			out.Others++
			if before.namesake(by) {
				out.Namesakes++
			}
			return nil
		}
		r.Add(e)
		return nil
	})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	out.Replay = r.Report()
	if output == "json" {
		out.Replay.Calls = orEmpty(out.Replay.Calls)
		err = writeJSON(s.Out, out)
	} else {
		err = out.table(s.Out, f.all)
	}
	switch {
	case err != nil:
		return err
	case out.Replay.Count(replay.Denied) > 0:
		return &exitError{code: 3}
	case f.strict && (out.Replay.Count(replay.CannotTell) > 0 || len(out.Replay.NotMapped) > 0 || out.Unreadable > 0 || len(out.Problems) > 0 || out.Replay.Events == 0):
		return &exitError{code: 4}
	}
	return nil
}

// checkReplay refuses flags that a trail leaves no room for.
func (f *requestFlags) checkReplay() error {
	switch {
	case f.principal == "":
		return usageErrorf("simulate: --replay whose calls? give --principal with a user or role")
	case f.snapshot == "" && !f.live && len(f.identity) == 0:
		return usageErrorf("simulate: --replay under which policies? give --snapshot, --live or --policy")
	case len(f.resourceFile) > 0:
		return usageErrorf("simulate: --resource-policy is the policy of one resource, and --replay is about all that the trail names; ask it without")
	case f.expect != "":
		return usageErrorf("simulate: --replay expects that what succeeded is allowed; ask it without --expect")
	case f.owner != "" || len(f.resources) != 1 || f.resources[0] != "*":
		return usageErrorf("simulate: --replay takes resources from the trail; ask it without --resource and --resource-account")
	}
	return nil
}

func (o replayed) table(out io.Writer, all bool) error {
	r := o.Replay
	if r.Events == 0 && len(r.NotMapped) == 0 {
		fmt.Fprintf(out, "no recorded call is by %s (%d events are by others)\n", printable(o.Principal), o.Others)
		return o.namesakes(out)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	shown := 0
	for _, c := range r.Calls {
		if !all && !c.Changed() && (c.After != replay.CannotTell || c.Refused) {
			continue
		}
		if shown == 0 {
			fmt.Fprintln(w, "AFTER THE CHANGE\tCALLS\tLAST\tCALL\tACTION\tRESOURCE\tBECAUSE")
		}
		shown++
		outcome := string(c.After)
		switch {
		case c.After == replay.Denied && !c.Refused:
			outcome = "DENIED"
		case c.Refused && c.After == replay.Allowed:
			outcome = "allowed, was refused"
		case c.Refused:
			outcome += ", was refused"
		}
		resource := c.Resource
		switch {
		case resource == "" && c.Pattern == "":
			resource = "(not recorded)"
		case resource == "":
			resource = c.Pattern + " (not recorded)"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", outcome, c.Count, c.Last.UTC().Format(time.RFC3339), printable(c.Event), c.Action, printable(resource), printable(reasonOf(c)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if shown > 0 {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%s: %d recorded calls from %s to %s need: %d denied, %d cannot tell, %d allowed\n", printable(o.Principal), r.Events,
		r.From.UTC().Format(time.DateOnly), r.To.UTC().Format(time.DateOnly), r.Count(replay.Denied), r.Count(replay.CannotTell), r.Count(replay.Allowed))
	for _, name := range slices.Sorted(maps.Keys(r.NotMapped)) {
		fmt.Fprintf(out, "not replayed, because nobody knows its action: %s (%d)\n", printable(name), r.NotMapped[name])
	}
	if err := o.namesakes(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "What is done less often than these days, and what the trail does not record (data events, unless it was told to), is not in this answer.")
	return err
}

func (o replayed) namesakes(out io.Writer) error {
	if o.Namesakes == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "left out: %d events by somebody who had this name before (the unique id is another)\n", o.Namesakes)
	return err
}

func reasonOf(c replay.Call) string {
	switch {
	case len(c.Needs) > 0:
		return "needs to know " + strings.Join(c.Needs, ", ")
	case c.Because != "":
		return c.Because
	case c.Statement != nil:
		return c.Statement.String()
	case c.After == replay.Denied:
		return "nothing allows it"
	}
	return ""
}
