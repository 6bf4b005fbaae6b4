package twin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"warden/account"
	"warden/app"
)

// world is a twin of the sample company that real clients talk to.
type world struct {
	*testing.T
	twin  *Twin
	truth Truth
	url   string

	transport *http.Transport

	mu    sync.Mutex
	clock time.Time
}

// newWorld starts a twin whose clock stands still until it is moved.
func newWorld(t *testing.T, faults Faults) *world {
	t.Helper()
	snap, truth := founders(11)
	return worldOf(t, faults, snap, truth)
}

// founders is the sample company as it began: few enough to count.
func founders(seed int64) (*account.Snapshot, Truth) {
	c := newCompany(SampleAccount, "halden-freight", seed, testNow)
	c.founders()
	return c.snap, *c.truth
}

// worldOf is newWorld of another company.
func worldOf(t *testing.T, faults Faults, snap *account.Snapshot, truth Truth) *world {
	t.Helper()
	w := &world{T: t, clock: testNow}
	tw, err := New(Config{Snapshot: snap, Seed: 11, Now: w.now, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(tw.Handler())
	t.Cleanup(server.Close)
	// Not the default transport: every server that closes, closes its idle
	// connections, also those of other tests.
	w.transport = &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(w.transport.CloseIdleConnections)
	w.twin, w.truth, w.url = tw, truth, server.URL
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// limit sets quotas.
func (w *world) limit(change func(q *quotas)) {
	w.twin.mu.Lock()
	defer w.twin.mu.Unlock()
	change(&w.twin.state.quotas)
}

// signer signs at the twin's time, not the machine's.
type signer struct {
	*v4.Signer
	now func() time.Time
}

func (s signer) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, s.now(), o...)
}

func (w *world) signer() signer { return signer{v4.NewSigner(), w.now} }

func (w *world) config(id, secret, token string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &w.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		HTTPClient:  app.WholeBody(&http.Client{Transport: w.transport}),
	}
}

// key finds a long-term key of a user.
func (w *world) key(userName string) (id, secret string) {
	w.Helper()
	id, secret, err := w.twin.Credentials(userName)
	if err != nil {
		w.Fatal(err)
	}
	return id, secret
}

func (w *world) iam(userName string) *iam.Client {
	w.Helper()
	id, secret := w.key(userName)
	return w.iamWith(id, secret, "")
}

func (w *world) sts(userName string) *sts.Client {
	w.Helper()
	id, secret := w.key(userName)
	return w.stsWith(id, secret, "")
}

func (w *world) iamWith(id, secret, token string) *iam.Client {
	return iam.NewFromConfig(w.config(id, secret, token), func(o *iam.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *world) stsWith(id, secret, token string) *sts.Client {
	return sts.NewFromConfig(w.config(id, secret, token), func(o *sts.Options) { o.HTTPSignerV4 = w.signer() })
}

// iamBy and stsBy use temporary credentials.
func (w *world) iamBy(c *ststypes.Credentials) *iam.Client {
	return w.iamWith(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func (w *world) stsBy(c *ststypes.Credentials) *sts.Client {
	return w.stsWith(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func (w *world) admin() *iam.Client { return w.iam(w.truth.Administrator) }

// newUser makes a user with a key and an inline policy.
func (w *world) newUser(name, document string) (id, secret string) {
	w.Helper()
	a := w.admin()
	_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	if document != "" {
		_, err = a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: &document})
		w.must(err)
	}
	out, err := a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return *out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey
}

// newRole makes a role that trusts arn.
func (w *world) newRole(name, arn, document string) string {
	w.Helper()
	a := w.admin()
	out, err := a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustingARN(arn, ""))})
	w.must(err)
	if document != "" {
		_, err = a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: &document})
		w.must(err)
	}
	return *out.Role.Arn
}

func (w *world) arn(kind, rest string) string {
	return "arn:aws:iam::" + SampleAccount + ":" + kind + rest
}

var ctx = context.Background()

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// wants checks the code of an error and a part of its message.
func wants(t testing.TB, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	switch {
	case !errors.As(err, &api):
		t.Errorf("error %v, want %s", err, code)
	case api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message):
		t.Errorf("error %s: %s\nwant  %s: …%s…", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
