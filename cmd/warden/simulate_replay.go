package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"warden/trail"
	"warden/trail/replay"
	"warden/trail/request"
	"warden/trail/source"
)

// simulateReplay puts recorded calls through the changed policies.
func simulateReplay(ctx context.Context, s *streams, f *requestFlags, output string) error {
	before, err := f.who(ctx, s)
	if err != nil {
		return err
	}
	after, err := f.changed(s, before)
	if err != nil {
		return err
	}
	r := replay.Replay{Before: before.question, After: after.question}
	if names, ok := before.(request.Names); ok {
		r.Names = names
	}
	others, bad := 0, 0
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) {
		bad++
		fmt.Fprintln(s.Err, "warden: simulate:", b)
	}}
	err = source.Files(ctx, scanner, f.trails, s.In, func(e *trail.Event) error {
		if !before.made(e.Actor()) {
			others++
			return nil
		}
		r.Add(e)
		return nil
	})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	report := r.Report()
	if output == "json" {
		err = writeJSON(s.Out, map[string]any{"principal": before.arn(), "replay": report, "eventsOfOthers": others, "unreadable": bad})
	} else {
		err = replayTable(s.Out, before.arn(), report, others, f.all)
	}
	switch {
	case err != nil:
		return err
	case report.Count(replay.Denied) > 0:
		return &exitError{code: 3}
	case f.strict && (report.Count(replay.CannotTell) > 0 || len(report.NotMapped) > 0 || bad > 0):
		return &exitError{code: 4}
	}
	return nil
}

func replayTable(out io.Writer, arn string, r replay.Report, others int, all bool) error {
	if r.Events == 0 {
		_, err := fmt.Fprintf(out, "no recorded call is by %s (%d events are by others)\n", arn, others)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	shown := 0
	for _, c := range r.Calls {
		if !all && !c.Changed() && c.After != replay.CannotTell {
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
		if resource == "" {
			resource = "(not recorded)"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", outcome, c.Count, c.Last.UTC().Format(time.RFC3339), printable(c.Event), c.Action, printable(resource), reasonOf(c))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if shown > 0 {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%s: %d recorded calls from %s to %s need: %d denied, %d cannot tell, %d allowed\n", arn, r.Events,
		r.From.UTC().Format(time.DateOnly), r.To.UTC().Format(time.DateOnly), r.Count(replay.Denied), r.Count(replay.CannotTell), r.Count(replay.Allowed))
	for name, n := range r.NotMapped {
		fmt.Fprintf(out, "not replayed, because nobody knows its action: %s (%d)\n", name, n)
	}
	_, err := fmt.Fprintln(out, "What is done less often than these days, and what the trail does not record (data events, unless it was told to), is not in this answer.")
	return err
}

func reasonOf(c replay.Call) string {
	switch {
	case len(c.Needs) > 0:
		return "needs to know " + strings.Join(c.Needs, ", ")
	case c.Statement != nil:
		return c.Statement.String()
	case c.After == replay.Denied:
		return "nothing allows it"
	}
	return ""
}
