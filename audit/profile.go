package audit

import (
	"slices"

	"warden/account"
	"warden/audit/escalation"
	"warden/policy"
)

// Profile is what a user, group or role has and did, beside its line of the
// inventory.
type Profile struct {
	Kind string // "user", "group" or "role"
	ARN  string
	// Groups are those that a user is in, Members the users of a group, by
	// name.
	Groups, Members []string
	// Attached are the ARNs of managed policies, Inline the names of its own.
	Attached, Inline []string
	Boundary         string // ARN, "" where there is none
	// Trusted are who may assume a role by its trust policy, as written; the
	// conditions there are not told.
	Trusted []string
	// Activity is nil for groups and service-linked roles.
	Activity *Activity
}

// Profiles returns the users, groups and roles of the account, users first.
func (e *Evidence) Profiles() []Profile {
	activity := map[string]*Activity{}
	all := e.Activities()
	for i := range all {
		activity[all[i].ARN] = &all[i]
	}
	var out []Profile
	members := map[string][]string{}
	people, _ := e.people()
	for _, p := range people {
		one := Profile{Kind: "user", ARN: p.arn, Activity: activity[p.arn]}
		if u := p.user; u != nil {
			one.Groups, one.Attached, one.Inline, one.Boundary = u.Groups, u.Attached, inlineNames(u.Inline), u.Boundary
			for _, g := range u.Groups {
				members[g] = append(members[g], u.Name)
			}
		}
		out = append(out, one)
	}
	for i := range e.Groups {
		g := &e.Groups[i]
		out = append(out, Profile{Kind: "group", ARN: g.ARN, Members: members[g.Name], Attached: g.Attached, Inline: inlineNames(g.Inline)})
	}
	for i := range e.Roles {
		r := &e.Roles[i]
		out = append(out, Profile{
			Kind: "role", ARN: r.ARN, Attached: r.Attached, Inline: inlineNames(r.Inline), Boundary: r.Boundary,
			Trusted: trusted(r), Activity: activity[r.ARN],
		})
	}
	return out
}

func inlineNames(list []account.InlinePolicy) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].Name)
	}
	return out
}

// trusted names the principals of the statements of a trust policy that allow.
func trusted(r *account.Role) []string {
	d, err := policy.ParseStored(r.Name, r.Trust)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range d.Statements {
		if s.Effect != "Allow" {
			continue
		}
		for _, p := range s.Principals {
			if !slices.Contains(out, p.Value) {
				out = append(out, p.Value)
			}
		}
		if len(s.NotPrincipals) > 0 {
			out = append(out, "everybody but some")
		}
	}
	return out
}

// Escalation tells who can become an administrator, and how. known is false
// where the evidence does not say who may do what.
func (e *Evidence) Escalation() (r escalation.Report, known bool) {
	if !e.hasDetails() {
		return escalation.Report{}, false
	}
	if e.escalation == nil {
		found := escalation.Find(e.authorizer(), e.Snapshot)
		e.escalation = &found
	}
	return *e.escalation, true
}

// Cuts tries the statements on which most ways to become an administrator
// rest, at most tries of them; see [escalation.Cuts].
func (e *Evidence) Cuts(tries int) []escalation.Cut {
	r, known := e.Escalation()
	if !known {
		return nil
	}
	return escalation.Cuts(r, e.Snapshot, tries, nil)
}
