package respond_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// meanwhile is a look-up at whose n-th reading of a setting something happens
// in the account: just after IAM answered.
type meanwhile struct {
	respond.Lookup
	n    int
	then func()
}

func (m *meanwhile) Setting(ctx context.Context, s change.Setting) (change.State, error) {
	st, err := m.Lookup.Setting(ctx, s)
	if m.n--; m.n == 0 {
		m.then()
	}
	return st, err
}

// rename gives a user another name and path.
func (p *play) rename(from, to, path string) {
	p.t.Helper()
	if _, err := p.Admin.IAM.UpdateUser(p.t.Context(), &iam.UpdateUserInput{UserName: aws.String(from), NewUserName: aws.String(to), NewPath: aws.String(path)}); err != nil {
		p.t.Fatal(err)
	}
}

// erase deletes a user with all that he has.
func (p *play) erase(name string) {
	p.t.Helper()
	ctx, user := p.t.Context(), aws.String(name)
	check := func(_ any, err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	for _, u := range p.Twin.Snapshot().Users {
		if u.Name != name {
			continue
		}
		for _, a := range u.Attached {
			check(p.Admin.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: aws.String(a)}))
		}
		for _, i := range u.Inline {
			check(p.Admin.IAM.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: aws.String(i.Name)}))
		}
		for _, k := range u.AccessKeys {
			check(p.Admin.IAM.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: aws.String(k.ID)}))
		}
		for _, g := range u.Groups {
			check(p.Admin.IAM.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: aws.String(g)}))
		}
	}
	check(p.Admin.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user}))
}

// moves are what becomes of a caller's name while the guard deals with him.
var moves = []struct {
	name string
	do   func(p *play, caller string)
	// gone says that the caller is no more, taken that another has his name.
	gone, taken bool
}{
	{"renamed", func(p *play, c string) { p.rename(c, "quiet", "/") }, false, false},
	{"moved to another path", func(p *play, c string) { p.rename(c, c, "/elsewhere/") }, false, false},
	{"renamed, and his name is a new user's", func(p *play, c string) {
		p.rename(c, "quiet", "/elsewhere/")
		p.must(p.createUser(p.Admin, c))
	}, false, true},
	{"changed names with another", func(p *play, c string) {
		p.rename(c, "quiet", "/")
		p.rename("innocent", c, "/")
	}, false, true},
	{"deleted", func(p *play, c string) { p.erase(c) }, true, false},
	{"deleted and made anew", func(p *play, c string) { p.erase(c); p.must(p.createUser(p.Admin, c)) }, true, true},
	{"deleted, and another took his name", func(p *play, c string) { p.erase(c); p.rename("innocent", c, "/") }, true, true},
}

func (p *play) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// A caller's name changes hands between his call and the judgement, while he
// is judged and contained, and before the guard looks again. The containment
// reaches the same unique id or says that it could not; nobody else is denied
// anything.
func TestNameChangesHands(t *testing.T) {
	t.Parallel()
	for _, move := range moves {
		for _, when := range []string{"before the judgement", "before the call", "before the second look"} {
			t.Run(move.name+" "+when, func(t *testing.T) {
				t.Parallel()
				look := &meanwhile{}
				p := newPlay(t, stage.Options{})
				r, person := p.mighty(func(o *respond.Options) { look.Lookup, o.Lookup = o.Lookup, look })
				caller := p.Truth.Intruder
				p.must(p.createUser(p.Admin, "innocent"))
				id := ""
				for _, u := range p.Twin.Snapshot().Users {
					if u.Name == caller {
						id = u.ID
					}
				}
				p.must(p.createUser(p.intruder, "backdoor"))
				e := p.intruderEvents()[0]
				do := func() { move.do(p, caller) }
				switch when {
				case "before the judgement":
					do()
				case "before the call":
					look.n, look.then = 1, do
				}
				res := r.Handle(t.Context(), e)
				incident := res.Incident
				if when == "before the second look" {
					do()
				} else if res.Retry {
					t.Errorf("it has to be delivered again: %s %v", res.Action, res.Err)
				}
				if _, err := r.Recheck(t.Context(), incident); err != nil {
					t.Errorf("second look: %v", err)
				}
				for _, u := range p.Twin.Snapshot().Users {
					denied := slices.ContainsFunc(u.Attached, func(a string) bool { return strings.HasSuffix(a, ":policy/"+guard.DefaultDenyPolicy) })
					if denied != (u.ID == id) {
						t.Errorf("user %s (%s): denied %t", u.Name, u.ID, denied)
					}
				}
				in, err := p.Ledger.Incident(t.Context(), incident)
				if err != nil {
					t.Fatal(err)
				}
				told := fmt.Sprint(p.Twin.Published())
				switch {
				case move.gone && when != "before the second look":
					if res.Verdict != guard.Escalate || !strings.Contains(told, "may remain") && !strings.Contains(told, "the name was made anew") {
						t.Errorf("%s %s: %s\n%s", res.Verdict, res.Action, res.Reason, told)
					}
				case move.gone:
				case respond.Standing(in) != "contained" || res.Action != respond.Contained:
					t.Errorf("%s, it stands %s (%s): %v", res.Action, respond.Standing(in), in.Status, res.Err)
				default:
					if err := p.createUser(p.intruder, "again"); code(err) != "AccessDenied" {
						t.Errorf("he goes on: %v", err)
					}
					p.giveBack(person, incident)
				}
				for _, u := range p.Twin.Snapshot().Users {
					if len(u.Attached) > 0 && strings.HasSuffix(u.Attached[len(u.Attached)-1], "DENY-IAM") {
						t.Errorf("after undo %s is denied", u.Name)
					}
				}
			})
		}
	}
}

