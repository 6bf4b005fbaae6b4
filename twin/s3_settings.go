package twin

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"warden/policy"
)

// publicAccessBlock is S3's, of a bucket or of the account. Amazon S3 API
// Reference, PublicAccessBlockConfiguration.
type publicAccessBlock struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration"`
	BlockPublicAcls       bool
	IgnorePublicAcls      bool
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
}

func blockAll() *publicAccessBlock {
	return &publicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
}

// blocked combines the account's and the bucket's settings: the stricter
// holds. Amazon S3 User Guide, "Blocking public access to your Amazon S3
// storage".
func (t *Twin) blocked(b *bucket) publicAccessBlock {
	var out publicAccessBlock
	for _, p := range []*publicAccessBlock{t.block, b.block} {
		if p != nil {
			out.BlockPublicAcls = out.BlockPublicAcls || p.BlockPublicAcls
			out.IgnorePublicAcls = out.IgnorePublicAcls || p.IgnorePublicAcls
			out.BlockPublicPolicy = out.BlockPublicPolicy || p.BlockPublicPolicy
			out.RestrictPublicBuckets = out.RestrictPublicBuckets || p.RestrictPublicBuckets
		}
	}
	return out
}

// policyAnswer is a bucket policy as it was put.
type policyAnswer string

func (a policyAnswer) answer(h http.Header) (int, []byte) {
	h.Set("Content-Type", "application/json")
	return http.StatusOK, []byte(a)
}

