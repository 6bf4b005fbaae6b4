package twin

import (
	"fmt"
	"strings"
	"time"

	"warden/account"
)

// What the sample company has beyond its first ten people: the breadth of a
// real account, with the states and oddities that audits meet. It comes last,
// so that those before it keep their names and ids.

func (c *company) grow() {
	c.moreGroups()
	c.hire(staff)
	c.machines()
	c.moreRoles()
	c.settings()
	c.watch()
	c.estate()
}

func (c *company) evidence(source string) account.Evidence {
	return account.Evidence{Source: source, At: c.now}
}

func (c *company) moreGroups() {
	read := "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	change := "arn:aws:iam::aws:policy/IAMUserChangePassword"
	c.group("/finance/", "Finance", []string{c.arn("policy", "/finance/", policyLedger), change})
	c.group("/engineering/", "DataScience", []string{read, change})
	c.group("/operations/", "Operations", []string{change}, c.inline("operate", allow("*", "cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:Describe*", "logs:FilterLogEvents")))
	c.group("/support/", "Support", []string{change}, c.inline("tickets", allow("arn:aws:dynamodb:us-east-1:ACCOUNT:table/tickets", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")))
	c.group("/warehouse/", "Warehouse", []string{change}, c.inline("stock", allow("arn:aws:sqs:us-east-1:ACCOUNT:stock", "sqs:SendMessage", "sqs:ReceiveMessage")))
	c.group("/engineering/", "Mobile", []string{change}, c.inline("app", allow("arn:aws:s3:::halden-artifacts/mobile/*", "s3:GetObject", "s3:PutObject")))
	c.group("/engineering/", "Networking", []string{change}, c.inline("network", allow("*", "ec2:Describe*", "route53:List*", "route53:Get*")))
	c.group("/engineering/", "QA", []string{read, change})
	c.group("/external/", "Contractors", []string{change}, c.inline("review", allow("arn:aws:s3:::halden-artifacts/review/*", "s3:GetObject")))
	c.group("/service/", "Exporters", nil, c.inline("metrics", allow("*", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics")))
	c.group("/", "Legacy", []string{"arn:aws:iam::aws:policy/PowerUserAccess"}) // nobody is in it any more
}

// device gives u an MFA device of a kind, as old as that many days.
func (c *company) device(u *account.User, kind string, age int) {
	d := account.MFADevice{User: u.ARN, Serial: c.arn("mfa", "/", u.Name)}
	switch kind {
	case account.PasskeyMFA:
		d.Serial = c.arn("u2f", "/user/"+u.Name+"/", "phone-"+strings.ToUpper(hex16(c)))
	case account.HardwareMFA:
		d.Serial = fmt.Sprintf("GAHT%08d", c.ids.random.IntN(100_000_000))
	}
	at := c.days(age)
	d.Enabled = &at
	u.MFADevices = c.devices(u.MFADevices, d)
}

func (c *company) devices(have *account.Fact[[]account.MFADevice], d account.MFADevice) *account.Fact[[]account.MFADevice] {
	if have == nil {
		have = &account.Fact[[]account.MFADevice]{Evidence: c.evidence("iam:ListMFADevices")}
	}
	have.Value = append(have.Value, d)
	return have
}

// employee is somebody with a team, a group and what is special about him.
type employee struct {
	team, group string
	age, seen   int // days; seen below zero: never signed in
	mfa         string
	more        func(c *company, u *account.User)
}

var staff = []employee{
	{"engineering", "Developers", 410, 1, account.VirtualMFA, nil},
	{"engineering", "Developers", 380, 2, account.VirtualMFA, func(c *company, u *account.User) { c.key(u, true, 40, 1, "s3") }},
	{"engineering", "Developers", 290, 4, account.PasskeyMFA, nil},
	{"engineering", "Developers", 150, 1, "", nil}, // no MFA
	{"engineering", "Mobile", 260, 9, account.VirtualMFA, func(c *company, u *account.User) { c.key(u, true, 130, 12, "s3") }},
	{"engineering", "Mobile", 90, 3, account.PasskeyMFA, nil},
	{"engineering", "QA", 200, 60, account.VirtualMFA, nil}, // not for 60 days
	{"engineering", "Networking", 510, 14, account.HardwareMFA, nil},
	{"data", "DataScience", 330, 2, account.VirtualMFA, func(c *company, u *account.User) {
		c.key(u, true, 80, 3, "athena")
		c.key(u, false, 420, 300, "s3") // switched off, with its dates
	}},
	{"data", "DataScience", 120, 1, account.PasskeyMFA, nil},
	{"finance", "Finance", 610, 20, account.VirtualMFA, nil},
	{"finance", "Finance", 45, 5, account.VirtualMFA, nil},
	{"support", "Support", 240, 0, account.VirtualMFA, nil},
	{"support", "Support", 240, 97, account.VirtualMFA, nil}, // gone, perhaps
	{"operations", "Operations", 700, 1, account.HardwareMFA, func(c *company, u *account.User) { c.device(u, account.VirtualMFA, 90) }},
	{"operations", "Operations", 300, 6, account.VirtualMFA, nil},
	{"warehouse", "Warehouse", 350, 30, "", nil}, // no MFA
	{"external", "Contractors", 170, 120, "", func(c *company, u *account.User) {
		u.Tags["expires"] = "2026-06-30"
		c.plant("stale-contractor", u.ARN, "a contractor who has not signed in for 120 days")
	}},
	{"external", "Contractors", 20, 2, account.VirtualMFA, nil},
	{"engineering", "Developers", 1, -1, "", func(c *company, u *account.User) {
		c.plant("new-user", u.ARN, "made yesterday, has never signed in: not inactive")
	}},
	{"support", "Support", 160, -1, "", func(c *company, u *account.User) {
		c.plant("never-signed-in", u.ARN, "has a password and has never signed in, for months")
	}},
}

func (c *company) hire(people []employee) {
	for _, p := range people {
		c.user("/"+p.team+"/", c.person(), p.team, p.age, func(u *account.User) {
			u.Tags["team"], u.Tags["env"] = p.team, "production"
			u.Groups = []string{p.group}
			if p.seen >= 0 {
				c.console(u, p.seen)
			} else {
				u.LoginProfile = &account.LoginProfile{CreateDate: u.CreateDate.Add(time.Minute), PasswordResetRequired: true}
			}
			if p.mfa != "" {
				c.device(u, p.mfa, max(p.age-2, 0))
			}
			if p.more != nil {
				p.more(c, u)
			}
		})
	}
}

// machine adds a user that nobody signs in with.
func (c *company) machine(name, owner string, age int, more func(u *account.User)) {
	c.user("/service/", name, owner, age, func(u *account.User) {
		u.Tags["owner"], u.Tags["team"], u.Tags["env"] = owner, owner, "production"
		more(u)
	})
}

func (c *company) machines() {
	c.machine("metrics-exporter", "operations", 300, func(u *account.User) {
		u.Groups = []string{"Exporters"}
		c.key(u, true, 60, 0, "monitoring")
		c.plant("keys-only", u.ARN, "uses keys only, every day: not inactive")
	})
	c.machine("ci-mobile", "engineering", 500, func(u *account.User) {
		u.Groups = []string{"Mobile"}
		c.key(u, true, 20, 1, "s3")
		c.key(u, true, 200, 19, "s3") // two at a time, the old one still in use
	})
	c.machine("codecommit-sync", "engineering", 640, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("pull", allow("arn:aws:codecommit:us-east-1:ACCOUNT:booking", "codecommit:GitPull"))}
		u.SSHKeys = &account.Fact[[]account.SSHKey]{Evidence: c.evidence("iam:ListSSHPublicKeys"), Value: []account.SSHKey{
			{ID: c.ids.make(prefixSSH), Active: true, UploadDate: c.days(630)}, {ID: c.ids.make(prefixSSH), UploadDate: c.days(640)}}}
		c.serviceCredential(u, "codecommit.amazonaws.com", true, 630, 0)
	})
	c.machine("bedrock-notebook", "data", 80, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("invoke", allow("arn:aws:bedrock:us-east-1::foundation-model/*", "bedrock:InvokeModel"))}
		c.serviceCredential(u, "bedrock.amazonaws.com", true, 80, 365)
		c.plant("bedrock-key", u.ARN, "its only credential is an API key for Bedrock")
	})
	c.machine("cassandra-loader", "data", 420, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("load", allow("arn:aws:cassandra:us-east-1:ACCOUNT:/keyspace/freight/*", "cassandra:Select", "cassandra:Modify"))}
		c.serviceCredential(u, "cassandra.amazonaws.com", false, 420, 0)
	})
	c.machine("smtp-relay", "operations", 720, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("send", allow("arn:aws:ses:us-east-1:ACCOUNT:identity/halden-freight.example", "ses:SendRawEmail"))}
		c.key(u, true, 715, 2, "ses")
	})
	c.machine("soap-legacy", "engineering", 800, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("old", allow("arn:aws:s3:::halden-backup/legacy/*", "s3:GetObject"))}
		u.Certificates = &account.Fact[[]account.SigningCertificate]{Evidence: c.evidence("iam:ListSigningCertificates"), Value: []account.SigningCertificate{
			{ID: strings.ToUpper(hex16(c) + hex16(c)), Active: true, UploadDate: c.days(800)}}}
	})
	c.machine("lambda-deployer", "platform", 310, func(u *account.User) {
		// PassRole to everything and a function of one's own: whatever role
		// Lambda may have is his.
		u.Inline = []account.InlinePolicy{c.inline("deploy", allow("*", "lambda:CreateFunction", "lambda:InvokeFunction", "iam:PassRole"))}
		c.key(u, true, 85, 1, "lambda")
		c.plant("escalation-lambda", u.ARN, "can pass any role to a function of his own")
	})
	c.machine("temp-migration", "", 260, func(u *account.User) {
		delete(u.Tags, "owner")
		delete(u.Tags, "department")
		c.plant("orphan", u.ARN, "no owner, no group, no policy, no credential")
	})
}

