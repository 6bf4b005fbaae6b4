package report

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"warden/account/authorize"
	"warden/audit"
	"warden/audit/escalation"
	"warden/finding"
)

// data is what the page's program reads. Every text stands once, in Texts, and
// elsewhere is its number; findings are columns of numbers. So that a large
// account stays small, and a filter compares numbers.
//
// The names of the fields are those that page.js reads.
type data struct {
	Account string   `json:"account"`
	Now     int64    `json:"now"` // in seconds
	Texts   []string `json:"texts"`

	Versions []string      `json:"versions"` // "7.0.0", oldest first
	Controls []dataControl `json:"controls"`
	Subjects [][3]int      `json:"subjects"` // ARN, unique id, kind
	Facts    [][3]int64    `json:"facts"`    // text, source, seconds or 0
	Findings dataFindings  `json:"findings"`
	// Own are how many findings are the report's; those after them are of the
	// baseline alone.
	Own int `json:"own"`

	Reasons []int `json:"reasons"` // why there is no answer

	Columns  []string      `json:"columns"`
	Items    [][]int64     `json:"items"`
	Profiles []dataProfile `json:"profiles"`
	Ways     []dataWay     `json:"ways"`

	numbers  map[string]int
	controls map[string]int
	subjects map[[2]string]int
	facts    map[factKey]int
}

type factKey struct {
	text, source int
	at           int64
}

type dataControl struct {
	ID     int `json:"id"`
	Title  int `json:"title"`
	Why    int `json:"why"`
	Source int `json:"source"`
	// Maps are version, number, level and threshold.
	Maps [][4]int `json:"maps"`
}

// dataFindings has one entry of each column for a finding.
type dataFindings struct {
	ID       []string `json:"id"`
	Control  []int    `json:"control"`
	Subject  []int    `json:"subject"`
	Part     []int    `json:"part"`
	Status   []int    `json:"status"`   // as in statuses
	Severity []int    `json:"severity"` // 0 is info
	Summary  []int    `json:"summary"`
	Remedy   []int    `json:"remedy"`
	Command  []int    `json:"command"`
	Facts    [][]int  `json:"facts"`
	// Under are answers of versions that differ: place in Maps, status.
	Under map[int][][2]int `json:"under"`
	// Exempt are reason, owner and expiry in seconds.
	Exempt map[int][3]int64 `json:"exempt"`
	// Since is what changed since the baseline: 1 new, 2 changed, 3 gone.
	Since map[int]int `json:"since"`
	// Why is the place in Reasons of those that are unknown.
	Why map[int]int `json:"why"`
	// Was is what a changed one was.
	Was map[int]int `json:"was"`
}

type dataProfile struct {
	ARN      int   `json:"arn"`
	Groups   []int `json:"groups,omitempty"`
	Members  []int `json:"members,omitempty"`
	Attached []int `json:"attached,omitempty"`
	Inline   []int `json:"inline,omitempty"`
	Trusted  []int `json:"trusted,omitempty"`
	Boundary int   `json:"boundary,omitempty"`
	// Used are when, what, source and when that was true; Doubts what was not
	// looked at.
	Used       []int64 `json:"used,omitempty"`
	Doubts     []int   `json:"doubts,omitempty"`
	Confidence int     `json:"confidence,omitempty"`
	Since      int64   `json:"since,omitempty"`
}

type dataWay struct {
	ARN   int        `json:"arn"`
	State int        `json:"state"`
	Steps []dataStep `json:"steps"`
}

type dataStep struct {
	Path    int   `json:"path"`
	Title   int   `json:"title"`
	To      int   `json:"to"` // ARN, 0 for an administrator by himself
	Through int   `json:"through,omitempty"`
	State   int   `json:"state"`
	Hangs   []int `json:"hangs,omitempty"`
	// By are action, resource and a statement that allows it, or 0.
	By [][3]int `json:"by,omitempty"`
}

func newData(account string, now time.Time) *data {
	d := &data{Account: account, Now: seconds(now), numbers: map[string]int{}, controls: map[string]int{}, subjects: map[[2]string]int{}, facts: map[factKey]int{}}
	d.Findings.Under, d.Findings.Exempt, d.Findings.Since, d.Findings.Was, d.Findings.Why = map[int][][2]int{}, map[int][3]int64{}, map[int]int{}, map[int]int{}, map[int]int{}
	d.Columns = Columns
	d.text("") // 0
	return d
}

