package audit

import "warden/finding"

// manual makes a control that no evidence of a snapshot answers.
func manual(id, title, why, source, how string) *Control {
	return &Control{ID: id, Title: title, Why: why, Source: source, Severity: finding.Low, Manual: how}
}

// byHand are the controls that a person checks.
var byHand = []*Control{
	manual("account.contact", "The account's contact details are current", "AWS writes there about abuse and incidents; nobody reads an old address.",
		"AWS Account Management Reference Guide: Update contact information",
		"Billing console, Account: are name, telephone and a shared e-mail address those of today? Or: aws account get-contact-information"),
	manual("account.security-questions", "Security questions are set", "They were a way to prove who owns the account. AWS has withdrawn them; later versions of the benchmark ask no more.",
		"AWS re:Post: security challenge questions",
		"Console, Account: if the section is still there, are the questions set?"),
	manual("identity.federation", "People come from one identity provider or Identity Center", "Users in each account are forgotten when people leave.",
		"IAM User Guide: Security best practices in IAM: Require human users to use federation",
		"Which IAM users are people? Each should sign in through a provider of identities: aws iam list-saml-providers, aws sso-admin list-instances"),
	manual("organization.guardrails", "Control policies limit every account", "Without a guardrail an administrator of a member account may switch off everything that watches him.",
		"AWS Organizations User Guide: Service control policies; Resource control policies",
		"aws organizations list-policies --filter SERVICE_CONTROL_POLICY (and RESOURCE_CONTROL_POLICY): is more than the full-access policy attached to every unit?"),
	manual("organization.management", "No workloads in the management account", "Control policies do not reach the management account.",
		"AWS Organizations User Guide: Best practices for the management account",
		"List what runs in the management account (warden who-can, cost by service): only organisation, billing and access are its work."),
	manual("organization.units", "Organisational units follow environment and sensitivity", "A guardrail reaches what stands under one unit.",
		"AWS Whitepaper: Organizing Your AWS Environment Using Multiple Accounts",
		"aws organizations list-organizational-units-for-parent, from the root down: are production and test, and sensitive data, apart?"),
	manual("organization.delegates", "Delegated administrators run the organisation's services", "Daily work in the management account puts its credentials at risk.",
		"AWS Organizations User Guide: Delegated administrator for AWS services",
		"aws organizations list-delegated-administrators: does each security and operations service have one?"),
	manual("frontend.access-logs", "Web front ends log access", "Without logs nobody can say who asked for what.",
		"CloudFront, Elastic Load Balancing and API Gateway developer guides: access logs",
		"For each distribution, load balancer and API stage: is access logging on, and are the logs kept?"),
}
