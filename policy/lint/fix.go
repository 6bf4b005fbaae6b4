package lint

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"warden/policy"
)

// Fix changes the text of a policy where that is safe, and returns the new
// text with the findings that it took care of. It adds or renews Version where
// no variable would change its meaning, removes actions, resources and
// statements that others include, and gives a repeated Sid a number. No request
// is decided differently afterwards; a test proves it on recorded requests.
// All other text, white space included, stays as it is.
//
// The text must be what the document was parsed from. A policy that the
// parser found defects in is returned as it is.
func Fix(doc *policy.Document, source []byte, o Options) (fixed []byte, done []Finding) {
	if len(doc.Defects) > 0 {
		return source, nil
	}
	o.Source = source
	f := &fixer{pass: newPass(doc, o), source: source, text: locate(source)}
	f.version()
	gone := redundantStatements(doc, f.statements, f.spend)
	f.removeStatements(gone)
	sids := map[string]bool{}
	for i := range f.statements {
		sids[f.statements[i].Sid] = true
	}
	seen := map[string]bool{}
	for i := range f.statements {
		if _, ok := gone[i]; ok {
			continue
		}
		s := &f.statements[i]
		f.values(s)
		if s.Sid != "" && seen[s.Sid] {
			f.renumber(s, sids)
		}
		seen[s.Sid] = true
	}
	if len(f.edits) == 0 {
		return source, nil
	}
	fixed, ok := f.apply()
	if !ok {
		return source, nil
	}
	return fixed, f.findings
}

// fixer collects edits of a text.
type fixer struct {
	*pass
	source []byte
	text   *located
	edits  []edit
}

// edit replaces source[begin:end].
type edit struct {
	begin, end int
	text       string
}

// say records a finding that an edit takes care of.
func (f *fixer) say(c *Check, l place, format string, args ...any) {
	f.check = c
	f.report(l, format, args...)
	f.fixable()
}

func (f *fixer) version() {
	if usesVariables(f.doc) {
		return
	}
	switch f.doc.Version {
	case "":
		open := bytes.IndexByte(f.source, '{')
		if open < 0 {
			return
		}
		// The first member shows how members are set.
		rest := f.source[open+1:]
		space := rest[:len(rest)-len(bytes.TrimLeft(rest, " \t\r\n"))]
		between := ""
		if len(space) > 0 {
			between = " "
		}
		f.edits = append(f.edits, edit{open + 1, open + 1, string(space) + `"Version":` + between + `"2012-10-17",`})
		f.say(versionMissing, whole(), "added Version 2012-10-17")
	case "2008-10-17":
		if s, ok := f.text.spans["/Version"]; ok {
			f.edits = append(f.edits, edit{s.begin, s.end, `"2012-10-17"`})
			f.say(versionOld, whole("Version"), "raised Version to 2012-10-17")
		}
	}
}

func (f *fixer) removeStatements(gone map[int]int) {
	list, ok := f.text.spans["/Statement"]
	if !ok || len(gone) == 0 || f.source[list.begin] != '[' {
		return
	}
	var indexes []int
	for i := range f.statements {
		if by, ok := gone[i]; ok {
			indexes = append(indexes, i)
			f.say(statementRedundant, f.statements[i].at(-1), "removed: statement %d includes it", by)
		}
	}
	f.remove("/Statement", len(f.statements), indexes)
}

// values removes what other values of the same list include.
func (f *fixer) values(s *statement) {
	for _, e := range []struct {
		name  string
		check *Check
	}{{"Action", actionRedundant}, {"NotAction", actionRedundant}, {"Resource", resourceRedundant}, {"NotResource", resourceRedundant}} {
		values, found := s.redundancies(e.name, f.spend)
		if len(found) == 0 {
			continue
		}
		var indexes []int
		for _, r := range found {
			indexes = append(indexes, r.index)
			f.say(e.check, s.at(r.index, e.name), "removed %s: %s includes it", short(values[r.index]), short(values[r.by]))
		}
		f.remove(f.statement(s.index).AppendToken(e.name), len(values), indexes)
	}
}

// statement is the path of a statement, which may stand without a list.
func (f *fixer) statement(index int) jsontext.Pointer {
	path := jsontext.Pointer("/Statement").AppendToken(strconv.Itoa(index))
	if !f.text.has(path) {
		return "/Statement"
	}
	return path
}

// remove cuts elements out of a list, each with the comma before it, or after
// it if it is the first that stays.
func (f *fixer) remove(list jsontext.Pointer, length int, indexes []int) {
	slices.Sort(indexes)
	at := func(i int) (span, bool) {
		s, ok := f.text.spans[list.AppendToken(strconv.Itoa(i))]
		return s, ok
	}
	kept := false
	for i := range length {
		if _, cut := slices.BinarySearch(indexes, i); !cut {
			kept = true
			continue
		}
		this, ok := at(i)
		if !ok {
			return
		}
		if kept {
			if before, ok := at(i - 1); ok {
				f.edits = append(f.edits, edit{before.end, this.end, ""})
			}
		} else if after, ok := at(i + 1); ok {
			f.edits = append(f.edits, edit{this.begin, after.begin, ""})
		}
	}
}

// renumber gives a repeated Sid the first number that makes it unique.
func (f *fixer) renumber(s *statement, sids map[string]bool) {
	span, ok := f.text.spans[f.statement(s.index).AppendToken("Sid")]
	if !ok {
		return
	}
	for n := 2; ; n++ {
		sid := s.Sid + strconv.Itoa(n)
		if sids[sid] {
			continue
		}
		sids[sid] = true
		quoted, err := jsontext.AppendQuote(nil, sid)
		if err != nil {
			return
		}
		f.edits = append(f.edits, edit{span.begin, span.end, string(quoted)})
		f.say(sidDuplicate, s.at(-1, "Sid"), "renamed the Sid %s to %s", short(s.Sid), short(sid))
		return
	}
}

// apply makes the edits. The result must be a policy, and it must have the
// statements that were left; if it has not, a mistake in this file would change
// access, and the text stays as it was.
func (f *fixer) apply() (fixed []byte, ok bool) {
	slices.SortStableFunc(f.edits, func(a, b edit) int { return a.begin - b.begin })
	var out strings.Builder
	at := 0
	for _, e := range f.edits {
		if e.begin < at {
			return nil, false
		}
		out.Write(f.source[at:e.begin])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(f.source[at:])
	fixed = []byte(out.String())
	_, err := policy.Parse(f.doc.Name, fixed)
	return fixed, err == nil
}
