package twin

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"warden/policy"
)

// s3Empty is an answer without a body.
type s3Empty struct {
	status int
	header map[string]string
}

func (e *s3Empty) answer(h http.Header) (int, []byte) {
	for k, v := range e.header {
		h.Set(k, v)
	}
	if e.status == http.StatusNoContent {
		h.Del("Content-Type")
	}
	return e.status, nil
}

func done(status int) *s3Empty { return &s3Empty{status: status} }

// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func authorizeCreateBucket(c *call, in *bucketRequest) ([]demand, error) {
	c.shown(in)
	if !bucketName.MatchString(in.name) || strings.Contains(in.name, "..") {
		return nil, refuse(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.")
	}
	return []demand{{action: "s3:CreateBucket", resource: (&bucket{name: in.name}).arn(c.t.partition), resourceAccount: c.t.account}}, nil
}

// createBucket: a new bucket has access control lists off and all public
// access blocked. Amazon S3 User Guide, "Default settings for new S3 buckets
// FAQ"; Amazon S3 API Reference, CreateBucket.
func createBucket(c *call, in *bucketRequest) (*s3Empty, error) {
	var asked struct{ LocationConstraint string }
	if len(in.body) > 0 {
		if err := in.xml(&asked); err != nil {
			return nil, err
		}
	}
	where := cmp.Or(asked.LocationConstraint, "us-east-1")
	if where == "EU" {
		where = "eu-west-1"
	}
	switch old := c.t.buckets[in.name]; {
	case where != c.region && c.region != "us-east-1":
		return nil, refuse(http.StatusBadRequest, "IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", where)
	case !c.t.serves(where):
		return nil, refuse(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid")
	case old != nil && old.region == "us-east-1" && c.region == "us-east-1": // as it always was there
		return &s3Empty{status: http.StatusOK, header: map[string]string{"Location": "/" + in.name}}, nil
	case old != nil:
		return nil, refuse(http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
	case c.t.bucketElsewhere(in.name):
		return nil, refuse(http.StatusConflict, "BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")
	}
	b := &bucket{name: in.name, region: where, made: *when(c.now), objects: map[string]*object{}, block: blockAll()}
	if o := in.header.Get("X-Amz-Object-Ownership"); o != "" {
		b.acls = o != "BucketOwnerEnforced"
	}
	c.t.buckets[in.name] = b
	return &s3Empty{status: http.StatusOK, header: map[string]string{"Location": "/" + in.name}}, nil
}

func headBucket(c *call, in *bucketRequest) (*s3Empty, error) {
	b, err := c.bucketOf(in)
	if err != nil {
		return nil, err
	}
	return &s3Empty{status: http.StatusOK, header: map[string]string{"X-Amz-Bucket-Region": b.region}}, nil
}

func deleteBucket(c *call, in *bucketRequest) (*s3Empty, error) {
	if len(c.t.buckets[in.name].objects) > 0 {
		return nil, refuse(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(c.t.buckets, in.name)
	return done(http.StatusNoContent), nil
}

type bucketLocation struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	Region  string   `xml:",chardata"`
}

// getBucketLocation: a bucket in us-east-1 has none. Amazon S3 API Reference,
// GetBucketLocation.
func getBucketLocation(c *call, in *bucketRequest) (*bucketLocation, error) {
	out := &bucketLocation{Region: c.t.buckets[in.name].region}
	if out.Region == "us-east-1" {
		out.Region = ""
	}
	return out, nil
}

func authorizeListObjects(c *call, in *bucketRequest) ([]demand, error) {
	demands, err := onBucket("ListBucket")(c, in)
	if err != nil {
		return nil, err
	}
	ctx := policy.Context{}
	for name, key := range map[string]string{"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"} {
		if in.query.Has(name) {
			ctx[key] = policy.One(in.query.Get(name))
		}
	}
	demands[0].context = ctx
	return demands, nil
}

// listObjectsResult is the answer. Amazon S3 API Reference, ListObjectsV2.
type listObjectsResult struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name, Prefix          string
	Delimiter, StartAfter string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	MaxKeys, KeyCount     int
	IsTruncated           bool
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

type listedObject struct {
	Key, LastModified, ETag string
	Size                    int
	StorageClass            string
}

type commonPrefix struct{ Prefix string }

// listObjects lists keys in the order of their bytes; what is between prefix
// and delimiter is one common prefix.
func listObjects(c *call, in *bucketRequest) (*listObjectsResult, error) {
	b, most := c.t.buckets[in.name], 1000
	if s := in.query.Get("max-keys"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "max-keys must be a number that is not negative")
		}
		most = min(n, most)
	}
	name := func(s string) string { return s }
	if in.query.Get("encoding-type") == "url" {
		name = escapeKey
	}
	prefix, delimiter := in.query.Get("prefix"), in.query.Get("delimiter")
	token := in.query.Get("continuation-token")
	out := &listObjectsResult{
		Name: in.name, Prefix: name(prefix), Delimiter: name(delimiter), StartAfter: name(in.query.Get("start-after")),
		EncodingType: in.query.Get("encoding-type"), MaxKeys: most, ContinuationToken: token,
	}
	after := cmp.Or(token, in.query.Get("start-after"))
	last := ""
	for _, key := range sortedKeysOf(b.objects) {
		shown, common := key, false
		if rest, ok := strings.CutPrefix(key, prefix); !ok {
			continue
		} else if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			shown, common = prefix+rest[:i+len(delimiter)], true
		}
		if shown <= after || shown == last {
			continue
		}
		if out.KeyCount == most {
			out.IsTruncated, out.NextContinuationToken = most > 0, last
			return out, nil
		}
		last = shown
		out.KeyCount++
		if common {
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{name(shown)})
			continue
		}
		o := b.objects[key]
		out.Contents = append(out.Contents, listedObject{name(key), o.at.UTC().Format("2006-01-02T15:04:05.000Z"), o.etag(), len(o.data), "STANDARD"})
	}
	return out, nil
}

func sortedKeysOf[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// escapeKey is the form of encoding-type=url.
func escapeKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; unreserved(c) || c == '/' {
			b.WriteByte(c)
		} else {
			writeEscaped(&b, c)
		}
	}
	return b.String()
}
