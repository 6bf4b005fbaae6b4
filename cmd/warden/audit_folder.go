package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/report"
)

type snapshotFile struct {
	name, called, stale string
	snapshot            *account.Snapshot
}

// snapshots reads the files and folders of --from, one account each.
func (o *auditOptions) snapshots(s *streams) (list []snapshotFile, gone absent, err error) {
	of := map[string]string{}
	for _, path := range o.from {
		files, folder, err := filesOf(path)
		if err != nil {
			return nil, gone, err
		}
		unread := func(name string, err error) {
			fmt.Fprintf(s.Err, "warden: audit: %s\n", printable(err.Error()))
			gone.files = append(gone.files, report.NotAudited{Account: filepath.Base(name), Reason: err.Error()})
		}
		first := len(list)
		for _, name := range files {
			snapshot, err := readSnapshotFile(name)
			if err != nil && !folder {
				return nil, gone, err
			}
			if err != nil {
				unread(name, err)
				continue
			}
			if other, twice := of[snapshot.Account]; twice {
				return nil, gone, usageErrorf("audit: %s and %s are both of account %s: give one", other, name, snapshot.Account)
			}
			of[snapshot.Account] = name
			list = append(list, snapshotFile{name: name, snapshot: snapshot})
		}
		if !folder {
			continue
		}
		name := filepath.Join(path, account.RollFile)
		roll, err := readRoll(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			unread(name, err)
		}
		gone.members = append(gone.members, enrol(s, roll, list[first:])...)
	}
	if list == nil && gone.files != nil {
		return nil, gone, fmt.Errorf("audit: none of %d files could be read", len(gone.files))
	}
	return list, gone, nil
}

func readRoll(name string) (*account.Roll, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return account.ReadRoll(name, f)
}

// enrol tells the snapshots of a folder what the organisation calls their
// accounts and which could not be read any more, and returns the accounts that
// have no snapshot.
func enrol(s *streams, roll *account.Roll, list []snapshotFile) (missing []report.NotAudited) {
	if roll == nil {
		return nil
	}
	for _, a := range roll.Accounts {
		reason := "not read at " + roll.At.UTC().Format(time.RFC3339) + ": " + a.NotRead
		i := slices.IndexFunc(list, func(f snapshotFile) bool { return f.snapshot.Account == a.Account })
		switch {
		case i >= 0 && a.NotRead == "":
			list[i].called = a.Name
			continue
		case i >= 0:
			reason += "; what is known of it is older"
			list[i].called, list[i].stale = a.Name, reason
		case a.NotRead == "":
			reason = "was read, but there is no snapshot of it in the folder, or none that can be read"
			fallthrough
		default:
			missing = append(missing, report.NotAudited{Account: a.Account, Name: a.Name, Reason: reason})
		}
		fmt.Fprintf(s.Err, "warden: audit: account %s (%s): %s\n", a.Account, printable(a.Name), printable(reason))
	}
	return missing
}

// filesOf lists the snapshots of a folder, as "collect --org" writes them, by
// name, without the list of accounts beside them; a file is itself.
func filesOf(path string) (files []string, folder bool, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, false, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, true, err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() && !strings.HasPrefix(name, ".") && name != account.RollFile && (strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".json.gz")) {
			files = append(files, filepath.Join(path, name))
		}
	}
	if files == nil {
		return nil, true, fmt.Errorf("%s: no snapshot in this folder: their names end with .json or .json.gz", path)
	}
	return files, true, nil
}
