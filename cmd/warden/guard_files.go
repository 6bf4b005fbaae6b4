package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"warden/change/apply"
	"warden/guard"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// folderPause is the time between two looks into a watched folder.
const folderPause = 2 * time.Second

// fileTries is how often an event of a file is handled when something on the
// way to its containment failed.
const fileTries = 3

// badShown is how many records of a file that cannot be read are listed: of a
// file that is no CloudTrail file at all each line is one.
const badShown = 10

// files judges the events of files, and of a folder as they appear in it.
func (o *guardOptions) files(ctx context.Context, s *streams, r *respond.Responder, out *guardOutput) error {
	inFile := map[string]int{}
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) {
		out.bad++
		switch inFile[b.File]++; {
		case inFile[b.File] <= badShown:
			fmt.Fprintf(s.Err, "warden: %s\n", b)
		case inFile[b.File] == badShown+1:
			fmt.Fprintf(s.Err, "warden: %s: more that cannot be read is counted, not listed\n", b.File)
		}
		r.Quarantine(ctx, fmt.Sprintf("%s record %d byte %d", b.File, b.Number, b.Offset), b.Raw, errors.New(b.Reason))
	}}
	if !out.json {
		// People do not read what does not concern identities; a machine
		// gets a line for every event.
		scanner.Relevant = guard.Relevant
	}
	hand, done := apply.Grace(ctx, grace)
	defer done()
	handle := func(e *trail.Event) error {
		res := r.Handle(hand, e)
		// A queue would deliver the event again; a file does not.
		for try := 1; res.Retry && try < fileTries && pause(ctx, folderPause); try++ {
			res = r.Handle(hand, e)
		}
		out.event(res)
		return ctx.Err()
	}
	defer func() { out.ignored = scanner.Stats().Irrelevant }()
	if o.folder == "" {
		return stoppedIn(ctx, source.Files(ctx, scanner, o.events, s.In, handle), "not all of it was read")
	}
	folder := &source.Folder{Root: o.folder}
	for {
		read, err := folder.Poll(ctx, scanner, handle)
		switch {
		case ctx.Err() != nil:
			return nil
		case o.untilEmpty && (err != nil || read == 0):
			return err
		case err != nil:
			fmt.Fprintf(s.Err, "warden: %v; trying again\n", err)
		}
		if !pause(ctx, folderPause) {
			return nil
		}
	}
}

// pause waits; false means that the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
