package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// Options of what is generated.
type Options struct {
	// Name is what the policies are called in what is said of them.
	Name string
	// MaxSize is the most characters of one policy; 0 means ManagedSize.
	MaxSize int
	// MaxResources is how many resources an action may have before they are
	// replaced by what they have in common; 0 means 8.
	MaxResources int
	// Account and Partition fill in ARNs of which the resource is not known.
	Account, Partition string
}

func (o Options) maxResources() int { return cmp.Or(o.MaxResources, 8) }

// FromUse writes policies that allow what was observed and little else.
// Many resources of one action become a pattern, which the notes say.
func FromUse(observed []Observation, o Options) (Result, error) {
	var r Result
	type grant struct {
		action    string
		resources []string
		condition []policy.Condition
	}
	byAction := map[string][]Observation{}
	for _, x := range observed {
		name := x.Action
		if a := catalog.Lookup(name); a != nil {
			name = a.String()
		}
		byAction[name] = append(byAction[name], x)
	}
	var grants []grant
	for _, action := range sortedKeys(byAction) {
		if slices.Contains(policy.AlwaysAllowed(), action) {
			continue
		}
		g := grant{action: action}
		g.resources = r.resources(action, byAction[action], o)
		if action == "iam:PassRole" {
			g.condition = passedTo(byAction[action])
		}
		grants = append(grants, g)
	}

	// Actions on the same resources under the same condition share a
	// statement.
	var statements []policy.Statement
	for _, g := range grants {
		i := slices.IndexFunc(statements, func(s policy.Statement) bool {
			return slices.Equal(s.Resources, g.resources) && len(s.Conditions) == 0 && len(g.condition) == 0 && serviceOf(s.Actions[0]) == serviceOf(g.action)
		})
		if i >= 0 {
			statements[i].Actions = append(statements[i].Actions, g.action)
			continue
		}
		statements = append(statements, policy.Statement{Effect: "Allow", Actions: []string{g.action}, Resources: g.resources, Conditions: g.condition})
	}
	for i := range statements {
		statements[i].Sid = sid(statements[i].Actions)
	}
	var err error
	r.Documents, err = frame{name: cmp.Or(o.Name, "generated"), version: version}.build(statements, o.MaxSize)
	return r, err
}

func serviceOf(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return service
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// resources are the resources that an action is granted on.
func (r *Result) resources(action string, observed []Observation, o Options) []string {
	var known []string
	unknown, open := 0, 0
	for _, x := range observed {
		resource := literal(x.Resource)
		switch {
		case x.Resource == "" && x.Pattern == "":
			unknown += max(x.Count, 1)
			continue
		case x.Resource == "":
			open += max(x.Count, 1)
			resource = starred(x.Pattern)
		}
		if !slices.Contains(known, resource) {
			known = append(known, resource)
		}
	}
	if unknown > 0 {
		patterns := everywhere(action, o)
		r.note("%s: the resource of %d calls is not recorded, so it is granted on %s", action, unknown, strings.Join(patterns, ", "))
		return patterns
	}
	known = distinct(known)
	if open > 0 {
		r.note("%s: the records of %d calls do not name the whole resource, so it is granted on %s", action, open, strings.Join(patterns(known), ", "))
	}
	if len(known) <= o.maxResources() {
		return known
	}
	wide := common(known, o.maxResources())
	r.note("%s: %d resources became %s", action, len(known), strings.Join(wide, ", "))
	return wide
}

// literal writes an ARN so that a policy takes its letters as they are: the
// keys of objects may have stars, question marks and dollar signs. IAM User
// Guide, "IAM policy elements: Variables and tags", "Special characters".
func literal(arn string) string {
	if arn == "*" || !strings.ContainsAny(arn, "*?$") {
		return arn
	}
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) == 6 {
		fields[5] = escape.Replace(fields[5])
	}
	return strings.Join(fields, ":")
}

var escape = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// starred turns a pattern into a resource of a policy: a star for each part
// that is not known.
func starred(pattern string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(pattern, "${")
		b.WriteString(before)
		if !found {
			return strings.ReplaceAll(b.String(), "**", "*")
		}
		b.WriteByte('*')
		_, pattern, _ = strings.Cut(after, "}")
	}
}

func patterns(resources []string) []string {
	return slices.DeleteFunc(slices.Clone(resources), func(r string) bool { return !strings.Contains(r, "*") })
}

