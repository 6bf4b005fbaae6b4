package twin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"warden/account"
	"warden/twin/wire"
)

// The twin has so much of S3 as a caller needs to tell an account in which he
// may do nothing but IAM is closed to him from one in which all is: he can ask
// for the list of buckets, which hold nothing.

// bucket is a bucket as ListBuckets shows it.
type bucket struct {
	Name         string
	CreationDate time.Time
}

// sampleBuckets are the ones that the sample company's policies name.
func sampleBuckets(s *account.Snapshot) []bucket {
	made := s.CollectedAt.AddDate(-2, 0, 0)
	return []bucket{{"halden-artifacts", made}, {"halden-backup", made}}
}

// s3Service has paths instead of operations, so that it is found by the scope
// of the signature.
var s3Service = &service{name: "s3", source: "s3.amazonaws.com", protocol: restXML}

func s3Operations() map[string]operation {
	return map[string]operation{"ListBuckets": op(authorizeListBuckets, listBuckets)}
}

func isS3(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request") ||
		strings.Contains(r.URL.RawQuery, "%2Fs3%2Faws4_request")
}

// readS3 finds the operation in method and path.
func (q *request) readS3() {
	q.service, q.call.service = s3Service, s3Service.name
	if q.http.Method == http.MethodGet && q.http.URL.Path == "/" {
		q.call.operation = "ListBuckets"
	}
}

// listBucketsRequest is the URL's query.
type listBucketsRequest struct {
	prefix, after string
	max           int
}

func (in *listBucketsRequest) read(query url.Values) error {
	in.prefix, in.after, in.max = query.Get("prefix"), query.Get("continuation-token"), 10_000
	if s := query.Get("max-buckets"); s != "" {
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
	Owner   struct{ ID string }
	Buckets struct{ Bucket []bucket }
	Next    string `xml:"ContinuationToken,omitempty"`
	Prefix  string `xml:",omitempty"`
}

func authorizeListBuckets(c *call, in *listBucketsRequest) ([]demand, error) {
	c.parameters = append(wire.AppendString([]byte(`{"Host":`), c.host), '}')
	return []demand{{action: "s3:ListAllMyBuckets", resource: "*"}}, nil
}

func listBuckets(c *call, in *listBucketsRequest) (*listBucketsResult, error) {
	owner := sha256.Sum256([]byte("canonical user of " + c.t.account))
	out := &listBucketsResult{Prefix: in.prefix}
	out.Owner.ID = hex.EncodeToString(owner[:])
	for _, b := range c.t.buckets {
		switch {
		case !strings.HasPrefix(b.Name, in.prefix) || b.Name <= in.after:
			continue
		case len(out.Buckets.Bucket) == in.max:
			out.Next = out.Buckets.Bucket[in.max-1].Name
			return out, nil
		}
		out.Buckets.Bucket = append(out.Buckets.Bucket, b)
	}
	return out, nil
}

// s3Error is an error as S3 writes it. Amazon S3 API Reference, Error
// responses.
type s3Error struct {
	XMLName                          xml.Name `xml:"Error"`
	Code, Message, RequestId, HostId string
}

// appendS3 appends the answer of S3.
func appendS3(b []byte, out any, e *apiError, c *call) []byte {
	if e != nil {
		out = &s3Error{Code: e.Code, Message: e.Message, RequestId: c.requestID, HostId: c.hostID()}
	}
	body, err := xml.Marshal(out)
	if err != nil {
		return b // no type here fails to marshal
	}
	return append(append(b, xml.Header...), body...)
}

// hostID is the second id of a request to S3, made of the first.
func (c *call) hostID() string {
	digest := sha256.Sum256([]byte(c.requestID))
	return base64.StdEncoding.EncodeToString(digest[:])
}

// appendTransfer appends additionalEventData as S3's records have it.
func (c *call) appendTransfer(b []byte, size int) []byte {
	b = append(b, `,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0`...)
	b = member(b, "AuthenticationMethod", "AuthHeader")
	b = member(b, "x-amz-id-2", c.hostID())
	b = append(b, `,"bytesTransferredOut":`...)
	b = strconv.AppendInt(b, int64(size), 10)
	return append(b, '}')
}

// s3Faults are the failures to authenticate in S3's words. Amazon S3 API
// Reference, "Error responses: List of error codes".
var s3Faults = [...]struct {
	code, message string
	status        int
}{
	faultMissing:      {"AccessDenied", "Access Denied", 403},
	faultIncomplete:   {"AuthorizationHeaderMalformed", "The authorization header that you provided is not valid.", 400},
	faultInvalidToken: {"InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403},
	faultMismatch:     {"SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.", 403},
	faultExpired:      {"ExpiredToken", "The provided token has expired.", 400},
}
