package escalation

import (
	"fmt"
	"slices"
	"strings"

	"warden/account/authorize"
	"warden/policy"
)

// prove asks the engine for everything that the path needs; nil if the answer
// is not good enough for now.
func (s *search) prove(n *node, p *Path, t *node) *Step {
	step := &Step{Path: p, From: n.Principal, State: authorize.Allowed}
	if p.Kind != Self && p.Kind != Raise {
		step.To = t.Principal
	}
	if p.Kind == Raise {
		step.Through = t.ARN
	}
	if !s.conditions(p, t, step) {
		return nil
	}
	if p.Service != "" {
		f := s.frees(n.class, p)
		step.State, step.Evidence = worst(step.State, f.state), append(step.Evidence, f.evidence...)
		step.add(s.authorizer.ServiceMayAssume(t.ARN, p.Service))
		last := &step.Evidence[len(step.Evidence)-1]
		last.Action += " by " + p.Service
	}
	for _, need := range p.Needs {
		if !s.good(step.State) {
			return nil
		}
		if need.On != Something {
			s.need(n, p, need, t, step)
		}
	}
	if !s.good(step.State) {
		return nil
	}
	s.after(n, p, t, step)
	if !s.good(step.State) {
		return nil
	}
	for i := range step.Evidence {
		e := &step.Evidence[i]
		for _, k := range e.DependsOn {
			step.hangs(k)
		}
		for _, w := range e.Why {
			step.hangs(w)
		}
	}
	return step
}

func (step *Step) hangs(on string) {
	if !slices.Contains(step.HangsOn, on) {
		step.HangsOn = append(step.HangsOn, on)
	}
}

func (step *Step) add(a authorize.Answer) {
	step.State = worst(step.State, a.State)
	if a.State != authorize.Denied {
		step.Evidence = append(step.Evidence, evidence(a))
	}
}

// conditions notes what must exist beside.
func (s *search) conditions(p *Path, t *node, step *Step) bool {
	if !s.applies(p, t) {
		return false
	}
	if p.If != "" {
		step.State = authorize.Depends
		step.hangs("whether " + p.If)
	}
	if p.applies != nil {
		if _, hangs := p.applies(s, t); hangs != "" {
			step.State = authorize.Depends
			step.hangs("whether " + hangs)
		}
	}
	return true
}

// need asks for one permission, on the best of the resources that will do.
func (s *search) need(n *node, p *Path, need Need, t *node, step *Step) {
	best := authorize.Answer{State: authorize.Denied}
	var more []Evidence
	through := ""
	for _, arn := range s.resources(n, need, t) {
		a := s.permission(n, p, need.Action, arn)
		var extra []Evidence
		if need.Action == "iam:CreatePolicyVersion" && a.State != authorize.Denied && s.full(arn) {
			// A policy has five versions at most. IAM User Guide, "IAM
			// and AWS STS quotas".
			room := s.permission(n, p, "iam:DeletePolicyVersion", arn)
			a.State = worst(a.State, room.State)
			extra = []Evidence{evidence(room)}
		}
		if rank(a.State) < rank(best.State) {
			best, more, through = a, extra, arn
		}
		if best.State == authorize.Allowed {
			break
		}
	}
	step.add(best)
	step.Evidence = append(step.Evidence, more...)
	if need.On != Target && need.On != Himself && p.Kind != Raise {
		step.Through = through
	}
}

func (s *search) full(policyARN string) bool {
	p := s.policies[policyARN]
	return p != nil && len(p.Versions) >= 5
}

// permission puts a question with the context that goes with the path: the policy
// that is attached is AdministratorAccess, the service is the path's.
func (s *search) permission(n *node, p *Path, action, arn string) authorize.Answer {
	r := authorize.Request{Action: action, Resource: arn}
	switch {
	case action == "iam:PassRole":
		r.Context = policy.Context{"iam:passedtoservice": policy.One(p.Service)}
	case strings.HasPrefix(action, "iam:Attach"):
		r.Context = policy.Context{"iam:policyarn": policy.One(s.administratorAccess())}
	}
	return s.ask(n, r, p.Service)
}