// json writes the data so that it can stand in a script element: < and > are
// escaped, and so nothing in it ends the element or begins another.
func (d *data) json() ([]byte, error) { return json.Marshal(d) }

// text numbers a text. What a reader would obey is replaced in it; secrets are
// out of it already, as in findings, or cannot be in it.
func (d *data) text(s string) int {
	n, ok := d.numbers[s]
	if ok {
		return n
	}
	// Different texts may look alike then, and have one number.
	shown := clean(s)
	if n, ok = d.numbers[shown]; !ok {
		n = len(d.Texts)
		d.numbers[shown] = n
		d.Texts = append(d.Texts, shown)
	}
	d.numbers[s] = n
	return n
}

// raw numbers texts of the account in which secrets may be.
func (d *data) raw(texts []string) []int {
	var out []int
	for _, s := range texts {
		out = append(out, d.text(finding.Redact(s)))
	}
	return out
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (d *data) findings(r *audit.Report, o Options) {
	named := map[string]bool{}
	for i := range r.Findings {
		for _, ref := range r.Findings[i].References {
			named[ref.Version] = true
		}
	}
	for _, v := range audit.Versions() {
		if named[v] {
			d.Versions = append(d.Versions, v)
		}
	}
	at := map[string]int{}
	for i := range r.Findings {
		at[r.Findings[i].ID] = i
		d.finding(&r.Findings[i])
	}
	d.Own = len(r.Findings)
	if o.Since == nil {
		return
	}
	for i := range o.Since.New {
		if n, ok := at[o.Since.New[i].ID]; ok {
			d.Findings.Since[n] = 1
		}
	}
	for i := range o.Since.Changed {
		c := &o.Since.Changed[i]
		n, ok := at[c.After.ID]
		if !ok { // of a subject that nobody could look for
			n = len(d.Findings.ID)
			d.finding(&c.After)
		}
		d.Findings.Since[n] = 2
		d.Findings.Was[n] = d.text(was(&c.Before))
	}
	for i := range o.Since.Gone {
		d.Findings.Since[len(d.Findings.ID)] = 3
		d.finding(&o.Since.Gone[i])
	}
}

// reasons says which findings are unknown for which reason.
func (d *data) reasons(list []Reason) {
	for n, x := range list {
		d.Reasons = append(d.Reasons, d.text(x.Text))
		for _, i := range x.findings {
			d.Findings.Why[i] = n
		}
	}
}

// was says in short what a finding was.
func was(f *finding.Finding) string {
	text := string(f.Status) + ", " + f.Severity.String()
	if f.Exempt != nil {
		text += ", accepted"
	}
	return text
}

func (d *data) finding(f *finding.Finding) {
	c := d.control(f)
	to := &d.Findings
	n := len(to.ID)
	to.ID = append(to.ID, clean(f.ID))
	to.Control = append(to.Control, c)
	to.Subject = append(to.Subject, d.subject(f))
	to.Part = append(to.Part, d.text(f.Part))
	to.Status = append(to.Status, slices.Index(statuses, f.Status))
	to.Severity = append(to.Severity, int(f.Severity))
	to.Summary = append(to.Summary, d.text(f.Summary))
	to.Remedy = append(to.Remedy, d.text(f.Remedy))
	to.Command = append(to.Command, d.text(f.Command))
	facts := []int{}
	for _, x := range f.Evidence {
		facts = append(facts, d.fact(x))
	}
	to.Facts = append(to.Facts, facts)
	for i, ref := range f.References {
		if ref.Status != f.Status {
			to.Under[n] = append(to.Under[n], [2]int{i, slices.Index(statuses, ref.Status)})
		}
	}
	if f.Exempt != nil {
		to.Exempt[n] = [3]int64{int64(d.text(f.Exempt.Reason)), int64(d.text(f.Exempt.Owner)), seconds(f.Exempt.Expires)}
	}
}

// control numbers the question of a finding. All findings of a question have
// the same references.
func (d *data) control(f *finding.Finding) int {
	if n, ok := d.controls[f.Control]; ok {
		return n
	}
	c := dataControl{ID: d.text(f.Control), Title: d.text(f.Title), Maps: [][4]int{}}
	if known := audit.Find(f.Control); known != nil {
		c.Why, c.Source = d.text(known.Why), d.text(known.Source)
	}
	for _, ref := range f.References {
		c.Maps = append(c.Maps, [4]int{slices.Index(d.Versions, ref.Version), d.text(ref.ID), ref.Level, ref.Threshold})
	}
	d.controls[f.Control] = len(d.Controls)
	d.Controls = append(d.Controls, c)
	return len(d.Controls) - 1
}

// The kinds of subjects, as page.js names them.
var subjectKinds = []string{"account", "user", "role", "group", "policy", "other"}

func (d *data) subject(f *finding.Finding) int {
	key := [2]string{f.Subject, f.SubjectID}
	n, ok := d.subjects[key]
	if !ok {
		n = len(d.Subjects)
		d.subjects[key] = n
		d.Subjects = append(d.Subjects, [3]int{d.text(f.Subject), d.text(f.SubjectID), slices.Index(subjectKinds, kindOf(f.Subject))})
	}
	return n
}

// kindOf tells what an ARN is of.
func kindOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[2] != "iam" {
		return "other"
	}
	if parts[5] == "root" {
		return "account"
	}
	kind, _, _ := strings.Cut(parts[5], "/")
	if slices.Contains(subjectKinds[1:], kind) {
		return kind
	}
	return "other"
}

