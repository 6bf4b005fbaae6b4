package reason

import (
	"strings"
	"unicode"

	"warden/policy"
)

// elementKind is what one element of a pattern matches.
type elementKind uint8

const (
	letter      elementKind = iota // one given character
	one                            // any one character
	many                           // any characters, or none
	placeholder                    // one variable, see pattern.opaque
)

// element is one step of a pattern.
type element struct {
	kind elementKind
	// inPart keeps a wildcard from matching a colon: it stands in one of the
	// first five parts of an ARN.
	inPart bool
	fold   bool // letters match without regard to case
	char   rune
}

// matches tells whether the element takes the character r.
func (e *element) matches(r rune) bool {
	switch e.kind {
	case letter:
		return e.char == r || e.fold && sameLetter(e.char, r)
	case placeholder:
		return e.char == r
	case one:
		if r >= firstPlaceholder {
			return false // a value may have any length
		}
	}
	return !(e.inPart && r == ':')
}

func sameLetter(a, b rune) bool {
	if a == b {
		return true
	}
	for f := unicode.SimpleFold(a); f != a; f = unicode.SimpleFold(f) {
		if f == b {
			return true
		}
	}
	return false
}

// pattern is a glob as a sequence of elements, for the automata, with what a
// reader of witnesses would like to see.
type pattern struct {
	elements []element
	// literal is the text of a pattern without wildcards and variables.
	literal   string
	isLiteral bool
	// prefix is the literal beginning, "" under fold.
	prefix string
	// opaque is set where the pattern has variables: elements then has stars
	// in their place, and marked has placeholders.
	opaque *opaque
}

// opaque is a pattern with variables: what it matches depends on the request.
// Equal patterns share one.
type opaque struct {
	text   string // canonical
	keys   []string
	marked []element
	// whole: the variable stands where its value could change how the ARN
	// is split, so that nothing but equality is known.
	whole bool
}

// environment gives variables their values. A nil environment leaves them
// opaque; in another a nil value is a key that is absent.
type environment map[string]*string

// placeholders begin in a private area that no policy uses; a policy that
// does is refused by the lowering.
const (
	firstPlaceholder = '\U000F0000'
	lastPlaceholder  = '\U000FFFFD'
)

// reader turns the text of policies into patterns.
type reader struct {
	env     environment
	opaques map[string]*opaque
	marks   map[string]rune // by variable, with its default
	// keys are the variables that were met, in order.
	keys []string
	seen map[string]bool
}

func newReader(env environment) *reader {
	return &reader{env: env, opaques: map[string]*opaque{}, marks: map[string]rune{}, seen: map[string]bool{}}
}

// mark is the placeholder of a variable.
func (rd *reader) mark(p policy.Piece) rune {
	name := p.Text
	if p.Default != nil {
		name += "," + *p.Default
	}
	m, ok := rd.marks[name]
	if !ok {
		m = firstPlaceholder + rune(len(rd.marks))
		rd.marks[name] = m
	}
	if !rd.seen[p.Text] {
		rd.seen[p.Text] = true
		rd.keys = append(rd.keys, p.Text)
	}
	return m
}

// resolve replaces the variables that the environment knows. ok is false where
// one has no value: then the pattern matches nothing.
func (rd *reader) resolve(pieces []policy.Piece) (out []policy.Piece, ok bool) {
	if rd.env == nil {
		return pieces, true
	}
	for _, p := range pieces {
		if p.Kind == policy.PieceVariable {
			value := rd.env[p.Text]
			if value == nil {
				value = p.Default
			}
			if value == nil {
				return nil, false
			}
			p = policy.Piece{Kind: policy.PieceText, Text: *value}
		}
		out = append(out, p)
	}
	return out, true
}

// builder collects the elements of one pattern.
type builder struct {
	rd     *reader
	kind   string // what keeps equal texts apart: "arn", "fold"
	fold   bool
	over   []element // stars for variables
	marked []element
	text   strings.Builder // canonical, for comparison
	keys   []string
}

