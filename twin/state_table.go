package twin

import (
	"slices"
	"strings"
)

// table holds the entities of one kind by name, whatever its case: IAM keeps
// the case of a name and ignores it in comparisons (IAM User Guide, "IAM and
// AWS STS quotas", names of IAM entities).
//
// A stored value is never changed: whoever changes an entity clones it and
// puts the clone. So a delayed view of the account may share the values.
type table[T any] struct {
	rows map[string]row[T]
	keys []string // sorted: the order in which IAM lists
	next int
}

type row[T any] struct {
	value *T
	order int // the place in a saved snapshot, kept by replacement
}

func newTable[T any]() table[T] { return table[T]{rows: map[string]row[T]{}} }

// fold is the form in which names are compared.
func fold(name string) string { return strings.ToLower(name) }

// get finds an entity by name, in any case; nil when there is none.
func (t *table[T]) get(name string) *T { return t.rows[fold(name)].value }

// put adds or replaces the entity called name.
func (t *table[T]) put(name string, v *T) {
	key := fold(name)
	r, ok := t.rows[key]
	if !ok {
		t.next++
		r.order = t.next
		at, _ := slices.BinarySearch(t.keys, key)
		t.keys = slices.Insert(t.keys, at, key)
	}
	r.value = v
	t.rows[key] = r
}

// remove forgets the entity called name.
func (t *table[T]) remove(name string) {
	key := fold(name)
	if _, ok := t.rows[key]; !ok {
		return
	}
	delete(t.rows, key)
	if at, ok := slices.BinarySearch(t.keys, key); ok {
		t.keys = slices.Delete(t.keys, at, at+1)
	}
}

// rename puts v under its new name at the place of the old one.
func (t *table[T]) rename(from, to string, v *T) {
	order := t.rows[fold(from)].order
	t.remove(from)
	t.put(to, v)
	r := t.rows[fold(to)]
	r.order = order
	t.rows[fold(to)] = r
}

func (t *table[T]) len() int { return len(t.rows) }

// all lists the entities by name.
func (t *table[T]) all() []*T {
	out := make([]*T, len(t.keys))
	for i, k := range t.keys {
		out[i] = t.rows[k].value
	}
	return out
}

// saved lists the entities in the order of the snapshot they came from,
// younger ones after them.
func (t *table[T]) saved() []*T {
	rows := make([]row[T], 0, len(t.rows))
	for _, r := range t.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row[T]) int { return a.order - b.order })
	out := make([]*T, len(rows))
	for i, r := range rows {
		out[i] = r.value
	}
	return out
}
