package twin

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

func TestListBuckets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	for _, name := range []string{"a-1", "b-1", "b-2"} {
		w.twin.buckets[name] = &bucket{name: name, region: "us-east-1", made: testNow}
	}
	id, secret := w.key(w.truth.Administrator)
	c := w.s3With(id, secret, "")
	all, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
	w.must(err)
	if len(all.Buckets) != 3 || *all.Buckets[0].Name != "a-1" || !all.Buckets[0].CreationDate.Equal(testNow) || len(*all.Owner.ID) != 64 {
		t.Errorf("answer %+v", all)
	}
	page, err := c.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: aws.String("b-"), MaxBuckets: aws.Int32(1)})
	w.must(err)
	rest, err := c.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: aws.String("b-"), MaxBuckets: aws.Int32(1), ContinuationToken: page.ContinuationToken})
	w.must(err)
	if *page.Buckets[0].Name != "b-1" || *rest.Buckets[0].Name != "b-2" || rest.ContinuationToken != nil {
		t.Errorf("pages %+v %+v", page, rest)
	}
	_, err = c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: aws.String("a-1")})
	wants(t, err, "NotImplemented", "")

	_, err = w.s3With("AKIAUNKNOWN000000000", secret, "").ListBuckets(ctx, &s3.ListBucketsInput{})
	wants(t, err, "InvalidAccessKeyId", "does not exist in our records")
	_, err = w.s3With(id, "wrong", "").ListBuckets(ctx, &s3.ListBucketsInput{})
	wants(t, err, "SignatureDoesNotMatch", "")
	session := w.assume(w.truth.Administrator, w.truth.AdminRole)
	w.pass(2 * time.Hour)
	_, err = w.s3By(session).ListBuckets(ctx, &s3.ListBucketsInput{})
	wants(t, err, "ExpiredToken", "The provided token has expired.")
}

// The two levels of containment differ in what they leave.
func TestBucketsTellTheLevels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.newUser("caller", allowAll)
	deny := func(what string) {
		document := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + what + `","Resource":"*"}]}`
		_, err := w.admin().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("caller"), PolicyName: aws.String("deny"), PolicyDocument: &document})
		w.must(err)
	}
	buckets := func() error { _, err := w.s3With(id, secret, "").ListBuckets(ctx, &s3.ListBucketsInput{}); return err }
	users := func() error { _, err := w.iamWith(id, secret, "").ListUsers(ctx, &iam.ListUsersInput{}); return err }
	w.must(errors.Join(buckets(), users()))
	deny("iam:*")
	w.must(buckets())
	wants(t, users(), "AccessDenied", "with an explicit deny")
	deny("*")
	wants(t, users(), "AccessDenied", "with an explicit deny")
	err := buckets()
	wants(t, err, "AccessDenied", "is not authorized to perform: s3:ListAllMyBuckets with an explicit deny in an identity-based policy")
	var status interface{ HTTPStatusCode() int }
	var api smithy.APIError
	if !errors.As(err, &status) || status.HTTPStatusCode() != 403 || !errors.As(err, &api) {
		t.Errorf("error %v", err)
	}
}

// The sample company has buckets, another account none; both answers are
// XML as S3 writes it.
func TestListBucketsOnTheWire(t *testing.T) {
	t.Parallel()
	sample, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	snap, _ := founders(1)
	other, err := New(Config{Snapshot: snap})
	if err != nil {
		t.Fatal(err)
	}
	for tw, want := range map[*Twin]string{
		sample: "<Buckets><Bucket><Name>halden-artifacts</Name><CreationDate>",
		other:  "<Buckets></Buckets></ListAllMyBucketsResult>",
	} {
		server, err := tw.Start("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, twin: tw, url: server.URL(), transport: &http.Transport{}, clock: time.Now()}
		id, secret := w.key(RootUser)
		var body string
		_, err = w.s3With(id, secret, "").ListBuckets(ctx, &s3.ListBucketsInput{}, func(o *s3.Options) {
			o.HTTPClient = reading{&http.Client{Transport: w.transport}, &body}
		})
		w.must(err)
		if !strings.HasPrefix(body, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>`) || !strings.Contains(body, want) {
			t.Errorf("the answer is %s", body)
		}
		w.transport.CloseIdleConnections()
		w.must(server.Close())
	}
}

// reading keeps what the server answers.
type reading struct {
	client *http.Client
	body   *string
}

func (r reading) Do(q *http.Request) (*http.Response, error) {
	out, err := r.client.Do(q)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	*r.body = string(data)
	out.Body = io.NopCloser(strings.NewReader(*r.body))
	return out, err
}
