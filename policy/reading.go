package policy

import (
	"cmp"
	"math/big"
	"net/netip"
	"strings"
	"time"
)

// This file shows how the engine reads the parts of a policy, for those who
// reason about policies without a request: one reading, so that a proof and an
// evaluation cannot differ in it.

// Family is how a condition operator compares.
type Family string

// The families of condition operators.
const (
	FamilyString  Family = "string" // StringEquals, BinaryEquals: exactly equal
	FamilyFold    Family = "fold"   // StringEqualsIgnoreCase
	FamilyLike    Family = "like"   // StringLike: * and ? are wildcards
	FamilyNumeric Family = "numeric"
	FamilyDate    Family = "date"
	FamilyBool    Family = "bool"
	FamilyIP      Family = "ip"
	FamilyARN     Family = "arn"
	FamilyNull    Family = "null"
)

var familyNames = [...]Family{
	stringEquals: FamilyString, stringEqualsFold: FamilyFold, stringLike: FamilyLike, numeric: FamilyNumeric,
	date: FamilyDate, boolean: FamilyBool, binary: FamilyString, ipAddress: FamilyIP, arnLike: FamilyARN, null: FamilyNull,
}

// Operator is a condition operator, read.
type Operator struct {
	Family Family
	// Compare is "=", "<", "<=", ">" or ">=", how FamilyNumeric and
	// FamilyDate compare the request's value with the policy's.
	Compare  string
	Negated  bool
	IfExists bool
	// ForAll and ForAny are the set operators.
	ForAll, ForAny bool
	// Variables tells whether the policy's values may hold variables. They
	// may not in BinaryEquals.
	Variables bool
}

var comparisonSigns = [...]string{equal: "=", less: "<", lessOrEqual: "<=", greater: ">", greaterOrEqual: ">="}

// ReadOperator reads the name of a condition operator, in any case.
func ReadOperator(name string) (Operator, bool) {
	op, ok := parseOperator(name)
	if !ok {
		return Operator{}, false
	}
	return Operator{
		Family: familyNames[op.family], Compare: comparisonSigns[op.compare], Negated: op.negated, IfExists: op.ifExists,
		ForAll: op.quantifier == forAllValues, ForAny: op.quantifier == forAnyValue,
		Variables: op.family == stringEquals || op.family == stringEqualsFold || op.family == stringLike || op.family == arnLike,
	}, true
}

// PieceKind is what one piece of a pattern matches.
type PieceKind uint8

// The kinds of piece.
const (
	PieceText     PieceKind = iota // its text
	PieceOne                       // exactly one character
	PieceMany                      // any characters, or none
	PieceVariable                  // the value of a context key, taken literally
)

// Piece is one part of a pattern.
type Piece struct {
	Kind PieceKind
	// Text is the text, or the key of the variable in lower case.
	Text string
	// Default is the variable's default value, nil if it has none.
	Default *string
}

// ReadPattern reads text in which * and ? may be wildcards and ${...} a
// variable.
func ReadPattern(text string, wildcards, variables bool) []Piece {
	p := compilePattern(text, wildcards, variables)
	return p.pieces()
}

func (p *pattern) pieces() []Piece {
	var out []Piece
	if p.head != "" {
		out = append(out, Piece{Kind: PieceText, Text: p.head})
	}
	for _, q := range p.rest {
		kind := [...]PieceKind{literal: PieceText, anyOne: PieceOne, anyMany: PieceMany, variable: PieceVariable}[q.kind]
		out = append(out, Piece{Kind: kind, Text: q.text, Default: q.fallback})
	}
	if p.form == anything {
		out = append(out, Piece{Kind: PieceMany})
	}
	return out
}

// ARNPattern is a pattern for ARNs, read.
type ARNPattern struct {
	// Any: the pattern is * alone, which matches also what is no ARN where
	// it stands in a Resource element.
	Any bool
	// Parts are the six parts, nil where the text is no ARN pattern and
	// matches nothing.
	Parts *[6][]Piece
	// Whole is set instead of Parts where a variable stands before the last
	// part: its value may hold colons, so that the pattern is split only
	// after it is replaced.
	Whole []Piece
}

// ReadARNPattern reads one value of a Resource element or of an ARN condition.
func ReadARNPattern(text string, variables bool) ARNPattern {
	a := compileARN(text, variables)
	switch {
	case a.any:
		return ARNPattern{Any: true}
	case a.whole != nil:
		return ARNPattern{Whole: a.whole.pieces()}
	case a.exact != "":
		parts, ok := splitARN(a.exact)
		if !ok {
			return ARNPattern{}
		}
		var out [6][]Piece
		for i, part := range parts {
			if part != "" {
				out[i] = []Piece{{Kind: PieceText, Text: part}}
			}
		}
		return ARNPattern{Parts: &out}
	case a.parts == nil:
		return ARNPattern{}
	}
	var out [6][]Piece
	for i := range a.parts {
		out[i] = a.parts[i].pieces()
	}
	return ARNPattern{Parts: &out}
}

// ReadNumber reads a number as the Numeric operators do.
func ReadNumber(text string) (*big.Rat, bool) {
	if _, ok := parseNumber(text); !ok {
		return nil, false
	}
	return new(big.Rat).SetString(strings.TrimPrefix(text, "+"))
}

// CompareNumbers compares two texts as the Numeric operators do; ok is false
// where one of them is no number.
func CompareNumbers(a, b string) (order int, ok bool) {
	m, okM := parseNumber(a)
	n, okN := parseNumber(b)
	if !okM || !okN {
		return 0, false
	}
	return cmp.Compare(m.compare(n), 0), true
}

// ReadDate reads a date as the Date operators do.
func ReadDate(text string) (time.Time, bool) {
	t, ok := parseInstant(text)
	return time.Unix(t.seconds, int64(t.nanos)).UTC(), ok
}

// ReadPrefix reads an address or a CIDR block as the IpAddress operators do.
func ReadPrefix(text string) (netip.Prefix, bool) { return parsePrefix(text) }

// ReadBool reads a value as Bool and Null do.
func ReadBool(text string) (value, ok bool) { return parseBool(text) }

// SplitARN splits an ARN into its six parts: "arn", partition, service,
// region, account, resource.
func SplitARN(s string) (parts [6]string, ok bool) { return splitARN(s) }
