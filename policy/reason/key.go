package reason

import (
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"warden/policy"
	"warden/policy/catalog"
)

// condition is a lowered condition.
type condition struct {
	op     policy.Operator
	list   *list // of operators on text and ARNs
	values []string
	// prefixes of IpAddress; yes and no of Bool and Null.
	prefixes []netip.Prefix
	yes, no  bool
}

func (lo *lowering) readCondition(op policy.Operator, values []string, variables bool) *condition {
	c := &condition{op: op}
	switch op.Family {
	case policy.FamilyString, policy.FamilyFold, policy.FamilyLike, policy.FamilyARN:
		var patterns []pattern
		for _, v := range values {
			lo.checkText(v)
			var p pattern
			var ok bool
			if op.Family == policy.FamilyARN {
				p, ok = lo.rd.arn(v, variables, false)
			} else {
				p, ok = lo.rd.glob(v, op.Family == policy.FamilyLike, variables, op.Family == policy.FamilyFold)
			}
			if ok {
				patterns = append(patterns, p)
			}
		}
		c.list = newList(patterns)
	case policy.FamilyIP:
		for _, v := range values {
			if p, ok := policy.ReadPrefix(v); ok {
				c.prefixes = append(c.prefixes, p)
			}
		}
	case policy.FamilyBool, policy.FamilyNull:
		for _, v := range values {
			if b, ok := policy.ReadBool(v); ok {
				c.yes, c.no = c.yes || b, c.no || !b
			}
		}
	case policy.FamilyNumeric, policy.FamilyDate:
		c.values = values
	}
	return c
}

