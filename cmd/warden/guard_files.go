package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"warden/guard"
	"warden/respond"
	"warden/trail"
)

// files judges the events of files, and of a folder as they appear in it.
func (o *guardOptions) files(ctx context.Context, s *streams, r *respond.Responder, out *guardOutput) error {
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) {
		out.bad++
		fmt.Fprintf(s.Err, "warden: %s\n", b)
		r.Quarantine(ctx, fmt.Sprintf("%s record %d byte %d", b.File, b.Number, b.Offset), b.Raw, fmt.Errorf("%s", b.Reason))
	}}
	if !out.json {
		// People do not read what does not concern identities; a machine
		// gets a line for every event.
		scanner.Relevant = guard.Relevant
	}
	scan := func(name string, in io.Reader) error {
		err := scanner.Scan(name, in, func(e *trail.Event) error {
			res := r.Handle(ctx, e)
			out.event(res)
			return ctx.Err()
		})
		out.ignored = scanner.Stats().Irrelevant
		return err
	}
	for _, path := range o.events {
		if err := scanFile(s, path, scan); err != nil {
			return err
		}
	}
	return nil
}

func scanFile(s *streams, path string, scan func(string, io.Reader) error) error {
	if path == "-" {
		return scan("standard input", s.In)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return scan(path, f)
}
