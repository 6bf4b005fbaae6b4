package twin

import (
	"strings"
	"time"

	"warden/account"
)

// The accounts of the sample organization. The workload is the sample company.
const (
	SampleManagement = "111122223333"
	SampleSecurity   = "444455556666"
)

// The service control policy that the guard may change, and the roles that a
// stack set has put into the member accounts.
const (
	sampleGuardrail = "WardenGuardrail"
	responderRole   = "warden-responder"
	eventsRole      = "warden-events"
	guardrailRole   = "warden-guardrail"
	accessRole      = "OrganizationAccountAccessRole"
)

// OrganizationTruth says who is who in the sample organization.
type OrganizationTruth struct {
	// Management, Workload and Security are account ids: the management
	// account, the sample company, and the account of the security team, whose
	// event bus is the hub.
	Management, Workload, Security string
	// OrganizationID, RootID, WorkloadsUnit and SecurityUnit are ids.
	OrganizationID, RootID, WorkloadsUnit, SecurityUnit string
	// Company is the truth of the workload account.
	Company Truth
	// ManagementAdministrator and SecurityAdministrator are users in the
	// groups Administrators of these accounts.
	ManagementAdministrator, SecurityAdministrator string
	// Guard is the user of the security account that may only assume
	// GuardRole, an ARN, with which the guard works.
	Guard, GuardRole string
	// ResponderRole is the ARN of the role in the workload account that trusts
	// GuardRole; EventsRole the ARN of the one that EventBridge uses there to
	// send events to HubBus, an ARN in the security account.
	ResponderRole, EventsRole, HubBus string
	// AccessRole is the workload's OrganizationAccountAccessRole.
	AccessRole string
	// Guardrail is the ARN of the service control policy WardenGuardrail, which
	// is attached to the unit of the workload, and GuardrailID its id.
	// GuardrailRole is the ARN of the role in the management account that trusts
	// GuardRole and may do nothing but read and update this policy.
	Guardrail, GuardrailID, GuardrailRole string
	// Planted is what a judgement should find, or leave alone, in the management
	// account and the security team's; what is in the workload account is the
	// company's.
	Planted []Planted
}

// SampleOrganization makes the sample organization as of now: a management
// account, Halden Freight as a member, and the security team's account. The
// same seed and time give the same organization.
func SampleOrganization(seed int64, now time.Time) (OrganizationConfig, OrganizationTruth) {
	ids := newOrganizationIDs(seed)
	t := OrganizationTruth{
		Management: SampleManagement, Workload: SampleAccount, Security: SampleSecurity,
		OrganizationID: "o-" + ids.draw(10), RootID: "r-" + ids.draw(4), GuardrailID: "p-" + ids.draw(10),
	}
	unit := func() string { return "ou-" + strings.TrimPrefix(t.RootID, "r-") + "-" + ids.draw(8) }
	t.WorkloadsUnit, t.SecurityUnit = unit(), unit()
	production := unit()
	t.Guardrail = "arn:aws:organizations::" + t.Management + ":policy/" + t.OrganizationID + "/service_control_policy/" + t.GuardrailID
	t.HubBus = "arn:aws:events:us-east-1:" + t.Security + ":event-bus/default"
	t.GuardRole = "arn:aws:iam::" + t.Security + ":role/security/" + guardRole

	cfg := OrganizationConfig{
		ID: t.OrganizationID, RootID: t.RootID, Seed: seed,
		Accounts: []OrganizationAccount{
			{Name: "Halden Group", Email: "aws@halden-group.example", Snapshot: t.management(seed, now)},
			{Name: "Halden Freight", Email: "aws+freight@halden-group.example", Unit: production, Snapshot: t.workload(seed, now)},
			{Name: "Security", Email: "aws+security@halden-group.example", Unit: t.SecurityUnit, Snapshot: t.security(seed, now)},
		},
		Units: []OrganizationUnit{
			{ID: t.SecurityUnit, Name: "Security"},
			{ID: t.WorkloadsUnit, Name: "Workloads"},
			{ID: production, Name: "Production", Parent: t.WorkloadsUnit},
		},
		Policies: []ControlPolicy{{
			ID: t.GuardrailID, Name: sampleGuardrail, Description: "What only the guard and the stack set may touch, and whom the guard has stopped",
			Content: guardrailContent, Targets: []string{t.WorkloadsUnit},
		}},
	}
	return cfg, t
}

// guardrailContent pins the quarantine: nobody but the responder and those who
// deploy it can change it, give up the policy DENY-IAM, or leave the
// organization.
const guardrailContent = `{"Version":"2012-10-17","Statement":[
{"Sid":"KeepResponder","Effect":"Deny","Action":["iam:AttachRolePolicy","iam:DeleteRole","iam:DeleteRolePermissionsBoundary","iam:DeleteRolePolicy","iam:DetachRolePolicy","iam:PutRolePermissionsBoundary","iam:PutRolePolicy","iam:UpdateAssumeRolePolicy","iam:UpdateRole"],"Resource":"arn:aws:iam::*:role/security/warden-*","Condition":{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/OrganizationAccountAccessRole","arn:aws:iam::*:role/stacksets-exec-*"]}}},
{"Sid":"KeepQuarantine","Effect":"Deny","Action":["iam:DetachUserPolicy","iam:DetachRolePolicy","iam:DetachGroupPolicy"],"Resource":"*","Condition":{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::*:policy/DENY-IAM"},"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/security/warden-responder","arn:aws:iam::*:role/warden-operator","arn:aws:iam::*:role/OrganizationAccountAccessRole"]}}},
{"Sid":"KeepDenyIAM","Effect":"Deny","Action":["iam:CreatePolicyVersion","iam:DeletePolicy","iam:DeletePolicyVersion","iam:SetDefaultPolicyVersion"],"Resource":"arn:aws:iam::*:policy/DENY-IAM","Condition":{"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/security/warden-responder","arn:aws:iam::*:role/warden-operator","arn:aws:iam::*:role/OrganizationAccountAccessRole"]}}},
{"Sid":"StayInOrganization","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}
]}`

