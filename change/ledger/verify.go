package ledger

import (
	"context"
	"errors"
	"fmt"
)

// Head is the newest entry of a chain that was checked.
type Head struct {
	Entries int64  `json:"entries"`
	Hash    string `json:"hash"` // Genesis when the ledger is empty
}

// ErrTampered: the ledger is not the one that was written, though its chain
// may hold.
var ErrTampered = errors.New("tampered with")

// BrokenError names the first entry at which the chain does not hold.
type BrokenError struct {
	Seq    int64
	Reason string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("ledger: entry %d is not as it was written: %s", e.Seq, e.Reason)
}

// checker is a store that can check more than the chain, such as the
// protection of its own file.
type checker interface {
	Check(ctx context.Context) error
}

// Verify recomputes the whole chain. It returns a *BrokenError for the first
// entry that was changed, removed, inserted or moved. Entries missing at the
// end cannot be noticed from the ledger alone: expect, if not empty, is the
// hash of a head seen earlier, and it is an error when the chain does not
// contain it. since is the number of entries after that one.
func (l *Ledger) Verify(ctx context.Context, expect string) (head Head, since int64, err error) {
	if c, ok := l.store.(checker); ok {
		if err := c.Check(ctx); err != nil {
			return Head{}, 0, err
		}
	}
	head.Hash = Genesis
	found := int64(-1)
	if expect == Genesis {
		found = 0
	}
	for e, err := range l.store.Entries(ctx, Query{}) {
		if err != nil {
			return head, 0, fmt.Errorf("ledger: after entry %d: %w", head.Entries, err)
		}
		want := head.Entries + 1
		switch {
		case e.Seq != want:
			return head, 0, &BrokenError{want, fmt.Sprintf("it is missing; the next one is %d", e.Seq)}
		case e.Prev != head.Hash:
			return head, 0, &BrokenError{e.Seq, "it does not follow the entry before it"}
		case e.Sum() != e.Hash:
			return head, 0, &BrokenError{e.Seq, "its content does not match its hash"}
		}
		head = Head{e.Seq, e.Hash}
		if e.Hash == expect {
			found = e.Seq
		}
	}
	if expect == "" {
		return head, 0, nil
	}
	if found < 0 {
		return head, 0, fmt.Errorf("ledger: %w: no entry has the expected hash %s: it was cut off or replaced since that hash was noted", ErrTampered, expect)
	}
	return head, head.Entries - found, nil
}
