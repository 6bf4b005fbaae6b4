package change

import (
	"slices"
	"strings"
	"time"

	"warden/account"
)

// In returns the state that a setting had in a snapshot. known is false where
// the snapshot cannot tell: it has a gap about the target, the target is not
// in it or is another one of the same name, or it does not hold settings of
// this kind. targetID is the unique id of the target, "" where it has none.
//
// Documents come back as the snapshot holds them, which is the same policy
// though white space may differ.
func In(s *account.Snapshot, set Setting, targetID string) (st State, known bool) {
	for _, g := range s.Gaps {
		if g.Subject == "" || g.Subject == set.Target || strings.HasSuffix(set.Target, "/"+g.Subject) {
			return Absent, false
		}
	}
	switch targetType(set.Target) {
	case "user":
		i := slices.IndexFunc(s.Users, func(u account.User) bool { return u.ID == targetID })
		if targetID == "" || i < 0 {
			return Absent, false
		}
		return inUser(s.Users[i], set)
	case "role":
		i := slices.IndexFunc(s.Roles, func(r account.Role) bool { return r.ID == targetID })
		if targetID == "" || i < 0 {
			return Absent, false
		}
		r := s.Roles[i]
		if set.Kind == Trust {
			return Is(string(r.Trust)), len(r.Trust) > 0
		}
		return inHolder(set, r.Attached, r.Inline, r.Boundary)
	case "group":
		i := slices.IndexFunc(s.Groups, func(g account.Group) bool { return g.ID == targetID })
		if targetID == "" || i < 0 {
			return Absent, false
		}
		return inHolder(set, s.Groups[i].Attached, s.Groups[i].Inline, "")
	case "policy":
		return inPolicies(s, set)
	}
	return Absent, false
}

func inUser(u account.User, set Setting) (State, bool) {
	switch set.Kind {
	case Membership:
		if slices.ContainsFunc(u.Groups, func(g string) bool { return strings.EqualFold(g, set.Name) }) {
			return Is(Member), true
		}
		return Absent, true
	case AccessKey:
		for _, k := range u.AccessKeys {
			switch {
			case k.ID != set.Name:
			case k.Active:
				return Is(Active), true
			default:
				return Is(Inactive), true
			}
		}
		return Absent, true
	case LoginProfile:
		if u.LoginProfile == nil {
			return Absent, true
		}
		return Is(u.LoginProfile.CreateDate.UTC().Format(time.RFC3339)), true
	}
	return inHolder(set, u.Attached, u.Inline, u.Boundary)
}

// inHolder looks among what users, roles and groups have alike.
func inHolder(set Setting, attached []string, inline []account.InlinePolicy, boundary string) (State, bool) {
	switch set.Kind {
	case Attachment:
		if slices.Contains(attached, set.Name) {
			return Is(Attached), true
		}
		return Absent, true
	case Inline:
		for _, p := range inline {
			if p.Name == set.Name {
				return Is(string(p.Document)), true
			}
		}
		return Absent, true
	case Boundary:
		if boundary == "" {
			return Absent, true
		}
		return Is(boundary), true
	}
	return Absent, false
}

func inPolicies(s *account.Snapshot, set Setting) (State, bool) {
	i := slices.IndexFunc(s.Policies, func(p account.ManagedPolicy) bool { return p.ARN == set.Target })
	if i < 0 {
		// Policies of AWS need not be in the snapshot; they are not ours to
		// change either.
		return Absent, set.Kind == Policy
	}
	v := s.Policies[i].Default()
	if v == nil || set.Kind != Policy && set.Kind != DefaultVersion {
		return Absent, false
	}
	return State{Exists: true, Text: string(v.Document), Version: v.ID, Description: s.Policies[i].Description}, true
}
