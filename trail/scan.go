package trail

import (
	"bytes"
	"fmt"
	"io"
)

// DefaultMaxRecord is the longest record that a Scanner reads, in bytes.
// CloudTrail's own records stay under 1 MB.
const DefaultMaxRecord = 10 << 20

// Scanner reads events from files of any size, one record in memory at a
// time: CloudTrail log files ({"Records":[…]}), one JSON object per line,
// lists, objects one behind the other, EventBridge envelopes in any of these,
// and each of them compressed by gzip, which it recognises by its first bytes.
//
// A record that cannot be read is counted and handed to Bad, and the scan goes
// on behind it: with the next record of the list, or with the next line. So
// every byte of a file is in a record that is read, in one that is irrelevant,
// or in one that is bad.
//
// A Scanner may read many files, one after the other, not at once.
type Scanner struct {
	// Relevant says which events are wanted; nil wants all. It is asked with
	// eventSource and eventName before the record is decoded. A record that
	// leaves a doubt, because one of them occurs twice, or is written with an
	// escape, is always decoded, and is an event or bad.
	Relevant func(source, name string) bool
	// MaxRecord is the longest record in bytes; zero means DefaultMaxRecord.
	MaxRecord int
	// Bad is told of each record that could not be read; nil only counts.
	Bad func(BadRecord)

	stats  Stats
	wanted map[string]bool // answers of Relevant by source and name
	walker walker
	buf    []byte
	zip    unzipper
}

// Stats counts what a Scanner has read so far.
type Stats struct {
	Files      int   // files begun
	Records    int   // records found: wanted, irrelevant and bad ones
	Irrelevant int   // records that Relevant did not want
	Bad        int   // records that could not be read
	Bytes      int64 // bytes read, after decompression
}

// BadRecord is a record that could not be read, for people to look at.
type BadRecord struct {
	File   string
	Number int // of the record in its file, from 1
	// Offset of its first byte in the file, after decompression.
	Offset int64
	Size   int64 // bytes
	Reason string
	// Raw is the record as it was found, up to the scanner's MaxRecord bytes.
	Raw []byte
}

// String is one line for people.
func (b BadRecord) String() string {
	return fmt.Sprintf("%s: record %d at byte %d: %s", b.File, b.Number, b.Offset, b.Reason)
}

// Stats returns the counts of all scans so far.
func (s *Scanner) Stats() Stats { return s.stats }

// Scan reads one file and calls fn with each wanted event, as soon as its
// record is complete. The name is for messages. The error is fn's, or that of
// reading r; bad records are no errors.
func (s *Scanner) Scan(name string, r io.Reader, fn func(*Event) error) error {
	if s.MaxRecord <= 0 {
		s.MaxRecord = DefaultMaxRecord
	}
	if s.buf == nil {
		s.buf = make([]byte, 256<<10)
	}
	s.stats.Files++
	f := &scan{Scanner: s, name: name, fn: fn, r: s.zip.open(r)}
	err := f.run()
	s.stats.Bytes += f.offset(f.end)
	if f.damage != nil {
		f.bad(f.offset(f.end), 0, "the file is damaged here: "+f.damage.Error(), nil)
	}
	return err
}

// scan is the reading of one file.
type scan struct {
	*Scanner
	name string
	fn   func(*Event) error
	r    io.Reader

	start, end int   // the bytes of buf that are read and not yet used
	base       int64 // offset of buf[0] in the file
	eof        bool
	damage     error // the compressed data broke off
	number     int   // records so far
	// lists are the open lists: '[' of a list, 'R' of an object's "Records".
	lists []byte
}

const maxLists = 64

func (f *scan) run() error {
	for {
		c, ok, err := f.peek()
		if err != nil {
			return err
		}
		if !ok {
			if len(f.lists) > 0 && f.damage == nil {
				f.bad(f.offset(f.end), 0, "the file ends inside a list of records", nil)
			}
			return nil
		}
		switch n := len(f.lists); {
		case c == '{':
			f.walker.reset()
			err = f.record(false)
		case c == '[' && n < maxLists:
			f.lists = append(f.lists, '[')
			f.start++
		case c == ']' && n > 0:
			behindRecords := f.lists[n-1] == 'R'
			f.lists = f.lists[:n-1]
			f.start++
			if behindRecords {
				f.walker.resetBehindRecords()
				err = f.record(true)
			}
		default:
			err = f.garbage()
		}
		if err != nil {
			return err
		}
	}
}

