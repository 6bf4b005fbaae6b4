package ledger_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/internal/fixture"
)

// incidents makes some number of entries, as incidents of a containment leave
// them.
func incidents(b *testing.B, entries int, add func(e ledger.Entry)) {
	b.Helper()
	n := 0
	put := func(e ledger.Entry, body any) {
		raw, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		n++
		e.Body, e.Time = raw, time.Date(2026, 9, 1, 0, 0, n, 0, time.UTC)
		if e.Key == "" {
			e.Key = fmt.Sprintf("%s:%s:%d", e.Kind, e.Incident, n)
		}
		add(e)
	}
	for i := 0; n < entries; i++ {
		incident, arn := fmt.Sprintf("inc-%d", i), fmt.Sprintf("arn:aws:iam::111122223333:user/u%d", i)
		put(ledger.Entry{Kind: ledger.IncidentOpened, Incident: incident}, ledger.Opening{Account: "111122223333", Caller: arn, Kind: "iam-user", Title: "user called CreateUser"})
		put(ledger.Entry{Kind: ledger.EventJoined, Incident: incident}, ledger.Event{ID: fmt.Sprintf("event-%d", i), Name: "CreateUser", Verdict: "contain", Detections: []string{"iam.user.create"}})
		p, err := change.NewPlan(change.Plan{Account: "111122223333", Incident: incident, Round: 1, Title: "contain",
			Steps: []change.Step{change.Attach(change.Identity{ARN: arn, ID: fmt.Sprintf("AIDA%d", i)}, "arn:aws:iam::111122223333:policy/DENY-IAM")}})
		if err != nil {
			b.Fatal(err)
		}
		step := p.Steps[0]
		put(ledger.Entry{Kind: ledger.PlanRecorded, Incident: incident, Key: "plan:" + incident + ":1"}, p)
		put(ledger.Entry{Kind: ledger.StepIntended, Incident: incident, Step: step.ID}, ledger.Intent{Plan: p.ID, Attempt: 1, Before: change.Absent})
		put(ledger.Entry{Kind: ledger.StepEnded, Incident: incident, Step: step.ID}, ledger.Outcome{Attempt: 1, Status: ledger.Done, Found: step.After})
		put(ledger.Entry{Kind: ledger.Verified, Incident: incident}, ledger.Verification{Level: ledger.Configured})
		put(ledger.Entry{Kind: ledger.Notified, Incident: incident}, ledger.Notification{Channel: "contained", Subject: "warden contained a user"})
	}
}

