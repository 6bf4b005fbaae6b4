package twin

import (
	"warden/account"
)

const guardRole = "warden-guard"

// role adds a role made some days ago; used is days since its last use, below
// zero for a role that was never used.
func (c *company) role(path, name, description, trust string, age, used int, more func(r *account.Role)) *account.Role {
	r := account.Role{
		Path: path, Name: name, ID: c.ids.make(prefixRole), ARN: c.arn("role", path, name),
		Description: description, CreateDate: c.days(age), MaxSession: 3600, Trust: c.document(trust),
	}
	if used >= 0 {
		r.LastUsed = &account.RoleUse{Date: c.days(used), Region: "us-east-1"}
	}
	if more != nil {
		more(&r)
	}
	c.snap.Roles = append(c.snap.Roles, r)
	return &c.snap.Roles[len(c.snap.Roles)-1]
}

// trusting is a trust policy of one statement.
func trusting(action, principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"` + action + `"` + condition + `}]}`
}

func trustingService(service string) string {
	return trusting("sts:AssumeRole", `{"Service":"`+service+`.amazonaws.com"}`, "")
}

func trustingARN(arn, condition string) string {
	return trusting("sts:AssumeRole", `{"AWS":"`+arn+`"}`, condition)
}

func (c *company) roles() {
	admin := c.role("/admin/", "OrganizationAdmin", "Day-to-day administration by people", trustingARN("arn:aws:iam::ACCOUNT:root", ""), 780, 1, func(r *account.Role) {
		r.MaxSession = 4 * 3600
		r.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
		r.Tags = map[string]string{"owner": "platform"}
	})
	c.truth.AdminRole = admin.ARN
	c.plant("admin-role", admin.ARN, "an administrator role: trusts the account, so whoever may assume it by his own policies")

	guard := c.role("/security/", guardRole, "What the guard works with", trustingARN(c.arn("user", "/security/", "warden"), ""), 45, 0, func(r *account.Role) {
		r.Inline = c.stackPolicies()
		r.Tags = map[string]string{"owner": "security"}
	})
	c.truth.GuardRole = guard.ARN
	c.plant("guard-role", guard.ARN, "the guard's own role, which must never be contained")

	c.role("/ci/", "deploy", "Deploy products", trustingARN(c.arn("user", "/ci/", "ci-deploy"), `{"StringEquals":{"sts:ExternalId":"halden-deploy"}}`), 600, 0, func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/PowerUserAccess"}
		r.Tags = map[string]string{"owner": "platform"}
	})
	c.role("/app/", "booking-api", "The booking service on EC2", trustingService("ec2"), 500, 0, func(r *account.Role) {
		r.Boundary = c.arn("policy", "/boundaries/", policyBoundary)
		r.Profiles = []string{c.arn("instance-profile", "/app/", "booking-api")}
		r.Inline = []account.InlinePolicy{c.inline("queue", allow("arn:aws:sqs:us-east-1:ACCOUNT:bookings", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"))}
		r.Tags = map[string]string{"owner": "engineering"}
	})
	c.role("/service-role/", "label-printer", "Prints labels, a Lambda function", trustingService("lambda"), 300, 0, func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
	})
	pipeline := c.role("/app/", "tariff-pipeline", "Nightly tariff import", trustingService("glue"), 690, 310, func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
	})
	c.plant("stale-role", pipeline.ARN, "last used 310 days ago")
	vendor := c.role("/vendor/", "cost-report", "A vendor reads the bill", trustingARN("arn:aws:iam::999988887777:root", `{"StringEquals":{"sts:ExternalId":"hf-20417"}}`), 365, 8, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("bill", allow("*", "ce:Get*", "cur:Describe*"))}
		r.Tags = map[string]string{"owner": "finance"}
	})
	c.plant("cross-account", vendor.ARN, "trusts another account, with an external id")
	c.role("/ci/", "github-actions", "Builds of pull requests", trustingGitHub("repo:halden-freight/booking:*"), 200, 0, func(r *account.Role) { r.Attached = []string{c.arn("policy", "/ci/", policyArtifacts)} })

	linked := c.role("/aws-service-role/organizations.amazonaws.com/", "AWSServiceRoleForOrganizations", "Service-linked role used by AWS Organizations to enable integration of other AWS services with Organizations.",
		trustingService("organizations"), 795, -1, func(r *account.Role) {
			r.Attached = []string{"arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy"}
		})
	c.truth.ServiceLinkedRole = linked.ARN
	c.plant("service-linked-role", linked.ARN, "a role that only AWS may change")

	sso := c.permissionSet("Operations", 260, 2, func(r *account.Role) { r.Attached = []string{"arn:aws:iam::aws:policy/PowerUserAccess"} })
	c.truth.SSORole = sso.ARN
	c.plant("permission-set-role", sso.ARN, "the role of an Identity Center permission set: only AWS may change it")
}

// hex16 is the suffix of a permission set's role.
func hex16(c *company) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 16)
	for i := range b {
		b[i] = digits[c.ids.random.IntN(16)]
	}
	return string(b)
}
