package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/internal/fixture"
	"warden/internal/stage"
	"warden/trail/source"
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

// BenchmarkThroughput measures how many events one worker, the true program,
// deals with in a second, in batches of ten as its queue gives them. Of a
// hundred events 60 are an administrator's writes, 30 take a role, 8 are
// refused writes of a user who is no administrator, and 2 are writes of one
// who is contained. IAM is a twin on this machine and the ledger's table is
// moto, so what it waits for is their time, not that of AWS. The variant
// without a ledger is a dry run: judgement alone, with its look-ups.
func BenchmarkThroughput(b *testing.B) {
	program := filepath.Join(b.TempDir(), "bootstrap")
	if err := build(program); err != nil {
		b.Fatal(err)
	}
	moto := fixture.Moto(b)
	for _, mode := range []struct{ name, dryRun string }{{"act", "false"}, {"judge", "true"}} {
		b.Run(mode.name, func(b *testing.B) {
			w := newWorld(b, moto, nil)
			l := startFunction(b, program, w.with("DRY_RUN", mode.dryRun))
			next := w.mix(b, l)
			dealt := 0
			b.ResetTimer()
			for b.Loop() {
				batch := next()
				if got := failures(b, l.invoke(batchOf(batch...), minute)); len(got) != 0 {
					b.Fatalf("failures %v", got)
				}
				dealt += len(batch)
			}
			b.ReportMetric(float64(dealt)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// mix returns what makes batches of ten events, each with an id of its own.
func (w *world) mix(b *testing.B, l *lambdaService) func() []events.SQSMessage {
	b.Helper()
	user := w.users(1)[0]
	role := w.role("app", "arn:aws:iam::"+w.Account+":root", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	_, err := w.Admin.STS.AssumeRole(b.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("worker")})
	must(b, err)
	refused := w.keyOf(w.plain("nobody"))
	if _, err := refused.IAM.CreateGroup(b.Context(), &iam.CreateGroupInput{GroupName: aws.String("refused")}); err == nil {
		b.Fatal("a user without rights made a group")
	}
	w.create(user, "made")
	one := func(name, text string) events.SQSMessage {
		for n := 1; ; n++ {
			for _, m := range w.delivered(name, n) {
				if strings.Contains(m.Body, text) {
					return m
				}
			}
		}
	}
	intrusion := one("CreateUser", `"userName":"made"`)
	if got := failures(b, l.invoke(batchOf(intrusion), minute)); len(got) != 0 {
		b.Fatalf("failures %v", got)
	}
	type kind struct {
		of   events.SQSMessage
		till int
	}
	kinds := []kind{
		{one("CreateUser", `"userName":"`+user+`"`), 60}, {w.recorded(b, "AssumeRole", intrusion), 90},
		{one("CreateGroup", "AccessDenied"), 98}, {intrusion, 100},
	}
	n := 0
	return func() []events.SQSMessage {
		batch := make([]events.SQSMessage, 10)
		for i := range batch {
			n++
			at := n * 37 % 100 // every hundred events has each number once
			k := slices.IndexFunc(kinds, func(k kind) bool { return at < k.till })
			m := kinds[k].of
			_, rest, _ := strings.Cut(m.Body, `"eventID":"`)
			id, _, _ := strings.Cut(rest, `"`)
			m.MessageId = fmt.Sprintf("message-%d", n)
			m.Body = strings.ReplaceAll(m.Body, id, fmt.Sprintf("00000000-0000-0000-0000-%012d", n))
			batch[i] = m
		}
		return batch
	}
}

// recorded is the newest event of a name in the history, as a message like
// another: the stage's rule does not bring what only reads.
func (w *world) recorded(b *testing.B, name string, like events.SQSMessage) events.SQSMessage {
	b.Helper()
	l := source.NewLookup(map[string]source.LookupClient{"us-east-1": w.Admin.CloudTrail})
	for e, err := range l.Events(b.Context(), time.Time{}, time.Time{}, source.Filter{By: source.ByEventName, Value: name}) {
		must(b, err)
		like.Body = string(e.Raw)
		return like
	}
	b.Fatalf("no event %s in the history", name)
	return like
}

// plain makes a user without any rights.
func (w *world) plain(name string) string {
	w.t.Helper()
	_, err := w.Admin.IAM.CreateUser(w.t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
	must(w.t, err)
	return name
}
