package respond_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// newcomer is a user without any rights, made by an administrator before the
// guard's first look.
const newcomer = "newcomer"

// cast is a play with a newcomer, and the guard started after he was made.
func cast(t *testing.T, o stage.Options, opts ...func(*respond.Options)) (*play, *app.Clients) {
	t.Helper()
	p := newPlay(t, o, opts...)
	if err := p.createUser(p.Admin, newcomer); err != nil {
		t.Fatal(err)
	}
	out, err := p.Admin.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(newcomer)})
	if err != nil {
		t.Fatal(err)
	}
	return p, app.Fixed(p.Server.URL(), app.Key{ID: aws.ToString(out.AccessKey.AccessKeyId), Secret: aws.ToString(out.AccessKey.SecretAccessKey)})
}

func (p *play) join(by *app.Clients, user string) {
	p.t.Helper()
	_, err := by.IAM.AddUserToGroup(p.t.Context(), &iam.AddUserToGroupInput{UserName: aws.String(user), GroupName: aws.String(guard.DefaultAdminGroup)})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) leave(by *app.Clients, user string) {
	p.t.Helper()
	_, err := by.IAM.RemoveUserFromGroup(p.t.Context(), &iam.RemoveUserFromGroupInput{UserName: aws.String(user), GroupName: aws.String(guard.DefaultAdminGroup)})
	if err != nil {
		p.t.Fatal(err)
	}
}

// the is the newest record of a caller's call.
func (p *play) the(caller, call string) *trail.Event {
	p.t.Helper()
	var found *trail.Event
	for _, e := range p.lookup() {
		if by := e.Actor(); (by.Name == caller || by.Parent != nil && by.Parent.Name == caller) && e.Name == call {
			found = e
		}
	}
	if found == nil {
		p.t.Fatalf("no %s of %s", call, caller)
	}
	return found
}

func (p *play) handle(r *respond.Responder, e *trail.Event, verdict guard.Verdict, says string) respond.Result {
	p.t.Helper()
	res := r.Handle(p.t.Context(), e)
	if res.Verdict != verdict || !strings.Contains(res.Reason, says) || res.Err != nil {
		p.t.Fatalf("%s of %s: %s (%v): %s\nwant %s: …%s…", e.Name, res.Actor.ARN, res.Verdict, res.Err, res.Reason, verdict, says)
	}
	return res
}

// later is a guard that looks two minutes after.
func (p *play) later(minutes int, opts ...func(*respond.Options)) *respond.Responder {
	p.t.Helper()
	return p.responder(append(opts, func(o *respond.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(minutes) * time.Minute) }
	})...)
}

// Whom an administrator makes an administrator is one at once, and so is whom
// he makes one in turn.
func TestAdministratorsMakeAdministrators(t *testing.T) {
	t.Parallel()
	p, second := cast(t, stage.Options{})
	p.join(p.Admin, newcomer)
	if err := p.createUser(second, "third"); err != nil {
		t.Fatal(err)
	}
	p.join(second, "third")
	added := p.handle(p.r, p.the(p.Truth.Administrator, "AddUserToGroup"), guard.Allowed, "administrator")
	if len(added.AdminsChanged) != 1 || added.AdminsChanged[0].Standing != guard.Entitled || !strings.HasSuffix(added.AdminsChanged[0].ARN, "/"+newcomer) {
		t.Errorf("changed: %+v", added.AdminsChanged)
	}
	p.handle(p.r, p.the(newcomer, "CreateUser"), guard.Allowed, "made one by user "+p.Truth.Administrator)
	third := p.handle(p.r, p.the(newcomer, "AddUserToGroup"), guard.Allowed, "administrator")
	if len(third.AdminsChanged) != 1 || third.AdminsChanged[0].Standing != guard.Entitled {
		t.Errorf("changed: %+v", third.AdminsChanged)
	}
	// Another process knows it from the ledger.
	p.handle(p.responder(), p.the(newcomer, "CreateUser"), guard.Allowed, "made one by")
}

