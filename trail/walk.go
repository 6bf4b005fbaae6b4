package trail

import (
	"fmt"
	"unicode/utf8"
)

// walker checks the grammar of one JSON object as it goes through it once,
// and notes where the few fields lie that tell whether the event matters. It
// keeps nothing of the rest and allocates nothing per record.
//
// It can stop at the end of the bytes read so far and go on when more have
// come: everything it knows is in its fields, as offsets from the record's
// first byte.
type walker struct {
	pos   int     // next byte to look at
	stack []byte  // open brackets: '{' or '['
	next  state   // what may come at pos
	quote int     // start of the open string, behind its quote; 0 is none
	esc   bool    // the open string has a backslash
	high  bool    // the open string has a byte above ASCII
	isKey bool    // the open string is a key
	key   field   // the field that the last key of interest opens
	in    section // whose keys are being read

	top, detail fields
	// hasDetail is true when the object has a key "detail": an EventBridge
	// envelope.
	hasDetail bool
	// odd is true when a key that may matter is written with an escape.
	odd bool
}

type state uint8

const (
	wantValue    state = iota
	wantKeyOrEnd       // behind {
	wantKey            // behind a comma in an object
	wantColon
	wantElemOrEnd  // behind [
	wantCommaOrEnd // behind a value
)

type section uint8

const (
	elsewhere section = iota
	inTop
	inDetail
)

type field uint8

const (
	fieldNone field = iota
	fieldSource
	fieldName
	fieldID
	fieldIdentity
	fieldDetail
	fieldRecords
)

// fields are the places of a record's identifying fields.
type fields struct {
	source, name span
	seen         uint8 // bit per field
	// unclear is true when a field occurs twice, is no plain string, or has
	// an escape in it: the full decoder must look.
	unclear bool
}

type span struct{ start, end int }

// outcome is how far the walker came.
type outcome uint8

const (
	walkMore    outcome = iota // the bytes ended inside the object
	walkDone                   // pos is behind the object
	walkRecords                // pos is behind the [ of "Records", and no record's key came before
	walkBad                    // the grammar is broken at pos
)

const maxDepth = 512 // deeper nesting is no CloudTrail record

// reset begins with a new object.
func (w *walker) reset() {
	*w = walker{stack: w.stack[:0]}
}

// resetBehindRecords begins with the rest of an object whose list "Records"
// has just been closed.
func (w *walker) resetBehindRecords() {
	*w = walker{stack: append(w.stack[:0], '{'), next: wantCommaOrEnd, in: inTop}
}

// walk goes on through buf, whose first byte is the record's {. The error is
// set for walkBad.
func (w *walker) walk(buf []byte) (outcome, error) {
	for {
		if w.quote > 0 {
			if !w.inString(buf) {
				if w.pos < len(buf) && buf[w.pos] < ' ' {
					return walkBad, fmt.Errorf("a line break or control character inside a string")
				}
				return walkMore, nil
			}
			if err := w.endString(buf); err != nil {
				return walkBad, err
			}
			continue
		}
		for w.pos < len(buf) && (buf[w.pos] == ' ' || buf[w.pos] == '\n' || buf[w.pos] == '\t' || buf[w.pos] == '\r') {
			w.pos++
		}
		if w.pos == len(buf) {
			return walkMore, nil
		}
		c := buf[w.pos]
		switch w.next {
		case wantColon:
			if c != ':' {
				return walkBad, fmt.Errorf("%q where a colon belongs", c)
			}
			w.pos++
			w.next = wantValue
		case wantCommaOrEnd:
			if c == ',' {
				w.pos++
				w.next = wantValue
				if w.stack[len(w.stack)-1] == '{' {
					w.next = wantKey
				}
				continue
			}
			if done, err := w.close(c); err != nil || done {
				if err != nil {
					return walkBad, err
				}
				return walkDone, nil
			}
		case wantKeyOrEnd, wantKey:
			if c == '}' && w.next == wantKeyOrEnd {
				if done, _ := w.close(c); done {
					return walkDone, nil
				}
				continue
			}
			if c != '"' {
				return walkBad, fmt.Errorf("%q where a key belongs", c)
			}
			w.openString(true)
		default: // wantValue, wantElemOrEnd
			if c == ']' && w.next == wantElemOrEnd {
				_, _ = w.close(c)
				continue
			}
			out, err := w.value(buf, c)
			if out != walkDone {
				return out, err
			}
		}
	}
}

// value reads the beginning of a value, or all of one that is no string and
// has no brackets. walkDone means go on.
func (w *walker) value(buf []byte, c byte) (outcome, error) {
	switch {
	case c == '"':
		w.openString(false)
	case c == '{' || c == '[':
		if len(w.stack) == maxDepth {
			return walkBad, fmt.Errorf("nested more than %d deep", maxDepth)
		}
		w.note(fieldBracket, span{}, c)
		w.stack = append(w.stack, c)
		w.pos++
		w.next = wantElemOrEnd
		if c == '{' {
			w.next = wantKeyOrEnd
		}
		if w.key == fieldRecords && c == '[' && w.top.seen == 1<<fieldRecords {
			w.key = fieldNone
			return walkRecords, nil
		}
		w.key = fieldNone
	default:
		end := w.pos
		for end < len(buf) && !delimiter[buf[end]] {
			end++
		}
		if end == len(buf) {
			return walkMore, nil
		}
		if !literal(buf[w.pos:end]) {
			return walkBad, fmt.Errorf("%q where a value belongs", cut(buf[w.pos:end]))
		}
		w.note(fieldPlain, span{w.pos, end}, c)
		w.pos = end
		w.next = wantCommaOrEnd
	}
	return walkDone, nil
}

