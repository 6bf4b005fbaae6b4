package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// Want asks for the actions of an access level on resources.
type Want struct {
	Level catalog.AccessLevel
	// Resources are ARNs, with wildcards where wanted.
	Resources []string
	// Service asks for those of its actions that act on no resource in
	// particular; then Resources is empty.
	Service string
}

// FromLevels writes policies that allow every action of the levels that acts
// on the resources, by the access levels of AWS's reference. It is an error if
// no action does.
func FromLevels(wants []Want, o Options) (Result, error) {
	var r Result
	var statements []policy.Statement
	for _, w := range wants {
		if w.Service != "" {
			s, err := onNone(w)
			if err != nil {
				return r, err
			}
			statements = append(statements, s)
			continue
		}
		for _, arn := range w.Resources {
			actions := actionsOn(w.Level, arn)
			if len(actions) == 0 {
				return r, fmt.Errorf("no action of level %s acts on %s", w.Level, arn)
			}
			s := policy.Statement{Effect: "Allow", Actions: actions, Resources: []string{arn}}
			s.Sid = sid(actions)
			i := slices.IndexFunc(statements, func(x policy.Statement) bool { return slices.Equal(x.Actions, actions) })
			if i >= 0 {
				statements[i].Resources = append(statements[i].Resources, arn)
				continue
			}
			statements = append(statements, s)
		}
		if w.Level == catalog.Write || w.Level == catalog.PermissionsManagement {
			for _, arn := range w.Resources {
				if broad(arn) {
					r.note("%s on %s is broad: name the resources", w.Level, arn)
				}
			}
		}
	}
	var err error
	r.Documents, err = frame{name: cmp.Or(o.Name, "generated"), version: version}.build(statements, o.MaxSize)
	return r, err
}

func broad(arn string) bool {
	fields := strings.SplitN(arn, ":", 6)
	return arn == "*" || len(fields) == 6 && strings.Trim(fields[5], "*/") == ""
}

// actionsOn are the actions of a level that act on a type that the ARN is of.
func actionsOn(level catalog.AccessLevel, arn string) []string {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) != 6 {
		return nil
	}
	var out []string
	for _, s := range catalog.Services() {
		// ARNs of a type stand in the pages of other services too.
		if s.Prefix != fields[2] && !sharesARN(s, fields[2]) {
			continue
		}
		for _, a := range s.Actions() {
			if a.Level != level || !actsOn(a, arn) {
				continue
			}
			out = append(out, a.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sharesARN tells of services whose own types have ARNs of another prefix:
// "execute-api" and "apigateway", "elasticfilesystem" and so on.
func sharesARN(s *catalog.Service, prefix string) bool {
	if s.Prefix == "iam" || s.Prefix == "sts" {
		return false // they act on roles of others' pages
	}
	for _, t := range s.Resources() {
		if f := strings.SplitN(t.ARN, ":", 4); len(f) == 4 && f[2] == prefix {
			return catalog.ServiceOf(prefix) == nil
		}
	}
	return false
}

// actsOn: an action acts on a type that is required, or on any where none is.
func actsOn(a *catalog.Action, arn string) bool {
	for _, use := range a.Resources {
		if use.Type.Fits(arn) {
			return true
		}
	}
	return false
}

// onNone grants what acts on no resource in particular.
func onNone(w Want) (policy.Statement, error) {
	service := catalog.ServiceOf(w.Service)
	if service == nil {
		return policy.Statement{}, fmt.Errorf("no service has the prefix %q%s", w.Service, didYouMean(catalog.NearestService(w.Service)))
	}
	var actions []string
	for _, a := range service.Actions() {
		if a.Level == w.Level && len(a.Resources) == 0 {
			actions = append(actions, a.String())
		}
	}
	if len(actions) == 0 {
		return policy.Statement{}, fmt.Errorf("%s has no action of level %s that acts on no resource in particular", w.Service, w.Level)
	}
	slices.Sort(actions)
	return policy.Statement{Sid: sid(actions) + "All", Effect: "Allow", Actions: actions, Resources: []string{"*"}}, nil
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return "; did you mean " + name + "?"
}
