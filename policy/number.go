package policy

import "strings"

// number is a decimal number, kept exactly: the digits before and after the
// point without the zeros that say nothing.
type number struct {
	negative        bool
	whole, fraction string
}

// parseNumber reads an integer or a decimal number. Exponents and anything
// else are no numbers: "integer or decimal values", says IAM User Guide, "IAM
// JSON policy elements: Condition operators", section "Numeric condition
// operators".
func parseNumber(text string) (number, bool) {
	digits := text
	var n number
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		n.negative = digits[0] == '-'
		digits = digits[1:]
	}
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if !allDigits(whole) || !allDigits(fraction) || whole == "" && fraction == "" || hasPoint && fraction == "" {
		return number{}, false
	}
	n.whole = strings.TrimLeft(whole, "0")
	n.fraction = strings.TrimRight(fraction, "0")
	if n.whole == "" && n.fraction == "" {
		n.negative = false
	}
	return n, true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// compare returns -1, 0 or 1.
func (n number) compare(m number) int {
	if n.negative != m.negative {
		if n.negative {
			return -1
		}
		return 1
	}
	order := len(n.whole) - len(m.whole)
	if order == 0 {
		order = strings.Compare(n.whole, m.whole)
	}
	if order == 0 {
		order = strings.Compare(n.fraction, m.fraction)
	}
	switch {
	case order == 0:
		return 0
	case (order < 0) != n.negative:
		return -1
	}
	return 1
}
