package source

import (
	"context"
	"errors"
	"os"
	"time"

	"warden/trail"
)

// Folder is a folder in which event files appear, such as a copy of a trail's
// bucket that is kept up to date. Each Poll reads what is new.
//
// A file counts as read when all of it was read, by its name, size and time.
// One that is still being written when it is read will have changed by the
// next Poll and is then read again from its beginning: its first events come
// twice, and whoever writes files under a name that begins with a dot and
// renames them avoids that. Events may be doubled for other reasons too, so
// who acts on them knows them by their eventID.
type Folder struct {
	// Root is the folder; folders in it are read too.
	Root string
	// Seen are the files that have been read. It may be kept and given back,
	// so that a restart does not read them again.
	Seen map[string]Stamp
}

// Stamp tells one state of a file from the next.
type Stamp struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// Poll reads the files that are new or have changed since the last Poll and
// calls fn with each event that the scanner wants; read is the number of
// files read. Errors are as those of Files; a file that could not be read is
// tried again by the next Poll.
func (f *Folder) Poll(ctx context.Context, s *trail.Scanner, fn func(*trail.Event) error) (read int, err error) {
	if f.Seen == nil {
		f.Seen = make(map[string]Stamp)
	}
	files, err := list(f.Root)
	var unread []error
	if err != nil {
		unread = append(unread, err)
	}
	there := make(map[string]bool, len(files))
	for _, path := range files {
		there[path] = true
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // gone since it was listed
		}
		if err != nil {
			unread = append(unread, err)
			continue
		}
		stamp := Stamp{info.Size(), info.ModTime().UTC()}
		if old, ok := f.Seen[path]; ok && old.Size == stamp.Size && old.Modified.Equal(stamp.Modified) {
			continue
		}
		stopped, err := scanFile(ctx, s, path, fn)
		if stopped {
			return read, err
		}
		if err != nil {
			unread = append(unread, err)
			continue
		}
		read++
		f.Seen[path] = stamp
	}
	if err == nil {
		for path := range f.Seen {
			if !there[path] {
				delete(f.Seen, path) // do not remember for ever
			}
		}
	}
	return read, errors.Join(unread...)
}
