package policy

import "strings"

// arnParts are the six parts of an ARN: "arn", partition, service, region,
// account, resource. IAM User Guide, "IAM identifiers: IAM ARNs".
type arnParts [6]string

// splitARN splits at the first five colons. ok is false where s has fewer
// parts or does not begin with "arn".
func splitARN(s string) (parts arnParts, ok bool) {
	for i := range 5 {
		j := strings.IndexByte(s, ':')
		if j < 0 {
			return arnParts{}, false
		}
		parts[i], s = s[:j], s[j+1:]
	}
	parts[5] = s
	return parts, parts[0] == "arn"
}

// arnPattern matches ARNs part by part: a wildcard in one part does not reach
// into the next, but in the last it crosses slashes and colons. The comparison
// is case-sensitive. IAM User Guide, "IAM JSON policy elements: Resource",
// section "Using wildcards in resource ARNs", and "IAM JSON policy elements:
// Condition operators", section "Amazon Resource Name (ARN) condition
// operators".
type arnPattern struct {
	any   bool   // the pattern is * alone
	exact string // the whole ARN, where there is no wildcard or variable
	parts *[6]pattern
	// whole is set where a part before the last has a variable, whose value
	// may hold colons; then the pattern is split after they are replaced.
	// Where all are unset the text is no ARN pattern, and matches nothing.
	whole *pattern
}

// compileARN reads one value of a Resource element or an ARN condition.
// A pattern with fewer than six parts that ends in a star goes on with stars:
// "If the * wildcard is the last character of a resource ARN segment, it can
// expand to match beyond the colon boundaries" (the page on Resource).
func compileARN(text string, variables bool) arnPattern {
	whole := compilePattern(text, true, variables)
	if whole.matchesAll() {
		return arnPattern{any: true}
	}
	parts := splitARNPattern(text, variables)
	if len(parts) < 6 && !strings.HasSuffix(text, "*") {
		if whole.hasVariables { // whose values may supply the missing colons
			return arnPattern{whole: &whole}
		}
		return arnPattern{}
	}
	if whole.form == exactly {
		return arnPattern{exact: whole.head}
	}
	a := arnPattern{parts: new([6]pattern)}
	for i := range a.parts {
		part := "*"
		if i < len(parts) {
			part = parts[i]
		}
		a.parts[i] = compilePattern(part, true, variables)
		if i < 5 && a.parts[i].hasVariables {
			return arnPattern{whole: &whole}
		}
	}
	return a
}

// splitARNPattern splits at the first five colons that stand outside
// variables.
func splitARNPattern(text string, variables bool) []string {
	parts := make([]string, 0, 6)
	begin := 0
	for i := 0; i < len(text) && len(parts) < 5; {
		if variables && text[i] == '$' {
			if _, rest, ok := cutVariable(text[i:]); ok {
				i = len(text) - len(rest)
				continue
			}
		}
		if text[i] == ':' {
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
		i++
	}
	return append(parts, text[begin:])
}

// match tells whether the ARN s with these parts matches.
func (a *arnPattern) match(e *evaluation, s string, arn *arnParts) bool {
	switch {
	case a.exact != "":
		return a.exact == s
	case a.any:
		return true
	case a.whole != nil:
		return a.matchWhole(e, arn)
	case a.parts == nil:
		return false
	}
	for i := range 5 {
		if !a.parts[i].match(arn[i], false) {
			return false
		}
	}
	return a.parts[5].matchIn(e, arn[5], false)
}

// matchWhole replaces the variables, then splits the pattern at its first five
// colons and matches part by part.
func (a *arnPattern) matchWhole(e *evaluation, arn *arnParts) bool {
	var room, partRoom [variableRoom]piece
	pieces, ok := a.whole.expand(e, append(room[:0], piece{kind: literal, text: a.whole.head}))
	if !ok {
		return false
	}
	part, n := partRoom[:0], 0
	for _, q := range pieces {
		for q.kind == literal && n < 5 {
			before, after, found := strings.Cut(q.text, ":")
			if !found {
				break
			}
			part = append(part, piece{kind: literal, text: before})
			if !matchPieces(part, arn[n], false) {
				return false
			}
			part, n = part[:0], n+1
			q.text = after
		}
		part = append(part, q)
	}
	return n == 5 && matchPieces(part, arn[5], false)
}
