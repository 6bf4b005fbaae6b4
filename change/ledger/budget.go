package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Charge is the body of a Charged entry: one place in a budget was taken for
// an incident. The places of an account are numbered, and each number is
// given out once, so several workers never take more than there are.
type Charge struct {
	Account string `json:"account"`
	Number  int    `json:"number"` // from 1
}

// Charge takes a place in the account's budget for an incident: at most limit
// incidents within the time window that ends now. It reports whether there is
// one; an incident that has taken a place within the window keeps it and
// takes no other.
func (l *Ledger) Charge(ctx context.Context, account, incident string, limit int, window time.Duration) (within bool, err error) {
	for {
		last, err := l.lastCharge(ctx, account)
		if err != nil {
			return false, err
		}
		used := 0
		for n := last; n > 0 && used < limit; n-- {
			e, err := l.store.Get(ctx, chargeKey(account, n))
			if err != nil {
				return false, fmt.Errorf("ledger: charge %d: %w", n, err)
			}
			if l.now().Sub(e.Time) >= window {
				break
			}
			if e.Incident == incident {
				return true, nil
			}
			used++
		}
		if used >= limit {
			return false, nil
		}
		c := Charge{Account: account, Number: last + 1}
		mine, err := l.once(ctx, Entry{Kind: Charged, Incident: incident, Key: chargeKey(account, c.Number)}, c)
		if err != nil || mine {
			return mine, err
		}
		// Another worker took the number: look again.
	}
}

func chargeKey(account string, n int) string { return "charge:" + account + ":" + strconv.Itoa(n) }

// lastCharge finds the greatest number given out, by doubling and halving;
// numbers have no gaps.
func (l *Ledger) lastCharge(ctx context.Context, account string) (int, error) {
	taken := func(n int) (bool, error) {
		_, err := l.store.Get(ctx, chargeKey(account, n))
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("ledger: charge %d: %w", n, err)
		}
		return true, nil
	}
	low, high := 0, 1 // low is taken, or 0; high is free once the loop ends
	for {
		is, err := taken(high)
		if err != nil {
			return 0, err
		}
		if !is {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := (low + high) / 2
		is, err := taken(middle)
		if err != nil {
			return 0, err
		}
		if is {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// Charges returns the incidents that took a place in the account's budget, in
// the order in which they did.
func (l *Ledger) Charges(ctx context.Context, account string) ([]string, error) {
	var out []string
	for e, err := range l.store.Entries(ctx, Query{Kinds: []Kind{Charged}}) {
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		var c Charge
		if err := json.Unmarshal(e.Body, &c); err != nil {
			return nil, &BrokenError{e.Seq, err.Error()}
		}
		if c.Account == account {
			out = append(out, e.Incident)
		}
	}
	return out, nil
}
