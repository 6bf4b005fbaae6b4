package lint

import (
	"fmt"
	"slices"
	"strings"

	"warden/policy"
)

// redundancy is a value that another of the same list takes in.
type redundancy struct {
	index, by int
	equal     bool
}

// redundancies finds the values that are repeated, or taken in by another with
// wildcards. Past the budget it finds fewer.
func redundancies(values []string, fold bool, cover func(p, q string) bool, spend func(int) bool) []redundancy {
	if len(values) < 2 {
		return nil
	}
	var found []redundancy
	first := make(map[string]int, len(values))
	var wide []int
	for i, v := range values {
		if isOpen(v) {
			continue
		}
		key := v
		if fold {
			key = strings.ToLower(v)
		}
		if by, ok := first[key]; ok {
			found = append(found, redundancy{i, by, true})
			continue
		}
		first[key] = i
		if hasWildcard(v) {
			wide = append(wide, i)
		}
	}
	if len(wide) == 0 {
		return found
	}
	for i, v := range values {
		key := v
		if fold {
			key = strings.ToLower(v)
		}
		if first[key] != i || isOpen(v) {
			continue
		}
		for _, by := range wide {
			if by == i {
				continue
			}
			if !spend(len(v) + len(values[by])) {
				return found
			}
			// Of two that take in each other the first stays.
			if cover(values[by], v) && (by < i || !cover(v, values[by])) {
				found = append(found, redundancy{i, by, false})
				break
			}
		}
	}
	return found
}

func coversAction(p, q string) bool { return covers(p, q, true) }

// actionRedundancies and the like say which values of a statement can go.
func (s *statement) redundancies(element string, spend func(int) bool) (values []string, found []redundancy) {
	switch element {
	case "Action":
		values = s.Actions
		return values, redundancies(values, true, coversAction, spend)
	case "NotAction":
		values = s.NotActions
		return values, redundancies(values, true, coversAction, spend)
	case "Resource":
		values = s.Resources
		return values, redundancies(values, false, coversARN, spend)
	}
	values = s.NotResources
	for _, v := range values {
		if hasVariable(v) {
			// A variable without a value makes NotResource doubtful,
			// also where another value takes it in.
			return values, nil
		}
	}
	return values, redundancies(values, false, coversARN, spend)
}

// signature is what two statements must share to be compared: effect, who, and
// how actions and resources are listed.
func (s *statement) signature() string {
	var b strings.Builder
	b.WriteString(s.Effect)
	for _, part := range []struct {
		name    string
		entries []policy.PrincipalEntry
	}{{"|P", s.Principals}, {"|NP", s.NotPrincipals}} {
		b.WriteString(part.name)
		var list []string
		for _, e := range part.entries {
			list = append(list, e.Type+"="+e.Value)
		}
		slices.Sort(list)
		fmt.Fprintf(&b, "%q", slices.Compact(list))
	}
	fmt.Fprintf(&b, "|%t%t%t%t", s.Actions != nil, s.NotActions != nil, s.Resources != nil, s.NotResources != nil)
	if s.NotActions != nil {
		fmt.Fprintf(&b, "%q", sortedFold(s.NotActions))
	}
	if s.NotResources != nil {
		list := slices.Clone(s.NotResources)
		slices.Sort(list)
		fmt.Fprintf(&b, "%q", list)
	}
	return b.String()
}

func sortedFold(values []string) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strings.ToLower(v)
	}
	slices.Sort(list)
	return list
}

// conditionText writes the conditions so that equal ones are equal text.
func (s *statement) conditionText() string {
	var list []string
	for i := range s.Conditions {
		c := &s.Conditions[i]
		values := slices.Clone(c.Values)
		slices.Sort(values)
		list = append(list, fmt.Sprintf("%s %s %q", strings.ToLower(c.Operator), strings.ToLower(c.Key), slices.Compact(values)))
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// open tells whether the statement has a value that only a deployment knows.
func (s *statement) open() bool {
	for _, list := range [][]string{{s.Effect}, s.Actions, s.NotActions, s.Resources, s.NotResources} {
		if slices.ContainsFunc(list, isOpen) {
			return true
		}
	}
	for _, e := range slices.Concat(s.Principals, s.NotPrincipals) {
		if isOpen(e.Value) {
			return true
		}
	}
	for _, c := range s.Conditions {
		if isOpen(c.Key) || slices.ContainsFunc(c.Values, isOpen) {
			return true
		}
	}
	return false
}

// redundantStatements finds the statements that another of the same policy
// takes in: by index, the one that does.
func redundantStatements(doc *policy.Document, list []statement, spend func(int) bool) map[int]int {
	found := map[int]int{}
	bySignature := map[string][]int{}
	conditions := make([]string, len(list))
	var order []string
	doubtful := map[int]bool{}
	for _, d := range doc.Defects {
		if d.Statement < 0 {
			return nil
		}
		doubtful[d.Statement] = true
	}
	for i := range list {
		if list[i].open() || doubtful[i] {
			continue
		}
		sig := list[i].signature()
		if bySignature[sig] == nil {
			order = append(order, sig)
		}
		bySignature[sig] = append(bySignature[sig], i)
		conditions[i] = list[i].conditionText()
	}
	takes := func(p, q int) bool {
		return (conditions[p] == "" || conditions[p] == conditions[q]) &&
			allCovered(list[p].Actions, list[q].Actions, coversAction, spend) &&
			allCovered(list[p].Resources, list[q].Resources, coversARN, spend)
	}
	for _, sig := range order {
		group := bySignature[sig]
		for _, q := range group {
			for _, p := range group {
				if _, gone := found[p]; p == q || gone {
					continue
				}
				if !spend(8) {
					return found
				}
				if takes(p, q) && (p < q || !takes(q, p)) {
					found[q] = p
					break
				}
			}
		}
	}
	return found
}

// allCovered tells whether each of qs is taken in by one of ps.
func allCovered(ps, qs []string, cover func(p, q string) bool, spend func(int) bool) bool {
	if len(qs) > 0 && len(ps) == 0 {
		return false
	}
	for _, q := range qs {
		ok := false
		for _, p := range ps {
			if !spend(len(p)/8 + len(q)/8 + 1) {
				return false
			}
			if ok = cover(p, q); ok {
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}
