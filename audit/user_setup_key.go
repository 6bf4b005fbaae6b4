package audit

import (
	"time"

	"warden/finding"
)

// together is how close to the user's creation a key was made with it.
const together = 10 * time.Minute

var userSetupKey = Control{
	ID:       "user.setup-key",
	Title:    "Console users have no access key that nobody asked for",
	Why:      "A key that was made along with the user and never used is one that nobody misses when it is copied.",
	Source:   "IAM User Guide: Manage access keys for IAM users; Generate credential reports for your AWS account",
	Severity: finding.Medium,
	Actions:  append([]string{gaad}, reportCalls...),
	Remedy:   "Deactivate the key, and delete it when nobody misses it.",
	Judge: func(e *Evidence) []Answer {
		people, known := e.people()
		if !known {
			return e.noPeople()
		}
		out := e.others()
		for _, p := range people {
			console, doubt, f := p.console()
			keys, doubtful := p.keys()
			if doubt != "" || doubtful != "" {
				out = append(out, p.answer("", finding.Unknown, "which credentials he has: %s", first(doubt, doubtful)))
				continue
			}
			if !console {
				continue
			}
			for _, k := range keys {
				if !k.active && !k.activeUnknown {
					continue
				}
				a := p.answer(k.part, finding.Pass, "is used")
				a.Facts = append([]finding.Fact{f}, k.facts...)
				switch {
				case k.doubt != "":
					a.Status, a.Summary = finding.Unknown, k.doubt
				case k.never:
					a.Status, a.Summary, a.Command = finding.Fail, "is active and was never used", k.deactivate(p.name)
					if made, ok := p.created(); ok && !k.made.IsZero() && k.made.Sub(made).Abs() <= together {
						a.Summary = "was made along with the user and never used"
					}
				}
				out = append(out, a)
			}
		}
		return out
	},
}

// created is when the user was made.
func (p person) created() (time.Time, bool) {
	if p.user != nil && !p.user.CreateDate.IsZero() {
		return p.user.CreateDate, true
	}
	if p.row != nil {
		return p.row.Created.Time()
	}
	return time.Time{}, false
}

// first returns the first text that is not empty.
func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
