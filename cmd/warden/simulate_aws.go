package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/app"
	"warden/policy"
	"warden/policy/catalog"
)

// awsAnswer is what AWS's own policy simulator says of a request.
type awsAnswer struct {
	Decision string   `json:"decision"` // allowed, explicitDeny, implicitDeny
	Missing  []string `json:"missing,omitempty"`
	Agrees   bool     `json:"agrees"`
}

func (a *awsAnswer) String() string {
	switch {
	case a == nil:
		return "not asked"
	case a.Agrees:
		return a.Decision
	}
	return a.Decision + " DIFFERS"
}

// actionsACall keeps the simulator's answers to one page for most calls.
const actionsACall = 50

// compare asks AWS's simulator the same questions, and tells whether some
// answer differs. It asks for the principal as he is where nothing is changed
// and the account is the live one, otherwise with his policies as text.
//
// Source: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy.
func (f *requestFlags) compare(ctx context.Context, w who, answers []answer, list []asked) (differ bool, err error) {
	if len(f.session)+len(f.scps)+len(f.rcps) > 0 {
		return false, usageErrorf("simulate: --compare-aws: AWS's simulator takes no session, service control or resource control policies")
	}
	clients, err := app.Connect(ctx, *f.aws)
	if err != nil {
		return false, err
	}
	if w, err = f.changed(&streams{Err: nopWriter{}}, w); err != nil {
		return false, err
	}
	sim := simulator{api: clients.IAM}
	if f.live && len(f.changes) == 0 {
		sim.source = w.arn()
	} else if sim.identity, sim.boundary, sim.resource, err = documentsOf(w); err != nil {
		return false, err
	}
	if sim.resource != "" {
		sim.caller, sim.owner = w.arn(), f.owner
	}
	for _, g := range groups(list) {
		found, err := sim.ask(ctx, list[g[0]], actionsOf(list, g))
		if err != nil {
			return false, fmt.Errorf("simulate: ask AWS: %w", err)
		}
		for _, i := range g {
			r, ok := found[strings.ToLower(list[i].action)]
			if !ok {
				continue
			}
			r.Agrees = r.Decision == simulatorWord[answers[i].Decision]
			answers[i].AWS = &r
			differ = differ || !r.Agrees
		}
	}
	return differ, nil
}

type nopWriter struct{}

func (nopWriter) Write(p []byte) (int, error) { return len(p), nil }

// simulatorWord is how AWS's simulator calls our decisions.
var simulatorWord = map[policy.Decision]string{
	policy.Allowed: "allowed", policy.ExplicitlyDenied: "explicitDeny", policy.ImplicitlyDenied: "implicitDeny",
}

// groups puts together requests that differ by their action only.
func groups(list []asked) [][]int {
	var out [][]int
	byRest := map[string]int{}
	for i, q := range list {
		text, err := json.Marshal(q.context)
		if err != nil {
			text = fmt.Append(nil, i) // on its own
		}
		key := q.resource + "\x00" + string(text)
		at, ok := byRest[key]
		if !ok || len(out[at]) == actionsACall {
			at = len(out)
			byRest[key] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], i)
	}
	return out
}

func actionsOf(list []asked, group []int) []string {
	var out []string
	for _, i := range group {
		if !slices.Contains(out, list[i].action) {
			out = append(out, list[i].action)
		}
	}
	return out
}

// documentsOf returns the policies as text.
func documentsOf(w who) (identity, boundary []string, resource string, err error) {
	var p policy.Policies
	switch w := w.(type) {
	case *filesWho:
		p = w.policies
	case *accountWho:
		p = w.principal.Policies()
	}
	text := func(docs []*policy.Document) (out []string) {
		for _, d := range docs {
			b, e := json.Marshal(d)
			if e != nil {
				err = e
			}
			out = append(out, string(b))
		}
		return out
	}
	if p.Resource != nil {
		resource = text([]*policy.Document{p.Resource})[0]
	}
	return text(slices.Concat(p.Identity, p.Group)), text(p.Boundary), resource, err
}

// simulator asks AWS's policy simulator.
type simulator struct {
	api interface {
		iam.SimulatePrincipalPolicyAPIClient
		iam.SimulateCustomPolicyAPIClient
	}
	source                  string // ARN of the principal; "" for policies as text
	identity, boundary      []string
	resource, caller, owner string
}

// ask asks for several actions on one resource, by action in lower case.
func (s simulator) ask(ctx context.Context, q asked, actions []string) (map[string]awsAnswer, error) {
	entries := contextEntries(q.context)
	resources := []string{q.resource}
	out := map[string]awsAnswer{}
	add := func(results []types.EvaluationResult) {
		for _, r := range results {
			a := awsAnswer{Decision: string(r.EvalDecision), Missing: r.MissingContextValues}
			for _, of := range r.ResourceSpecificResults {
				a.Missing = append(a.Missing, of.MissingContextValues...)
			}
			out[strings.ToLower(aws.ToString(r.EvalActionName))] = a
		}
	}
	if s.source != "" {
		pages := iam.NewSimulatePrincipalPolicyPaginator(s.api, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String(s.source), ActionNames: actions, ResourceArns: resources, ContextEntries: entries})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			add(page.EvaluationResults)
		}
		return out, nil
	}
	in := &iam.SimulateCustomPolicyInput{PolicyInputList: s.identity, PermissionsBoundaryPolicyInputList: s.boundary,
		ActionNames: actions, ResourceArns: resources, ContextEntries: entries}
	if in.PolicyInputList == nil {
		in.PolicyInputList = []string{}
	}
	if s.resource != "" {
		in.ResourcePolicy, in.CallerArn = aws.String(s.resource), aws.String(s.caller)
		if s.owner != "" {
			in.ResourceOwner = aws.String("arn:aws:iam::" + s.owner + ":root")
		}
	}
	pages := iam.NewSimulateCustomPolicyPaginator(s.api, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		add(page.EvaluationResults)
	}
	return out, nil
}

// contextEntries says the context in the simulator's types.
func contextEntries(c policy.Context) []types.ContextEntry {
	var out []types.ContextEntry
	for name, v := range c {
		if len(v.Values) == 0 {
			continue // absent
		}
		kind := types.ContextKeyTypeEnumString
		if known := catalog.ConditionKey(name); known != nil {
			switch known.Type.Element() {
			case catalog.Bool:
				kind = types.ContextKeyTypeEnumBoolean
			case catalog.Numeric:
				kind = types.ContextKeyTypeEnumNumeric
			case catalog.Date:
				kind = types.ContextKeyTypeEnumDate
			case catalog.IPAddress:
				kind = types.ContextKeyTypeEnumIp
			}
		}
		if v.Multi {
			kind += "List"
		}
		out = append(out, types.ContextEntry{ContextKeyName: aws.String(name), ContextKeyType: kind, ContextKeyValues: v.Values})
	}
	slices.SortFunc(out, func(a, b types.ContextEntry) int { return strings.Compare(*a.ContextKeyName, *b.ContextKeyName) })
	return out
}
