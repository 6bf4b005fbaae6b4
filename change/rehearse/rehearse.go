// Package rehearse carries out a change in thought: on a snapshot of the
// account instead of the account.
package rehearse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/change"
)

// Plan returns the snapshot as it would be after the plan, and what of the
// plan would not work: steps whose setting is not in the state that they start
// from. The snapshot that is given is not changed; the two share what is equal.
func Plan(s *account.Snapshot, p change.Plan) (after *account.Snapshot, problems []string, err error) {
	if p.Account != s.Account {
		return nil, nil, fmt.Errorf("the plan is for account %s, the snapshot is of account %s", p.Account, s.Account)
	}
	out, err := clone(s)
	if err != nil {
		return nil, nil, err
	}
	for _, step := range p.Steps {
		if why := apply(out, step); why != "" {
			problems = append(problems, fmt.Sprintf("%s: %s", step, why))
		}
	}
	return out, problems, nil
}

// clone copies by writing and reading: a snapshot is data and nothing else.
func clone(s *account.Snapshot) (*account.Snapshot, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("copy the snapshot: %w", err)
	}
	out := new(account.Snapshot)
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("copy the snapshot: %w", err)
	}
	return out, nil
}

// Inline puts a policy document on a user or role, over one of the same name.
// The principal is known by his ARN.
func Inline(s *account.Snapshot, arn, name string, document []byte) (*account.Snapshot, error) {
	out, err := clone(s)
	if err != nil {
		return nil, err
	}
	h := find(out, arn)
	if h == nil || h.inline == nil {
		return nil, fmt.Errorf("the snapshot has no user or role %s", arn)
	}
	put(h.inline, name, change.Is(string(document)))
	return out, nil
}

// Replace puts a document in the place of a policy that the principal has
// now: an inline policy by its name, or a managed policy by its name or ARN,
// attached to him, to a group of his, or his boundary. A managed policy changes
// for everybody.
func Replace(s *account.Snapshot, arn, name string, document []byte) (*account.Snapshot, error) {
	out, err := clone(s)
	if err != nil {
		return nil, err
	}
	h := find(out, arn)
	if h == nil || h.inline == nil {
		return nil, fmt.Errorf("the snapshot has no user or role %s", arn)
	}
	reach, boundary := [][]account.InlinePolicy{*h.inline}, *h.boundary
	attached := slices.Clone(*h.attached)
	for i := range out.Groups {
		if slices.Contains(h.groups(), out.Groups[i].Name) {
			reach, attached = append(reach, out.Groups[i].Inline), append(attached, out.Groups[i].Attached...)
		}
	}
	found := 0
	for _, list := range reach {
		for i := range list {
			if list[i].Name == name {
				list[i].Document = document
				found++
			}
		}
	}
	for i := range out.Policies {
		p := &out.Policies[i]
		if (p.Name == name || p.ARN == name) && (slices.Contains(attached, p.ARN) || boundary == p.ARN) {
			if v := p.Default(); v != nil {
				v.Document = document
				found++
			}
		}
	}
	switch found {
	case 1:
		return out, nil
	case 0:
		return nil, fmt.Errorf("%s has no policy %q", arn, name)
	}
	return nil, fmt.Errorf("%s has %d policies %q: give the ARN of the managed one", arn, found, name)
}

// holder is a user, role or group of the snapshot, to be changed.
type holder struct {
	id       string
	inline   *[]account.InlinePolicy
	attached *[]string
	boundary *string
	keys     []account.AccessKey
	member   *[]string // the groups of a user
	login    **account.LoginProfile
	trust    *json.RawMessage
}

// groups are the names of the groups that a user is in.
func (h *holder) groups() []string {
	if h.member == nil {
		return nil
	}
	return *h.member
}

func find(s *account.Snapshot, arn string) *holder {
	for i := range s.Users {
		if u := &s.Users[i]; u.ARN == arn {
			return &holder{id: u.ID, inline: &u.Inline, attached: &u.Attached, boundary: &u.Boundary, keys: u.AccessKeys, member: &u.Groups, login: &u.LoginProfile}
		}
	}
	for i := range s.Roles {
		if r := &s.Roles[i]; r.ARN == arn {
			return &holder{id: r.ID, inline: &r.Inline, attached: &r.Attached, boundary: &r.Boundary, trust: &r.Trust}
		}
	}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.ARN == arn {
			return &holder{id: g.ID, inline: &g.Inline, attached: &g.Attached}
		}
	}
	return nil
}

