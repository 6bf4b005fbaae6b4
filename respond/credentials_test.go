package respond_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
	"warden/twin"
)

// theft is a play in which the intruder has a key of an administrator.
type theft struct {
	*play
	boss   string
	id     string
	stolen *app.Clients
	proofs int
}

func newTheft(t *testing.T, opts ...func(*respond.Options)) *theft {
	t.Helper()
	th := &theft{}
	th.play = newPlay(t, stage.Options{Sessions: true, Rights: []string{guard.AllowAll}}, opts...)
	th.boss = th.Truth.Administrator
	th.id, th.stolen = th.key(th.intruder, th.boss)
	return th
}

// key makes a key for a user; the caller stops the test where he may not.
func (p *play) key(by *app.Clients, user string) (id string, with *app.Clients) {
	p.t.Helper()
	out, err := by.IAM.CreateAccessKey(p.t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	if err != nil {
		p.t.Fatal(err)
	}
	return *out.AccessKey.AccessKeyId, app.Fixed(p.Server.URL(), app.Key{ID: *out.AccessKey.AccessKeyId, Secret: *out.AccessKey.SecretAccessKey})
}

func (p *play) active(user, id string) bool {
	p.t.Helper()
	out, err := p.Admin.IAM.ListAccessKeys(p.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String(user)})
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.ContainsFunc(out.AccessKeyMetadata, func(k types.AccessKeyMetadata) bool { return *k.AccessKeyId == id && k.Status == "Active" })
}

// calls are the records of calls made with an access key, the oldest first.
func (p *play) calls(key string) (out []*trail.Event) {
	for _, e := range p.lookup() {
		if e.Identity.AccessKeyID == key {
			out = append(out, e)
		}
	}
	return out
}

// unharmed checks that the administrator is denied nothing and is one still.
func (th *theft) unharmed() {
	th.t.Helper()
	for _, p := range th.attached(th.boss) {
		if strings.HasPrefix(p, "DENY") {
			th.t.Errorf("the administrator has %s", p)
		}
	}
	th.proofs++
	if err := th.createUser(th.Admin, fmt.Sprintf("by-the-administrator-%d", th.proofs)); err != nil {
		th.t.Errorf("the administrator himself: %v", err)
	}
	th.handle(th.r, th.the(th.boss, "CreateUser"), guard.Allowed, "administrator")
}

// The key that an outsider made for an administrator is made inactive with the
// outsider's containment, and before it was used.
func TestAnAdministratorsKeyIsClosed(t *testing.T) {
	t.Parallel()
	th := newTheft(t)
	res := th.handle(th.r, th.the(th.Truth.Intruder, "CreateAccessKey"), guard.Contain, "no administrator")
	if res.Action != respond.Contained || th.active(th.boss, th.id) {
		t.Errorf("%s, taken %v; the key is active: %v", res.Action, res.Taken, th.active(th.boss, th.id))
	}
	th.unharmed()
	if u, err := th.Ledger.Incident(t.Context(), res.Incident); err != nil || len(u.Steps) != 2 {
		t.Errorf("steps %+v, %v", u.Steps, err)
	}
}

