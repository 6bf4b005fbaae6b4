package request

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"warden/policy"
	"warden/trail"
)

// Context returns the condition keys whose value the record proves, and those
// that it proves to be absent. Keys that it says nothing about are left out.
//
// Source: IAM User Guide, "AWS global condition context keys".
func Context(e *trail.Event) policy.Context {
	c := policy.Context{}
	by := e.Actor()
	set := func(key, value string) {
		if value != "" {
			c.Set(key, policy.One(value))
		}
	}
	if !e.Time.IsZero() {
		set("aws:CurrentTime", e.Time.UTC().Format(time.RFC3339))
		set("aws:EpochTime", strconv.FormatInt(e.Time.Unix(), 10))
	}
	set("aws:RequestedRegion", e.Region)
	set("aws:UserAgent", e.UserAgent)
	set("aws:PrincipalAccount", by.Account)
	set("aws:userid", by.UserID)
	set("aws:SourceIdentity", by.SourceIdentity)

	// A service that calls for the caller uses its own address, and its name
	// stands where the address would.
	service := strings.HasSuffix(by.InvokedBy, ".amazonaws.com") || by.InvokedBy == "AWS Internal"
	if addr, err := netip.ParseAddr(e.SourceIP); err == nil && !service {
		endpoint := vpcEndpoint(e)
		if endpoint == "" {
			set("aws:SourceIp", addr.String())
			c.Set("aws:SourceVpce", policy.Absent())
		} else {
			c.Set("aws:SourceIp", policy.Absent())
			set("aws:SourceVpce", endpoint)
		}
	}
	c.Set("aws:ViaAWSService", policy.One(strconv.FormatBool(service)))
	if !service {
		for _, key := range []string{"aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"} {
			c.Set(key, policy.Absent())
		}
	} else if by.InvokedBy != "AWS Internal" {
		set("aws:CalledViaLast", by.InvokedBy)
	}

	identity(c, by)
	parameters(c, e)
	return c
}

// identity adds what the caller's kind says.
func identity(c policy.Context, by trail.Actor) {
	c.Set("aws:PrincipalIsAWSService", policy.One(strconv.FormatBool(by.Kind == trail.Service)))
	switch by.Kind {
	case trail.IAMUser, trail.IAMUserSession:
		c.Set("aws:PrincipalType", policy.One("User"))
		c.Set("aws:PrincipalArn", policy.One(by.ARN))
		c.Set("aws:username", policy.One(by.Name))
	case trail.AssumedRole, trail.ServiceLinked, trail.IdentityCenter:
		c.Set("aws:PrincipalType", policy.One("AssumedRole"))
		c.Set("aws:username", policy.Absent())
		if by.Role != nil && by.Role.ARN != "" {
			c.Set("aws:PrincipalArn", policy.One(by.Role.ARN))
		}
	case trail.Root:
		c.Set("aws:PrincipalType", policy.One("Account"))
		c.Set("aws:PrincipalArn", policy.One(by.ARN))
		c.Set("aws:username", policy.Absent())
	case trail.FederatedUser:
		c.Set("aws:PrincipalType", policy.One("FederatedUser"))
		c.Set("aws:PrincipalArn", policy.One(by.ARN))
		c.Set("aws:username", policy.Absent())
	}
	// Long-term keys carry neither of the two (IAM User Guide, "AWS global
	// condition context keys", aws:MultiFactorAuthPresent and
	// aws:TokenIssueTime).
	switch {
	case by.MFA != nil:
		c.Set("aws:MultiFactorAuthPresent", policy.One(strconv.FormatBool(*by.MFA)))
	case by.Kind == trail.IAMUser && strings.HasPrefix(by.AccessKey, "AKIA"):
		c.Set("aws:MultiFactorAuthPresent", policy.Absent())
		c.Set("aws:MultiFactorAuthAge", policy.Absent())
	}
	switch {
	case !by.IssuedAt.IsZero():
		c.Set("aws:TokenIssueTime", policy.One(by.IssuedAt.UTC().Format(time.RFC3339)))
	case by.Kind == trail.IAMUser && strings.HasPrefix(by.AccessKey, "AKIA"):
		c.Set("aws:TokenIssueTime", policy.Absent())
	}
}

// parameters adds the keys whose value is a parameter of the call. Service
// Authorization Reference, the condition keys of IAM, STS and S3.
func parameters(c policy.Context, e *trail.Event) {
	from := func(key string, path ...string) {
		if v := e.RequestString(path...); v != "" {
			c.Set(key, policy.One(v))
		}
	}
	switch service, _, _ := strings.Cut(e.Source, "."); service {
	case "iam":
		from("iam:PolicyARN", "policyArn")
		if strings.Contains(e.Name, "PermissionsBoundary") || strings.HasPrefix(e.Name, "Create") {
			from("iam:PermissionsBoundary", "permissionsBoundary")
		}
		from("iam:AWSServiceName", "aWSServiceName")
	case "sts":
		from("sts:RoleSessionName", "roleSessionName")
		from("sts:ExternalId", "externalId")
	case "s3":
		if strings.HasPrefix(e.Name, "ListObject") {
			for _, key := range []string{"prefix", "delimiter"} {
				if e.HasRequest(key) {
					c.Set("s3:"+key, policy.One(e.RequestString(key)))
				} else {
					c.Set("s3:"+key, policy.Absent())
				}
			}
		}
	}
}

// vpcEndpoint is the id of the VPC endpoint that the call came through.
func vpcEndpoint(e *trail.Event) string {
	raw := object(e.Raw)
	id, _ := raw["vpcEndpointId"].(string)
	return id
}
