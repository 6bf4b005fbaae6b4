package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"warden/internal/stage"
)

// BenchmarkColdStart measures the start of the program, from its process to
// its first question for work, with the look-ups of a start answered by a
// twin on this machine. The zip's size is what make lambda packs.
func BenchmarkColdStart(b *testing.B) {
	program := filepath.Join(b.TempDir(), "bootstrap")
	if err := build(program); err != nil {
		b.Fatal(err)
	}
	st, err := stage.Set(b.Context(), stage.Options{Seed: 7})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	id, secret, err := st.Twin.Credentials(st.Truth.Administrator)
	if err != nil {
		b.Fatal(err)
	}
	// The ledger is not asked before the first event: no table is needed.
	env := map[string]string{
		"_HANDLER": "guard", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret,
		"AWS_ENDPOINT_URL": st.Server.URL(), "DRY_RUN": "true",
	}
	var took []time.Duration
	for b.Loop() {
		l := startFunction(b, program, env)
		select {
		case <-l.polled:
		case err := <-l.exited:
			b.Fatalf("the function ended: %v", err)
		}
		took = append(took, time.Since(l.started))
		l.end()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
	zip, err := os.Stat(zipOf(b, program))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(zip.Size())/1e6, "zip-MB")
}
