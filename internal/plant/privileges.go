package plant

import (
	"strings"

	"warden/account"
)

// privilege is a set of statements and what they come to for whoever has them.
type privilege struct {
	plant      string
	statements string
	// fails are the questions about principals, without "principal.".
	fails []string
	// boundary is what a boundary leaves, "" for none.
	boundary string
}

const (
	denySecrets = `{"Effect":"Deny","Action":["secretsmanager:*","ssm:*"],"Resource":"*"}`
	mfaOnly     = `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`
	blueTeam    = `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}`
	redTeam     = `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}}`
)

var privileges = []privilege{
	{"administrator in one statement", everything, []string{"admin", "whole-service"}, ""},
	{"administrator in pieces", `{"Effect":"Allow","Action":["iam:*","kms:*"],"Resource":"*"},{"Effect":"Allow","NotAction":["iam:*","kms:*"],"Resource":"*"}`, []string{"admin", "whole-service"}, ""},
	{"administrator with MFA", `{"Effect":"Allow","Action":"*","Resource":"*"` + mfaOnly, []string{"admin", "whole-service"}, ""},
	{"administrator but for a bucket", everything + `,{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`, []string{"admin", "whole-service"}, ""},
	{"administrator under a condition that he does not meet", `{"Effect":"Allow","Action":"*","Resource":"*"` + redTeam, nil, ""},
	{"everything, and a boundary for queues", everything, []string{"whole-service"}, `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`},
	{"everything, and a boundary for one kind of call", everything, nil, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}`},
	{"everything denied but logs", everything + `,{"Effect":"Deny","NotAction":"logs:*","Resource":"*"}`, []string{"whole-service"}, ""},

	{"attaches policies to any group", allow("iam:AttachGroupPolicy", "*"), []string{"changes-iam"}, ""},
	{"adds users to any group of the account", allow("iam:AddUserToGroup", arn("group", "*")), []string{"changes-iam"}, ""},
	{"policies of groups of one path", allow("iam:PutGroupPolicy", arn("group", "app/*")), nil, ""},
	{"his own password", allow("iam:UpdateLoginProfile", "arn:aws:iam::*:user/${aws:username}"), nil, ""},
	{"any group, but denied", allow("iam:AttachGroupPolicy", "*") + `,{"Effect":"Deny","Action":"iam:Attach*","Resource":"*"}`, nil, ""},
	{"groups of another account", allow("iam:AttachGroupPolicy", "arn:aws:iam::999988887777:group/*"), nil, ""},

	{"every secret", allow("secretsmanager:GetSecretValue", "*"), []string{"reads-secrets"}, ""},
	{"every secret by pattern", allow("secretsmanager:Get*", "arn:aws:secretsmanager:*:"+Number+":secret:*"), []string{"reads-secrets"}, ""},
	{"every parameter", allow("ssm:Get?arameter", "arn:aws:ssm:*:*:parameter/*"), []string{"reads-secrets"}, ""},
	{"every secret with MFA", `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"` + mfaOnly, []string{"reads-secrets"}, ""},
	{"secrets of one application", allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:app/*"), nil, ""},
	{"every secret, denied", allow("secretsmanager:GetSecretValue", "*") + "," + denySecrets, nil, ""},
	{"the names of secrets", allow("secretsmanager:ListSecrets", "*"), nil, ""},

	{"every object", allow("s3:GetObject", "arn:aws:s3:::*"), []string{"reads-data"}, ""},
	{"every table", allow("dynamodb:Sc*", "*"), []string{"reads-data"}, ""},
	{"all of S3", allow("s3:*", "*"), []string{"reads-data", "whole-service"}, ""},
	{"S3 of one bucket", `{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`, nil, ""},
	{"objects of one prefix of names", allow("s3:GetObject", "arn:aws:s3:::team-*"), nil, ""},

	{"any role", allow("iam:PassRole", "*"), []string{"pass-role"}, ""},
	{"any role to one service", `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"redshift.amazonaws.com"}}}`, []string{"pass-role"}, ""},
	{"any role, out of his boundary", allow("iam:PassRole", "*"), nil, allow("s3:List*", "*")},
	{"one role", allow("iam:PassRole", arn("role", "app")), nil, ""},

	{"all of two services", `{"Effect":"Allow","Action":["sqs:*","SNS:*"],"Resource":"*"}`, []string{"whole-service"}, ""},
	{"most of a service", allow("sqs:?*e*", "*"), nil, ""},
	{"all of a service, some denied", allow("sqs:*", "*") + `,{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`, nil, ""},
}

// privileges plants them on users, by groups and directly, and a user of whom
// one policy is not known.
func (p *planter) privileges() {
	const rounds = 5
	for i, x := range privileges {
		if p.turn("privilege", rounds) != i%rounds {
			continue
		}
		u := p.user(p.name("may"), creds{})
		statements := x.statements
		boundary := ""
		if x.boundary != "" {
			boundary = p.policy(p.name("boundary"), x.boundary)
		}
		u.Boundary = boundary
		full := statements == everything || strings.HasPrefix(statements, `{"Effect":"Allow","Action":"*","Resource":"*"`) || strings.Contains(statements, "NotAction\":[")
		switch p.IntN(3) {
		case 0:
			p.direct(u)
			u.Inline = []account.InlinePolicy{{Name: "own", Document: document(statements)}}
			if full {
				p.answer("policy.full-admin", u.ARN, "inline policy own", Fail, x.plant)
			}
		case 1:
			p.answer("user.groups-only", u.ARN, "", Pass, "by his group")
			g := p.group(p.name("may"))
			g.Inline = []account.InlinePolicy{{Name: "all", Document: document(statements)}}
			u.Groups = []string{g.Name}
			if full {
				p.answer("policy.full-admin", g.ARN, "inline policy all", Fail, x.plant)
			}
		default:
			g := p.group(p.name("may"))
			g.Attached = []string{p.policy(p.name("may"), statements)}
			u.Groups = []string{g.Name}
			if full {
				p.answer("policy.full-admin", g.Attached[0], "", Fail, x.plant)
			}
		}
		for _, question := range []string{"admin", "changes-iam", "reads-secrets", "reads-data", "pass-role", "whole-service", "escalation"} {
			want := Pass
			for _, f := range x.fails {
				if f == question && (f != "reads-secrets" || !p.noSCP) {
					want = Fail
				}
			}
			// His own group, or one of those that allow everything.
			if question == "escalation" && (strings.Contains(statements, "AddUserToGroup") || len(u.Groups) > 0 && statements == allow("iam:AttachGroupPolicy", "*")) {
				want = Fail
			}
			p.answer("principal."+question, u.ARN, "", want, x.plant)
		}
	}
	if !p.o.Complete && p.turn("a policy not read", 2) == 0 {
		u := p.user(p.name("odd"), creds{})
		g := p.group(p.name("odd"))
		g.Attached = []string{arn("policy", g.Name)}
		u.Groups = []string{g.Name}
		p.answer("policy.full-admin", g.Attached[0], "", Unknown, "not in the evidence")
		for _, question := range []string{"admin", "changes-iam", "reads-secrets", "reads-data", "pass-role", "whole-service", "escalation"} {
			if question == "reads-secrets" && p.noSCP {
				continue // whatever it says
			}
			p.answer("principal."+question, u.ARN, "", Unknown, "a policy of his group is not in the evidence")
		}
	}
}
