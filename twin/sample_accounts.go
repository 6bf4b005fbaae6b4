package twin

import (
	"warden/account"
)

// What the two other accounts of the sample organization have beside those who
// run it: as accounts for money and rules, and for logs and alarms, come to
// have over the years. It comes last in each, so that those before it keep
// their names and ids.

// office are the people of the management account: few, because whoever is
// there may do much.
var office = []employee{
	{"platform", "Platform", 820, 1, account.HardwareMFA, func(c *company, u *account.User) { c.key(u, true, 70, 2, "cloudformation") }},
	{"platform", "Platform", 410, 4, account.PasskeyMFA, nil},
	{"finance", "Billing", 760, 6, account.VirtualMFA, nil},
	{"finance", "Billing", 530, 12, "", func(c *company, u *account.User) {
		c.plant("no-mfa", u.ARN, "sees every bill with a password alone")
	}},
	{"finance", "Billing", 690, 131, account.VirtualMFA, func(c *company, u *account.User) {
		c.plant("stale-console", u.ARN, "a controller who has not signed in for 131 days")
	}},
	{"audit", "Auditors", 250, 27, account.VirtualMFA, nil},
}

// headquarters is the rest of the management account.
func (c *company) headquarters(security string) {
	c.fromAWS("IAMUserChangePassword", "AWSLambdaBasicExecutionRole")
	change := "arn:aws:iam::aws:policy/IAMUserChangePassword"
	c.group("/platform/", "Platform", []string{change}, c.inline("landing-zone", allow("*", "organizations:Describe*", "organizations:List*", "cloudformation:Describe*", "cloudformation:List*", "cloudformation:CreateStackInstances", "cloudformation:UpdateStackSet")))
	c.group("/finance/", "Billing", []string{change}, c.inline("bills", allow("*", "ce:Get*", "ce:List*", "budgets:View*", "cur:Describe*", "account:GetAccountInformation")))
	c.group("/security/", "Auditors", []string{"arn:aws:iam::aws:policy/IAMReadOnlyAccess", change})
	c.hire(office)
	c.machine("cost-export", "finance", 610, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("export", allow("*", "ce:GetCostAndUsage", "cur:DescribeReportDefinitions"))}
		c.key(u, true, 604, 1, "ce")
		c.plant("old-key", u.ARN, "a key in use that was not replaced for 604 days")
	})
	c.machine("terraform", "platform", 480, func(u *account.User) {
		// The way from before there were jobs with roles: nobody has taken it away.
		u.Inline = []account.InlinePolicy{c.inline("landing-zone", `{"Version":"2012-10-17","Statement":[`+
			statement("Allow", "*", "organizations:*", "cloudformation:CreateStack", "cloudformation:UpdateStack")+`,`+
			statement("Allow", "arn:aws:iam::ACCOUNT:role/platform/*", "iam:PassRole")+`]}`)}
		c.key(u, true, 88, 9, "organizations")
		c.plant("escalation-cloudformation", u.ARN, "can hand a stack the role of an administrator")
	})
	c.machine("support-cases", "operations", 560, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("cases", allow("*", "support:DescribeCases", "support:CreateCase"))}
		c.key(u, true, 555, 203, "support")
		c.plant("stale-user", u.ARN, "no password, its only key last used 203 days ago")
	})

	c.serviceLinked("stacksets.cloudformation", "CloudFormationStackSetsOrgAdmin")
	c.serviceLinked("sso", "SSO")
	c.serviceLinked("cloudtrail", "CloudTrail")
	c.serviceLinked("support", "Support")
	for i, set := range []string{"Billing", "ReadOnly", "OrganizationAdmin"} {
		c.permissionSet(set, 255, 2+i*6, func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("AwsSSOInlinePolicy", allow("*", "ce:Get*", "organizations:Describe*", "organizations:List*"))}
			if set == "OrganizationAdmin" {
				r.Inline, r.Attached = nil, []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
			}
		})
	}
	zone := c.role("/platform/", "landing-zone", "Makes and changes accounts", trustingService("cloudformation"), 470, 3, ownedBy("platform", func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	}))
	c.plant("escalation-target", zone.ARN, "an administrator's role that CloudFormation may have")
	c.role("/ci/", "github-landing-zone", "Rolls out rules from the main branch", trustingGitHub("repo:halden-group/landing-zone:ref:refs/heads/main"), 240, 1, ownedBy("platform", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("rules", allow("*", "organizations:Describe*", "organizations:List*", "organizations:UpdatePolicy", "cloudformation:UpdateStackSet", "cloudformation:DescribeStackSet"))}
	}))
	c.role("/ci/", "github-landing-zone-plan", "Shows in pull requests what would change", trustingGitHub("repo:halden-group/landing-zone:pull_request"), 240, 2, ownedBy("platform", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("read", allow("*", "organizations:Describe*", "organizations:List*", "cloudformation:Describe*"))}
	}))
	c.role("/security/", "audit-reader", "The security team reads who may do what", trustingARN("arn:aws:iam::"+security+":root", `{"StringEquals":{"sts:ExternalId":"halden-audit"}}`), 300, 0, ownedBy("security", func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/IAMReadOnlyAccess"}
	}))
	c.role("/finance/", "cost-optimizer", "A vendor reads the bill of all accounts", trustingARN("arn:aws:iam::999988887777:root", `{"StringEquals":{"sts:ExternalId":"hg-20418"}}`), 365, 4, ownedBy("finance", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("bill", allow("*", "ce:Get*", "cur:Describe*"))}
	}))
	former := c.role("/finance/", "billing-reader", "", trustingARN("arn:aws:iam::666655554444:root", ""), 900, 260, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("bill", allow("*", "ce:*", "budgets:*"))}
	})
	c.plant("former-account", former.ARN, "trusts an account that was sold, without an external id")
	c.role("/service-role/", "budget-alarms", "Tells of budgets that run out", trustingService("lambda"), 500, 0, ownedBy("finance", func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
		r.Inline = []account.InlinePolicy{c.inline("tell", allow("arn:aws:sns:us-east-1:ACCOUNT:budgets", "sns:Publish"))}
	}))
	c.unusedRoles("landing-zone-v1", "migration-2023", "tag-enforcer", "workshop")
	c.hardened()
}

