package reason

import (
	"slices"
	"strings"

	"warden/policy"
)

// linked tells whether a condition asks for a key that follows from who the
// caller is.
func (lo *lowering) linked() bool {
	return slices.ContainsFunc(linkedKeys, func(k string) bool { _, ok := lo.keyOf[k]; return ok })
}

// link writes down what is certain of the context keys of a caller. IAM User
// Guide, "AWS global condition context keys", on each key: aws:PrincipalArn is
// in all signed requests, and names the role of a session; aws:PrincipalAccount
// and aws:PrincipalType are in all requests; aws:PrincipalOrgID is there "only
// if the principal is a member of an organization"; only users have
// aws:username. Services, and those who present an identity provider's token,
// belong to no account, so that their keys name none.
func (lo *lowering) link(cl *class, c *census) {
	cl.facts = map[int]fact{}
	is := func(name string, values ...string) {
		lo.know(cl, name, fact{present: true, in: []*condition{exactly(values...)}})
	}
	not := func(name string) { lo.know(cl, name, fact{absent: true}) }
	p := &cl.caller
	a := p.Account
	switch {
	case p.Type == policy.Anonymous:
		not(keyARN)
		not(keyOrg)
		not(keyUserName)
		is(keyAccount, "anonymous")
		is(keyType, "Anonymous")
		return
	case a == "":
		if p.Type == policy.Service {
			is(keyIsService, "true")
		}
		not(keyUserName)
		not(keyOrg)
		lo.know(cl, keyAccount, fact{out: lo.like("????????????")})
		lo.know(cl, keyARN, fact{out: lo.like("arn:*:iam::*", "arn:*:sts::*")})
		return
	}
	is(keyAccount, a)
	is(keyIsService, "false")
	arn, kind, form, named := p.ARN, "User", "arn:aws*:iam::"+a+":user/?*", c.users
	switch p.Type {
	case policy.Session:
		arn, kind, form, named = p.RoleARN, "AssumedRole", "arn:aws*:iam::"+a+":role/?*", c.roles
	case policy.Federated:
		kind, form, named = "FederatedUser", "arn:aws*:sts::"+a+":federated-user/?*", c.federated
	case policy.Root:
		kind = "Account"
	}
	is(keyType, kind)
	switch {
	case p.Type != policy.User:
		not(keyUserName)
	case cl.generic:
		lo.know(cl, keyUserName, fact{present: true})
	default:
		is(keyUserName, arn[strings.LastIndexByte(arn, '/')+1:])
	}
	if !cl.generic {
		is(keyARN, arn)
		return
	}
	whoever, _ := lo.rd.arn(form, false, false)
	f := fact{present: true, in: []*condition{textCondition([]pattern{whoever})}, prefer: arn}
	if len(named) > 0 {
		f.out = exactly(named...)
	}
	lo.know(cl, keyARN, f)
}

func (lo *lowering) know(cl *class, name string, f fact) {
	if k, ok := lo.keyOf[name]; ok {
		cl.facts[k] = f
	}
}

// textCondition is a condition that a text matches one of the patterns.
func textCondition(patterns []pattern) *condition {
	return &condition{op: policy.Operator{Family: policy.FamilyLike}, list: newList(patterns)}
}

// like is a condition that a text matches one of the globs.
func (lo *lowering) like(globs ...string) *condition {
	patterns := make([]pattern, len(globs))
	for i, g := range globs {
		patterns[i], _ = lo.rd.glob(g, true, false, false)
	}
	return textCondition(patterns)
}

// exactly is a condition that a text is one of the values.
func exactly(values ...string) *condition {
	patterns := make([]pattern, len(values))
	for i, v := range values {
		patterns[i] = literalText(v)
	}
	return textCondition(patterns)
}

// becomes is the caller of this class whom aws:PrincipalArn names.
func (cl *class) becomes(arn string, sessions []string) policy.Principal {
	p := cl.caller
	if !cl.generic || arn == "" {
		return p
	}
	if p.Type != policy.Session {
		p.ARN = arn
		return p
	}
	return session(arn, p.Account, sessions)
}
