package respond_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/change/apply"
	"warden/guard"
	"warden/internal/stage"
	"warden/notify"
	"warden/respond"
	"warden/trail"
	"warden/twin"
)

// hands is a play in which sessions are contained, with the rights of the
// stack's default role, or with those of the responder's too.
func hands(t *testing.T, responder bool, spoil ...string) (*play, *heard) {
	t.Helper()
	o, err := stage.Least(stage.Options{Sessions: true, Guard: guard.Config{ContainSessions: true}})
	if err == nil && responder {
		o.Rights, err = stage.StackRights(twin.SampleAccount, "arn:aws:iam::"+twin.SampleAccount+":role/security/warden-guard", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, right := range spoil {
		o.Rights[0] = strings.ReplaceAll(o.Rights[0], right, "iam:TagUser")
	}
	h := &heard{}
	p := newPlay(t, o, h.with)
	p.r = p.responder(h.with, p.withPast, func(o *respond.Options) {
		// A second delivery comes later than what was read counts as fresh.
		o.Applier = p.Hands.Applier(p.Ledger, apply.Options{Account: p.Account, Fresh: time.Nanosecond})
	})
	return p, h
}

// roleSession is the write of a session of a role.
func (p *play) roleSession(name string) (*app.Clients, *trail.Event) {
	p.t.Helper()
	ctx := p.t.Context()
	if _, err := p.Admin.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(sessionRole)}); code(err) == "NoSuchEntity" {
		_, err := p.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(sessionRole), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + p.Account + `:root"},"Action":"sts:AssumeRole"}]}`)})
		p.must(err)
		_, err = p.Admin.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(sessionRole), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
		p.must(err)
	}
	c := p.assume(p.Admin, name)
	p.must(p.createUser(c, "by-"+name))
	return c, p.last(name)
}

// heldSession is a write of an administrator's session that was got with a key
// which the intruder made, as one with MFA could make it; the guard knows the
// key.
func (p *play) heldSession() *trail.Event {
	p.t.Helper()
	_, stolen := p.key(p.intruder, p.Truth.Administrator)
	out, err := stolen.STS.GetSessionToken(p.t.Context(), &sts.GetSessionTokenInput{})
	p.must(err)
	session := app.Fixed(p.Server.URL(), app.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Token: *out.Credentials.SessionToken})
	_, err = session.STS.AssumeRole(p.t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(p.Truth.AdminRole), RoleSessionName: aws.String("deep")})
	p.must(err)
	made := p.the(p.Truth.Intruder, "CreateAccessKey")
	write := *made
	write.Identity, write.ID, write.Name = p.calls(*out.Credentials.AccessKeyId)[0].Identity, "a-write-of-the-session", "CreateUser"
	for _, e := range []*trail.Event{made, p.the(p.Truth.Administrator, "GetSessionToken")} {
		p.must(p.r.Handle(p.t.Context(), e).Err)
	}
	return &write
}

// heldKey is a write with a key that the intruder made for an administrator.
func (p *play) heldKey() (id string, e *trail.Event) {
	p.t.Helper()
	id, stolen := p.key(p.intruder, p.Truth.Administrator)
	p.must(p.createUser(stolen, "by-the-key"))
	p.r.Handle(p.t.Context(), p.the(p.Truth.Intruder, "CreateAccessKey")) // the key cannot be closed
	return id, p.calls(id)[0]
}

var putByHand = regexp.MustCompile(`run    aws iam put-(user|role)-policy --(?:user|role)-name '([^']+)' --policy-name (\S+) --policy-document '([^']+)'`)

// obey does what the last message says, as an administrator.
func (p *play) obey(h *heard) (policy, document string) {
	p.t.Helper()
	m := h.all[len(h.all)-1]
	said := putByHand.FindStringSubmatch(m.Text)
	if said == nil {
		p.t.Fatalf("no command in\n%s", m.Text)
	}
	var err error
	if said[1] == "user" {
		_, err = p.Admin.IAM.PutUserPolicy(p.t.Context(), &iam.PutUserPolicyInput{UserName: &said[2], PolicyName: &said[3], PolicyDocument: &said[4]})
	} else {
		_, err = p.Admin.IAM.PutRolePolicy(p.t.Context(), &iam.PutRolePolicyInput{RoleName: &said[2], PolicyName: &said[3], PolicyDocument: &said[4]})
	}
	p.must(err)
	return said[3], said[4]
}

func notContained(t *testing.T, h *heard, res respond.Result) notify.Message {
	t.Helper()
	if res.Action != respond.NotContained || !res.Retry || len(h.all) == 0 {
		t.Fatalf("%s, retry %v, %v; told %d times", res.Action, res.Retry, res.Err, len(h.all))
	}
	return h.all[len(h.all)-1]
}

