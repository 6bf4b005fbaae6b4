package policy

import (
	"net/netip"
	"strings"
)

// family is how a condition operator compares.
type family uint8

const (
	stringEquals family = iota
	stringEqualsFold
	stringLike
	numeric
	date
	boolean
	binary
	ipAddress
	arnLike
	null
)

// comparison is what the operators on numbers and dates look for.
type comparison uint8

const (
	equal comparison = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// holds tells whether order, the result of comparing the request's value with
// the policy's, satisfies c.
func (c comparison) holds(order int) bool {
	switch c {
	case less:
		return order < 0
	case lessOrEqual:
		return order <= 0
	case greater:
		return order > 0
	case greaterOrEqual:
		return order >= 0
	}
	return order == 0
}

// quantifier is the set operator before a condition operator.
type quantifier uint8

const (
	single quantifier = iota
	forAllValues
	forAnyValue
)

// operator is a condition operator with what stands before and after it.
// IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set
// operators for multivalued context keys".
type operator struct {
	family     family
	compare    comparison
	negated    bool
	ifExists   bool
	quantifier quantifier
}

// operators are the names of the documented operators, in lower case.
// ArnEquals and ArnLike behave identically, says the page.
var operators = map[string]operator{
	"stringequals":              {family: stringEquals},
	"stringnotequals":           {family: stringEquals, negated: true},
	"stringequalsignorecase":    {family: stringEqualsFold},
	"stringnotequalsignorecase": {family: stringEqualsFold, negated: true},
	"stringlike":                {family: stringLike},
	"stringnotlike":             {family: stringLike, negated: true},
	"numericequals":             {family: numeric},
	"numericnotequals":          {family: numeric, negated: true},
	"numericlessthan":           {family: numeric, compare: less},
	"numericlessthanequals":     {family: numeric, compare: lessOrEqual},
	"numericgreaterthan":        {family: numeric, compare: greater},
	"numericgreaterthanequals":  {family: numeric, compare: greaterOrEqual},
	"dateequals":                {family: date},
	"datenotequals":             {family: date, negated: true},
	"datelessthan":              {family: date, compare: less},
	"datelessthanequals":        {family: date, compare: lessOrEqual},
	"dategreaterthan":           {family: date, compare: greater},
	"dategreaterthanequals":     {family: date, compare: greaterOrEqual},
	"bool":                      {family: boolean},
	"binaryequals":              {family: binary},
	"ipaddress":                 {family: ipAddress},
	"notipaddress":              {family: ipAddress, negated: true},
	"arnequals":                 {family: arnLike},
	"arnnotequals":              {family: arnLike, negated: true},
	"arnlike":                   {family: arnLike},
	"arnnotlike":                {family: arnLike, negated: true},
	"null":                      {family: null},
}

// operatorNames are the documented spellings, for hints.
var operatorNames = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
	"StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
	"NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
	"DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
	"NotIpAddress", "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "Null",
}

// parseOperator reads an operator's name, in any case: IAM compares the names
// of operators without regard to case (remembered, not found on a page; the
// documentation always writes them in mixed case).
func parseOperator(name string) (operator, bool) {
	name = strings.ToLower(name)
	q := single
	if rest, ok := strings.CutPrefix(name, "forallvalues:"); ok {
		name, q = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(name, "foranyvalue:"); ok {
		name, q = rest, forAnyValue
	}
	base, ifExists := strings.CutSuffix(name, "ifexists")
	op, ok := operators[base]
	if !ok || op.family == null && (ifExists || q != single) {
		// "You can add IfExists to the end of any condition operator name
		// except the Null condition."
		return operator{}, false
	}
	op.quantifier, op.ifExists = q, ifExists
	return op, true
}

// suggestOperator names the documented operator that a name was meant to be.
func suggestOperator(name string) string {
	base := strings.ToLower(name)
	if _, after, ok := strings.Cut(base, ":"); ok {
		base = after
	}
	base = strings.TrimSuffix(base, "ifexists")
	best, distance := "", 4
	for _, known := range operatorNames {
		if d := editDistance(base, strings.ToLower(known)); d < distance {
			best, distance = known, d
		}
	}
	if best == "" || distance == 0 {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// editDistance counts the letters to insert, delete or replace to turn a into
// b; names longer than any operator are infinitely far.
func editDistance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	var row [longest + 1]int
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, above+1, row[j-1]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}

// parsePrefix reads an address or a CIDR block; bits of the host are ignored.
func parsePrefix(text string) (netip.Prefix, bool) {
	if strings.IndexByte(text, '/') >= 0 {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err == nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func parseBool(text string) (truth, ok bool) {
	switch {
	case strings.EqualFold(text, "true"):
		return true, true
	case strings.EqualFold(text, "false"):
		return false, true
	}
	return false, false
}