func (c *company) serviceCredential(u *account.User, service string, active bool, age, life int) {
	if c.snap.ServiceCredentials == nil {
		c.snap.ServiceCredentials = &account.Fact[[]account.ServiceCredential]{Evidence: c.evidence("iam:ListServiceSpecificCredentials")}
	}
	x := account.ServiceCredential{ID: c.ids.make(prefixCredential), User: u.Name, Service: service, Active: active, CreateDate: c.days(age)}
	if life > 0 {
		ends := x.CreateDate.AddDate(0, 0, life)
		x.Expires = &ends
	}
	c.snap.ServiceCredentials.Value = append(c.snap.ServiceCredentials.Value, x)
}

// products each have a function, a task and a queue worker.
var products = []string{"booking", "tariff", "tracking", "customs", "invoice", "fleet", "warehouse", "portal"}

// ownedBy is what else is special about a role that a team has.
func ownedBy(team string, more func(r *account.Role)) func(r *account.Role) {
	return func(r *account.Role) {
		r.Tags = map[string]string{"owner": team, "team": team, "env": "production"}
		if more != nil {
			more(r)
		}
	}
}

// permissionSet adds the role of a permission set of Identity Center.
func (c *company) permissionSet(set string, age, used int, more func(r *account.Role)) *account.Role {
	return c.role("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_"+set+"_"+hex16(c), "",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::ACCOUNT:saml-provider/AWSSSO_8f2d1c9be07a4563_DO_NOT_DELETE"},`+
			`"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}`,
		age, used, func(r *account.Role) {
			r.MaxSession = 8 * 3600
			more(r)
		})
}

