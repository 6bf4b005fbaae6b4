package scene

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing/synctest"
)

// turns lets the goroutines of a scene go on one after the other. Virtual time
// wakes those of one moment in any order, and a processor is given to whom it
// likes; so whoever is about to touch something that others see (the twin, the
// ledger, the clock) takes a turn first. The next turn is given when all others
// wait, to the least by its words, which do not depend on chance.
type turns struct {
	mu    sync.Mutex
	asked []*turn
	news  chan struct{} // somebody has asked
}

// turn is one who waits for his.
type turn struct {
	words string
	given chan struct{}
	// Of two who say the same the one that was started first comes first; who
	// they are is asked only then, because it takes long to find out.
	who  chan struct{}
	born chan uint64
}

func newTurns() *turns { return &turns{news: make(chan struct{}, 1)} }

// take waits for the caller's turn.
func (t *turns) take(words ...string) {
	x := &turn{strings.Join(words, "\x00"), make(chan struct{}), make(chan struct{}), make(chan uint64)}
	t.mu.Lock()
	t.asked = append(t.asked, x)
	t.mu.Unlock()
	select {
	case t.news <- struct{}{}:
	default:
	}
	for {
		select {
		case <-x.given:
			return
		case <-x.who:
			x.born <- goroutine()
		}
	}
}

// give gives turns until the context ends.
func (t *turns) give(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.news:
		}
		for synctest.Wait(); ; synctest.Wait() {
			x := t.next()
			if x == nil {
				break
			}
			close(x.given)
		}
	}
}

// next takes the first of those who wait, nil where nobody does.
func (t *turns) next() *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.asked) == 0 {
		return nil
	}
	first := slices.MinFunc(t.asked, func(a, b *turn) int { return cmp.Compare(a.words, b.words) })
	var same []*turn
	for _, x := range t.asked {
		if x.words == first.words {
			same = append(same, x)
		}
	}
	if len(same) > 1 {
		born := map[*turn]uint64{}
		for _, x := range same {
			x.who <- struct{}{}
			born[x] = <-x.born
		}
		first = slices.MinFunc(same, func(a, b *turn) int { return cmp.Compare(born[a], born[b]) })
	}
	t.asked = slices.DeleteFunc(t.asked, func(x *turn) bool { return x == first })
	return first
}

// goroutine is the number of the calling goroutine. On one processor they are
// numbered in the order in which they are started.
func goroutine() uint64 {
	buf := make([]byte, 64)
	text := string(buf[:runtime.Stack(buf, false)])
	n, _, _ := strings.Cut(strings.TrimPrefix(text, "goroutine "), " ")
	id, _ := strconv.ParseUint(n, 10, 64)
	return id
}
