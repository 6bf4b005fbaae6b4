package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/cases"
)

// question is a case as package cases reads it, with the feature that it has.
type question struct {
	Feature   string    `json:"feature,omitempty"`
	ID        string    `json:"id"`
	Request   request   `json:"request"`
	Identity  []doc     `json:"identityPolicies"`
	Boundary  []doc     `json:"boundaryPolicies"`
	Session   []doc     `json:"sessionPolicies,omitempty"`
	SCPs      []level   `json:"scps,omitempty"`
	RCPs      []level   `json:"rcps,omitempty"`
	Resource  *doc      `json:"resourcePolicy,omitempty"`
	Endpoints []doc     `json:"endpointPolicies,omitempty"`
	Expected  string    `json:"expected"`
	target    *target   // what is asked for
	values    valuesOf  // of its context
	caller    principal // who asks
}

type request struct {
	Principal principal      `json:"principal"`
	Action    string         `json:"action"`
	Resource  resource       `json:"resource"`
	Context   map[string]any `json:"context"`
}

type principal struct {
	Type    string `json:"type"`
	ARN     string `json:"arn,omitempty"`
	Account string `json:"account,omitempty"`
	RoleARN string `json:"roleArn,omitempty"`
	UserARN string `json:"userArn,omitempty"`
}

type resource struct {
	ARN     string `json:"arn"`
	Account string `json:"account"`
}

type level struct {
	Level    string `json:"level"`
	Policies []doc  `json:"policies"`
}

type doc struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid          string `json:",omitempty"`
	Effect       string
	Principal    any                       `json:",omitempty"`
	NotPrincipal any                       `json:",omitempty"`
	Action       []string                  `json:",omitempty"`
	NotAction    []string                  `json:",omitempty"`
	Resource     []string                  `json:",omitempty"`
	NotResource  []string                  `json:",omitempty"`
	Condition    map[string]map[string]any `json:",omitempty"`
}

// target is an action with a resource that it acts on, and patterns that cover
// one, the other, both or neither.
type target struct {
	action, arn         string
	owned               bool // the ARN names no account
	hasPolicy           bool // such resources have policies
	actions, resources  []string
	alwaysAsksForPolicy bool // its own account is not trusted by itself
	keys                []string
}

const (
	us    = "111122223333"
	them  = "444455556666"
	org   = "o-exampleorg"
	other = "o-elsewhere"
)

var targets = []target{
	{action: "s3:GetObject", arn: "arn:aws:s3:::data/in/a.txt", owned: true, hasPolicy: true, actions: []string{"s3:GetObject", "s3:Get*", "s3:*", "*", "s3:PutObject", "S3:getobject", "s3:?etObject"},
		resources: []string{"*", "arn:aws:s3:::data/*", "arn:aws:s3:::data/in/a.txt", "arn:aws:s3:::da?a/in/*", "arn:aws:s3:::other/*", "arn:aws:s3:::data", "arn:*:s3:::data/*"}},
	{action: "s3:ListBucket", arn: "arn:aws:s3:::data", owned: true, hasPolicy: true, actions: []string{"s3:ListBucket", "s3:List*", "s3:*", "*", "s3:GetObject"}, keys: []string{"s3:prefix"},
		resources: []string{"*", "arn:aws:s3:::data", "arn:aws:s3:::data/*", "arn:aws:s3:::d*", "arn:aws:s3:::other"}},
	{action: "sqs:SendMessage", arn: "arn:aws:sqs:eu-west-1:ACCOUNT:jobs", hasPolicy: true, actions: []string{"sqs:SendMessage", "sqs:Send*", "sqs:*", "*", "sqs:ReceiveMessage"},
		resources: []string{"*", "arn:aws:sqs:eu-west-1:ACCOUNT:jobs", "arn:aws:sqs:*:ACCOUNT:*", "arn:aws:sqs:us-east-1:ACCOUNT:jobs", "arn:aws:sqs:*:*:j*s"}},
	{action: "kms:Decrypt", arn: "arn:aws:kms:eu-west-1:ACCOUNT:key/1234abcd-12ab-34cd-56ef-1234567890ab", hasPolicy: true, alwaysAsksForPolicy: true, actions: []string{"kms:Decrypt", "kms:De*", "kms:*", "*", "kms:Encrypt"},
		resources: []string{"*", "arn:aws:kms:eu-west-1:ACCOUNT:key/*", "arn:aws:kms:*:ACCOUNT:key/1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:us-east-1:*:*"}},
	{action: "iam:DeleteUser", arn: "arn:aws:iam::ACCOUNT:user/ops/ben", actions: []string{"iam:DeleteUser", "iam:Delete*", "iam:*", "*", "iam:GetUser"},
		resources: []string{"*", "arn:aws:iam::ACCOUNT:user/ops/ben", "arn:aws:iam::ACCOUNT:user/*", "arn:aws:iam::*:user/*/ben", "arn:aws:iam::ACCOUNT:role/*"}},
	{action: "ec2:DescribeInstances", arn: "*", actions: []string{"ec2:DescribeInstances", "ec2:Describe*", "*", "ec2:RunInstances"}, resources: []string{"*", "*", "arn:aws:ec2:*:*:instance/*"}},
	{action: "dynamodb:GetItem", arn: "arn:aws:dynamodb:eu-west-1:ACCOUNT:table/orders", actions: []string{"dynamodb:GetItem", "dynamodb:*Item", "dynamodb:*", "*", "dynamodb:Query"},
		resources: []string{"*", "arn:aws:dynamodb:*:ACCOUNT:table/orders", "arn:aws:dynamodb:eu-west-1:ACCOUNT:table/*", "arn:aws:dynamodb:*:*:table/o?ders", "arn:aws:dynamodb:*:*:table/other"}},
}

