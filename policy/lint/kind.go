package lint

import (
	"fmt"
	"strings"

	"warden/policy"
)

// Kind says what a policy is for.
type Kind uint8

// The kinds. Identity policies are attached to users, groups and roles.
const (
	Auto Kind = iota
	Identity
	Boundary
	Resource
	Trust
	SCP
	RCP
	Endpoint
)

var kindNames = [...]string{"auto", "identity", "boundary", "resource", "trust", "scp", "rcp", "endpoint"}

// String returns the name that flags take.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MarshalText writes the name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name.
func (k *Kind) UnmarshalText(text []byte) error {
	v, err := ParseKind(string(text))
	if err == nil {
		*k = v
	}
	return err
}

// ParseKind is the inverse of String. It fails on any other text.
func ParseKind(text string) (Kind, error) {
	for i, n := range kindNames {
		if n == text {
			return Kind(i), nil
		}
	}
	return 0, fmt.Errorf("kind %q: want %s", text, strings.Join(kindNames[:], ", "))
}

// kinds is a set of kinds; 0 stands for all.
type kinds uint16

func (k Kind) set() kinds { return 1 << k }

func of(list ...Kind) kinds {
	var set kinds
	for _, k := range list {
		set |= k.set()
	}
	return set
}

// String lists the kinds of a set.
func (set kinds) String() string {
	if set == 0 {
		return "all"
	}
	var names []string
	for k := Identity; k <= Endpoint; k++ {
		if set&k.set() != 0 {
			names = append(names, k.String())
		}
	}
	return strings.Join(names, ", ")
}

var (
	// withResource must say which resources they speak of.
	withResource = of(Identity, Boundary, Resource, SCP, RCP, Endpoint)
	// named say who may do it.
	named = of(Resource, Trust)
)

// Detect says what a policy is for, as far as it shows: one that names
// principals belongs to a resource, and to a role if all it speaks of is
// assuming. SCPs, RCPs, boundaries and endpoint policies look like others.
func Detect(doc *policy.Document) Kind {
	principal, assume, resource := false, true, false
	for i := range doc.Statements {
		s := &doc.Statements[i]
		principal = principal || s.Principals != nil || s.NotPrincipals != nil
		resource = resource || s.Resources != nil || s.NotResources != nil
		for _, a := range s.Actions {
			assume = assume && trustAction(a)
		}
		assume = assume && s.NotActions == nil
	}
	switch {
	case !principal && !resource && assume && len(doc.Statements) > 0 && len(doc.Statements[0].Actions) > 0:
		return Trust
	case !principal:
		return Identity
	case assume && !resource:
		return Trust
	}
	return Resource
}

// trustAction tells whether an action belongs into a role's trust policy.
func trustAction(action string) bool {
	switch a := strings.ToLower(action); a {
	case "sts:tagsession", "sts:setsourceidentity", "sts:setcontext":
		return true
	default:
		return strings.HasPrefix(a, "sts:assumerole") || a == "sts:*"
	}
}
