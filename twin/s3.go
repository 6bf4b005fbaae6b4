package twin

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/policy"
	"warden/twin/wire"
)

// Amazon S3: general purpose buckets with small objects, and the settings that
// say who can reach a bucket. Errors are those of the Amazon S3 API Reference,
// "Error responses".

// maxObject is the largest object, far below AWS's limit: the twin keeps all
// in memory.
const maxObject = 64 << 20

// bucket is a bucket; the lock of the twin guards it.
type bucket struct {
	name, region string
	made         time.Time
	objects      map[string]*object

	policyText string
	policy     *policy.Document
	// acls: access control lists count. New buckets have them off, see
	// createBucket.
	acls   bool
	grants []grant // besides the owner's full control
	block  *publicAccessBlock
	// logTarget is the bucket that gets the access logs, "" for none.
	logTarget, logPrefix string
}

func (b *bucket) arn(partition string) string { return "arn:" + partition + ":s3:::" + b.name }

var s3Service = &service{name: "s3", source: "s3.amazonaws.com", protocol: restXML, everywhere: true, routes: []route{
	{method: "GET", path: "/", more: []string{"prefix", "continuation-token", "max-buckets", "bucket-region"}, operation: "ListBuckets"},
	{method: "GET", path: "/v20180820/configuration/publicAccessBlock", operation: "GetAccountPublicAccessBlock"},
	{method: "PUT", path: "/v20180820/configuration/publicAccessBlock", operation: "PutAccountPublicAccessBlock"},
	{method: "DELETE", path: "/v20180820/configuration/publicAccessBlock", operation: "DeleteAccountPublicAccessBlock"},
	{method: "PUT", path: "/{Bucket}", operation: "CreateBucket"},
	{method: "HEAD", path: "/{Bucket}", operation: "HeadBucket"},
	{method: "DELETE", path: "/{Bucket}", operation: "DeleteBucket"},
	{method: "GET", path: "/{Bucket}", query: "location", operation: "GetBucketLocation"},
	{method: "GET", path: "/{Bucket}", query: "list-type=2", operation: "ListObjectsV2",
		more: []string{"prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type", "fetch-owner"}},
	{method: "GET", path: "/{Bucket}", query: "policy", operation: "GetBucketPolicy"},
	{method: "PUT", path: "/{Bucket}", query: "policy", operation: "PutBucketPolicy"},
	{method: "DELETE", path: "/{Bucket}", query: "policy", operation: "DeleteBucketPolicy"},
	{method: "GET", path: "/{Bucket}", query: "policyStatus", operation: "GetBucketPolicyStatus"},
	{method: "GET", path: "/{Bucket}", query: "acl", operation: "GetBucketAcl"},
	{method: "PUT", path: "/{Bucket}", query: "acl", operation: "PutBucketAcl"},
	{method: "GET", path: "/{Bucket}", query: "publicAccessBlock", operation: "GetPublicAccessBlock"},
	{method: "PUT", path: "/{Bucket}", query: "publicAccessBlock", operation: "PutPublicAccessBlock"},
	{method: "DELETE", path: "/{Bucket}", query: "publicAccessBlock", operation: "DeletePublicAccessBlock"},
	{method: "GET", path: "/{Bucket}", query: "logging", operation: "GetBucketLogging"},
	{method: "PUT", path: "/{Bucket}", query: "logging", operation: "PutBucketLogging"},
	{method: "PUT", path: "/{Bucket}/{Key+}", operation: "PutObject"},
	{method: "GET", path: "/{Bucket}/{Key+}", operation: "GetObject"},
	{method: "HEAD", path: "/{Bucket}/{Key+}", operation: "HeadObject"},
	{method: "DELETE", path: "/{Bucket}/{Key+}", operation: "DeleteObject"},
}}