func noBucketPolicy() error {
	return refuse(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

func getBucketPolicy(c *call, in *bucketRequest) (*policyAnswer, error) {
	b := c.t.buckets[in.name]
	if b.policy == nil {
		return nil, noBucketPolicy()
	}
	return ptr(policyAnswer(b.policyText)), nil
}

// maxBucketPolicy is the limit of S3 in bytes. Amazon S3 User Guide, "Bucket
// policies for Amazon S3".
const maxBucketPolicy = 20 << 10

// putBucketPolicy: while public policies are blocked, one that is public is
// refused. Amazon S3 API Reference, PutBucketPolicy.
func putBucketPolicy(c *call, in *bucketRequest) (*s3Empty, error) {
	b := c.t.buckets[in.name]
	if len(in.body) > maxBucketPolicy {
		return nil, refuse(http.StatusBadRequest, "PolicyTooLarge", "The policy exceeds %d bytes", maxBucketPolicy)
	}
	bad := func(why string) error { return refuse(http.StatusBadRequest, "MalformedPolicy", "%s", why) }
	if !json.Valid(in.body) {
		return nil, bad("Policies must be valid JSON and the first byte must be '{'")
	}
	d, err := policy.Parse(b.name, in.body)
	if err != nil {
		return nil, bad(err.Error())
	}
	for _, s := range d.Statements {
		if len(s.Principals)+len(s.NotPrincipals) == 0 {
			return nil, bad("Missing required field Principal")
		}
		for _, r := range s.Resources {
			if r != "*" && r != b.arn(c.t.partition) && !strings.HasPrefix(r, b.arn(c.t.partition)+"/") && !strings.ContainsAny(r, "*?$") {
				return nil, bad("Policy has invalid resource")
			}
		}
	}
	if c.t.blocked(b).BlockPublicPolicy && publicPolicy(d) {
		return nil, refuse(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: s3:PutBucketPolicy on resource: \"%s\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.", c.principal.arn, b.arn(c.t.partition))
	}
	b.policyText, b.policy = string(in.body), d
	return done(http.StatusNoContent), nil
}

func deleteBucketPolicy(c *call, in *bucketRequest) (*s3Empty, error) {
	b := c.t.buckets[in.name]
	b.policyText, b.policy = "", nil
	return done(http.StatusNoContent), nil
}

type policyStatus struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ PolicyStatus"`
	IsPublic bool
}

func getBucketPolicyStatus(c *call, in *bucketRequest) (*policyStatus, error) {
	b := c.t.buckets[in.name]
	if b.policy == nil {
		return nil, noBucketPolicy()
	}
	return &policyStatus{IsPublic: publicPolicy(b.policy)}, nil
}

func noBlock() error {
	return refuse(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
}

func getPublicAccessBlock(c *call, in *bucketRequest) (*publicAccessBlock, error) {
	if b := c.t.buckets[in.name]; b.block != nil {
		return b.block, nil
	}
	return nil, noBlock()
}

func putPublicAccessBlock(c *call, in *bucketRequest) (*s3Empty, error) {
	var p publicAccessBlock
	if err := in.xml(&p); err != nil {
		return nil, err
	}
	c.t.buckets[in.name].block = &p
	return done(http.StatusOK), nil
}

func deletePublicAccessBlock(c *call, in *bucketRequest) (*s3Empty, error) {
	c.t.buckets[in.name].block = nil
	return done(http.StatusNoContent), nil
}

// onAccount is for S3 Control, which names the account in a header.
func onAccount(action string) func(*call, *bucketRequest) ([]demand, error) {
	return func(c *call, in *bucketRequest) ([]demand, error) {
		if id := in.header.Get("X-Amz-Account-Id"); id != c.t.account {
			return nil, refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
		}
		c.parameters = member([]byte(`{"accountId":`+string(jsonText(c.t.account))), "Host", c.host)
		c.parameters = append(c.parameters, '}')
		return []demand{{action: "s3:" + action, resource: "*"}}, nil
	}
}

func jsonText(s string) []byte { b, _ := json.Marshal(s); return b }

func getAccountBlock(c *call, _ *bucketRequest) (*publicAccessBlock, error) {
	if c.t.block == nil {
		return nil, noBlock()
	}
	return c.t.block, nil
}

func putAccountBlock(c *call, in *bucketRequest) (*s3Empty, error) {
	var p publicAccessBlock
	if err := in.xml(&p); err != nil {
		return nil, err
	}
	c.t.block = &p
	return done(http.StatusCreated), nil
}

func deleteAccountBlock(c *call, _ *bucketRequest) (*s3Empty, error) {
	c.t.block = nil
	return done(http.StatusNoContent), nil
}

// grant is an entry of an access control list that gives a group of people a
// permission. Amazon S3 User Guide, "Access control list (ACL) overview".
type grant struct{ group, permission string }

// The groups of access control lists.
const (
	everybody     = "http://acs.amazonaws.com/groups/global/AllUsers"
	everyAccount  = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	logDeliverers = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// cannedACLs are those that a bucket can have. Amazon S3 User Guide, "Canned
// ACL".
var cannedACLs = map[string][]grant{
	"private":            nil,
	"public-read":        {{everybody, "READ"}},
	"public-read-write":  {{everybody, "READ"}, {everybody, "WRITE"}},
	"authenticated-read": {{everyAccount, "READ"}},
	"log-delivery-write": {{logDeliverers, "WRITE"}, {logDeliverers, "READ_ACP"}},
}

type aclAnswer struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ AccessControlPolicy"`
	Owner   owner
	Grants  []grantAnswer `xml:"AccessControlList>Grant"`
}

type grantAnswer struct {
	Grantee    grantee
	Permission string
}

type grantee struct {
	XSI  string `xml:"xmlns:xsi,attr"`
	Type string `xml:"xsi:type,attr"`
	ID   string `xml:",omitempty"`
	URI  string `xml:",omitempty"`
}

const xsi = "http://www.w3.org/2001/XMLSchema-instance"

func getBucketACL(c *call, in *bucketRequest) (*aclAnswer, error) {
	b, me := c.t.buckets[in.name], c.t.owner()
	out := &aclAnswer{Owner: me, Grants: []grantAnswer{{grantee{XSI: xsi, Type: "CanonicalUser", ID: me.ID}, "FULL_CONTROL"}}}
	for _, g := range b.grants {
		out.Grants = append(out.Grants, grantAnswer{grantee{XSI: xsi, Type: "Group", URI: g.group}, g.permission})
	}
	return out, nil
}

// putBucketACL takes canned lists. It is refused while lists are off, and
// while public ones are blocked. Amazon S3 API Reference, PutBucketAcl.
func putBucketACL(c *call, in *bucketRequest) (*s3Empty, error) {
	b := c.t.buckets[in.name]
	grants, ok := cannedACLs[in.header.Get("X-Amz-Acl")]
	public := slices.ContainsFunc(grants, func(g grant) bool { return g.group != logDeliverers })
	switch {
	case !ok:
		return nil, refuse(http.StatusNotImplemented, "NotImplemented", "The twin's S3 takes canned access control lists only")
	case !b.acls:
		return nil, refuse(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	case public && c.t.blocked(b).BlockPublicAcls:
		return nil, refuse(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: s3:PutBucketAcl on resource: \"%s\" because public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.", c.principal.arn, b.arn(c.t.partition))
	}
	b.grants = grants
	return done(http.StatusOK), nil
}

type bucketLogging struct {
	XMLName xml.Name       `xml:"http://s3.amazonaws.com/doc/2006-03-01/ BucketLoggingStatus"`
	Enabled *loggingTarget `xml:"LoggingEnabled"`
}

type loggingTarget struct{ TargetBucket, TargetPrefix string }

func getBucketLogging(c *call, in *bucketRequest) (*bucketLogging, error) {
	out := &bucketLogging{}
	if b := c.t.buckets[in.name]; b.logTarget != "" {
		out.Enabled = &loggingTarget{b.logTarget, b.logPrefix}
	}
	return out, nil
}

// putBucketLogging switches access logs on, or off when it names no target;
// none are written. Amazon S3 API Reference, PutBucketLogging.
func putBucketLogging(c *call, in *bucketRequest) (*s3Empty, error) {
	var asked struct {
		Enabled *loggingTarget `xml:"LoggingEnabled"`
	}
	if err := in.xml(&asked); err != nil {
		return nil, err
	}
	b := c.t.buckets[in.name]
	if asked.Enabled == nil {
		b.logTarget, b.logPrefix = "", ""
		return done(http.StatusOK), nil
	}
	if target := c.t.buckets[asked.Enabled.TargetBucket]; target == nil || target.region != b.region {
		return nil, refuse(http.StatusBadRequest, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist, or is not owned by you, or does not have the appropriate grants for the log-delivery group.")
	}
	b.logTarget, b.logPrefix = asked.Enabled.TargetBucket, asked.Enabled.TargetPrefix
	return done(http.StatusOK), nil
}
