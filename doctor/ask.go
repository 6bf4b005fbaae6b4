package doctor

import (
	"warden/policy"
)

// everything allows all, as an administrator is allowed.
var everything = mustParse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)

// mustParse is for documents of this package's own.
func mustParse(text string) *policy.Document {
	doc, err := policy.Parse("AdministratorAccess", []byte(text))
	if err != nil {
		panic("doctor: " + err.Error())
	}
	return doc
}

func (f *Facts) arn(service, region, resource string) string {
	return "arn:" + f.Partition + ":" + service + ":" + region + ":" + f.Account + ":" + resource
}

// stranger is an account that is not this one. An emulator may have any.
func (f *Facts) stranger() string {
	if f.Account == "000000000000" {
		return "111111111111"
	}
	return "000000000000"
}

// admin is a user of the account; what he is allowed is asked with him.
func (f *Facts) admin() policy.Principal {
	return policy.Principal{Type: policy.User, Account: f.Account, ARN: f.arn("iam", "", "user/admin")}
}

// role is a session of a role.
func (f *Facts) role(arn string) policy.Principal {
	return policy.Principal{Type: policy.Session, Account: f.Account, RoleARN: arn, ARN: f.arn("sts", "", "assumed-role/role/session")}
}

// ask decides one request of a caller with one identity policy, on a resource
// with its policy (nil for none).
func (f *Facts) ask(who policy.Principal, action, resource string, facts policy.Context, identity, onResource *policy.Document) policy.Result {
	arn := who.RoleARN
	if arn == "" {
		arn = who.ARN
	}
	if who.Type != policy.Service {
		facts.Set("aws:PrincipalArn", policy.One(arn))
		facts.Set("aws:PrincipalAccount", policy.One(f.Account))
	}
	p := policy.Policies{Resource: onResource}
	if identity != nil && who.Type != policy.Service {
		p.Identity = []*policy.Document{identity}
	}
	return policy.Evaluate(policy.Request{
		Principal: who, Action: action, Context: facts,
		Resource: policy.Resource{ARN: resource, Account: f.Account},
	}, p)
}
