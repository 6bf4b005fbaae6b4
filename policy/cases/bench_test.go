package cases_test

import (
	"bytes"
	"runtime"
	"testing"

	"warden/policy"
	"warden/policy/cases"
)

// BenchmarkDecide is one decision of the main cases, policies compiled.
func BenchmarkDecide(b *testing.B) {
	all := load(b, "decisions.jsonl.gz")
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		c := all[i%len(all)]
		policy.Decide(&c.Request, &c.Policies)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkEvaluate is one decision with its evidence.
func BenchmarkEvaluate(b *testing.B) {
	all := load(b, "decisions.jsonl.gz")
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		c := all[i%len(all)]
		policy.Evaluate(c.Request, c.Policies)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkCold is one case from its line: reading, parsing, compiling and
// deciding.
func BenchmarkCold(b *testing.B) {
	lines := lines(b, "decisions.jsonl.gz")
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		c, err := cases.Parse(lines[i%len(lines)])
		if err != nil {
			b.Fatal(err)
		}
		policy.Decide(&c.Request, &c.Policies)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cases/s")
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
	var size int
	for i := range b.N {
		text := texts[i%len(texts)]
		size += len(text)
		if _, err := policy.Parse("p", text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "policies/s")
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
