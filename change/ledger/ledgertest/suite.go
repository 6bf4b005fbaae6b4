// Package ledgertest holds the suite that every ledger.Store passes.
package ledgertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"warden/change/ledger"
)

// Run tests a kind of store. open returns a new, empty store; the suite
// closes it. reopen, where the store outlives its process, opens the same
// one a second time, as another process would; nil where that is impossible.
func Run(t *testing.T, open func(testing.TB) ledger.Store, reopen func(testing.TB, ledger.Store) ledger.Store) {
	t.Helper()
	tests := []struct {
		name string
		test func(*testing.T, ledger.Store)
	}{
		{"empty", empty},
		{"entries keep every byte", exact},
		{"a chain is made", chained},
		{"a key occurs once", once},
		{"queries", queries},
		{"appending while reading", whileReading},
		{"a cancelled context", cancelled},
		{"administrators", administrators},
		{"administrators, eight workers", administratorsAtOnce},
		{"credentials in other hands", credentials},
		{"eight writers", func(t *testing.T, s ledger.Store) { writers(t, slices.Repeat([]ledger.Store{s}, 8)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() { must(t, s.Close()) })
			tt.test(t, s)
		})
	}
	if reopen == nil {
		return
	}
	t.Run("what was appended is there after reopening", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		want := add(t, s, ledger.Entry{Kind: "k", Key: "a"})
		again := reopen(t, s)
		must(t, s.Close())
		got, err := again.Get(t.Context(), "a")
		must(t, err)
		equal(t, got, want)
		must(t, again.Close())
	})
	t.Run("writers that share the medium", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		stores := []ledger.Store{s, reopen(t, s), reopen(t, s), reopen(t, s)}
		writers(t, stores)
		for _, s := range stores {
			must(t, s.Close())
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t testing.TB, got, want ledger.Entry) {
	t.Helper()
	if !got.Time.Equal(want.Time) || string(got.Body) != string(want.Body) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	got.Time, want.Time, got.Body, want.Body = time.Time{}, time.Time{}, nil, nil
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

var start = time.Date(2026, 11, 23, 10, 0, 0, 123456789, time.FixedZone("CET", 3600))

func add(t testing.TB, s ledger.Store, e ledger.Entry) ledger.Entry {
	t.Helper()
	if e.Time.IsZero() {
		e.Time = start
	}
	if e.Body == nil {
		e.Body = json.RawMessage(`{}`)
	}
	out, err := s.Append(t.Context(), e)
	must(t, err)
	return out
}

func all(t testing.TB, s ledger.Store, q ledger.Query) []ledger.Entry {
	t.Helper()
	var out []ledger.Entry
	for e, err := range s.Entries(t.Context(), q) {
		must(t, err)
		out = append(out, e)
	}
	return out
}

func empty(t *testing.T, s ledger.Store) {
	if got := all(t, s, ledger.Query{}); len(got) != 0 {
		t.Errorf("an empty store has %d entries", len(got))
	}
	for _, key := range []string{"", "nothing"} {
		if _, err := s.Get(t.Context(), key); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("Get(%q) = %v, want ErrNotFound", key, err)
		}
	}
	head, _, err := ledger.New(s, nil).Verify(t.Context(), "")
	must(t, err)
	if head.Entries != 0 || head.Hash != ledger.Genesis {
		t.Errorf("head of an empty ledger: %+v", head)
	}
}

func exact(t *testing.T, s ledger.Store) {
	want := add(t, s, ledger.Entry{Kind: "k", Incident: "inc:é'\"--", Step: "s\n", Key: "key%_\\ ", Body: json.RawMessage(`{"b": 1,"a":"\u003c<ü\n"}`)})
	if want.Seq != 1 || want.Prev != ledger.Genesis || want.Hash != want.Sum() {
		t.Errorf("the first entry is not sealed: %+v", want)
	}
	got, err := s.Get(t.Context(), want.Key)
	must(t, err)
	equal(t, got, want)
	if got.Time.Location() != time.UTC || got.Time.Nanosecond() != 123456789 {
		t.Errorf("time came back as %v", got.Time)
	}
	equal(t, all(t, s, ledger.Query{})[0], want)
}

func chained(t *testing.T, s ledger.Store) {
	prev := add(t, s, ledger.Entry{Kind: "k"})
	for range 20 {
		e := add(t, s, ledger.Entry{Kind: "k"}) // the same content again
		if e.Seq != prev.Seq+1 || e.Prev != prev.Hash || e.Hash == prev.Hash {
			t.Fatalf("%+v does not follow %+v", e, prev)
		}
		prev = e
	}
	head, since, err := ledger.New(s, nil).Verify(t.Context(), "")
	must(t, err)
	if head.Entries != 21 || head.Hash != prev.Hash || since != 0 {
		t.Errorf("Verify = %+v, %d", head, since)
	}
}

func once(t *testing.T, s ledger.Store) {
	first := add(t, s, ledger.Entry{Kind: "k", Key: "a", Body: json.RawMessage(`1`)})
	if _, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Key: "a", Time: start, Body: json.RawMessage(`2`)}); !errors.Is(err, ledger.ErrExists) {
		t.Fatalf("the second entry with one key: %v, want ErrExists", err)
	}
	got, err := s.Get(t.Context(), "a")
	must(t, err)
	equal(t, got, first)
	add(t, s, ledger.Entry{Kind: "k", Key: "A"})
	if n := len(all(t, s, ledger.Query{})); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
}

