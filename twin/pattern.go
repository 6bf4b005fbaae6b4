package twin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// pattern is a compiled event pattern. EventBridge User Guide, "Creating Amazon
// EventBridge event patterns" and "Comparison operators".
type pattern struct {
	fields map[string]*patternField
	either [][]*pattern // each $or: one of its patterns must match
}

// patternField is what a pattern says about one member of an event.
type patternField struct {
	below *pattern  // for an object
	tests []matcher // or: one of these must hold
}

// matcher tests one plain value; there is false where the event has none.
type matcher func(value any, there bool) bool

// maxAlternatives is how many combinations of $or a pattern may have.
const maxAlternatives = 1000

// parsePattern compiles an event pattern. The error says what is wrong with it.
func parsePattern(text string) (*pattern, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("the pattern is not JSON: %w", err)
	}
	if dec.More() {
		return nil, errors.New("there is something after the pattern")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("filter is not an object")
	}
	n := 1
	return compilePattern(object, &n)
}

func compilePattern(object map[string]any, alternatives *int) (*pattern, error) {
	if len(object) == 0 {
		return nil, errors.New("empty objects are not allowed")
	}
	p := &pattern{fields: map[string]*patternField{}}
	for name, v := range object {
		if name == "$or" {
			branches, err := compileOr(v, alternatives)
			if err != nil {
				return nil, err
			}
			p.either = append(p.either, branches)
			continue
		}
		f := &patternField{}
		var err error
		switch v := v.(type) {
		case map[string]any:
			f.below, err = compilePattern(v, alternatives)
		case []any:
			f.tests, err = compileTests(v)
		default:
			err = errors.New("match value must be an array")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.fields[name] = f
	}
	return p, nil
}

func compileOr(v any, alternatives *int) ([]*pattern, error) {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return nil, errors.New("$or must be an array of at least two objects")
	}
	if *alternatives *= len(list); *alternatives > maxAlternatives {
		return nil, fmt.Errorf("$or makes more than %d combinations", maxAlternatives)
	}
	var out []*pattern
	for _, v := range list {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("$or must be an array of objects")
		}
		p, err := compilePattern(object, alternatives)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func compileTests(list []any) ([]matcher, error) {
	if len(list) == 0 {
		return nil, errors.New("empty arrays are not allowed")
	}
	var out []matcher
	for _, v := range list {
		m, err := compileTest(v)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func compileTest(v any) (matcher, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return equals(v)
	}
	if len(object) != 1 {
		return nil, errors.New("only one key allowed in match expression")
	}
	for operator, operand := range object {
		return compileOperator(operator, operand)
	}
	return nil, nil
}

func compileOperator(operator string, operand any) (matcher, error) {
	switch operator {
	case "prefix", "suffix", "equals-ignore-case", "wildcard", "cidr":
		return compileText(operator, operand)
	case "exists":
		want, ok := operand.(bool)
		if !ok {
			return nil, errors.New("exists match pattern must be either true or false")
		}
		return func(_ any, there bool) bool { return there == want }, nil
	case "numeric":
		return compileNumeric(operand)
	case "anything-but":
		return compileAnythingBut(operand)
	}
	return nil, fmt.Errorf("unrecognized match type %s", operator)
}

func equals(want any) (matcher, error) {
	if n, ok := want.(json.Number); ok {
		w, err := n.Float64()
		if err != nil {
			return nil, fmt.Errorf("%s is not a number", n)
		}
		return func(v any, there bool) bool {
			n, ok := number(v)
			return there && ok && n == w
		}, nil
	}
	switch want.(type) {
	case string, bool, nil:
		return func(v any, there bool) bool { return there && v == want }, nil
	}
	return nil, errors.New("a match value is a string, a number, true, false or null")
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// compileText builds the operators over text. Prefix and suffix may ignore
// case: {"prefix": {"equals-ignore-case": "x"}}.
func compileText(operator string, operand any) (matcher, error) {
	if inner, ok := operand.(map[string]any); ok && len(inner) == 1 && (operator == "prefix" || operator == "suffix") {
		if s, ok := inner["equals-ignore-case"].(string); ok {
			s = strings.ToLower(s)
			test := strings.HasPrefix
			if operator == "suffix" {
				test = strings.HasSuffix
			}
			return onText(func(v string) bool { return test(strings.ToLower(v), s) }), nil
		}
	}
	s, ok := operand.(string)
	if !ok {
		return nil, fmt.Errorf("%s match pattern must be a string", operator)
	}
	switch operator {
	case "prefix":
		return onText(func(v string) bool { return strings.HasPrefix(v, s) }), nil
	case "suffix":
		return onText(func(v string) bool { return strings.HasSuffix(v, s) }), nil
	case "wildcard":
		if strings.Contains(s, "**") {
			return nil, errors.New("consecutive wildcard characters are not allowed")
		}
		parts := strings.Split(s, "*")
		return onText(func(v string) bool { return matchParts(v, parts) }), nil
	case "cidr":
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, errors.New("malformed CIDR, one '/' required")
		}
		return onText(func(v string) bool {
			a, err := netip.ParseAddr(v)
			return err == nil && prefix.Contains(a)
		}), nil
	}
	return onText(func(v string) bool { return strings.EqualFold(v, s) }), nil
}

func onText(test func(string) bool) matcher {
	return func(v any, there bool) bool {
		s, ok := v.(string)
		return there && ok && test(s)
	}
}

// matchParts tells whether v is made of the parts with anything between them.
func matchParts(v string, parts []string) bool {
	if len(parts) == 1 {
		return v == parts[0]
	}
	v, ok := strings.CutPrefix(v, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(v, part)
		if i < 0 {
			return false
		}
		v = v[i+len(part):]
	}
	return strings.HasSuffix(v, parts[last])
}

// compileNumeric reads ["<", 10] and [">", 0, "<=", 5].
func compileNumeric(operand any) (matcher, error) {
	list, ok := operand.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return nil, errors.New("value of numeric must be an array of one or two comparisons")
	}
	var tests []func(float64) bool
	for i := 0; i < len(list); i += 2 {
		operator, _ := list[i].(string)
		bound, ok := number(list[i+1])
		if !ok {
			return nil, errors.New("value of numeric operator must be a number")
		}
		switch operator {
		case "=":
			tests = append(tests, func(v float64) bool { return v == bound })
		case "<":
			tests = append(tests, func(v float64) bool { return v < bound })
		case "<=":
			tests = append(tests, func(v float64) bool { return v <= bound })
		case ">":
			tests = append(tests, func(v float64) bool { return v > bound })
		case ">=":
			tests = append(tests, func(v float64) bool { return v >= bound })
		default:
			return nil, fmt.Errorf("unrecognized numeric range operator %q", operator)
		}
	}
	return func(v any, there bool) bool {
		n, ok := number(v)
		if !there || !ok {
			return false
		}
		for _, test := range tests {
			if !test(n) {
				return false
			}
		}
		return true
	}, nil
}

// compileAnythingBut reads a value, a list of values, or one operator over
// text with one operand or a list.
func compileAnythingBut(operand any) (matcher, error) {
	values := []any{operand}
	build := compileTest
	switch v := operand.(type) {
	case map[string]any:
		if len(v) != 1 {
			return nil, errors.New("only one key allowed in match expression")
		}
		for operator, inner := range v {
			switch operator {
			case "prefix", "suffix", "equals-ignore-case", "wildcard":
			default:
				return nil, fmt.Errorf("unsupported anything-but pattern: %s", operator)
			}
			values = []any{inner}
			if list, ok := inner.([]any); ok {
				values = list
			}
			build = func(v any) (matcher, error) { return compileText(operator, v) }
		}
	case []any:
		values = v
	}
	if len(values) == 0 {
		return nil, errors.New("empty arrays are not allowed")
	}
	var not []matcher
	for _, v := range values {
		m, err := build(v)
		if err != nil {
			return nil, err
		}
		not = append(not, m)
	}
	return func(v any, there bool) bool {
		if !there {
			return false
		}
		for _, m := range not {
			if m(v, there) {
				return false
			}
		}
		return true
	}, nil
}

// matches tests an event, decoded with numbers as json.Number.
func (p *pattern) matches(event map[string]any) bool {
	for name, f := range p.fields {
		v, there := event[name]
		if !f.matches(v, there) {
			return false
		}
	}
	for _, branches := range p.either {
		one := false
		for _, b := range branches {
			if b.matches(event) {
				one = true
				break
			}
		}
		if !one {
			return false
		}
	}
	return true
}

// matches: of a list in the event one element must match.
func (f *patternField) matches(v any, there bool) bool {
	if list, ok := v.([]any); ok {
		for _, x := range list {
			if f.matches(x, true) {
				return true
			}
		}
		return len(list) == 0 && f.matches(nil, false)
	}
	if f.below != nil {
		object, _ := v.(map[string]any)
		return f.below.matches(object) // of nothing, only {"exists": false} holds
	}
	if _, ok := v.(map[string]any); ok {
		// The operators look at leaves; an object is none.
		v, there = nil, false
	}
	for _, test := range f.tests {
		if test(v, there) {
			return true
		}
	}
	return false
}

// decodeEvent reads an event for matching.
func decodeEvent(event []byte) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(string(event)))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		return nil, err
	}
	return out, nil
}
