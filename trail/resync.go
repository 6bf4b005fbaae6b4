package trail

import (
	"bytes"
	"fmt"
	"strings"
)

// recordStart is how CloudTrail begins every record. Inside a string its
// quotes would be escaped, so these bytes are never part of one.
var recordStart = []byte(`{"eventVersion"`)

// lookAhead is how far behind a bracket the signs are sought that a record
// ends there.
const lookAhead = 64

// skip passes over the record at start, which is broken at the offset broken
// or too long, and reports it. Three things end it, whichever comes first:
// brackets that balance, where a record can end; in a list, the beginning of CloudTrail's next
// record; outside of lists, a line that begins like a new object.
func (f *scan) skip(broken int, reason string, behind bool) error {
	at := f.offset(f.start)
	var (
		depth    = 0
		quoted   bool
		kept     []byte // the beginning, when all of it is too long to keep
		gone     int    // bytes that have left the buffer
		keep     = f.MaxRecord
		size     int64
		inLists  = len(f.lists) > 0
		lookFrom = f.lineStart(broken)
	)
	if behind {
		depth = 1
	}
	i := 0
	for {
		if f.start+i+lookAhead >= f.end && !f.eof {
			if _, err := f.more(); err != nil {
				f.bad(at, int64(gone+f.end-f.start), reason, f.buf[f.start:f.end])
				f.start = f.end
				return err
			}
			continue
		}
		window := f.buf[f.start:f.end]
		if i >= len(window) {
			size = int64(gone + i)
			break
		}
		if gone+i > 0 && gone+i >= lookFrom && (inLists && bytes.HasPrefix(window[i:], recordStart) ||
			!inLists && i > 0 && window[i-1] == '\n' && startsLine(window[i])) {
			size = int64(gone + i)
			break
		}
		c := window[i]
		i++
		switch {
		case quoted && c == '\\' && i < len(window) && window[i] >= ' ':
			i++
		case c == '"':
			quoted = !quoted
		case c == '\n':
			quoted = false // no string goes over lines
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth <= 0 && c == '}' && endsRecord(window[i:], inLists) {
			size = int64(gone + i)
			break
		}
		if i > keep+lookAhead {
			// What is kept is long enough; the rest need not stay in memory.
			// One byte stays, for the look at the line break before.
			if kept == nil {
				kept = bytes.Clone(window[:keep])
			}
			f.start += i - 1
			gone += i - 1
			i, keep = 1, 64<<10
		}
	}
	if kept == nil {
		kept = f.buf[f.start : f.start+i]
	}
	f.start += i
	f.bad(at, size, reason, kept)
	return nil
}

// lineStart moves an offset in the record back over white space to the
// beginning of its line, when nothing else is between.
func (f *scan) lineStart(broken int) int {
	window := f.buf[f.start:f.end]
	for i := min(broken, len(window)) - 1; i >= 0; i-- {
		switch window[i] {
		case '\n':
			return i + 1
		case ' ', '\t', '\r':
		default:
			return broken
		}
	}
	return broken
}

// endsRecord reports whether what follows a closing bracket can follow a
// record. With a quote missing, text and structure are mistaken for each
// other, and brackets may seem to balance in the middle of a record.
func endsRecord(rest []byte, inList bool) bool {
	rest = rest[:min(len(rest), lookAhead)]
	line, _, hasLine := bytes.Cut(rest, []byte("\n"))
	if !inList && (hasLine || len(rest) < lookAhead) && len(bytes.TrimSpace(line)) == 0 {
		return true
	}
	rest = bytes.TrimSpace(rest)
	if len(rest) == 0 {
		return true
	}
	next := bytes.TrimSpace(rest[1:])
	switch rest[0] {
	case '{':
		return !inList
	case ',':
		return len(next) == 0 || next[0] == '{'
	case ']':
		return inList && (len(next) == 0 || next[0] == '}')
	}
	return false
}

// startsLine reports whether a line that begins with c begins something new
// rather than going on with an object written over several lines.
func startsLine(c byte) bool {
	return strings.IndexByte(" \t\r\n}],\"", c) < 0
}

// garbage passes over what is no object where one belongs: up to the next
// object or line, in a list to the next bracket or comma.
func (f *scan) garbage() error {
	at := f.offset(f.start)
	ends := []byte("{\n")
	if len(f.lists) > 0 {
		ends = []byte("{\n,[]")
	}
	i := 1
	for {
		window := f.buf[f.start:f.end]
		if i < len(window) {
			if bytes.IndexByte(ends, window[i]) < 0 && i < f.MaxRecord {
				i++
				continue
			}
			break
		}
		ok, err := f.more()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
	}
	raw := f.buf[f.start : f.start+i]
	f.start += i
	f.bad(at, int64(len(raw)), fmt.Sprintf("%q where a record belongs", cut(bytes.TrimSpace(raw))), raw)
	return nil
}
