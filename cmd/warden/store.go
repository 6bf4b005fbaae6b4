package main

import (
	"context"
	"fmt"
	"os"

	"warden/change/ledger"
)

// ledgerHint says in help texts where the ledger is kept.
const ledgerHint = "$XDG_STATE_HOME/warden/ledger.db, else ~/.local/state/warden/ledger.db"

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

// openLedger opens the ledger for writing and makes it where it is missing.
func openLedger(ctx context.Context, flag string) (*ledger.SQLite, error) {
	path, err := ledgerPath(flag)
	if err != nil {
		return nil, err
	}
	return ledger.OpenSQLite(ctx, path)
}
