package guard

import (
	"slices"
	"strings"

	"warden/account"
	"warden/trail"
)

// roleFacts are the calls without which a snapshot does not tell a role.
var roleFacts = []string{"iam:GetAccountAuthorizationDetails", "iam:ListRoles", "iam:GetRole"}

// userFacts are the calls without which a snapshot does not tell who is in
// which group. A gap in any other call leaves the guard's facts whole.
var userFacts = []string{
	"iam:GetAccountAuthorizationDetails", "iam:ListUsers", "iam:GetUser", "iam:ListGroups",
	"iam:ListGroupsForUser", "iam:GetGroup",
}

// FactsFromSnapshot takes the facts about the caller from a snapshot. The
// user or role is looked up by unique id, then by name: one who bears the name under
// another id is reported as he is, so that Judge sees the difference. Gaps
// count that concern the caller or everybody.
func FactsFromSnapshot(s *account.Snapshot, a trail.Actor) Facts {
	f := Facts{Account: s.Account}
	of := Subject(a)
	switch a.Kind {
	case trail.IAMUser, trail.IAMUserSession, trail.FederatedUser:
		f.Gaps = gapsAbout(s, of, userFacts)
		f.User = &UserFacts{}
		if i := find(s.Users, of, func(u account.User) (id, name string) { return u.ID, u.Name }); i >= 0 {
			u := s.Users[i]
			f.User = &UserFacts{Exists: true, ID: u.ID, ARN: u.ARN, Name: u.Name, Groups: u.Groups, Tags: u.Tags}
		}
	case trail.AssumedRole:
		f.Gaps = gapsAbout(s, of, roleFacts)
		f.Role = &RoleFacts{}
		if i := find(s.Roles, of, func(r account.Role) (id, name string) { return r.ID, r.Name }); i >= 0 {
			r := s.Roles[i]
			f.Role = &RoleFacts{Exists: true, ID: r.ID, ARN: r.ARN, Name: r.Name, Tags: r.Tags}
		}
	}
	return f
}

// find looks for an identity by unique id, then by name; -1 is nowhere.
func find[T any](all []T, of trail.Issuer, key func(T) (id, name string)) int {
	i := slices.IndexFunc(all, func(x T) bool {
		id, _ := key(x)
		return of.ID != "" && id == of.ID
	})
	if i >= 0 {
		return i
	}
	return slices.IndexFunc(all, func(x T) bool {
		_, name := key(x)
		return strings.EqualFold(name, of.Name)
	})
}

func gapsAbout(s *account.Snapshot, of trail.Issuer, calls []string) []account.Gap {
	var gaps []account.Gap
	for _, g := range s.Gaps {
		concerns := g.Subject == "" || g.Subject == of.ARN || strings.EqualFold(g.Subject, of.Name) || g.Subject == of.ID
		if concerns && containsFold(calls, g.What) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}
