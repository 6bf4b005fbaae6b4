package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warden/policy"
	"warden/policy/catalog"
)

// requestFlags describe requests and the policies that apply to them.
type requestFlags struct {
	principal, owner                                      string
	actions, resources, context                           []string
	identity, boundary, session, scps, rcps, resourceFile []string
	expect                                                string
	strict                                                bool
}

func (f *requestFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.principal, "principal", "arn:aws:iam::123456789012:user/somebody", "ARN of the user, role, session or root user that asks; or a service's name")
	fs.StringSliceVar(&f.actions, "action", nil, "action to ask for; with wildcards, all that are known (may be repeated)")
	fs.StringSliceVar(&f.resources, "resource", []string{"*"}, "ARN to act on; * for actions without resource types (may be repeated)")
	fs.StringVar(&f.owner, "resource-account", "", "account that owns the resources (default the ARN's, else the principal's)")
	fs.StringArrayVar(&f.context, "context", nil, "condition key as KEY=VALUE, repeated for a multivalued key; KEY alone is known to be absent")
	fs.StringArrayVar(&f.identity, "policy", nil, "file with an identity policy (may be repeated, as may the following)")
	fs.StringArrayVar(&f.boundary, "boundary", nil, "file with a permissions boundary")
	fs.StringArrayVar(&f.session, "session-policy", nil, "file with a session policy")
	fs.StringArrayVar(&f.resourceFile, "resource-policy", nil, "file with the policy of the resource, or the trust policy of the role")
	fs.StringArrayVar(&f.scps, "scp", nil, "file with a service control policy; each is a level of its own")
	fs.StringArrayVar(&f.rcps, "rcp", nil, "file with a resource control policy; each is a level of its own")
	fs.StringVar(&f.expect, "expect", "", "what every answer should be: allowed or denied; anything else is exit status 3")
	fs.BoolVar(&f.strict, "strict", false, "exit with status 4 if an answer depends on what was not given")
}

// given tells whether the command asks for requests at all.
func (f *requestFlags) given() bool { return len(f.actions) > 0 }

// answer is what the engine says of one request.
type answer struct {
	Principal string                `json:"principal"`
	Action    string                `json:"action"`
	Resource  string                `json:"resource"`
	Decision  policy.Decision       `json:"decision"`
	Depends   bool                  `json:"depends"`
	Deciding  []policy.StatementRef `json:"deciding"`
	Layers    []policy.LayerResult  `json:"layers"`
	NearMiss  []policy.NearMiss     `json:"nearMisses"`
	Missing   []string              `json:"missing"`
	Unknown   []string              `json:"unknown"`
}

func simulateRequests(s *streams, f *requestFlags, output string) error {
	if f.expect != "" && f.expect != "allowed" && f.expect != "denied" {
		return usageErrorf("simulate: --expect %s is not allowed or denied", f.expect)
	}
	caller, err := principalOf(f.principal)
	if err != nil {
		return err
	}
	policies, err := f.policies()
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	context, err := f.requestContext(caller)
	if err != nil {
		return err
	}
	actions, err := f.expandActions(s.Err)
	if err != nil {
		return err
	}
	var answers []answer
	unexpected, depends := false, false
	for _, action := range actions {
		for _, resource := range f.resources {
			req := policy.Request{Principal: caller, Action: action, Resource: f.resource(resource, caller), Context: context}
			a := ask(req, policies)
			answers = append(answers, a)
			depends = depends || a.Depends
			unexpected = unexpected || f.expect != "" && (a.Decision == policy.Allowed) != (f.expect == "allowed")
		}
	}
	if output == "json" {
		err = writeJSON(s.Out, map[string]any{"requests": answers})
	} else {
		err = answerTable(s.Out, answers)
	}
	switch {
	case err != nil:
		return err
	case unexpected:
		return &exitError{code: 3}
	case depends && f.strict:
		return &exitError{code: 4}
	}
	return nil
}

