package plant

import (
	"encoding/json"
	"fmt"
	"strings"

	"warden/account"
)

func document(statements ...string) json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

func allow(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource)
}

// policy plants a managed policy of the account.
func (p *planter) policy(name string, statements ...string) string {
	return p.managed(arn("policy", name), document(statements...))
}

func (p *planter) managed(arn string, text json.RawMessage) string {
	name := account.PolicyName(arn)
	p.s.Policies = append(p.s.Policies, account.ManagedPolicy{Path: "/", Name: name, ID: "ANPA" + name, ARN: arn, CreateDate: p.ago(600 * day), UpdateDate: p.ago(600 * day),
		Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: p.ago(600 * day), Document: text}}})
	return arn
}

// policyAt is the ARN of an ordinary policy.
func (p *planter) policyAt(n int) string {
	for i := range p.s.Policies {
		at := (i + n) % len(p.s.Policies)
		if strings.HasPrefix(p.s.Policies[at].Name, "policy-") {
			return p.s.Policies[at].ARN
		}
	}
	return p.policy(p.name("policy"), p.harmless(2)...)
}

// harmless are statements that no control minds.
func (p *planter) harmless(n int) []string {
	var out []string
	for range n {
		s := one(p, "sns", "sqs", "dynamodb", "s3", "ec2", "logs", "kinesis")
		out = append(out, fmt.Sprintf(`{"Effect":"Allow","Action":["%s:Get*","%s:List*","%s:Describe*"],"Resource":"arn:aws:%s:eu-west-1:%s:team%d/*"}`, s, s, s, s, Number, p.IntN(400)))
	}
	return out
}

const everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`

// full are policies that allow everything, however they say it.
var full = []string{
	everything,
	`{"Effect":"Allow","Action":["*"],"Resource":["*"]}`,
	`{"Effect":"Allow","Action":["s3:Get*","*"],"Resource":["arn:aws:s3:::x","*"]}`,
	`{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`,
	`{"Sid":"Odd","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`,
	everything + `,{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`,
}

// partial are policies that nearly do.
var partial = []string{
	`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`,
	`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*"}`,
	`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::secret/*"}`,
	`{"Effect":"Deny","Action":"*","Resource":"*"}`,
	`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
	`{"Effect":"Allow","Action":["a4b:*","access-analyzer:*"],"Resource":"*"}`,
}

// policies plants managed policies on groups that have no members, so that
// they say nothing of any principal, and the role for support.
func (p *planter) policies() {
	p.managed(administrator, document(everything))
	p.managed(support, document(`{"Effect":"Allow","Action":"support:*","Resource":"*"}`))
	for i, text := range full {
		if p.turn("full", len(full)) == i || p.turn("full too", len(full)) == i {
			p.answer("policy.full-admin", p.attach(text), "", Fail, "allows everything: "+text)
		}
		if p.turn("full, unattached", len(full)) == i {
			p.answer("policy.full-admin", p.policy(p.name("full"), text), "", Pass, "allows everything, attached to nobody")
		}
	}
	for i, text := range partial {
		if p.turn("partial", len(partial)) == i || p.turn("partial too", len(partial)) == i {
			p.answer("policy.full-admin", p.attach(text), "", Pass, "does not allow everything: "+text)
		}
	}
	if p.turn("inline full", 3) == 0 {
		g := p.group(p.name("inline"))
		g.Inline = []account.InlinePolicy{{Name: "all", Document: document(full[p.IntN(len(full))])}}
		p.answer("policy.full-admin", g.ARN, "inline policy all", Fail, "an inline policy that allows everything")
	}
	if !p.o.Complete && p.turn("no document", 3) == 0 {
		g := p.group(p.name("elsewhere"))
		g.Attached = []string{arn("policy", g.Name)}
		p.answer("policy.full-admin", g.Attached[0], "", Unknown, "a policy whose document is not in the evidence")
	}
	switch p.turn("CloudShell", 4) {
	case 0:
		p.answer("policy.cloudshell", rootARN, "", Pass, "attached to nobody")
	case 1:
		p.group(p.name("shell")).Attached = []string{p.managed(arn("policy", "AWSCloudShellFullAccess"), document(allow("cloudshell:CreateSession", "*")))}
		p.answer("policy.cloudshell", arn("policy", "AWSCloudShellFullAccess"), "", Pass, "another policy of that name")
	default:
		p.managed(cloudShell, document(`{"Effect":"Allow","Action":"cloudshell:*","Resource":"*"}`))
		p.group(p.name("shell")).Attached = []string{cloudShell}
		p.answer("policy.cloudshell", cloudShell, "", Fail, "attached to a group")
	}
	where := p.turn("support", 3)
	if where == 0 {
		p.role(p.name("support"), `{"Service":"nobody.amazonaws.com"}`).Attached = []string{support}
		p.whole("role.support", Pass, "a role")
		return
	}
	if where == 1 {
		p.group(p.name("support")).Attached = []string{support}
	}
	p.whole("role.support", Fail, "no role")
}

// attach plants a policy on a group without members.
func (p *planter) attach(text string) string {
	arn := p.policy(p.name("plan"), text)
	p.group(p.name("empty")).Attached = []string{arn}
	return arn
}

// trusts changes now and then whom a role trusts.
func (p *planter) trusts(r *account.Role) {
	const assume = `"Action":"sts:AssumeRole"`
	x := one(p, []struct {
		text  string
		want  Want
		plant string
	}{
		{`{"Effect":"Allow","Principal":{"AWS":"*"},` + assume + `}`, Fail, "everybody"},
		{`{"Effect":"Allow","Principal":"*",` + assume + `}`, Fail, "everybody, in short"},
		{`{"Effect":"Allow","Principal":{"AWS":["` + Number + `","*"]},` + assume + `}`, Fail, "everybody, in a list"},
		{`{"Effect":"Allow","Principal":{"AWS":"*"},` + assume + `,"Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}}`, Fail, "everybody's roles"},
		{`{"Effect":"Allow","Principal":"*",` + assume + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-planted"}}}`, Pass, "the organisation"},
		{`{"Effect":"Allow","Principal":{"AWS":"*"},` + assume + `,"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + arn("role", "one") + `"}}}`, Pass, "one role, by a condition"},
		{`{"Effect":"Allow","Principal":{"AWS":"*"},` + assume + `},{"Effect":"Deny","Principal":"*","Action":"sts:*"}`, Pass, "everybody, but for a denial"},
		{`{"Effect":"Deny","Principal":"*",` + assume + `}`, Pass, "nobody"},
		{``, Unknown, "a trust policy that cannot be read"},
	}...)
	if p.IntN(6) > 0 || x.want == Unknown && p.o.Complete {
		return
	}
	r.Trust = document(x.text)
	if x.want == Unknown {
		r.Trust = json.RawMessage(`7`)
	}
	p.answer("resource.any-principal", r.ARN, "trust policy", x.want, x.plant)
}
