// The functions in Lambda have no disk to keep a ledger on: without SQLite
// their zip is two megabytes smaller.

//go:build !lambda.norpc

package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite" // also registers the driver
	sqlite3 "modernc.org/sqlite/lib"
)

// SchemaVersion is the newest format of a ledger file that this program reads
// and the one that it writes. It is kept in SQLite's user_version.
const SchemaVersion = 1

// applicationID marks a ledger file in SQLite's header: "WRDN".
const applicationID = 0x5752444e

// schema makes a table that only grows: the triggers refuse changes also from
// other programs, including INSERT OR REPLACE, which fires no delete trigger.
const schema = `
CREATE TABLE entry (
	seq      INTEGER PRIMARY KEY,
	time     TEXT NOT NULL,
	kind     TEXT NOT NULL,
	incident TEXT NOT NULL,
	step     TEXT NOT NULL,
	key      TEXT UNIQUE, -- NULL for entries that may repeat
	body     TEXT NOT NULL,
	prev     TEXT NOT NULL,
	hash     TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX entry_incident ON entry (incident, seq);
CREATE INDEX entry_step ON entry (step, seq) WHERE step <> '';
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN
	SELECT RAISE(ABORT, 'ledger entries are never changed');
END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN
	SELECT RAISE(ABORT, 'ledger entries are never deleted');
END;
CREATE TRIGGER entry_append BEFORE INSERT ON entry
WHEN NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM entry)
	OR NEW.prev IS NOT ifnull((SELECT hash FROM entry ORDER BY seq DESC LIMIT 1), 'warden-ledger-1')
	OR EXISTS (SELECT 1 FROM entry WHERE key = NEW.key)
BEGIN
	SELECT RAISE(ABORT, 'ledger entries are only appended');
END;
`

var triggers = []string{"entry_append", "entry_no_delete", "entry_no_update"}

// SQLite is a Store in one file on one machine. Several processes may have it
// open. An appended entry survives a power cut (WAL, synchronous=FULL).
type SQLite struct {
	db   *sql.DB
	path string
}

var _ Store = (*SQLite)(nil)

// OpenSQLite opens the ledger file at path and makes it where it is missing,
// with its folder. Folder and file are private to the user (0700, 0600); a
// file that others may read is refused.
func OpenSQLite(ctx context.Context, path string) (*SQLite, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	// SQLite gives its -wal and -shm files the mode of the database file, so
	// that file has to be private before SQLite sees it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	info, err := f.Stat()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("ledger: %s is not a regular file", path)
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		return nil, fmt.Errorf("ledger: %s has mode %04o and others can open it: run chmod 600 %s", path, m, path)
	}
	return connect(ctx, path)
}

// ReadSQLite opens a ledger file that must exist.
func ReadSQLite(ctx context.Context, path string) (*SQLite, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return OpenSQLite(ctx, path)
}

func connect(ctx context.Context, path string) (*SQLite, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "trusted_schema(OFF)"}}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("ledger: %s: %w", path, err)
	}
	s := &SQLite{db: db, path: path}
	if err := s.migrate(ctx); err != nil {
		var coded *sqlite.Error
		if errors.As(err, &coded) && coded.Code() == sqlite3.SQLITE_NOTADB {
			err = fmt.Errorf("ledger: %s is not a database, so it is no ledger of warden's", path)
		}
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// migrate makes the schema in an empty file and refuses files that are not a
// ledger of a known version.
func (s *SQLite) migrate(ctx context.Context) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var version, app, tables int64
		for q, v := range map[string]*int64{"PRAGMA user_version": &version, "PRAGMA application_id": &app, "SELECT count(*) FROM sqlite_master": &tables} {
			if err := tx.QueryRowContext(ctx, q).Scan(v); err != nil {
				return err
			}
		}
		switch {
		case version == 0 && app == 0 && tables == 0:
			_, err := tx.ExecContext(ctx, fmt.Sprintf("%s PRAGMA application_id = %d; PRAGMA user_version = %d;", schema, applicationID, SchemaVersion))
			return err
		case app != applicationID:
			return errors.New("this SQLite file is not a ledger")
		case version > SchemaVersion:
			return fmt.Errorf("the ledger has schema version %d, this program knows up to %d: use a newer warden", version, SchemaVersion)
		}
		return nil
	})
}