func ask(req policy.Request, p policy.Policies) answer {
	r := policy.Evaluate(req, p)
	near := policy.NearMisses(req, p)
	name := req.Principal.ARN
	if req.Principal.RoleARN != "" {
		name = req.Principal.RoleARN
	}
	return answer{
		Principal: name, Action: req.Action, Resource: req.Resource.ARN,
		Decision: r.Decision, Depends: r.Depends(),
		Deciding: orEmpty(r.Deciding()), Layers: orEmpty(r.Layers), NearMiss: orEmpty(near),
		Missing: orEmpty(r.Missing), Unknown: orEmpty(r.Unknown),
	}
}

// orEmpty makes JSON say [] where there is nothing.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func answerTable(out io.Writer, answers []answer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DECISION\tACTION\tRESOURCE\tBECAUSE")
	for _, a := range answers {
		because := "nothing allows it"
		if len(a.Deciding) > 0 {
			because = a.Deciding[0].String()
		} else if l := narrow(a); l != nil {
			because = "the " + string(l.Layer) + " layer does not allow it"
		}
		decision := a.Decision.String()
		if a.Depends {
			decision += " (depends)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", decision, a.Action, a.Resource, because)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, a := range answers {
		for _, n := range a.NearMiss {
			fmt.Fprintf(out, "\n%s on %s %s\n", a.Action, a.Resource, n)
		}
		if len(a.Missing) > 0 {
			fmt.Fprintf(out, "\n%s on %s depends on context keys that were not given: %s\n", a.Action, a.Resource, strings.Join(a.Missing, ", "))
		}
		for _, u := range a.Unknown {
			fmt.Fprintf(out, "\n%s on %s is not certain: %s\n", a.Action, a.Resource, u)
		}
	}
	return nil
}

// narrow returns the layer that leaves no room where another one allows, nil
// if there is none. The root user needs no policy that allows.
func narrow(a answer) *policy.LayerResult {
	granted := strings.HasSuffix(a.Principal, ":root")
	var closed *policy.LayerResult
	for i := range a.Layers {
		switch l := &a.Layers[i]; l.Layer {
		case policy.LayerIdentity, policy.LayerGroup, policy.LayerResource:
			granted = granted || l.Decision == policy.Allowed
		case policy.LayerRCP:
		default:
			if l.Decision != policy.Allowed {
				closed = l
			}
		}
	}
	if !granted {
		return nil
	}
	return closed
}

// policies reads all files.
func (f *requestFlags) policies() (policy.Policies, error) {
	p := policy.Policies{SessionPassed: len(f.session) > 0}
	for _, part := range []struct {
		files []string
		into  *[]*policy.Document
	}{{f.identity, &p.Identity}, {f.boundary, &p.Boundary}, {f.session, &p.Session}} {
		docs, err := parsePolicyFiles(part.files)
		if err != nil {
			return p, err
		}
		*part.into = docs
	}
	for _, part := range []struct {
		files []string
		into  *[]policy.Level
	}{{f.scps, &p.SCPs}, {f.rcps, &p.RCPs}} {
		docs, err := parsePolicyFiles(part.files)
		if err != nil {
			return p, err
		}
		for _, d := range docs {
			*part.into = append(*part.into, policy.Level{Name: d.Name, Policies: []*policy.Document{d}})
		}
	}
	docs, err := parsePolicyFiles(f.resourceFile)
	if err != nil {
		return p, err
	}
	if len(docs) > 1 {
		return p, usageErrorf("a resource has one policy, --resource-policy was given %d times", len(docs))
	}
	if len(docs) == 1 {
		p.Resource = docs[0]
	}
	return p, nil
}