// What is done with the key is the outsider's, whichever event comes first:
// the key is contained, what it granted counts for nothing, and the
// administrator goes on.
func TestAnAdministratorsKeyInOtherHands(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{
		"in order":          {"key", "act", "join", "oust"},
		"the key's at last": {"act", "join", "oust", "key"},
		"reversed":          {"oust", "join", "act", "key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newTheft(t)
			th.r = th.responder(th.withPast)
			if err := th.createUser(th.stolen, "planted"); err != nil {
				t.Fatal(err)
			}
			th.join(th.stolen, "planted")
			th.leave(th.stolen, th.boss)
			th.Admin = th.root()
			events := map[string]*trail.Event{
				"key": th.the(th.Truth.Intruder, "CreateAccessKey"), "act": th.the(th.boss, "CreateUser"),
				"join": th.the(th.boss, "AddUserToGroup"), "oust": th.the(th.boss, "RemoveUserFromGroup"),
			}
			for _, e := range order {
				if res := th.r.Handle(t.Context(), events[e]); res.Err != nil {
					t.Errorf("%s: %v", e, res.Err)
				}
			}
			if th.active(th.boss, th.id) {
				t.Error("the key is active")
			}
			for _, p := range th.attached(th.boss) {
				if strings.HasPrefix(p, "DENY") {
					t.Errorf("the administrator has %s", p)
				}
			}
			// Whom the key made an administrator is none, and the administrator
			// was robbed and is not contained for what he goes on to do.
			for _, e := range []string{"act", "join", "oust"} {
				res := th.r.Judge(t.Context(), events[e])
				if res.Verdict != guard.Contain || res.Credential != th.id || res.Standing != guard.Outsider {
					t.Errorf("%s: %s of %q, %s: %s", e, res.Verdict, res.Credential, res.Standing, res.Reason)
				}
			}
			_, planted := th.key(th.Admin, "planted")
			if err := th.createUser(planted, "by-the-planted"); err != nil {
				t.Fatal(err)
			}
			th.handle(th.r, th.the("planted", "CreateUser"), guard.Contain, "no administrator")
			own := *events["act"]
			own.Identity.AccessKeyID, own.ID = "AKIAHISOWN", "his-own"
			own.Time = own.Time.Add(-2 * time.Second)
			th.handle(th.r, &own, guard.Alert, "he was an administrator then")
			late := own
			late.ID, late.Time = "his-own-later", events["oust"].Time.Add(time.Second)
			th.handle(th.r, &late, guard.Escalate, "took that away")
		})
	}
}

// root acts where the administrator may be ousted.
func (p *play) root() *app.Clients {
	p.t.Helper()
	id, secret, err := p.Twin.Credentials(twin.RootUser)
	if err != nil {
		p.t.Fatal(err)
	}
	return app.Fixed(p.Server.URL(), app.Key{ID: id, Secret: secret})
}

// Sessions that were got with the key are the outsider's too, also where the
// key's own event comes after them all.
func TestSessionsOfAnAdministratorsKey(t *testing.T) {
	t.Parallel()
	for name, keyFirst := range map[string]bool{"in order": true, "the key's at last": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newTheft(t)
			th.r = th.responder(th.withPast, func(o *respond.Options) { o.Guard.ContainSessions = true })
			out, err := th.stolen.STS.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
			if err != nil {
				t.Fatal(err)
			}
			session := app.Fixed(th.Server.URL(), app.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Token: *out.Credentials.SessionToken})
			role, err := session.STS.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(th.Truth.AdminRole), RoleSessionName: aws.String("deep")})
			if err != nil {
				t.Fatal(err)
			}
			deep := app.Fixed(th.Server.URL(), app.Key{ID: *role.Credentials.AccessKeyId, Secret: *role.Credentials.SecretAccessKey, Token: *role.Credentials.SessionToken})
			if err := th.createUser(deep, "by-the-session"); err != nil {
				t.Fatal(err)
			}
			events := []*trail.Event{th.the(th.Truth.Intruder, "CreateAccessKey"), th.the(th.boss, "GetSessionToken"), th.calls(*out.Credentials.AccessKeyId)[0], th.calls(*role.Credentials.AccessKeyId)[0]}
			if !keyFirst {
				events = append(events[1:], events[0])
			}
			for _, e := range events {
				if res := th.r.Handle(t.Context(), e); res.Err != nil {
					t.Errorf("%s: %v", e.Name, res.Err)
				}
			}
			act := th.calls(*role.Credentials.AccessKeyId)[0]
			if res := th.r.Judge(t.Context(), act); res.Verdict != guard.Contain || res.Held == nil || !strings.Contains(res.Held.By, th.Truth.Intruder) {
				t.Errorf("the role's session: %s: %s", res.Verdict, res.Reason)
			}
			if err := th.createUser(deep, "again"); code(err) != "AccessDenied" {
				t.Errorf("the role's session goes on: %v", err)
			}
			// A write in the session of the administrator himself, as one with
			// MFA could make it, denies sessions from until then and nothing else.
			write := *act
			write.Identity, write.ID = th.calls(*out.Credentials.AccessKeyId)[0].Identity, "a-write-of-the-session"
			res := th.handle(th.r, &write, guard.Contain, "with a session that")
			if !slices.Contains([]respond.Action{respond.Contained, respond.Joined}, res.Action) || res.Credential == "" {
				t.Errorf("%s %q", res.Action, res.Credential)
			}
			th.unharmed()
			// Taken away again and again, it is put back, and the administrator
			// is not denied anything for that either.
			for range 3 {
				list, err := th.Admin.IAM.ListUserPolicies(t.Context(), &iam.ListUserPoliciesInput{UserName: aws.String(th.boss)})
				if err != nil || !slices.Contains(list.PolicyNames, "DENY-IAM-SESSIONS") {
					t.Fatalf("inline policies %v, %v", list, err)
				}
				if _, err := th.Admin.IAM.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: aws.String(th.boss), PolicyName: aws.String("DENY-IAM-SESSIONS")}); err != nil {
					t.Fatal(err)
				}
				if again, err := th.r.Recheck(t.Context(), res.Incident); err != nil || !again.Restored {
					t.Errorf("%+v %v", again, err)
				}
			}
			th.unharmed()
		})
	}
}