func queries(t *testing.T, s ledger.Store) {
	for i := range 1200 { // more than one page of any store
		add(t, s, ledger.Entry{Kind: ledger.Kind("k" + string(rune('0'+i%3))), Incident: "i" + string(rune('0'+i%2)), Step: "s" + string(rune('0'+i%4))})
	}
	for _, tt := range []struct {
		q    ledger.Query
		want int
	}{
		{ledger.Query{}, 1200},
		{ledger.Query{After: 1199}, 1},
		{ledger.Query{After: 1200}, 0},
		{ledger.Query{Incident: "i1"}, 600},
		{ledger.Query{Incident: "i"}, 0},
		{ledger.Query{Step: "s3"}, 300},
		{ledger.Query{Kinds: []ledger.Kind{"k0"}}, 400},
		{ledger.Query{Kinds: []ledger.Kind{"k0", "k2", "none"}}, 800},
		{ledger.Query{Incident: "i1", Step: "s3", Kinds: []ledger.Kind{"k0"}, After: 600}, 50},
	} {
		got := all(t, s, tt.q)
		if len(got) != tt.want {
			t.Errorf("%+v: %d entries, want %d", tt.q, len(got), tt.want)
		}
		if !slices.IsSortedFunc(got, func(a, b ledger.Entry) int { return int(a.Seq - b.Seq) }) {
			t.Errorf("%+v: not in order", tt.q)
		}
		for _, e := range got {
			if !tt.q.Match(e) {
				t.Errorf("%+v: got %+v", tt.q, e)
			}
		}
	}
	n := 0
	for range s.Entries(t.Context(), ledger.Query{}) {
		if n++; n == 3 {
			break
		}
	}
}

func whileReading(t *testing.T, s ledger.Store) {
	add(t, s, ledger.Entry{Kind: "k"})
	for e, err := range s.Entries(t.Context(), ledger.Query{}) {
		must(t, err)
		if e.Seq == 1 {
			add(t, s, ledger.Entry{Kind: "k"})
		}
	}
	if n := len(all(t, s, ledger.Query{})); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
}

func cancelled(t *testing.T, s ledger.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, ledger.Entry{Kind: "k", Time: start, Body: json.RawMessage(`{}`)}); err == nil {
		t.Error("Append with a cancelled context succeeded")
	}
	for _, err := range s.Entries(ctx, ledger.Query{}) {
		if err == nil {
			t.Error("Entries with a cancelled context yielded an entry")
		}
	}
	add(t, s, ledger.Entry{Kind: "k"}) // it still works
}

// writers appends from all stores at once, every fourth entry under a key
// that all of them fight for.
func writers(t *testing.T, stores []ledger.Store) {
	const each = 40
	var wg sync.WaitGroup
	var won, lost atomic.Int64
	for w, s := range stores {
		wg.Go(func() {
			for i := range each {
				e := ledger.Entry{Kind: "k", Time: start, Key: fmt.Sprintf("own:%d:%d", w, i), Body: json.RawMessage(`{}`)}
				if i%4 == 0 {
					e.Key = fmt.Sprintf("shared:%d", i)
				}
				_, err := s.Append(context.Background(), e)
				switch {
				case errors.Is(err, ledger.ErrExists) && i%4 == 0:
					lost.Add(1)
				case err != nil:
					t.Errorf("writer %d, entry %d: %v", w, i, err)
				case i%4 == 0:
					won.Add(1)
				}
			}
		})
	}
	wg.Wait()
	n := int64(len(stores))
	if won.Load() != each/4 || lost.Load() != (n-1)*each/4 {
		t.Errorf("of %d writers, %d won and %d lost; each of %d keys must have one winner", n, won.Load(), lost.Load(), each/4)
	}
	head, _, err := ledger.New(stores[0], nil).Verify(t.Context(), "")
	must(t, err)
	if want := n*each*3/4 + each/4; head.Entries != want {
		t.Errorf("%d entries, want %d", head.Entries, want)
	}
}
