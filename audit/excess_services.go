package audit

import (
	"strings"

	"warden/account/authorize"
	"warden/audit/privilege"
	"warden/finding"
)

var principalWholeService = Control{
	ID:       "principal.whole-service",
	Title:    "Nobody may use a whole service on every resource",
	Why:      "A wildcard over a service gives also what it costs, deletes and opens to others, and whatever AWS adds to it.",
	Source:   "IAM User Guide: Security best practices in IAM: Apply least-privilege permissions",
	Severity: finding.Medium,
	Actions:  []string{gaad},
	Remedy:   "Give a policy of what is used (warden policy generate).",
	Judge:    judgeWholeService,
}

// judgeWholeService answers for those who may, all their services together.
func judgeWholeService(e *Evidence) []Answer {
	if !e.hasDetails() {
		return []Answer{e.unknown("who may do what", gaad)}
	}
	auth := e.authorizer()
	var out []Answer
	for _, w := range privilege.Services(auth) {
		if own(w.Principal) {
			continue
		}
		if w.Service == "support" {
			continue // CIS itself asks for a role with AWSSupportAccess, which allows support:*
		}
		if n := len(out); n == 0 || out[n-1].Subject != w.Principal.ARN {
			out = append(out, Answer{Subject: w.Principal.ARN, SubjectID: w.Principal.ID, Status: finding.Fail, Summary: "may use as a whole: "})
		} else {
			out[n-1].Summary += ", "
		}
		a := &out[len(out)-1]
		if a.Summary += w.Service; len(w.DependsOn) > 0 {
			a.Summary += " (under conditions on " + strings.Join(w.DependsOn, ", ") + ")"
			a.Facts = append(a.Facts, fact(e.details(), "%s:* hangs on %s", w.Service, strings.Join(w.DependsOn, ", ")))
		}
		if w.State == authorize.Unknown {
			a.Status, a.Summary = finding.Unknown, "which services he may use as a whole: "+strings.Join(w.Why, "; ")
		}
		for _, ref := range w.Statements {
			a.Facts = append(a.Facts, fact(e.details(), "%s:* on * is allowed by %s", w.Service, ref))
		}
	}
	return e.orNobody(out, 0)
}