// With the rights of the default role a session is not contained, and people
// are told the command that denies it and nobody else. When they ran it, the
// guard finds the denial in place and proves it.
func TestSessionsByHand(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"role", "user"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p, h := hands(t, false)
			var session *app.Clients
			var e *trail.Event
			if kind == "role" {
				session, e = p.roleSession("build-a")
			} else {
				e = p.heldSession()
			}
			m := notContained(t, h, p.r.Handle(t.Context(), e))
			if !strings.Contains(m.Text, "CreateResponderRole=true") || !strings.Contains(m.Text, " by the line run, with an administrator's credentials; ") {
				t.Errorf("it does not say what to do:\n%s", m.Text)
			}
			name, document := p.obey(h)
			if name != "DENY-IAM-SESSIONS" || !strings.Contains(document, e.Actor().UserID) || !strings.Contains(document, "aws:TokenIssueTime") {
				t.Errorf("policy %s: %s", name, document)
			}
			res := p.r.Handle(t.Context(), e)
			if res.Action != respond.Contained || res.Err != nil {
				t.Errorf("after it was done by hand: %s %v", res.Action, res.Err)
			}
			if kind == "user" {
				p.must(p.createUser(p.Admin, "by-the-administrator"))
				return
			}
			if err := p.createUser(session, "again"); code(err) != "AccessDenied" {
				t.Errorf("the session goes on: %v", err)
			}
			// The command for a second session of the role keeps the first denied.
			second, e := p.roleSession("build-b")
			notContained(t, h, p.r.Handle(t.Context(), e))
			p.obey(h)
			for _, c := range []*app.Clients{session, second} {
				if err := p.createUser(c, "again"); code(err) != "AccessDenied" {
					t.Errorf("a session goes on: %v", err)
				}
			}
			third, _ := p.roleSession("build-c")
			p.must(p.createUser(third, "of-another"))
		})
	}
}

// What is in the policy already and cannot stand in a shell's line is not
// written over: the statement gets a policy of its own.
func TestSessionByHandBesideAnOddPolicy(t *testing.T) {
	t.Parallel()
	p, h := hands(t, false)
	session, e := p.roleSession("build-a")
	odd := `{"Version":"2012-10-17","Statement":[{"Sid":"o","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:userid":"it's\u001b[2J; rm -rf"}}}]}`
	_, err := p.Admin.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String(sessionRole), PolicyName: aws.String("DENY-IAM-SESSIONS"), PolicyDocument: &odd})
	p.must(err)
	m := notContained(t, h, p.r.Handle(t.Context(), e))
	if strings.Contains(m.Text, "rm -rf") {
		t.Errorf("shown:\n%s", m.Text)
	}
	if name, _ := p.obey(h); !strings.HasPrefix(name, "DENY-IAM-SESSIONS-WardenIU") || !strings.Contains(p.quarantine(), "rm%20-rf") {
		t.Errorf("put into %s; the other is %s", name, p.quarantine())
	}
	if err := p.createUser(session, "again"); code(err) != "AccessDenied" {
		t.Errorf("the session goes on: %v", err)
	}
}

// A key in other hands that the guard may not make inactive is told with the
// command, which closes that key alone.
func TestKeyByHand(t *testing.T) {
	t.Parallel()
	p, h := hands(t, false, "iam:UpdateAccessKey")
	id, e := p.heldKey()
	m := notContained(t, h, p.r.Handle(t.Context(), e))
	if want := "run    aws iam update-access-key --user-name '" + p.Truth.Administrator + "' --access-key-id '" + id + "' --status Inactive\n"; !strings.Contains(m.Text, want) {
		t.Errorf("want %q in\n%s", want, m.Text)
	}
}

// The role of CreateResponderRole contains the same sessions itself.
func TestSessionsByTheResponder(t *testing.T) {
	t.Parallel()
	p, _ := hands(t, true)
	session, e := p.roleSession("build-a")
	if res := p.r.Handle(t.Context(), e); res.Action != respond.Contained || res.Err != nil {
		t.Errorf("a role's: %s %v", res.Action, res.Err)
	}
	if err := p.createUser(session, "again"); code(err) != "AccessDenied" {
		t.Errorf("the session goes on: %v", err)
	}
	if res := p.r.Handle(t.Context(), p.heldSession()); res.Action != respond.Contained || res.Err != nil {
		t.Errorf("a user's: %s %v", res.Action, res.Err)
	}
}
