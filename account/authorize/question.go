package authorize

import (
	"strings"

	"warden/policy"
)

// Question is a request, prepared once to be asked of many principals. It is
// not safe for concurrent use.
type Question struct {
	k *asker
	q *query
}

// Question prepares a request.
func (a *Authorizer) Question(r Request) *Question {
	return &Question{k: a.newAsker(), q: a.prepare(r)}
}

// Also prepares another request, which shares the memory of this one.
func (x *Question) Also(r Request) *Question { return &Question{k: x.k, q: x.k.a.prepare(r)} }

// Ask answers the question for one principal; ok is false for a denial.
func (x *Question) Ask(p *Principal) (answer Answer, ok bool) {
	if x.k.denied(p, x.q) {
		return Answer{}, false
	}
	answer = x.k.ask(p, x.q)
	return answer, answer.State != Denied
}

// Suppose answers a question as if the policies that apply were others.
// change gets them to itself, but not the slices in them.
func (a *Authorizer) Suppose(p *Principal, r Request, change func(*policy.Policies)) Answer {
	k, q := a.newAsker(), a.prepare(r)
	k.pose(p, q)
	k.keys(p, q)
	change(&k.policies)
	out := Answer{Principal: p, Request: r, Result: policy.Evaluate(k.request, k.policies)}
	out.State, out.DependsOn, out.Why = judge(out.Result)
	if len(p.Doubts) > 0 && (out.State != Denied || out.Result.Decision != policy.ExplicitlyDenied) {
		k.doubt(p, &out)
	}
	return out
}

// Trust returns the trust policy of a role of the account; nil, and why, where
// the snapshot does not tell it.
func (a *Authorizer) Trust(role string) (d *policy.Document, why string) {
	t := a.targets[role]
	if t.trust == nil {
		return nil, t.noTrust
	}
	return t.trust.Document, ""
}

// ServiceMayAssume asks whether the trust policy of a role lets a service of
// AWS ("lambda.amazonaws.com") assume it on behalf of this account. The ARN of
// the resource that the service acts for stays open.
func (a *Authorizer) ServiceMayAssume(role, service string) Answer {
	r := Request{Action: "sts:AssumeRole", Resource: role}
	t := a.targets[role]
	if t.trust == nil {
		return Answer{Request: r, State: Unknown, Why: []string{t.noTrust}}
	}
	context := policy.Context{}
	for _, f := range a.always {
		if !strings.HasPrefix(f.key, "aws:source") {
			context[f.key] = f.value
		}
	}
	for key, v := range map[string]policy.Value{
		"aws:principalisawsservice": policy.One("true"),
		"aws:principalservicename":  policy.One(service),
		"aws:sourceaccount":         policy.One(a.account),
		"aws:resourceaccount":       policy.One(a.account),
		"aws:principalarn":          policy.Absent(),
		"aws:principalaccount":      policy.Absent(),
		"sts:externalid":            policy.Absent(),
	} {
		context[key] = v
	}
	out := Answer{Request: r, Result: policy.Evaluate(policy.Request{
		Principal: policy.Principal{Type: policy.Service, ARN: service}, Action: r.Action,
		Resource: policy.Resource{ARN: role, Account: a.account}, Context: context,
	}, policy.Policies{Resource: t.trust.Document})}
	out.State, out.DependsOn, out.Why = judge(out.Result)
	return out
}
