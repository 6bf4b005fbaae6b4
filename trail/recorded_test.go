package trail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/internal/fixture"
)

// scanRecorded reads every log under a folder of the recorded trails.
func scanRecorded(t *testing.T, s *Scanner, folder string, fn func(*Event)) {
	t.Helper()
	root := filepath.Join(fixture.Shared(t), "data", "cloudtrail", folder)
	s.Bad = func(b BadRecord) { t.Errorf("bad: %s", b) }
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return s.Scan(path, f, func(e *Event) error { fn(e); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecordedTrails reads real logs: 30,477 records of a training account
// under attack and 114 of Stratus Red Team, and loses nothing.
func TestRecordedTrails(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]struct {
		stats Stats
		ids   int
		kinds map[Kind]int
	}{
		"sans504-s3-ransomware": {Stats{Files: 3872, Records: 30477}, 23981, map[Kind]int{Service: 27408, IAMUser: 1210, IAMUserSession: 1132, Root: 725, AssumedRole: 2}},
		"stratus-red-team":      {Stats{Files: 19, Records: 114}, 114, map[Kind]int{IAMUser: 68, AssumedRole: 46}},
	} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			s := &Scanner{}
			kinds, ids := map[Kind]int{}, map[string]bool{}
			scanRecorded(t, s, folder, func(e *Event) {
				kinds[e.Actor().Kind]++
				ids[e.ID] = true
				if e.Time.IsZero() || e.RecipientAccount == "" || !e.HasReadOnly {
					t.Errorf("event %s: %+v", e.ID, e)
				}
				sameAsRaw(t, e)
				sameAsWalker(t, e)
			})
			got := s.Stats()
			got.Bytes = 0
			if got != want.stats || len(ids) != want.ids {
				t.Errorf("stats %+v, %d ids, want %+v, %d", got, len(ids), want.stats, want.ids)
			}
			if diff := cmp.Diff(want.kinds, kinds); diff != "" {
				t.Errorf("kinds: -want +got\n%s", diff)
			}
		})
	}
}

// sameAsRaw compares an event with what another decoder reads from it.
func sameAsRaw(t *testing.T, e *Event) {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(e.Raw, &m); err != nil {
		t.Fatalf("event %s: %v", e.ID, err)
	}
	for key, got := range map[string]string{
		"eventID": e.ID, "eventName": e.Name, "eventSource": e.Source, "awsRegion": e.Region, "errorCode": e.ErrorCode,
		"errorMessage": e.ErrorMessage, "eventType": e.Type, "recipientAccountId": e.RecipientAccount,
		"sourceIPAddress": e.SourceIP, "userAgent": e.UserAgent, "sharedEventID": e.SharedID, "requestID": e.RequestID,
	} {
		var want string
		if raw := m[key]; raw != nil && json.Unmarshal(raw, &want) != nil || got != want {
			t.Errorf("event %s: %s is %q, want %q", e.ID, key, got, want)
		}
	}
	for key, got := range map[string]json.RawMessage{
		"requestParameters": e.Request, "responseElements": e.Response, "additionalEventData": e.Additional,
	} {
		if want := m[key]; !bytes.Equal(got, want) && string(want) != "null" {
			t.Errorf("event %s: %s is %s, want %s", e.ID, key, got, want)
		}
	}
}

// sameAsWalker compares an event with what the fast path sees of it.
func sameAsWalker(t *testing.T, e *Event) {
	t.Helper()
	var w walker
	w.reset()
	out, err := w.walk(e.Raw)
	source, name, ok := w.clear()
	if out != walkDone || !ok || string(e.Raw[source.start:source.end]) != e.Source || string(e.Raw[name.start:name.end]) != e.Name {
		t.Errorf("event %s: the fast path ends with %d, %v", e.ID, out, err)
	}
}

// TestRecordedRuleTests reads the events in the tests of another project's
// rules. Not all are CloudTrail records; those that are not, and those that
// somebody shortened too much, are refused with the reason.
func TestRecordedRuleTests(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(fixture.Shared(t), "data", "cloudtrail", "panther_rule_tests.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, 1<<20)
	read, refused := 0, map[string]int{}
	want := map[string]int{
		"not a CloudTrail record: no eventID, eventName, eventSource, userIdentity": 55, // of Okta, GitHub, Zoom…
		"not a CloudTrail record: no eventID":                                       25,
		"not a CloudTrail record: no eventID, userIdentity":                         6,
		"not a CloudTrail record: no eventID, eventSource":                          1,
		"not a CloudTrail record: no eventID, eventSource, userIdentity":            1,
		"event … has no userIdentity":                                               2,
		"id: an object where a string belongs":                                      4,
		"source: an object where a string belongs":                                  3,
	}
	for lines.Scan() {
		var test struct{ Event json.RawMessage }
		if err := json.Unmarshal(lines.Bytes(), &test); err != nil {
			t.Fatal(err)
		}
		if _, err := ParseEvent(test.Event); err != nil {
			refused[ruleTestReason(err.Error())]++
			continue
		}
		read++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, refused); diff != "" || read != 208 {
		t.Errorf("read %d, refused: -want +got\n%s", read, diff)
	}
}

// ruleTestReason is an error without what differs from event to event.
func ruleTestReason(err string) string {
	err = strings.Replace(err, ": it has no", ": no", 1)
	if rest, ok := strings.CutPrefix(err, "event "); ok {
		end := strings.IndexAny(rest, ": ")
		err = "event …" + rest[end:]
	}
	if before, quoted, ok := strings.Cut(err, `"`); ok {
		_, after, _ := strings.Cut(quoted, `" is `)
		after, _, _ = strings.Cut(after, " (")
		err = before + after
	}
	return err
}
