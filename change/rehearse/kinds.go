package rehearse

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"warden/account"
	"warden/change"
)

// identity makes a step on one of the kinds that say who may become an
// identity, or on one statement of an inline policy; known is false for other
// kinds.
func (h *holder) identity(step change.Step, at time.Time) (why string, known bool) {
	switch step.Kind {
	case change.Trust:
		if h.trust == nil {
			return "it has no trust policy", true
		}
		if why := starts(step, change.State{Exists: len(*h.trust) > 0, Text: string(*h.trust)}); why != "" {
			return why, true
		}
		*h.trust = json.RawMessage(step.After.Text)
	case change.Membership:
		if h.member == nil {
			return "only users are in groups", true
		}
		now := change.Absent
		if slices.Contains(*h.member, step.Name) {
			now = change.Is(change.Member)
		}
		if why := starts(step, now); why != "" {
			return why, true
		}
		*h.member = slices.DeleteFunc(slices.Clone(*h.member), func(g string) bool { return g == step.Name })
		if step.After.Exists {
			*h.member = append(*h.member, step.Name)
		}
	case change.LoginProfile:
		if h.login == nil {
			return "only users have a password", true
		}
		*h.login = nil
	case change.Statement:
		return h.statement(step, at), true
	case change.SSHKey, change.Certificate, change.ServiceCredential, change.ProfileRole:
		return "a snapshot does not show it; it gives and takes no permission, but decides who can use them", true
	default:
		return "", false
	}
	return "", true
}

func (h *holder) statement(step change.Step, at time.Time) string {
	name, sid := step.StatementPlace()
	text := inlineState(*h.inline, name).Text
	now, err := change.StatementIn(text, sid)
	if err != nil {
		return err.Error()
	}
	if why := starts(step, now); why != "" {
		return why
	}
	text, err = change.SetStatement(text, sid, step.After, at)
	if err != nil {
		return err.Error()
	}
	put(h.inline, name, change.State{Exists: text != "", Text: text})
	return ""
}

// Others names those besides the principal whom a policy of his gives
// permissions too, so that changing it changes them: a managed policy, or an
// inline policy of a group. The policy is known by its name or ARN, or as
// "group/NAME/POLICY".
func Others(s *account.Snapshot, principal, policy string) []string {
	h := find(s, principal)
	if h == nil {
		return nil
	}
	var out []string
	members := func(group string) (n int) {
		for _, u := range s.Users {
			if slices.Contains(u.Groups, group) && u.ARN != principal {
				n++
			}
		}
		return n
	}
	group := func(g account.Group) {
		if n := members(g.Name); n > 0 || !slices.Contains(h.groups(), g.Name) {
			out = append(out, fmt.Sprintf("group %s (%s)", g.Name, counted(n)))
		}
	}
	for _, g := range s.Groups {
		for _, p := range g.Inline {
			if (p.Name == policy || "group/"+g.Name+"/"+p.Name == policy) && slices.Contains(h.groups(), g.Name) {
				group(g)
			}
		}
	}
	for _, p := range s.Policies {
		if p.ARN != policy && p.Name != policy {
			continue
		}
		holds := func(attached []string, boundary string) bool {
			return slices.Contains(attached, p.ARN) || boundary == p.ARN
		}
		for _, g := range s.Groups {
			if holds(g.Attached, "") {
				group(g)
			}
		}
		for _, u := range s.Users {
			if u.ARN != principal && holds(u.Attached, u.Boundary) {
				out = append(out, "user "+u.Name)
			}
		}
		for _, r := range s.Roles {
			if r.ARN != principal && holds(r.Attached, r.Boundary) {
				out = append(out, "role "+r.Name)
			}
		}
	}
	return out
}

func counted(n int) string {
	if n == 1 {
		return "1 other member"
	}
	return fmt.Sprintf("%d other members", n)
}
