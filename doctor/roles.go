package doctor

import (
	"fmt"
	"strings"

	"warden/policy"
	"warden/policy/reason"
)

// probe is one call that a role must be able to make, or must not.
type probe struct {
	action, resource string
	attached         string // iam:PolicyARN; "" for none
	role             bool   // asked of the guard's role alone
}

// mayDo are what the guard's role needs to contain at all.
func (f *Facts) mayDo() []probe {
	user := f.arn("iam", "", "user/someone")
	out := []probe{
		{"iam:GetUser", user, "", true}, {"iam:ListGroupsForUser", user, "", true}, {"iam:ListAttachedUserPolicies", user, "", true},
		{"iam:AttachUserPolicy", user, f.Want.DenyPolicyARN, true},
		{"iam:GetPolicyVersion", f.Want.DenyPolicyARN, "", true},
		{"dynamodb:PutItem", f.arn("dynamodb", f.Home, "table/"+f.Want.Table), "", true},
		{"dynamodb:Query", f.arn("dynamodb", f.Home, "table/"+f.Want.Table), "", true},
	}
	for _, q := range f.Want.Queues {
		if !q.Dead {
			out = append(out, probe{"sqs:ReceiveMessage", q.ARN, "", true}, probe{"sqs:DeleteMessage", q.ARN, "", true})
		}
	}
	if f.Want.Topic != "" {
		out = append(out, probe{"sns:Publish", f.Want.Topic, "", true})
	}
	return out
}

// mayNotDo are calls by which somebody who stole one of warden's roles would
// free the contained, make himself an administrator, or cut the guard off.
// Those marked are the guard's role's; the responder may do some of them.
func (f *Facts) mayNotDo() []probe {
	user, app := f.arn("iam", "", "user/someone"), f.arn("iam", "", "role/someone")
	admin := "arn:" + f.Partition + ":iam::aws:policy/AdministratorAccess"
	out := []probe{
		{"iam:DetachUserPolicy", user, f.Want.DenyPolicyARN, false},
		{"iam:DetachRolePolicy", app, f.Want.DenyPolicyARN, false},
		{"iam:AttachUserPolicy", user, admin, false}, {"iam:AttachRolePolicy", app, admin, false},
		{"iam:PassRole", app, "", false}, {"iam:CreateUser", user, "", false}, {"iam:CreateAccessKey", user, "", false},
		{"iam:AddUserToGroup", f.arn("iam", "", "group/Administrators"), "", false}, {"iam:CreateLoginProfile", user, "", false},
		{"iam:CreatePolicyVersion", f.arn("iam", "", "policy/team"), "", false},
		{"iam:UpdateAssumeRolePolicy", app, "", false}, {"iam:CreateRole", app, "", false},
		{"iam:CreatePolicyVersion", f.Want.DenyPolicyARN, "", true}, {"iam:PutUserPolicy", user, "", true}, {"iam:PutRolePolicy", app, "", true},
		{"cloudtrail:StopLogging", f.arn("cloudtrail", f.Home, "trail/warden"), "", false},
		{"dynamodb:DeleteTable", f.arn("dynamodb", f.Home, "table/"+f.Want.Table), "", false},
		{"dynamodb:DeleteItem", f.arn("dynamodb", f.Home, "table/"+f.Want.Table), "", false},
		{"dynamodb:UpdateItem", f.arn("dynamodb", f.Home, "table/"+f.Want.Table), "", false},
	}
	for _, fn := range f.Want.Functions {
		out = append(out, probe{"lambda:UpdateFunctionCode", f.arn("lambda", f.Home, "function:"+fn.Name), "", false})
	}
	for _, r := range f.Want.Rules {
		out = append(out, probe{"events:DisableRule", f.arn("events", f.Home, "rule/"+r.Name), "", false})
	}
	for _, q := range f.Want.Queues {
		out = append(out, probe{"sqs:PurgeQueue", q.ARN, "", false}, probe{"sqs:SetQueueAttributes", q.ARN, "", false})
	}
	for _, r := range f.Want.Roles {
		out = append(out,
			probe{"iam:PutRolePolicy", r.ARN, "", false}, probe{"iam:AttachRolePolicy", r.ARN, admin, false},
			probe{"iam:UpdateAssumeRolePolicy", r.ARN, "", false}, probe{"iam:DeleteRolePolicy", r.ARN, "", false})
	}
	for _, arn := range f.Want.Protected {
		out = append(out, probe{"iam:AttachUserPolicy", arn, f.Want.DenyPolicyARN, false}, probe{"iam:PutUserPolicy", arn, "", false})
	}
	return out
}

