package respond_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// sessionRole is a role with every IAM permission that everybody in the
// account may assume, and that the intruder does.
const sessionRole = "session-role"

// sessionPlay is a play with the role, whose guard contains sessions, may do
// everything, and reads the event history.
func sessionPlay(t *testing.T, cfg guard.Config) (p *play, r *respond.Responder, giveBack func(incident string)) {
	t.Helper()
	cfg.ContainSessions = true
	p = newPlay(t, stage.Options{Guard: cfg})
	ctx := t.Context()
	if _, err := p.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(sessionRole), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + p.Account + `:root"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(sessionRole), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String(p.Truth.Intruder), PolicyName: aws.String("assume"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	r, person := p.mighty(p.withPast)
	return p, r, func(incident string) { p.giveBack(person, incident) }
}

// assume returns clients of a session of the role.
func (p *play) assume(by *app.Clients, session string) *app.Clients {
	p.t.Helper()
	out, err := by.STS.AssumeRole(p.t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + p.Account + ":role/" + sessionRole), RoleSessionName: aws.String(session)})
	if err != nil {
		p.t.Fatal(err)
	}
	c := out.Credentials
	return app.Fixed(p.Server.URL(), app.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken})
}

// last is the newest IAM event of a session.
func (p *play) last(session string) *trail.Event {
	p.t.Helper()
	var last *trail.Event
	for _, e := range p.lookup() {
		if e.Actor().SessionName == session && e.Source == "iam.amazonaws.com" && !e.Failed() {
			last = e
		}
	}
	if last == nil {
		p.t.Fatalf("no event of session %s", session)
	}
	return last
}

func (p *play) quarantine() string {
	out, err := p.Admin.IAM.GetRolePolicy(p.t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String(sessionRole), PolicyName: aws.String("DENY-IAM-SESSIONS")})
	if code(err) == "NoSuchEntity" {
		return ""
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return aws.ToString(out.PolicyDocument)
}

// Two denied sessions of one role share a document, and each is given back on
// its own, in any order.
func TestSessionsOfOneRole(t *testing.T) {
	t.Parallel()
	p, r, giveBack := sessionPlay(t, guard.Config{})
	a, b, good := p.assume(p.Admin, "build-a"), p.assume(p.Admin, "build-b"), p.assume(p.Admin, "good")
	incidents := map[string]string{}
	for name, c := range map[string]*app.Clients{"build-a": a, "build-b": b} {
		if err := p.createUser(c, "made-by-"+name); err != nil {
			t.Fatal(err)
		}
		e := p.last(name)
		for _, want := range []respond.Action{respond.Contained, respond.Joined} {
			res := r.Handle(t.Context(), e)
			if res.Action != want || res.Err != nil {
				t.Fatalf("%s: %s %v, want %s", name, res.Action, res.Err, want)
			}
			incidents[name] = res.Incident
		}
	}
	may := func(who string, c *app.Clients, want string) {
		t.Helper()
		_, err := c.IAM.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String(sessionRole)})
		if code(err) != want {
			t.Errorf("%s: %v, want %q", who, err, want)
		}
	}
	may("a", a, "AccessDenied")
	may("b", b, "AccessDenied")
	may("another", good, "")
	giveBack(incidents["build-a"])
	may("a, given back", a, "")
	may("b", b, "AccessDenied")
	giveBack(incidents["build-b"])
	may("b, given back", b, "")
	if doc := p.quarantine(); doc != "" {
		t.Errorf("left %s", doc)
	}
	for _, n := range p.Twin.Published() {
		if strings.Contains(n.Message, "partly") {
			t.Errorf("%s", n.Message)
		}
	}
}

// A new token of a contained session is denied too, by a bound that moves on,
// and who assumes the role again and again is contained himself.
func TestAssumedAgain(t *testing.T) {
	t.Parallel()
	p, r, giveBack := sessionPlay(t, guard.Config{})
	ctx := t.Context()
	first := p.assume(p.intruder, "bad")
	if err := p.createUser(first, "one"); err != nil {
		t.Fatal(err)
	}
	res := r.Handle(ctx, p.last("bad"))
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	if got := p.attached(p.Truth.Intruder); !strings.Contains(strings.Join(got, " "), "DENY-IAM") {
		t.Errorf("who assumed the role has %v", got)
	}
	// The next token, a second later, is not covered by the bound.
	e := *p.last("bad")
	session := *e.Identity.Session
	session.CreatedAt = time.Now().Add(2 * time.Second)
	e.Identity.Session, e.ID, e.Time = &session, "a0000000-0000-4000-8000-000000000001", time.Now().Add(2*time.Second)
	e.Identity.AccessKeyID = "ASIAEXAMPLEEXAMPLE00"
	again := r.Handle(ctx, &e)
	if again.Action != respond.PartlyContained || again.Incident != res.Incident || again.Err != nil {
		t.Errorf("assumed again: %s %v", again.Action, again.Err)
	}
	in := p.incident(res.Incident)
	if in.Status != ledger.StatusPartly || strings.Count(p.quarantine(), "WardenIU") != 1 {
		t.Errorf("%s: %s", in.Status, p.quarantine())
	}
	// It becomes known who assumed it: one who is denied IAM already, and can
	// go on like that.
	birth := *p.born(first)
	birth.ID, birth.Time = "a0000000-0000-4000-8000-000000000002", e.Time
	birth.Response = []byte(`{"credentials":{"accessKeyId":"ASIAEXAMPLEEXAMPLE00"}}`)
	r.Handle(ctx, &birth)
	in = p.incident(res.Incident)
	if last := in.Verifications[len(in.Verifications)-1]; in.Status != ledger.StatusPartly || !strings.Contains(last.Evidence[0], "is denied IAM and assumed role") {
		t.Errorf("when it is known who assumed it: %s %q", in.Status, last.Evidence)
	}
	giveBack(res.Incident)
	if doc := p.quarantine(); doc != "" {
		t.Errorf("left %s", doc)
	}
	// The containment of the one behind is his own incident.
	var behind []ledger.Incident
	all, err := p.Ledger.Incidents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range all {
		if in.Parent == res.Incident {
			behind = append(behind, in)
		}
	}
	if len(behind) != 1 || done(behind[0]) != "AttachUserPolicy" || behind[0].Status != ledger.StatusConfigured {
		t.Errorf("behind: %+v", behind)
	}
}

// born is the event that made a session.
func (p *play) born(c *app.Clients) *trail.Event {
	p.t.Helper()
	who, err := c.STS.GetCallerIdentity(p.t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range p.lookup() {
		if e.Name == "AssumeRole" && e.ResponseString("assumedRoleUser", "assumedRoleId") == aws.ToString(who.UserId) {
			return e
		}
	}
	p.t.Fatal("no event made the session")
	return nil
}

func TestRevokeSessions(t *testing.T) {
	t.Parallel()
	p, r, giveBack := sessionPlay(t, guard.Config{RevokeSessions: true})
	bad, good := p.assume(p.Admin, "bad"), p.assume(p.Admin, "good")
	if err := p.createUser(bad, "one"); err != nil {
		t.Fatal(err)
	}
	res := r.Handle(t.Context(), p.last("bad"))
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	if err := p.createUser(good, "two"); code(err) != "AccessDenied" {
		t.Errorf("another session from before: %v", err)
	}
	giveBack(res.Incident)
	if err := p.createUser(good, "two"); err != nil {
		t.Errorf("given back: %v", err)
	}
}

// Where the role has no room for a statement, its denials are merged, and then
// the session gets a managed policy of its own.
func TestRoleWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		room  int // left by a filler
		steps string
	}{
		{"room after merging", 650, "PutRolePolicy"},
		{"none", 0, "CreatePolicy AttachRolePolicy"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, r, giveBack := sessionPlay(t, guard.Config{})
			ctx := t.Context()
			put := func(name, document string) {
				t.Helper()
				if _, err := p.Admin.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(sessionRole), PolicyName: aws.String(name), PolicyDocument: aws.String(document)}); err != nil {
					t.Fatal(err)
				}
			}
			filler := `{"Version":"2012-10-17","Statement":[{"Sid":"%s","Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
			put("filler", fmt.Sprintf(filler, strings.Repeat("x", 10240-tc.room-len(filler)+2)))
			if tc.room > 0 { // two earlier ones, and room for a half
				doc := ""
				for i := range 2 {
					d := guard.DenyIAM.Session(fmt.Sprint("AROAEXAMPLEEXAMPLE000:", i), time.Now())
					var err error
					if doc, err = change.SetStatement(doc, d.Sid(), change.Is(d.Statement()), time.Now()); err != nil {
						t.Fatal(err)
					}
				}
				put("DENY-IAM-SESSIONS", doc)
			}
			bad := p.assume(p.Admin, "bad")
			if err := p.createUser(bad, "one"); err != nil {
				t.Fatal(err)
			}
			res := r.Handle(ctx, p.last("bad"))
			if res.Action != respond.Contained || res.Err != nil {
				t.Fatalf("%s %v", res.Action, res.Err)
			}
			if err := p.createUser(bad, "two"); code(err) != "AccessDenied" {
				t.Errorf("it may still: %v", err)
			}
			if got := done(p.incident(res.Incident)); got != tc.steps {
				t.Errorf("done %s, want %s; %s", got, tc.steps, p.quarantine())
			}
			if again := r.Handle(ctx, p.last("bad")); again.Action != respond.Joined || again.Err != nil {
				t.Errorf("again: %s %v", again.Action, again.Err)
			}
			giveBack(res.Incident)
			if err := p.createUser(bad, "three"); err != nil {
				t.Errorf("given back: %v", err)
			}
			if n := strings.Count(p.quarantine(), "AROAEXAMPLEEXAMPLE000"); tc.room > 0 && n != 2 {
				t.Errorf("the others: %s", p.quarantine())
			}
		})
	}
}