// A key that an administrator switches on again is its owner's.
func TestAKeyIsGivenBack(t *testing.T) {
	t.Parallel()
	th := newTheft(t)
	th.handle(th.r, th.the(th.Truth.Intruder, "CreateAccessKey"), guard.Contain, "no administrator")
	if _, err := th.Admin.IAM.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(th.boss), AccessKeyId: aws.String(th.id), Status: "Active"}); err != nil {
		t.Fatal(err)
	}
	// What happens in one second counts for the outsider.
	back := *th.the(th.boss, "UpdateAccessKey")
	back.Time = back.Time.Add(2 * time.Second)
	th.handle(th.r, &back, guard.Allowed, "administrator")
	if err := th.createUser(th.stolen, "by-the-owner"); err != nil {
		t.Fatal(err)
	}
	act := *th.calls(th.id)[0]
	act.Time = back.Time.Add(time.Second)
	th.handle(th.r, &act, guard.Allowed, "administrator")
	if !th.active(th.boss, th.id) {
		t.Error("the key is inactive")
	}
}

// A key that was switched on with the key of another administrator, of which it
// comes to light later that an outsider made it, is nobody's who may.
func TestAKeyIsNotGivenBackByAnOutsider(t *testing.T) {
	t.Parallel()
	th := newTheft(t)
	th.r = th.responder(th.withPast)
	const second = "second"
	if err := th.createUser(th.Admin, second); err != nil {
		t.Fatal(err)
	}
	th.join(th.Admin, second)
	th.handle(th.r, th.the(th.boss, "AddUserToGroup"), guard.Allowed, "administrator")
	th.handle(th.r, th.the(th.Truth.Intruder, "CreateAccessKey"), guard.Contain, "no administrator")
	_, seconds := th.key(th.root(), second)
	_, planted := th.key(seconds, second) // as if the intruder had made it
	made := *th.the(second, "CreateAccessKey")
	made.Identity, made.Time = th.intruderEvents()[0].Identity, made.Time.Add(time.Second)
	if _, err := planted.IAM.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(th.boss), AccessKeyId: aws.String(th.id), Status: "Active"}); err != nil {
		t.Fatal(err)
	}
	back := *th.the(second, "UpdateAccessKey")
	back.Time = made.Time.Add(time.Second)
	th.handle(th.r, &back, guard.Allowed, "administrator")
	if err := th.createUser(th.stolen, "by-the-intruder"); err != nil {
		t.Fatal(err)
	}
	act := *th.calls(th.id)[0]
	act.Time = back.Time.Add(time.Second)
	th.handle(th.r, &act, guard.Allowed, "administrator")

	th.handle(th.r, &made, guard.Contain, "no administrator")
	th.handle(th.r, &back, guard.Contain, "which user "+th.Truth.Intruder)
	th.handle(th.r, &act, guard.Contain, "access key "+th.id)
	if th.active(th.boss, th.id) {
		t.Error("the administrator's key still works")
	}
}

