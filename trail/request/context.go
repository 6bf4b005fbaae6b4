package request

import (
	"encoding/json"
	"net/netip"
	"slices"
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

	var raw struct {
		VPCEndpoint string          `json:"vpcEndpointId"`
		TLS         json.RawMessage `json:"tlsDetails"`
	}
	_ = json.Unmarshal(e.Raw, &raw) // what cannot be read says nothing
	// A service that calls for the caller uses its own address, and its name
	// stands where the address would.
	service := strings.HasSuffix(by.InvokedBy, ".amazonaws.com")
	direct := by.InvokedBy == "" && !strings.HasSuffix(e.SourceIP, ".amazonaws.com") && e.SourceIP != "AWS Internal"
	if addr, err := netip.ParseAddr(e.SourceIP); err == nil && direct {
		if raw.VPCEndpoint == "" {
			set("aws:SourceIp", addr.String())
			for _, key := range []string{"aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"} {
				c.Set(key, policy.Absent())
			}
		} else {
			c.Set("aws:SourceIp", policy.Absent())
			set("aws:SourceVpce", raw.VPCEndpoint)
			set("aws:VpcSourceIp", addr.String())
		}
	}
	// "AWS Internal" is not a name of a service, and does not say whether one
	// calls for the caller.
	switch {
	case service:
		c.Set("aws:ViaAWSService", policy.One("true"))
		set("aws:CalledViaLast", by.InvokedBy)
		if e.Source == "kms.amazonaws.com" && e.Region != "" {
			set("kms:ViaService", strings.TrimSuffix(by.InvokedBy, ".amazonaws.com")+"."+e.Region+".amazonaws.com")
		}
	case direct:
		c.Set("aws:ViaAWSService", policy.One("false"))
		for _, key := range []string{"aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "kms:ViaService"} {
			c.Set(key, policy.Absent())
		}
	}
	if len(raw.TLS) > 2 && string(raw.TLS) != "null" {
		c.Set("aws:SecureTransport", policy.One("true"))
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
		if !*by.MFA {
			c.Set("aws:MultiFactorAuthAge", policy.Absent())
		}
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
			for _, key := range []string{"prefix", "delimiter", "max-keys"} {
				if e.HasRequest(key) {
					c.Set("s3:"+key, policy.One(e.RequestString(key)))
				} else {
					c.Set("s3:"+key, policy.Absent())
				}
			}
		}
		from("s3:VersionId", "versionId")
		for key, v := range object(e.Request) {
			if text, ok := v.(string); ok && strings.HasPrefix(strings.ToLower(key), "x-amz-") {
				c.Set("s3:"+key, policy.One(text))
			}
		}
	case "kms":
		if pairs, ok := object(e.Request)["encryptionContext"].(map[string]any); ok {
			var keys []string
			for _, k := range sorted(pairs) {
				if v, ok := pairs[k].(string); ok {
					c.Set("kms:EncryptionContext:"+k, policy.One(v))
					keys = append(keys, k)
				}
			}
			c.Set("kms:EncryptionContextKeys", policy.Many(keys...))
		}
	}
	tags(c, object(e.Request))
}

// tags adds the tags that the call puts on something. IAM User Guide, "AWS
// global condition context keys", aws:RequestTag and aws:TagKeys.
func tags(c policy.Context, request map[string]any) {
	given := map[string]string{}
	collect := func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if text, ok := x.(string); ok {
					given[k] = text
				}
			}
		case []any:
			for _, x := range v {
				m, _ := x.(map[string]any)
				key, value := "", ""
				for k, x := range m {
					text, _ := x.(string)
					switch strings.ToLower(k) {
					case "key", "tagkey":
						key = text
					case "value", "tagvalue":
						value = text
					}
				}
				if key != "" {
					given[key] = value
				}
			}
		}
	}
	for key, v := range request {
		if k := strings.ToLower(key); k == "tags" || k == "taglist" || k == "tagset" {
			if m, ok := v.(map[string]any); ok && m["items"] != nil {
				v = m["items"]
			}
			collect(v)
		}
	}
	if len(given) == 0 || len(given) > maxARNs {
		return
	}
	var keys []string
	for k, v := range given {
		c.Set("aws:RequestTag/"+k, policy.One(v))
		keys = append(keys, k)
	}
	slices.Sort(keys)
	c.Set("aws:TagKeys", policy.Many(keys...))
}
