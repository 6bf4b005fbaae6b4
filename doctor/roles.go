package doctor

import (
	"fmt"
	"strings"

	"warden/policy"
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

// eachRole calls with every role of a kind that should be, its policies
// parsed.
func eachRole(f *Facts, kind func(WantRole) bool, look func(want WantRole, have *Role, policies []*policy.Document) Result) []Result {
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
		var docs []*policy.Document
		var broken error
		for _, text := range have.Value.Policies {
			doc, err := policy.Parse(want.Name, []byte(text))
			if err != nil {
				broken = err
				break
			}
			docs = append(docs, doc)
		}
		if broken != nil {
			out = append(out, unknown(want.Name, "one of its policies cannot be read: "+broken.Error()))
			continue
		}
		out = append(out, look(want, have.Value, docs))
	}
	return out
}

// may asks the policy engine.
func (f *Facts) may(role WantRole, docs []*policy.Document, p probe) policy.Result {
	facts := policy.Context{}
	if p.attached != "" {
		facts.Set("iam:PolicyARN", policy.One(p.attached))
	}
	facts.Set("aws:PrincipalArn", policy.One(role.ARN))
	return policy.Evaluate(policy.Request{
		Principal: f.role(role.ARN), Action: p.action, Context: facts,
		Resource: policy.Resource{ARN: p.resource, Account: f.Account},
	}, policy.Policies{Identity: docs})
}

func roleCan(f *Facts) []Result {
	return eachRole(f, guardRole, func(want WantRole, _ *Role, docs []*policy.Document) Result {
		for _, p := range f.mayDo() {
			res := f.may(want, docs, p)
			if len(res.Unknown) > 0 {
				return unknown(want.Name, "whether it may "+p.action+": "+strings.Join(res.Unknown, "; "))
			}
			if res.Decision != policy.Allowed {
				return fail(want.Name, fmt.Sprintf("it may not %s on %s", p.action, p.resource))
			}
		}
		return pass(want.Name, fmt.Sprintf("the policy engine allows it the %d calls of a containment", len(f.mayDo())))
	})
}

func roleLimits(f *Facts) []Result {
	return eachRole(f, anyRole, func(want WantRole, _ *Role, docs []*policy.Document) Result {
		asked := 0
		for _, p := range f.mayNotDo() {
			if p.role && want.Responder {
				continue
			}
			asked++
			res := f.may(want, docs, p)
			switch {
			case len(res.Unknown) > 0:
				return unknown(want.Name, "whether it may "+p.action+": "+strings.Join(res.Unknown, "; "))
			case res.Decision == policy.Allowed:
				return fail(want.Name, fmt.Sprintf("it may %s on %s", p.action, p.resource))
			}
		}
		return pass(want.Name, fmt.Sprintf("the policy engine refuses it %d calls that would free, raise or blind", asked))
	})
}

func roleTrust(f *Facts) []Result {
	return eachRole(f, anyRole, func(want WantRole, have *Role, _ []*policy.Document) Result {
		doc, err := policy.Parse(want.Name, []byte(have.Trust))
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
			{"another account", policy.Principal{Type: policy.User, ARN: "arn:" + f.Partition + ":iam::000000000000:user/x", Account: "000000000000"}, false},
			{"another service", policy.Principal{Type: policy.Service, ARN: "ec2.amazonaws.com"}, false},
		} {
			facts := policy.Context{}
			facts.Set("aws:SourceAccount", policy.One(f.Account))
			res := f.ask(a.caller, "sts:AssumeRole", want.ARN, facts, everything, doc)
			if got := res.Decision == policy.Allowed; got != a.want && len(res.Unknown) == 0 {
				return fail(want.Name, fmt.Sprintf("%s may assume it: %v, want %v", a.who, got, a.want))
			}
		}
		return pass(want.Name, "only "+want.Trusted+" may assume it")
	})
}