// distinct drops what another resource covers, and sorts.
func distinct(resources []string) []string {
	slices.Sort(resources)
	wide := patterns(resources)
	return slices.DeleteFunc(slices.Compact(resources), func(r string) bool {
		return slices.ContainsFunc(wide, func(w string) bool {
			begin, found := strings.CutSuffix(w, "*")
			return found && w != r && !strings.ContainsAny(begin, "*?$") && strings.HasPrefix(r, begin) && strings.Count(begin, ":") >= 5
		})
	})
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// everywhere is every resource of the account that an action can act on.
func everywhere(action string, o Options) []string {
	a := catalog.Lookup(action)
	if a == nil || len(a.Resources) == 0 {
		return []string{"*"}
	}
	var out []string
	for _, use := range a.Resources {
		pattern := filled(use.Type.ARN, o)
		if !slices.Contains(out, pattern) && (use.Required || !anyRequired(a)) {
			out = append(out, pattern)
		}
	}
	slices.Sort(out)
	if len(out) > o.maxResources() {
		return []string{"*"}
	}
	return out
}

func anyRequired(a *catalog.Action) bool {
	return slices.ContainsFunc(a.Resources, func(u catalog.Use) bool { return u.Required })
}

// filled puts account and partition into the template of an ARN and stars
// everywhere else.
func filled(template string, o Options) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(template, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest, _ := strings.Cut(after, "}")
		switch value := ""; name {
		case "Partition":
			b.WriteString(cmp.Or(o.Partition, "aws"))
		case "Account":
			b.WriteString(cmp.Or(o.Account, "*"))
		default:
			b.WriteString(value + "*")
		}
		template = rest
	}
}

// common replaces ARNs by at most limit patterns that cover them: those of one
// kind and place by the longest beginning that they share, up to a separator.
func common(arns []string, limit int) []string {
	groups := map[string][]string{}
	for _, arn := range arns {
		groups[place(arn, 1)] = append(groups[place(arn, 1)], arn)
	}
	if len(groups) > limit {
		// Too many places: one pattern for each service's kind.
		groups = map[string][]string{}
		for _, arn := range arns {
			groups[place(arn, 0)] = append(groups[place(arn, 0)], arn)
		}
	}
	var out []string
	for _, key := range sortedKeys(groups) {
		list := groups[key]
		if len(list) == 1 {
			out = append(out, list[0])
			continue
		}
		out = append(out, pattern(list))
	}
	return out
}

// place is what ARNs must share to be put together: everything up to the
// resource, and so many parts of the resource.
func place(arn string, parts int) string {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) < 6 {
		return arn
	}
	head := strings.Join(fields[:5], ":")
	// The kind of an S3 object is its bucket; of others the word before the
	// first separator.
	rest := fields[5]
	i := strings.IndexAny(rest, "/:")
	if i < 0 || parts == 0 {
		return head
	}
	return head + ":" + rest[:i+1]
}

// pattern is the longest beginning of all, cut back to a separator, and a star.
func pattern(arns []string) string {
	prefix := arns[0]
	for _, arn := range arns[1:] {
		for !strings.HasPrefix(arn, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	if i := strings.LastIndexAny(prefix, "/:-_."); i >= 0 {
		prefix = prefix[:i+1]
	}
	return prefix + "*"
}

// passedTo limits iam:PassRole to the services to which roles were passed,
// where all of them are known.
func passedTo(observed []Observation) []policy.Condition {
	var services []string
	for _, x := range observed {
		v, ok := x.Context["iam:passedtoservice"]
		if !ok || len(v.Values) == 0 {
			return nil
		}
		for _, s := range v.Values {
			if !slices.Contains(services, s) {
				services = append(services, s)
			}
		}
	}
	slices.Sort(services)
	return []policy.Condition{{Operator: "StringEquals", Key: "iam:PassedToService", Values: services}}
}

// sid names a statement after its service and what it allows.
func sid(actions []string) string {
	service := serviceOf(actions[0])
	name := strings.ToUpper(service[:1]) + strings.Map(alphanumeric, service[1:])
	levels := map[catalog.AccessLevel]bool{}
	for _, a := range actions {
		if x := catalog.Lookup(a); x != nil {
			levels[x.Level] = true
		}
	}
	for _, l := range []catalog.AccessLevel{catalog.List, catalog.Read, catalog.Tagging, catalog.Write, catalog.PermissionsManagement} {
		if levels[l] {
			name += strings.Map(alphanumeric, strings.ReplaceAll(title(string(l)), " ", ""))
		}
	}
	return name
}

func title(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

func alphanumeric(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}
