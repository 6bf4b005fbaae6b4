package scene

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
	"warden/twin"
)

// invariants are what has to hold at the end of every scene, by the names that
// docs/guard.md gives them. They run in this order: the last ones change the
// account.
var invariants = []struct {
	id    string
	check func(e *end, ctx context.Context) []string
}{
	{"ledger", (*end).ledgerHolds},
	{"rounds", (*end).rounds},
	{"told", (*end).told},
	{"told-once", (*end).toldOnce},
	{"budget", (*end).budget},
	{"by-plan", (*end).byPlan},
	{"spared", (*end).spared},
	{"contained", (*end).contained},
	{"undo", (*end).undo},
}

// end is what a scene left.
type end struct {
	*scene
	incidents []ledger.Incident
	published []twin.Notification
	slips     []slip
	takers    int // credentials that can still take a role
	// past is CloudTrail's history of the company, and of the management
	// account, before the checks change anything; the oldest first.
	past [][]*trail.Event
}

// check runs the invariants and returns what does not hold, by invariant.
func (s *scene) check(ctx context.Context) (*end, []string) {
	e := &end{scene: s}
	var wrong []string
	var err error
	if e.incidents, err = s.Ledger.Incidents(ctx); err != nil {
		return e, []string{err.Error()}
	}
	e.published = s.Twin.Published()
	if s.Org != nil {
		e.published = s.Org.Account(s.Others.Security).Published()
	}
	e.past = e.history(ctx)
	for _, inv := range invariants {
		for _, text := range inv.check(e, ctx) {
			wrong = append(wrong, inv.id+": "+text)
		}
	}
	return e, append(wrong, s.failures...)
}