// long fills a new ledger file with some number of entries, without waiting
// for the disk each time.
func long(b *testing.B, entries int) *ledger.SQLite {
	b.Helper()
	path := filepath.Join(b.TempDir(), "ledger.db")
	s, err := ledger.OpenSQLite(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	var head ledger.Entry
	incidents(b, entries, func(e ledger.Entry) {
		head = ledger.Seal(head, e)
		if _, err := tx.ExecContext(b.Context(), "INSERT INTO entry (seq, time, kind, incident, step, key, body, prev, hash) VALUES (?,?,?,?,?,?,?,?,?)",
			head.Seq, head.Time.Format(time.RFC3339Nano), string(head.Kind), head.Incident, head.Step, head.Key, string(head.Body), head.Prev, head.Hash); err != nil {
			b.Fatal(err)
		}
	})
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkLong measures what the guard asks of a ledger with 100,000 entries
// while it works: for the first time in a process, and after one more entry.
func BenchmarkLong(b *testing.B) {
	s := long(b, 100_000)
	set := change.Setting{Kind: change.Attachment, Target: "arn:aws:iam::111122223333:user/u7", Name: "arn:aws:iam::111122223333:policy/DENY-IAM"}
	asks := []struct {
		name string
		ask  func(context.Context, *ledger.Ledger) error
	}{
		{"Incidents", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Incidents(ctx); return err }},
		{"Unfinished", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Unfinished(ctx); return err }},
		{"Proposals", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Proposals(ctx); return err }},
		{"LastFound", func(ctx context.Context, l *ledger.Ledger) error {
			_, _, known, err := l.LastFound(ctx, set, "AIDA7", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
			if err == nil && !known {
				return fmt.Errorf("nothing is known of %s", set)
			}
			return err
		}},
	}
	for _, a := range asks {
		b.Run(a.name+"/first", func(b *testing.B) {
			for b.Loop() {
				if err := a.ask(b.Context(), ledger.New(s, nil)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(a.name+"/next", func(b *testing.B) {
			l := ledger.New(s, nil)
			if err := a.ask(b.Context(), l); err != nil {
				b.Fatal(err)
			}
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			n := 0
			for b.Loop() {
				b.StopTimer()
				n++
				if _, err := l.Quarantine(b.Context(), fmt.Sprint(a.name, b.N, n, time.Now()), "bench", nil); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := a.ask(b.Context(), l); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
			runtime.KeepAlive(l)
		})
	}
}

// counted is an HTTP client that counts requests and the bytes of the answers.
type counted struct{ requests, bytes int64 }

func (c *counted) Do(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultClient.Do(r)
	if err == nil {
		c.requests++
		c.bytes += max(res.ContentLength, 0)
	}
	return res, err
}

// BenchmarkDynamoDB measures the same in a table of 10,000 entries, 1,000 of
// them events of one busy incident: for the first time in a process, and after
// one more entry of that incident. moto, which stands in for DynamoDB, is slow
// itself; the requests and the bytes that they bring do not depend on it. The
// entries have no keys, because moto copies the whole table for a transaction.
func BenchmarkDynamoDB(b *testing.B) {
	const entries, busy = 10_000, 1_000
	wire := &counted{}
	client := newClient(fixture.Moto(b), wire)
	s := ledger.NewDynamoDB(client, newTable(b, client))
	add := func(e ledger.Entry) {
		e.Key = ""
		if _, err := s.Append(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	incidents(b, entries-busy, add)
	event := func(n int) {
		add(ledger.Entry{Kind: ledger.EventJoined, Incident: "busy", Time: time.Now(), Body: fmt.Appendf(nil, `{"id":"busy-%d","name":"CreateUser","verdict":"contain","detections":["iam.user.create"]}`, n)})
	}
	for n := range busy {
		event(n)
	}
	measured := func(b *testing.B, before func(n int), ask func() error) {
		var requests, bytes int64
		n := 0
		for b.Loop() {
			b.StopTimer()
			before(n)
			n++
			was := *wire
			b.StartTimer()
			if err := ask(); err != nil {
				b.Fatal(err)
			}
			requests, bytes = requests+wire.requests-was.requests, bytes+wire.bytes-was.bytes
		}
		b.ReportMetric(float64(requests)/float64(n), "requests/op")
		b.ReportMetric(float64(bytes)/1024/float64(n), "KiB/op")
	}
	b.Run("Append", func(b *testing.B) {
		measured(b, func(int) {}, func() error {
			_, err := s.Append(b.Context(), ledger.Entry{Kind: ledger.BadInput, Time: time.Now(), Body: []byte(`{}`)})
			return err
		})
	})
	for _, a := range []struct {
		name string
		ask  func(context.Context, *ledger.Ledger) error
	}{
		{"Incidents", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Incidents(ctx); return err }},
		{"Unfinished", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Unfinished(ctx); return err }},
		{"Incident", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Incident(ctx, "busy"); return err }},
		{"Steps", func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Steps(ctx, "busy"); return err }},
	} {
		b.Run(a.name+"/first", func(b *testing.B) {
			measured(b, func(int) {}, func() error { return a.ask(b.Context(), ledger.New(s, nil)) })
		})
		b.Run(a.name+"/next", func(b *testing.B) {
			l := ledger.New(s, nil)
			if err := a.ask(b.Context(), l); err != nil {
				b.Fatal(err)
			}
			measured(b, event, func() error { return a.ask(b.Context(), l) })
		})
	}
}
