package twin

import (
	"net/http"
	"strings"

	"warden/policy"
)

// deniedCode is the code of a refusal in the CloudTrail record, whatever the
// service says to its client.
const deniedCode = "AccessDenied"

// denied is the refusal that the client sees. Its text is that of the IAM User
// Guide, "Troubleshoot access denied error messages".
func denied(c *call, d *demand, r policy.Result) error {
	if c.principal.kind == tokenBearer {
		return tokenRefused(c.operation)
	}
	text := "User: " + c.principal.arn + " is not authorized to perform: " + d.action
	if c.service != "s3" && (c.service != "ec2" || d.resource != "*") {
		text += " on resource: " + shown(d)
	}
	// sts:AssumeRole does not say why, nor whether there is such a role.
	if !strings.EqualFold(d.action, "sts:AssumeRole") {
		text += because(d.action, r)
	}
	e := &apiError{Code: deniedCode, Message: text, Status: http.StatusForbidden, Fault: "Sender", unmodelled: true}
	switch c.service {
	case "sns":
		e.Code = "AuthorizationError"
	case "securityhub", "access-analyzer", "account":
		e.Code = "AccessDeniedException"
	case "ec2":
		e.Code, e.Message = "UnauthorizedOperation", "You are not authorized to perform this operation. "+e.Message
	case "events", "cloudtrail", "organizations", "logs", "config", "kms":
		e.Code, e.Status = "AccessDeniedException", http.StatusBadRequest
	}
	return e
}

// isDenial tells a refusal from other errors.
func isDenial(e *apiError) bool {
	return e.Code == deniedCode || e.Code == "AccessDeniedException" || e.Code == "AuthorizationError" || e.Code == "UnauthorizedOperation"
}

// layerNames are the kinds of policy as the text calls them. The order is that
// in which one kind is chosen if several deny.
var layerNames = []struct {
	layer   policy.Layer
	article string
	name    string
}{
	{policy.LayerSCP, "a", "service control policy"},
	{policy.LayerRCP, "a", "resource control policy"},
	{policy.LayerEndpoint, "a", "VPC endpoint policy"},
	{policy.LayerIdentity, "an", "identity-based policy"},
	{policy.LayerGroup, "an", "identity-based policy"},
	{policy.LayerBoundary, "a", "permissions boundary"},
	{policy.LayerSession, "a", "session policy"},
	{policy.LayerResource, "a", "resource-based policy"},
}

func because(action string, r policy.Result) string {
	allowed := map[policy.Layer]bool{}
	there := map[policy.Layer]bool{}
	for _, n := range layerNames {
		for _, l := range r.Layers {
			if l.Layer != n.layer {
				continue
			}
			if l.Decision == policy.ExplicitlyDenied {
				return " with an explicit deny in " + n.article + " " + n.name + whichSCP(l)
			}
			// Every level of an organization must allow.
			allowed[n.layer] = l.Decision == policy.Allowed && (allowed[n.layer] || !there[n.layer])
			there[n.layer] = true
		}
	}
	if allowed[policy.LayerGroup] {
		allowed[policy.LayerIdentity] = true
	}
	for _, n := range layerNames {
		if n.layer != policy.LayerGroup && there[n.layer] && !allowed[n.layer] {
			return " because no " + n.name + " allows the " + action + " action"
		}
	}
	return ""
}

// shown is the resource as the message names it: IAM's calls on something that
// exists say "user NAME", creations and everything else the ARN.
func shown(d *demand) string {
	verb, ok := strings.CutPrefix(d.action, "iam:")
	if !ok || strings.HasPrefix(verb, "List") && strings.HasSuffix(d.resource, "/") {
		return d.resource
	}
	switch verb {
	case "CreateUser", "CreateRole", "CreateGroup", "PassRole":
		return d.resource
	}
	_, resource, ok := strings.Cut(d.resource, ":iam::")
	if !ok {
		return d.resource
	}
	_, resource, _ = strings.Cut(resource, ":")
	kind, name, ok := strings.Cut(resource, "/")
	if !ok || name == "" {
		return d.resource
	}
	switch kind {
	case "user", "role", "group":
		return kind + " " + nameOf(d.resource)
	case "policy":
		return "policy " + d.resource
	case "instance-profile":
		if verb != "CreateInstanceProfile" && verb != "ListInstanceProfiles" {
			return "instance profile " + nameOf(d.resource)
		}
	}
	return d.resource
}