// apply makes one step; why says what keeps it from being made.
func apply(s *account.Snapshot, step change.Step) (why string) {
	switch {
	case change.IsGuardrail(step.Target):
		return "the organisation's policies are not in a snapshot: what this one denies is not in the answer"
	case strings.Contains(step.Target, ":policy/"):
		return policy(s, step)
	case strings.Contains(step.Target, ":oidc-provider/"), strings.Contains(step.Target, ":saml-provider/"):
		return "a snapshot has no identity providers; they give and take no permission, but decide who can use them"
	}
	h := find(s, step.Target)
	switch {
	case h == nil:
		return step.Target + " is not in the snapshot"
	case step.TargetID != "" && step.TargetID != h.id:
		return fmt.Sprintf("the name was made anew: the step is for %s, the snapshot has %s", step.TargetID, h.id)
	}
	switch step.Kind {
	case change.Attachment:
		now := change.Absent
		if slices.Contains(*h.attached, step.Name) {
			now = change.Is(change.Attached)
		}
		if why := starts(step, now); why != "" {
			return why
		}
		*h.attached = slices.DeleteFunc(*h.attached, func(arn string) bool { return arn == step.Name })
		if step.After.Exists {
			*h.attached = append(*h.attached, step.Name)
		}
	case change.Inline:
		if why := starts(step, inlineState(*h.inline, step.Name)); why != "" {
			return why
		}
		put(h.inline, step.Name, step.After)
	case change.Boundary:
		if h.boundary == nil {
			return "a group has no boundary"
		}
		now := change.Absent
		if *h.boundary != "" {
			now = change.Is(*h.boundary)
		}
		if why := starts(step, now); why != "" {
			return why
		}
		*h.boundary = step.After.Text
	case change.AccessKey:
		for i := range h.keys {
			if h.keys[i].ID == step.Name {
				h.keys[i].Active = step.After.Text == change.Active
				return ""
			}
		}
		return "the snapshot has no such key"
	default:
		if why, known := h.identity(step, s.CollectedAt); known {
			return why
		}
		return fmt.Sprintf("a snapshot cannot show a step of kind %s", step.Kind)
	}
	return ""
}

func starts(step change.Step, now change.State) string {
	if now.Same(step.Before) || now.Same(step.After) {
		return ""
	}
	return fmt.Sprintf("it starts from %s, and is %s in the snapshot", step.Before, now)
}

func inlineState(list []account.InlinePolicy, name string) change.State {
	for _, p := range list {
		if p.Name == name {
			return change.Is(string(p.Document))
		}
	}
	return change.Absent
}

func put(list *[]account.InlinePolicy, name string, to change.State) {
	*list = slices.DeleteFunc(*list, func(p account.InlinePolicy) bool { return p.Name == name })
	if to.Exists {
		*list = append(*list, account.InlinePolicy{Name: name, Document: json.RawMessage(to.Text)})
	}
}

// policy makes a step on a managed policy.
func policy(s *account.Snapshot, step change.Step) (why string) {
	at := slices.IndexFunc(s.Policies, func(p account.ManagedPolicy) bool { return p.ARN == step.Target })
	switch step.Kind {
	case change.Policy:
		switch {
		case step.After.Exists && at >= 0:
			return "the policy exists"
		case step.After.Exists:
			arn, err := account.ParseARN(step.Target)
			if err != nil {
				return err.Error()
			}
			s.Policies = append(s.Policies, account.ManagedPolicy{Name: arn.Name(), ARN: step.Target,
				Versions: []account.PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(step.After.Text)}}})
		case at < 0:
			return "the policy is not in the snapshot"
		default:
			s.Policies = slices.Delete(s.Policies, at, at+1)
		}
		return ""
	case change.DefaultVersion:
		if at < 0 {
			return "the policy is not in the snapshot"
		}
		v := s.Policies[at].Default()
		if v == nil {
			return "the snapshot has no version in force of it"
		}
		if why := starts(step, change.State{Exists: true, Text: string(v.Document), Version: v.ID}); why != "" {
			return why
		}
		v.Default = false
		s.Policies[at].Versions = slices.DeleteFunc(s.Policies[at].Versions, func(x account.PolicyVersion) bool { return x.ID == step.After.Version && step.After.Version != "" })
		s.Policies[at].Versions = append(s.Policies[at].Versions, account.PolicyVersion{ID: step.After.Version, Default: true, Document: json.RawMessage(step.After.Text)})
		return ""
	case change.PolicyVersion:
		return "" // a version that is not in force decides nothing
	}
	return fmt.Sprintf("a snapshot cannot show a step of kind %s", step.Kind)
}
