package collect_test

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	gocmp "github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/twin"
)

// What Details reads over the wire is what the twin holds, but for the
// credentials, which the call does not return, and AWS's policies that nobody
// uses.
func TestDetails(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	snapshot, truth := twin.Sample(1, now)
	bare(snapshot)
	tw, err := twin.New(twin.Config{Snapshot: snapshot, Faults: twin.Faults{PageSize: 7}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	id, secret, err := tw.Credentials(truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	clients := app.Fixed(server.URL(), app.Key{ID: id, Secret: secret})
	got, err := collect.Details(context.Background(), clients.IAM, snapshot.Account, "aws", now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Gaps) > 0 {
		t.Errorf("gaps: %v", got.Gaps)
	}
	want := tw.Snapshot()
	if diff := gocmp.Diff(comparable(t, want), comparable(t, got)); diff != "" {
		t.Errorf("(-twin +read):\n%s", diff)
	}
}

// comparable keeps what both know, in one order.
func comparable(t *testing.T, s *account.Snapshot) *account.Snapshot {
	t.Helper()
	out := *s
	out.Alias, out.CollectedAt, out.Gaps = "", time.Time{}, nil
	out.Users = slices.Clone(s.Users)
	for i := range out.Users {
		u := &out.Users[i]
		u.AccessKeys, u.LoginProfile, u.PasswordLastUsed = nil, nil, nil
		u.Groups = sorted(u.Groups)
		u.Attached = sorted(u.Attached)
		u.Inline = documents(t, u.Inline)
	}
	out.Groups = slices.Clone(s.Groups)
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Attached, g.Inline = sorted(g.Attached), documents(t, g.Inline)
	}
	out.Roles = slices.Clone(s.Roles)
	for i := range out.Roles {
		r := &out.Roles[i]
		// The call returns neither.
		r.Description, r.MaxSession = "", 0
		r.Attached, r.Inline, r.Trust = sorted(r.Attached), documents(t, r.Inline), compact(t, r.Trust)
	}
	out.Policies = nil
	for _, p := range s.Policies {
		if p.AWSManaged() {
			continue
		}
		p.Description, p.Tags = "", nil
		p.Versions = slices.Clone(p.Versions)
		for i := range p.Versions {
			p.Versions[i].Document = compact(t, p.Versions[i].Document)
		}
		slices.SortFunc(p.Versions, func(a, b account.PolicyVersion) int { return cmp.Compare(a.ID, b.ID) })
		out.Policies = append(out.Policies, p)
	}
	slices.SortFunc(out.Users, func(a, b account.User) int { return cmp.Compare(a.ARN, b.ARN) })
	slices.SortFunc(out.Groups, func(a, b account.Group) int { return cmp.Compare(a.ARN, b.ARN) })
	slices.SortFunc(out.Roles, func(a, b account.Role) int { return cmp.Compare(a.ARN, b.ARN) })
	slices.SortFunc(out.Policies, func(a, b account.ManagedPolicy) int { return cmp.Compare(a.ARN, b.ARN) })
	return &out
}

func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func documents(t *testing.T, list []account.InlinePolicy) []account.InlinePolicy {
	t.Helper()
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Document = compact(t, list[i].Document)
	}
	slices.SortFunc(list, func(a, b account.InlinePolicy) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func compact(t *testing.T, document json.RawMessage) json.RawMessage {
	t.Helper()
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// fixed answers with one page.
type fixed struct {
	page *iam.GetAccountAuthorizationDetailsOutput
}

func (f fixed) GetAccountAuthorizationDetails(context.Context, *iam.GetAccountAuthorizationDetailsInput, ...func(*iam.Options)) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	return f.page, nil
}

func TestDetailsGaps(t *testing.T) {
	t.Parallel()
	page := &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []types.UserDetail{{
		UserName: aws.String("ann"), Arn: aws.String("arn:aws:iam::111122223333:user/ann"),
		UserPolicyList: []types.PolicyDetail{{PolicyName: aws.String("odd"), PolicyDocument: aws.String("%zz")}, {PolicyName: aws.String("text"), PolicyDocument: aws.String("hello")}},
	}}}
	got, err := collect.Details(context.Background(), fixed{page}, "111122223333", "aws", time.Now())
	if err != nil || len(got.Gaps) != 2 || got.Gaps[0].Subject != "arn:aws:iam::111122223333:user/ann" {
		t.Errorf("%v, %+v", err, got.Gaps)
	}
}
