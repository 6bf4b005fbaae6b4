package lint

import (
	"bytes"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// span is where a value stands in the source.
type span struct {
	begin, end int
	// name is where the member's name begins, begin for elements of lists.
	name int
}

// located are the values of a policy's source by their path.
type located struct {
	spans map[jsontext.Pointer]span
	lines []int // offsets of the beginnings of lines
}

// locate finds all values of a policy. What follows bad JSON is not found.
func locate(source []byte) *located {
	l := &located{spans: map[jsontext.Pointer]span{}, lines: []int{0}}
	for i, b := range source {
		if b == '\n' {
			l.lines = append(l.lines, i+1)
		}
	}
	dec := jsontext.NewDecoder(bytes.NewReader(source), jsontext.AllowDuplicateNames(true))
	// With duplicate names the decoder does not know them, so that the path
	// is kept here.
	type frame struct {
		path jsontext.Pointer
		span span
		list bool
		next int    // index of a list's next element
		name string // of the member whose value is next
		at   int    // where that name begins, -1 between members
	}
	stack := make([]frame, 0, 8)
	for {
		begin := int(dec.InputOffset())
		for begin < len(source) && strings.IndexByte(" \t\r\n,:", source[begin]) >= 0 {
			begin++
		}
		tok, err := dec.ReadToken()
		if err != nil {
			return l
		}
		end, kind := int(dec.InputOffset()), tok.Kind()
		if kind == '}' || kind == ']' {
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			last.span.end = end
			l.put(last.path, last.span)
			continue
		}
		path, s := jsontext.Pointer(""), span{begin, end, begin}
		if n := len(stack); n > 0 {
			switch f := &stack[n-1]; {
			case f.list:
				path = f.path.AppendToken(strconv.Itoa(f.next))
				f.next++
			case f.at < 0:
				f.name, f.at = tok.String(), begin
				continue
			default:
				path, s.name = f.path.AppendToken(f.name), f.at
				f.at = -1
			}
		}
		if kind == '{' || kind == '[' {
			stack = append(stack, frame{path: path, span: s, list: kind == '[', at: -1})
		} else {
			l.put(path, s)
		}
	}
}

// put keeps the first value of a path: of members with the same name nobody
// can say which AWS reads.
func (l *located) put(path jsontext.Pointer, s span) {
	if _, ok := l.spans[path]; !ok {
		l.spans[path] = s
	}
}

// find returns where a place is. A list of one value may be written without
// brackets, and so may the list of statements; what is nowhere is sought in
// what should hold it.
func (l *located) find(p place) (span, bool) {
	path := jsontext.Pointer("")
	if p.statement >= 0 {
		path = jsontext.Pointer("/Statement/" + strconv.Itoa(p.statement))
		if _, ok := l.spans[path]; !ok {
			path = "/Statement"
		}
	}
	for _, s := range p.steps {
		next := path.AppendToken(s)
		if _, ok := l.spans[next]; !ok {
			break
		}
		path = next
	}
	if p.index >= 0 {
		if next := path.AppendToken(strconv.Itoa(p.index)); l.has(next) {
			path = next
		}
	}
	s, ok := l.spans[path]
	return s, ok
}

func (l *located) has(path jsontext.Pointer) bool { _, ok := l.spans[path]; return ok }

// position turns an offset into a line and a column.
func (l *located) position(at int) (line, column int) {
	i := sort.SearchInts(l.lines, at+1) - 1
	return i + 1, at - l.lines[i] + 1
}