// The guard cannot cut off what comes from outside; it says so.
func TestSessionFromOutside(t *testing.T) {
	t.Parallel()
	p, r, _ := sessionPlay(t, guard.Config{})
	bad := p.assume(p.Admin, "bad")
	if err := p.createUser(bad, "one"); err != nil {
		t.Fatal(err)
	}
	for i, tc := range []struct{ name, identity, want string }{
		{"a service", `{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`, "AWS service ec2.amazonaws.com"},
		{"another account", `{"type":"AWSAccount","principalId":"AIDAEXAMPLE","accountId":"999999999999"}`, "account 999999999999"},
		{"a web identity", `{"type":"WebIdentityUser","principalId":"x","userName":"repo:x","identityProvider":"token.actions.example"}`, "token.actions.example"},
	} {
		e := *p.last("bad")
		key := fmt.Sprint("ASIAEXAMPLEEXAMPLE0", i)
		session := *e.Identity.Session
		session.CreatedAt = time.Now().Add(time.Duration(i+1) * 2 * time.Second)
		e.Identity.Session, e.Identity.AccessKeyID = &session, key
		e.ID, e.Time = fmt.Sprint("b0000000-0000-4000-8000-00000000000", i), session.CreatedAt
		birth, err := trail.ParseEvent([]byte(`{"eventVersion":"1.11","userIdentity":` + tc.identity + `,"eventTime":"` + session.CreatedAt.UTC().Format(time.RFC3339) +
			`","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"us-east-1","responseElements":{"credentials":{"accessKeyId":"` + key +
			`"}},"eventID":"c0000000-0000-4000-8000-00000000000` + fmt.Sprint(i) + `","recipientAccountId":"` + p.Account + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Handle(t.Context(), birth)
		res := r.Handle(t.Context(), &e)
		if res.Action != respond.PartlyContained || res.Err != nil {
			t.Errorf("%s: %s %v", tc.name, res.Action, res.Err)
		}
		in := p.incident(res.Incident)
		open := in.Verifications[len(in.Verifications)-1].Evidence
		if len(open) != 1 || !strings.Contains(open[0], tc.want) {
			t.Errorf("%s: open %v", tc.name, open)
		}
	}
}

// A chain of roles is followed to the user at its beginning, each judged by
// what was done at its end.
func TestChainOfRoles(t *testing.T) {
	t.Parallel()
	p, r, _ := sessionPlay(t, guard.Config{})
	ctx := t.Context()
	const hop = "hop-role"
	if _, err := p.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(hop), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + p.Account + `:role/` + sessionRole + `"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(hop), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")}); err != nil {
		t.Fatal(err)
	}
	first := p.assume(p.intruder, "first")
	out, err := first.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + p.Account + ":role/" + hop), RoleSessionName: aws.String("second")})
	if err != nil {
		t.Fatal(err)
	}
	second := p.As(app.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Token: *out.Credentials.SessionToken})
	if err := p.createUser(second, "one"); err != nil {
		t.Fatal(err)
	}
	res := r.Handle(ctx, p.last("second"))
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	all, err := p.Ledger.Incidents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]string{}
	for _, in := range all {
		status[in.Caller[strings.LastIndexByte(in.Caller, '/')+1:]] = in.Status
	}
	for _, who := range []string{"second", "first", p.Truth.Intruder} {
		if status[who] != ledger.StatusConfigured {
			t.Errorf("%s is %q", who, status[who])
		}
	}
}