// test tells whether one value of the request matches one of the policy's,
// patterns with variables apart.
func (c *condition) test(s string) bool {
	switch c.op.Family {
	case policy.FamilyNumeric:
		return slices.ContainsFunc(c.values, func(v string) bool {
			order, ok := policy.CompareNumbers(s, v)
			return ok && c.ordered(order)
		})
	case policy.FamilyDate:
		t, ok := policy.ReadDate(s)
		return ok && slices.ContainsFunc(c.values, func(v string) bool {
			u, ok := policy.ReadDate(v)
			return ok && c.ordered(t.Compare(u))
		})
	case policy.FamilyBool:
		b, ok := policy.ReadBool(s)
		return ok && (b && c.yes || !b && c.no)
	case policy.FamilyIP:
		a, err := netip.ParseAddr(s)
		return err == nil && slices.ContainsFunc(c.prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
	case policy.FamilyNull:
		return false
	}
	return c.list.match(s)
}

func (c *condition) ordered(order int) bool {
	switch c.op.Compare {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return order == 0
}

// form is the shape of a key's value.
type form uint8

const (
	absent form = iota
	single
	several
	empty // a multivalued key without values
)

// fixed tells what the condition says of a value of this form, where that does
// not depend on the value.
func (c *condition) fixed(f form) (holds, ok bool) {
	if c.op.Family == policy.FamilyNull {
		if f == absent || f == empty {
			return c.yes, true
		}
		return c.no, true
	}
	switch {
	case c.op.ForAll && f != single && f != several:
		return true, true
	case c.op.ForAny && f != single && f != several:
		return false, true
	case c.op.ForAll, c.op.ForAny:
		return false, false
	case f == absent:
		return c.op.Negated || c.op.IfExists, true
	case f == several || f == empty:
		return false, true
	}
	return false, false
}

// key is a context key.
type key struct {
	name  string
	conds []*condition
	// textual: some condition compares text, so that any text may be a
	// value; typed: the values are all of the one other family.
	textual bool
	family  policy.Family
	mixed   bool // several families of ordered values
	// one and many say whether a request may have one value, or a set.
	one, many bool
	pool      []string // values to try
	pooled    bool
}

// newKey looks up what kind of key this is. Only the catalogue knows; of a
// key that it does not know both kinds are considered.
func newKey(name string) *key {
	k := &key{name: name, one: true, many: true}
	if known := catalog.ConditionKey(name); known != nil {
		k.many = known.Type.Multivalued()
		k.one = !k.many
	}
	return k
}

func (k *key) add(c *condition) {
	k.conds = append(k.conds, c)
	switch f := c.op.Family; {
	case c.list != nil:
		k.textual = true
	case f == policy.FamilyNull, f == k.family:
	case k.family == "":
		k.family = f
	default:
		k.mixed = true
	}
}

// free tells whether a value may be any text. The values of a key that is only
// ever compared as a number, date, address or truth are taken to be such; but
// tags hold what people write.
func (k *key) free() bool {
	return k.textual || k.mixed || k.family == "" || strings.Contains(k.name, "/")
}

// values to try: every value at which a condition may change its mind. For a
// key that is not free they are all that matter.
func (k *key) candidates() []string {
	if k.pooled {
		return k.pool
	}
	k.pooled = true
	add := func(values ...string) { k.pool = append(k.pool, values...) }
	var numbers []*big.Rat
	var dates []time.Time
	var prefixes []netip.Prefix
	digits := 0
	for _, c := range k.conds {
		switch c.op.Family {
		case policy.FamilyNumeric:
			for _, v := range c.values {
				if n, ok := policy.ReadNumber(v); ok {
					numbers = append(numbers, n)
					if _, fraction, ok := strings.Cut(v, "."); ok {
						digits = max(digits, len(fraction))
					}
				}
			}
		case policy.FamilyDate:
			for _, v := range c.values {
				if t, ok := policy.ReadDate(v); ok {
					dates = append(dates, t)
				}
			}
		case policy.FamilyIP:
			prefixes = append(prefixes, c.prefixes...)
		case policy.FamilyBool:
			add("true", "false")
		}
		if c.list != nil {
			for i := range c.list.patterns {
				add(c.list.patterns[i].examples()...)
			}
		}
	}
	if has(k, policy.FamilyNumeric) {
		add(numberCandidates(numbers, digits)...)
	}
	if has(k, policy.FamilyDate) {
		add(dateCandidates(dates)...)
	}
	if has(k, policy.FamilyIP) {
		add(addressCandidates(prefixes)...)
	}
	if k.textual {
		// Other spellings of the same values.
		for _, v := range slices.Clone(k.pool) {
			if _, ok := policy.ReadNumber(v); ok {
				add("0"+v, "+"+v)
			}
			if b, ok := policy.ReadBool(v); ok {
				add(map[bool]string{true: "True", false: "False"}[b])
			}
		}
	}
	if k.free() {
		add("example")
	}
	k.pool = unique(k.pool)
	return k.pool
}

func has(k *key, f policy.Family) bool {
	return slices.ContainsFunc(k.conds, func(c *condition) bool { return c.op.Family == f })
}

// unique drops repetitions and keeps the order.
func unique(values []string) []string {
	seen := make(map[string]bool, len(values))
	return slices.DeleteFunc(values, func(v string) bool {
		old := seen[v]
		seen[v] = true
		return old
	})
}

// numberCandidates are the constants, a number between each two, one below
// and one above all: the line of numbers is dense, so that no condition can
// tell others from these.
func numberCandidates(numbers []*big.Rat, digits int) []string {
	slices.SortFunc(numbers, (*big.Rat).Cmp)
	one, half := big.NewRat(1, 1), big.NewRat(1, 2)
	if len(numbers) == 0 {
		return []string{"1"}
	}
	text := func(n *big.Rat) string {
		if n.IsInt() {
			return n.RatString()
		}
		return strings.TrimRight(n.FloatString(digits+1), "0")
	}
	var out []string
	for i, n := range numbers {
		out = append(out, text(n))
		if i > 0 && numbers[i-1].Cmp(n) != 0 {
			m := new(big.Rat).Add(numbers[i-1], n)
			out = append(out, text(m.Mul(m, half)))
		}
	}
	return append(out, text(new(big.Rat).Add(numbers[len(numbers)-1], one)), text(new(big.Rat).Sub(numbers[0], one)))
}

// dateCandidates is numberCandidates for moments, of which nanoseconds are the
// finest.
func dateCandidates(dates []time.Time) []string {
	slices.SortFunc(dates, time.Time.Compare)
	if len(dates) == 0 {
		return []string{"2026-01-01T00:00:00Z"}
	}
	var out []string
	for i, t := range dates {
		out = append(out, dateText(t))
		if i > 0 {
			// Sub saturates far from each other, which still lies between.
			if gap := t.Sub(dates[i-1]); gap > 1 {
				out = append(out, dateText(dates[i-1].Add(min(gap/2, 24*time.Hour))))
			}
		}
	}
	return append(out, dateText(dates[len(dates)-1].Add(time.Hour)), dateText(dates[0].Add(-time.Hour)))
}

func dateText(t time.Time) string {
	if t.Year() >= 1 && t.Year() <= 9999 {
		return t.Format("2006-01-02T15:04:05.999999999Z")
	}
	// Further away only seconds since 1970 can be written.
	seconds, nanos := t.Unix(), int64(t.Nanosecond())
	if seconds < 0 && nanos > 0 {
		seconds, nanos = seconds+1, int64(time.Second)-nanos
		if seconds == 0 {
			return "-0." + pad(nanos)
		}
	}
	text := big.NewInt(seconds).String()
	if nanos > 0 {
		text += "." + pad(nanos)
	}
	return text
}

func pad(nanos int64) string {
	s := big.NewInt(nanos).String()
	return strings.Repeat("0", 9-len(s)) + s
}

// addressCandidates are the first address of every block and the one after
// its last, and the first of all: every stretch of addresses that no condition
// tells apart begins with one of these.
func addressCandidates(prefixes []netip.Prefix) []string {
	var out []string
	for _, p := range prefixes {
		out = append(out, p.Addr().String())
		if next := last(p).Next(); next.IsValid() {
			out = append(out, next.String())
		}
	}
	return append(out, "0.0.0.0", "::")
}

// last is the last address of a block.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
