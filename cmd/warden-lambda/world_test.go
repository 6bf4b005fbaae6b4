package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/change/ledger"
	"warden/deploy"
	"warden/internal/fixture"
	"warden/internal/stage"
)

// buildFlags are those of make lambda.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid="}

func TestMain(m *testing.M) { os.Exit(fixture.M{M: m}.Run()) }

func build(out string) error {
	cmd := buildCommand(out, buildFlags)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func buildCommand(out string, flags []string) *exec.Cmd {
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", out, "warden/cmd/warden-lambda")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	return cmd
}

// world is the sample company on a twin, with what the stack guard makes in
// an account: the deny policy, and a role with exactly the rights of the
// function's. The ledger is on moto. The function reaches the twin through a
// gate that can fail.
type world struct {
	*stage.Stage
	t     testing.TB
	gate  *gate
	env   map[string]string
	store *ledger.DynamoDB

	received []events.SQSMessage
}

func newWorld(t testing.TB, moto string, parameters map[string]string) *world {
	t.Helper()
	ctx := t.Context()
	st, err := stage.Set(ctx, stage.Options{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Stage: st, t: t}
	w.gate = newGate(t, st.Server.URL())

	stack, err := deploy.Resolve("guard", deploy.Place{Partition: "aws", Region: "us-east-1", Account: st.Account}, parameters)
	must(t, err)
	deny, err := stack.Document("DenyPolicy", "PolicyDocument")
	must(t, err)
	_, err = st.Admin.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("DENY-IAM"), PolicyDocument: aws.String(deny)})
	must(t, err)
	rights, err := stack.Document("GuardRolePolicy", "PolicyDocument")
	must(t, err)
	// Lambda takes the function's role by itself; here a user does. The
	// company has a role warden-guard of its own, so it has another name.
	function := w.role("warden-function", "arn:aws:iam::"+st.Account+":root", rights)
	responder := ""
	if mighty, err := stack.Document("ResponderRolePolicy", "PolicyDocument"); err == nil {
		responder = w.role("warden-guard-responder", function, mighty)
	}
	session, err := st.Admin.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(function), RoleSessionName: aws.String("warden-guard")})
	must(t, err)

	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(moto),
		Credentials: credentials.NewStaticCredentialsProvider("AKIA"+rand.Text()[:16], "any", ""),
	})
	table := "ledger-" + rand.Text()
	_, err = client.CreateTable(ctx, ledger.TableDefinition(table))
	must(t, err)
	_, err = client.CreateTable(ctx, ledger.ApprovalTableDefinition(table))
	must(t, err)
	w.store = ledger.NewDynamoDB(client, table)

	w.env = map[string]string{
		"_HANDLER": "guard", "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": *session.Credentials.AccessKeyId, "AWS_SECRET_ACCESS_KEY": *session.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN": *session.Credentials.SessionToken,
		"AWS_ENDPOINT_URL":  w.gate.server.URL, "AWS_ENDPOINT_URL_DYNAMODB": moto,
		"LEDGER_TABLE": table, "SNS_TOPIC_ARN": st.TopicARN, "QUEUE_URL": st.QueueURL,
		"RESPONDER_ROLE_ARN": responder, "CONTAIN_SESSIONS": parameters["ContainSessions"], "UNDO_ACTIONS": parameters["UndoActions"],
	}
	return w
}

