// Package doctor judges how well an account is guarded: from facts that were
// read from AWS it makes one result a check, and a grade of all of them.
//
// A fact that could not be read is a [Read] with its reason, and the check
// that needs it is unknown: never a pass. Nothing here calls AWS or knows a
// clock; package doctor/look reads the facts.
package doctor

import (
	"slices"
	"strings"
	"time"

	"warden/finding"
)

// Need says what a check is good for, and so which grade it stands in the way
// of.
type Need string

// The needs.
const (
	// Chain: without it an event does not lead to a containment.
	Chain Need = "chain"
	// Watch: without it the guard could be cut off, weakened or turned
	// against its owner, and nobody would notice.
	Watch Need = "watch"
	// Pin: without it an administrator of the account can take off the
	// quarantine and switch off the guard.
	Pin Need = "pin"
	// Extra: worth knowing, and part of no grade.
	Extra Need = "extra"
)

// Result is the answer of one check at one place.
type Result struct {
	Check string `json:"check"`
	Need  Need   `json:"need"`
	// Where is a region or a name; "" where there is one place only.
	Where  string         `json:"where,omitempty"`
	Status finding.Status `json:"status"`
	// Evidence is what was seen, or why nothing was.
	Evidence string `json:"evidence"`
	// Remedy says what to do; "" for a pass.
	Remedy string `json:"remedy,omitempty"`
}

// Grade is how well the account is guarded.
type Grade string

// The grades.
const (
	// GradeA: the quarantine and the guard are out of reach of everybody in
	// the account.
	GradeA Grade = "A"
	// GradeB: events lead to containments, and what would stop that is
	// noticed; but an administrator of the account can stop it.
	GradeB Grade = "B"
	// GradeC: events lead to containments; something that keeps it so is
	// missing.
	GradeC Grade = "C"
	// GradeD: something on the way from an event to a containment is missing
	// or could not be seen.
	GradeD Grade = "D"
)

var meanings = map[Grade]string{
	GradeA: "the quarantine and the guard are out of reach of everybody in the account",
	GradeB: "events lead to containments, and what would stop that is noticed; but an administrator of the account can stop it",
	GradeC: "events lead to containments, but something that keeps it so is missing",
	GradeD: "something on the way from an event to a containment is missing, or could not be seen",
}

// Meaning says in words what a grade says.
func (g Grade) Meaning() string { return meanings[g] }

// AtLeast reports whether g is as good as other, or better.
func (g Grade) AtLeast(other Grade) bool { return g <= other }

// ParseGrade reads A, B, C or D.
func ParseGrade(text string) (Grade, bool) {
	g := Grade(strings.ToUpper(text))
	_, ok := meanings[g]
	return g, ok
}

// Report is what Examine found.
type Report struct {
	Account string    `json:"account"`
	Regions []string  `json:"regions"`
	At      time.Time `json:"at"`
	Grade   Grade     `json:"grade"`
	// Next are the results that stand between the account and the next
	// better grade.
	Next    []Result `json:"next,omitempty"`
	Results []Result `json:"results"`
}

// Count tells how many results have a status.
func (r *Report) Count(s finding.Status) int {
	n := 0
	for _, res := range r.Results {
		if res.Status == s {
			n++
		}
	}
	return n
}

// Examine runs every check over the facts.
func Examine(f *Facts) Report {
	r := Report{Account: f.Account, Regions: f.Regions, At: f.At, Grade: GradeA}
	for _, c := range checks {
		for _, res := range c.judge(f) {
			res.Check, res.Need = c.ID, c.Need
			switch {
			case res.Status == finding.Pass || res.Status == finding.NotApplicable:
				res.Remedy = ""
			case res.Remedy != "":
			case res.Status == finding.Unknown:
				res.Remedy = "let the role that doctor runs under read it: warden deploy policy doctor"
			default:
				res.Remedy = c.Remedy
			}
			r.Results = append(r.Results, res)
		}
	}
	for _, step := range []struct {
		need  Need
		below Grade
	}{{Chain, GradeD}, {Watch, GradeC}, {Pin, GradeB}} {
		open := slices.DeleteFunc(slices.Clone(r.Results), func(res Result) bool {
			return res.Need != step.need || res.Status == finding.Pass || res.Status == finding.NotApplicable
		})
		if len(open) > 0 {
			r.Grade, r.Next = step.below, open
			break
		}
	}
	return r
}

// Check is one question about an account.
type Check struct {
	ID    string
	Title string
	Need  Need
	// Remedy is what to do when the answer is no.
	Remedy string
	judge  func(*Facts) []Result
}

// Checks returns every check, in the order of the way of an event.
func Checks() []Check { return slices.Clone(checks) }

// The answers.
func pass(where, evidence string) Result {
	return Result{Where: where, Status: finding.Pass, Evidence: evidence}
}

func fail(where, evidence string) Result {
	return Result{Where: where, Status: finding.Fail, Evidence: evidence}
}

func unknown(where, gap string) Result {
	return Result{Where: where, Status: finding.Unknown, Evidence: gap}
}

func notApplicable(where, why string) Result {
	return Result{Where: where, Status: finding.NotApplicable, Evidence: why}
}
