package audit

import (
	"fmt"
	"strings"

	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/finding"
)

var principalEscalation = Control{
	ID:       "principal.escalation",
	Title:    "Nobody who is no administrator can become one",
	Why:      "Whoever can pass a role to a function, make a key for somebody else or change a policy has what these have, in one step or in several.",
	Source:   "IAM User Guide: Policy evaluation logic; paths after pathfinding.cloud (DataDog, Apache-2.0)",
	Severity: finding.Critical,
	Actions:  []string{gaad},
	Remedy:   "Take one of the statements away or narrow it; warden escalate tells which one stops most.",
	Judge:    judgeEscalation,
}

// judgeEscalation answers for everybody who has a way, by the surest and
// shortest. One that hangs on what no snapshot shows, such as whether a
// function has the role, is unknown.
func judgeEscalation(e *Evidence) []Answer {
	r, known := e.Escalation()
	if !known {
		return []Answer{e.unknown("who may do what", gaad)}
	}
	var out []Answer
	for i := range r.Ways {
		out = append(out, e.way(&r.Ways[i]))
	}
	for _, x := range r.Unclear {
		out = append(out, Answer{Subject: x.Principal.ARN, SubjectID: x.Principal.ID, Status: finding.Unknown, Summary: "whether he is an administrator: " + strings.Join(x.Why, "; ")})
	}
	for _, why := range r.Incomplete {
		out = append(out, Answer{Part: why, Status: finding.Unknown, Summary: "who else there is: " + why})
	}
	if out == nil {
		out = append(out, Answer{Status: finding.Pass, Summary: fmt.Sprintf("none of %d users and roles that are no administrators", r.Clear),
			Facts: []finding.Fact{fact(e.details(), "the policies of %d users and roles, with groups, boundaries and trust policies", len(e.authorizer().Principals()))}})
	}
	return out
}

func (e *Evidence) way(w *escalation.Way) Answer {
	a := Answer{Subject: w.Principal.ARN, SubjectID: w.Principal.ID, Status: finding.Fail}
	var steps, hangs []string
	for _, s := range w.Steps {
		to := "an administrator"
		if s.To != nil {
			to = s.To.String()
		}
		steps = append(steps, fmt.Sprintf("%s by %s (%s)", to, s.Path.ID, s.Path.Title))
		hangs = append(hangs, s.HangsOn...)
		for _, x := range s.Evidence {
			if len(x.DependsOn) > 0 {
				a.Facts = append(a.Facts, fact(e.details(), "%s on %s hangs on %s", x.Action, x.Resource, strings.Join(x.DependsOn, ", ")))
			}
			for _, ref := range x.Statements {
				a.Facts = append(a.Facts, fact(e.details(), "%s on %s is allowed by %s", x.Action, x.Resource, ref))
			}
		}
	}
	a.Summary = "becomes " + strings.Join(steps, ", then ")
	if len(hangs) > 0 {
		a.Summary += "; it hangs on " + strings.Join(unique(hangs), ", ")
	}
	for _, h := range hangs {
		if strings.HasPrefix(h, "whether ") {
			a.Status = finding.Unknown
		}
	}
	if w.State == authorize.Unknown {
		a.Status = finding.Unknown
	}
	return a
}
