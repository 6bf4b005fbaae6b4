package plant

import (
	"fmt"
	"strings"
)

// watch is a question about who is told: the calls of a service, or a pattern
// of its own.
type watch struct {
	id, service string
	names       string
	pattern     string // where it is not about names
}

// watches are the benchmark's, by its own lists of calls.
var watches = []watch{
	{id: "unauthorized", pattern: `($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")`},
	{id: "signin-no-mfa", pattern: `($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")`},
	{id: "root", pattern: `$.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent"`},
	{id: "iam-policies", service: "iam", names: "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy"},
	{id: "cloudtrail", service: "cloudtrail", names: "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"},
	{id: "signin-failures", pattern: `($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication")`},
	{id: "kms-keys", service: "kms", names: "DisableKey ScheduleKeyDeletion"},
	{id: "bucket-policies", service: "s3", names: "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication"},
	{id: "config", service: "config", names: "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder"},
	{id: "security-groups", service: "ec2", names: "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup"},
	{id: "network-acls", service: "ec2", names: "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry ReplaceNetworkAclAssociation"},
	{id: "gateways", service: "ec2", names: "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway DetachInternetGateway"},
	{id: "route-tables", service: "ec2", names: "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable"},
	{id: "vpcs", service: "ec2", names: "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink"},
	{id: "organizations", service: "organizations", names: "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit"},
}

// text writes the pattern in one of many ways, good or bad: one filter or
// several.
func (w *watch) text(p *planter, n int) ([]string, Want, string) {
	if w.pattern != "" {
		return w.odd(p, n)
	}
	names := strings.Fields(w.names)
	p.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	terms := func(form string, list []string) []string {
		var out []string
		for _, name := range list {
			out = append(out, fmt.Sprintf(form, name))
		}
		return out
	}
	any := strings.Join(terms("($.eventName = %s)", names), " || ")
	half := len(names) / 2
	source := fmt.Sprintf(`($.eventSource = "%s.amazonaws.com")`, w.service)
	if w.service == "ec2" && (n == 5 || n == 6 || n == 20) {
		n = 23 // several questions are about this service
	}
	switch n {
	case 0:
		return []string{"{" + strings.Join(terms(`($.eventName=%s)`, names), "||") + "}"}, Pass, "without blanks"
	case 1:
		return []string{"{ " + strings.Join(terms(`$.eventName = "%s"`, names), " || ") + " }"}, Pass, "quoted, without parentheses"
	case 2:
		return []string{"{ " + source + " && (" + any + ") }"}, Pass, "of the service"
	case 3:
		return []string{"{ ((" + any + ")) && (" + source + ") }"}, Pass, "of the service, the other way round"
	case 4:
		return []string{
			"{ " + strings.Join(terms(`($.eventName = %s)`, names[:half]), " || ") + " }",
			"{ " + strings.Join(terms(`($.eventName = %s)`, names[half:]), " || ") + " }",
		}, Pass, "by two filters"
	case 5:
		return []string{"{ " + source + " && $.readOnly IS FALSE }"}, Pass, "whatever the service writes"
	case 6:
		return []string{"{ " + source + " }"}, Pass, "all of the service"
	case 8:
		return []string{"{ $.eventName = %^" + strings.Join(names, "$|^") + "$% }"}, Pass, "by a regular expression"
	case 7:
		return []string{"{ ((" + strings.Join(terms("(($.eventName = %s))", names), ") || (") + ")) }"}, Pass, "with parentheses to spare"
	case 9:
		return []string{"{ (" + any + `) && ($.eventType = "AwsApiCall") }`}, Pass, "with a clause that is always true"
	case 10:
		return []string{"{ " + any + " || ($.eventName = SomethingElse) }"}, Pass, "and more"
	case 11:
		return []string{"{ " + strings.Join(terms(`($.eventName = "%s*")`, names), " || ") + " }"}, Pass, "with wildcards"
	case 12:
		return []string{"{ (" + any + ") && ($.eventSource = *) }"}, Pass, "with a wildcard for the source"
	case 13:
		return []string{"{ " + strings.Join(terms("($.eventName = %s)", names[1:]), " || ") + " }"}, Fail, "without " + names[0]
	case 14:
		return []string{"{ " + strings.Replace(any, names[0], names[0]+"x", 1) + " }"}, Fail, "a slip in " + names[0]
	case 15:
		return []string{"{ (" + any + `) && ($.awsRegion = "us-east-1") }`}, Fail, "of one region"
	case 16:
		return []string{"{ (" + any + ") && ($.errorCode NOT EXISTS) }"}, Fail, "of calls that succeed"
	case 17:
		return []string{"{ (" + any + `) && ($.userIdentity.type != "AssumedRole") }`}, Fail, "not of roles"
	case 18:
		return []string{"{ " + strings.Join(terms("($.eventName = %s)", names), " && ") + " }"}, Fail, "all at once, which is never"
	case 19:
		return []string{"{ (" + any + `) && ($.eventSource = "` + w.service + `.example.com") }`}, Fail, "of another source"
	case 20:
		return []string{"{ " + source + ` && $.eventName != "` + names[0] + `" }`}, Fail, "all of the service but " + names[0]
	case 21:
		return []string{"{ " + strings.ReplaceAll(any, "$.eventName", "$.eventname") + " }"}, Fail, "of a field that there is not"
	case 22:
		if !p.o.Complete {
			return []string{"{ $.eventName = %(" + strings.Join(names, "|") + ")% }"}, Unknown, "a regular expression with what AWS does not take"
		}
	case 23:
		return []string{"{ $.eventName = %^" + strings.Join(names[1:], "$|^") + "$% }"}, Fail, "by a regular expression without " + names[0]
	}
	return []string{"{ " + any + " }"}, Pass, "as the benchmark writes it"
}