// role makes a role that a principal may assume and returns its ARN.
func (w *world) role(name, trusted, rights string) string {
	w.t.Helper()
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}}`, trusted)
	out, err := w.Admin.IAM.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(trust)})
	must(w.t, err)
	_, err = w.Admin.IAM.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String(name), PolicyName: aws.String("rights"), PolicyDocument: aws.String(rights)})
	must(w.t, err)
	return aws.ToString(out.Role.Arn)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) with(name, value string) map[string]string {
	env := map[string]string{}
	for k, v := range w.env {
		env[k] = v
	}
	env[name] = value
	return env
}

// intrude lets a user who is no administrator call CreateUser.
func (w *world) intrude(user, made string) {
	w.t.Helper()
	c, err := w.Clients(user)
	must(w.t, err)
	_, err = c.IAM.CreateUser(w.t.Context(), &iam.CreateUserInput{UserName: aws.String(made)})
	must(w.t, err)
}

// delivered takes messages from the queue, as Lambda's poller does, until
// they have brought n events of one name. Others are kept for later.
func (w *world) delivered(name string, n int) []events.SQSMessage {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		var wanted []events.SQSMessage
		for _, m := range w.received {
			if strings.Contains(m.Body, `"eventName":"`+name+`"`) {
				wanted = append(wanted, m)
			}
		}
		if len(wanted) >= n {
			return wanted
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d events %s in the queue, want %d", len(wanted), name, n)
		}
		out, err := w.Hands.Hub.SQS.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(w.QueueURL), MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 600,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
		})
		must(w.t, err)
		for _, m := range out.Messages {
			w.received = append(w.received, events.SQSMessage{
				MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
				Attributes: m.Attributes, EventSource: "aws:sqs", AWSRegion: "us-east-1",
				EventSourceARN: "arn:aws:sqs:us-east-1:" + w.Account + ":warden-guard",
			})
		}
	}
}

func batchOf(messages ...events.SQSMessage) events.SQSEvent {
	return events.SQSEvent{Records: append([]events.SQSMessage{}, messages...)}
}

// failures reads an answer as Lambda's poller does. Source: AWS Lambda
// Developer Guide, "Implementing partial batch responses".
func failures(t testing.TB, a answer) []string {
	t.Helper()
	if a.failed {
		t.Fatalf("the function failed: %s", a.body)
	}
	var body struct {
		BatchItemFailures *[]struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil || body.BatchItemFailures == nil {
		t.Fatalf("answer %s: %v", a.body, err)
	}
	ids := []string{}
	for _, f := range *body.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

// contained reports whether DENY-IAM is attached to a user.
func (w *world) contained(user string) bool {
	w.t.Helper()
	out, err := w.Admin.IAM.ListAttachedUserPolicies(context.Background(), &iam.ListAttachedUserPoliciesInput{UserName: aws.String(user)})
	must(w.t, err)
	for _, p := range out.AttachedPolicies {
		if aws.ToString(p.PolicyName) == "DENY-IAM" {
			return true
		}
	}
	return false
}

// entries counts the ledger's entries of a kind, and checks its chain.
func (w *world) entries(kind ledger.Kind) int {
	w.t.Helper()
	if _, _, err := ledger.New(w.store, nil).Verify(w.t.Context(), ""); err != nil {
		w.t.Error(err)
	}
	n := 0
	for _, err := range w.store.Entries(w.t.Context(), ledger.Query{Kinds: []ledger.Kind{kind}}) {
		must(w.t, err)
		n++
	}
	return n
}

// gate is the way from the function to the twin. fault, where set, decides
// about each call of an operation, the n-th from 1.
type gate struct {
	server *httptest.Server

	mu    sync.Mutex
	fault func(operation string, n int) fault
	calls map[string]int
	last  map[string]string // bodies
}

type fault int

const (
	pass fault = iota
	throttle
	broken
	hang
	refused // by S3 alone
)

func newGate(t testing.TB, to string) *gate {
	t.Helper()
	target, err := url.Parse(to)
	must(t, err)
	g := &gate{calls: map[string]int{}, last: map[string]string{}}
	proxy := httputil.NewSingleHostReverseProxy(target)
	done := make(chan struct{})
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		decided := g.decide(r, string(body))
		if decided != pass && decided != hang && ofS3(r) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(map[fault]int{throttle: http.StatusServiceUnavailable, broken: http.StatusInternalServerError, refused: http.StatusForbidden}[decided])
			_, _ = fmt.Fprintf(w, `<Error><Code>%s</Code><Message>The request failed</Message></Error>`, map[fault]string{throttle: "SlowDown", broken: "InternalError", refused: "AccessDenied"}[decided])
			return
		}
		if code := map[fault]string{throttle: "ThrottlingException", broken: "InternalFailure"}[decided]; code != "" && r.Header.Get("X-Amz-Target") != "" {
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
			w.WriteHeader(map[fault]int{throttle: http.StatusBadRequest, broken: http.StatusInternalServerError}[decided])
			_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"The request failed"}`, code)
			return
		}
		switch decided {
		case throttle:
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
		case broken:
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceFailure</Code><Message>The request failed</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
		case hang:
			select {
			case <-r.Context().Done():
			case <-done:
			}
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		close(done)
		g.server.Close()
	})
	return g
}

// ofS3 tells whether a request is signed for S3.
func ofS3(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request")
}

func (g *gate) decide(r *http.Request, body string) fault {
	operation := r.Header.Get("X-Amz-Target")
	if _, name, ok := strings.Cut(operation, "."); ok {
		operation = name
	} else if ofS3(r) {
		operation = "s3:" + r.Method
	} else if form, err := url.ParseQuery(body); err == nil {
		operation = form.Get("Action")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls[operation]++
	g.last[operation] = body
	if g.fault == nil {
		return pass
	}
	return g.fault(operation, g.calls[operation])
}

// failing sets what goes wrong from now on, and counts calls anew.
func (g *gate) failing(f func(operation string, n int) fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault, g.calls, g.last = f, map[string]int{}, map[string]string{}
}

func (g *gate) called(operation string) (n int, body string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[operation], g.last[operation]
}

// users are some of the sample company's that are no administrators.
func (w *world) users(n int) []string {
	w.t.Helper()
	var out []string
	for i := range n {
		name := fmt.Sprintf("contractor-%d", i)
		_, err := w.Admin.IAM.CreateUser(w.t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
		must(w.t, err)
		_, err = w.Admin.IAM.AttachUserPolicy(w.t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(name), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
		must(w.t, err)
		out = append(out, name)
	}
	return out
}

// keyOf makes a key for a user and returns clients with it.
func (w *world) keyOf(user string) *app.Clients {
	w.t.Helper()
	out, err := w.Admin.IAM.CreateAccessKey(w.t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	must(w.t, err)
	return app.Fixed(w.Server.URL(), app.Key{ID: *out.AccessKey.AccessKeyId, Secret: *out.AccessKey.SecretAccessKey})
}

func zipOf(tb testing.TB, program string) string {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "function.zip")
	cmd := exec.Command("go", "run", "warden/deploy/pack", program, out)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		tb.Fatal(err)
	}
	return out
}
