package report

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"warden/audit"
	"warden/finding"
)

// Schema is the JSON Schema of the JSON form.
//
//go:embed schema.json
var Schema []byte

// Version is that of the JSON form.
const Version = 1

// wireReport is the JSON form.
type wireReport struct {
	Version int `json:"version"`
	audit.Report
	Findings []wireFinding  `json:"findings"`
	Counts   map[string]int `json:"counts"`
	Accepted int            `json:"accepted"`
	Since    *wireDiff      `json:"since,omitempty"`
}

// wireDiff names what changed since an earlier report by the ids of findings.
type wireDiff struct {
	New     []string `json:"new"`
	Gone    []string `json:"gone"`
	Changed []string `json:"changed"`
}

// wireFinding writes references in short: the numbers by benchmark, and the
// answers that differ from the finding's.
type wireFinding struct {
	finding.Finding
	References map[string][]string       `json:"references,omitempty"`
	Under      map[string]finding.Status `json:"under,omitempty"`
}

// writeJSON writes one finding a line, so that large reports can be read and
// compared line by line. Reports of several accounts are the list "reports" of
// one object.
func writeJSON(w io.Writer, list []Audited) error {
	if len(list) == 1 {
		return writeReport(w, list[0].Report, list[0].Options, "\n")
	}
	// What follows an error of a bufio.Writer does nothing; Flush returns it.
	b := bufio.NewWriter(w)
	_, _ = fmt.Fprintf(b, "{\"version\":%d,\"reports\":[", Version)
	for i, a := range list {
		if i > 0 {
			_, _ = b.WriteString(",")
		}
		_, _ = b.WriteString("\n")
		if err := writeReport(b, a.Report, a.Options, ""); err != nil {
			return err
		}
	}
	_, _ = b.WriteString("\n]}\n")
	return b.Flush()
}

func writeReport(w io.Writer, r *audit.Report, o Options, end string) error {
	head := wireReport{Version: Version, Report: *r, Counts: map[string]int{}, Accepted: r.Count(finding.Fail, true)}
	head.Report.Findings = nil
	for _, s := range statuses {
		head.Counts[string(s)] = r.Count(s, false)
	}
	if o.Since != nil {
		head.Since = &wireDiff{New: ids(o.Since.New), Gone: ids(o.Since.Gone), Changed: []string{}}
		for _, c := range o.Since.Changed {
			head.Since.Changed = append(head.Since.Changed, c.After.ID)
		}
	}
	first, err := json.Marshal(struct {
		wireReport
		Findings *struct{} `json:"findings,omitempty"`
	}{wireReport: head})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	b := bufio.NewWriter(w)
	// What follows an error of a bufio.Writer does nothing; Flush returns it.
	_, _ = b.Write(first[:len(first)-1])
	_, _ = b.WriteString(",\"findings\":[")
	for i := range r.Findings {
		line, err := json.Marshal(wire(&r.Findings[i]))
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if i > 0 {
			_ = b.WriteByte(',')
		}
		_ = b.WriteByte('\n')
		_, _ = b.Write(line)
	}
	_, _ = b.WriteString("\n]}" + end)
	return b.Flush()
}

func wire(f *finding.Finding) wireFinding {
	out := wireFinding{Finding: *f}
	for _, ref := range f.References {
		name := ref.Benchmark + "-" + ref.Version
		if out.References == nil {
			out.References = map[string][]string{}
		}
		out.References[name] = append(out.References[name], ref.ID)
		if ref.Status != f.Status {
			if out.Under == nil {
				out.Under = map[string]finding.Status{}
			}
			out.Under[name] = ref.Status
		}
	}
	return out
}

func ids(list []finding.Finding) []string {
	out := []string{}
	for i := range list {
		out = append(out, list[i].ID)
	}
	return out
}

// maxReport bounds what ReadJSON takes, in bytes: a report of 5,000 users has
// less than 100 MB.
const maxReport = 512 << 20

// ReadJSON reads what the JSON form has: the reports of one account or of
// several, to compare others with them. References are not read. The name
// appears in errors.
func ReadJSON(name string, r io.Reader) ([]*audit.Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(data) > maxReport:
		return nil, fmt.Errorf("%s: larger than %d bytes, the most a report may have", name, maxReport)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("%s: is empty: a report is what warden audit -o json writes", name)
	}
	var head struct {
		Version *int              `json:"version"`
		Reports []json.RawMessage `json:"reports"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%s: not a report of warden audit -o json: %w", name, err)
	}
	switch {
	case head.Version == nil:
		return nil, fmt.Errorf("%s: has no \"version\": a report is what warden audit -o json writes", name)
	case *head.Version != Version:
		return nil, fmt.Errorf("%s: report version %d, want %d", name, *head.Version, Version)
	case head.Reports == nil:
		head.Reports = []json.RawMessage{data}
	}
	var out []*audit.Report
	for _, one := range head.Reports {
		read, err := readReport(one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, read)
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
	for _, f := range in.Findings {
		if f.ID == "" || f.Control == "" {
			return nil, errors.New("a finding without id or control")
		}
		f.Redact()
		out.Findings = append(out.Findings, f.Finding)
	}
	return &out, nil
}
