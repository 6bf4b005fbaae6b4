package audit

import (
	"fmt"

	"warden/finding"
)

var userGroupsOnly = Control{
	ID:       "user.groups-only",
	Title:    "Users get their permissions through groups",
	Why:      "Permissions on single users are forgotten when people change their work, and seen by nobody who reviews groups.",
	Source:   "IAM User Guide: IAM identities; Security best practices in IAM",
	Severity: finding.Low,
	Actions:  []string{gaad},
	Remedy:   "Put the user into a group that has what he needs, then take the policies off the user.",
	Judge: func(e *Evidence) []Answer {
		if !e.hasDetails() {
			return []Answer{e.unknown("what is attached to users", gaad)}
		}
		var out []Answer
		for i := range e.Users {
			u := &e.Users[i]
			a := Answer{
				Subject: u.ARN, SubjectID: u.ID, Status: finding.Pass, Summary: "no policy of his own",
				Facts: []finding.Fact{fact(e.details(), "%d attached and %d inline policies, %d groups", len(u.Attached), len(u.Inline), len(u.Groups))},
			}
			if why := e.partial(u.ARN); why != "" {
				a.Status, a.Summary = finding.Unknown, why
			}
			if n := len(u.Attached) + len(u.Inline); n > 0 {
				a.Status, a.Summary = finding.Fail, "has policies of his own: "+fmt.Sprint(n)
				for _, arn := range u.Attached {
					a.Facts = append(a.Facts, fact(e.details(), "attached %s", arn))
				}
				for _, in := range u.Inline {
					a.Facts = append(a.Facts, fact(e.details(), "inline policy %s", in.Name))
				}
				if len(u.Attached) > 0 {
					a.Command = "aws iam detach-user-policy --user-name " + quote(u.Name) + " --policy-arn " + quote(u.Attached[0])
				} else {
					a.Command = "aws iam delete-user-policy --user-name " + quote(u.Name) + " --policy-name " + quote(u.Inline[0].Name)
				}
			}
			out = append(out, a)
		}
		return out
	},
}