func (b *builder) add(pieces []policy.Piece, inPart bool) {
	for _, p := range pieces {
		switch p.Kind {
		case policy.PieceText:
			b.letters(p.Text)
			continue
		case policy.PieceVariable:
			mark := b.rd.mark(p)
			b.keys = append(b.keys, p.Text)
			b.over = append(b.over, element{kind: many, inPart: inPart})
			b.marked = append(b.marked, element{kind: placeholder, char: mark})
			b.text.WriteRune(mark)
			continue
		}
		e := element{kind: one, inPart: inPart}
		if p.Kind == policy.PieceMany {
			e.kind = many
		}
		b.over, b.marked = append(b.over, e), append(b.marked, e)
		b.text.WriteByte(byte('0' + e.kind))
		b.text.WriteByte(0)
	}
}

func (b *builder) letters(s string) {
	for _, r := range s {
		e := element{kind: letter, char: r, fold: b.fold && unicode.SimpleFold(r) != r}
		b.over, b.marked = append(b.over, e), append(b.marked, e)
	}
	b.text.WriteString(s)
}

// finish makes the pattern.
func (b *builder) finish() pattern {
	p := pattern{elements: b.over, isLiteral: true}
	var prefix strings.Builder
	for i := range p.elements {
		if e := &p.elements[i]; e.kind != letter || e.fold {
			p.isLiteral = false
			break
		} else {
			prefix.WriteRune(e.char)
		}
	}
	p.prefix = prefix.String()
	if p.isLiteral {
		p.literal = p.prefix
	}
	if len(b.keys) > 0 {
		key := b.kind + "\x00" + b.text.String()
		o := b.rd.opaques[key]
		if o == nil {
			o = &opaque{text: key, keys: b.keys, marked: b.marked}
			b.rd.opaques[key] = o
		}
		p.opaque = o
	}
	return p
}

// glob reads a pattern of an action or a string condition. ok is false where
// it matches nothing.
func (rd *reader) glob(text string, wildcards, variables, fold bool) (pattern, bool) {
	pieces, ok := rd.resolve(policy.ReadPattern(text, wildcards, variables))
	if !ok {
		return pattern{}, false
	}
	b := builder{rd: rd, fold: fold}
	if fold {
		b.kind = "fold"
	}
	b.add(pieces, false)
	return b.finish(), true
}

// action reads a value of Action: in lower case, as the names of actions are
// not case-sensitive.
func (rd *reader) action(text string) pattern {
	b := builder{rd: rd}
	b.add(policy.ReadPattern(strings.ToLower(text), true, false), false)
	return b.finish()
}

// arn reads a pattern for ARNs; bare tells whether * alone matches any text.
// ok is false where it matches nothing.
func (rd *reader) arn(text string, variables, bare bool) (pattern, bool) {
	read := policy.ReadARNPattern(text, variables)
	if read.Whole != nil {
		if rd.env == nil {
			return rd.whole(text, read.Whole), true
		}
		pieces, ok := rd.resolve(read.Whole)
		if !ok {
			return pattern{}, false
		}
		read = splitPieces(pieces)
	}
	b := builder{rd: rd, kind: "arn"}
	switch {
	case read.Any && bare:
		b.add([]policy.Piece{{Kind: policy.PieceMany}}, false)
		return b.finish(), true
	case read.Any:
		star := []policy.Piece{{Kind: policy.PieceMany}}
		read.Parts = &[6][]policy.Piece{star, star, star, star, star, star}
	case read.Parts == nil:
		return pattern{}, false
	}
	// What is matched begins with "arn".
	first := rd.parts(read.Parts[0], false)
	if !matchElements(first.elements, "arn") {
		return pattern{}, false
	}
	b.letters("arn")
	for i, part := range read.Parts[1:] {
		b.letters(":")
		part, ok := rd.resolve(part)
		if !ok {
			return pattern{}, false
		}
		b.add(part, i < 4)
	}
	return b.finish(), true
}

