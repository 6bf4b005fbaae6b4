package policy

import "strings"

// element names parts of a statement, to say which of them are in doubt.
type element uint8

const (
	inEffect element = 1 << iota
	inPrincipal
	inAction
	inResource
	inCondition
	inWhole // something that may bear on anything
)

// statement is a compiled statement.
type statement struct {
	deny  bool
	doubt element // what a defect leaves in doubt

	principals []principalPattern
	actions    []pattern
	resources  []arnPattern
	conditions []condition

	hasPrincipal, notPrincipal bool
	notAction                  bool
	hasResource, notResource   bool
}

// compile prepares statement i of d. Variables have a meaning only in version
// 2012-10-17; elsewhere they are literal text (IAM User Guide, "IAM JSON policy
// elements: Version").
func compile(d *Document, i int, doubt element) statement {
	src := &d.Statements[i]
	variables := d.Version == "2012-10-17"
	s := statement{deny: src.Effect != "Allow", doubt: doubt}

	actions := src.Actions
	if actions == nil && src.NotActions != nil {
		actions, s.notAction = src.NotActions, true
	}
	s.actions = make([]pattern, len(actions))
	for j, a := range actions {
		s.actions[j] = compilePattern(a, true, false)
	}

	resources := src.Resources
	if resources == nil && src.NotResources != nil {
		resources, s.notResource = src.NotResources, true
	}
	s.hasResource = resources != nil
	s.resources = make([]arnPattern, len(resources))
	for j, r := range resources {
		s.resources[j] = compileARN(r, variables)
	}

	principals := src.Principals
	if principals == nil && src.NotPrincipals != nil {
		principals, s.notPrincipal = src.NotPrincipals, true
	}
	s.hasPrincipal = principals != nil
	s.principals = make([]principalPattern, len(principals))
	for j, p := range principals {
		s.principals[j] = compilePrincipal(p)
	}

	s.conditions = make([]condition, len(src.Conditions))
	for j := range src.Conditions {
		s.conditions[j] = compileCondition(&src.Conditions[j], variables)
	}
	return s
}

// matchesAction tells whether the statement speaks of the request's action.
// Names of services and actions are not case-sensitive (IAM User Guide, "IAM
// JSON policy elements: Action").
func (s *statement) matchesAction(action string) bool {
	for i := range s.actions {
		if p := &s.actions[i]; p.match(action, true) {
			return !s.notAction
		}
	}
	return s.notAction
}

// matchesResource tells whether the statement speaks of the request's
// resource.
func (s *statement) matchesResource(e *evaluation, d *Document, index int) bool {
	if s.listsResource(e) {
		return !s.notResource
	}
	if s.notResource && e.unresolved && !s.deny {
		// NotResource with a variable that has no value would allow
		// everything; no page says what AWS does, so this fails safe.
		e.doubt(func() string {
			return d.place(index) + ": NotResource has a variable without a value in this request"
		})
		return e.optimistic
	}
	return s.notResource
}

// listsResource tells whether Resource or NotResource lists the request's
// resource. Where the action has no resource types only * alone does.
func (s *statement) listsResource(e *evaluation) bool {
	e.unresolved = false
	for i := range s.resources {
		r := &s.resources[i]
		if r.any || e.hasARN && r.match(e, e.req.Resource.ARN, &e.arn) {
			return true
		}
	}
	return false
}

// matchesConditions tells whether all conditions hold.
func (s *statement) matchesConditions(e *evaluation) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(e) {
			return false
		}
	}
	return true
}

// checkAction says what is wrong with a value of Action or NotAction; "" if
// nothing is.
func checkAction(v string) string {
	service, name, ok := strings.Cut(v, ":")
	switch {
	case v == "*":
		return ""
	case !ok:
		return `an action is "*" or "service:Name"`
	case strings.ContainsAny(service, "*?"):
		return "the service prefix takes no wildcard"
	case service == "" || name == "":
		return `an action is "*" or "service:Name"`
	}
	return ""
}

// checkResource says what is wrong with a value of Resource or NotResource.
func (p *parser) checkResource(v string) string {
	if v == "*" {
		return ""
	}
	parts := splitARNPattern(v, true)
	switch {
	case parts[0] != "arn":
		return `a resource is "*" or an ARN`
	case len(parts) < 6 && !strings.HasSuffix(v, "*"):
		return "the ARN has fewer than six parts (arn:partition:service:region:account:resource)"
	}
	if !strings.Contains(v, "${") {
		return ""
	}
	for _, part := range parts[:min(len(parts), 5)] {
		if p := compilePattern(part, true, true); p.hasVariables {
			return "a variable may only stand after the fifth colon"
		}
	}
	return ""
}
