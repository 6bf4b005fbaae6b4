package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"warden/app"
	"warden/change/ledger"
)

// ledgerHint says in help texts where the ledger is kept.
const ledgerHint = "$XDG_STATE_HOME/warden/ledger.db, else ~/.local/state/warden/ledger.db; dynamodb:TABLE is the one of a guard in AWS"

// dynamoDB begins the name of a ledger that is a table.
const dynamoDB = "dynamodb:"

// ledgerPath is the ledger file: as the flag says, else the default.
func ledgerPath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no place for the ledger: %w; name one with --ledger", err)
	}
	return ledger.DefaultPath(os.Getenv, home), nil
}

// openLedger opens the ledger for writing and makes a file where it is
// missing.
func openLedger(ctx context.Context, flag string, aws app.Options) (ledger.Store, error) {
	return openStore(ctx, flag, aws, ledger.OpenSQLite)
}

// readLedger opens a ledger that must exist.
func readLedger(ctx context.Context, flag string, aws app.Options) (ledger.Store, error) {
	s, err := openStore(ctx, flag, aws, ledger.ReadSQLite)
	var missing *fs.PathError
	if errors.As(err, &missing) && errors.Is(err, fs.ErrNotExist) {
		err = noLedger{missing.Path}
	}
	return s, err
}

// noLedger says that there is no ledger; it is an fs.ErrNotExist.
type noLedger struct{ path string }

func (e noLedger) Error() string {
	return fmt.Sprintf("there is no ledger %s: warden guard --apply makes one, and --ledger names another", e.path)
}

func (noLedger) Is(target error) bool { return target == fs.ErrNotExist }

func openStore(ctx context.Context, flag string, aws app.Options, file func(context.Context, string) (*ledger.SQLite, error)) (ledger.Store, error) {
	if table, ok := strings.CutPrefix(flag, dynamoDB); ok {
		if table == "" {
			return nil, usageErrorf("--ledger %s: name the table, as in dynamodb:warden-ledger", flag)
		}
		clients, err := app.Connect(ctx, aws)
		if err != nil {
			return nil, err
		}
		return ledger.NewDynamoDB(clients.DynamoDB, table), nil
	}
	path, err := ledgerPath(flag)
	if err != nil {
		return nil, err
	}
	s, err := file(ctx, path)
	if err != nil {
		return nil, err
	}
	return s, nil
}
