package privilege_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/privilege"
)

const number = "111122223333"

func user(name, boundary string, statements ...string) account.User {
	return account.User{Path: "/", Name: name, ID: "AIDA" + name, ARN: "arn:aws:iam::" + number + ":user/" + name, Boundary: boundary,
		Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)}}}
}

func TestServices(t *testing.T) {
	t.Parallel()
	const limit = "arn:aws:iam::" + number + ":policy/limit"
	s := &account.Snapshot{Version: 1, Account: number, Partition: "aws",
		Policies: []account.ManagedPolicy{{Name: "limit", ARN: limit, Versions: []account.PolicyVersion{{ID: "v1", Default: true,
			Document: json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","sqs:Get*"],"Resource":"*"}}`)}}}}}
	want := map[string]string{}
	add := func(u account.User, services string) {
		s.Users = append(s.Users, u)
		want[u.Name] = services
	}
	add(user("two", "", `{"Effect":"Allow","Action":["S3:*","sqs:*","sns:Get*"],"Resource":"*"}`), "s3 allowed, sqs allowed")
	add(user("everything", "", `{"Effect":"Allow","Action":["*","s3:*"],"Resource":"*"}`), "* allowed")
	add(user("power", "", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`), "* allowed")
	add(user("bucket", "", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::one/*"}`), "")
	add(user("refused", "", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`), "")
	add(user("bounded", limit, `{"Effect":"Allow","Action":["s3:*","sqs:*"],"Resource":"*"}`), "s3 allowed")
	add(user("mfa", "", `{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`), "ec2 depends")
	lost := user("lost", "", `{"Effect":"Allow","Action":"sns:Get*","Resource":"*"}`)
	lost.Attached = []string{"arn:aws:iam::aws:policy/Elsewhere"}
	add(lost, "* unknown")
	got := map[string][]string{}
	for _, w := range privilege.Services(authorize.New(s)) {
		got[w.Principal.Name] = append(got[w.Principal.Name], fmt.Sprintf("%s %s", w.Service, w.State))
		if w.State == authorize.Allowed && len(w.Statements) != 1 {
			t.Errorf("%s: %s is allowed by %v", w.Principal, w.Service, w.Statements)
		}
	}
	for name, services := range want {
		if text := strings.Join(got[name], ", "); text != services {
			t.Errorf("%s: %q, want %q", name, text, services)
		}
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	at := func(day int) *time.Time {
		x := time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC)
		return &x
	}
	known := func(u account.User, services ...account.ServiceUse) account.User {
		u.LastAccessed = &account.Fact[account.LastAccessed]{Evidence: account.Evidence{Source: "iam:GetServiceLastAccessedDetails", At: *at(20)}, Value: account.LastAccessed{Services: services}}
		return u
	}
	s := &account.Snapshot{Version: 1, Account: number, Partition: "aws", Users: []account.User{
		known(user("some", ""), account.ServiceUse{Service: "s3", At: at(19)}, account.ServiceUse{Service: "sqs"}, account.ServiceUse{Service: "ec2", At: at(1)}, account.ServiceUse{Service: "iam"}),
		known(user("all", ""), account.ServiceUse{Service: "s3", At: at(19)}),
		user("not-asked", ""),
	}}
	found, missing := privilege.Idle(authorize.New(s), s, *at(10))
	if len(found) != 1 || found[0].Principal.Name != "some" || !slices.Equal(found[0].Never, []string{"iam", "sqs"}) ||
		len(found[0].Stale) != 1 || found[0].Stale[0].Service != "ec2" || found[0].Of != 4 || found[0].Evidence.Source == "" {
		t.Errorf("idle: %+v", found)
	}
	if len(missing) != 1 || missing[0].Name != "not-asked" {
		t.Errorf("not known: %v", missing)
	}
}
