package cases_test

import (
	"bytes"
	"runtime"
	"syscall"
	"testing"
	"time"

	"warden/policy"
	"warden/policy/cases"
)

// rate reports how many a second of processor time, which on a shared machine
// says more than the clock on the wall.
func rate(b *testing.B, unit string, started time.Duration) {
	b.ReportMetric(float64(b.N)/(processorTime()-started).Seconds(), unit+"/cpu-s")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecide is one decision of the main cases, policies compiled.
func BenchmarkDecide(b *testing.B) {
	all := load(b, "decisions.jsonl.gz")
	b.ReportAllocs()
	b.ResetTimer()
	started := processorTime()
	for i := range b.N {
		c := all[i%len(all)]
		policy.Decide(&c.Request, &c.Policies)
	}
	rate(b, "decisions", started)
}

// BenchmarkEvaluate is one decision with its evidence.
func BenchmarkEvaluate(b *testing.B) {
	all := load(b, "decisions.jsonl.gz")
	b.ReportAllocs()
	b.ResetTimer()
	started := processorTime()
	for i := range b.N {
		c := all[i%len(all)]
		policy.Evaluate(c.Request, c.Policies)
	}
	rate(b, "decisions", started)
}

// BenchmarkCold is one case from its line: reading, parsing, compiling and
// deciding.
func BenchmarkCold(b *testing.B) {
	lines := lines(b, "decisions.jsonl.gz")
	b.ReportAllocs()
	b.ResetTimer()
	started := processorTime()
	for i := range b.N {
		c, err := cases.Parse(lines[i%len(lines)])
		if err != nil {
			b.Fatal(err)
		}
		policy.Decide(&c.Request, &c.Policies)
	}
	rate(b, "cases", started)
}

// BenchmarkParseAndDecide is one decision from the texts of its policies:
// parsing, compiling and deciding.
func BenchmarkParseAndDecide(b *testing.B) {
	all := load(b, "decisions.jsonl.gz")
	texts := make(map[*policy.Document][]byte)
	for _, c := range all {
		again(b, &c.Policies, func(d *policy.Document) *policy.Document {
			text, err := d.MarshalJSON()
			if err != nil {
				b.Fatal(err)
			}
			texts[d] = text
			return d
		})
	}
	b.ReportAllocs()
	b.ResetTimer()
	started := processorTime()
	for i := range b.N {
		c := all[i%len(all)]
		p := again(b, &c.Policies, func(d *policy.Document) *policy.Document {
			parsed, err := policy.Parse(d.Name, texts[d])
			if err != nil {
				b.Fatal(err)
			}
			return parsed
		})
		policy.Decide(&c.Request, &p)
	}
	rate(b, "decisions", started)
}

// again returns p with every document replaced.
func again(b *testing.B, p *policy.Policies, replace func(*policy.Document) *policy.Document) policy.Policies {
	b.Helper()
	list := func(docs []*policy.Document) []*policy.Document {
		out := make([]*policy.Document, len(docs))
		for i, d := range docs {
			out[i] = replace(d)
		}
		return out
	}
	levels := func(levels []policy.Level) []policy.Level {
		out := make([]policy.Level, len(levels))
		for i, l := range levels {
			out[i] = policy.Level{Name: l.Name, Policies: list(l.Policies)}
		}
		return out
	}
	q := *p
	q.Identity, q.Group, q.Boundary = list(p.Identity), list(p.Group), list(p.Boundary)
	q.Session, q.Endpoint = list(p.Session), list(p.Endpoint)
	q.SCPs, q.RCPs = levels(p.SCPs), levels(p.RCPs)
	if p.Resource != nil {
		q.Resource = replace(p.Resource)
	}
	return q
}

// BenchmarkCompile is one policy of the main cases; it also reports what a
// compiled statement weighs.
func BenchmarkCompile(b *testing.B) {
	var texts [][]byte
	for _, c := range load(b, "decisions.jsonl.gz") {
		for _, d := range c.Policies.Identity {
			text, err := d.MarshalJSON()
			if err != nil {
				b.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	started := processorTime()
	var size int
	for i := range b.N {
		text := texts[i%len(texts)]
		size += len(text)
		if _, err := policy.Parse("p", text); err != nil {
			b.Fatal(err)
		}
	}
	rate(b, "policies", started)
	b.SetBytes(int64(size / b.N))
}

// BenchmarkMemory reports what 50,000 compiled statements weigh.
func BenchmarkMemory(b *testing.B) {
	text, err := load(b, "decisions.jsonl.gz")[3].Policies.Identity[0].MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	for range b.N {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var docs []*policy.Document
		statements := 0
		for statements < 50_000 {
			d, err := policy.Parse("p", bytes.Clone(text))
			if err != nil {
				b.Fatal(err)
			}
			docs = append(docs, d)
			statements += len(d.Statements)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(statements), "B/statement")
		runtime.KeepAlive(docs)
	}
}
