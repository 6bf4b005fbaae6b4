package reason_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/policy"
	"warden/policy/cases"
	"warden/policy/reason"
)

// pair is two policies of the same kind that have something to do with each
// other.
type pair struct{ a, b []*policy.Document }

// casePolicies are the policies of the recorded cases, and requests to them.
func casePolicies(tb testing.TB) (identity, resource []*policy.Document, requests []policy.Request) {
	tb.Helper()
	f, err := os.Open("../testdata/cases/decisions.jsonl.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r, err := cases.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	for range 3000 {
		c, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		identity = append(identity, c.Policies.Identity...)
		identity = append(identity, c.Policies.Boundary...)
		if c.Policies.Resource != nil {
			resource = append(resource, c.Policies.Resource)
		}
		requests = append(requests, c.Request)
	}
	return identity, resource, requests
}

// pairs are n pairs: neighbours, which mostly differ at first sight, and each
// policy with one that was made of it.
func pairs(tb testing.TB, docs []*policy.Document, n int) []pair {
	tb.Helper()
	chance := rand.New(rand.NewPCG(7, 7))
	var out []pair
	for i := 0; len(out) < n && i+1 < len(docs); i++ {
		d := docs[i]
		if len(d.Statements) == 0 || len(docs[i+1].Statements) == 0 {
			continue
		}
		whole := []*policy.Document{d}
		switch i % 4 {
		case 0:
			out = append(out, pair{whole, docs[i+1 : i+2]})
		case 1: // together with its neighbour
			out = append(out, pair{whole, docs[i : i+2]})
		case 2: // less one statement
			at := chance.IntN(len(d.Statements))
			out = append(out, pair{whole, []*policy.Document{change(tb, d, func(c *policy.Document) {
				c.Statements = slices.Delete(slices.Clone(c.Statements), at, at+1)
			})}})
		case 3: // with wider actions and resources
			out = append(out, pair{whole, []*policy.Document{change(tb, d, func(c *policy.Document) {
				c.Statements = slices.Clone(c.Statements)
				s := &c.Statements[chance.IntN(len(c.Statements))]
				if s.Actions != nil {
					if service, _, ok := strings.Cut(s.Actions[0], ":"); ok {
						s.Actions = append(slices.Clone(s.Actions), service+":*")
					}
				}
				if s.Resources != nil && s.Resources[0] != "*" {
					s.Resources = append(slices.Clone(s.Resources), s.Resources[0]+"*")
				}
			})}})
		}
	}
	return out
}

// change parses a changed copy.
func change(tb testing.TB, d *policy.Document, f func(*policy.Document)) *policy.Document {
	tb.Helper()
	c := &policy.Document{Name: d.Name, Version: d.Version, Statements: d.Statements}
	f(c)
	text, err := c.MarshalJSON()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := policy.ParseStored(d.Name+" changed", text)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TestCasePolicies compares policies of the recorded cases. None of their
// requests contradicts a proof, and little is unknown.
func TestCasePolicies(t *testing.T) {
	t.Parallel()
	identity, resource, requests := casePolicies(t)
	for name, docs := range map[string][]*policy.Document{"identity": identity, "resource": resource} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counts := map[reason.Relation]int{}
			why := map[string]int{}
			var times []time.Duration
			all := pairs(t, docs, 1500)
			opt := reason.Options{AnyContext: true}
			for i, p := range all {
				before := time.Now()
				c := reason.Compare(p.a, p.b, opt)
				times = append(times, time.Since(before))
				counts[c.Relation]++
				for _, r := range c.Reasons {
					why[r]++
					if strings.Contains(r, "does not confirm") && !excused(c.Reasons) {
						t.Errorf("%q\n%s\n%s", c.Reasons, show(p.a[0]), show(p.b[0]))
					}
				}
				for j := range requests {
					if (i+j)%10 != 0 {
						continue
					}
					inA, doubtA := reason.Allows(p.a, opt, requests[j])
					inB, doubtB := reason.Allows(p.b, opt, requests[j])
					if inA == inB || len(doubtA)+len(doubtB) > 0 {
						continue
					}
					switch {
					case c.Relation == reason.Equivalent, inA && c.Relation == reason.BMore, inB && c.Relation == reason.AMore:
						t.Fatalf("%v, but a allows %v and b %v: %+v\n%s\n%s", c.Relation, inA, inB, requests[j], show(p.a[0]), show(p.b[0]))
					}
				}
			}
			slices.Sort(times)
			t.Logf("%d pairs: %v; %v at the median, %v at the 99th percentile, %v at most", len(all), counts,
				times[len(times)/2], times[len(times)*99/100], times[len(times)-1])
			t.Logf("unknown: %v", why)
			if unknown := counts[reason.Undecided]; unknown > len(all)/10 {
				t.Errorf("%d of %d are unknown", unknown, len(all))
			}
		})
	}
}

// BenchmarkCompare compares pairs of policies of the recorded cases.
func BenchmarkCompare(b *testing.B) {
	identity, resource, _ := casePolicies(b)
	all := append(pairs(b, identity, 1000), pairs(b, resource, 1000)...)
	times := make([]time.Duration, 0, b.N)
	for i := 0; b.Loop(); i++ {
		p := all[i%len(all)]
		before := time.Now()
		reason.Compare(p.a, p.b, reason.Options{})
		times = append(times, time.Since(before))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(times[len(times)-1].Microseconds()), "max-µs")
}
