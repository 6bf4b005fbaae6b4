package lint

import (
	"strings"

	"warden/policy"
)

var mfaLockout = &Check{
	ID:       "mfa.lockout",
	Title:    "Whom a Deny without MFA locks out",
	Severity: Warning,
	Why: "A Deny with BoolIfExists false matches whenever MFA was not shown in this very session: also where it cannot be. Sessions of roles have the key only if the caller " +
		"used MFA when he assumed the role, and sessions of services, of EC2 and Lambda, of Identity Center and of OIDC never do; a forward by a service on behalf of a user has the user's. " +
		"And a user who has no MFA device yet can only enrol one if the actions for that are exempt.",
	Fix: "Use NotAction with what enrolment needs: iam:CreateVirtualMFADevice, iam:EnableMFADevice, iam:ListMFADevices, iam:ListVirtualMFADevices, iam:ResyncMFADevice, iam:GetUser, " +
		"sts:GetSessionToken, and iam:ChangePassword with iam:GetAccountPasswordPolicy for first sign-ins. Attach the policy to a group of people, never to roles, boundaries or SCPs.",
	Source: "IAM User Guide: AWS: Allows MFA-authenticated IAM users to manage their own credentials on the My security credentials page",
	Kinds:  of(Identity, Boundary, SCP, Resource),
	Match: statements(Identity,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`,
		`{"Effect":"Deny","NotAction":["iam:EnableMFADevice"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`),
	Pass: statements(Identity, `{"Effect":"Deny","Action":"ec2:TerminateInstances","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`,
		`{"Effect":"Allow","Action":"ec2:TerminateInstances","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.deny || !strings.EqualFold(c.Key, "aws:MultiFactorAuthPresent") || len(c.Values) == 0 {
				return
			}
			absent := o.family == "Bool" && o.ifExists && strings.EqualFold(c.Values[0], "false") || o.family == "Null" && strings.EqualFold(c.Values[0], "true")
			if !absent {
				return
			}
			whom := "role sessions without MFA, services, EC2, Lambda and Identity Center"
			if c := s.has("aws:PrincipalType", "aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:ViaAWSService"); c != nil {
				whom = "sessions without MFA that the condition on " + short(c.Key) + " does not exempt"
			}
			var denied []string
			for _, a := range enrolment {
				lower := strings.ToLower(a)
				if s.Actions != nil && listed(s.Actions, lower) || s.NotActions != nil && !listed(s.NotActions, lower) {
					denied = append(denied, a)
				}
			}
			if len(denied) == len(enrolment) {
				p.report(s.condition(c, -1), "denies %s; and nobody can enrol a device: iam:EnableMFADevice and the rest are denied until MFA was shown", whom)
			} else if len(denied) > 0 {
				p.report(s.condition(c, -1), "denies %s; and enrolment lacks %s", whom, strings.Join(denied, ", "))
			} else {
				p.reportAs(Suggestion, s.condition(c, -1), "denies %s, as well as access keys without an MFA session; people can still enrol", whom)
			}
		})
	},
}

// enrolment is what a user without device needs to enrol one and go on.
var enrolment = []string{"iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "sts:GetSessionToken"}
