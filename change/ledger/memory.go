package ledger

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// Memory is a Store that lives as long as the process: for dry runs and
// tests. The zero value is empty and ready.
type Memory struct {
	mu      sync.RWMutex
	entries []Entry
	keys    map[string]int
}

var _ Store = (*Memory)(nil)

// Append implements Store.
func (m *Memory) Append(ctx context.Context, e Entry) (Entry, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.keys[e.Key]; taken && e.Key != "" {
		return Entry{}, ErrExists
	}
	var prev Entry
	if n := len(m.entries); n > 0 {
		prev = m.entries[n-1]
	}
	e.Body = slices.Clone(e.Body)
	e = Seal(prev, e)
	if e.Key != "" {
		if m.keys == nil {
			m.keys = map[string]int{}
		}
		m.keys[e.Key] = len(m.entries)
	}
	m.entries = append(m.entries, e)
	return e, nil
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) (Entry, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	i, ok := m.keys[key]
	if !ok || key == "" {
		return Entry{}, ErrNotFound
	}
	return m.entries[i], nil
}

// Entries implements Store.
func (m *Memory) Entries(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i := 0; ; i++ {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			m.mu.RLock()
			if i >= len(m.entries) {
				m.mu.RUnlock()
				return
			}
			e := m.entries[i]
			m.mu.RUnlock()
			if q.Match(e) && !yield(e, nil) {
				return
			}
		}
	}
}

// Close implements Store; the entries stay readable.
func (m *Memory) Close() error { return nil }

// Match reports whether the query selects e.
func (q Query) Match(e Entry) bool {
	return e.Seq > q.After &&
		(q.Incident == "" || q.Incident == e.Incident) &&
		(q.Step == "" || q.Step == e.Step) &&
		(len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind))
}
