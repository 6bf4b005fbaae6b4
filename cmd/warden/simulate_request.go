package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warden/app"
	"warden/policy"
	"warden/policy/catalog"
)

// requestFlags describe requests and the policies that apply to them.
type requestFlags struct {
	command                                               string // whose flags they are, for error messages
	principal, owner                                      string
	actions, resources, context                           []string
	identity, boundary, session, scps, rcps, resourceFile []string
	expect                                                string
	strict                                                bool

	// Where the principal comes from, if not from files.
	snapshot string
	live     bool
	aws      *app.Options
	// requests is a file of requests; changes are made in thought; trails
	// hold recorded calls.
	requests        string
	changes, trails []string
	all             bool
	compareAWS      bool
	// problems say what of the changes could not be made in thought.
	problems []string
}

func (f *requestFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.principal, "principal", "", "ARN of the user, role, session or root user that asks, or a service's name; with an account a name is enough (default with files: some user)")
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
	fs.StringVar(&f.snapshot, "snapshot", "", "file with the account that the principal is in, or - for standard input")
	fs.BoolVar(&f.live, "live", false, "the principal is in the account of the AWS credentials, which is read now")
	fs.StringVar(&f.requests, "requests", "", "file of requests, one JSON object a line with action, resource, context and expect; - for standard input")
	fs.StringArrayVar(&f.changes, "with", nil, "change to make in thought first: FILE with a plan or a policy to add, or POLICY=FILE to put in its place (may be repeated)")
	fs.StringArrayVar(&f.trails, "replay", nil, "CloudTrail file or folder, or -: put the principal's recorded calls through the policies (may be repeated)")
	fs.BoolVar(&f.all, "all", false, "--replay: show also the calls that stay as they are")
	fs.BoolVar(&f.compareAWS, "compare-aws", false, "ask AWS's own policy simulator the same, and show where it answers otherwise")
	f.aws = awsFlags(cmd)
}

// given tells whether the command asks for requests at all.
func (f *requestFlags) given() bool {
	return len(f.actions) > 0 || f.requests != "" || len(f.trails) > 0
}

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
	// Grant is the smallest statement that would allow what nothing allows.
	Grant json.RawMessage `json:"grant,omitempty"`
	// Before is what it was before the change of --with.
	Before *outcome `json:"before,omitempty"`
	// Expected is what the request was expected to be.
	Expected *expectation `json:"expected,omitempty"`
	// AWS is what AWS's own simulator says.
	AWS *awsAnswer `json:"aws,omitempty"`
}

// outcome is a decision without its reasons.
type outcome struct {
	Decision policy.Decision `json:"decision"`
	Depends  bool            `json:"depends"`
}

func (o outcome) String() string {
	if o.Depends {
		return o.Decision.String() + " (depends)"
	}
	return o.Decision.String()
}

type expectation struct {
	Expect string `json:"expect"`
	Met    bool   `json:"met"`
}

// asked is a request with what is expected of it.
type asked struct {
	action, resource string
	context          policy.Context
	expect           string
}

