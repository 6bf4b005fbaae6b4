package pattern

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// What a regular expression of a filter pattern may have besides letters and
// digits. A blank is in no list of AWS's but in its examples.
const (
	symbols   = ":_#=@/;,- "
	operators = `^$?[]{}|\*+.`
)

// expression is a regular expression as CloudWatch Logs takes it.
type expression struct {
	source string // without the %
	re     *regexp.Regexp
	// anchored: it has ^ or $, so that what it matches in a value it may not
	// match in a text that has the value.
	anchored bool
}

// compile reads what stands between %. The syntax is that of the CloudWatch
// Logs User Guide, "Supported regular expressions (regex) syntax": letters,
// digits, some symbols, ^ $ ? * + . | [] {m,n}, classes by \d \s \w and their
// opposites, \xhh, and \ before an operator. That is a part of what package
// regexp reads, with the same meaning. What the guide does not tell (lazy and
// nested repetition, empty alternatives, classes in classes, groups, which it
// says are not supported) is an error.
func compile(source string) (*expression, error) {
	p := &regexReader{text: source}
	if source == "" || strings.TrimSpace(source) != source {
		return nil, fmt.Errorf("regular expression %%%s%%: empty, or with blanks at its ends", source)
	}
	for p.at < len(p.text) {
		if err := p.next(); err != nil {
			return nil, fmt.Errorf("regular expression %%%s%%: character %d: %w", source, p.at+1, err)
		}
	}
	if p.empty() {
		return nil, fmt.Errorf("regular expression %%%s%%: an empty alternative", source)
	}
	re, err := regexp.Compile("(?s)" + p.out.String())
	if err != nil {
		return nil, fmt.Errorf("regular expression %%%s%%: %w", source, err)
	}
	return &expression{source, re, p.anchored}, nil
}

func (x *expression) String() string { return "%" + x.source + "%" }

type regexReader struct {
	text     string
	at       int
	out      strings.Builder
	since    int  // where in out this alternative began
	term     bool // a term stands before, that a quantifier can repeat
	anchored bool
}

func (p *regexReader) empty() bool { return p.out.Len() == p.since }

// keep takes n bytes as they stand.
func (p *regexReader) keep(n int, term bool) {
	p.out.WriteString(p.text[p.at : p.at+n])
	p.at, p.term = p.at+n, term
}

func (p *regexReader) next() error {
	switch c := p.text[p.at]; {
	case isPlain(c), c == '.':
		p.keep(1, true)
	case c == '^', c == '$':
		p.anchored = true
		p.keep(1, false)
	case c == '\\':
		n, _, err := p.escape()
		if err != nil {
			return err
		}
		p.keep(n, true)
	case c == '[':
		return p.class()
	case c == '|':
		if p.empty() {
			return fmt.Errorf("an empty alternative")
		}
		p.keep(1, false)
		p.since = p.out.Len()
	case c == '?', c == '*', c == '+', c == '{':
		if !p.term {
			return fmt.Errorf("%q repeats no term", c)
		}
		if c == '{' {
			return p.bounds()
		}
		p.keep(1, false)
	default:
		return fmt.Errorf("%q is not supported there", c)
	}
	return nil
}

func isPlain(c byte) bool {
	return isWord(c) || strings.IndexByte(symbols, c) >= 0
}

// escape tells how long the escape is that stands next, and whether it stands
// for a class.
func (p *regexReader) escape() (n int, class bool, err error) {
	rest := p.text[p.at+1:]
	switch {
	case rest == "":
		return 0, false, fmt.Errorf(`\ escapes nothing`)
	case strings.IndexByte("dDsSwW", rest[0]) >= 0:
		return 2, true, nil
	case strings.IndexByte(operators+symbols, rest[0]) >= 0 && rest[0] != '_' && rest[0] != ' ':
		return 2, false, nil
	case rest[0] == 'x' && len(rest) >= 3:
		if v, err := strconv.ParseUint(rest[1:3], 16, 8); err == nil && v < 0x80 {
			return 4, false, nil
		}
	}
	return 0, false, fmt.Errorf(`\%c is not supported`, rest[0])
}

// class reads what stands in brackets.
func (p *regexReader) class() error {
	first := p.at + 1
	end := first
	if strings.HasPrefix(p.text[end:], "^") {
		end++
	}
	elements := 0
	for ; end < len(p.text); elements++ {
		switch c := p.text[end]; {
		case c == ']':
			if elements == 0 {
				return fmt.Errorf("an empty class")
			}
			p.keep(end+1-p.at, true)
			return nil
		case c == '[':
			return fmt.Errorf("a class in a class")
		case c == '\\':
			n, class, err := (&regexReader{text: p.text, at: end}).escape()
			if err != nil {
				return err
			}
			end += n
			if rest := p.text[end:]; class && strings.HasPrefix(rest, "-") && !strings.HasPrefix(rest, "-]") {
				return fmt.Errorf("a range that begins with a class")
			}
		case isPlain(c), strings.IndexByte(operators, c) >= 0:
			end++
		default:
			return fmt.Errorf("%q is not supported there", c)
		}
	}
	return fmt.Errorf("the class is not closed")
}

// bounds reads {m}, {m,}, {,n} or {m,n}.
func (p *regexReader) bounds() error {
	inside, _, closed := strings.Cut(p.text[p.at+1:], "}")
	least, most, two := strings.Cut(inside, ",")
	if !closed || least == "" && most == "" || !digits(least) || !digits(most) {
		return fmt.Errorf("want {m}, {m,}, {,n} or {m,n}")
	}
	if least == "" {
		least = "0"
	}
	p.out.WriteString("{" + least)
	if two {
		p.out.WriteString("," + most)
	}
	p.out.WriteString("}")
	p.at, p.term = p.at+len(inside)+2, false
	return nil
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == "" && len(s) <= 4
}

// examples are values that it matches, of each alternative one.
func (x *expression) examples() []string {
	tree, err := syntax.Parse(x.re.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	list := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpAlternate {
		list = tree.Sub
	}
	var out []string
	for _, one := range list {
		if s := example(one); x.re.MatchString(s) {
			out = append(out, s)
		}
	}
	return out
}

// example is the shortest text that a part of an expression matches, anchors
// left aside.
func example(x *syntax.Regexp) string {
	switch x.Op {
	case syntax.OpLiteral:
		return string(x.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCharClass:
		for i := 0; i+1 < len(x.Rune); i += 2 {
			if lowest := max(x.Rune[i], ' '); lowest <= x.Rune[i+1] {
				return string(lowest)
			}
		}
		return ""
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range x.Sub {
			b.WriteString(example(sub))
		}
		return b.String()
	case syntax.OpPlus, syntax.OpAlternate, syntax.OpCapture:
		return example(x.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(example(x.Sub[0]), x.Min)
	}
	return ""
}

// whole is a regular expression about the whole event as it is written.
type whole struct {
	x *expression
	// want, where it is set, names the fields whose values count: those of
	// others stand for any.
	want Want
}

// Matches tells whether it matches the value of a field: then it matches the
// event, too, in which that value stands. What it matches otherwise, such as
// the name of a field, is not known; Missed says that it is not sure.
func (w whole) Matches(e Event) bool {
	for s, v := range e {
		if v != "" && (w.want == nil || w.want[s].Is != nil) && w.x.re.MatchString(v) {
			return true
		}
	}
	return false
}

func (w whole) String() string   { return w.x.String() }
func (w whole) walk(func(*test)) {}
