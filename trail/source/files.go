package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"warden/trail"
)

// suffixes are the names of files in which trails are kept. Whether one is
// compressed shows in its first bytes, not in its name.
var suffixes = []string{".json", ".json.gz", ".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz"}

// notEvents are the folders of a trail's bucket that hold no events.
// Source: AWS CloudTrail User Guide, "CloudTrail digest file structure" and
// "Logging Insights events".
var notEvents = map[string]bool{"CloudTrail-Digest": true, "CloudTrail-Insight": true}

// Files reads the events of files, of every event file in folders, and of in
// for the path "-", in the given order, and calls fn with each event that the
// scanner wants. A file that cannot be read does not keep the rest from being
// read: such errors are returned together at the end. An error of fn, or the
// end of ctx, stops at once.
func Files(ctx context.Context, s *trail.Scanner, paths []string, in io.Reader, fn func(*trail.Event) error) error {
	var unread []error
	for _, path := range paths {
		if path == "-" {
			if stopped, err := scan(ctx, s, "standard input", in, fn); stopped {
				return err
			} else if err != nil {
				unread = append(unread, err)
			}
			continue
		}
		files, err := list(path)
		if err != nil {
			unread = append(unread, err)
		}
		for _, f := range files {
			if stopped, err := scanFile(ctx, s, f, fn); stopped {
				return err
			} else if err != nil {
				unread = append(unread, err)
			}
		}
	}
	return errors.Join(unread...)
}

// list returns path itself when it is a file, else the event files under it,
// in the order of their names. Files that begin with a dot are being written
// or hidden, and left alone.
func list(path string) (files []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var unread []error
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			unread = append(unread, err)
			return nil
		case d.IsDir():
			if notEvents[d.Name()] {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasPrefix(d.Name(), ".") && isEventFile(d.Name()) {
			files = append(files, p)
		}
		return nil
	})
	return files, errors.Join(append(unread, err)...)
}

func isEventFile(name string) bool {
	name = strings.ToLower(name)
	for _, s := range suffixes {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

func scanFile(ctx context.Context, s *trail.Scanner, path string, fn func(*trail.Event) error) (stopped bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return ctx.Err() != nil, err
	}
	defer f.Close()
	return scan(ctx, s, path, f, fn)
}

// scan reads one file; stopped tells an error that ends everything from one
// of this file.
func scan(ctx context.Context, s *trail.Scanner, name string, r io.Reader, fn func(*trail.Event) error) (stopped bool, err error) {
	err = s.Scan(name, reader{ctx, r}, func(e *trail.Event) error {
		if err := fn(e); err != nil {
			stopped = true
			return err
		}
		return nil
	})
	if stopped {
		return true, err
	}
	if ctx.Err() != nil {
		return true, fmt.Errorf("%s: %w", name, ctx.Err())
	}
	return false, err
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