// Whom an outsider makes an administrator is none, whichever event comes
// first, and is contained when he acts.
func TestOutsidersMakeNoAdministrators(t *testing.T) {
	t.Parallel()
	for name, stoogeFirst := range map[string]bool{"in order": false, "the other way round": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, stooge := cast(t, stage.Options{})
			p.join(p.intruder, newcomer)
			if err := p.createUser(stooge, "backdoor"); err != nil {
				t.Fatal(err)
			}
			acted, made := p.the(newcomer, "CreateUser"), p.the(p.Truth.Intruder, "AddUserToGroup")
			if stoogeFirst {
				res := p.handle(p.r, acted, guard.Escalate, "who made him an administrator is not known yet")
				if !res.Retry || res.Action != respond.Escalated {
					t.Errorf("%s, retry %v", res.Action, res.Retry)
				}
			}
			res := p.handle(p.r, made, guard.Contain, "no administrator")
			if len(res.AdminsChanged) != 1 || res.AdminsChanged[0].Standing != guard.Outsider || res.Action != respond.Contained {
				t.Errorf("%s, changed %+v", res.Action, res.AdminsChanged)
			}
			res = p.handle(p.r, acted, guard.Contain, "made an administrator by user "+p.Truth.Intruder+", who was none")
			if res.Action != respond.Contained || !strings.Contains(strings.Join(p.attached(newcomer), " "), guard.DefaultDenyPolicy) {
				t.Errorf("%s, attached %v", res.Action, p.attached(newcomer))
			}
			// A day later he still is none.
			if _, err := p.Admin.IAM.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{
				UserName: aws.String(newcomer), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); err != nil {
				t.Fatal(err)
			}
			next := *acted
			next.ID, next.Time = "00000000-0000-4000-8000-00000000000a", time.Now().Add(24*time.Hour)
			p.handle(p.later(24*60+1), &next, guard.Contain, "who was none")
		})
	}
}

// Nobody vouches for himself: who was made an administrator with a stolen key,
// and added himself while that looked right, is none when it comes to light.
func TestNobodyVouchesForHimself(t *testing.T) {
	t.Parallel()
	th := newTheft(t)
	th.r = th.responder(th.withPast)
	if err := th.createUser(th.Admin, newcomer); err != nil {
		t.Fatal(err)
	}
	if _, err := th.Admin.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String(newcomer), PolicyName: aws.String("work"), PolicyDocument: aws.String(guard.AllowAll)}); err != nil {
		t.Fatal(err)
	}
	_, stooge := th.key(th.root(), newcomer)
	th.join(th.stolen, newcomer)
	th.handle(th.r, th.the(th.boss, "AddUserToGroup"), guard.Allowed, "administrator")
	th.join(stooge, newcomer)
	if res := th.handle(th.r, th.the(newcomer, "AddUserToGroup"), guard.Allowed, "administrator"); len(res.AdminsChanged) != 0 {
		t.Errorf("changed: %+v", res.AdminsChanged)
	}
	if err := th.createUser(stooge, "backdoor"); err != nil {
		t.Fatal(err)
	}
	th.handle(th.r, th.the(newcomer, "CreateUser"), guard.Allowed, "made one by user "+th.boss)
	th.handle(th.r, th.the(th.Truth.Intruder, "CreateAccessKey"), guard.Contain, "no administrator")
	th.handle(th.r, th.the(newcomer, "CreateUser"), guard.Contain, "who was none")
	if !strings.Contains(strings.Join(th.attached(newcomer), " "), guard.DefaultDenyPolicy) {
		t.Errorf("attached %v", th.attached(newcomer))
	}
}