// Who changes names with another and gives him the deny policy does not look
// contained: the guard looks where the bearer of the unique id is.
func TestDenialChangesHands(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	p.must(p.createUser(p.Admin, "innocent"))
	p.must(p.createUser(p.intruder, "backdoor"))
	res := p.r.Handle(t.Context(), p.intruderEvents()[0])
	deny := aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")
	p.rename(p.Truth.Intruder, "quiet", "/")
	p.rename("innocent", p.Truth.Intruder, "/")
	if _, err := p.Admin.IAM.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{UserName: aws.String("quiet"), PolicyArn: deny}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(p.Truth.Intruder), PolicyArn: deny}); err != nil {
		t.Fatal(err)
	}
	again, err := p.r.Recheck(t.Context(), res.Incident)
	if err != nil || len(again.Stripped) != 1 || !again.Restored {
		t.Fatalf("%+v %v", again, err)
	}
	if err := p.createUser(p.intruder, "again"); code(err) != "AccessDenied" {
		t.Errorf("he goes on: %v", err)
	}
}

// A guard that may attach its deny policy and not detach it tells people whom
// it denied by mistake, and an undo with more rights gives that back too.
func TestWrongIdentityIsTold(t *testing.T) {
	t.Parallel()
	look := &meanwhile{}
	p := newPlay(t, stage.Options{}, func(o *respond.Options) { look.Lookup, o.Lookup = o.Lookup, look })
	caller := p.Truth.Intruder
	p.must(p.createUser(p.Admin, "innocent"))
	p.must(p.createUser(p.intruder, "backdoor"))
	look.n, look.then = 1, func() {
		p.rename(caller, "quiet", "/")
		p.rename("innocent", caller, "/")
	}
	e := p.intruderEvents()[0]
	for range 2 {
		if res := p.r.Handle(t.Context(), e); res.Err != nil || res.Retry {
			t.Fatalf("%s %v", res.Action, res.Err)
		}
		p.rename(caller, "renamed", "/") // the wrong one is found by his id
		p.rename("renamed", caller, "/")
	}
	incident := guard.IncidentOf(p.Account, e.Actor())
	in, err := p.Ledger.Incident(t.Context(), incident)
	if err != nil || respond.Standing(in) != "contained" || len(in.NotDone) != 1 {
		t.Errorf("%v: it stands %s, not done %v", err, respond.Standing(in), in.NotDone)
	}
	told := 0
	for _, m := range p.Twin.Published() {
		if strings.Contains(m.Subject, "warden denied the wrong identity") && strings.Contains(m.Message, "undo   warden undo "+incident) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times: %+v", told, p.Twin.Published())
	}
	p.rename(caller, "innocent", "/")
	p.giveBack(p.person(), incident)
	if got := p.attached("innocent"); len(got) != 0 {
		t.Errorf("the wrong one keeps %v", got)
	}
	if in, err = p.Ledger.Incident(t.Context(), incident); err != nil || in.Status != ledger.StatusGivenBack || len(in.Mistakes()) != 0 {
		t.Errorf("%v: status %s, mistakes %v", err, in.Status, in.Mistakes())
	}
	p.giveBack(p.person(), incident)
}

