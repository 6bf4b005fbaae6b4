package guard_test

import (
	"strings"
	"testing"
	"time"

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

func TestDenySession(t *testing.T) {
	t.Parallel()
	const a, b = "AROAEXAMPLE:build-1", "AROAEXAMPLE:build-2"
	one, err := guard.DenySession("", a, noon)
	if err != nil {
		t.Fatal(err)
	}
	both, err := guard.DenySession(one, b, noon)
	if err != nil {
		t.Fatal(err)
	}
	again, err := guard.DenySession(both, a, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	denied := func(document, userID string, issued time.Time) bool {
		doc, err := policy.Parse("deny", []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		facts := policy.Context{}
		facts.Set("aws:userid", policy.One(userID))
		facts.Set("aws:TokenIssueTime", policy.One(issued.Format(time.RFC3339)))
		session := policy.Principal{Type: policy.Session, ARN: "arn:aws:sts::111122223333:assumed-role/ci/build", Account: "111122223333", RoleARN: "arn:aws:iam::111122223333:role/ci"}
		return guard.ProveDenied(doc, session, facts) == nil
	}
	for _, tc := range []struct {
		name, document, userID string
		issued                 time.Time
		want                   bool
	}{
		{"the session", one, a, noon.Add(-time.Hour), true},
		{"a token issued at the same second", one, a, noon, true},
		{"another session", one, b, noon.Add(-time.Hour), false},
		{"a token issued later", one, a, noon.Add(time.Second), false},
		{"the first stays denied", both, a, noon, true},
		{"the second too", both, b, noon, true},
		{"the time moves on", again, a, noon.Add(time.Minute), true},
		{"for him alone", again, b, noon.Add(time.Minute), false},
	} {
		if got := denied(tc.document, tc.userID, tc.issued); got != tc.want {
			t.Errorf("%s: denied %t, want %t by %s", tc.name, got, tc.want, tc.document)
		}
	}
	if strings.Count(again, `"Sid"`) != 2 {
		t.Errorf("a session is listed twice: %s", again)
	}
	if _, err := guard.DenySession(`{"Version":"2012-10-17","Statement":[],"Id":"mine"}`, a, noon); err == nil {
		t.Error("a policy that a person wrote was taken over")
	}
}

func TestDenySessionTakesNoVariable(t *testing.T) {
	t.Parallel()
	doc, err := guard.DenySession("", "AROAEXAMPLE:${aws:username}", noon)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(doc, "${aws:") {
		t.Errorf("the session name became a policy variable: %s", doc)
	}
}
