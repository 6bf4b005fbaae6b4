package twin

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/policy"
)

// simulateOperations are AWS's policy simulator. The twin answers it with the
// engine that it decides requests with, so it tells nothing about AWS that the
// engine does not know.
func simulateOperations() map[string]operation {
	return map[string]operation{
		"SimulatePrincipalPolicy": act(onSource, simulatePrincipalPolicy, "PolicySourceArn", "ActionNames"),
		"SimulateCustomPolicy":    act(onAll, simulateCustomPolicy, "PolicyInputList", "ActionNames"),
	}
}

func onSource(_ *call, v reflect.Value) (entity, error) {
	return entity{arn: param(v, "PolicySourceArn")}, nil
}

// simulation is what is common to both operations.
type simulation struct {
	actions, resources []string
	entries            []types.ContextEntry
	owner, resource    *string // ResourceOwner and ResourcePolicy
	caller             *string
	identity, boundary []string // further policies, as text
	marker             *string
	max                *int32

	source   policy.Principal
	policies policy.Policies
	kinds    map[string]types.PolicySourceType // of the policies, by name
}

func simulatePrincipalPolicy(c *call, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	s := simulation{actions: in.ActionNames, resources: in.ResourceArns, entries: in.ContextEntries, owner: in.ResourceOwner, resource: in.ResourcePolicy,
		caller: in.CallerArn, identity: in.PolicyInputList, boundary: in.PermissionsBoundaryPolicyInputList, marker: in.Marker, max: in.MaxItems}
	if err := s.of(c, text(in.PolicySourceArn)); err != nil {
		return nil, err
	}
	results, next, more, err := s.run(c)
	if err != nil {
		return nil, err
	}
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: results, Marker: next, IsTruncated: more}, nil
}

func simulateCustomPolicy(c *call, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	s := simulation{actions: in.ActionNames, resources: in.ResourceArns, entries: in.ContextEntries, owner: in.ResourceOwner, resource: in.ResourcePolicy,
		caller: in.CallerArn, identity: in.PolicyInputList, boundary: in.PermissionsBoundaryPolicyInputList, marker: in.Marker, max: in.MaxItems,
		source: policy.Principal{Type: policy.User, ARN: "arn:" + c.t.partition + ":iam::" + c.t.account + ":user/simulated", Account: c.t.account}}
	results, next, more, err := s.run(c)
	if err != nil {
		return nil, err
	}
	return &iam.SimulateCustomPolicyOutput{EvaluationResults: results, Marker: next, IsTruncated: more}, nil
}

// of takes the policies of a user, group or role of the account.
func (s *simulation) of(c *call, arn string) error {
	a, err := account.ParseARN(arn)
	if err != nil {
		return refuse(400, "ValidationError", "Invalid ARN %s", arn)
	}
	missing := fail(404, "NoSuchEntity", "The entity with ARN %s cannot be found.", arn)
	s.source = policy.Principal{Type: policy.User, ARN: arn, Account: a.Account}
	switch a.Type() {
	case "user":
		u := c.state.users.get(a.Name())
		if u == nil || u.ARN != arn {
			return missing
		}
		s.policies = c.state.userPolicies(u)
	case "group":
		g := c.state.groups.get(a.Name())
		if g == nil || g.ARN != arn {
			return missing
		}
		s.policies.Group = slices.Concat(c.state.documents(g.Attached), g.inline)
	case "role":
		r := c.state.roles.get(a.Name())
		if r == nil || r.ARN != arn {
			return missing
		}
		s.policies = c.state.rolePolicies(r, &session{})
		s.source = policy.Principal{Type: policy.Session, ARN: strings.Replace(arn, ":iam:", ":sts:", 1), RoleARN: arn, Account: a.Account}
	default:
		return refuse(400, "ValidationError", "Invalid ARN %s: want a user, group or role", arn)
	}
	return nil
}

// run simulates every action on every resource, in pages.
func (s *simulation) run(c *call) (results []types.EvaluationResult, next *string, more bool, err error) {
	if err := s.read(); err != nil {
		return nil, nil, false, err
	}
	if len(s.resources) == 0 {
		s.resources = []string{"*"}
	}
	type question struct{ key, action, resource string }
	var all []question
	for i, action := range s.actions {
		if !strings.Contains(action, ":") || strings.ContainsAny(action, "*?") {
			return nil, nil, false, fail(400, "InvalidInput", "Invalid Action: %s", action)
		}
		for j, r := range s.resources {
			all = append(all, question{fmt.Sprintf("%06d %06d", i, j), action, r})
		}
	}
	part, next, more, err := page(c, all, func(q question) string { return q.key }, s.marker, s.max)
	if err != nil {
		return nil, nil, false, err
	}
	results = []types.EvaluationResult{}
	for _, q := range part {
		results = append(results, s.result(c, q.action, q.resource))
	}
	return results, next, more, nil
}