// administrator adds the group Administrators and a member of it.
func (c *company) administrator(department string, age int) string {
	c.fromAWS("AdministratorAccess", "IAMReadOnlyAccess", "AWSOrganizationsServiceTrustPolicy")
	c.group("/", "Administrators", []string{"arn:aws:iam::aws:policy/AdministratorAccess"})
	u := c.user("/", c.person(), department, age, func(u *account.User) {
		u.Groups = []string{"Administrators"}
		c.console(u, 1)
		c.key(u, true, 60, 1, "iam")
	})
	return u.Name
}

// linked adds the role that every account of an organization has.
func (c *company) linked() {
	c.role("/aws-service-role/organizations.amazonaws.com/", "AWSServiceRoleForOrganizations", "Service-linked role used by AWS Organizations to enable integration of other AWS services with Organizations.",
		trustingService("organizations"), 795, -1, func(r *account.Role) {
			r.Attached = []string{"arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy"}
		})
}

// access adds the role by which the management account administers a member
// that it has created (AWS Organizations User Guide, "Accessing a member
// account").
func (c *company) access(management string) *account.Role {
	return c.role("/", accessRole, "", trustingARN("arn:aws:iam::"+management+":root", ""), 795, 20, func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	})
}

func (t *OrganizationTruth) management(seed int64, now time.Time) *account.Snapshot {
	c := newCompany(t.Management, "halden-group", seed, now)
	t.ManagementAdministrator = c.administrator("platform", 900)
	c.user("/emergency/", "break-glass", "security", 900, func(u *account.User) {
		u.Groups = []string{"Administrators"}
		u.LoginProfile = &account.LoginProfile{CreateDate: u.CreateDate}
	})
	c.linked()
	role := c.role("/security/", guardrailRole, "Changes one service control policy, and nothing else", trustingARN(t.GuardRole, ""), 45, -1, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("guardrail", allow(t.Guardrail, "organizations:DescribePolicy", "organizations:ListTargetsForPolicy", "organizations:UpdatePolicy"))}
	})
	t.GuardrailRole = role.ARN
	c.headquarters(t.Security)
	t.Planted = append(t.Planted, c.truth.Planted...)
	return c.snap
}

func (t *OrganizationTruth) workload(seed int64, now time.Time) *account.Snapshot {
	c := newCompany(t.Workload, "halden-freight", seed, now)
	c.everything()
	t.AccessRole = c.access(t.Management).ARN
	c.role("/", "stacksets-exec-"+hex16(c), "", trustingARN("arn:aws:iam::"+t.Management+":role/aws-service-role/stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgAdmin", ""), 300, 45, func(r *account.Role) {
		r.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	})
	t.ResponderRole = c.role("/security/", responderRole, "What the guard of the security account does here", trustingARN(t.GuardRole, ""), 45, -1, func(r *account.Role) {
		r.Inline = c.stackPolicies()
		r.Tags = map[string]string{"owner": "security"}
	}).ARN
	t.EventsRole = c.role("/security/", eventsRole, "Sends events to the bus of the security account", trustingService("events"), 45, -1, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("send", allow(t.HubBus, "events:PutEvents"))}
		r.Tags = map[string]string{"owner": "security"}
	}).ARN
	t.Company = *c.truth
	return c.snap
}

func (t *OrganizationTruth) security(seed int64, now time.Time) *account.Snapshot {
	c := newCompany(t.Security, "halden-security", seed, now)
	t.SecurityAdministrator = c.administrator("security", 640)
	c.linked()
	c.access(t.Management)
	guard := c.user("/security/", "warden", "security", 45, func(u *account.User) {
		u.Inline = []account.InlinePolicy{c.inline("assume-guard", allow(t.GuardRole, "sts:AssumeRole"))}
		c.key(u, true, 45, 0, "sts")
	})
	t.Guard = guard.Name
	c.role("/security/", guardRole, "What the guard works with", trustingARN(guard.ARN, ""), 45, 0, func(r *account.Role) {
		r.Inline = []account.InlinePolicy{c.inline("guard", hubPolicy)}
	})
	c.watchtower()
	t.Planted = append(t.Planted, c.truth.Planted...)
	return c.snap
}

// hubPolicy lets the guard take events from its queue, tell people, and become
// the responder of any member and the keeper of the guardrail.
const hubPolicy = `{"Version":"2012-10-17","Statement":[
{"Sid":"Events","Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:GetQueueUrl","sqs:ChangeMessageVisibility"],"Resource":"arn:aws:sqs:*:ACCOUNT:warden-*"},
{"Sid":"Respond","Effect":"Allow","Action":"sts:AssumeRole","Resource":["arn:aws:iam::*:role/security/warden-responder","arn:aws:iam::*:role/security/warden-guardrail"]},
{"Sid":"Tell","Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:*:ACCOUNT:warden-*"}
]}`
