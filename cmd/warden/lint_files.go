package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"warden/account"
	"warden/policy"
	"warden/policy/lint"
	"warden/policy/lint/source"
)

// maxLintFile bounds what of one file is read.
const maxLintFile = 512 << 20

// linter collects the findings of several files.
type linter struct {
	streams *streams
	options lintOptions
	report  lintReport
	diffs   string
}

func (l *linter) failed(err error) { l.report.Errors = append(l.report.Errors, err.Error()) }

// path lints a file or a folder.
func (l *linter) path(path string) {
	if path == "-" {
		data, err := readAll(l.streams.In)
		if err == nil {
			err = l.file("standard input", data, true)
		}
		if err != nil {
			l.failed(inFile("standard input", err))
		}
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		l.failed(err)
		return
	}
	if !info.IsDir() {
		l.read(path, true)
		return
	}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			l.failed(err)
			return nil
		case d.IsDir():
			if name := d.Name(); p != path && (strings.HasPrefix(name, ".") || name == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		switch strings.ToLower(filepath.Ext(p)) {
		case ".json", ".yaml", ".yml", ".template":
			if d.Type().IsRegular() {
				l.read(p, false)
			}
		}
		return nil
	})
	if err != nil {
		l.failed(err)
	}
}

// read lints one file. One that was found in a folder may have no policy.
func (l *linter) read(path string, named bool) {
	f, err := os.Open(path)
	if err != nil {
		l.failed(err)
		return
	}
	data, err := readAll(f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		l.failed(fmt.Errorf("%s: %w", path, err))
		return
	}
	if !named && !bytes.Contains(data, []byte("Statement")) {
		return
	}
	if err := l.file(path, data, named); err != nil {
		l.failed(inFile(path, err))
	}
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxLintFile+1))
	if err == nil && len(data) > maxLintFile {
		err = fmt.Errorf("larger than %d bytes, the most that is read", maxLintFile)
	}
	return data, err
}

// file lints the policies of one file.
func (l *linter) file(name string, data []byte, named bool) error {
	if bytes.Contains(data, []byte(`"collectedAt"`)) && bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		// A snapshot that is not understood would be a guess.
		if _, err := account.ReadSnapshot(name, bytes.NewReader(data)); err != nil {
			return err
		}
	}
	found, err := source.Find(name, data)
	if err != nil {
		return err
	}
	if len(found) == 0 && named {
		return errNoPolicy
	}
	sizes := map[string][]int{}
	firsts := map[string]int{}
	for i := range found {
		p := &found[i]
		n, err := l.policy(name, p)
		if err != nil {
			l.failed(err)
			continue
		}
		if p.Owner != "" && p.Kind == lint.Identity && p.Holder != lint.Managed {
			key := string(p.Holder) + " " + p.Owner
			if sizes[key] == nil {
				firsts[key] = i
			}
			sizes[key] = append(sizes[key], n)
		}
	}
	l.sums(name, found, sizes, firsts)
	return nil
}

// inFile puts the file's name before an error that does not begin with it.
func inFile(name string, err error) error {
	if strings.HasPrefix(err.Error(), name+":") {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// policy lints one policy and returns its size.
func (l *linter) policy(name string, p *source.Policy) (size int, err error) {
	at := name
	if !p.Whole() {
		line, column := p.Place(1, 1)
		at = fmt.Sprintf("%s:%d:%d: %s", name, line, column, p.Name)
	}
	doc, err := policy.ParseStored(at, p.Text)
	if err != nil {
		return 0, err
	}
	o := lint.Options{Kind: l.options.as, Source: p.Text, Holder: p.Holder}
	if o.Kind == lint.Auto {
		o.Kind = p.Kind
	}
	if o.Kind == lint.Auto {
		o.Kind = lint.Detect(doc)
	}
	if l.options.fix && p.Whole() {
		fixed, err := l.fix(name, doc, p.Text, o)
		if err != nil {
			return 0, err
		}
		if fixed != nil {
			p.Text, o.Source = fixed, fixed
			if doc, err = policy.ParseStored(name, fixed); err != nil {
				return 0, err
			}
		}
	}
	l.report.Policies++
	for _, f := range lint.Lint(doc, o) {
		if slices.Contains(l.options.ignore, f.Check) {
			continue
		}
		f.Line, f.Column = p.Place(f.Line, f.Column)
		f.Fixable = f.Fixable && p.Whole()
		l.report.Findings = append(l.report.Findings, lintFinding{name, p.Name, o.Kind, f})
	}
	return lint.Size(doc, p.Text), nil
}

// sums compares the inline policies of each owner with the quota for all.
func (l *linter) sums(name string, found []source.Policy, sizes map[string][]int, firsts map[string]int) {
	var keys []string
	for key := range sizes {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return firsts[a] - firsts[b] })
	c := lint.Find("size.quota")
	for _, key := range keys {
		p := &found[firsts[key]]
		message := lint.Sum(p.Holder, sizes[key]...)
		if message == "" || len(sizes[key]) < 2 || slices.Contains(l.options.ignore, c.ID) {
			continue
		}
		f := lint.Finding{Check: c.ID, Severity: c.Severity, Message: p.Owner + ": " + message, Fix: c.Fix, Statement: -1}
		f.Line, f.Column = p.Place(1, 1)
		l.report.Findings = append(l.report.Findings, lintFinding{name, p.Name, p.Kind, f})
	}
}

// fix writes a policy back with the safe changes made, and keeps the
// difference to be shown; nil if there is nothing to change.
func (l *linter) fix(name string, doc *policy.Document, text []byte, o lint.Options) ([]byte, error) {
	fixed, done := lint.Fix(doc, text, o)
	if len(done) == 0 {
		return nil, nil
	}
	if err := replaceFile(name, fixed); err != nil {
		return nil, err
	}
	l.diffs += lineDiff(name, string(text), string(fixed)) + "\n"
	return fixed, nil
}

// replaceFile writes a file so that a crash leaves the old or the new one.
func replaceFile(path string, data []byte) (err error) {
	// The link is followed, so that it stays one.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// lineDiff shows which lines changed, with two lines around them: the form of
// a unified diff with one hunk.
func lineDiff(name, before, after string) string {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	begin := 0
	for begin < len(a) && begin < len(b) && a[begin] == b[begin] {
		begin++
	}
	end := 0
	for end < len(a)-begin && end < len(b)-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	from, tail := max(0, begin-2), max(0, end-2)
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n@@ -%d,%d +%d,%d @@\n", name, name, from+1, len(a)-tail-from, from+1, len(b)-tail-from)
	put := func(sign string, lines []string) {
		for _, line := range lines {
			if line != "" {
				out.WriteString(sign + printable(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")) + "\n")
			}
		}
	}
	put(" ", a[from:begin])
	put("-", a[begin:len(a)-end])
	put("+", b[begin:len(b)-end])
	put(" ", a[len(a)-end:len(a)-tail])
	return out.String()
}
