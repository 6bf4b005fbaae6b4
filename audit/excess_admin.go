package audit

import (
	"fmt"
	"strings"

	"warden/account/authorize"
	"warden/finding"
)

var principalAdmin = Control{
	ID:       "principal.admin",
	Title:    "Few are administrators, by whatever policies",
	Why:      "Whoever may do everything is the account; a policy with a modest name, or several together, may say so.",
	Source:   "IAM User Guide: Policy evaluation logic; Security best practices in IAM: Apply least-privilege permissions",
	Severity: finding.High,
	Actions:  []string{gaad},
	Remedy:   "Give a policy of what is used (warden policy generate), or a boundary.",
	Judge:    judgeAdmin,
}

// administrators are those that package escalation calls so: it looks for ways
// to become one, and there must be one meaning of the word.
func (e *Evidence) administrators() map[string]bool {
	if e.admins == nil {
		e.admins = map[string]bool{}
		r, _ := e.Escalation()
		for _, a := range r.Administrators {
			e.admins[a.Principal.ARN] = true
		}
	}
	return e.admins
}

// own tells whether a principal is a service's own role.
func own(p *authorize.Principal) bool {
	return p.Kind == authorize.Role && strings.Contains(p.ARN, ":role/aws-service-role/")
}

func judgeAdmin(e *Evidence) []Answer {
	if !e.hasDetails() {
		return []Answer{e.unknown("who may do what", gaad)}
	}
	r, _ := e.Escalation()
	var out []Answer
	for _, x := range r.Administrators {
		if own(x.Principal) {
			continue
		}
		a := Answer{Subject: x.Principal.ARN, SubjectID: x.Principal.ID, Status: finding.Fail, Summary: "may do everything"}
		if len(x.DependsOn) > 0 {
			a.Summary += ", under conditions on " + strings.Join(unique(x.DependsOn), ", ")
			a.Facts = append(a.Facts, fact(e.details(), "everything hangs on %s", strings.Join(unique(x.DependsOn), ", ")))
		}
		for _, ref := range x.Statements {
			a.Facts = append(a.Facts, fact(e.details(), "everything is allowed by %s", ref))
		}
		out = append(out, a)
	}
	for _, x := range r.Unclear {
		if !own(x.Principal) {
			out = append(out, Answer{Subject: x.Principal.ARN, SubjectID: x.Principal.ID, Status: finding.Unknown, Summary: "whether he may do everything: " + strings.Join(unique(x.Why), "; ")})
		}
	}
	return e.orNobody(out, 0)
}

// orNobody adds who is missing from the evidence, and answers once for the
// account where there is nobody to tell of.
func (e *Evidence) orNobody(out []Answer, admins int) []Answer {
	auth := e.authorizer()
	for _, why := range auth.Incomplete() {
		out = append(out, Answer{Part: why, Status: finding.Unknown, Summary: "who else there is: " + why})
	}
	if out != nil {
		return out
	}
	n := 0
	for _, p := range auth.Principals() {
		if !own(p) {
			n++
		}
	}
	summary := fmt.Sprintf("none of %d users and roles", n)
	if admins > 0 {
		summary += fmt.Sprintf(", but for %d administrators (principal.admin)", admins)
	}
	return []Answer{{Status: finding.Pass, Summary: summary, Facts: []finding.Fact{fact(e.details(), "the policies of %d users and roles, with groups and boundaries", n)}}}
}
