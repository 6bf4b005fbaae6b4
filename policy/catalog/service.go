package catalog

import (
	"strconv"
	"strings"
)

// load reads the service's lines.
func (s *Service) load() {
	s.once.Do(func() {
		s.byName = map[string]*Action{}
		for line := range strings.Lines(s.text) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			switch f[0] {
			case "K":
				s.keys = append(s.keys, &Key{Name: f[1], Type: KeyType(f[2])})
			case "R":
				s.resources = append(s.resources, &ResourceType{Service: s, Name: f[1], ARN: f[2], Keys: s.pick(f[3], ",")})
			case "A":
				a := &Action{Service: s, Name: f[1], lower: strings.ToLower(f[1]), Level: level(f[2]), Resources: s.uses(f[3]), Keys: s.pick(f[4], ",")}
				if f[5] != "" {
					a.Dependent = strings.Split(f[5], ",")
				}
				s.actions = append(s.actions, a)
				s.byName[a.lower] = a
			}
		}
	})
}

// pick returns the keys with these numbers.
func (s *Service) pick(numbers, sep string) []*Key {
	if numbers == "" {
		return nil
	}
	keys := make([]*Key, 0, strings.Count(numbers, sep)+1)
	for n := range strings.SplitSeq(numbers, sep) {
		if i, err := strconv.Atoi(n); err == nil && i < len(s.keys) {
			keys = append(keys, s.keys[i])
		}
	}
	return keys
}

// uses reads the types of an action: "0!,3/1.2".
func (s *Service) uses(text string) []Use {
	if text == "" {
		return nil
	}
	uses := make([]Use, 0, strings.Count(text, ",")+1)
	for t := range strings.SplitSeq(text, ",") {
		t, keys, _ := strings.Cut(t, "/")
		t, required := strings.CutSuffix(t, "!")
		if i, err := strconv.Atoi(t); err == nil && i < len(s.resources) {
			uses = append(uses, Use{Type: s.resources[i], Required: required, Keys: s.pick(keys, ".")})
		}
	}
	return uses
}

func level(letter string) AccessLevel {
	switch letter {
	case "L":
		return List
	case "R":
		return Read
	case "T":
		return Tagging
	case "P":
		return PermissionsManagement
	}
	return Write
}

// Actions returns the service's actions by name.
func (s *Service) Actions() []*Action { s.load(); return s.actions }

// Resources returns the service's resource types by name.
func (s *Service) Resources() []*ResourceType { s.load(); return s.resources }

// Keys returns the condition keys that the service's reference page lists.
func (s *Service) Keys() []*Key { s.load(); return s.keys }

// Action returns the action with this name, in any case; nil if there is none.
func (s *Service) Action(name string) *Action {
	s.load()
	return s.byName[strings.ToLower(name)]
}

// AllKeys returns the condition keys that requests for the action may have
// beside the global ones: its own, and those of its resource types.
func (a *Action) AllKeys() []*Key {
	keys := a.Keys
	for _, u := range a.Resources {
		// The full slice keeps append from writing into shared memory.
		keys = append(keys[:len(keys):len(keys)], u.Keys...)
		keys = append(keys, u.Type.Keys...)
	}
	return keys
}

// HasKey tells whether requests for the action may have the condition key,
// which is compared without regard to case. Global keys that no reference page
// lists for the action are not counted.
func (a *Action) HasKey(name string) bool {
	if hasKey(a.Keys, name) {
		return true
	}
	for _, u := range a.Resources {
		if hasKey(u.Keys, name) || hasKey(u.Type.Keys, name) {
			return true
		}
	}
	return false
}

func hasKey(keys []*Key, name string) bool {
	for _, k := range keys {
		if k.Matches(name) {
			return true
		}
	}
	return false
}