func (rd *reader) parts(pieces []policy.Piece, inPart bool) pattern {
	b := builder{rd: rd}
	b.add(pieces, inPart)
	return b.finish()
}

// whole is a pattern with a variable before the last part of the ARN: it may
// match any ARN.
func (rd *reader) whole(text string, pieces []policy.Piece) pattern {
	p, _ := rd.arn("arn:*", false, false)
	key := "whole\x00" + text
	o := rd.opaques[key]
	if o == nil {
		o = &opaque{text: key, whole: true}
		for _, q := range pieces {
			if q.Kind == policy.PieceVariable {
				rd.mark(q)
				o.keys = append(o.keys, q.Text)
			}
		}
		rd.opaques[key] = o
	}
	p.opaque = o
	return p
}

// splitPieces splits a pattern whose variables are replaced at its first five
// colons.
func splitPieces(pieces []policy.Piece) policy.ARNPattern {
	var out [6][]policy.Piece
	n := 0
	for _, p := range pieces {
		for p.Kind == policy.PieceText && n < 5 {
			before, after, found := strings.Cut(p.Text, ":")
			if !found {
				break
			}
			out[n] = append(out[n], policy.Piece{Kind: policy.PieceText, Text: before})
			n++
			p.Text = after
		}
		out[n] = append(out[n], p)
	}
	if n < 5 {
		return policy.ARNPattern{}
	}
	return policy.ARNPattern{Parts: &out}
}

// literalText is a pattern for exactly s.
func literalText(s string) pattern {
	b := builder{}
	b.letters(s)
	return b.finish()
}

// match tells whether s matches p, variables standing for anything.
func (p *pattern) match(s string) bool {
	if p.isLiteral {
		return p.literal == s
	}
	return strings.HasPrefix(s, p.prefix) && matchElements(p.elements, s)
}

// matchElements matches greedily: after a star the leftmost place is tried
// first. A star of an ARN part cannot be given more than its part, and the
// colons that follow hold the parts together, so that it never has to come
// back to an earlier star.
func matchElements(elements []element, s string) bool {
	next, star := 0, -1
	rest, retry := s, ""
	for {
		if next < len(elements) && elements[next].kind == many {
			star, retry = next, rest
			next++
			continue
		}
		if next == len(elements) && rest == "" {
			return true
		}
		if rest != "" && next < len(elements) {
			r, n := decode(rest)
			if elements[next].matches(r) {
				rest = rest[n:]
				next++
				continue
			}
		}
		if star < 0 || retry == "" {
			return false
		}
		r, n := decode(retry)
		if elements[star].inPart && r == ':' {
			return false
		}
		retry = retry[n:]
		next, rest = star+1, retry
	}
}

// list is an alternative of patterns: a value of Action, of Resource or of a
// condition on text.
type list struct {
	patterns []pattern
	literals map[string]bool // of patterns that are literal
	globs    []int           // the other patterns
	opaque   bool            // some have variables
}

func newList(patterns []pattern) *list {
	l := &list{patterns: patterns, literals: map[string]bool{}}
	for i := range patterns {
		p := &patterns[i]
		l.opaque = l.opaque || p.opaque != nil
		if p.isLiteral {
			l.literals[p.literal] = true
		} else {
			l.globs = append(l.globs, i)
		}
	}
	return l
}

// match tells whether a pattern without variables matches s.
func (l *list) match(s string) bool {
	if l.literals[s] {
		return true
	}
	for _, i := range l.globs {
		if p := &l.patterns[i]; p.opaque == nil && p.match(s) {
			return true
		}
	}
	return false
}

// finite tells whether l matches only the texts it spells out.
func (l *list) finite() bool { return len(l.globs) == 0 }
