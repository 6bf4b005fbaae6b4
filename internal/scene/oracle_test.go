package scene

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"warden/account"
	"warden/change"
	"warden/trail"
	"warden/twin"
)

// place is one thing that a call of IAM sets: "user/ann attached arn:…".
type place struct{ who, what string }

func (p place) String() string { return p.who + " " + p.what }

const there = "there"

// effects says what calls of IAM set and to what, by CloudTrail alone: neither
// the ledger nor the code that undoes has a say in it. "" is nothing there. A
// call that it does not know sets nothing.
func effects(r *trail.Event) map[place]string {
	who := "user/" + r.RequestString("userName")
	if role := r.RequestString("roleName"); role != "" {
		who = "role/" + role
	}
	arn, name, document := r.RequestString("policyArn"), r.RequestString("policyName"), r.RequestString("policyDocument")
	switch r.Name {
	case "AttachUserPolicy", "AttachRolePolicy":
		return map[place]string{{who, "attached " + arn}: there}
	case "DetachUserPolicy", "DetachRolePolicy":
		return map[place]string{{who, "attached " + arn}: ""}
	case "PutUserPolicy", "PutRolePolicy":
		return map[place]string{{who, "inline " + name}: compact(document)}
	case "DeleteUserPolicy", "DeleteRolePolicy":
		return map[place]string{{who, "inline " + name}: ""}
	case "PutUserPermissionsBoundary", "PutRolePermissionsBoundary":
		return map[place]string{{who, "boundary"}: r.RequestString("permissionsBoundary")}
	case "DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary":
		return map[place]string{{who, "boundary"}: ""}
	case "AddUserToGroup":
		return map[place]string{{who, "in group " + r.RequestString("groupName")}: there}
	case "RemoveUserFromGroup":
		return map[place]string{{who, "in group " + r.RequestString("groupName")}: ""}
	case "CreateAccessKey":
		return map[place]string{{who, "key " + r.ResponseString("accessKey", "accessKeyId")}: change.Active}
	case "UpdateAccessKey":
		return map[place]string{{who, "key " + r.RequestString("accessKeyId")}: r.RequestString("status")}
	case "UpdateAssumeRolePolicy":
		return map[place]string{{who, "trust"}: compact(document)}
	case "CreateRole":
		return map[place]string{{who, "trust"}: compact(r.RequestString("assumeRolePolicyDocument"))}
	}
	return nil
}

func compact(document string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(document)) != nil {
		return document
	}
	return b.String()
}

// placesOf is what an account has, as effects has it.
func placesOf(s *account.Snapshot) map[place]string {
	out := map[place]string{}
	common := func(who string, attached []string, inline []account.InlinePolicy, boundary string) {
		for _, arn := range attached {
			out[place{who, "attached " + arn}] = there
		}
		for _, p := range inline {
			out[place{who, "inline " + p.Name}] = compact(string(p.Document))
		}
		if boundary != "" {
			out[place{who, "boundary"}] = boundary
		}
	}
	for _, u := range s.Users {
		who := "user/" + u.Name
		common(who, u.Attached, u.Inline, u.Boundary)
		for _, g := range u.Groups {
			out[place{who, "in group " + g}] = there
		}
		for _, k := range u.AccessKeys {
			out[place{who, "key " + k.ID}] = map[bool]string{true: change.Active, false: change.Inactive}[k.Active]
		}
	}
	for _, r := range s.Roles {
		who := "role/" + r.Name
		common(who, r.Attached, r.Inline, r.Boundary)
		out[place{who, "trust"}] = compact(string(r.Trust))
	}
	return out
}

// restored compares each place that the guard's roles wrote to with what it
// would be had they never written: as it was at the beginning, and then as
// others set it, in the order of CloudTrail. What undo named is left out.
func (e *end) restored(named map[change.Setting]string) (wrong []string) {
	want, touched := placesOf(e.before), map[place]bool{}
	for _, events := range e.past[:1] {
		for _, r := range events {
			if r.Failed() || r.Source != "iam.amazonaws.com" {
				continue
			}
			for p, value := range effects(r) {
				if byGuard(r) {
					touched[p] = true
				} else if r.Time.Sub(e.began) > 0 {
					want[p] = value
				}
			}
		}
	}
	found := placesOf(e.Twin.Snapshot())
	for _, p := range slices.SortedFunc(maps.Keys(touched), func(a, b place) int { return strings.Compare(a.String(), b.String()) }) {
		if found[p] == want[p] || e.isNamed(p, named) {
			continue
		}
		wrong = append(wrong, fmt.Sprintf("%s would be %q without the guard, and is %q after undo", p, want[p], found[p]))
	}
	return wrong
}

// isNamed reports whether undo named what is at a place, or whose it is.
func (e *end) isNamed(p place, named map[change.Setting]string) bool {
	_, name, _ := strings.Cut(p.who, "/")
	word := p.what[strings.LastIndexByte(p.what, ' ')+1:]
	for s := range named {
		if named[s] != "" && last(s.Target) == name {
			if s.Name == word || s.Kind == change.Statement && strings.HasPrefix(s.Name, word) || s.Kind == change.Boundary && word == "boundary" || s.Kind == change.Trust && word == "trust" {
				return true
			}
		}
	}
	return false
}

// untouched looks in CloudTrail for what the guard's roles did to identities
// that they must not touch, or deny anything.
func (e *end) untouched(never []string, admins map[string]bool) (wrong []string) {
	for _, r := range e.guardWrites() {
		for p, value := range effects(r) {
			for _, arn := range never {
				if strings.HasSuffix(p.who, "/"+last(arn)) {
					wrong = append(wrong, fmt.Sprintf("%s was called for %s", r.Name, p))
				}
			}
			denies := value != "" && (p.what == "boundary" || strings.Contains(p.what, ":policy/DENY-") || strings.HasPrefix(p.what, "inline DENY-") && !strings.HasSuffix(p.what, "-SESSIONS"))
			for arn := range admins {
				if denies && p.who == "user/"+last(arn) {
					wrong = append(wrong, fmt.Sprintf("%s denies an administrator: %s", r.Name, p))
				}
			}
			if kind, name, _ := strings.Cut(p.who, "/"); !e.involved(":" + kind + "/" + name) {
				wrong = append(wrong, fmt.Sprintf("%s touches %s, who has nothing to do with it", r.Name, p))
			}
		}
	}
	return wrong
}

// told: whoever wrote to IAM, and is neither the guard nor the administrator at
// his work, is named to people, by CloudTrail and by what they got.
func (e *end) told(context.Context) (wrong []string) {
	seen := map[string]bool{}
	for _, r := range e.past[0] {
		by := r.Actor()
		if r.Failed() || r.Source != "iam.amazonaws.com" || !writes(r) || byGuard(r) || r.Time.Sub(e.began) <= 0 || by.Kind == trail.Root || by.Name == e.Truth.Administrator {
			continue
		}
		name := by.Name
		if by.SessionName != "" {
			name = by.SessionName
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		if !slices.ContainsFunc(e.published, func(m twin.Notification) bool { return names(m.Subject+"\n"+m.Message, name) }) {
			wrong = append(wrong, fmt.Sprintf("%s called %s, and nobody was told of him", by.ARN, r.Name))
		}
	}
	return wrong
}

// names reports whether a text has a name that is not a part of a longer one.
func names(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		before, after := at+i-1, at+i+len(name)
		if (before < 0 || !inName(text[before])) && (after == len(text) || !inName(text[after])) {
			return true
		}
		at += i + 1
	}
}

func inName(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
