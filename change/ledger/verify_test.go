package ledger_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"warden/change/ledger"
)

// TestTampering changes a ledger behind warden's back, after removing what
// protects it, and expects Verify to name the first broken entry.
func TestTampering(t *testing.T) {
	t.Parallel()
	const dropAll = "DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete; DROP TRIGGER entry_append;"
	const restore = `
		CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END;
		CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT 1; END;
		CREATE TRIGGER entry_append BEFORE INSERT ON entry BEGIN SELECT 1; END;`
	for _, tt := range []struct {
		name, statement string
		broken          int64
	}{
		{"body", `UPDATE entry SET body = '{"n":99}' WHERE seq = 4`, 4},
		{"time", `UPDATE entry SET time = '2020-01-01T00:00:00Z' WHERE seq = 3`, 3},
		{"unreadable time", `UPDATE entry SET time = 'x' WHERE seq = 3`, 3},
		{"kind", `UPDATE entry SET kind = 'verified' WHERE seq = 1`, 1},
		{"key", `UPDATE entry SET key = NULL WHERE seq = 6`, 6},
		{"incident", `UPDATE entry SET incident = 'other' WHERE seq = 6`, 6},
		{"removed in the middle", `DELETE FROM entry WHERE seq = 5`, 5},
		{"removed at the start", `DELETE FROM entry WHERE seq = 1`, 1},
		{"removed and renumbered", `DELETE FROM entry WHERE seq = 5; UPDATE entry SET seq = -seq WHERE seq > 5; UPDATE entry SET seq = -seq - 1 WHERE seq < 0`, 5},
		{"exchanged", `UPDATE entry SET seq = -1 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = -1`, 2},
		{"hash made to fit", `UPDATE entry SET body = '{}', hash = 'f' WHERE seq = 4`, 4},
		{"forged at the end", `INSERT INTO entry SELECT seq + 1, time, kind, incident, step, 'forged', body, 'x', 'f' FROM entry WHERE seq = 10`, 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			s, err := ledger.OpenSQLite(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for i := range 10 {
				if _, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Incident: "i", Key: fmt.Sprint("k", i), Body: fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
					t.Fatal(err)
				}
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, part := range strings.Split(tt.statement, "; ") {
				if _, err := db.Exec(part); err == nil && !strings.Contains(part, "WHERE seq = -1") && !strings.Contains(part, "seq < 0") {
					t.Errorf("the ledger let %q happen", part)
				}
			}
			if _, _, err := ledger.New(s, nil).Verify(t.Context(), ""); err != nil {
				t.Fatalf("after refused statements: %v", err)
			}
			if _, err := db.Exec(dropAll + tt.statement + ";" + restore); err != nil {
				t.Fatal(err)
			}
			_, _, err = ledger.New(s, nil).Verify(t.Context(), "")
			var broken *ledger.BrokenError
			if !errors.As(err, &broken) || broken.Seq != tt.broken {
				t.Errorf("Verify = %v, want entry %d", err, tt.broken)
			}
		})
	}
}

func TestNothingReplacesAnEntry(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := ledger.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Key: "a", Body: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"INSERT OR REPLACE INTO entry VALUES (1, '', '', '', '', 'a', '', 'warden-ledger-1', 'h')",
		"INSERT OR REPLACE INTO entry VALUES (2, '', '', '', '', 'a', '', '" + last.Hash + "', 'h')",
		"INSERT INTO entry VALUES (2, '', '', '', '', 'b', '', 'not the last', 'h')",
		"INSERT INTO entry VALUES (9, '', '', '', '', 'b', '', '" + last.Hash + "', 'h')",
	} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "only appended") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if _, err := db.Exec("DROP TRIGGER entry_no_delete"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ledger.New(s, nil).Verify(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "entry_no_delete") {
		t.Errorf("Verify without a trigger: %v", err)
	}
}

func TestExpectedHead(t *testing.T) {
	t.Parallel()
	s := &ledger.Memory{}
	l := ledger.New(s, nil)
	var hashes []string
	for range 5 {
		e, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Body: []byte(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, e.Hash)
	}
	for i, h := range append([]string{ledger.Genesis}, hashes...) {
		if _, since, err := l.Verify(t.Context(), h); err != nil || since != int64(5-i) {
			t.Errorf("Verify expecting entry %d: %d since, %v", i, since, err)
		}
	}
	if _, _, err := l.Verify(t.Context(), "0123"); err == nil || !strings.Contains(err.Error(), "cut off or replaced") {
		t.Errorf("an unknown head: %v", err)
	}
}
