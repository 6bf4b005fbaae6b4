package trail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// record is a short record of the given name and id.
func record(id, name string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"},"eventTime":"2026-01-02T03:04:05Z","eventSource":"iam.amazonaws.com","eventName":"%s","requestParameters":{"a":[1,-2.5e3,{"b":"\u00e9 \"q\" é"}],"c":null},"eventID":"%s","recipientAccountId":"111122223333"}`, name, id)
}

func envelope(detail string) string {
	return `{"version":"0","id":"env-1","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"111122223333","time":"2026-01-02T03:04:05Z","region":"us-east-1","resources":[],"detail":` + detail + `}`
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// scanAll returns the ids of the events and the bad records.
func scanAll(t *testing.T, s *Scanner, r io.Reader) (ids []string, bad []BadRecord) {
	t.Helper()
	s.Bad = func(b BadRecord) { bad = append(bad, b) }
	err := s.Scan("events.json", r, func(e *Event) error {
		ids = append(ids, e.ID)
		return nil
	})
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	return ids, bad
}

func writes(source, name string) bool { return !strings.HasPrefix(name, "Get") }

func TestScan(t *testing.T) {
	t.Parallel()
	a, b, get := record("A", "CreateUser"), record("B", "DeleteUser"), record("G", "GetUser")
	indent := strings.ReplaceAll(strings.ReplaceAll(a, `,"`, ",\n  \""), `{"eventVersion`, "{\n  \"eventVersion")
	noBrace := strings.TrimSuffix(a, "}")
	noQuote := strings.Replace(a, `"CreateUser"`, `"CreateUser`, 1)
	tests := []struct {
		name       string
		in         string
		ids        string
		bad        string // reasons, by their beginnings, separated by |
		irrelevant int
	}{
		{"Records", `{"Records":[` + a + "," + get + "," + b + `]}`, "A B", "", 1},
		{"Records, spaced", " {\n \"Records\" : [ " + a + " , " + b + " ] , \"x\" : [1] } \n", "A B", "", 0},
		{"two Records", `{"v":{"y":1},"Records":[` + a + `],"Records":[` + b + `]}`, "A B", "", 0},
		{"no records", `{"Records":[]}`, "", "", 0},
		{"nothing", ``, "", "", 0},
		{"NDJSON", a + "\n" + get + "\n" + b, "A B", "", 1},
		{"NDJSON with CRLF and mark", "\xEF\xBB\xBF" + a + "\r\n" + b + "\r\n", "A B", "", 0},
		{"list", "[" + a + ",\n" + b + "]", "A B", "", 0},
		{"concatenated", a + b + " " + a, "A B A", "", 0},
		{"envelopes", envelope(a) + "\n" + envelope(get), "A", "", 1},
		{"envelopes in Records", `{"Records":[` + envelope(a) + `]}`, "A", "", 0},
		{"gzip", zipped(`{"Records":[` + a + "," + b + `]}`), "A B", "", 0},
		{"two gzips", zipped(a) + zipped(b), "A B", "", 0},
		{"indented", indent + "\n" + b, "A B", "", 0},

		{"a word among lines", a + "\nhello, world\n" + b, "A B", `"hello, world" where`, 0},
		{"null in a list", `[null,` + a + `,"x"]`, "A", `"null" where|"\"x\"" where`, 0},
		{"line without brace", noBrace + "\n" + b + "\n", "B", "broken JSON at byte", 0},
		{"line without quote", noQuote + "\n" + b + "\n", "B", "broken JSON", 0},
		{"line ends in a string", a[:100] + "\n" + b + "\n", "B", "broken JSON at byte 100: a line break", 0},
		{"indented without brace", strings.TrimSuffix(indent, "}") + "\n" + b, "B", "broken JSON", 0},
		{"list element without brace", "[" + noBrace + "," + b + "]", "B", "broken JSON", 0},
		{"list element without quote", `{"Records":[` + noQuote + "," + b + "]}", "B", "broken JSON", 0},
		{"bad word inside", `{"Records":[` + strings.Replace(a, "null", "nul", 1) + "," + b + "]}", "B", `broken JSON at byte 350: "nul"`, 0},
		{"bracket mismatch", `[` + strings.Replace(a, "],", "},", 1) + "," + b + "]", "B", "broken JSON", 0},
		{"a brace too many", `[` + a + "}," + b + "]", "A B", `"}" where`, 0},
		{"not UTF-8", strings.Replace(a, "é", "\xff", 1) + "\n" + b, "A B", "", 0},
		{"half of a surrogate pair", strings.Replace(a, `\u00e9`, `\ud800`, 1) + "\n" + b, "A B", "", 0},
		{"not UTF-8 in the name of the call", strings.Replace(a, "CreateUser", "Get\xff", 1) + "\n" + b, "B", "", 1},
		{"missing fields", `{"x":1}` + "\n" + `{"eventID":"e"}`, "", "not a CloudTrail record: it has no eventID, eventName, eventSource, userIdentity|event e has no eventName, eventSource, userIdentity", 0},
		{"cut in a record", a + "\n" + b[:50], "A", "the file ends inside the record", 0},
		{"cut in Records", `{"Records":[` + a + ",", "A", "the file ends inside a list", 0},
		{"cut gzip", zipped(a + "\n" + b)[:250], "", "the file is damaged inside the record: unexpected EOF", 0},
		{"broken gzip header", "\x1f\x8b\x08", "", "the file is damaged here", 0},
		{"keys beside Records", `{"Records":[` + a + `],"eventName":"CreateUser"}`, "A", "keys of a record beside", 0},
		{"keys before Records", `{"eventName":"CreateUser","Records":[` + a + `]}`, "", "not a CloudTrail record", 0},
		{"deep", strings.Repeat(`{"a":`, 600), "", "broken JSON at byte 2560: nested more", 0},
		{"digest", `{"digestS3Object":"x","eventID":null}`, "", "a CloudTrail digest file", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for mode, r := range map[string]io.Reader{
				"whole": strings.NewReader(tt.in), "by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
			} {
				s := &Scanner{Relevant: writes}
				ids, bad := scanAll(t, s, r)
				if got := strings.Join(ids, " "); got != tt.ids {
					t.Errorf("%s: events %q, want %q", mode, got, tt.ids)
				}
				var reasons []string
				for _, b := range bad {
					reasons = append(reasons, b.Reason)
				}
				want := strings.Split(tt.bad, "|")
				if tt.bad == "" {
					want = nil
				}
				if len(want) != len(reasons) {
					t.Fatalf("%s: bad %q, want %q", mode, reasons, want)
				}
				for i := range want {
					if !strings.HasPrefix(reasons[i], want[i]) {
						t.Errorf("%s: bad %q, want %q", mode, reasons[i], want[i])
					}
				}
				st := s.Stats()
				if st.Irrelevant != tt.irrelevant || st.Bad != len(bad) || st.Records != len(ids)+len(bad)+tt.irrelevant {
					t.Errorf("%s: stats %+v with %d events, %d bad", mode, st, len(ids), len(bad))
				}
			}
		})
	}
}