// A failed call with a key that an outsider made is told once, also where its
// owner becomes an administrator meanwhile, so that from then on the key alone
// is looked at.
func TestAFailedCallIsToldOnce(t *testing.T) {
	t.Parallel()
	p, _ := cast(t, stage.Options{})
	_, planted := p.key(p.intruder, newcomer)
	if err := p.createUser(planted, "x"); code(err) != "AccessDenied" {
		t.Fatal(err)
	}
	failed := *p.the(newcomer, "CreateUser")
	p.handle(p.r, p.the(p.Truth.Intruder, "CreateAccessKey"), guard.Contain, "no administrator")
	first := p.handle(p.r, &failed, guard.Alert, "which user "+p.Truth.Intruder)
	told := len(p.Twin.Published())
	p.join(p.Admin, newcomer)
	p.handle(p.r, p.the(p.Truth.Administrator, "AddUserToGroup"), guard.Allowed, "administrator")
	again := p.handle(p.r, &failed, guard.Alert, "which user "+p.Truth.Intruder)
	if again.Credential == "" || again.Incident != first.Incident || len(p.Twin.Published()) != told {
		t.Errorf("credential %q, incident %s after %s, %d messages after %d", again.Credential, again.Incident, first.Incident, len(p.Twin.Published()), told)
	}
}

// Who signs in with a password that an outsider set is the outsider, until
// somebody who may sets another.
func TestAPasswordInOtherHands(t *testing.T) {
	t.Parallel()
	th := newTheft(t)
	profile := func(by *app.Clients) error {
		_, err := by.IAM.UpdateLoginProfile(t.Context(), &iam.UpdateLoginProfileInput{UserName: aws.String(th.boss), Password: aws.String("Another-One-4711!")})
		if code(err) == "NoSuchEntity" {
			_, err = by.IAM.CreateLoginProfile(t.Context(), &iam.CreateLoginProfileInput{UserName: aws.String(th.boss), Password: aws.String("Another-One-4711!")})
		}
		return err
	}
	if err := profile(th.intruder); err != nil {
		t.Fatal(err)
	}
	var set *trail.Event
	for _, e := range th.intruderEvents() {
		if strings.HasSuffix(e.Name, "LoginProfile") && !e.Failed() {
			set = e
		}
	}
	th.handle(th.r, set, guard.Contain, "no administrator")
	if err := th.createUser(th.Admin, "own"); err != nil {
		t.Fatal(err)
	}
	in := func(id string, seconds int) *trail.Event {
		e := *th.the(th.boss, "CreateUser")
		issued := set.Time.Add(time.Duration(seconds) * time.Second)
		e.ID, e.FromConsole, e.Time = id, true, issued.Add(time.Second)
		e.Identity.AccessKeyID, e.Identity.Session = "ASIACONSOLE", &trail.Session{CreatedAt: issued}
		return &e
	}
	res := th.handle(th.r, in("after", 1), guard.Contain, "with the password that user "+th.Truth.Intruder)
	if res.Action != respond.PartlyContained {
		t.Errorf("%s", res.Action)
	}
	th.handle(th.r, in("before", -1), guard.Allowed, "administrator")
	th.unharmed()
	if err := profile(th.Admin); err != nil {
		t.Fatal(err)
	}
	again := th.the(th.boss, "UpdateLoginProfile")
	if again.Time.Equal(set.Time) {
		later := *again
		later.Time = set.Time.Add(5 * time.Second)
		again = &later
	}
	th.handle(th.r, again, guard.Allowed, "administrator")
	th.handle(th.r, in("much later", 10), guard.Allowed, "administrator")
}