// An administrator of whom nobody knows who made him one: at first a person
// has to look, then he counts as none, and a quarter of an hour after he was
// seen as one.
func TestUnexplainedAdministrator(t *testing.T) {
	t.Parallel()
	p, second := cast(t, stage.Options{})
	p.join(p.Admin, newcomer) // the event of it is lost
	if err := p.createUser(second, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.the(newcomer, "CreateUser")
	if res := p.handle(p.r, e, guard.Escalate, "not known yet"); !res.Retry {
		t.Error("no second look is asked for")
	}
	p.handle(p.later(2), e, guard.Contain, "no administrator is known to have made him one")
	next := *e
	next.ID, next.Time = "00000000-0000-4000-8000-00000000000b", time.Now().Add(20*time.Minute)
	p.handle(p.later(20), &next, guard.Allowed, "administrator")
}

// Nobody can use the guard to lock administrators out by taking their rights.
func TestRobbedAdministrator(t *testing.T) {
	t.Parallel()
	p, second := cast(t, stage.Options{})
	p.join(p.Admin, newcomer)
	p.handle(p.r, p.the(p.Truth.Administrator, "AddUserToGroup"), guard.Allowed, "administrator")
	if _, err := p.Admin.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(newcomer), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")}); err != nil {
		t.Fatal(err)
	}
	p.leave(p.intruder, newcomer)
	if err := p.createUser(second, "repair"); err != nil {
		t.Fatal(err)
	}
	e := p.the(newcomer, "CreateUser")
	before := p.handle(p.r, e, guard.Escalate, "who took that away is not known yet")
	if !before.Retry {
		t.Error("no second look is asked for")
	}
	p.handle(p.r, p.the(p.Truth.Intruder, "RemoveUserFromGroup"), guard.Contain, "no administrator")
	after := *e
	after.ID, after.Time = "00000000-0000-4000-8000-00000000000c", time.Now().Add(time.Minute)
	p.handle(p.later(1), &after, guard.Escalate, "he was an administrator until user "+p.Truth.Intruder)

	// Taken by an administrator it is another matter.
	p.join(p.Admin, newcomer)
	p.handle(p.r, p.the(p.Truth.Administrator, "AddUserToGroup"), guard.Allowed, "administrator")
	p.leave(p.Admin, newcomer)
	p.handle(p.r, p.the(p.Truth.Administrator, "RemoveUserFromGroup"), guard.Allowed, "administrator")
	after.ID, after.Time = "00000000-0000-4000-8000-00000000000d", time.Now().Add(2*time.Minute)
	p.handle(p.later(2), &after, guard.Contain, "no administrator")
}

// An administrator is known as robbed also where the names in the event are
// nobody's any more when it comes: the group was renamed twice, or he himself.
func TestRobbedUnderAnotherName(t *testing.T) {
	t.Parallel()
	for name, rob := range map[string]func(p *play){
		"the group is renamed twice": func(p *play) {
			for _, names := range [][2]string{{guard.DefaultAdminGroup, "A"}, {"A", "B"}} {
				if _, err := p.intruder.IAM.UpdateGroup(t.Context(), &iam.UpdateGroupInput{GroupName: &names[0], NewGroupName: &names[1]}); err != nil {
					p.t.Fatal(err)
				}
			}
		},
		"he is taken out and renamed": func(p *play) {
			p.leave(p.intruder, newcomer)
			if _, err := p.intruder.IAM.UpdateUser(t.Context(), &iam.UpdateUserInput{UserName: aws.String(newcomer), NewUserName: aws.String("nobody")}); err != nil {
				p.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, second := cast(t, stage.Options{})
			p.join(p.Admin, newcomer)
			p.handle(p.r, p.the(p.Truth.Administrator, "AddUserToGroup"), guard.Allowed, "administrator")
			if _, err := p.Admin.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(newcomer), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")}); err != nil {
				t.Fatal(err)
			}
			rob(p)
			for _, e := range p.intruderEvents() {
				p.handle(p.r, e, guard.Contain, "no administrator")
			}
			if err := p.createUser(second, "repair"); err != nil {
				t.Fatal(err)
			}
			var late trail.Event
			for _, e := range p.lookup() {
				if e.Name == "CreateUser" {
					late = *e
				}
			}
			late.Time = time.Now().Add(30 * time.Minute)
			p.handle(p.later(30), &late, guard.Escalate, "he was an administrator until user "+p.Truth.Intruder)
		})
	}
}

// Who was made an administrator by an outsider and took that away from all
// others is contained: the place of the last administrator protects nobody who
// took it.
func TestTakesTheAdministratorsPlace(t *testing.T) {
	t.Parallel()
	p, last := cast(t, stage.Options{})
	p.join(p.intruder, newcomer)
	if err := p.createUser(last, "x"); err != nil {
		t.Fatal(err)
	}
	made, acted := p.the(p.Truth.Intruder, "AddUserToGroup"), p.the(newcomer, "CreateUser")
	group, err := p.Admin.IAM.GetGroup(t.Context(), &iam.GetGroupInput{GroupName: aws.String(guard.DefaultAdminGroup)})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range group.Users {
		if name := aws.ToString(u.UserName); name != newcomer {
			p.leave(last, name)
		}
	}
	p.handle(p.r, made, guard.Contain, "no administrator")
	if res := p.handle(p.r, acted, guard.Contain, "made an administrator by user "+p.Truth.Intruder); res.Action != respond.Contained {
		t.Errorf("%s", res.Action)
	}
}

