package reason_test

import (
	"fmt"
	"strings"
	"testing"

	"warden/policy"
	"warden/policy/reason"
)

// many is a policy of n statements.
func many(t fatal, name string, n int, body func(i int) string) []*policy.Document {
	t.Helper()
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = body(i)
	}
	return document(t, name, bodies...)
}

// TestHardPolicies: what is large or nasty is answered, or given up, after a
// bounded number of steps.
func TestHardPolicies(t *testing.T) {
	t.Parallel()
	stars := strings.Repeat("a*", 40) + "b"
	marks := "*a" + strings.Repeat("?", 40)
	one := func(i int) string { return fmt.Sprintf(`"Action":"s3:A%d"`, i) }
	for _, tt := range []struct {
		name  string
		a, b  []*policy.Document
		wants []reason.Relation // any of them
	}{
		{"stars against stars", document(t, "a", `"Resource":"arn:aws:s3:::`+stars+`"`),
			document(t, "b", `"Resource":"arn:aws:s3:::`+strings.Replace(stars, "a*", "a*a*", 1)+`"`), []reason.Relation{aMore}},
		{"question marks after a star", document(t, "a", `"Resource":"arn:aws:s3:::`+marks+`"`),
			document(t, "b", `"Resource":"arn:aws:s3:::`+marks+`?"`), []reason.Relation{incomparable, undecided}},
		{"question marks after a star, contained", document(t, "a", `"Resource":["arn:aws:s3:::`+marks+`","arn:aws:s3:::x"]`),
			document(t, "b", `"Resource":"arn:aws:s3:::*a?`+marks[2:]+`"`, `"Resource":"arn:aws:s3:::`+marks+`"`), []reason.Relation{incomparable, undecided}},
		{"ten thousand statements and themselves", many(t, "a", 10_000, one), many(t, "b", 10_000, one), []reason.Relation{equivalent}},
		{"ten thousand statements backwards", many(t, "a", 10_000, one),
			many(t, "b", 10_000, func(i int) string { return one(9_999 - i) }), []reason.Relation{equivalent}},
		{"ten thousand statements and others", many(t, "a", 10_000, one),
			many(t, "b", 10_000, func(i int) string { return fmt.Sprintf(`"Action":"s3:B%d"`, i) }), []reason.Relation{incomparable}},
		{"ten thousand statements in one", many(t, "a", 10_000, one), many(t, "b", 1, func(int) string {
			var names []string
			for i := range 10_000 {
				names = append(names, fmt.Sprintf(`"s3:A%d"`, i))
			}
			return `"Action":[` + strings.Join(names, ",") + `]`
		}), []reason.Relation{equivalent, undecided}},
		{"all buckets but a thousand", many(t, "a", 1, func(int) string { return `"Resource":"arn:aws:s3:::*"` }),
			append(document(t, "b", `"Resource":"arn:aws:s3:::*"`), many(t, "c", 1000, func(i int) string {
				return fmt.Sprintf(`"Effect":"Deny","Resource":"arn:aws:s3:::b%d*"`, i)
			})...), []reason.Relation{aMore}},
		{"a thousand conditions", many(t, "a", 1000, func(i int) string { return when("StringLike", fmt.Sprintf("t:k%d", i), `"a*"`) }),
			many(t, "b", 1000, func(i int) string { return when("StringLike", fmt.Sprintf("t:k%d", i), `"ab*"`) }), []reason.Relation{aMore, undecided}},
		{"a thousand principals", many(t, "a", 500, func(i int) string {
			return fmt.Sprintf(`"Principal":{"AWS":"arn:aws:iam::111122223333:user/u%d"}`, i)
		}), many(t, "b", 500, func(i int) string {
			return fmt.Sprintf(`"Principal":{"AWS":"arn:aws:iam::111122223333:role/r%d"}`, i)
		}), []reason.Relation{incomparable, undecided}},
		{"pigeons", pigeons(t, 9, 8), document(t, "b", `"NotAction":"*"`), []reason.Relation{equivalent, undecided}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := reason.Compare(tt.a, tt.b, reason.Options{})
			for _, want := range tt.wants {
				if got.Relation == want {
					t.Logf("%v %q", got.Relation, got.Reasons)
					return
				}
			}
			t.Errorf("got %v, want one of %v: %q", got.Relation, tt.wants, got.Reasons)
		})
	}
}

