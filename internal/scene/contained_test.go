package scene

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/twin"
)

func key(id, secret string) app.Key { return app.Key{ID: id, Secret: secret} }

// slip is a credential with which IAM can still be written to.
type slip struct {
	credential string
	name       string // of the user or role
	how        string
	said       string // the first message that says so
}

// contained: with no credential of the intruder's IAM can be written to any
// more. Where that is not so, people were told of it; with the organisation's
// policy it is so, unless the budget is used up, and more than DENY-IAM waits
// for a person.
//
// Who is denied IAM only can take a role that trusts him, once more: the
// session that he gets is contained when it writes. In his last stand he has
// done that, with the guard at work.
func (e *end) contained(ctx context.Context) (wrong []string) {
	pause(ctx, e.cfg.faults.Propagation+time.Second)
	n := 0
	writes := func(c *app.Clients) bool {
		n++
		_, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(fmt.Sprintf("probe-%d", n))})
		return err == nil
	}
	for _, c := range e.intruder.credentials {
		name := c.user
		if role, session, ok := strings.Cut(c.name, "/"); ok && c.role != "" {
			name = "session " + session + " of role " + role
		}
		if writes(c.clients) {
			e.slips = append(e.slips, slip{credential: c.name, name: name, how: "CreateUser"})
			continue
		}
		if _, err := c.clients.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(e.Truth.AdminRole), RoleSessionName: aws.String("probe")}); err == nil {
			e.takers++
		}
	}
	for i := range e.slips {
		s := &e.slips[i]
		if s.said = e.saidOf(s.name); s.said == "" {
			wrong = append(wrong, fmt.Sprintf("%s still works (%s), and nobody was told; it stands %v", s.credential, s.how, e.standing(s.name)))
		}
	}
	charged, err := e.Ledger.Charges(ctx, e.Account)
	if err != nil {
		return append(wrong, err.Error())
	}
	open := slices.DeleteFunc(slices.Clone(e.slips), func(s slip) bool { return s.name == e.Truth.BreakGlass }) // never touched
	if e.cfg.organization && len(charged) < e.cfg.guard.Budget && len(open) > 0 {
		wrong = append(wrong, fmt.Sprintf("with the organisation's policy %d credentials still work: %+v", len(open), open))
	}
	return wrong
}

// saidOf finds the message that says that an identity is not, or not wholly,
// contained.
func (e *end) saidOf(name string) string {
	for _, m := range e.published {
		text := m.Subject + "\n" + m.Message
		if !names(text, name) {
			continue
		}
		for _, word := range []string{"being taken away", "partly", "PARTLY", "not contained", "NOT", "still open", "last administrator", "protected, so never touched", "may not look"} {
			if strings.Contains(text, word) {
				return fmt.Sprintf("%.1fs %s", m.Time.Sub(e.began).Seconds(), m.Subject)
			}
		}
	}
	return ""
}

// restorer is who gives everything back: a person whom nothing denies.
func (e *end) restorer() (*apply.Applier, apply.Reader) {
	o := apply.Options{Account: e.Account, Worker: "person"}
	if e.Org == nil {
		id, secret, err := e.Twin.Credentials(twin.RootUser)
		if err != nil {
			e.tb.Fatal(err)
		}
		root := e.clients("person", key(id, secret)).IAM
		return apply.New(root, e.Ledger, o), root
	}
	id, secret, err := e.Org.Credentials(e.Others.Management, e.Others.ManagementAdministrator)
	if err != nil {
		e.tb.Fatal(err)
	}
	manager := e.clients("person", key(id, secret))
	o.Organizations = manager.Organizations
	there := manager.Assume(e.Others.AccessRole, "").IAM
	return apply.New(there, e.Ledger, o), apply.Guarded(there, manager.Organizations)
}

// undo: everything that the guard changed is given back byte for byte, but for
// what others changed since, which is named.
func (e *end) undo(ctx context.Context) (wrong []string) {
	pause(ctx, 2*time.Minute) // what a dead runtime had begun counts as dead
	a, reader := e.restorer()
	if _, err := a.Resume(ctx, 0); err != nil {
		wrong = append(wrong, fmt.Sprintf("resume: %v", err))
	}
	incidents, err := e.Ledger.Incidents(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	slices.SortStableFunc(incidents, func(a, b ledger.Incident) int { return b.LastAt.Compare(a.LastAt) })
	former := map[change.Setting]ledger.StepState{}
	named := map[change.Setting]string{}
	for _, in := range incidents {
		for _, s := range in.Steps {
			if was, ok := former[s.Step.Setting]; !s.Undo && s.InForce() && (!ok || s.Round < was.Round || s.TouchedAt.Before(was.TouchedAt)) {
				former[s.Step.Setting] = s
			}
		}
	}
	own := func(in ledger.Incident) int {
		if strings.HasPrefix(in.ID, "deny-policy-") {
			return 1 // last: nobody has it by then
		}
		return 0
	}
	slices.SortStableFunc(incidents, func(a, b ledger.Incident) int { return own(a) - own(b) })
	for _, in := range incidents {
		u, err := a.UndoPlan(ctx, in.ID, "", apply.UndoOptions{})
		var changed *apply.ChangedError
		if errors.As(err, &changed) {
			for _, c := range changed.Conflicts {
				named[c.Setting] = c.String()
			}
			u, err = a.UndoPlan(ctx, in.ID, "", apply.UndoOptions{Force: true, Reason: "the scene is over"})
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("undo of %s: %v", in.ID, err))
			continue
		}
		for _, l := range u.Left {
			e.note("undo", "left: %s", l)
		}
		report, err := a.Undo(ctx, u)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("undo of %s: %v", in.ID, err))
		}
		for _, s := range report.Steps {
			if s.Outcome.Status == ledger.Kept {
				named[s.Step.Setting] = "something else uses it now"
			}
		}
		for _, p := range report.Problems() {
			e.note("undo", "%s: %s", in.ID, p)
			for _, s := range report.Steps {
				named[s.Step.Setting] += p
			}
		}
	}
	return slices.Concat(wrong, exact(ctx, reader, former, named), e.restored(named))
}

// exact compares what was given back with what was there before.
func exact(ctx context.Context, reader apply.Reader, former map[change.Setting]ledger.StepState, named map[change.Setting]string) (wrong []string) {
	for _, setting := range slices.SortedFunc(maps.Keys(former), func(a, b change.Setting) int { return cmp.Compare(a.String(), b.String()) }) {
		s := former[setting]
		found, err := apply.Read(ctx, reader, setting)
		if errors.Is(err, apply.ErrGone) {
			continue
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s cannot be read: %v", setting, err))
			continue
		}
		if !found.Same(s.Former) && named[setting] == "" && len(s.Step.Lost()) == 0 {
			wrong = append(wrong, fmt.Sprintf("%s was %s and is %s after undo", setting, s.Former, found))
		}
	}
	slices.Sort(wrong)
	return wrong
}