// The tag of a user or role counts as membership does.
func TestTaggedAdministrator(t *testing.T) {
	t.Parallel()
	asAdmin := func(o *respond.Options) {
		o.Guard.AdminTag = guard.Tag{Key: "duty", Value: "iam"}
	}
	p, second := cast(t, stage.Options{})
	r := p.responder(asAdmin, func(o *respond.Options) {
		o.Lookup = respond.Live{Identities: collect.NewIdentities(p.Admin.IAM), Reader: p.Admin.IAM}
	})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	tag := func(by *app.Clients) {
		if _, err := by.IAM.TagUser(t.Context(), &iam.TagUserInput{UserName: aws.String(newcomer), Tags: []types.Tag{{Key: aws.String("duty"), Value: aws.String("iam")}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Admin.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(newcomer), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")}); err != nil {
		t.Fatal(err)
	}
	tag(p.Admin)
	if err := p.createUser(second, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.the(newcomer, "CreateUser")
	changed := p.handle(r, p.the(p.Truth.Administrator, "TagUser"), guard.Allowed, "administrator").AdminsChanged
	if len(changed) != 1 || changed[0].Way != "tag duty=iam" {
		t.Errorf("changed %+v", changed)
	}
	p.handle(r, e, guard.Allowed, "has the tag duty=iam, made one by user "+p.Truth.Administrator)
	// A guard without the rule knows nothing of tags.
	p.handle(p.r, e, guard.Contain, "no administrator")
}

// forgetful is a look-up that cannot list members.
type forgetful struct{ respond.Lookup }

func (forgetful) Members(context.Context, string) ([]account.User, error) {
	return nil, errors.New("AccessDenied: not authorized to perform iam:GetGroup")
}

// Without any memory of the administrators nobody is let go, and nobody
// contained.
func TestNoBaseline(t *testing.T) {
	t.Parallel()
	p, _ := cast(t, stage.Options{})
	blind := p.responder(func(o *respond.Options) {
		o.Lookup, o.Ledger = forgetful{o.Lookup}, ledger.New(&ledger.Memory{}, nil)
	})
	if err := blind.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "who is an administrator") {
		t.Errorf("the start says %v", err)
	}
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	for caller, call := range map[string]string{p.Truth.Administrator: "CreateUser", p.Truth.Intruder: "CreateUser"} {
		res := blind.Handle(t.Context(), p.the(caller, call))
		if res.Verdict != guard.Escalate || !strings.Contains(res.Reason, "who is known as an administrator could not be read") || !res.Retry {
			t.Errorf("%s: %s, retry %v: %s", caller, res.Verdict, res.Retry, res.Reason)
		}
	}
}

// What an outsider's stooge did before it was known who made him an
// administrator is looked up and judged again.
func TestChangeOfAdministratorsJudgesAgain(t *testing.T) {
	t.Parallel()
	p, stooge := cast(t, stage.Options{})
	p.join(p.intruder, newcomer)
	if err := p.createUser(stooge, "backdoor"); err != nil {
		t.Fatal(err)
	}
	r := p.responder(func(o *respond.Options) { o.Past = p.past() })
	p.handle(r, p.the(p.Truth.Intruder, "AddUserToGroup"), guard.Contain, "no administrator")
	if !strings.Contains(strings.Join(p.attached(newcomer), " "), guard.DefaultDenyPolicy) {
		t.Errorf("the stooge has %v", p.attached(newcomer))
	}
}

// Who renames himself after a call is found by his unique id, and is still
// one incident.
func TestRenamedCaller(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	if err := p.createUser(p.intruder, "backdoor"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.intruder.IAM.UpdateUser(t.Context(), &iam.UpdateUserInput{UserName: aws.String(p.Truth.Intruder), NewUserName: aws.String("nobody")}); err != nil {
		t.Fatal(err)
	}
	// Somebody else may have the name now.
	if err := p.createUser(p.Admin, p.Truth.Intruder); err != nil {
		t.Fatal(err)
	}
	res := p.handle(p.r, p.intruderEvents()[0], guard.Contain, "no administrator")
	if got := p.attached("nobody"); res.Action != respond.Contained || !strings.Contains(strings.Join(got, " "), guard.DefaultDenyPolicy) {
		t.Errorf("%s: he has %v", res.Action, got)
	}
	if got := p.attached(p.Truth.Intruder); len(got) != 0 {
		t.Errorf("the new bearer of the name has %v", got)
	}
}