// analysts are the people of the security team's account.
var analysts = []employee{
	{"security", "Analysts", 600, 0, account.HardwareMFA, func(c *company, u *account.User) { c.key(u, true, 33, 0, "athena") }},
	{"security", "Analysts", 420, 1, account.PasskeyMFA, nil},
	{"security", "Analysts", 95, 2, account.VirtualMFA, nil},
	{"security", "IncidentResponse", 510, 5, account.HardwareMFA, func(c *company, u *account.User) { c.device(u, account.VirtualMFA, 200) }},
	{"security", "IncidentResponse", 280, 49, account.VirtualMFA, nil},
	{"external", "Testers", 210, 118, "", func(c *company, u *account.User) {
		u.Tags["expires"] = "2026-01-31"
		c.plant("stale-tester", u.ARN, "a tester from outside whose contract is over, with a password and no MFA")
	}},
	{"security", "Analysts", 1, -1, "", func(c *company, u *account.User) {
		c.plant("new-user", u.ARN, "made yesterday, has never signed in: not inactive")
	}},
}

// watchtower is the rest of the security team's account, where the logs of
// all accounts are kept and looked at.
func (c *company) watchtower() {
	c.fromAWS("IAMUserChangePassword", "AWSLambdaBasicExecutionRole", "AmazonS3ReadOnlyAccess")
	change := "arn:aws:iam::aws:policy/IAMUserChangePassword"
	c.group("/security/", "Analysts", []string{change}, c.inline("look", allow("*", "athena:StartQueryExecution", "athena:GetQueryResults", "guardduty:Get*", "guardduty:List*", "securityhub:Get*")),
		c.inline("audit", allow("arn:aws:iam::*:role/security/audit-reader", "sts:AssumeRole")))
	c.group("/security/", "IncidentResponse", []string{change}, c.inline("forensics", allow("arn:aws:iam::ACCOUNT:role/security/forensics", "sts:AssumeRole")))
	c.group("/external/", "Testers", []string{change})
	c.hire(analysts)
	c.machine("siem-forwarder", "security", 640, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("forward", allow("arn:aws:sqs:us-east-1:ACCOUNT:findings", "sqs:ReceiveMessage", "sqs:DeleteMessage"))}
		c.key(u, true, 402, 0, "sqs")
		c.plant("old-key", u.ARN, "a key in use that was not replaced for 402 days")
	})
	c.machine("evidence-upload", "security", 330, func(u *account.User) {
		u.Attached = []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
		u.Inline = []account.InlinePolicy{c.inline("upload", allow("arn:aws:s3:::halden-evidence/*", "s3:PutObject"))}
		c.key(u, true, 80, 76, "s3")
		c.plant("direct-attachment", u.ARN, "a policy attached to a user, not to a group, and a key that nobody has used for 76 days")
	})

	c.serviceLinked("guardduty", "AmazonGuardDuty")
	c.serviceLinked("securityhub", "SecurityHub")
	c.serviceLinked("access-analyzer", "AccessAnalyzer")
	c.serviceLinked("config", "Config")
	c.serviceLinked("support", "Support")
	for i, set := range []string{"SecurityAnalyst", "ReadOnly"} {
		c.permissionSet(set, 255, 1+i*30, func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("AwsSSOInlinePolicy", allow("*", "guardduty:Get*", "securityhub:Get*", "cloudtrail:LookupEvents"))}
		})
	}
	c.role("/service-role/", "trail-to-logs", "CloudTrail writes to the log group of the organization's trail", trustingService("cloudtrail"), 780, 0, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("write", allow("arn:aws:logs:us-east-1:ACCOUNT:log-group:organization-trail:*", "logs:CreateLogStream", "logs:PutLogEvents"))}
	}))
	c.role("/service-role/", "config-aggregator", "AWS Config reads the accounts of the organization", trustingService("config"), 620, 0, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("accounts", allow("*", "organizations:ListAccounts", "organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization"))}
	}))
	for _, name := range []string{"triage-findings", "enrich-findings", "rotate-canaries"} {
		c.role("/service-role/", name, "A function of the security team", trustingService("lambda"), 350, 0, ownedBy("security", func(r *account.Role) {
			r.Attached = []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
			r.Inline = []account.InlinePolicy{c.inline("findings", allow("arn:aws:sqs:us-east-1:ACCOUNT:findings", "sqs:SendMessage"))}
		}))
	}
	c.role("/ci/", "github-detections", "Rolls out detections from the main branch", trustingGitHub("repo:halden-group/detections:ref:refs/heads/main"), 200, 2, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("deploy", allow("arn:aws:lambda:us-east-1:ACCOUNT:function:*-findings", "lambda:UpdateFunctionCode", "lambda:PublishVersion"))}
	}))
	wide := c.role("/ci/", "github-detections-test", "Tries detections of pull requests", trustingGitHub("*"), 160, 3, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("samples", allow("arn:aws:s3:::halden-samples/*", "s3:GetObject"))}
	}))
	c.plant("github-anybody", wide.ARN, "trusts every job of GitHub, whosever it is")
	c.role("/security/", "forensics", "Takes copies of disks, by people with MFA", trustingARN("arn:aws:iam::ACCOUNT:root", `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), 500, 62, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("copy", allow("*", "ec2:CreateSnapshot", "ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:ModifySnapshotAttribute"))}
	}))
	c.role("/security/", "log-archive-reader", "Reads the logs of all accounts", trustingARN("arn:aws:iam::ACCOUNT:root", `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), 700, 8, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("read", allow("arn:aws:s3:::halden-organization-trail/*", "s3:GetObject"))}
	}))
	c.role("/vendor/", "siem", "The vendor of the SIEM takes findings", trustingARN("arn:aws:iam::888877776666:root", `{"StringEquals":{"sts:ExternalId":"hs-90210"}}`), 430, 0, ownedBy("security", func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("take", allow("arn:aws:sqs:us-east-1:ACCOUNT:findings", "sqs:ReceiveMessage", "sqs:DeleteMessage"))}
	}))
	trial := c.role("/vendor/", "siem-trial", "", trustingARN("arn:aws:iam::777766665555:root", ""), 760, 410, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("read", allow("arn:aws:s3:::halden-organization-trail/*", "s3:GetObject"))}
	})
	c.plant("vendor-without-external-id", trial.ARN, "trusts a vendor whose trial is over, without an external id, with every log")
	c.unusedRoles("log-reader-v1", "macie-pilot", "packet-mirror", "threat-intel-2024")
	c.hardened()
}

