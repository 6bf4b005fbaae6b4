package report

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"warden/audit"
	"warden/finding"
)

// Schema is the JSON Schema of the JSON form.
//
//go:embed schema.json
var Schema []byte

// Version is that of the JSON form. What many findings have in common stands
// once since version 2: what a control is, and where evidence comes from and
// when it was true. ReadJSON reads version 1, too.
const Version = 2

// wireReport is the JSON form.
type wireReport struct {
	Version int `json:"version"`
	audit.Report
	Findings []wireFinding  `json:"findings"`
	Counts   map[string]int `json:"counts"`
	Accepted int            `json:"accepted"`
	Since    *wireDiff      `json:"since,omitempty"`
	// Sources are where evidence comes from; evidence has their index.
	Sources  []wireSource           `json:"sources"`
	Controls map[string]wireControl `json:"controls"`
}

// wireDiff names what changed since an earlier report by the ids of findings.
type wireDiff struct {
	New     []string `json:"new"`
	Gone    []string `json:"gone"`
	Changed []string `json:"changed"`
}

// wireSource is a source, and when it was true if that is known.
type wireSource struct {
	Source string     `json:"source"`
	At     *time.Time `json:"at,omitempty"`
}

// wireControl says once what the findings of a control have in common.
type wireControl struct {
	Title  string `json:"title"`
	Why    string `json:"why,omitempty"`
	Source string `json:"source,omitempty"`
	// CIS are the numbers of the question by version of the CIS benchmark, and
	// Days the thresholds of those that have one.
	CIS  map[string][]string `json:"cis,omitempty"`
	Days map[string]int      `json:"days,omitempty"`
}

// wireFinding is a finding without what the tables of the report say.
type wireFinding struct {
	ID      string `json:"id"`
	Control string `json:"control"`
	// CIS are the numbers of the control, each "VERSION:NUMBER".
	CIS       []string         `json:"cis,omitempty"`
	Subject   string           `json:"subject"`
	SubjectID string           `json:"subjectId,omitempty"`
	Part      string           `json:"part,omitempty"`
	Status    finding.Status   `json:"status"`
	Severity  finding.Severity `json:"severity"`
	Summary   string           `json:"summary"`
	// Under are the answers that differ, by version of the CIS benchmark.
	Under    map[string]finding.Status `json:"under,omitempty"`
	Evidence []wireFacts               `json:"evidence,omitempty"`
	Remedy   string                    `json:"remedy,omitempty"`
	Command  string                    `json:"command,omitempty"`
	Exempt   *finding.Exempt           `json:"exempt,omitempty"`
}

// wireFacts are facts that follow each other and are of one source.
type wireFacts struct {
	Source int      `json:"source"`
	Facts  []string `json:"facts"`
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
	t := tablesOf(r)
	head.Report.Findings, head.Sources, head.Controls = nil, t.sources, nil
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
		Controls *struct{} `json:"controls,omitempty"`
	}{wireReport: head})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	b := bufio.NewWriter(w)
	// What follows an error of a bufio.Writer does nothing; Flush returns it.
	_, _ = b.Write(first[:len(first)-1])
	_, _ = b.WriteString(",\"controls\":{")
	for i, id := range slices.Sorted(maps.Keys(t.controls)) {
		if err := writeLine(b, i, map[string]wireControl{id: t.controls[id]}); err != nil {
			return err
		}
	}
	_, _ = b.WriteString("\n},\"findings\":[")
	for i := range r.Findings {
		if err := writeLine(b, i, t.wire(&r.Findings[i])); err != nil {
			return err
		}
	}
	_, _ = b.WriteString("\n]}" + end)
	return b.Flush()
}

// writeLine writes the next element of a list; of an object with one member,
// that member.
func writeLine(b *bufio.Writer, i int, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, ok := v.(map[string]wireControl); ok {
		line = line[1 : len(line)-1]
	}
	if i > 0 {
		_ = b.WriteByte(',')
	}
	_ = b.WriteByte('\n')
	_, _ = b.Write(line)
	return nil
}

// tables are what the findings of a report have in common.
type tables struct {
	sources  []wireSource
	index    map[origin]int
	controls map[string]wireControl
}

// origin is a wireSource that can be a key.
type origin struct {
	source string
	known  bool
	at     time.Time
}

func originOf(x finding.Fact) origin {
	if x.At == nil {
		return origin{source: x.Source}
	}
	return origin{x.Source, true, x.At.UTC()}
}

func tablesOf(r *audit.Report) *tables {
	t := &tables{sources: []wireSource{}, index: map[origin]int{}, controls: map[string]wireControl{}}
	for i := range r.Findings {
		f := &r.Findings[i]
		if _, ok := t.controls[f.Control]; !ok {
			t.controls[f.Control] = controlOf(f)
		}
		for _, x := range f.Evidence {
			if _, ok := t.index[originOf(x)]; !ok {
				t.index[originOf(x)] = len(t.sources)
				t.sources = append(t.sources, wireSource{x.Source, x.At})
			}
		}
	}
	return t
}

func controlOf(f *finding.Finding) wireControl {
	out := wireControl{Title: f.Title, CIS: map[string][]string{}, Days: map[string]int{}}
	if c := audit.Find(f.Control); c != nil {
		out.Why, out.Source = c.Why, c.Source
	}
	for _, ref := range f.References {
		out.CIS[ref.Version] = append(out.CIS[ref.Version], ref.ID)
		if ref.Threshold > 0 {
			out.Days[ref.Version] = ref.Threshold
		}
	}
	return out
}

func (t *tables) wire(f *finding.Finding) wireFinding {
	out := wireFinding{
		ID: f.ID, Control: f.Control, Subject: f.Subject, SubjectID: f.SubjectID, Part: f.Part, Status: f.Status, Severity: f.Severity,
		Summary: f.Summary, Remedy: f.Remedy, Command: f.Command, Exempt: f.Exempt,
	}
	for _, ref := range f.References {
		out.CIS = append(out.CIS, ref.Version+":"+ref.ID)
		if ref.Status != f.Status {
			if out.Under == nil {
				out.Under = map[string]finding.Status{}
			}
			out.Under[ref.Version] = ref.Status
		}
	}
	for _, x := range f.Evidence {
		at := t.index[originOf(x)]
		if n := len(out.Evidence); n > 0 && out.Evidence[n-1].Source == at {
			out.Evidence[n-1].Facts = append(out.Evidence[n-1].Facts, x.Fact)
			continue
		}
		out.Evidence = append(out.Evidence, wireFacts{at, []string{x.Fact}})
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