// pigeons allows what no request can be, but only a count of pigeons and holes
// shows it: the kind of problem on which searches by cases take for ever.
func pigeons(t fatal, n, holes int) []*policy.Document {
	t.Helper()
	bodies := []string{``}
	for p := range n {
		body := `"Effect":"Deny","Condition":{"StringNotEqualsIfExists":{`
		for h := range holes {
			body += fmt.Sprintf(`%s"aws:PrincipalTag/p%dh%d":"in"`, strings.Repeat(",", min(h, 1)), p, h)
		}
		bodies = append(bodies, body+`}}`)
	}
	for h := range holes {
		for p := range n {
			for q := range p {
				bodies = append(bodies, fmt.Sprintf(`"Effect":"Deny","Condition":{"StringEquals":{"aws:PrincipalTag/p%dh%d":"in","aws:PrincipalTag/p%dh%d":"in"}}`, p, h, q, h))
			}
		}
	}
	return document(t, "pigeons", bodies...)
}

// TestBudget: with no work allowed nothing is claimed.
func TestBudget(t *testing.T) {
	t.Parallel()
	a, b := document(t, "a", `"Action":["s3:Get*","s3:Put*"]`), document(t, "b", `"Action":"s3:Get*"`, `"Action":"s3:Put*"`)
	if got := reason.Compare(a, b, reason.Options{Budget: 1}); got.Relation != undecided || !strings.Contains(got.Reasons[0], "too large") {
		t.Errorf("got %+v", got)
	}
}

// FuzzCompare: no policies make the comparison panic, a policy never differs
// from itself, and every witness is allowed by one side alone.
func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username, 'x'}*?"}}`),
		[]byte(`{"Statement":[{"Effect":"Deny","NotAction":"s3:G?t*","NotResource":"arn:*:s3:::*a*","Condition":{"ForAnyValue:ArnLike":{"aws:k":"arn:*"},"DateEquals":{"aws:k":"2024"}}},{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	f.Add([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::1:role/x"]},"Action":"*:*"}}`),
		[]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotPrincipal":{"Service":"s","AWS":"arn:aws:sts::111122223333:assumed-role/r/s"},"Action":"sts:*","Condition":{"IpAddress":{"aws:SourceIp":["::/0","0.0.0.0/1"]},"NumericLessThanIfExists":{"aws:n":[1.5,"x"]},"Null":{"aws:PrincipalArn":true}}}}`))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, err := policy.ParseStored("a", one)
		if err != nil {
			return
		}
		b, err := policy.ParseStored("b", two)
		if err != nil {
			return
		}
		opt := reason.Options{Budget: 200_000}
		as, bs := []*policy.Document{a}, []*policy.Document{b}
		c := reason.Compare(as, bs, opt)
		for i, w := range []*reason.Witness{c.OnlyA, c.OnlyB} {
			if w == nil || w.Grant != "" {
				continue
			}
			inA, _ := reason.Allows(as, opt, w.Request)
			inB, _ := reason.Allows(bs, opt, w.Request)
			if inA == inB || inA != (i == 0) {
				// Policies of different kinds are judged as resource policies.
				if a.Statements != nil && b.Statements != nil && len(c.Reasons) == 0 {
					t.Fatalf("witness %d: %v %v %+v", i, inA, inB, w.Request)
				}
			}
		}
		if self := reason.Compare(as, as, opt); self.Relation != reason.Equivalent && self.Relation != reason.Undecided {
			t.Fatalf("differs from itself: %+v", self)
		}
		reason.IsPublic(a, opt)
		reason.Intersects(as, bs, opt)
		reason.NotGranted(as, []string{"s3:G*", "?"}, []string{"arn:*"}, opt)
	})
}
