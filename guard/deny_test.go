package guard_test

import (
	"strings"
	"testing"
	"time"

	"warden/change"
	"warden/guard"
	"warden/policy"
)

var (
	victim = policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/ci", Account: "111122223333"}
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func TestProveDenied(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, document, want string }{
		{"deny document", guard.DenyDocument(), ""},
		{"allow", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, "iam:CreateUser is not denied"},
		{"condition", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`, "iam:CreateUser is not denied"},
		{"one action missing", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"iam:PassRole","Resource":"*"}]}`, "iam:PassRole is not denied"},
		{"other resource", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::111122223333:role/*"}]}`, "is not denied"},
		{"duplicate key", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Deny","Action":"iam:*","Resource":"*"}]}`, "unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			doc, err := policy.ParseStored("DENY-IAM", []byte(tc.document))
			if err != nil {
				t.Fatal(err)
			}
			err = guard.ProveDenied(doc, victim, nil)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDenialOfASession(t *testing.T) {
	t.Parallel()
	const a, b = "AROAEXAMPLE:build-1", "AROAEXAMPLE:build-2"
	write := func(doc string, d change.Denial) string {
		out, err := change.SetStatement(doc, d.Sid(), change.Is(d.Statement()), noon)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one := write("", guard.DenyIAM.Session(a, noon))
	both := write(one, guard.DenyIAM.Session(b, noon))
	merged, _ := change.MergeStatements(write(both, guard.DenyIAM.Session(a, noon.Add(time.Hour))))
	all := write("", guard.DenyAll.Sessions(noon))
	denied := func(level guard.Level, document, userID string, issued time.Time) bool {
		doc, err := policy.Parse("deny", []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		facts := policy.Context{}
		facts.Set("aws:userid", policy.One(userID))
		facts.Set("aws:TokenIssueTime", policy.One(issued.Format(time.RFC3339)))
		session := policy.Principal{Type: policy.Session, ARN: "arn:aws:sts::111122223333:assumed-role/ci/build", Account: "111122223333", RoleARN: "arn:aws:iam::111122223333:role/ci"}
		return level.Prove(policy.Policies{Identity: []*policy.Document{doc}}, session, facts) == nil
	}
	for _, tc := range []struct {
		name             string
		level            guard.Level
		document, userID string
		issued           time.Time
		want             bool
	}{
		{"the session", guard.DenyIAM, one, a, noon.Add(-time.Hour), true},
		{"not all of it", guard.DenyAll, one, a, noon.Add(-time.Hour), false},
		{"a token issued at the same second", guard.DenyIAM, one, a, noon, true},
		{"another session", guard.DenyIAM, one, b, noon.Add(-time.Hour), false},
		{"a token issued later", guard.DenyIAM, one, a, noon.Add(time.Second), false},
		{"the first stays denied", guard.DenyIAM, both, a, noon, true},
		{"the second too", guard.DenyIAM, both, b, noon, true},
		{"merged", guard.DenyIAM, merged, a, noon.Add(time.Minute), true},
		{"merged with another", guard.DenyIAM, merged, b, noon, true},
		{"not those who are not in it", guard.DenyIAM, merged, a + "0", noon, false},
		{"every session", guard.DenyAll, all, b, noon, true},
		{"of then", guard.DenyAll, all, b, noon.Add(time.Second), false},
	} {
		if got := denied(tc.level, tc.document, tc.userID, tc.issued); got != tc.want {
			t.Errorf("%s: denied %t, want %t by %s", tc.name, got, tc.want, tc.document)
		}
	}
}

// A caller chooses the name of his session.
func TestDenialTakesNoVariable(t *testing.T) {
	t.Parallel()
	if s := guard.DenyIAM.Session("AROAEXAMPLE:${aws:username}", noon).Statement(); strings.Contains(s, "${aws:") {
		t.Errorf("the session name became a policy variable: %s", s)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	const both = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	for _, tc := range []struct {
		name     string
		level    guard.Level
		document string
		want     string
	}{
		{"deny-iam", guard.DenyIAM, guard.DenyIAM.Document(), ""},
		{"deny-all", guard.DenyAll, guard.DenyAll.Document(), ""},
		{"deny-all also denies IAM", guard.DenyIAM, guard.DenyAll.Document(), ""},
		{"deny-iam does not deny all", guard.DenyAll, guard.DenyIAM.Document(), "sts:AssumeRole is not denied"},
		{"it grants", guard.DenyIAM, both, "allows something"},
	} {
		doc, err := policy.ParseStored(tc.name, []byte(tc.document))
		if err != nil {
			t.Fatal(err)
		}
		err = tc.level.Ready(doc)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}
