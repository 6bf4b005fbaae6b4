package change_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"warden/change"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func denied(i int, at time.Time) change.Denial {
	return change.Denial{Action: "iam:*", Key: change.UserID, Value: fmt.Sprintf("AROAEXAMPLEAPP0000000:session-%d", i), Until: at}
}

func set(t *testing.T, doc string, d change.Denial, st change.State) string {
	t.Helper()
	out, err := change.SetStatement(doc, d.Sid(), st, noon)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func in(t *testing.T, doc string, d change.Denial) change.State {
	t.Helper()
	st, err := change.StatementIn(doc, d.Sid())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// Denials come and go in one document in any order, merged or not, and leave
// what others wrote as it was.
func TestStatements(t *testing.T) {
	t.Parallel()
	const own = `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"Own","Effect":"Allow","Action":"s3:*","Resource":"a<b"}]}`
	for _, start := range []string{"", own} {
		doc := start
		var all []change.Denial
		for i := range 6 {
			all = append(all, denied(i, noon.Add(-time.Duration(i)*time.Hour)))
			doc = set(t, doc, all[i], change.Is(all[i].Statement()))
		}
		merged, shorter := change.MergeStatements(doc)
		if !shorter || strings.Count(merged, "WardenManyIUT") != 1 || strings.Contains(merged, all[0].Sid()) {
			t.Fatalf("merged: %s", merged)
		}
		for _, doc := range []string{doc, merged} {
			for i, d := range all {
				if got := in(t, doc, d); !got.Same(change.Is(d.Statement())) {
					t.Errorf("%d: %s", i, got)
				}
			}
			if in(t, doc, denied(9, noon)).Exists {
				t.Error("a denial that is not there was found")
			}
			for i, d := range []change.Denial{all[3], all[0], all[5], all[1], all[4], all[2]} {
				doc = set(t, doc, d, change.Absent)
				if in(t, doc, d).Exists {
					t.Errorf("%d is still there", i)
				}
				if i < 5 && !in(t, doc, all[2]).Exists {
					t.Errorf("%d took another with it", i)
				}
			}
			if doc != start {
				t.Errorf("left %s, was %s", doc, start)
			}
		}
	}
}

func TestExpiredStatements(t *testing.T) {
	t.Parallel()
	old, forever := denied(1, noon.Add(-13*time.Hour)), denied(2, time.Time{})
	all := change.Denial{Action: "*", Until: noon.Add(-13 * time.Hour)}
	doc := set(t, "", forever, change.Is(forever.Statement()))
	for _, d := range []change.Denial{old, all} {
		out, err := change.SetStatement(doc, d.Sid(), change.Is(d.Statement()), noon.Add(-13*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		doc = out
	}
	doc = set(t, doc, denied(3, noon), change.Is(denied(3, noon).Statement()))
	if in(t, doc, old).Exists || in(t, doc, all).Exists || !in(t, doc, forever).Exists || !in(t, doc, denied(3, noon)).Exists {
		t.Errorf("%s", doc)
	}
	if !old.Expired(noon) || forever.Expired(noon) {
		t.Error("expired")
	}
}

// What is not understood is not written over.
func TestStrangeDocuments(t *testing.T) {
	t.Parallel()
	d := denied(1, noon)
	for _, doc := range []string{"{", "[]", `{"Version":"2012-10-17","Statements":[]}`, `{"Version":"2012-10-17","Statement":"x"}`} {
		if _, err := change.SetStatement(doc, d.Sid(), change.Is(d.Statement()), noon); err == nil {
			t.Errorf("%s was written over", doc)
		}
	}
	one := set(t, `{"Statement":{"Effect":"Deny","Action":"x","Resource":"*"}}`, d, change.Is(d.Statement()))
	if !in(t, one, d).Exists || !strings.Contains(one, `{"Effect":"Deny","Action":"x","Resource":"*"}`) {
		t.Errorf("%s", one)
	}
}

func ExampleDenial() {
	d := change.Denial{Action: "iam:*", Key: change.UserID, Value: "AROAEXAMPLE:bad", Until: noon}
	fmt.Println(d.Statement())
	// Output: {"Sid":"WardenIU3228ca87a3104657T1795435200","Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"DateLessThanEquals":{"aws:TokenIssueTime":"2026-11-23T12:00:00Z"},"StringEquals":{"aws:userid":"AROAEXAMPLE:bad"}}}
}
