package respond_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"warden/account/collect"
	"warden/app"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/respond"
	"warden/trail"
	"warden/twin"
)

// orgPlay is a guard in the workload account of the sample organisation, with
// the rights of the role that administers it, which may change the guardrail.
type orgPlay struct {
	t                *testing.T
	truth            twin.OrganizationTruth
	org              *twin.Organization
	url              string
	admin, guardrail *app.Clients
	access           *app.Clients // the role that the guardrail lets take off a quarantine
	ledger           *ledger.Ledger
	applier          *apply.Applier
	r                *respond.Responder
	told             []notify.Message
}

// Notify implements notify.Notifier.
func (p *orgPlay) Notify(_ context.Context, m notify.Message) error {
	p.told = append(p.told, m)
	return nil
}

func newOrgPlay(t *testing.T, opts ...func(*respond.Options)) *orgPlay {
	t.Helper()
	cfg, truth := twin.SampleOrganization(5, time.Now())
	org, err := twin.NewOrganization(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server, err := org.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &orgPlay{t: t, truth: truth, org: org, url: server.URL(), ledger: ledger.New(&ledger.Memory{}, nil)}
	p.admin = p.clients(truth.Workload, truth.Company.Administrator)
	p.guardrail = p.clients(truth.Security, truth.Guard).Assume(truth.GuardRole, "").Assume(truth.GuardrailRole, "")
	p.access = p.clients(truth.Management, truth.ManagementAdministrator).Assume(truth.AccessRole, "")
	p.applier = apply.New(p.access.IAM, p.ledger, apply.Options{Account: truth.Workload, Organizations: p.guardrail.Organizations})
	o := respond.Options{
		Account: truth.Workload, Ledger: p.ledger, Applier: p.applier, Notifier: p, Guardrail: &respond.Guardrail{PolicyARN: truth.Guardrail},
		Lookup: respond.Live{Identities: collect.NewIdentities(p.admin.IAM), Reader: apply.Guarded(p.admin.IAM, p.guardrail.Organizations)},
	}
	for _, opt := range opts {
		opt(&o)
	}
	if p.r, err = respond.New(o); err != nil {
		t.Fatal(err)
	}
	if err := p.r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *orgPlay) clients(account, user string) *app.Clients {
	p.t.Helper()
	id, secret, err := p.org.Credentials(account, user)
	if err != nil {
		p.t.Fatal(err)
	}
	return app.Fixed(p.url, app.Key{ID: id, Secret: secret})
}

func (p *orgPlay) createUser(c *app.Clients, name string) error {
	_, err := c.IAM.CreateUser(p.t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
	return err
}

// creation is the event of a CreateUser call.
func (p *orgPlay) creation(name string) *trail.Event {
	p.t.Helper()
	out, err := p.admin.CloudTrail.LookupEvents(p.t.Context(), &cloudtrail.LookupEventsInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, found := range out.Events {
		e, err := trail.ParseEvent([]byte(aws.ToString(found.CloudTrailEvent)))
		if err != nil {
			p.t.Fatal(err)
		}
		if e.Name == "CreateUser" && e.RequestString("userName") == name && !e.Failed() {
			return e
		}
	}
	p.t.Fatalf("nobody created %s", name)
	return nil
}

// policy is the guardrail as the organisation has it.
func (p *orgPlay) policy() string {
	p.t.Helper()
	out, err := p.guardrail.Organizations.DescribePolicy(p.t.Context(), &organizations.DescribePolicyInput{PolicyId: aws.String(p.truth.GuardrailID)})
	if err != nil {
		p.t.Fatal(err)
	}
	return aws.ToString(out.Policy.Content)
}

func (p *orgPlay) giveBack(incident string) {
	p.t.Helper()
	undo, err := p.applier.UndoPlan(p.t.Context(), incident, "", apply.UndoOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	if rep, err := p.applier.Undo(p.t.Context(), undo); err != nil || !rep.OK() {
		p.t.Fatalf("%v %v", err, rep.Problems())
	}
}

// Root of a member account is denied by the organisation's policy, and given
// back by taking that one statement out again.
func TestRootOfAMember(t *testing.T) {
	t.Parallel()
	p := newOrgPlay(t)
	before := p.policy()
	root := p.clients(p.truth.Workload, twin.RootUser)
	if err := p.createUser(root, "by-root"); err != nil {
		t.Fatal(err)
	}
	e := p.creation("by-root")
	for _, want := range []respond.Action{respond.Contained, respond.Joined} {
		if res := p.r.Handle(t.Context(), e); res.Action != want || res.Err != nil {
			t.Fatalf("%s %v, want %s", res.Action, res.Err, want)
		}
	}
	if err := p.createUser(root, "again"); code(err) != "AccessDenied" {
		t.Errorf("root may still: %v", err)
	}
	if err := p.createUser(p.admin, "by-admin"); err != nil {
		t.Errorf("an administrator is denied: %v", err)
	}
	in, err := p.ledger.Incidents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := in[len(in)-1].ID
	if again, err := p.r.Recheck(t.Context(), id); err != nil || len(again.Stripped) != 0 || again.Next.IsZero() {
		t.Errorf("%+v %v", again, err)
	}
	p.giveBack(id)
	if err := p.createUser(root, "given-back"); err != nil {
		t.Errorf("given back: %v", err)
	}
	if after := p.policy(); !change.Is(after).Same(change.Is(before)) {
		t.Errorf("after undo\n%s\nwas\n%s", after, before)
	}
	if len(p.told) != 1 || p.told[0].Subject != "warden contained root" {
		t.Errorf("%+v", p.told)
	}
}

// identityCenter is the event of a session of a permission set.
func (p *orgPlay) identityCenter(t *testing.T) *trail.Event {
	t.Helper()
	role := p.truth.Company.SSORole
	name := role[strings.LastIndexByte(role, '/')+1:]
	now := time.Now().UTC().Format(time.RFC3339)
	e, err := trail.ParseEvent([]byte(strings.NewReplacer("ACCT", p.truth.Workload, "NAME", name, "ROLE", role, "NOW", now).Replace(
		`{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE000:ann@example.com","arn":"arn:aws:sts::ACCT:assumed-role/NAME/ann@example.com","accountId":"ACCT","accessKeyId":"ASIAEXAMPLEEXAMPLE00",` +
			`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE000","arn":"ROLE","accountId":"ACCT","userName":"NAME"},"attributes":{"creationDate":"NOW","mfaAuthenticated":"false"}}},` +
			`"eventTime":"NOW","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","requestParameters":{"userName":"x"},` +
			`"responseElements":{"user":{"userName":"x"}},"eventID":"11111111-0000-4000-8000-000000000001","eventType":"AwsApiCall","recipientAccountId":"ACCT"}`)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A session of Identity Center is denied by the organisation's policy, whenever
// its token was issued.
func TestIdentityCenter(t *testing.T) {
	t.Parallel()
	p := newOrgPlay(t, func(o *respond.Options) { o.Guard.Level = guard.DenyAll })
	res := p.r.Handle(t.Context(), p.identityCenter(t))
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	if doc := p.policy(); !strings.Contains(doc, `"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:userid":"AROAEXAMPLEEXAMPLE000:ann@example.com"}}`) {
		t.Errorf("%s", doc)
	}
}

// Where no policy of an organisation can be changed, or it does not bind the
// account, people are told the exact commands.
func TestByHand(t *testing.T) {
	t.Parallel()
	const scp = "aws organizations create-policy --type SERVICE_CONTROL_POLICY"
	for _, tc := range []struct {
		name      string
		guardrail string
		root      bool
		want, not string
	}{
		{"root", "", true, scp, "do not bind"},
		{"root of the management account", "arn:aws:organizations::123456789012:policy/o-x/service_control_policy/p-x", true, "do not bind", scp},
		{"Identity Center", "", false, "aws sso-admin delete-account-assignment --instance-arn INSTANCE --target-type AWS_ACCOUNT --target-id 123456789012", ""},
	} {
		p := newOrgPlay(t, func(o *respond.Options) {
			o.Guardrail = nil
			if tc.guardrail != "" {
				o.Guardrail = &respond.Guardrail{PolicyARN: tc.guardrail}
			}
		})
		e := p.identityCenter(t)
		if tc.root {
			root := p.clients(p.truth.Workload, twin.RootUser)
			if err := p.createUser(root, "by-root"); err != nil {
				t.Fatal(err)
			}
			e = p.creation("by-root")
		}
		res := p.r.Handle(t.Context(), e)
		if res.Err != nil || res.Retry || len(p.told) != 1 {
			t.Fatalf("%s: %s %v, told %d times", tc.name, res.Action, res.Err, len(p.told))
		}
		text := p.told[0].Text
		if !strings.Contains(text, tc.want) || tc.not != "" && strings.Contains(text, tc.not) {
			t.Errorf("%s: %s\n%s", tc.name, p.told[0].Subject, text)
		}
	}
}

// Who takes the containment off again and again is denied by the
// organisation's policy; without one, by every other way that is open.
func TestStrippedAgainAndAgain(t *testing.T) {
	t.Parallel()
	for _, withSCP := range []bool{true, false} {
		t.Run(fmt.Sprint("with SCP ", withSCP), func(t *testing.T) {
			t.Parallel()
			p := newOrgPlay(t, func(o *respond.Options) {
				if !withSCP {
					o.Guardrail = nil
				}
			})
			ctx := t.Context()
			intruder := p.clients(p.truth.Workload, p.truth.Company.Intruder)
			if err := p.createUser(intruder, "x"); err != nil {
				t.Fatal(err)
			}
			res := p.r.Handle(ctx, p.creation("x"))
			if res.Action != respond.Contained || res.Err != nil {
				t.Fatalf("%s %v", res.Action, res.Err)
			}
			strip := func() { // by somebody whom the guardrail does not keep from it
				t.Helper()
				for _, s := range p.steps(res.Incident) {
					var err error
					switch s.Kind {
					case change.Attachment:
						_, err = p.access.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String(p.truth.Company.Intruder), PolicyArn: aws.String(s.Name)})
					case change.Inline:
						_, err = p.admin.IAM.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String(p.truth.Company.Intruder), PolicyName: aws.String(s.Name)})
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			var added []string
			for times := 1; times <= 3; times++ {
				strip()
				again, err := p.r.Recheck(ctx, res.Incident)
				if err != nil || again.Times != times || !again.Restored || again.Next.IsZero() {
					t.Fatalf("time %d: %+v %v", times, again, err)
				}
				if times == 1 && len(again.Added) != 0 {
					t.Errorf("the first time: added %v", again.Added)
				}
				for _, s := range again.Added {
					added = append(added, string(s.Kind))
				}
				if err := p.createUser(intruder, "y"); code(err) != "AccessDenied" {
					t.Errorf("he may still: %v", err)
				}
			}
			want := []string{"inline-policy", "permissions-boundary"}
			if withSCP {
				want = []string{"statement", "inline-policy", "permissions-boundary"}
			}
			if !slices.Equal(added, want) {
				t.Errorf("added %v, want %v", added, want)
			}
			in, err := p.ledger.Incident(ctx, res.Incident)
			if err != nil || in.Status != ledger.StatusConfigured || respond.Standing(in) != "fought" {
				t.Errorf("%s, %s %v", in.Status, respond.Standing(in), err)
			}
			if withSCP != strings.Contains(p.policy(), p.truth.Company.Intruder) {
				t.Errorf("%s", p.policy())
			}
			p.giveBack(res.Incident)
			if err := p.createUser(intruder, "given-back"); err != nil {
				t.Errorf("given back: %v", err)
			}
		})
	}
}

// steps are the settings that contain the caller of an incident, each once.
func (p *orgPlay) steps(incident string) []change.Setting {
	p.t.Helper()
	in, err := p.ledger.Incident(p.t.Context(), incident)
	if err != nil {
		p.t.Fatal(err)
	}
	var out []change.Setting
	for _, s := range in.Steps {
		if s.InForce() && !slices.Contains(out, s.Step.Setting) {
			out = append(out, s.Step.Setting)
		}
	}
	return out
}

// A full guardrail is said, and other ways go on.
func TestFullGuardrail(t *testing.T) {
	t.Parallel()
	p := newOrgPlay(t)
	text := p.policy()
	filled := strings.Replace(text, `"Sid":"StayInOrganization"`, `"Sid":"`+strings.Repeat("x", change.GuardrailSize-len(text)+15)+`"`, 1)
	if _, err := p.clients(p.truth.Management, p.truth.ManagementAdministrator).Organizations.UpdatePolicy(t.Context(), &organizations.UpdatePolicyInput{
		PolicyId: aws.String(p.truth.GuardrailID), Content: aws.String(filled)}); err != nil {
		t.Fatal(err)
	}
	root := p.clients(p.truth.Workload, twin.RootUser)
	if err := p.createUser(root, "by-root"); err != nil {
		t.Fatal(err)
	}
	res := p.r.Handle(t.Context(), p.creation("by-root"))
	if res.Action != respond.NotContained || len(p.told) != 1 || !strings.Contains(p.told[0].Text, "5120") {
		t.Errorf("%s %v %v", res.Action, res.Err, p.told)
	}
}
