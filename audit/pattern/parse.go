package pattern

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of what Parse reads. AWS allows patterns of up to 1,024
// characters (CloudWatch Logs API Reference, PutMetricFilter), and two regular
// expressions in each.
const (
	maxLength = 4096
	maxDepth  = 64
	maxRegex  = 2
)

// Parse reads a filter pattern for JSON events, one that is a regular
// expression, or one that matches everything: the empty one and " ". Other
// patterns for text and those for space-delimited events, wildcards in
// selectors, and regular expressions with more than AWS documents are errors:
// what they match in a JSON event is not decided here.
func Parse(text string) (Expr, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("pattern: %d bytes; at most %d are read", len(text), maxLength)
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed == `" "` {
		return all{}, nil
	}
	if inside, ok := strings.CutPrefix(trimmed, "%"); ok && strings.IndexByte(inside, '%') == len(inside)-1 && inside != "" {
		x, err := compile(inside[:len(inside)-1])
		if err == nil && x.anchored {
			err = fmt.Errorf("%v: about the beginning or end of the event as it is written", x)
		}
		if err != nil {
			return nil, fmt.Errorf("pattern: %w", err)
		}
		return whole{x: x}, nil
	}
	if !strings.HasPrefix(trimmed, "{") || !strings.HasSuffix(trimmed, "}") || len(trimmed) < 2 {
		return nil, fmt.Errorf("pattern: not about JSON events: want { … }")
	}
	p := &parser{text: trimmed[1 : len(trimmed)-1]}
	x, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.skip(); p.at < len(p.text) {
		return nil, p.errorf("unexpected %q", p.text[p.at:])
	}
	return x, nil
}

type parser struct {
	text  string
	at    int
	regex int // how many regular expressions were read
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("pattern: character %d: %s", p.at+2, fmt.Sprintf(format, args...))
}

func (p *parser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take consumes a token that stands next.
func (p *parser) take(token string) bool {
	p.skip()
	if strings.HasPrefix(p.text[p.at:], token) {
		p.at += len(token)
		return true
	}
	return false
}

func (p *parser) or(depth int) (Expr, error) { return p.list("||", depth, p.and) }

// and binds closer than or: "() > && > ||".
func (p *parser) and(depth int) (Expr, error) { return p.list("&&", depth, p.unit) }

func (p *parser) list(op string, depth int, next func(int) (Expr, error)) (Expr, error) {
	var list []Expr
	for {
		x, err := next(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if !p.take(op) {
			return join(op, list), nil
		}
	}
}

func (p *parser) unit(depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, p.errorf("nested deeper than %d", maxDepth)
	}
	if p.take("(") {
		x, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, p.errorf("want )")
		}
		return x, nil
	}
	return p.test()
}

func (p *parser) test() (Expr, error) {
	if !p.take("$.") {
		return nil, p.errorf("want a selector such as $.eventName")
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n=!<>()&|\"", p.text[p.at]) < 0 {
		p.at++
	}
	t := &test{selector: p.text[start:p.at]}
	if t.selector == "" {
		return nil, p.errorf("want the name of a field after $.")
	}
	if strings.Contains(t.selector, "*") {
		return nil, p.errorf("$.%s is about any field of several", t.selector)
	}
	for _, words := range []string{notExists, exists, isNull, isTrue, isFalse} {
		if p.words(words) {
			t.op = words
			return t, nil
		}
	}
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.take(op) {
			t.op = op
			break
		}
	}
	if t.op == "" {
		return nil, p.errorf("want an operator after $.%s", t.selector)
	}
	var err error
	if p.skip(); p.at < len(p.text) && p.text[p.at] == '%' {
		t.regex, err = p.expression(t.op)
		return t, err
	}
	if t.value, err = p.value(); err != nil {
		return nil, err
	}
	if strings.ContainsAny(t.op, "<>") {
		if t.number, err = strconv.ParseFloat(t.value, 64); err != nil {
			return nil, p.errorf("%q is not a number", t.value)
		}
	}
	return t, nil
}

// words consumes words in any case with any blanks between them.
func (p *parser) words(list string) bool {
	back := p.at
	for _, w := range strings.Fields(list) {
		p.skip()
		end := p.at + len(w)
		if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], w) || end < len(p.text) && isWord(p.text[end]) {
			p.at = back
			return false
		}
		p.at = end
	}
	return true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func (p *parser) value() (string, error) {
	p.skip()
	if p.at == len(p.text) {
		return "", p.errorf("want a value")
	}
	if c := p.text[p.at]; c == '"' || c == '\'' {
		v, err := p.quoted(c)
		if err == nil && len(v) > 1 && v[0] == '%' && v[len(v)-1] == '%' {
			err = p.errorf("%s in quotes: whether it is a regular expression is not documented", v)
		}
		return v, err
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n()&|\"'=<>!", p.text[p.at]) < 0 {
		p.at++
	}
	if start == p.at {
		return "", p.errorf("want a value")
	}
	return p.text[start:p.at], nil
}

// expression reads a regular expression, which stands between %.
func (p *parser) expression(op string) (*expression, error) {
	if op != "=" && op != "!=" {
		return nil, p.errorf("a regular expression after %s", op)
	}
	inside, _, closed := strings.Cut(p.text[p.at+1:], "%")
	if !closed {
		return nil, p.errorf("the regular expression is not closed")
	}
	if p.regex++; p.regex > maxRegex {
		return nil, p.errorf("more than %d regular expressions", maxRegex)
	}
	x, err := compile(inside)
	if err != nil {
		return nil, p.errorf("%v", err)
	}
	p.at += len(inside) + 2
	return x, nil
}

func (p *parser) quoted(mark byte) (string, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == mark:
			p.at = i + 1
			return b.String(), nil
		case c == '\\' && i+1 < len(p.text):
			i++
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", p.errorf("the quote is not closed")
}