func anyRole(WantRole) bool { return true }

func guardRole(r WantRole) bool { return r.Guard }

// parsedRole is a role with its policies parsed; boundary is nil for none.
type parsedRole struct {
	trust    string
	policies []*policy.Document
	boundary *policy.Document
	// text is the one policy that it has, "" where it has another number.
	text string
}

// eachRole calls with every role of a kind that should be, its policies
// parsed.
func eachRole(f *Facts, kind func(WantRole) bool, look func(want WantRole, have parsedRole) Result) []Result {
	var out []Result
	for _, want := range f.Want.Roles {
		if !kind(want) {
			continue
		}
		have := get(f.Roles, want.Name)
		switch {
		case have.Gap != "":
			out = append(out, unknown(want.Name, have.Gap))
			continue
		case have.Value == nil:
			out = append(out, fail(want.Name, "there is no such role"))
			continue
		}
		role := parsedRole{trust: have.Value.Trust}
		var broken error
		for _, text := range have.Value.Policies {
			doc, err := policy.Parse(want.Name, []byte(text))
			if err != nil {
				broken = err
				break
			}
			role.policies = append(role.policies, doc)
		}
		if have.Value.Boundary != "" && broken == nil {
			role.boundary, broken = policy.Parse(want.Name, []byte(have.Value.Boundary))
		}
		if len(have.Value.Policies) == 1 {
			role.text = have.Value.Policies[0]
		}
		if broken != nil {
			out = append(out, unknown(want.Name, "one of its policies cannot be read: "+broken.Error()))
			continue
		}
		out = append(out, look(want, role))
	}
	return out
}

// may asks the policy engine, with the role's boundary and, where they are
// known, with the policies above the account.
func (f *Facts) may(role WantRole, have parsedRole, p probe) policy.Result {
	facts := policy.Context{}
	if p.attached != "" {
		facts.Set("iam:PolicyARN", policy.One(p.attached))
	}
	facts.Set("aws:PrincipalArn", policy.One(role.ARN))
	return policy.Evaluate(policy.Request{
		Principal: f.role(role.ARN), Action: p.action, Context: facts,
		Resource: policy.Resource{ARN: p.resource, Account: f.Account},
	}, f.applying(have))
}

func (f *Facts) applying(have parsedRole) policy.Policies {
	p := policy.Policies{Identity: have.policies}
	if have.boundary != nil {
		p.Boundary = []*policy.Document{have.boundary}
	}
	if f.bound() {
		if levels, err := f.scps(); err == nil {
			p.SCPs = levels
		}
	}
	return p
}

// bound reports whether policies of an organisation bind the account, and are
// known.
func (f *Facts) bound() bool {
	return f.Org.Gap == "" && f.Org.Value != nil && f.Org.Value.Management != f.Account && f.SCPs.Gap == "" && len(f.SCPs.Value) > 0
}

func roleCan(f *Facts) []Result {
	return eachRole(f, guardRole, func(want WantRole, have parsedRole) Result {
		for _, p := range f.mayDo() {
			res := f.may(want, have, p)
			if len(res.Unknown) > 0 {
				return unknown(want.Name, "whether it may "+p.action+": "+strings.Join(res.Unknown, "; "))
			}
			if res.Decision != policy.Allowed {
				return fail(want.Name, fmt.Sprintf("it may not %s on %s", p.action, p.resource))
			}
		}
		if have.boundary != nil {
			return fail(want.Name, "it has a permissions boundary, which the template's has not: what it keeps the role from is not known to the guard")
		}
		wanted, gap := f.filled(want.Policy)
		if gap != "" {
			return unknown(want.Name, gap)
		}
		if !same(have.text, wanted) {
			doc, err := policy.Parse(want.Name, []byte(wanted))
			if err != nil {
				return unknown(want.Name, "the template's policy: "+err.Error())
			}
			switch c := compare(have.policies, doc, reason.Identity); {
			case c.less != "":
				return fail(want.Name, "it may not do what the template's role may: "+c.less)
			case c.gap != "" && c.more == "":
				return unknown(want.Name, c.gap)
			}
		}
		evidence := fmt.Sprintf("the policy engine allows it the %d calls of a containment, and all that the template does", len(f.mayDo()))
		switch {
		case f.bound():
			evidence += "; no policy above the account keeps it from them"
		case f.Org.Value != nil:
			evidence += "; the policies above the account were not seen"
		}
		return pass(want.Name, evidence)
	})
}

