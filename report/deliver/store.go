package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Client holds the calls of S3 that a store makes.
type Client interface {
	PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Place is where reports are stored.
type Place struct {
	Bucket string
	// Prefix begins every key; "" for none.
	Prefix string
	// Key is the KMS key that encrypts, by ARN or id; "" leaves it to S3's own.
	Key string
	// Owner is the account that the bucket must belong to; "" for any. It keeps
	// reports from a bucket of the same name that is somebody else's.
	Owner string
	// Partition and Region are the bucket's; they say which console has it.
	Partition, Region string
}

// bucketName. Source: Amazon S3 User Guide, "General purpose bucket naming
// rules".
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParsePlace reads s3://BUCKET/PREFIX.
func ParsePlace(text string) (Place, error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || !bucketName.MatchString(bucket) {
		return Place{}, fmt.Errorf("%q: want s3://BUCKET/PREFIX", text)
	}
	p := Place{Bucket: bucket, Prefix: prefix}
	return p, p.Check()
}

// Check says what is wrong with a place.
func (p Place) Check() error {
	switch {
	case !bucketName.MatchString(p.Bucket):
		return fmt.Errorf("%q is not the name of a bucket", p.Bucket)
	case p.Prefix != "" && (p.Prefix != path.Clean(p.Prefix) || strings.HasPrefix(p.Prefix, "/") || strings.HasPrefix(p.Prefix, "..") || len(p.Prefix) > 512):
		return fmt.Errorf("the prefix %q: want folders without a slash at either end, such as reports/audit", p.Prefix)
	}
	return nil
}

// Object is something that was stored.
type Object struct {
	// What it is: "html", "json", "csv", "snapshot".
	What string `json:"what"`
	URI  string `json:"uri"` // s3://…
	// URL opens the object in the console for whoever signs in there and may
	// read it; "" where the partition's console is not known.
	URL string `json:"url,omitempty"`
}

// consoles are the hosts of the AWS Management Console. Sources: AWS
// Management Console documentation; AWS GovCloud (US) User Guide, "Signing
// in"; Getting Started with Amazon Web Services in China; AWS European
// Sovereign Cloud, "Service endpoints". Others have no address that is public.
var consoles = map[string]string{
	"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com", "aws-eusc": "console.amazonaws-eusc.eu",
}

// object names what is stored under a key. No link here opens anything by
// itself: S3's presigned ones are not made, because whoever has one can read.
func (p Place) object(what, key string) Object {
	o := Object{What: what, URI: "s3://" + p.Bucket + "/" + key}
	if host := consoles[p.Partition]; host != "" && p.Region != "" {
		q := url.Values{"region": {p.Region}, "prefix": {key}}
		o.URL = "https://" + p.Region + "." + host + "/s3/object/" + url.PathEscape(p.Bucket) + "?" + q.Encode()
	}
	return o
}

// Store keeps reports in a bucket. Nothing is ever deleted, and no access
// control list is set.
type Store struct {
	client Client
	Place
}

// NewStore returns the store at a place.
func NewStore(client Client, p Place) *Store { return &Store{client, p} }

// storeWithin bounds one call with its retries.
const storeWithin = time.Minute

// bound keeps a bucket that does not answer from taking all the time that
// there is: what was found is still to be told.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	within := storeWithin
	if deadline, ok := ctx.Deadline(); ok {
		within = min(within, time.Until(deadline)/4)
	}
	return context.WithTimeout(ctx, within)
}

// errTaken: the condition of a write does not hold.
var errTaken = errors.New("another has written it")

// ErrNone: there is no such object. Without the right to list a bucket S3 says
// only that reading is denied; then this stands beside the denial. Source:
// Amazon S3 API Reference, GetObject, Permissions.
var ErrNone = errors.New("there is none")

// condition of a write: none, that there is no object, or that it is the one
// with a tag. Source: Amazon S3 User Guide, "How to prevent object overwrites
// with conditional writes".
type condition struct {
	absent bool
	tag    string
}

// file is what is to be stored.
type file struct {
	key, kind string // kind is the Content-Type
	// name is what a browser calls it; "" for what only programs read.
	name   string
	inline bool // a browser shows it
	body   []byte
	when   condition
}

// put stores a file and returns its tag.
func (s *Store) put(ctx context.Context, f file) (tag string, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	in := &s3.PutObjectInput{
		Bucket: aws.String(s.Bucket), Key: aws.String(f.key), Body: bytes.NewReader(f.body), ContentType: aws.String(f.kind),
		ServerSideEncryption: types.ServerSideEncryptionAes256, ExpectedBucketOwner: orNil(s.Owner), IfMatch: orNil(f.when.tag),
	}
	if s.Key != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = types.ServerSideEncryptionAwsKms, aws.String(s.Key), aws.Bool(true)
	}
	if f.when.absent {
		in.IfNoneMatch = aws.String("*")
	}
	if f.name != "" {
		how := "attachment"
		if f.inline {
			how = "inline"
		}
		in.ContentDisposition = aws.String(how + `; filename="` + f.name + `"`)
	}
	out, err := s.client.PutObject(ctx, in)
	if code(err) == "PreconditionFailed" || code(err) == "ConditionalRequestConflict" {
		return "", errTaken
	}
	if err != nil {
		return "", fmt.Errorf("write s3://%s/%s: %w", s.Bucket, f.key, err)
	}
	return aws.ToString(out.ETag), nil
}

// maxObject bounds what is read: a report of an account at every quota of IAM
// stays below it.
const maxObject = 256 << 20

// get reads an object and its tag.
func (s *Store) get(ctx context.Context, key string) (data []byte, tag string, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.Bucket), Key: aws.String(key), ExpectedBucketOwner: orNil(s.Owner)})
	if err != nil {
		err = fmt.Errorf("read s3://%s/%s: %w", s.Bucket, key, err)
		if code(err) == "NoSuchKey" || code(err) == "AccessDenied" {
			err = errors.Join(err, ErrNone)
		}
		return nil, "", err
	}
	defer func() { _ = out.Body.Close() }()
	data, err = io.ReadAll(io.LimitReader(out.Body, maxObject+1))
	if err == nil && len(data) > maxObject {
		err = fmt.Errorf("it has more than %d bytes", maxObject)
	}
	if err != nil {
		return nil, "", fmt.Errorf("read s3://%s/%s: %w", s.Bucket, key, err)
	}
	return data, aws.ToString(out.ETag), nil
}

// putJSON stores a value for programs.
func (s *Store) putJSON(ctx context.Context, key string, v any, when condition) (tag string, err error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "", err
	}
	return s.put(ctx, file{key: key, kind: "application/json", body: append(data, '\n'), when: when})
}

// getJSON reads one.
func (s *Store) getJSON(ctx context.Context, key string, v any) (tag string, err error) {
	data, tag, err := s.get(ctx, key)
	if err == nil {
		if err = json.Unmarshal(data, v); err != nil {
			err = fmt.Errorf("read s3://%s/%s: %w", s.Bucket, key, err)
		}
	}
	return tag, err
}

// Read returns an object of the bucket, for example a file of exemptions that
// people keep there. Without one the error is an [ErrNone].
func (s *Store) Read(ctx context.Context, key string) ([]byte, error) {
	data, _, err := s.get(ctx, key)
	return data, err
}

func (s *Store) key(parts ...string) string {
	return path.Join(append([]string{s.Prefix}, parts...)...)
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// code is the error code of S3.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