func parsePolicyFiles(names []string) ([]*policy.Document, error) {
	var docs []*policy.Document
	for _, name := range names {
		data, err := readPolicyFile(name)
		if err != nil {
			return nil, err
		}
		d, err := policy.Parse(name, data)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// requestContext reads --context, and adds what the principal's ARN says for
// certain: IAM User Guide, "AWS global condition context keys".
func (f *requestFlags) requestContext(caller policy.Principal) (policy.Context, error) {
	context := policy.Context{}
	if caller.Account != "" {
		context.Set("aws:PrincipalAccount", policy.One(caller.Account))
		context.Set("aws:PrincipalArn", policy.One(caller.ARN))
	}
	switch caller.Type {
	case policy.User:
		context.Set("aws:PrincipalType", policy.One("User"))
		context.Set("aws:username", policy.One(caller.ARN[strings.LastIndexByte(caller.ARN, '/')+1:]))
	case policy.Session:
		context.Set("aws:PrincipalType", policy.One("AssumedRole"))
		context.Set("aws:PrincipalArn", policy.One(caller.RoleARN))
		context.Set("aws:username", policy.Absent())
	case policy.Root:
		context.Set("aws:PrincipalType", policy.One("Account"))
		context.Set("aws:username", policy.Absent())
	}
	said := map[string]bool{}
	for _, entry := range f.context {
		key, value, hasValue := strings.Cut(entry, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		switch {
		case !strings.Contains(key, ":"):
			return nil, usageErrorf("simulate: --context %s: a condition key reads service:Name, as in aws:SourceIp=203.0.113.7", entry)
		case !hasValue:
			context[key] = policy.Absent()
		case said[key]:
			context[key] = policy.Many(append(context[key].Values, value)...)
		default:
			context[key] = policy.One(value)
		}
		said[key] = true
	}
	return context, nil
}

// expandActions replaces wildcards by the actions that are known, and warns of
// names that are not.
func (f *requestFlags) expandActions(warnings io.Writer) ([]string, error) {
	var out []string
	for _, name := range f.actions {
		if !strings.ContainsAny(name, "*?") {
			if !strings.Contains(name, ":") {
				return nil, usageErrorf("simulate: --action %s: an action reads service:Name", name)
			}
			out = append(out, name)
			if a := catalog.Lookup(name); a == nil {
				fmt.Fprintf(warnings, "warden: simulate: no action %s is known%s\n", name, nearest(name))
			} else if len(a.Resources) > 0 && len(f.resources) == 1 && f.resources[0] == "*" {
				fmt.Fprintf(warnings, "warden: simulate: %s acts on a resource; without --resource ARN only policies for * match\n", a)
			}
			continue
		}
		matching := catalog.Matching(name)
		if len(matching) == 0 {
			return nil, usageErrorf("simulate: --action %s: no known action matches", name)
		}
		for _, a := range matching {
			out = append(out, a.String())
		}
	}
	return out, nil
}

func nearest(action string) string {
	if n := catalog.Nearest(action); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

func (f *requestFlags) resource(arn string, caller policy.Principal) policy.Resource {
	r := policy.Resource{ARN: arn, Account: f.owner}
	if parts := strings.SplitN(arn, ":", 6); r.Account == "" && len(parts) == 6 {
		r.Account = parts[4]
	}
	if r.Account == "" {
		r.Account = caller.Account
	}
	return r
}

// principalOf reads a principal from its ARN. The session of a role is taken
// for one that nobody names.
func principalOf(text string) (policy.Principal, error) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		if strings.Contains(text, ".") && !strings.Contains(text, ":") {
			return policy.Principal{Type: policy.Service, ARN: text}, nil
		}
		return policy.Principal{}, usageErrorf("simulate: --principal %s is neither an ARN nor the name of a service", text)
	}
	p := policy.Principal{ARN: text, Account: parts[4]}
	kind, name, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && kind == "user":
		p.Type = policy.User
	case parts[2] == "iam" && parts[5] == "root":
		p.Type = policy.Root
	case parts[2] == "iam" && kind == "role":
		p.Type, p.RoleARN = policy.Session, text
		p.ARN = fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/simulated", parts[1], parts[4], name[strings.LastIndexByte(name, '/')+1:])
	case parts[2] == "sts" && kind == "assumed-role":
		role, _, _ := strings.Cut(name, "/")
		p.Type, p.RoleARN = policy.Session, fmt.Sprintf("arn:%s:iam::%s:role/%s", parts[1], parts[4], role)
	default:
		return policy.Principal{}, usageErrorf("simulate: --principal %s is no user, role, assumed-role session or root user", text)
	}
	return p, nil
}