func roleLimits(f *Facts) []Result {
	return eachRole(f, anyRole, func(want WantRole, have parsedRole) Result {
		asked := 0
		for _, p := range f.mayNotDo() {
			if p.role && want.Responder {
				continue
			}
			asked++
			res := f.may(want, have, p)
			switch {
			case len(res.Unknown) > 0:
				return unknown(want.Name, "whether it may "+p.action+": "+strings.Join(res.Unknown, "; "))
			case res.Decision == policy.Allowed:
				return fail(want.Name, fmt.Sprintf("it may %s on %s", p.action, p.resource))
			}
		}
		wanted, gap := f.filled(want.Policy)
		if gap != "" {
			return unknown(want.Name, gap)
		}
		if !same(have.text, wanted) {
			doc, err := policy.Parse(want.Name, []byte(wanted))
			if err != nil {
				return unknown(want.Name, "the template's policy: "+err.Error())
			}
			switch c := compare(have.policies, doc, reason.Identity); {
			case c.more != "":
				return fail(want.Name, "it may do more than the template's role: "+c.more)
			case c.gap != "":
				return unknown(want.Name, c.gap)
			}
		}
		return pass(want.Name, fmt.Sprintf("its policies allow no more than the template's, and refuse %d calls that would free, raise or blind", asked))
	})
}

func roleTrust(f *Facts) []Result {
	return eachRole(f, anyRole, func(want WantRole, have parsedRole) Result {
		doc, err := policy.Parse(want.Name, []byte(have.trust))
		if err != nil {
			return unknown(want.Name, "its trust policy cannot be read: "+err.Error())
		}
		trusted := policy.Principal{Type: policy.Service, ARN: want.Trusted}
		if strings.HasPrefix(want.Trusted, "arn:") {
			trusted = f.role(want.Trusted)
		}
		for _, a := range []struct {
			who    string
			caller policy.Principal
			want   bool
		}{
			{want.Trusted, trusted, true},
			{"an administrator of the account", f.admin(), false},
			{"another role of the account", f.role(f.arn("iam", "", "role/other")), false},
			{"another account", policy.Principal{Type: policy.User, ARN: "arn:" + f.Partition + ":iam::" + f.stranger() + ":user/x", Account: f.stranger()}, false},
			{"another service", policy.Principal{Type: policy.Service, ARN: "ec2.amazonaws.com"}, false},
		} {
			facts := policy.Context{}
			facts.Set("aws:SourceAccount", policy.One(f.Account))
			res := f.ask(a.caller, "sts:AssumeRole", want.ARN, facts, everything, doc)
			switch got := res.Decision == policy.Allowed; {
			case len(res.Unknown) > 0:
				return unknown(want.Name, "whether "+a.who+" may assume it: "+strings.Join(res.Unknown, "; "))
			case got != a.want:
				return fail(want.Name, fmt.Sprintf("%s may assume it: %v, want %v", a.who, got, a.want))
			}
		}
		if !same(have.trust, want.Trust) {
			template, err := policy.Parse(want.Name, []byte(want.Trust))
			if err != nil {
				return unknown(want.Name, "the template's trust policy: "+err.Error())
			}
			switch c := compare([]*policy.Document{doc}, template, reason.Resource); {
			case c.more != "":
				return fail(want.Name, "its trust policy lets in whom the template's does not: "+c.more)
			case c.less != "":
				return fail(want.Name, "its trust policy keeps out whom the template's lets in: "+c.less)
			case c.gap != "":
				return unknown(want.Name, c.gap)
			}
		}
		return pass(want.Name, "only "+want.Trusted+" may assume it")
	})
}
