package lint

import (
	"fmt"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// typeQuestion asks whether a value of Resource can name a resource of a type.
type typeQuestion struct {
	value string
	t     *catalog.ResourceType
}

// canName answers it.
func (p *pass) canName(value string, t *catalog.ResourceType) bool {
	q := typeQuestion{value, t}
	yes, ok := p.types[q]
	if !ok {
		// Past the budget the answer is yes, which finds nothing.
		yes = !p.spend(len(value)*len(t.ARN)/16+1) || meetARN(value, t.ARN)
		p.types[q] = yes
	}
	return yes
}

// canUse tells whether an action may act on what a value of Resource names.
// An action without resource types is allowed on * alone; because S3 takes
// arn:aws:s3:::* too for its lists, a value that leaves everything open counts
// as well. Service Authorization Reference, "Actions table".
func (p *pass) canUse(a *catalog.Action, value string) bool {
	if value == "*" || value == Unknown {
		return true
	}
	if len(a.Resources) == 0 {
		arn, ok := splitARN(value)
		return ok && strings.Trim(arn.resource, "*") == ""
	}
	for _, u := range a.Resources {
		if p.canName(value, u.Type) {
			return true
		}
	}
	return isUnlisted(value)
}

// operator is a condition operator in its parts.
type operator struct {
	name     string // without set operator and IfExists, in lower case
	family   string // String, Numeric, Date, Bool, Binary, IpAddress, Arn, Null
	negated  bool
	ifExists bool
	set      string // "", "ForAllValues", "ForAnyValue"
}

// families are the beginnings of operators' names.
var families = []struct{ prefix, family string }{
	{"string", "String"}, {"numeric", "Numeric"}, {"date", "Date"}, {"bool", "Bool"}, {"binary", "Binary"},
	{"ipaddress", "IpAddress"}, {"notipaddress", "IpAddress"}, {"arn", "Arn"}, {"null", "Null"},
}

// operatorOf reads the name of a condition operator that the parser knows.
func operatorOf(name string) operator {
	o := operator{name: strings.ToLower(name)}
	if rest, ok := strings.CutPrefix(o.name, "forallvalues:"); ok {
		o.name, o.set = rest, "ForAllValues"
	} else if rest, ok := strings.CutPrefix(o.name, "foranyvalue:"); ok {
		o.name, o.set = rest, "ForAnyValue"
	}
	o.name, o.ifExists = strings.CutSuffix(o.name, "ifexists")
	o.negated = strings.Contains(o.name, "not")
	for _, f := range families {
		if strings.HasPrefix(o.name, f.prefix) {
			o.family = f.family
			break
		}
	}
	return o
}

// like tells whether the operator knows wildcards.
func (o operator) like() bool {
	return strings.HasSuffix(o.name, "like") || o.family == "Arn"
}

// has finds the first condition on one of the keys; nil if there is none.
func (s *statement) has(keys ...string) *policy.Condition {
	for i := range s.Conditions {
		for _, k := range keys {
			if strings.EqualFold(s.Conditions[i].Key, k) {
				return &s.Conditions[i]
			}
		}
	}
	return nil
}

// hasPrefix tells whether a condition's key begins so.
func (s *statement) hasPrefix(prefix string) bool {
	for i := range s.Conditions {
		if k := s.Conditions[i].Key; len(k) > len(prefix) && strings.EqualFold(k[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}

// grants tells whether an Allow statement's Action or NotAction takes in the
// action, given in lower case.
func (s *statement) grants(action string) bool {
	if !s.allow {
		return false
	}
	if s.NotActions != nil {
		return !listed(s.NotActions, action)
	}
	return listed(s.Actions, action)
}

func listed(patterns []string, action string) bool {
	for _, v := range patterns {
		if covers(v, action, true) {
			return true
		}
	}
	return false
}

// everywhere tells whether the statement speaks of all resources: *, or any
// NotResource, or an ARN whose resource is * for this service ("" for any).
func (s *statement) everywhere(service string) bool {
	if s.NotResources != nil {
		return true
	}
	for _, v := range s.Resources {
		if v == "*" {
			return true
		}
		if a, ok := splitARN(v); ok && (a.service == service || a.service == "*") {
			if a.resource == "*" || strings.HasSuffix(a.resource, "/*") && strings.Count(a.resource, "/") == 1 && service == "iam" {
				return true
			}
		}
	}
	return false
}

// eachValue calls f with every value of Action and NotAction.
func (p *pass) eachAction(f func(s *statement, element string, j int, v string)) {
	for i := range p.statements {
		s := &p.statements[i]
		for j, v := range s.Actions {
			f(s, "Action", j, v)
		}
		for j, v := range s.NotActions {
			f(s, "NotAction", j, v)
		}
	}
}

// eachCondition calls f with every condition.
func (p *pass) eachCondition(f func(s *statement, c *policy.Condition, o operator)) {
	for i := range p.statements {
		s := &p.statements[i]
		for j := range s.Conditions {
			c := &s.Conditions[j]
			f(s, c, operatorOf(c.Operator))
		}
	}
}

// names lists up to three of several names.
func names(list []string) string {
	if len(list) > 3 {
		return strings.Join(list[:3], ", ") + fmt.Sprintf(" and %d more", len(list)-3)
	}
	return strings.Join(list, ", ")
}