func (d *data) fact(x finding.Fact) int {
	key := factKey{text: d.text(x.Fact), source: d.text(x.Source)}
	if x.At != nil {
		key.at = seconds(*x.At)
	}
	n, ok := d.facts[key]
	if !ok {
		n = len(d.Facts)
		d.facts[key] = n
		d.Facts = append(d.Facts, [3]int64{int64(key.text), int64(key.source), key.at})
	}
	return n
}

// inventory has the columns in the order of Columns.
func (d *data) inventory(items []audit.Item) {
	text := func(s string) int64 { return int64(d.text(s)) }
	for i := range items {
		x := &items[i]
		d.Items = append(d.Items, []int64{
			text(x.Kind), text(x.Name), text(x.ID), text(x.Of), seconds(x.Created), seconds(x.Active), text(x.State), text(x.MFA),
			int64(x.Attached), int64(x.Members), text(x.Owner), text(x.Account), text(x.ARN),
		})
	}
}

func (d *data) profiles(list []audit.Profile) {
	for i := range list {
		p := &list[i]
		one := dataProfile{
			ARN: d.text(p.ARN), Groups: d.raw(p.Groups), Members: d.raw(p.Members), Attached: d.raw(p.Attached), Inline: d.raw(p.Inline),
			Trusted: d.raw(p.Trusted), Boundary: d.text(finding.Redact(p.Boundary)),
		}
		if a := p.Activity; a != nil {
			one.Doubts, one.Confidence, one.Since = d.raw(a.Missing), d.text(string(a.Confidence)), seconds(a.Since)
			if a.Last != nil {
				one.Used = []int64{seconds(a.Last.At), int64(d.text(finding.Redact(a.Last.What))), int64(d.text(finding.Redact(a.Last.Source.Source))), seconds(a.Last.Source.At)}
			}
		}
		d.Profiles = append(d.Profiles, one)
	}
}

func (d *data) escalation(r escalation.Report) {
	for i := range r.Ways {
		w := &r.Ways[i]
		one := dataWay{ARN: d.text(w.Principal.ARN), State: d.text(string(w.State))}
		for _, s := range w.Steps {
			step := dataStep{Path: d.text(s.Path.ID), Title: d.text(s.Path.Title), Through: d.text(finding.Redact(s.Through)), State: d.text(string(s.State)), Hangs: d.raw(s.HangsOn)}
			if s.To != nil {
				step.To = d.text(s.To.ARN)
			}
			for _, e := range s.Evidence {
				if len(e.Statements) == 0 {
					step.By = append(step.By, [3]int{d.text(e.Action), d.text(finding.Redact(e.Resource)), 0})
				}
				for _, ref := range e.Statements {
					step.By = append(step.By, [3]int{d.text(e.Action), d.text(finding.Redact(e.Resource)), d.text(finding.Redact(ref.String()))})
				}
			}
			one.Steps = append(one.Steps, step)
		}
		d.Ways = append(d.Ways, one)
	}
	for _, a := range r.Administrators {
		d.Ways = append(d.Ways, dataWay{ARN: d.text(a.Principal.ARN), State: d.text("administrator: " + stateWord(a.State))})
	}
}

// stateWord says how sure it is that somebody is an administrator.
func stateWord(s authorize.State) string {
	if s == authorize.Allowed {
		return "may do everything"
	}
	return "may do everything, " + string(s)
}
