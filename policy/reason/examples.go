package reason

import "strings"

// What stands in place of wildcards in a witness, where it fits.
const (
	exampleWord    = "example"
	examplePlace   = "us-east-1"
	exampleAccount = "111122223333"
)

// examples are texts that match the pattern and that people like to read.
func (p *pattern) examples() []string {
	if p.isLiteral {
		return []string{p.literal}
	}
	if p.elements == nil {
		return []string{""}
	}
	full := p.fill(exampleWord)
	if short := p.fill(""); short != full && p.match(short) {
		return []string{full, short}
	}
	return []string{full}
}

// fill writes word for every star; a star that is a whole part of an ARN
// becomes a partition, a region or an account.
func (p *pattern) fill(word string) string {
	var b strings.Builder
	part := 0
	for i := range p.elements {
		e := &p.elements[i]
		switch e.kind {
		case letter:
			if e.char == ':' {
				part++
			}
			b.WriteRune(e.char)
		case one:
			c := byte('x')
			if part == 4 && e.inPart {
				c = '1'
			}
			b.WriteByte(c)
		case many:
			whole := e.inPart && i > 0 && p.elements[i-1].char == ':' && i+1 < len(p.elements) && p.elements[i+1].char == ':'
			switch {
			case whole && part == 1:
				b.WriteString("aws")
			case whole && part == 2:
				b.WriteString("s3")
			case whole && part == 3:
				b.WriteString(examplePlace)
			case whole && part == 4:
				b.WriteString(exampleAccount)
			default:
				b.WriteString(word)
			}
		}
	}
	return b.String()
}