// Forms of values, for note.
type form uint8

const (
	fieldPlain form = iota
	fieldString
	fieldBracket
)

// note takes down a value whose key is of interest.
func (w *walker) note(form form, at span, c byte) {
	key := w.key
	if key == fieldNone {
		if len(w.stack) == 0 {
			w.in = inTop
		}
		return
	}
	if form != fieldBracket {
		w.key = fieldNone
	}
	f := &w.top
	if w.in == inDetail {
		f = &w.detail
	}
	bit := uint8(1) << key
	if f.seen&bit != 0 {
		f.unclear = true
	}
	f.seen |= bit
	switch key {
	case fieldSource, fieldName:
		if form != fieldString || w.esc {
			f.unclear = true
		}
		if key == fieldSource {
			f.source = at
		} else {
			f.name = at
		}
	case fieldID:
		f.unclear = f.unclear || form != fieldString || at.start == at.end
	case fieldIdentity:
		f.unclear = f.unclear || c != '{'
	case fieldDetail:
		w.hasDetail = true
		if c == '{' {
			w.in = inDetail
		} else {
			f.unclear = true
		}
	}
}

func (w *walker) close(c byte) (done bool, err error) {
	open := byte('{')
	if c == ']' {
		open = '['
	} else if c != '}' {
		return false, fmt.Errorf("%q where a comma or a closing bracket belongs", c)
	}
	n := len(w.stack) - 1
	if w.stack[n] != open {
		return false, fmt.Errorf("%q closes what another bracket opened", c)
	}
	w.stack = w.stack[:n]
	w.pos++
	w.next = wantCommaOrEnd
	if n == 1 && w.in == inDetail {
		w.in = inTop
	}
	return n == 0, nil
}

func (w *walker) openString(key bool) {
	w.pos++
	w.quote, w.isKey, w.esc, w.high = w.pos, key, false, false
}

// inString goes to the closing quote; false when it is not there yet or a
// control character is in the way.
func (w *walker) inString(buf []byte) bool {
	pos := w.pos
	for pos < len(buf) {
		c := buf[pos]
		if plain[c] {
			pos++
			continue
		}
		switch {
		case c == '"':
			w.pos = pos
			return true
		case c == '\\':
			if pos+1 >= len(buf) {
				w.pos = pos
				return false
			}
			w.esc = true
			pos += 2
		case c >= utf8.RuneSelf:
			w.high = true
			pos++
		default:
			w.pos = pos
			return false
		}
	}
	w.pos = pos
	return false
}

// endString takes the string whose closing quote is at pos.
func (w *walker) endString(buf []byte) error {
	at := span{w.quote, w.pos}
	text := buf[at.start:at.end]
	if w.esc {
		if err := escapes(text); err != nil {
			w.pos = at.start
			return err
		}
	}
	// Text that is not UTF-8 is left to the full decoder where it matters.
	w.esc = w.esc || w.high && !utf8.Valid(text)
	w.quote = 0
	w.pos++
	if w.isKey {
		w.next = wantColon
		w.key = fieldNone
		depth := len(w.stack)
		if depth == 1 || depth == 2 && w.in == inDetail {
			w.key = w.keyOf(text)
			w.odd = w.odd || w.esc
		}
		return nil
	}
	w.note(fieldString, at, '"')
	w.next = wantCommaOrEnd
	return nil
}

func (w *walker) keyOf(text []byte) field {
	switch string(text) {
	case "eventSource":
		return fieldSource
	case "eventName":
		return fieldName
	case "eventID":
		return fieldID
	case "userIdentity":
		return fieldIdentity
	case "detail":
		if len(w.stack) == 1 {
			return fieldDetail
		}
	case "Records":
		if len(w.stack) == 1 {
			return fieldRecords
		}
	}
	return fieldNone
}

// clear returns where eventSource and eventName are when both are plain and
// the record is complete enough to be judged by them alone.
func (w *walker) clear() (source, name span, ok bool) {
	f := w.top
	if w.hasDetail {
		// An envelope with a record's own fields on top is ambiguous.
		if f.seen&^(1<<fieldDetail|1<<fieldRecords) != 0 || f.unclear {
			return span{}, span{}, false
		}
		f = w.detail
	}
	const needed = 1<<fieldSource | 1<<fieldName | 1<<fieldID | 1<<fieldIdentity
	ok = !w.odd && !f.unclear && f.seen&needed == needed
	return f.source, f.name, ok
}
