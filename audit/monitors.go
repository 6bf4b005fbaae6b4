package audit

import (
	"strings"

	"warden/audit/pattern"
	"warden/finding"
)

// monitors are the events that somebody is to be told of. The lists of calls
// are those of the benchmark's section on monitoring.
var monitors = []monitored{
	{
		id: "unauthorized", title: "Somebody is told of refused calls", severity: finding.Medium,
		why:    "Who tries out what a stolen credential may do is refused often.",
		filter: `{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }`,
		wants: []pattern.Want{{
			"errorCode": pattern.Is("AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation"),
			// The benchmark leaves these out as noise.
			"eventName": pattern.But("HeadBucket"), "sourceIPAddress": pattern.But("delivery.logs.amazonaws.com"),
		}},
	},
	{
		id: "signin-no-mfa", title: "Somebody is told of sign-ins without MFA", severity: finding.Medium,
		why:    "A sign-in with a password alone may be anybody's.",
		filter: `{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`,
		wants: []pattern.Want{signIn(pattern.Want{
			"additionalEventData.MFAUsed": pattern.Is("No"), "userIdentity.type": pattern.Is("IAMUser"), "responseElements.ConsoleLogin": pattern.Is("Success"),
			"errorCode": pattern.Is(""), "errorMessage": pattern.Is(""),
		})},
	},
	{
		id: "root", title: "Somebody is told when the root user is used", severity: finding.High,
		why:    "The root user is used so seldom that each use deserves a look.",
		filter: `{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`,
		wants: []pattern.Want{{
			"userIdentity.type": pattern.Is("Root"), "userIdentity.invokedBy": pattern.Is(""), "eventType": pattern.But("AwsServiceEvent"),
		}},
	},
	calls("iam-policies", "IAM policies change", "iam", finding.Medium, "Every way to more permissions that lasts is a change of policies.",
		"DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion "+
			"SetDefaultPolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy"),
	calls("cloudtrail", "CloudTrail is changed", "cloudtrail", finding.Medium, "An intruder blinds the trail first.",
		"CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
	{
		id: "signin-failures", title: "Somebody is told of failed sign-ins", severity: finding.Low,
		why:    "Guessing of passwords shows as failed sign-ins.",
		filter: `{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }`,
		wants: []pattern.Want{signIn(pattern.Want{
			"errorMessage": pattern.Is("Failed authentication"), "responseElements.ConsoleLogin": pattern.Is("Failure"),
		})},
	},
	calls("kms-keys", "KMS keys are disabled or deleted", "kms", finding.Low, "Whoever destroys the key destroys the data.",
		"DisableKey ScheduleKeyDeletion"),
	calls("bucket-policies", "policies of buckets change", "s3", finding.Low, "A bucket is opened by its policy, its list, its replication.",
		"PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication"),
	calls("config", "AWS Config is changed", "config", finding.Low, "Without a record of resources nobody sees what was changed.",
		"StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder"),
	calls("security-groups", "security groups change", "ec2", finding.Low, "A port that was opened is a way in.",
		"AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup"),
	calls("network-acls", "network ACLs change", "ec2", finding.Low, "A rule that was removed is a way in.",
		"CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry ReplaceNetworkAclAssociation"),
	calls("gateways", "network gateways change", "ec2", finding.Low, "A gateway joins a network that was apart.",
		"CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway DetachInternetGateway"),
	calls("route-tables", "route tables change", "ec2", finding.Low, "A route sends traffic past those who watch it.",
		"CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable"),
	calls("vpcs", "VPCs change", "ec2", finding.Low, "A peering joins a network that was apart.",
		"CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection "+
			"AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink"),
	calls("organizations", "the organisation changes", "organizations", finding.Low, "An account that leaves, or a guardrail that is detached, frees whoever is inside.",
		"AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy "+
			"DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit"),
}

// calls makes the question about calls of one service that write. What is true
// of all of them may be in a filter: source, type, that they write.
func calls(id, what, service string, s finding.Severity, why, names string) monitored {
	m := monitored{id: id, title: "Somebody is told when " + what, why: why, severity: s}
	source := service + ".amazonaws.com"
	var tests []string
	for _, name := range strings.Fields(names) {
		m.wants = append(m.wants, pattern.Want{
			"eventSource": pattern.Is(source), "eventName": pattern.Is(name), "eventType": pattern.Is("AwsApiCall"),
			"readOnly": pattern.Is("false"), "managementEvent": pattern.Is("true"), "eventCategory": pattern.Is("Management"),
		})
		tests = append(tests, "($.eventName = "+name+")")
	}
	m.filter = "{ ($.eventSource = " + source + ") && (" + strings.Join(tests, " || ") + ") }"
	return m
}

// signIn adds what is true of every sign-in to the console.
func signIn(w pattern.Want) pattern.Want {
	w["eventSource"], w["eventName"], w["eventType"] = pattern.Is("signin.amazonaws.com"), pattern.Is("ConsoleLogin"), pattern.Is("AwsConsoleSignIn")
	return w
}
