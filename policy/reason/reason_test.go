package reason_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"warden/policy"
	"warden/policy/reason"
)

// worlds are the kinds of policy that the property tests draw.
var worlds = []struct {
	name string
	generator
}{
	{"identity", generator{}},
	{"identity with variables", generator{variables: true}},
	{"resource", generator{resource: true}},
	{"resource with variables", generator{resource: true, variables: true}},
}

// TestContainsAgreesWithTheEngine: no request contradicts a proof, every
// witness holds, and for policies without variables there is always an answer.
func TestContainsAgreesWithTheEngine(t *testing.T) {
	t.Parallel()
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			unknown, all := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				a, b := []*policy.Document{w.policy(t, "a")}, []*policy.Document{w.policy(t, "b")}
				got := reason.Contains(a, b, reason.Options{})
				all++
				check(t, got, a, b)
				if got.Verdict == reason.Unknown {
					unknown++
					if !w.variables && !excused(got.Reasons) {
						t.Fatalf("unknown: %q\n%s\n%s", got.Reasons, show(a[0]), show(b[0]))
					}
				}
				if got.Verdict != reason.Yes {
					return
				}
				chance := rand.New(rand.NewPCG(1, uint64(all)))
				for range 300 {
					r := w.request(chance)
					inA, _ := reason.Allows(a, reason.Options{}, r)
					inB, doubt := reason.Allows(b, reason.Options{}, r)
					if inB && !inA && len(doubt) == 0 {
						t.Fatalf("proved that a contains b, but only b allows %+v\n%s\n%s", r, show(a[0]), show(b[0]))
					}
					if w.resource && firmly(b[0], r) && !firmly(a[0], r) && len(doubt) == 0 {
						t.Fatalf("proved that a contains b, but only b allows directly %+v\n%s\n%s", r, show(a[0]), show(b[0]))
					}
				}
			})
			t.Logf("%d of %d unknown", unknown, all)
		})
	}
}

// firmly tells whether a resource policy on its own lets a caller of the
// resource's own account in, whatever limits his session has.
func firmly(d *policy.Document, r policy.Request) bool {
	arn, _ := policy.SplitARN(r.Resource.ARN)
	if r.Principal.Account == "" || arn[4] != "" && arn[4] != r.Principal.Account {
		return false
	}
	r.Resource.Account = r.Principal.Account
	return policy.Evaluate(r, policy.Policies{Resource: d, SessionPassed: true}).Decision == policy.Allowed
}

// excused reasons lie in the policies: a caller whom NotPrincipal lists in
// part, and a number compared as text.
func excused(reasons []string) bool {
	return slices.ContainsFunc(reasons, func(r string) bool { return strings.Contains(r, "NotPrincipal lists") })
}

// check: what is claimed is confirmed.
func check(t fatal, got reason.Answer, a, b []*policy.Document) {
	t.Helper()
	for _, r := range got.Reasons {
		if strings.Contains(r, "does not confirm") && !excused(got.Reasons) {
			t.Fatalf("%q\n%s\n%s", got.Reasons, show(a[0]), show(b[0]))
		}
	}
	if (got.Verdict == reason.No) != (got.Witness != nil) || (got.Verdict == reason.Unknown) != (len(got.Reasons) > 0) {
		t.Fatalf("incomplete answer: %+v", got)
	}
	if got.Witness == nil || got.Witness.Grant != "" {
		return
	}
	inA, _ := reason.Allows(a, reason.Options{}, got.Witness.Request)
	inB, _ := reason.Allows(b, reason.Options{}, got.Witness.Request)
	if inA || !inB {
		t.Fatalf("witness %+v: allowed by a %v, by b %v\n%s\n%s", got.Witness.Request, inA, inB, show(a[0]), show(b[0]))
	}
}

// TestRelationsByConstruction: what was built to be more, less or the same is
// found to be so.
func TestRelationsByConstruction(t *testing.T) {
	t.Parallel()
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				var statements []any
				for range rapid.IntRange(1, 4).Draw(t, "statements") {
					statements = append(statements, w.statement(t))
				}
				old := []*policy.Document{parse(t, "old", statements)}
				never := func(what string, container, contained []*policy.Document) {
					if got := reason.Contains(container, contained, reason.Options{}); got.Verdict == reason.No {
						t.Fatalf("%s: %+v\n%s\n%s", what, got.Witness, show(container[0]), show(contained[0]))
					} else if got.Verdict == reason.Unknown && !w.variables && !excused(got.Reasons) {
						t.Fatalf("%s: %q\n%s\n%s", what, got.Reasons, show(container[0]), show(contained[0]))
					}
				}
				extra := w.statement(t)
				extra["Effect"] = "Allow"
				more := []*policy.Document{parse(t, "more", append(slices.Clone(statements), extra))}
				never("with another Allow", more, old)
				extra["Effect"] = "Deny"
				less := []*policy.Document{parse(t, "less", append(slices.Clone(statements), extra))}
				never("with another Deny", old, less)
				never("with Allow and with Deny", more, less)

				shuffled := slices.Clone(statements)
				slices.Reverse(shuffled)
				at := rapid.IntRange(0, len(statements)).Draw(t, "at")
				same := map[string][]*policy.Document{
					"in another order": {parse(t, "order", shuffled)},
					"in two":           {parse(t, "one", slices.Clone(statements[:at])), parse(t, "two", slices.Clone(statements[at:]))},
				}
				for what, other := range same {
					if slices.ContainsFunc(other, func(d *policy.Document) bool { return len(d.Statements) == 0 }) {
						continue
					}
					never(what, old, other)
					never(what, other, old)
				}
			})
		})
	}
}
