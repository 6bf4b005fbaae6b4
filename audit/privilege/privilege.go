// Package privilege finds what users and roles may do and do not need: whole
// services at once, and services that they do not use.
//
// Who may do everything, change permissions, read all secrets or pass any role
// is asked by the controls of package audit; who can come to that by detours by
// package escalation.
package privilege

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
)

// Wide is a service all of whose actions somebody may use on any resource,
// also those that AWS has not invented yet.
type Wide struct {
	Principal *authorize.Principal
	// Service is the prefix of its actions; "*" for all services but those
	// that statements except.
	Service   string
	State     authorize.State
	DependsOn []string
	Why       []string
	// Statements are those that allow it.
	Statements []policy.StatementRef
}

// unheard is the name of no action: only wildcards stand for it.
const unheard = "-"

// Services asks for every principal which services he may use as a whole. The
// engine answers, with all policies that apply. The list is in the order of
// the principals, then of the services.
func Services(a *authorize.Authorizer) []Wide {
	questions := map[string]*authorize.Question{}
	first := a.Question(authorize.Request{Action: "any:" + unheard, Resource: "*"})
	questions["*"] = first
	prefixes := map[*policy.Document][]string{}
	var out []Wide
	for _, p := range a.Principals() {
		for _, service := range named(p, prefixes) {
			q := questions[service]
			if q == nil {
				q = first.Also(authorize.Request{Action: service + ":" + unheard, Resource: "*"})
				questions[service] = q
			}
			x, ok := q.Ask(p)
			if !ok {
				continue
			}
			out = append(out, Wide{Principal: p, Service: service, State: x.State, DependsOn: x.DependsOn, Why: x.Why, Statements: allowing(x)})
			if service == "*" {
				break // which says the rest
			}
		}
	}
	return out
}

// named are the services that the policies of a principal name as a whole, "*"
// first.
func named(p *authorize.Principal, known map[*policy.Document][]string) []string {
	if len(p.Doubts) > 0 {
		return []string{"*"}
	}
	var out []string
	for _, d := range slices.Concat(p.Policies().Identity, p.Policies().Group) {
		list, seen := known[d]
		if !seen {
			list = whole(d)
			known[d] = list
		}
		out = append(out, list...)
	}
	if slices.Contains(out, "*") {
		// Where not all services are left to him, it is those that his
		// boundary and control policies name, or that denials spare.
		limits := slices.Clone(p.Policies().Boundary)
		for _, level := range p.Policies().SCPs {
			limits = append(limits, level.Policies...)
		}
		for _, d := range limits {
			out = append(out, whole(d)...)
		}
		for _, d := range slices.Concat(p.Policies().Identity, p.Policies().Group, limits) {
			out = append(out, spared(d)...)
		}
	}
	slices.Sort(out) // "*" is before letters
	return slices.Compact(out)
}

// whole are the services that a document's statements allow as a whole, or
// may.
func whole(d *policy.Document) []string {
	if len(d.Defects) > 0 {
		return []string{"*"}
	}
	var out []string
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != "Allow" {
			continue
		}
		if s.NotActions != nil {
			out = append(out, "*")
		}
		for _, action := range s.Actions {
			service, name, _ := strings.Cut(action, ":")
			switch {
			case strings.ContainsAny(service, "*?"):
				out = append(out, "*")
			case strings.Trim(name, "*") == "" && name != "":
				out = append(out, strings.ToLower(service))
			}
		}
	}
	return out
}

// spared are the services that denials of a document leave out as a whole.
func spared(d *policy.Document) []string {
	var out []string
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != "Deny" {
			continue
		}
		for _, action := range s.NotActions {
			if service, name, _ := strings.Cut(action, ":"); name != "" && strings.Trim(name, "*") == "" {
				out = append(out, strings.ToLower(service))
			}
		}
	}
	return out
}

func allowing(x authorize.Answer) []policy.StatementRef {
	var out []policy.StatementRef
	for _, l := range x.Result.Layers {
		if (l.Layer == policy.LayerIdentity || l.Layer == policy.LayerGroup) && l.Decision == policy.Allowed {
			out = append(out, l.Deciding...)
		}
	}
	return out
}

// Unused are the services that a principal may use and did not, for some time.
type Unused struct {
	Principal *authorize.Principal
	// Never were not used within AWS's tracking period: 400 days, or less for
	// who is younger, or for services that are tracked since later.
	Never []string
	// Stale were used before the time that is asked about.
	Stale []account.ServiceUse
	// Of counts the services that his policies allow.
	Of int
	// Evidence is where that comes from, and of when.
	Evidence account.Evidence
}

// Idle compares what each principal may use with what he used since a time, as
// far as the snapshot tells; missing are those of whom it does not. Source: IAM
// User Guide, "Refine permissions in AWS using last accessed information". An
// attempt that was denied counts as a use, and the newest four hours may be
// missing.
func Idle(a *authorize.Authorizer, s *account.Snapshot, since time.Time) (found []Unused, missing []*authorize.Principal) {
	facts := make(map[string]*account.Fact[account.LastAccessed], len(s.Users)+len(s.Roles))
	for i := range s.Users {
		facts[s.Users[i].ARN] = s.Users[i].LastAccessed
	}
	for i := range s.Roles {
		facts[s.Roles[i].ARN] = s.Roles[i].LastAccessed
	}
	for _, p := range a.Principals() {
		f := facts[p.ARN]
		if f == nil {
			missing = append(missing, p)
			continue
		}
		u := Unused{Principal: p, Of: len(f.Value.Services), Evidence: f.Evidence}
		for _, x := range f.Value.Services {
			switch {
			case x.At == nil:
				u.Never = append(u.Never, x.Service)
			case x.At.Before(since):
				u.Stale = append(u.Stale, x)
			}
		}
		if len(u.Never)+len(u.Stale) == 0 {
			continue
		}
		slices.Sort(u.Never)
		slices.SortFunc(u.Stale, func(a, b account.ServiceUse) int { return cmp.Compare(a.Service, b.Service) })
		found = append(found, u)
	}
	return found, missing
}
