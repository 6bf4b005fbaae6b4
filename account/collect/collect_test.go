package collect_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	gocmp "github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/twin"
)

// site is a twin with clients that count their calls.
type site struct {
	twin    *twin.Twin
	truth   twin.Truth
	url     string
	account string
}

func serve(t *testing.T, snapshot *account.Snapshot, truth twin.Truth, faults twin.Faults) *site {
	t.Helper()
	tw, err := twin.New(twin.Config{Snapshot: snapshot, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &site{twin: tw, truth: truth, url: server.URL(), account: snapshot.Account}
}

func sample(t *testing.T) *site {
	snapshot, truth := twin.Sample(1, time.Now())
	bare(snapshot)
	return serve(t, snapshot, truth, twin.Faults{})
}

// bare takes away what is neither identity nor policy, for tests that put
// something of their own there.
func bare(s *account.Snapshot) {
	s.Facts = account.Facts{}
	for i := range s.Users {
		s.Users[i].UserFacts = account.UserFacts{}
	}
}

func (w *site) as(t *testing.T, user string) (*app.Clients, *collect.Calls) {
	t.Helper()
	id, secret, err := w.twin.Credentials(user)
	if err != nil {
		t.Fatal(err)
	}
	calls := new(collect.Calls)
	return app.Fixed(w.url, app.Key{ID: id, Secret: secret}).With(func(c *aws.Config) {
		c.APIOptions = append(c.APIOptions, calls.Count)
		c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	}), calls
}

// impatient waits for nothing, and counts how long it would have waited.
func impatient(waited *time.Duration) func(context.Context, time.Duration) error {
	return func(_ context.Context, d time.Duration) error {
		*waited += d
		return nil
	}
}

func (w *site) collect(t *testing.T, user string, o collect.Options, users bool) (*account.Snapshot, *collect.Calls) {
	t.Helper()
	c, calls := w.as(t, user)
	clients := collect.Clients{IAM: c.IAM, Organization: c.Organizations}
	if users {
		clients.Users = c.IAM
	}
	o.Account, o.Partition = w.account, "aws"
	if o.Sleep == nil {
		o.Sleep = impatient(new(time.Duration))
	}
	s, err := collect.Account(t.Context(), clients, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, calls
}

// big is an account of the size at which other tools need thousands of calls.
func big() *account.Snapshot {
	const id = "111122223333"
	when := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &account.Snapshot{Version: account.Version, Account: id, Partition: "aws", CollectedAt: when}
	doc := []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`)
	trust := []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	arn := func(kind, name string) string { return "arn:aws:iam::" + id + ":" + kind + "/" + name }
	for i := range 50 {
		n := fmt.Sprintf("g%03d", i)
		s.Groups = append(s.Groups, account.Group{Path: "/", Name: n, ID: fmt.Sprintf("AGPAEXAMPLE%010d", i), ARN: arn("group", n), CreateDate: when})
	}
	for i := range 300 {
		n := fmt.Sprintf("p%03d", i)
		s.Policies = append(s.Policies, account.ManagedPolicy{Path: "/", Name: n, ID: fmt.Sprintf("ANPAEXAMPLE%010d", i), ARN: arn("policy", n), CreateDate: when,
			Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: when, Document: doc}}})
	}
	for i := range 200 {
		n := fmt.Sprintf("r%03d", i)
		s.Roles = append(s.Roles, account.Role{Path: "/", Name: n, ID: fmt.Sprintf("AROAEXAMPLE%010d", i), ARN: arn("role", n), CreateDate: when, Trust: trust, Attached: []string{arn("policy", fmt.Sprintf("p%03d", i))}})
	}
	for i := range 500 {
		n := fmt.Sprintf("u%03d", i)
		s.Users = append(s.Users, account.User{Path: "/", Name: n, ID: fmt.Sprintf("AIDAEXAMPLE%010d", i), ARN: arn("user", n), CreateDate: when, Groups: []string{fmt.Sprintf("g%03d", i%50)},
			LoginProfile: &account.LoginProfile{CreateDate: when}})
	}
	s.Users[0].Inline = []account.InlinePolicy{{Name: "all", Document: []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)}}
	s.Users[0].AccessKeys = []account.AccessKey{{ID: "AKIAEXAMPLE000000001", Active: true, CreateDate: when}}
	return s
}

func TestAccountNeedsFewCalls(t *testing.T) {
	t.Parallel()
	w := serve(t, big(), twin.Truth{}, twin.Faults{})
	s, calls := w.collect(t, "u000", collect.Options{}, false)
	if len(s.Users) != 500 || len(s.Roles) != 200 || len(s.Groups) != 50 || len(s.Policies) != 300 || len(s.CredentialReport.Rows) != 501 {
		t.Errorf("%d users, %d roles, %d groups, %d policies, %d rows", len(s.Users), len(s.Roles), len(s.Groups), len(s.Policies), len(s.CredentialReport.Rows))
	}
	if n := calls.Total(); n > 15 {
		t.Errorf("%d calls, want 15 at most: %s", n, calls)
	}
	if !strings.Contains(calls.String(), "IAM:GetAccountAuthorizationDetails 2") {
		t.Errorf("counted %s", calls)
	}
}

// What is read is what the twin has, with its source and time.
func TestAccount(t *testing.T) {
	t.Parallel()
	w := sample(t)
	admin, _ := w.as(t, w.truth.Administrator)
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(admin.IAM.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(14), MaxPasswordAge: aws.Int32(90)}))
	must(admin.IAM.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: &w.truth.Intruder, ServiceName: aws.String("codecommit.amazonaws.com")}))
	w.twin.SetRoot(twin.Root{MFA: "virtual"})
	var waited time.Duration
	w.twin.SetReportFaults(twin.ReportFaults{})
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	s, _ := w.collect(t, w.truth.Administrator, collect.Options{Now: func() time.Time { return now }, Sleep: impatient(&waited)}, true)

	// A second for the report, and one for the job of each user.
	if waited != time.Duration(1+len(s.Users))*time.Second {
		t.Errorf("waited %s", waited)
	}
	if want := []account.Gap(nil); !gocmp.Equal(s.Gaps, want) {
		t.Errorf("gaps %v", s.Gaps)
	}
	if p := s.PasswordPolicy; p == nil || !p.Value.Set || p.Value.MinimumLength != 14 || p.Value.MaxAge != 90 || !p.Value.ExpirePasswords || p.Source != "iam:GetAccountPasswordPolicy" || !p.At.Equal(now) {
		t.Errorf("password policy %+v", p)
	}
	if s.Summary.Value["AccountMFAEnabled"] != 1 || s.Summary.Value["Users"] != len(s.Users) {
		t.Errorf("summary %v", s.Summary)
	}
	if d := s.VirtualMFA.Value; len(d) != 1 || !d[0].OfRoot() || d[0].Kind() != account.VirtualMFA {
		t.Errorf("devices %+v", d)
	}
	if c := s.ServiceCredentials.Value; len(c) != 1 || c[0].User != w.truth.Intruder || !c[0].Active || c[0].Service != "codecommit.amazonaws.com" {
		t.Errorf("service credentials %+v", c)
	}
	if s.Organization.Value.ID != "" || s.CentralRoot != nil || s.Alias != "halden-freight" || s.ServerCertificates.Value == nil {
		t.Errorf("organization %+v, central root %+v, alias %q", s.Organization, s.CentralRoot, s.Alias)
	}
	if r := s.CredentialReport; r.Source != "iam:GetCredentialReport" || time.Since(r.At) > time.Hour || len(r.Rows) != len(s.Users)+1 {
		t.Errorf("report of %v with %d rows", r.At, len(r.Rows))
	}
	for _, u := range s.Users {
		if u.MFADevices == nil || u.SSHKeys == nil || u.Certificates == nil || u.LastAccessed == nil {
			t.Errorf("%s: %+v", u.Name, u.UserFacts)
		}
		if u.Name == w.truth.Intruder {
			if len(u.AccessKeys) != 1 {
				t.Errorf("keys of %s: %v", u.Name, u.AccessKeys)
			}
			if use, ok := u.LastAccessed.Value.Latest(); !ok || use.Service != "s3" {
				t.Errorf("%s: last %+v of %d services", u.Name, use, len(u.LastAccessed.Value.Services))
			}
		}
	}
	// The second time, what was read of each user a moment ago is taken again.
	s2, calls := w.collect(t, w.truth.Administrator, collect.Options{Before: s, Now: func() time.Time { return now.Add(time.Minute) }}, true)
	if n := calls.Total(); n > 15 || !gocmp.Equal(s.Users, s2.Users) {
		t.Errorf("%d calls: %s\n%s", n, calls, gocmp.Diff(s.Users, s2.Users))
	}
}

// Whoever may do nothing gets a gap for each part and no error.
func TestAccountGaps(t *testing.T) {
	t.Parallel()
	w := sample(t)
	s, _ := w.collect(t, w.truth.Guard, collect.Options{}, false)
	var got []string
	for _, g := range s.Gaps {
		got = append(got, g.What)
		if !strings.Contains(g.Reason, ": User: ") || strings.Contains(g.Reason, "RequestID") {
			t.Errorf("%s: %s", g.What, g.Reason)
		}
	}
	want := []string{"iam:GetAccountAuthorizationDetails", "iam:GetAccountPasswordPolicy", "iam:GetAccountSummary", "iam:GetCredentialReport", "iam:ListAccountAliases",
		"iam:ListOrganizationsFeatures", "iam:ListServerCertificates", "iam:ListServiceSpecificCredentials", "iam:ListVirtualMFADevices", "organizations:DescribeOrganization"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCredentialReportIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := sample(t)
	w.twin.SetReportFaults(twin.ReportFaults{Never: true})
	var waited time.Duration
	s, calls := w.collect(t, w.truth.Administrator, collect.Options{Patience: time.Minute, Sleep: impatient(&waited)}, false)
	if s.CredentialReport != nil || len(s.Gaps) != 1 || s.Gaps[0].What != "iam:GetCredentialReport" || !strings.Contains(s.Gaps[0].Reason, "not ready after 1m0s") {
		t.Errorf("gaps %v", s.Gaps)
	}
	if waited != time.Minute || !strings.Contains(calls.String(), "IAM:GenerateCredentialReport 8") {
		t.Errorf("waited %s, %s", waited, calls)
	}
}

func TestAccountInterrupted(t *testing.T) {
	t.Parallel()
	w := sample(t)
	c, _ := w.as(t, w.truth.Administrator)
	ctx, cancel := context.WithCancel(t.Context())
	w.twin.SetReportFaults(twin.ReportFaults{Never: true})
	s, err := collect.Account(ctx, collect.Clients{IAM: c.IAM, Users: c.IAM}, collect.Options{Account: w.account, Partition: "aws",
		Sleep: func(context.Context, time.Duration) error { cancel(); return context.Canceled }})
	if !errors.Is(err, context.Canceled) || s == nil || len(s.Gaps) == 0 {
		t.Fatalf("%v, %+v", err, s)
	}
	for _, g := range s.Gaps {
		if g.Reason != "interrupted" {
			t.Errorf("%s: %s", g.What, g.Reason)
		}
	}
}