// TestScanDoubtfulRecordsAreNeverIrrelevant: a record that says two things
// about itself must not pass for the harmless one.
func TestScanDoubtfulRecordsAreNeverIrrelevant(t *testing.T) {
	t.Parallel()
	get := record("G", "GetUser")
	tests := map[string]string{
		"name twice":             strings.Replace(get, `"eventName":`, `"eventName":"CreateUser","eventName":`, 1),
		"name twice, other side": strings.Replace(get, `"eventName":"GetUser"`, `"eventName":"GetUser","eventName":"CreateUser"`, 1),
		"source twice":           strings.Replace(get, `"eventSource":`, `"eventSource":"iam.amazonaws.com","eventSource":`, 1),
		"escaped key":            strings.Replace(get, `"eventID"`, `"event\u004eame":"CreateUser","eventID"`, 1),
		"escaped value":          strings.Replace(get, `"GetUser"`, `"\u0043reateUser"`, 1),
		"name is a list":         strings.Replace(get, `"GetUser"`, `["GetUser"]`, 1),
		"name is null":           strings.Replace(get, `"GetUser"`, `null`, 1),
		"detail beside":          strings.Replace(get, `"eventID"`, `"detail":`+record("A", "CreateUser")+`,"eventID"`, 1),
		"detail twice":           strings.Replace(envelope(get), `"detail":`, `"detail":`+record("A", "CreateUser")+`,"detail":`, 1),
		"escaped detail":         strings.Replace(envelope(get), `"detail":`, `"det\u0061il":`+record("A", "CreateUser")+`,"detail":`, 1),
		"no id":                  strings.Replace(get, `"eventID"`, `"eventId"`, 1),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Scanner{Relevant: writes}
			ids, bad := scanAll(t, s, strings.NewReader(in))
			if s.Stats().Irrelevant != 0 || len(ids)+len(bad) != 1 {
				t.Errorf("irrelevant %d, events %q, bad %v", s.Stats().Irrelevant, ids, bad)
			}
		})
	}
}