// read takes the policies that the request brings.
func (s *simulation) read() error {
	s.kinds = map[string]types.PolicySourceType{}
	for _, d := range s.policies.Group {
		s.kinds[d.Name] = types.PolicySourceTypeGroup
	}
	for i, d := range s.identity {
		doc, err := policy.Parse("PolicyInputList."+strconv.Itoa(i+1), []byte(d))
		if err != nil {
			return fail(400, "InvalidInput", "Syntax errors in policy. (%v)", err)
		}
		s.policies.Identity = append(s.policies.Identity, doc)
		s.kinds[doc.Name] = types.PolicySourceTypeNone
	}
	if len(s.boundary) > 0 {
		s.policies.Boundary = nil // it takes the place of the principal's own
	}
	for i, d := range s.boundary {
		doc, err := policy.Parse("PermissionsBoundaryPolicyInputList."+strconv.Itoa(i+1), []byte(d))
		if err != nil {
			return fail(400, "InvalidInput", "Syntax errors in policy. (%v)", err)
		}
		s.policies.Boundary = append(s.policies.Boundary, doc)
	}
	if s.resource == nil {
		return nil
	}
	// "If you include a ResourcePolicy … you must also include a CallerArn":
	// the ARN of a user (IAM API Reference, SimulateCustomPolicy).
	caller, err := account.ParseARN(text(s.caller))
	if err != nil || caller.Type() != "user" {
		return fail(400, "InvalidInput", "CallerArn must be the ARN of an IAM user when a ResourcePolicy is given")
	}
	s.source = policy.Principal{Type: policy.User, ARN: text(s.caller), Account: caller.Account}
	if s.policies.Resource, err = policy.Parse("ResourcePolicy", []byte(*s.resource)); err != nil {
		return fail(400, "InvalidInput", "Syntax errors in policy. (%v)", err)
	}
	return nil
}

// context is what the request says, and what the principal's ARN says.
func (s *simulation) context() policy.Context {
	ctx := policy.Context{}
	arn := s.source.ARN
	if s.source.RoleARN != "" {
		arn = s.source.RoleARN
	}
	ctx.Set("aws:PrincipalArn", policy.One(arn))
	ctx.Set("aws:PrincipalAccount", policy.One(s.source.Account))
	if s.source.Type == policy.User {
		ctx.Set("aws:username", policy.One(nameOf(arn)))
		ctx.Set("aws:PrincipalType", policy.One("User"))
	} else {
		ctx.Set("aws:PrincipalType", policy.One("AssumedRole"))
	}
	for _, e := range s.entries {
		v := policy.Many(e.ContextKeyValues...)
		if !strings.HasSuffix(string(e.ContextKeyType), "List") {
			v.Multi = false
		}
		ctx.Set(text(e.ContextKeyName), v)
	}
	return ctx
}

var simulatorDecision = map[policy.Decision]types.PolicyEvaluationDecisionType{
	policy.Allowed:          types.PolicyEvaluationDecisionTypeAllowed,
	policy.ExplicitlyDenied: types.PolicyEvaluationDecisionTypeExplicitDeny,
	policy.ImplicitlyDenied: types.PolicyEvaluationDecisionTypeImplicitDeny,
}

func (s *simulation) result(c *call, action, resource string) types.EvaluationResult {
	owner := s.source.Account
	if o, err := account.ParseARN(text(s.owner)); err == nil {
		owner = o.Account
	} else if a, err := account.ParseARN(resource); err == nil && a.Account != "" {
		owner = a.Account
	}
	p := s.policies
	if c.t.org != nil {
		p.SCPs = c.t.org.judged.at(c.now).levels[s.source.Account]
	}
	r := policy.Evaluate(policy.Request{Principal: s.source, Action: action, Resource: policy.Resource{ARN: resource, Account: owner}, Context: s.context()}, p)
	out := types.EvaluationResult{
		EvalActionName: aws.String(action), EvalResourceName: aws.String(resource), EvalDecision: simulatorDecision[r.Decision],
		MatchedStatements: s.matched(r), MissingContextValues: orNone(r.Missing),
	}
	for _, l := range r.Layers {
		switch l.Layer {
		case policy.LayerBoundary:
			out.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: l.Decision == policy.Allowed}
		case policy.LayerSCP:
			if out.OrganizationsDecisionDetail == nil {
				out.OrganizationsDecisionDetail = &types.OrganizationsDecisionDetail{AllowedByOrganizations: true}
			}
			if l.Decision != policy.Allowed {
				out.OrganizationsDecisionDetail.AllowedByOrganizations = false
			}
		}
	}
	if resource != "*" {
		// With a list of resources what is missing stands with each of them.
		out.ResourceSpecificResults = []types.ResourceSpecificResult{{
			EvalResourceName: out.EvalResourceName, EvalResourceDecision: out.EvalDecision, MatchedStatements: out.MatchedStatements,
			MissingContextValues: out.MissingContextValues, PermissionsBoundaryDecisionDetail: out.PermissionsBoundaryDecisionDetail,
		}}
		out.MissingContextValues = []string{}
	}
	return out
}

func (s *simulation) matched(r policy.Result) []types.Statement {
	out := []types.Statement{}
	for _, ref := range r.Deciding() {
		kind, ok := s.kinds[ref.Policy]
		if !ok {
			kind = types.PolicySourceTypeUser
			if s.source.Type == policy.Session {
				kind = types.PolicySourceTypeRole
			}
		}
		if ref.Policy == "ResourcePolicy" {
			kind = types.PolicySourceTypeResource
		}
		out = append(out, types.Statement{SourcePolicyId: aws.String(ref.Policy), SourcePolicyType: kind,
			StartPosition: &types.Position{Line: int32(ref.Line), Column: int32(ref.Column)}})
	}
	return out
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