type generator struct{ *rand.Rand }

func pick[T any](g generator, list []T) T { return list[g.IntN(len(list))] }

// some is a subset of one to n values.
func some[T comparable](g generator, list []T, n int) []T {
	var out []T
	for range 1 + g.IntN(n) {
		if x := pick(g, list); !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// question makes one case and lets the engine say what it expects.
func (g generator) question(id string) *question {
	q := &question{ID: id}
	t := pick(g, targets)
	q.target = &t
	owner := us
	if t.hasPolicy && g.chance(15) {
		owner = them
	}
	q.caller = g.principal()
	q.Request = request{Principal: q.caller, Action: t.action, Resource: resource{strings.ReplaceAll(t.arn, "ACCOUNT", owner), owner}}
	q.values = g.context(q)
	q.Request.Context = q.values.context

	q.Identity, q.Boundary = []doc{}, []doc{}
	if q.caller.Type != "service" {
		for range 1 + g.IntN(2) {
			q.Identity = append(q.Identity, g.document(q, false))
		}
		if g.chance(20) {
			q.Boundary = append(q.Boundary, g.document(q, false))
		}
		if g.chance(25) {
			for i := range 1 + g.IntN(2) {
				q.SCPs = append(q.SCPs, level{fmt.Sprintf("level%d", i), []doc{g.document(q, false)}})
			}
		}
	}
	if t.hasPolicy && (owner == them || g.chance(40) || t.alwaysAsksForPolicy || q.caller.Type == "service") {
		d := g.document(q, true)
		q.Resource = &d
	}
	switch q.caller.Type {
	case "federated":
		// Without a session policy it has no permissions.
		q.Session = []doc{g.document(q, false)}
	case "session":
		// A grant by the resource to a session or to everybody counts in
		// spite of the session policy: one of the features.
		if q.Resource == nil && g.chance(25) {
			q.Session = []doc{g.document(q, false)}
		}
	}
	if g.chance(25) {
		q.Feature = g.feature(q)
	}
	q.expect()
	return q
}

// expect is what this engine decides.
func (q *question) expect() {
	q.Expected = policy.ImplicitlyDenied.String()
	line, err := json.Marshal(q)
	if err != nil {
		panic(err) // a question is plain data
	}
	c, err := cases.Parse(line)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", line, err))
	}
	q.Expected = policy.Decide(&c.Request, &c.Policies).String()
}

func (g generator) principal() principal {
	switch g.IntN(10) {
	case 0, 1, 2:
		return principal{Type: "session", ARN: "arn:aws:sts::" + us + ":assumed-role/app/s1", Account: us, RoleARN: "arn:aws:iam::" + us + ":role/app"}
	case 3:
		return principal{Type: "federated", ARN: "arn:aws:sts::" + us + ":federated-user/fed", Account: us, UserARN: "arn:aws:iam::" + us + ":user/ann"}
	}
	return principal{Type: "user", ARN: "arn:aws:iam::" + us + ":user/ann", Account: us}
}

// document is a policy; with a principal if it is a resource's.
func (g generator) document(q *question, ofResource bool) doc {
	d := doc{Version: "2012-10-17"}
	for i := range 1 + g.IntN(3) {
		s := statement{Sid: fmt.Sprintf("S%d", i), Effect: "Allow"}
		if g.chance(25) {
			s.Effect = "Deny"
		}
		actions := some(g, q.target.actions, 2)
		if g.chance(8) {
			s.NotAction = actions
		} else {
			s.Action = actions
		}
		var resources []string
		for _, r := range some(g, q.target.resources, 2) {
			resources = append(resources, strings.ReplaceAll(r, "ACCOUNT", q.Request.Resource.Account))
		}
		if g.chance(8) {
			s.NotResource = resources
		} else {
			s.Resource = resources
		}
		if ofResource {
			s.Principal = g.named(q)
		}
		if g.chance(45) {
			s.Condition = g.conditions(q)
		}
		d.Statement = append(d.Statement, s)
	}
	return d
}

// named is a Principal element. "*", a session's own ARN and the user behind a
// federated session are used only where the engines are known to agree.
func (g generator) named(q *question) any {
	list := []string{"arn:aws:iam::" + us + ":root", us, "arn:aws:iam::" + them + ":root", "arn:aws:iam::" + us + ":user/ben"}
	switch q.caller.Type {
	case "user":
		list = append(list, q.caller.ARN, q.caller.ARN)
		if g.chance(20) {
			return "*"
		}
	case "session":
		list = append(list, q.caller.RoleARN, q.caller.RoleARN, q.caller.ARN)
	}
	return map[string]any{"AWS": some(g, list, 2)}
}