// A role is deleted, or made anew under its name, while a session of it is
// dealt with: the new one is left as it was made, and people are told.
func TestRoleMadeAnew(t *testing.T) {
	t.Parallel()
	for _, anew := range []bool{false, true} {
		for _, when := range []string{"before the judgement", "before the call", "before the second look"} {
			t.Run(fmt.Sprintf("made anew %t, %s", anew, when), func(t *testing.T) {
				t.Parallel()
				look := &meanwhile{}
				p := newPlay(t, stage.Options{Guard: guard.Config{ContainSessions: true}})
				r, _ := p.mighty(func(o *respond.Options) { look.Lookup, o.Lookup = o.Lookup, look })
				ctx := t.Context()
				name := aws.String("worker")
				trust := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + p.Account + `"},"Action":"sts:AssumeRole"}]}`)
				make := func() string {
					out, err := p.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust})
					p.must(err)
					return aws.ToString(out.Role.RoleId)
				}
				id := make()
				do := func() {
					for _, role := range p.Twin.Snapshot().Roles {
						for _, in := range role.Inline {
							if role.Name == *name {
								_, err := p.Admin.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String(in.Name)})
								p.must(err)
							}
						}
					}
					_, err := p.Admin.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
					p.must(err)
					if anew {
						make()
					}
				}
				e := p.sessionEvent(id, *name, "job")
				switch when {
				case "before the judgement":
					do()
				case "before the call":
					look.n, look.then = 1, do
				}
				res := r.Handle(ctx, e)
				if when == "before the second look" {
					if res.Action != respond.PartlyContained {
						t.Errorf("%s %v", res.Action, res.Err)
					}
					do()
				} else if res.Retry || res.Verdict != guard.Escalate || len(p.Twin.Published()) != 1 {
					t.Errorf("%s %s retry=%t: %v, told %d", res.Verdict, res.Action, res.Retry, res.Err, len(p.Twin.Published()))
				}
				if again, err := r.Recheck(ctx, res.Incident); err != nil || len(again.Stripped) != 0 {
					t.Errorf("second look: %+v %v", again, err)
				}
				for _, role := range p.Twin.Snapshot().Roles {
					if role.Name == *name && (len(role.Inline) != 0 || len(role.Attached) != 0) {
						t.Errorf("the new role has %v %v", role.Inline, role.Attached)
					}
				}
			})
		}
	}
}

// userEvent is a record of CreateUser by a user.
func (p *play) userEvent(id, arn, name, event, made string) *trail.Event {
	p.t.Helper()
	e, err := trail.ParseEvent(fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":%q,"arn":%q,"accountId":%[3]q,"accessKeyId":"AKIAEXAMPLEEXAMPLE00","userName":%q},`+
		`"eventTime":%q,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestParameters":{"userName":%q},"eventID":%q,"eventType":"AwsApiCall","recipientAccountId":%[3]q}`,
		id, arn, p.Account, name, time.Now().UTC().Format(time.RFC3339), made, event))
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// sessionEvent is a record of CreateUser by a session of a role.
func (p *play) sessionEvent(roleID, role, session string) *trail.Event {
	p.t.Helper()
	now := time.Now().UTC()
	e, err := trail.ParseEvent(fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":%q,"arn":"arn:aws:sts::%[2]s:assumed-role/%[3]s/%[4]s","accountId":%[2]q,"accessKeyId":"ASIAEXAMPLEEXAMPLE00",`+
		`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":%[5]q,"arn":"arn:aws:iam::%[2]s:role/%[3]s","accountId":%[2]q,"userName":%[3]q},"attributes":{"creationDate":%[6]q,"mfaAuthenticated":"false"}}},`+
		`"eventTime":%[7]q,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestParameters":{"userName":"door"},"eventID":"11111111-0000-4000-8000-%012[8]d","eventType":"AwsApiCall","recipientAccountId":%[2]q}`,
		roleID+":"+session, p.Account, role, session, roleID, now.Add(-time.Minute).Format(time.RFC3339), now.Format(time.RFC3339), now.UnixNano()%1e12))
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}