// serviceLinked adds a role that a service has for itself. IAM User Guide,
// "AWS services that work with IAM".
func (c *company) serviceLinked(service, name string) {
	c.role("/aws-service-role/"+service+".amazonaws.com/", "AWSServiceRoleFor"+name, "Used by AWS", trustingService(service), 780, -1, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("service", allow("*", "organizations:DescribeOrganization"))}
	})
}

// unusedRoles are left over.
func (c *company) unusedRoles(names ...string) {
	for i, name := range names {
		used := 150 + i*70
		if i%3 == 0 {
			used = -1 // RoleLastUsed is missing
		}
		r := c.role("/app/", name, "", trustingService("ec2"), 720, used, func(r *account.Role) {
			r.Inline = []account.InlinePolicy{c.inline("bucket", allow("arn:aws:s3:::halden-"+name+"/*", "s3:GetObject"))}
		})
		c.plant("unused-role", r.ARN, "nothing has used it for months, or ever")
	}
}

// hardened are the settings of an account that the platform team keeps.
func (c *company) hardened() {
	c.snap.PasswordPolicy = known(c, "iam:GetAccountPasswordPolicy", account.PasswordPolicy{
		Set: true, MinimumLength: 16, RequireSymbols: true, RequireNumbers: true, RequireUppercase: true, RequireLowercase: true,
		AllowUsersToChangePassword: true, ReusePrevention: 24,
	})
	c.snap.SecurityContact = known(c, "account:GetAlternateContact", account.Contact{Set: true})
	c.snap.PublicAccessBlock = known(c, "s3:GetAccountPublicAccessBlock", account.PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true})
	c.virtualDevices()
}
