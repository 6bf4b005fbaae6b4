package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"warden/account"
	"warden/account/collect"
	"warden/app"
)

// accountsAtOnce bounds how many accounts are read at one time. Each has its
// own rate.
const accountsAtOnce = 4

// organization reads every active account into a file of its own, and writes
// beside them which accounts there are and which could not be read.
func (o *collectOptions) organization(ctx context.Context, s *streams, connected *app.Clients) error {
	id, arn, err := connected.Account(ctx)
	if err != nil {
		return err
	}
	members, err := collect.Members(ctx, connected.Organizations)
	if err != nil {
		return fmt.Errorf("collect: %s", collect.Reason(err))
	}
	if err := os.MkdirAll(o.out, 0o700); err != nil {
		return err
	}
	var all sync.WaitGroup
	var mu sync.Mutex // of what follows, and of the output
	written, gaps := 0, 0
	var failed error
	roll := account.Roll{At: time.Now().UTC().Truncate(time.Second)}
	limit := make(chan struct{}, accountsAtOnce)
	for _, m := range members {
		if !m.Active {
			fmt.Fprintf(s.Err, "account %s (%s) is not active: left out\n", m.ID, m.Name)
			continue
		}
		limit <- struct{}{}
		all.Go(func() {
			defer func() { <-limit }()
			calls := new(collect.Calls)
			// Each account has its own limiter.
			clients := connected.Gentle(calls)
			if m.ID != id {
				clients = connected.Assume("arn:"+partitionOf(arn)+":iam::"+m.ID+":role/"+o.memberRole, o.aws.ExternalID).Gentle(calls)
			}
			started := time.Now()
			snapshot, err := o.member(ctx, clients, connected, m.ID, partitionOf(arn))
			name := filepath.Join(o.out, m.ID+".json")
			if err == nil {
				err = writeSnapshotFile(name, snapshot)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
				fmt.Fprintf(s.Out, "account %s (%s): not read: %s\n", m.ID, m.Name, collect.Reason(err))
				roll.Accounts = append(roll.Accounts, account.Enrolled{Account: m.ID, Name: m.Name, NotRead: collect.Reason(err)})
				return
			}
			roll.Accounts = append(roll.Accounts, account.Enrolled{Account: m.ID, Name: m.Name})
			written++
			gaps += len(snapshot.Gaps)
			summary(s.Out, name, snapshot, calls, time.Since(started))
		})
	}
	all.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("collect: %w", context.Cause(ctx))
	case written == 0 && failed != nil:
		return fmt.Errorf("collect: no account could be read: %s", collect.Reason(failed))
	case written == 0:
		return errors.New("collect: the organisation has no active account")
	}
	slices.SortFunc(roll.Accounts, func(a, b account.Enrolled) int { return strings.Compare(a.Account, b.Account) })
	if err := writePrivate(filepath.Join(o.out, account.RollFile), func(w io.Writer) error { return account.WriteRoll(w, roll) }); err != nil {
		return err
	}
	if o.strict && (gaps > 0 || failed != nil) {
		return &exitError{code: 4}
	}
	return nil
}

// member reads one account of the organisation. The policies above it are
// read with the credentials of the management account.
func (o *collectOptions) member(ctx context.Context, clients, management *app.Clients, id, partition string) (snapshot *account.Snapshot, err error) {
	// Whoever cannot become the role there learns it by one call.
	got, _, err := clients.Account(ctx)
	if err != nil {
		return nil, err
	}
	if got != id {
		return nil, fmt.Errorf("the role is of account %s", got)
	}
	ask := app.WithHub(clients, clients.Sources(o.perUser, o.regions))
	ask.Guardrails = management.Organizations
	snapshot, err = collect.Account(ctx, ask, collect.Options{Account: id, Partition: partition, Patience: o.patience})
	if err == nil {
		err = collect.Nothing(snapshot)
	}
	return snapshot, err
}