func (e *end) ledgerHolds(ctx context.Context) []string {
	if _, _, err := e.Ledger.Verify(ctx, ""); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func (e *end) rounds(context.Context) (wrong []string) {
	for _, in := range e.incidents {
		for i, p := range in.Plans {
			if p.Round != i+1 {
				wrong = append(wrong, fmt.Sprintf("%s has plan %d in round %d", in.ID, i+1, p.Round))
			}
		}
	}
	return wrong
}

// toldOnce: a message that is recorded was sent, and none was sent more often
// than it is recorded, but for crashes and for answers that were lost.
func (e *end) toldOnce(context.Context) (wrong []string) {
	sent := map[string]int{}
	for _, m := range e.published {
		sent[m.Message]++
	}
	total := 0
	for _, in := range e.incidents {
		total += len(in.Notifications)
	}
	spare := int(e.crashed.Load() + e.lost.Load())
	if len(e.published) > total+spare {
		wrong = append(wrong, fmt.Sprintf("%d messages were sent, %d are recorded, and %d may have been sent again", len(e.published), total, spare))
	}
	if len(e.published) < total {
		wrong = append(wrong, fmt.Sprintf("%d messages are recorded, %d were sent", total, len(e.published)))
	}
	again := 0
	var twice []string
	for text, n := range sent {
		if again += n - 1; n > 1 {
			twice = append(twice, text)
		}
	}
	slices.Sort(twice)
	if again > spare {
		wrong = append(wrong, fmt.Sprintf("%d messages came again, %d may: %q", again, spare, twice))
	}
	return wrong
}

// budget: no more original callers were dealt with beyond DENY-IAM than the
// budget allows, and nothing was taken back for any other.
func (e *end) budget(ctx context.Context) (wrong []string) {
	charged, err := e.Ledger.Charges(ctx, e.Account)
	if err != nil {
		return []string{err.Error()}
	}
	if len(charged) > e.cfg.guard.Budget {
		wrong = append(wrong, fmt.Sprintf("%d callers were charged, the budget is %d", len(charged), e.cfg.guard.Budget))
	}
	byID := map[string]ledger.Incident{}
	for _, in := range e.incidents {
		byID[in.ID] = in
	}
	for _, in := range e.incidents {
		origin := in
		for origin.Parent != "" {
			origin = byID[origin.Parent]
		}
		for _, s := range in.Steps {
			if (strings.HasPrefix(s.Step.Reason, "takes back ") || strings.HasPrefix(s.Step.Reason, "puts back what")) && s.Acted && !slices.Contains(charged, origin.ID) {
				wrong = append(wrong, fmt.Sprintf("%s was done for %s, whose origin %s was not charged", s.Step, in.ID, origin.ID))
			}
		}
	}
	return wrong
}

// byPlan: what the guard's roles changed, by CloudTrail, is a step that the
// ledger had before.
func (e *end) byPlan(context.Context) (wrong []string) {
	var steps []ledger.StepState
	for _, in := range e.incidents {
		for _, s := range in.Steps {
			if s.Acted { // the ledger has that the call was begun
				steps = append(steps, s)
			}
		}
	}
	for _, r := range e.guardWrites() {
		params := r.Request
		if !slices.ContainsFunc(steps, func(s ledger.StepState) bool {
			name, _, _ := strings.Cut(s.Step.Name[strings.LastIndexByte(s.Step.Name, ':')+1:], "/")
			if s.Step.Kind != change.Statement {
				name = last(s.Step.Name)
			} else if change.IsGuardrail(s.Step.Target) {
				name = ""
			}
			return string(s.Step.Action) == r.Name && strings.Contains(string(params), last(s.Step.Target)) && strings.Contains(string(params), name)
		}) {
			wrong = append(wrong, fmt.Sprintf("%s with %s is no step of any plan", r.Name, params))
		}
	}
	return wrong
}

func last(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// guardWrites are the successful writing calls of the guard's roles.
func (e *end) guardWrites() []*trail.Event {
	var out []*trail.Event
	for _, events := range e.past {
		for _, r := range events {
			if !r.Failed() && byGuard(r) && writes(r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// byGuard reports whether a call is the guard's.
func byGuard(r *trail.Event) bool {
	issuer := r.Actor().Role
	return issuer != nil && strings.Contains(issuer.ARN, "/security/warden-")
}

func writes(r *trail.Event) bool {
	if r.Source != "iam.amazonaws.com" && r.Source != "organizations.amazonaws.com" {
		return false
	}
	return !strings.HasPrefix(r.Name, "Get") && !strings.HasPrefix(r.Name, "List") && !strings.HasPrefix(r.Name, "Describe")
}

// history is CloudTrail's of the company and of the management account, the
// oldest first.
func (e *end) history(ctx context.Context) [][]*trail.Event {
	accounts := []*twin.Twin{e.Twin}
	if e.Org != nil {
		accounts = append(accounts, e.Org.Account(e.Others.Management))
	}
	var all [][]*trail.Event
	for _, t := range accounts {
		id, secret, err := t.Credentials(twin.RootUser)
		if err != nil {
			e.tb.Fatal(err)
		}
		past := source.NewLookup(map[string]source.LookupClient{"us-east-1": e.clients("root", key(id, secret)).CloudTrail})
		var events []*trail.Event
		for ev, err := range past.Events(ctx, time.Time{}, time.Time{}, source.Filter{}) {
			if err != nil {
				e.tb.Fatal(err)
			}
			events = append(events, ev)
		}
		slices.Reverse(events)
		all = append(all, events)
	}
	return all
}

// spared: protected identities, the guard's own, administrators and who has
// nothing to do with it are never touched. What the intruder did to somebody
// may be taken back, but it denies him nothing. The ledger says so, and so does
// CloudTrail.
func (e *end) spared(context.Context) (wrong []string) {
	never := append([]string{e.Truth.GuardRole, e.Truth.ServiceLinkedRole, e.Truth.SSORole}, e.protected...)
	admins := map[string]bool{}
	for _, u := range e.before.Users {
		if slices.Contains(u.Groups, "Administrators") {
			admins[u.ARN] = true
		}
		if u.Name == e.Truth.Guard {
			admins[u.ARN] = true // a key that was made for him may be taken back
		}
	}
	if e.Org != nil {
		never = append(never, e.Others.ResponderRole, e.Others.EventsRole, e.Others.AccessRole)
	}
	for _, in := range e.incidents {
		for _, s := range in.Steps {
			t := s.Step.Target
			switch {
			case !s.Acted:
			case slices.Contains(never, t):
				wrong = append(wrong, fmt.Sprintf("%s touches %s", s.Step, t))
			case admins[t] && denies(s.Step):
				wrong = append(wrong, fmt.Sprintf("%s denies an administrator", s.Step))
			case !e.involved(t):
				wrong = append(wrong, fmt.Sprintf("%s touches %s, who has nothing to do with it (%s)", s.Step, t, s.Step.Reason))
			}
		}
	}
	return append(wrong, e.untouched(never, admins)...)
}

// denies reports whether a step denies something to who it is about, and not
// only to sessions that there were.
func denies(s change.Step) bool {
	if d, ok := change.ReadDenial(s.After.Text); ok && !d.Until.IsZero() {
		return false
	}
	return s.After.Exists && (s.Kind == change.Attachment && strings.Contains(s.Name, ":policy/DENY-") || s.Kind == change.Boundary || s.Kind == change.Statement || s.Kind == change.Inline)
}

func (e *end) involved(target string) bool {
	switch {
	case strings.Contains(target, ":user/"):
		return slices.Contains(e.intruder.users, last(target)) || slices.Contains(e.intruder.victims, "user/"+last(target))
	case strings.Contains(target, ":role/"):
		return slices.Contains(e.intruder.victims, "role/"+last(target))
	case strings.Contains(target, ":policy/"):
		return strings.HasPrefix(last(target), "DENY-IAM") || change.IsGuardrail(target)
	}
	return true
}

// standing is how the incidents about a name stand, in words.
func (e *end) standing(name string) []string {
	var out []string
	for _, in := range e.incidents {
		if last(in.Caller) == name || strings.HasPrefix(name, "session "+last(in.Caller)+" of role ") {
			out = append(out, respond.Standing(in))
		}
	}
	return out
}
