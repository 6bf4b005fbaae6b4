package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"warden/audit"
	"warden/finding"
)

// maxReport bounds what ReadJSON takes, in bytes: a report of 5,000 users has
// less than 100 MB.
const maxReport = 512 << 20

// errNoReport is the end of every error about a file that is something else.
var errNoReport = errors.New("a report is what warden audit -o json writes")

// ReadJSON reads what the JSON form has, of this version or version 1: the
// reports of one account or of several, to compare others with them. Of
// references, levels are not read, and of version 1 nothing. The name appears
// in errors.
func ReadJSON(name string, r io.Reader) ([]*audit.Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(data) > maxReport:
		return nil, fmt.Errorf("%s: larger than %d bytes, the most a report may have", name, maxReport)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("%s: is empty: %w", name, errNoReport)
	}
	var head struct {
		Version *int              `json:"version"`
		Reports []json.RawMessage `json:"reports"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%s: not a report of warden audit -o json: %w", name, err)
	}
	if head.Version == nil {
		return nil, fmt.Errorf("%s: has no \"version\": %w", name, errNoReport)
	}
	read := map[int]func([]byte) (*audit.Report, error){1: readFirst, Version: readReport}[*head.Version]
	if read == nil {
		return nil, fmt.Errorf("%s: report version %d, want 1 or %d", name, *head.Version, Version)
	}
	if head.Reports == nil {
		head.Reports = []json.RawMessage{data}
	}
	var out []*audit.Report
	for _, one := range head.Reports {
		r, err := read(one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func readReport(data []byte) (*audit.Report, error) {
	var in wireReport
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("not a report of warden audit -o json: %w", err)
	}
	if in.Version != Version || in.Account == "" || in.Findings == nil {
		return nil, errors.New("not a report of warden audit -o json: account or findings are missing")
	}
	out := in.Report
	out.Findings = nil
	for _, w := range in.Findings {
		f, err := in.finding(w)
		if err != nil {
			return nil, err
		}
		out.Findings = append(out.Findings, f)
	}
	return &out, nil
}

// finding puts together what a finding and the tables say.
func (r *wireReport) finding(w wireFinding) (finding.Finding, error) {
	f := finding.Finding{
		ID: w.ID, Control: w.Control, Title: r.Controls[w.Control].Title, Subject: w.Subject, SubjectID: w.SubjectID, Part: w.Part, Status: w.Status,
		Severity: w.Severity, Summary: w.Summary, Remedy: w.Remedy, Command: w.Command, Exempt: w.Exempt,
	}
	if f.ID == "" || f.Control == "" {
		return f, errNameless
	}
	if _, ok := r.Controls[f.Control]; !ok {
		return f, fmt.Errorf("finding %q: the report has no control %q", f.ID, f.Control)
	}
	for _, text := range w.CIS {
		version, id, ok := strings.Cut(text, ":")
		if !ok {
			return f, fmt.Errorf("finding %q: cis %q: want VERSION:NUMBER", f.ID, text)
		}
		ref := finding.Reference{Benchmark: audit.CIS, Version: version, ID: id, Threshold: r.Controls[f.Control].Days[version], Status: f.Status}
		if other, ok := w.Under[version]; ok {
			ref.Status = other
		}
		f.References = append(f.References, ref)
	}
	for _, e := range w.Evidence {
		if e.Source < 0 || e.Source >= len(r.Sources) {
			return f, fmt.Errorf("finding %q: the report has no source %d", f.ID, e.Source)
		}
		for _, fact := range e.Facts {
			f.Evidence = append(f.Evidence, finding.Fact{Fact: fact, Source: r.Sources[e.Source].Source, At: r.Sources[e.Source].At})
		}
	}
	f.Redact()
	return f, nil
}

var errNameless = errors.New("a finding without id or control")

// readFirst reads version 1, in which every finding says all of itself.
func readFirst(data []byte) (*audit.Report, error) {
	var in struct {
		Version int `json:"version"`
		audit.Report
		Findings []struct {
			finding.Finding
			References struct{} `json:"references"` // in another form
		} `json:"findings"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("not a report of warden audit -o json: %w", err)
	}
	if in.Version != 1 || in.Account == "" || in.Findings == nil {
		return nil, errors.New("not a report of warden audit -o json: account or findings are missing")
	}
	out := in.Report
	out.Findings = nil
	for _, f := range in.Findings {
		if f.ID == "" || f.Control == "" {
			return nil, errNameless
		}
		f.Redact()
		out.Findings = append(out.Findings, f.Finding)
	}
	return &out, nil
}