// odd writes a pattern that is not about the names of calls.
func (w *watch) odd(p *planter, n int) ([]string, Want, string) {
	good := w.pattern
	switch n {
	case 0, 1, 2:
		return []string{"{ " + strings.ReplaceAll(strings.ReplaceAll(good, " = ", "="), " != ", "!=") + " }"}, Pass, "without blanks"
	case 3, 4:
		return []string{"{ (" + good + `) || ($.eventName = "SomethingElse") }`}, Pass, "and more"
	case 13, 14, 15:
		return []string{"{ (" + good + `) && ($.awsRegion = "us-east-1") }`}, Fail, "of one region"
	case 16, 17:
		return []string{"{ (" + good + `) && ($.sourceIPAddress != "203.0.113.9") }`}, Fail, "not from one address"
	case 18:
		return []string{"{ (" + good + `) && ($.userAgent = "*aws-cli*") }`}, Fail, "by one program"
	case 19:
		return []string{`{ $.eventName = "Nothing" }`}, Fail, "something else"
	case 20:
		return []string{map[string]string{
			"unauthorized":    `{ $.errorCode = %UnauthorizedOperation$|^AccessDenied% }`,
			"signin-no-mfa":   `{ $.eventName = %^Console% && $.additionalEventData.MFAUsed != "Yes" && $.userIdentity.type = "IAMUser" }`,
			"root":            `{ $.userIdentity.type = %^R[o]+t$% && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`,
			"signin-failures": `{ $.errorMessage = %ailed authenticatio% }`,
		}[w.id]}, Pass, "a regular expression"
	case 21:
		if !p.o.Complete {
			return []string{map[string]string{
				"unauthorized":    `{ $.errorCode = %(UnauthorizedOperation$)|(^AccessDenied)% }`,
				"signin-no-mfa":   `{ $.eventName = %^(Console)% && $.additionalEventData.MFAUsed != "Yes" && $.userIdentity.type = "IAMUser" }`,
				"root":            `{ $.userIdentity.type = %^R(o)+t$% && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`,
				"signin-failures": `{ $.errorMessage = %(ailed) authenticatio% }`,
			}[w.id]}, Unknown, "a regular expression with what AWS does not take"
		}
	case 22:
		switch w.id {
		case "unauthorized":
			return []string{`{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }`}, Pass, "as later versions write it"
		case "signin-no-mfa":
			return []string{`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`}, Pass, "as later versions write it"
		}
	}
	return []string{"{ " + good + " }"}, Pass, "as the benchmark writes it"
}