func simulateRequests(ctx context.Context, s *streams, f *requestFlags, output string) error {
	if err := f.oneInput(); err != nil {
		return err
	}
	list, err := f.list(s)
	if err != nil {
		return err
	}
	before, err := f.who(ctx, s)
	if err != nil {
		return err
	}
	after, err := f.changed(s, before)
	if err != nil {
		return err
	}
	var answers []answer
	unexpected, depends := false, false
	for _, q := range list {
		a := after.ask(q.action, q.resource, f.owner, q.context)
		if len(list) <= mostGrants {
			a.Grant = grant(after, q, f.owner, a)
		}
		if len(f.changes) > 0 {
			was := before.ask(q.action, q.resource, f.owner, q.context)
			a.Before = &outcome{was.Decision, was.Depends}
		}
		if q.expect != "" {
			met := (a.Decision == policy.Allowed) == (q.expect == "allowed") && !a.Depends
			a.Expected = &expectation{q.expect, met}
			unexpected = unexpected || !met
		}
		answers = append(answers, a)
		depends = depends || a.Depends
	}
	differ := false
	if f.compareAWS {
		if differ, err = f.compare(ctx, before, answers, list); err != nil {
			return err
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
	case unexpected || differ:
		return &exitError{code: 3}
	case depends && f.strict:
		return &exitError{code: 4}
	}
	return nil
}

// list returns the requests to ask: those of the flags and of the file.
func (f *requestFlags) list(s *streams) ([]asked, error) {
	if f.expect != "" && f.expect != "allowed" && f.expect != "denied" {
		return nil, usageErrorf("simulate: --expect %s is not allowed or denied", f.expect)
	}
	given, err := givenContext("simulate", f.context)
	if err != nil {
		return nil, err
	}
	actions, err := f.expandActions(s.Err)
	if err != nil {
		return nil, err
	}
	var out []asked
	for _, action := range actions {
		for _, resource := range f.resources {
			out = append(out, asked{action, resource, given, f.expect})
		}
	}
	if f.requests == "" {
		return out, nil
	}
	fromFile, err := f.readRequests(s, given)
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	return append(out, fromFile...), nil
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
	changes, expects, aws := false, false, false
	for _, a := range answers {
		changes, expects, aws = changes || a.Before != nil, expects || a.Expected != nil && !a.Expected.Met, aws || a.AWS != nil
	}
	head := []string{"DECISION"}
	if changes {
		head = []string{"BEFORE", "AFTER"}
	}
	if aws {
		head = append(head, "AWS SAYS")
	}
	if expects {
		head = append(head, "EXPECTED")
	}
	fmt.Fprintln(w, strings.Join(append(head, "ACTION", "RESOURCE", "BECAUSE"), "\t"))
	for _, a := range answers {
		row := []string{outcome{a.Decision, a.Depends}.String()}
		if changes {
			row = []string{a.Before.String(), row[0]}
		}
		if aws {
			row = append(row, a.AWS.String())
		}
		if expects {
			row = append(row, a.expected())
		}
		fmt.Fprintln(w, strings.Join(append(row, a.Action, a.Resource, a.because()), "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if changes {
		opened, closed := 0, 0
		for _, a := range answers {
			was, is := a.Before.Decision == policy.Allowed, a.Decision == policy.Allowed
			if is && !was {
				opened++
			}
			if was && !is {
				closed++
			}
		}
		fmt.Fprintf(out, "\nof %d requests the change allows %d that were denied and denies %d that were allowed\n", len(answers), opened, closed)
	}
	for _, a := range answers {
		for _, n := range a.NearMiss {
			fmt.Fprintf(out, "\n%s on %s %s\n", a.Action, a.Resource, n)
		}
		if a.Grant != nil && len(a.NearMiss) == 0 {
			fmt.Fprint(out, a.grantLine())
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

// because says in a few words what decided.
func (a answer) because() string {
	if len(a.Deciding) > 0 {
		return a.Deciding[0].String()
	}
	if l := narrow(a); l != nil {
		return "the " + string(l.Layer) + " layer does not allow it"
	}
	if a.Decision == policy.Allowed {
		return "needs no permission"
	}
	return "nothing allows it"
}

func (a answer) expected() string {
	switch {
	case a.Expected == nil:
		return ""
	case a.Expected.Met:
		return a.Expected.Expect
	case a.Depends:
		return a.Expected.Expect + ": NOT CERTAIN"
	}
	return a.Expected.Expect + ": NOT MET"
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

// callerContext is what the caller's ARN says for certain: IAM User Guide,
// "AWS global condition context keys".
func callerContext(caller policy.Principal) policy.Context {
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
	return context
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

// resourceOf finds the account of a resource where nobody gives it.
func resourceOf(arn, owner string, caller policy.Principal) policy.Resource {
	r := policy.Resource{ARN: arn, Account: owner}
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