// s3Operations: some actions and records have other names than the operation.
// Service Authorization Reference, Amazon S3; Amazon S3 User Guide, "Amazon S3
// CloudTrail events".
func s3Operations() map[string]operation {
	return map[string]operation{
		"ListBuckets":       op(authorizeListBuckets, listBuckets),
		"CreateBucket":      op(authorizeCreateBucket, createBucket),
		"HeadBucket":        op(onBucket("ListBucket"), headBucket).dataEvent(),
		"DeleteBucket":      op(onBucket("DeleteBucket"), deleteBucket),
		"GetBucketLocation": op(onBucket("GetBucketLocation"), getBucketLocation),
		"ListObjectsV2":     op(authorizeListObjects, listObjects).dataEvent(),

		"PutObject":    op(authorizePutObject, putObject).dataEvent(),
		"GetObject":    op(onObject("GetObject"), getObject).dataEvent(),
		"HeadObject":   op(onObject("GetObject"), headObject).dataEvent(),
		"DeleteObject": op(onObject("DeleteObject"), deleteObject).dataEvent(),

		"GetBucketPolicy":         op(onBucket("GetBucketPolicy"), getBucketPolicy),
		"PutBucketPolicy":         op(onBucket("PutBucketPolicy"), putBucketPolicy),
		"DeleteBucketPolicy":      op(onBucket("DeleteBucketPolicy"), deleteBucketPolicy),
		"GetBucketPolicyStatus":   op(onBucket("GetBucketPolicyStatus"), getBucketPolicyStatus),
		"GetBucketAcl":            op(onBucket("GetBucketAcl"), getBucketACL),
		"PutBucketAcl":            op(onBucket("PutBucketAcl"), putBucketACL),
		"GetPublicAccessBlock":    op(onBucket("GetBucketPublicAccessBlock"), getPublicAccessBlock).as("GetBucketPublicAccessBlock"),
		"PutPublicAccessBlock":    op(onBucket("PutBucketPublicAccessBlock"), putPublicAccessBlock).as("PutBucketPublicAccessBlock"),
		"DeletePublicAccessBlock": op(onBucket("PutBucketPublicAccessBlock"), deletePublicAccessBlock).as("DeleteBucketPublicAccessBlock"),
		"GetBucketLogging":        op(onBucket("GetBucketLogging"), getBucketLogging),
		"PutBucketLogging":        op(onBucket("PutBucketLogging"), putBucketLogging),

		"GetAccountPublicAccessBlock":    op(onAccount("GetAccountPublicAccessBlock"), getAccountBlock),
		"PutAccountPublicAccessBlock":    op(onAccount("PutAccountPublicAccessBlock"), putAccountBlock),
		"DeleteAccountPublicAccessBlock": op(onAccount("PutAccountPublicAccessBlock"), deleteAccountBlock),
	}
}

// bucketRequest is a request about one bucket or one object in it.
type bucketRequest struct {
	name, key string
	*restRequest
}

func (in *bucketRequest) read(r *restRequest) error {
	in.restRequest, in.name, in.key = r, r.labels["Bucket"], r.labels["Key"]
	return nil
}