// tx runs f in a write transaction (BEGIN IMMEDIATE). Making the first
// connection to a new file can meet another process that is switching it to
// WAL, which SQLite reports as busy at once, so that is tried again.
func (s *SQLite) tx(ctx context.Context, f func(*sql.Tx) error) error {
	for try := 0; ; try++ {
		err := s.once(ctx, f)
		var se *sqlite.Error
		if err == nil || try == 100 || !errors.As(err, &se) || se.Code()&0xff != sqlite3.SQLITE_BUSY {
			if err != nil && !errors.Is(err, ErrExists) {
				err = fmt.Errorf("%s: %w", s.path, err)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *SQLite) once(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// ignoreDone drops the error of rolling back what a cancelled context has
// rolled back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

const columns = "seq, time, kind, incident, step, ifnull(key, ''), body, prev, hash"

func scan(row interface{ Scan(...any) error }) (Entry, error) {
	var e Entry
	var at, body string
	if err := row.Scan(&e.Seq, &at, &e.Kind, &e.Incident, &e.Step, &e.Key, &body, &e.Prev, &e.Hash); err != nil {
		return Entry{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return Entry{}, &BrokenError{e.Seq, "its time cannot be read"}
	}
	e.Time, e.Body = t, json.RawMessage(body)
	return e, nil
}

// Append implements Store.
func (s *SQLite) Append(ctx context.Context, e Entry) (Entry, error) {
	key := sql.NullString{String: e.Key, Valid: e.Key != ""}
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if key.Valid {
			var one int
			err := tx.QueryRowContext(ctx, "SELECT 1 FROM entry WHERE key = ?", e.Key).Scan(&one)
			if err == nil {
				return ErrExists
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		var prev Entry
		err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").Scan(&prev.Seq, &prev.Hash)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		e = Seal(prev, e)
		_, err = tx.ExecContext(ctx, "INSERT INTO entry (seq, time, kind, incident, step, key, body, prev, hash) VALUES (?,?,?,?,?,?,?,?,?)",
			e.Seq, e.Time.Format(time.RFC3339Nano), string(e.Kind), e.Incident, e.Step, key, string(e.Body), e.Prev, e.Hash)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// Get implements Store.
func (s *SQLite) Get(ctx context.Context, key string) (Entry, error) {
	if key == "" {
		return Entry{}, ErrNotFound
	}
	e, err := scan(s.db.QueryRowContext(ctx, "SELECT "+columns+" FROM entry WHERE key = ?", key))
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, ErrNotFound
	}
	return e, err
}

// batch is how many entries are read at a time; no cursor stays open while
// the caller looks at them.
const batch = 500

// Entries implements Store.
func (s *SQLite) Entries(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			page, err := s.page(ctx, q)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < batch {
				return
			}
			q.After = page[len(page)-1].Seq
		}
	}
}

func (s *SQLite) page(ctx context.Context, q Query) (page []Entry, err error) {
	where, args := []string{"seq > ?"}, []any{q.After}
	if q.Incident != "" {
		where, args = append(where, "incident = ?"), append(args, q.Incident)
	}
	if q.Step != "" {
		where, args = append(where, "step = ? AND step <> ''"), append(args, q.Step)
	}
	if len(q.Kinds) > 0 {
		where = append(where, "kind IN (?"+strings.Repeat(",?", len(q.Kinds)-1)+")")
		for _, k := range q.Kinds {
			args = append(args, string(k))
		}
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM entry WHERE %s ORDER BY seq LIMIT %d", columns, strings.Join(where, " AND "), batch), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, e)
	}
	return page, rows.Err()
}

// Check reports whether SQLite finds the file sound and the triggers that
// keep entries from being changed are there.
func (s *SQLite) Check(ctx context.Context) error {
	var result string
	if err := s.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return fmt.Errorf("ledger: %s: %w", s.path, err)
	}
	if result != "ok" {
		return fmt.Errorf("ledger: %s: %w: %s", s.path, ErrTampered, result)
	}
	for _, t := range triggers {
		var n int
		if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name = ?", t).Scan(&n); err != nil {
			return fmt.Errorf("ledger: %s: %w", s.path, err)
		}
		if n == 0 {
			return fmt.Errorf("ledger: %s: %w: the trigger %s, which keeps entries from being changed, is missing", s.path, ErrTampered, t)
		}
	}
	return nil
}

// Close implements Store.
func (s *SQLite) Close() error { return s.db.Close() }

// DefaultPath is where commands keep the ledger unless told otherwise:
// warden/ledger.db in $XDG_STATE_HOME, which is ~/.local/state unless set.
// getenv and home come from the caller, for a package that reads no
// environment.
func DefaultPath(getenv func(string) string, home string) string {
	state := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the XDG specification: a relative path is ignored
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "warden", "ledger.db")
}
