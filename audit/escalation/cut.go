package escalation

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
)

// Cut is what the removal of one statement would change. It was tried: the
// whole account was judged again without it.
type Cut struct {
	Statement policy.StatementRef
	// AWSManaged: the policy is not the account's to change, so that it must
	// be detached, or replaced by another.
	AWSManaged bool
	// Stopped can no longer become administrators, in any way.
	Stopped []*authorize.Principal
	// Weakened still might, by a way that is less sure.
	Weakened []*authorize.Principal
}

// Cuts tries the statements on which most ways rest, at most tries of them, and
// returns those that stop or weaken somebody, best first. r is all that Find
// found; if of is not nil, only his way counts.
func Cuts(r Report, snapshot *account.Snapshot, tries int, of *authorize.Principal) []Cut {
	only := map[string]bool{}
	for i := range r.Ways {
		only[r.Ways[i].Principal.ARN] = true
	}
	ways := r.Ways
	if of != nil {
		ways = r.Of(of).Ways
	}
	var out []Cut
	for _, ref := range candidates(ways, tries) {
		changed, managed, ok := without(snapshot, ref)
		if !ok {
			continue
		}
		after := map[string]authorize.State{}
		for _, w := range find(authorize.New(changed), changed, only).Ways {
			after[w.Principal.ARN] = w.State
		}
		cut := Cut{Statement: ref, AWSManaged: managed}
		for i := range ways {
			w := &ways[i]
			state, still := after[w.Principal.ARN]
			switch {
			case !still:
				cut.Stopped = append(cut.Stopped, w.Principal)
			case rank(state) > rank(w.State):
				cut.Weakened = append(cut.Weakened, w.Principal)
			}
		}
		if len(cut.Stopped)+len(cut.Weakened) > 0 {
			out = append(out, cut)
		}
	}
	slices.SortStableFunc(out, func(a, b Cut) int {
		return cmp.Or(cmp.Compare(len(b.Stopped), len(a.Stopped)), cmp.Compare(len(b.Weakened), len(a.Weakened)))
	})
	return out
}

// candidates are the statements on which most ways rest.
func candidates(ways []Way, n int) []policy.StatementRef {
	counts := map[policy.StatementRef]int{}
	var refs []policy.StatementRef
	for i := range ways {
		seen := map[policy.StatementRef]bool{}
		for _, step := range ways[i].Steps {
			for _, e := range step.Evidence {
				for _, ref := range e.Statements {
					if seen[ref] {
						continue
					}
					seen[ref] = true
					if counts[ref] == 0 {
						refs = append(refs, ref)
					}
					counts[ref]++
				}
			}
		}
	}
	slices.SortStableFunc(refs, func(a, b policy.StatementRef) int { return cmp.Compare(counts[b], counts[a]) })
	return refs[:min(n, len(refs))]
}

// without is the snapshot without a statement. In its place stands one that
// says nothing, so that the others keep their numbers.
func without(s *account.Snapshot, ref policy.StatementRef) (changed *account.Snapshot, awsManaged, ok bool) {
	out := *s
	change := func(d json.RawMessage, silent string) json.RawMessage {
		var changed json.RawMessage
		changed, ok = drop(d, ref.Index, silent)
		return changed
	}
	inline := func(owner string, policies []account.InlinePolicy) []account.InlinePolicy {
		if !strings.HasPrefix(ref.Policy, owner+"/") {
			return policies
		}
		policies = slices.Clone(policies)
		for i := range policies {
			if owner+"/"+policies[i].Name == ref.Policy {
				policies[i].Document = change(policies[i].Document, silentIdentity)
			}
		}
		return policies
	}
	switch kind, _, _ := strings.Cut(ref.Policy, "/"); {
	case strings.HasPrefix(ref.Policy, "arn:"):
		out.Policies = slices.Clone(s.Policies)
		for i := range out.Policies {
			p := &out.Policies[i]
			if p.ARN != ref.Policy {
				continue
			}
			awsManaged = p.AWSManaged()
			p.Versions = slices.Clone(p.Versions)
			if v := p.Default(); v != nil {
				v.Document = change(v.Document, silentIdentity)
			}
		}
	case strings.HasPrefix(ref.Policy, "the trust policy of role "):
		out.Roles = slices.Clone(s.Roles)
		for i := range out.Roles {
			if "the trust policy of role "+out.Roles[i].Name == ref.Policy {
				out.Roles[i].Trust = change(out.Roles[i].Trust, silentTrust)
			}
		}
	case kind == "user":
		out.Users = slices.Clone(s.Users)
		for i := range out.Users {
			out.Users[i].Inline = inline("user/"+out.Users[i].Name, out.Users[i].Inline)
		}
	case kind == "role":
		out.Roles = slices.Clone(s.Roles)
		for i := range out.Roles {
			out.Roles[i].Inline = inline("role/"+out.Roles[i].Name, out.Roles[i].Inline)
		}
	case kind == "group":
		out.Groups = slices.Clone(s.Groups)
		for i := range out.Groups {
			out.Groups[i].Inline = inline("group/"+out.Groups[i].Name, out.Groups[i].Inline)
		}
	}
	return &out, awsManaged, ok
}

// Statements that say nothing about anything.
const (
	silentIdentity = `{"Effect":"Allow","Action":"none:Nothing","Resource":"*"}`
	silentTrust    = `{"Effect":"Deny","Principal":{"Service":"none.amazonaws.com"},"Action":"sts:AssumeRole"}`
)

// drop puts silent in the place of a statement.
func drop(document json.RawMessage, index int, silent string) (json.RawMessage, bool) {
	var d map[string]json.RawMessage
	if json.Unmarshal(document, &d) != nil {
		return document, false
	}
	var statements []json.RawMessage
	if json.Unmarshal(d["Statement"], &statements) != nil {
		statements = []json.RawMessage{d["Statement"]}
	}
	if index < 0 || index >= len(statements) {
		return document, false
	}
	statements[index] = json.RawMessage(silent)
	text, err := json.Marshal(statements)
	if err != nil {
		return document, false
	}
	d["Statement"] = text
	changed, err := json.Marshal(d)
	return changed, err == nil
}