// resources are those on any of which the need may hold.
func (s *search) resources(n *node, need Need, t *node) []string {
	switch need.On {
	case Himself:
		return []string{n.ARN}
	case Target:
		return []string{t.ARN}
	case OwnGroup:
		return s.groupARNs(n)
	case OwnPolicy:
		return s.customerPolicies(n)
	case TargetPolicy:
		return s.customerPolicies(t)
	case NewGroup:
		return s.joins(n)
	case Provider:
		return s.providers(t)
	}
	return nil
}

func (s *search) groupARNs(n *node) []string {
	var out []string
	if n.user != nil {
		for _, name := range n.user.Groups {
			if g := s.groups[name]; g != nil {
				out = append(out, g.ARN)
			}
		}
	}
	return out
}

// customerPolicies are the policies of a user, his groups, or a role, that the
// account may change.
func (s *search) customerPolicies(n *node) []string {
	var attached []string
	if n.role != nil {
		attached = n.role.Attached
	} else {
		attached = slices.Clone(n.user.Attached)
		for _, name := range n.user.Groups {
			if g := s.groups[name]; g != nil {
				attached = append(attached, g.Attached...)
			}
		}
	}
	var out []string
	for _, arn := range attached {
		if p := s.policies[arn]; p != nil && !p.AWSManaged() {
			out = append(out, arn)
		}
	}
	return out
}

// after proves what the caller has once the permissions are used.
func (s *search) after(n *node, p *Path, t *node, step *Step) {
	for _, need := range p.Needs {
		switch need.Action {
		case "iam:UpdateAssumeRolePolicy":
			s.rewritten(n, t, step)
		case "iam:UpdateSAMLProvider":
			s.federated(t, step)
		}
	}
	gets := n
	if p.Kind == Raise {
		gets = t
	}
	if p.Kind == Self && p.Needs[0].On == NewGroup {
		step.State = worst(step.State, s.makes(n, step.Through))
		return
	}
	if p.Kind == Self || p.Kind == Raise {
		state, hangs, proof := s.raised(n, gets)
		step.State = worst(step.State, state)
		step.Evidence = append(step.Evidence, proof...)
		for _, h := range hangs {
			step.hangs(h)
		}
	}
}

// rewritten asks whether he may assume the role once its trust policy names
// him.
func (s *search) rewritten(n *node, t *node, step *Step) {
	trust, err := policy.Parse("the trust policy that he writes", fmt.Appendf(nil,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}}`, n.ARN))
	if err != nil {
		step.State = authorize.Unknown
		step.hangs(err.Error())
		return
	}
	step.add(s.authorizer.Suppose(n.Principal, authorize.Request{Action: "sts:AssumeRole", Resource: t.ARN}, func(p *policy.Policies) { p.Resource = trust }))
}

// federated asks whether the trust policy lets in who comes with the
// provider's word. What that says is his to choose.
func (s *search) federated(t *node, step *Step) {
	d, _ := s.authorizer.Trust(t.ARN)
	best := authorize.Denied
	for _, arn := range s.providers(t) {
		r := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.Federated, ARN: arn}, Action: "sts:AssumeRoleWithSAML",
			Resource: policy.Resource{ARN: t.ARN, Account: s.snapshot.Account},
			Context:  policy.Context{"saml:aud": policy.One("https://signin.aws.amazon.com/saml")},
		}, policy.Policies{Resource: d})
		state := authorize.Denied
		switch {
		case len(r.Unknown) > 0:
			state = authorize.Unknown
		case r.Decision == policy.Allowed:
			state = authorize.Allowed
		case len(r.Missing) > 0:
			state = authorize.Depends
			for _, k := range r.Missing {
				step.hangs(k)
			}
		}
		if rank(state) < rank(best) {
			best = state
		}
	}
	step.State = worst(step.State, best)
}
