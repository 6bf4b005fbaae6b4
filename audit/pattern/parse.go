package pattern

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of what Parse reads. AWS allows patterns of up to 1,024
// characters (CloudWatch Logs API Reference, PutMetricFilter).
const (
	maxLength = 4096
	maxDepth  = 64
)

// Parse reads a filter pattern for JSON events, or the empty one, which
// matches everything. Patterns for text and for space-delimited events, and
// values that are regular expressions, are errors: what they match in a JSON
// event is not decided here.
func Parse(text string) (Expr, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("pattern: %d bytes; at most %d are read", len(text), maxLength)
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return all{}, nil
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
	text string
	at   int
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

// and binds closer than or, as in most languages. AWS documents parentheses
// and gives no order, so patterns that people rely on have them.
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
	switch c := p.text[p.at]; c {
	case '%':
		return "", p.errorf("regular expressions are not compared")
	case '"', '\'':
		return p.quoted(c)
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