// trustingGitHub is the trust policy of a role for jobs of GitHub Actions.
func trustingGitHub(sub string) string {
	return trusting("sts:AssumeRoleWithWebIdentity", `{"Federated":"arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com"}`,
		`{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"StringLike":{"token.actions.githubusercontent.com:sub":"`+sub+`"}}`)
}

func (c *company) moreRoles() {
	for i, name := range products {
		c.role("/service-role/", name+"-function", "Runs "+name+" on Lambda", trustingService("lambda"), 400-i*20, i%4, ownedBy("engineering", func(r *account.Role) {
			r.Attached = []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
			r.Inline = []account.InlinePolicy{c.inline("table", allow("arn:aws:dynamodb:us-east-1:ACCOUNT:table/"+name, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"))}
		}))
		c.role("/app/", name+"-task", "The "+name+" service on ECS", trustingService("ecs-tasks"), 350-i*15, i, ownedBy("engineering", func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("queue", allow("arn:aws:sqs:us-east-1:ACCOUNT:"+name, "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"))}
		}))
		c.role("/app/", name+"-backup", "Nightly backup of "+name, trustingService("backup"), 500-i*30, 1, ownedBy("operations", func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("store", allow("arn:aws:s3:::halden-backup/"+name+"/*", "s3:PutObject"))}
		}))
	}
	for _, service := range []string{"support", "trustedadvisor", "config", "ecs", "elasticloadbalancing", "autoscaling", "guardduty"} {
		name := strings.ToUpper(service[:1]) + service[1:]
		c.role("/aws-service-role/"+service+".amazonaws.com/", "AWSServiceRoleFor"+name, "Used by AWS", trustingService(service), 790, -1, func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("service", allow("*", "ec2:Describe*"))}
		})
	}
	for i, set := range []string{"ReadOnly", "Billing", "Developers"} {
		c.permissionSet(set, 255, 3+i*40, func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("AwsSSOInlinePolicy", allow("*", "s3:ListAllMyBuckets", "cloudwatch:Get*", "ce:Get*"))}
		})
	}
	c.role("/ci/", "github-release", "Releases from the main branch", trustingGitHub("repo:halden-freight/*:ref:refs/heads/main"), 190, 1, ownedBy("platform", func(r *account.Role) {
		r.Attached = []string{c.arn("policy", "/ci/", policyArtifacts)}
	}))
	wide := c.role("/ci/", "github-sandbox", "Trials", trustingGitHub("repo:*"), 140, 25, ownedBy("engineering", func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
	}))
	c.plant("github-anybody", wide.ARN, "trusts every repository of GitHub")
	c.role("/vendor/", "scanner", "A vendor looks for weaknesses", trustingARN("arn:aws:iam::888877776666:root", `{"StringEquals":{"sts:ExternalId":"scan-7711"}}`), 220, 1, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("look", allow("*", "ec2:Describe*", "iam:List*", "s3:GetBucketPolicy"))}
	}))
	open := c.role("/vendor/", "freight-index", "A vendor reads prices", trustingARN("arn:aws:iam::777766665555:root", ""), 640, 33, ownedBy("finance", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("prices", allow("arn:aws:s3:::halden-artifacts/prices/*", "s3:GetObject"))}
	}))
	c.plant("vendor-without-external-id", open.ARN, "trusts a vendor without an external id")
	c.role("/support/", "aws-support", "Opens cases with AWS", trustingARN("arn:aws:iam::ACCOUNT:root", `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), 500, 50, ownedBy("operations", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("cases", allow("*", "support:*"))}
	}))
	runner := c.role("/app/", "lambda-admin", "Runs maintenance functions", trustingService("lambda"), 450, 7, ownedBy("platform", func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	}))
	c.plant("escalation-target", runner.ARN, "an administrator's role that Lambda may have")
	for i, name := range []string{"datalake-v1", "geocoder", "old-portal", "pilot-2024", "print-server", "trial-athena", "unused-batch", "workshop", "yard-sensors"} {
		used := 120 + i*30
		if i%3 == 0 {
			used = -1 // RoleLastUsed is missing
		}
		r := c.role("/app/", name, "", trustingService("ec2"), 700, used, func(r *account.Role) {
			if i%2 == 0 {
				r.Tags = map[string]string{"owner": "engineering"}
			}
			r.Inline = []account.InlinePolicy{c.inline("bucket", allow("arn:aws:s3:::halden-"+name+"/*", "s3:GetObject"))}
		})
		c.plant("unused-role", r.ARN, "nothing has used it for months, or ever")
	}
}
