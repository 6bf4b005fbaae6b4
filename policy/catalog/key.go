package catalog

import (
	"slices"
	"strings"
)

// keySet finds keys by name.
type keySet struct {
	exact    map[string]*Key // in lower case
	patterns []*Key          // those with a part that varies
}

func newKeySet(keys []*Key) keySet {
	set := keySet{exact: make(map[string]*Key, len(keys))}
	for _, k := range keys {
		if k.varies() {
			set.patterns = append(set.patterns, k)
		} else {
			set.exact[strings.ToLower(k.Name)] = k
		}
	}
	return set
}

func (set keySet) find(name string) *Key {
	if k := set.exact[strings.ToLower(name)]; k != nil {
		return k
	}
	for _, k := range set.patterns {
		if k.Matches(name) {
			return k
		}
	}
	return nil
}

// varies tells whether the name has a part that stands for others.
func (k *Key) varies() bool {
	return strings.ContainsAny(k.Name, "$<") || strings.HasSuffix(k.Name, "/tag-key")
}

// Fixed returns the name up to the part that varies: "aws:RequestTag/" for
// "aws:RequestTag/${TagKey}"; ok is false where nothing varies.
func (k *Key) Fixed() (prefix string, ok bool) {
	if i := strings.IndexAny(k.Name, "$<"); i >= 0 {
		return k.Name[:i], true
	}
	return strings.CutSuffix(k.Name, "tag-key")
}

// Matches tells whether name, in any case, is this key: "aws:RequestTag/team"
// is "aws:RequestTag/${TagKey}".
func (k *Key) Matches(name string) bool {
	if !k.varies() {
		return strings.EqualFold(k.Name, name)
	}
	text := k.Name
	if before, ok := strings.CutSuffix(text, "/tag-key"); ok {
		text = before + "/<key>"
	}
	for {
		i := strings.IndexAny(text, "$<")
		if i < 0 {
			return strings.EqualFold(text, name)
		}
		if len(name) < i || !strings.EqualFold(text[:i], name[:i]) {
			return false
		}
		closing := "}"
		if text[i] == '<' {
			closing = ">"
		}
		_, after, ok := strings.Cut(text[i:], closing)
		if !ok {
			return false
		}
		name = name[i:]
		if after == "" {
			return name != ""
		}
		// What varies is at least one letter, and ends where the text
		// goes on; names have one such part, or two that are far apart.
		next := after
		if j := strings.IndexAny(after, "$<"); j >= 0 {
			next = after[:j]
		}
		at := strings.Index(strings.ToLower(name[min(1, len(name)):]), strings.ToLower(next))
		if at < 0 {
			return false
		}
		text, name = after, name[at+1:]
	}
}

// ConditionKey returns the condition key of this name, in any case: a global
// key, or one of the service that the name begins with, or one of an identity
// provider. It returns nil if no reference page lists it.
func ConditionKey(name string) *Key {
	prefix, _, ok := strings.Cut(name, ":")
	if !ok {
		return nil
	}
	if strings.EqualFold(prefix, "aws") {
		return data().global.find(name)
	}
	if s := ServiceOf(prefix); s != nil {
		for _, k := range s.Keys() {
			if k.Matches(name) {
				return k
			}
		}
	}
	if k := data().global.find(name); k != nil { // ec2:SourceInstanceArn and the like
		return k
	}
	return data().foreign().find(name)
}

// foreignKeys collects the keys that a service lists and that do not begin
// with its prefix or with aws.
func (r *root) foreignKeys() keySet {
	var keys []*Key
	for _, s := range r.services {
		for _, k := range s.Keys() {
			if prefix, _, _ := strings.Cut(k.Name, ":"); prefix != "aws" && !strings.EqualFold(prefix, s.Prefix) {
				keys = append(keys, k)
			}
		}
	}
	return newKeySet(keys)
}

// GlobalKey tells whether the key belongs to no service: any request may have
// it. IAM User Guide, "AWS global condition context keys".
func GlobalKey(name string) bool { return data().global.find(name) != nil }

// NearestKey returns the condition key that an unknown name was probably meant
// to be, "" where nothing is near.
func NearestKey(name string) string {
	prefix, _, ok := strings.Cut(name, ":")
	if !ok {
		prefix = "aws"
		name = "aws:" + name
	}
	keys := make([]string, 0, 64)
	if s := ServiceOf(prefix); s != nil {
		for _, k := range s.Keys() {
			keys = append(keys, k.Name)
		}
	}
	for name := range data().global.exact {
		keys = append(keys, data().global.exact[name].Name)
	}
	for _, k := range data().global.patterns {
		keys = append(keys, k.Name)
	}
	slices.Sort(keys)
	return nearest(name, keys)
}