// record reads the object at start, or, behind is true, the rest of one whose
// "Records" have been read.
func (f *scan) record(behind bool) error {
	w := &f.walker
	for {
		out, broken := w.walk(f.buf[f.start:f.end])
		switch {
		case w.pos > f.MaxRecord:
			return f.skip(w.pos, fmt.Sprintf("longer than %d bytes", f.MaxRecord), behind)
		case out == walkBad:
			return f.skip(w.pos, fmt.Sprintf("broken JSON at byte %d: %v", f.offset(f.start+w.pos), broken), behind)
		case out == walkRecords:
			f.lists = append(f.lists, 'R')
			f.start += w.pos
			return nil
		case out == walkDone:
			raw := f.buf[f.start : f.start+w.pos]
			at := f.offset(f.start)
			f.start += w.pos
			if !behind {
				return f.emit(at, raw)
			}
			if w.top.seen&^(1<<fieldRecords) != 0 || w.hasDetail {
				f.bad(at, int64(len(raw)), `keys of a record beside a list "Records"`, raw)
			}
			return nil
		}
		if ok, err := f.more(); err != nil || !ok {
			raw, reason := f.buf[f.start:f.end], "the file ends inside the record"
			if f.damage != nil {
				reason = "the file is damaged inside the record: " + f.damage.Error()
			}
			f.bad(f.offset(f.start), int64(len(raw)), reason, raw)
			f.start, f.lists, f.damage = f.end, nil, nil
			return err
		}
	}
}

// emit sorts out a complete record that the walker has gone through.
func (f *scan) emit(at int64, raw []byte) error {
	if source, name, clear := f.walker.clear(); clear && !f.wants(raw[source.start:source.end], raw[name.start:name.end]) {
		f.number++
		f.stats.Records++
		f.stats.Irrelevant++
		return nil
	}
	e, err := ParseEvent(raw)
	if err != nil {
		f.bad(at, int64(len(raw)), err.Error(), raw)
		return nil
	}
	f.number++
	f.stats.Records++
	if f.Relevant != nil && !f.Relevant(e.Source, e.Name) {
		f.stats.Irrelevant++
		return nil
	}
	return f.fn(e)
}

// wants asks Relevant, once for each pair of source and name.
func (f *scan) wants(source, name []byte) bool {
	if f.Relevant == nil {
		return true
	}
	// The two are kept apart by a byte that neither can hold unescaped.
	var space [128]byte
	key := append(append(append(space[:0], source...), 0), name...)
	wanted, known := f.wanted[string(key)]
	if !known {
		wanted = f.Relevant(string(source), string(name))
		if f.wanted == nil || len(f.wanted) > 10_000 {
			f.wanted = make(map[string]bool)
		}
		f.wanted[string(key)] = wanted
	}
	return wanted
}

func (f *scan) bad(at, size int64, reason string, raw []byte) {
	f.number++
	f.stats.Records++
	f.stats.Bad++
	if f.Bad != nil {
		f.Bad(BadRecord{
			File: f.name, Number: f.number, Offset: at, Size: size, Reason: reason,
			Raw: bytes.Clone(raw[:min(len(raw), f.MaxRecord)]),
		})
	}
}

// offset is the place in the file of a place in buf.
func (f *scan) offset(i int) int64 { return f.base + int64(i) }

// peek skips what may stand between records and returns the next byte; ok is
// false at the end of the file.
func (f *scan) peek() (c byte, ok bool, err error) {
	for {
		for ; f.start < f.end; f.start++ {
			switch c := f.buf[f.start]; c {
			case ' ', '\t', '\r', '\n', ',':
			case 0xEF, 0xBB, 0xBF: // a byte order mark at the very beginning
				if f.offset(f.start) > 2 {
					return c, true, nil
				}
			default:
				return c, true, nil
			}
		}
		if ok, err := f.more(); err != nil || !ok {
			return 0, false, err
		}
	}
}

// more reads what is there, at least one byte; ok is false at the end.
func (f *scan) more() (ok bool, err error) {
	if f.start > 0 && f.end == len(f.buf) {
		copy(f.buf, f.buf[f.start:f.end])
		f.base += int64(f.start)
		f.start, f.end = 0, f.end-f.start
	}
	if f.end == len(f.buf) {
		f.buf = append(f.buf, make([]byte, len(f.buf))...)
		f.Scanner.buf = f.buf
	}
	for range 100 {
		if f.eof {
			return false, nil
		}
		n, err := f.r.Read(f.buf[f.end:])
		f.end += n
		switch {
		case err == io.EOF:
			f.eof = true
		case isDamage(err):
			f.eof, f.damage = true, err
		case err != nil:
			f.eof = true
			return n > 0, fmt.Errorf("%s: at byte %d: %w", f.name, f.offset(f.end), err)
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, io.ErrNoProgress
}
