package guard

import (
	"strings"

	"warden/account"
	"warden/trail"
)

// userFacts are the calls without which a snapshot does not tell who is in
// which group. A gap in any other call leaves the guard's facts whole.
var userFacts = []string{
	"iam:GetAccountAuthorizationDetails", "iam:ListUsers", "iam:GetUser", "iam:ListGroups",
	"iam:ListGroupsForUser", "iam:GetGroup",
}

// FactsFromSnapshot takes the facts about the caller from a snapshot. The
// user is looked up by unique id, then by name: one who bears the name under
// another id is reported as he is, so that Judge sees the difference. Gaps
// count that concern the caller or everybody.
func FactsFromSnapshot(s *account.Snapshot, a trail.Actor) Facts {
	f := Facts{Account: s.Account}
	if a.Kind != trail.IAMUser && a.Kind != trail.IAMUserSession {
		return f
	}
	for _, g := range s.Gaps {
		concerns := g.Subject == "" || g.Subject == a.ARN || strings.EqualFold(g.Subject, a.Name) || g.Subject == a.ID
		if concerns && containsFold(userFacts, g.What) {
			f.Gaps = append(f.Gaps, g)
		}
	}
	f.User = &UserFacts{}
	for _, byName := range []bool{false, true} {
		for _, u := range s.Users {
			if a.ID != "" && u.ID == a.ID || byName && strings.EqualFold(u.Name, a.Name) {
				f.User = &UserFacts{Exists: true, ID: u.ID, ARN: u.ARN, Name: u.Name, Groups: u.Groups}
				return f
			}
		}
	}
	return f
}