func TestScanOversized(t *testing.T) {
	t.Parallel()
	big := strings.Replace(record("BIG", "CreateUser"), "mallory", strings.Repeat("m", 3<<20), 1)
	a, b := record("A", "CreateUser"), record("B", "CreateUser")
	for name, in := range map[string]string{
		"Records":                   `{"Records":[` + a + "," + big + "," + b + `]}`,
		"NDJSON":                    a + "\n" + big + "\n" + b,
		"without an end in Records": `{"Records":[` + a + "," + strings.TrimSuffix(big, "}") + "," + b + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Scanner{MaxRecord: 1 << 20}
			ids, bad := scanAll(t, s, strings.NewReader(in))
			if strings.Join(ids, " ") != "A B" || len(bad) != 1 {
				t.Fatalf("events %q, bad %v", ids, bad)
			}
			if got := bad[0]; got.Number != 2 || got.Reason != "longer than 1048576 bytes" || len(got.Raw) != 1<<20 ||
				got.Size < int64(len(big))-1 || got.Size > int64(len(big))+1 || in[got.Offset:got.Offset+15] != `{"eventVersion"` {
				t.Errorf("bad record %d, offset %d, size %d of %d, raw %d: %s", got.Number, got.Offset, got.Size, len(big), len(got.Raw), got.Reason)
			}
			if len(s.buf) > 8<<20 {
				t.Errorf("buffer grew to %d bytes", len(s.buf))
			}
		})
	}
}

func TestScanErrors(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	s := &Scanner{}
	n := 0
	err := s.Scan("f", strings.NewReader(record("A", "X")+record("B", "X")), func(*Event) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("Scan = %v after %d events", err, n)
	}
	broken := errors.New("disk on fire")
	ids := 0
	var bad []BadRecord
	s.Bad = func(b BadRecord) { bad = append(bad, b) }
	err = s.Scan("f", io.MultiReader(strings.NewReader(record("A", "X")+"{\"even"), iotest.ErrReader(broken)), func(*Event) error { ids++; return nil })
	if !errors.Is(err, broken) || ids != 1 || len(bad) != 1 {
		t.Errorf("Scan = %v after %d events, bad %v", err, ids, bad)
	}
}

// TestScanDoesNotWait: an event is handed over when its record is complete,
// not when more has come.
func TestScanDoesNotWait(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	got := make(chan string)
	go func() {
		s := &Scanner{}
		_ = s.Scan("pipe", r, func(e *Event) error { got <- e.ID; return nil })
		close(got)
	}()
	for _, id := range []string{"A", "B"} {
		if _, err := io.WriteString(w, record(id, "CreateUser")); err != nil {
			t.Fatal(err)
		}
		if g := <-got; g != id {
			t.Fatalf("got %q, want %q", g, id)
		}
	}
	_ = w.Close()
	if _, open := <-got; open {
		t.Error("more events than were written")
	}
}

// FuzzScan: no panic, every record is counted once, every byte is accounted
// for by the same result however the bytes arrive, and the fast path never
// lets pass what the full decoder would want.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"Records":[` + record("A", "CreateUser") + "," + record("G", "GetUser") + `]}`))
	f.Add([]byte(envelope(record("A", "CreateUser")) + "\n{\n[}"))
	f.Add([]byte(`{"eventName":"x","eventName":"y"}`))
	f.Add([]byte(`[{"a":"\ud800"},1e5,{"eventVersion":]`))
	f.Fuzz(func(t *testing.T, in []byte) {
		one := func(r io.Reader) (Stats, int, string) {
			s := &Scanner{Relevant: writes, MaxRecord: 4096}
			var log strings.Builder
			s.Bad = func(b BadRecord) { fmt.Fprintf(&log, "bad %d %d %d %s\n", b.Number, b.Offset, b.Size, b.Reason) }
			n := 0
			if err := s.Scan("f", r, func(e *Event) error { n++; fmt.Fprintln(&log, e.ID, e.Name); return nil }); err != nil {
				t.Fatal(err)
			}
			return s.Stats(), n, log.String()
		}
		st, n, log := one(bytes.NewReader(in))
		if st.Records != n+st.Bad+st.Irrelevant {
			t.Fatalf("%+v with %d events", st, n)
		}
		if st2, n2, log2 := one(iotest.OneByteReader(bytes.NewReader(in))); st2 != st || n2 != n || log2 != log {
			t.Fatalf("by byte %+v\n%s\nwhole %+v\n%s", st2, log2, st, log)
		}
		var w walker
		w.reset()
		if len(in) == 0 || in[0] != '{' {
			return
		}
		out, _ := w.walk(in)
		e, err := ParseEvent(in[:min(w.pos, len(in))])
		switch {
		case out == walkDone:
			if source, name, ok := w.clear(); ok && err == nil && (string(in[source.start:source.end]) != e.Source || string(in[name.start:name.end]) != e.Name) {
				t.Fatalf("fast path reads %s %s, decoder %s %s", in[source.start:source.end], in[name.start:name.end], e.Source, e.Name)
			}
		case out == walkBad && err == nil:
			t.Fatalf("the decoder reads what the walker refuses at %d: %s", w.pos, in)
		}
	})
}