// xml reads a body of XML.
func (in *bucketRequest) xml(into any) error {
	if err := xml.Unmarshal(in.body, into); err != nil {
		return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return nil
}

// bucketOf finds the bucket of a request. Names are unique in all of AWS: what
// another account has is not ours to reach, and what nobody has is told to
// everybody (the order is *unverified*).
func (c *call) bucketOf(in *bucketRequest) (*bucket, error) {
	c.shown(in)
	b := c.t.buckets[in.name]
	if b == nil {
		if c.t.bucketElsewhere(in.name) {
			return nil, refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
		}
		return nil, refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	if owner := in.header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != c.t.account {
		return nil, refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if b.region != c.region && c.operation != "GetBucketLocation" {
		c.elsewhere = b.region
		return nil, refuse(http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.")
	}
	return b, nil
}

// bucketElsewhere tells whether another account has the bucket: one of the
// organization, or one in which the snapshot's trails have theirs.
func (t *Twin) bucketElsewhere(name string) bool {
	if slices.Contains(t.foreignBuckets, name) {
		return true
	}
	if t.org == nil {
		return false
	}
	return slices.ContainsFunc(t.org.accounts, func(o *Twin) bool { return o.buckets[name] != nil })
}

// redirect is the region of the bucket that was asked for in another one.
func (c *call) redirect() (string, bool) { return c.elsewhere, c.elsewhere != "" }

// shown are the parameters of a call as its record has them (seen): the
// bucket, the host, and the sub-resource with its value.
func (c *call) shown(in *bucketRequest) {
	b := append([]byte(`{"bucketName":`), wire.AppendString(nil, in.name)...)
	b = member(b, "Host", c.host)
	for _, k := range sortedNames(flat(in.query)) {
		if k != "x-id" && !strings.HasPrefix(k, "X-Amz-") {
			b = append(b, ',')
			b = wire.AppendString(b, k)
			b = append(b, ':')
			b = wire.AppendString(b, in.query.Get(k))
		}
	}
	c.parameters = append(b, '}')
}

func flat(query map[string][]string) map[string]string {
	out := make(map[string]string, len(query))
	for k := range query {
		out[k] = ""
	}
	return out
}

// onBucket asks for an action on the bucket, by the caller's policies and the
// bucket's own.
func onBucket(action string) func(*call, *bucketRequest) ([]demand, error) {
	return func(c *call, in *bucketRequest) ([]demand, error) {
		b, err := c.bucketOf(in)
		if err != nil {
			return nil, err
		}
		return []demand{{action: "s3:" + action, resource: b.arn(c.t.partition), resourcePolicy: b.policy, resourceAccount: c.t.account}}, nil
	}
}

func onObject(action string) func(*call, *bucketRequest) ([]demand, error) {
	return func(c *call, in *bucketRequest) ([]demand, error) {
		b, err := c.bucketOf(in)
		if err != nil {
			return nil, err
		}
		return []demand{{action: "s3:" + action, resource: b.arn(c.t.partition) + "/" + in.key, resourcePolicy: b.policy, resourceAccount: c.t.account}}, nil
	}
}

// listBucketsRequest is the URL's query.
type listBucketsRequest struct {
	prefix, after, region string
	max                   int
}

func (in *listBucketsRequest) read(r *restRequest) error {
	in.prefix, in.after, in.region, in.max = r.query.Get("prefix"), r.query.Get("continuation-token"), r.query.Get("bucket-region"), 10_000
	if s := r.query.Get("max-buckets"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > in.max {
			return refuse(400, "InvalidArgument", "max-buckets must be between 1 and %d", in.max)
		}
		in.max = n
	}
	return nil
}

// listBucketsResult is the answer. Amazon S3 API Reference, ListBuckets.
type listBucketsResult struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Owner   owner
	Buckets struct{ Bucket []listedBucket }
	Next    string `xml:"ContinuationToken,omitempty"`
	Prefix  string `xml:",omitempty"`
}

type listedBucket struct {
	Name         string
	CreationDate time.Time
	BucketRegion string `xml:",omitempty"`
}

// owner is the account as S3 calls it: by a canonical id of its own.
type owner struct{ ID string }

func (t *Twin) owner() owner {
	digest := sha256.Sum256([]byte("canonical user of " + t.account))
	return owner{hex.EncodeToString(digest[:])}
}

func authorizeListBuckets(c *call, in *listBucketsRequest) ([]demand, error) {
	c.parameters = append(wire.AppendString([]byte(`{"Host":`), c.host), '}')
	return []demand{{action: "s3:ListAllMyBuckets", resource: "*"}}, nil
}

func (t *Twin) sortedBuckets() []*bucket {
	out := make([]*bucket, 0, len(t.buckets))
	for _, b := range t.buckets {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b *bucket) int { return cmp.Compare(a.name, b.name) })
	return out
}

// listBuckets gives the region of each where the answer has pages (Amazon S3
// API Reference, ListBuckets, Bucket).
func listBuckets(c *call, in *listBucketsRequest) (*listBucketsResult, error) {
	out := &listBucketsResult{Owner: c.t.owner(), Prefix: in.prefix}
	list := &out.Buckets.Bucket
	for _, b := range c.t.sortedBuckets() {
		switch {
		case !strings.HasPrefix(b.name, in.prefix) || b.name <= in.after || in.region != "" && b.region != in.region:
			continue
		case len(*list) == in.max:
			out.Next = (*list)[in.max-1].Name
			return out, nil
		}
		*list = append(*list, listedBucket{Name: b.name, CreationDate: b.made, BucketRegion: b.region})
	}
	return out, nil
}
