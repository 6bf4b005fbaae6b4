package doctor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/reason"
)

// against is how a live policy compares with the template's. more is a request
// that the live one alone allows, less one that the template's alone does; ""
// for none. gap says why it is not known.
type against struct{ more, less, gap string }

// compare proves that policies allow what the template's does, or finds what
// shows that they do not. No list of questions would do instead: whoever wants
// in asks for what is not on it.
func compare(live []*policy.Document, want *policy.Document, kind reason.Kind) (a against) {
	c := reason.Compare(live, []*policy.Document{want}, reason.Options{Kind: kind})
	if c.OnlyA != nil {
		a.more = shown(c.OnlyA)
	}
	if c.OnlyB != nil {
		a.less = shown(c.OnlyB)
	}
	if c.Relation == reason.Undecided && (a.more == "" || a.less == "") {
		a.gap = "the policy engine cannot compare it with the template's: " + strings.Join(c.Reasons, "; ")
	}
	return a
}

// shown is a request in words: who, what, on what.
func shown(w *reason.Witness) string {
	who := w.Request.Principal.ARN
	text := w.Request.Action
	if arn := w.Request.Resource.ARN; arn != "" {
		text += " on " + arn
	}
	if who != "" {
		text = who + " " + text
	}
	return text
}

// same reports whether two documents say the same in the same words, whatever
// the order of names, values and statements.
func same(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(plain(x), plain(y))
}

// plain takes away what does not matter: the order of values, the list around
// a single one, and the names of statements.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, e := range v {
			if name != "Sid" && name != "Id" {
				m[name] = plain(e)
			}
		}
		return m
	case []any:
		var list []any
		for _, e := range v {
			list = append(list, plain(e))
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		if len(list) == 1 {
			return list[0]
		}
		return list
	}
	return v
}

// filled puts in what the settings of the guard do not tell.
func (f *Facts) filled(text string) (string, string) {
	if !strings.Contains(text, `"PLACEHOLDER"`) {
		return text, ""
	}
	switch {
	case f.Org.Gap != "":
		return "", "the organisation: " + f.Org.Gap
	case f.Org.Value == nil:
		return "", "the guard has members, and the account is in no organisation"
	}
	return strings.ReplaceAll(text, `"PLACEHOLDER"`, `"`+f.Org.Value.ID+`"`), ""
}
