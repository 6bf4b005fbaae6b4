package twin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// raw is a request before it is signed, and how its signature is spoilt.
type raw struct {
	service, region, target, body string
	id, secret, token             string
	at                            time.Time
	spoil                         func(*http.Request)
}

// send signs and sends; it returns status, code and message of the answer.
func (w *world) send(r raw) (status int, code, message string) {
	w.Helper()
	q, err := http.NewRequest(http.MethodPost, w.url+"/", strings.NewReader(r.body))
	w.must(err)
	if r.target != "" {
		q.Header.Set("X-Amz-Target", r.target)
		q.Header.Set("Content-Type", "application/x-amz-json-1.1")
	} else {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	sum := sha256.Sum256([]byte(r.body))
	w.must(v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: r.id, SecretAccessKey: r.secret, SessionToken: r.token}, q,
		hex.EncodeToString(sum[:]), r.service, r.region, r.at))
	if r.spoil != nil {
		r.spoil(q)
	}
	res, err := http.DefaultClient.Do(q)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode == http.StatusOK {
		return res.StatusCode, "", ""
	}
	if r.target != "" {
		var e struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		w.must(json.Unmarshal(body, &e))
		return res.StatusCode, e.Type, e.Message
	}
	var e struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	w.must(xml.Unmarshal(body, &e))
	return res.StatusCode, e.Code, e.Message
}

func TestSignatureFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.key(w.truth.Administrator)

	inactiveID, inactiveSecret := w.newUser("sleeper", allowAll)
	_, err := w.admin().UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("sleeper"), AccessKeyId: &inactiveID, Status: types.StatusTypeInactive})
	w.must(err)
	session, err := w.sts(w.truth.Administrator).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	x := session.Credentials
	old, err := w.sts(w.truth.Administrator).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	w.must(err)
	w.pass(20 * time.Minute) // and the second one is over

	signed := func(change func(string) string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", change(r.Header.Get("Authorization"))) }
	}
	tests := []struct {
		name               string
		change             func(*raw)
		status             int // of IAM; JSON services say 400
		query, json        string
		message            string
		onlyQuery, onlyJSO bool
	}{
		{name: "good", change: func(*raw) {}, status: 200},
		{name: "good session", change: func(r *raw) { r.id, r.secret, r.token = *x.AccessKeyId, *x.SecretAccessKey, *x.SessionToken },
			status: 403, query: "InvalidClientTokenId", message: "is invalid", onlyQuery: true}, // IAM needs MFA
		{name: "good session elsewhere", change: func(r *raw) { r.id, r.secret, r.token = *x.AccessKeyId, *x.SecretAccessKey, *x.SessionToken }, onlyJSO: true},
		{name: "unknown key", change: func(r *raw) { r.id = "AKIAUNKNOWN000000000" }, status: 403, query: "InvalidClientTokenId", json: "UnrecognizedClientException", message: invalidToken},
		{name: "inactive key", change: func(r *raw) { r.id, r.secret = inactiveID, inactiveSecret }, status: 403, query: "InvalidClientTokenId", json: "UnrecognizedClientException", message: invalidToken},
		{name: "bad secret", change: func(r *raw) { r.secret += "x" }, status: 403, query: "SignatureDoesNotMatch", json: "InvalidSignatureException", message: "does not match the signature you provided"},
		{name: "expired token", change: func(r *raw) {
			c := old.Credentials
			r.id, r.secret, r.token = *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken
		}, status: 403, query: "ExpiredToken", json: "ExpiredTokenException", message: expiredToken},
		{name: "token missing", change: func(r *raw) { r.id, r.secret = *x.AccessKeyId, *x.SecretAccessKey }, status: 403, query: "InvalidClientTokenId", json: "UnrecognizedClientException", message: invalidToken},
		{name: "token of another", change: func(r *raw) {
			r.id, r.secret, r.token = *x.AccessKeyId, *x.SecretAccessKey, *old.Credentials.SessionToken
		}, status: 403, query: "InvalidClientTokenId", json: "UnrecognizedClientException", message: invalidToken},
		{name: "token with a long-term key", change: func(r *raw) { r.token = *x.SessionToken }, status: 403, query: "InvalidClientTokenId", json: "UnrecognizedClientException", message: invalidToken},
		{name: "unsigned", change: func(r *raw) { r.spoil = func(q *http.Request) { q.Header.Del("Authorization") } }, status: 403, query: "MissingAuthenticationToken", json: "MissingAuthenticationTokenException", message: "missing Authentication Token"},
		{name: "no signature", change: func(r *raw) {
			r.spoil = signed(func(s string) string { return s[:strings.Index(s, ", Signature=")] })
		}, status: 400, query: "IncompleteSignature", json: "IncompleteSignatureException", message: "requires 'Signature' parameter"},
		{name: "no date", change: func(r *raw) { r.spoil = func(q *http.Request) { q.Header.Del("X-Amz-Date") } }, status: 400, query: "IncompleteSignature", json: "IncompleteSignatureException", message: "X-Amz-Date"},
		{name: "another algorithm", change: func(r *raw) {
			r.spoil = signed(func(s string) string { return strings.Replace(s, "AWS4-HMAC-SHA256", "AWS3", 1) })
		}, status: 400, query: "IncompleteSignature", json: "IncompleteSignatureException"},
		{name: "host not signed", change: func(r *raw) {
			r.spoil = signed(func(s string) string { return strings.Replace(s, "host;", "", 1) })
		}, status: 403, query: "SignatureDoesNotMatch", json: "InvalidSignatureException", message: "'Host' or ':authority' must be a 'SignedHeader'"},
		{name: "body changed", change: func(r *raw) {
			r.spoil = func(q *http.Request) { q.Body = io.NopCloser(strings.NewReader(strings.ToUpper(r.body))) }
		}, status: 403, query: "InvalidAction", json: "InvalidSignatureException", onlyJSO: true, message: "does not match"},
		{name: "late", change: func(r *raw) { r.at = r.at.Add(-16 * time.Minute) }, status: 403, query: "SignatureDoesNotMatch", json: "InvalidSignatureException", message: "Signature expired: "},
		{name: "early", change: func(r *raw) { r.at = r.at.Add(16 * time.Minute) }, status: 403, query: "SignatureDoesNotMatch", json: "InvalidSignatureException", message: "Signature not yet current: "},
		{name: "almost late", change: func(r *raw) { r.at = r.at.Add(-14 * time.Minute) }, status: 200},
		{name: "another region", change: func(r *raw) { r.region = "mars-north-1" }, status: 403, query: "SignatureDoesNotMatch", json: "InvalidSignatureException", message: "Credential should be scoped to a valid Region, not 'mars-north-1'"},
		{name: "another service", change: func(r *raw) { r.service = "ec2" }, status: 403, query: "SignatureDoesNotMatch", json: "InvalidSignatureException", message: "Credential should be scoped to correct service: '"},
		{name: "unknown operation", change: func(r *raw) {
			r.body = strings.Replace(r.body, "Action=GetUser", "Action=MakeCoffee", 1)
			r.target = strings.Replace(r.target, "LookupEvents", "MakeCoffee", 1)
		}, status: 400, query: "InvalidAction", json: "UnknownOperationException", message: "MakeCoffee"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{T: t, twin: w.twin, url: w.url}
			if !tt.onlyJSO {
				r := raw{service: "iam", region: "us-east-1", body: "Action=GetUser&Version=2010-05-08", id: id, secret: secret, at: w.twin.now()}
				tt.change(&r)
				status, code, message := w.send(r)
				if status != tt.status || code != tt.query || !strings.Contains(message, tt.message) {
					t.Errorf("IAM: %d %s %q, want %d %s …%s…", status, code, message, tt.status, tt.query, tt.message)
				}
			}
			if !tt.onlyQuery {
				r := raw{service: "cloudtrail", region: "us-east-1", target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", body: `{"MaxResults":1}`, id: id, secret: secret, at: w.twin.now()}
				tt.change(&r)
				want := http.StatusBadRequest
				if tt.json == "" {
					want = http.StatusOK
				}
				status, code, message := w.send(r)
				if status != want || code != tt.json || !strings.Contains(message, tt.message) {
					t.Errorf("CloudTrail: %d %s %q, want %d %s …%s…", status, code, message, want, tt.json, tt.message)
				}
			}
		})
	}
}

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.key(w.truth.Administrator)
	r := raw{service: "iam", region: "us-east-1", id: id, secret: secret, at: w.twin.now()}
	r.body = "Action=ListUsers&Version=2010-05-08&MaxItems=many"
	if status, code, message := w.send(r); status != 400 || code != "MalformedInput" {
		t.Errorf("a bad number: %d %s %s", status, code, message)
	}
	r.body = "Action=ListUsers&Version=1999-01-01"
	if status, code, message := w.send(r); status != 400 || code != "InvalidAction" {
		t.Errorf("an unknown version: %d %s %s", status, code, message)
	}
	r.body = "Action=GetUser&Version=2010-05-08&UserName=" + strings.Repeat("a", maxBody)
	if status, code, message := w.send(r); status != 413 || code != "RequestEntityTooLarge" {
		t.Errorf("a large body: %d %s %s", status, code, message)
	}
	r = raw{service: "sqs", region: "us-east-1", target: "AmazonSQS.ListQueues", body: "{", id: id, secret: secret, at: w.twin.now()}
	if status, code, message := w.send(r); status != 400 || code != "SerializationException" {
		t.Errorf("bad JSON: %d %s %s", status, code, message)
	}
	r.target = "DynamoDB_20120810.ListTables"
	if status, code, message := w.send(r); status != 400 || code != "UnknownOperationException" {
		t.Errorf("an unknown service: %d %s %s", status, code, message)
	}
}

// TestPresigned: whoever has the URL is the caller, until it expires.
func TestPresigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.key(w.truth.Administrator)
	q, err := http.NewRequest(http.MethodGet, w.url+"/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60", nil)
	w.must(err)
	empty := sha256.Sum256(nil)
	url, _, err := v4.NewSigner().PresignHTTP(ctx, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, q, hex.EncodeToString(empty[:]), "sts", "us-east-1", w.now())
	w.must(err)
	get := func(url string) (int, string) {
		res, err := http.Get(url) //nolint:gosec // our own server
		w.must(err)
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		w.must(err)
		return res.StatusCode, string(body)
	}
	if status, body := get(url); status != 200 || !strings.Contains(body, w.truth.Administrator) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get(strings.Replace(url, "X-Amz-Expires=60", "X-Amz-Expires=600", 1)); status != 403 || !strings.Contains(body, "SignatureDoesNotMatch") {
		t.Errorf("a changed URL: %d %s", status, body)
	}
	w.pass(2 * time.Minute)
	if status, body := get(url); status != 403 || !strings.Contains(body, "Signature expired") {
		t.Errorf("an old URL: %d %s", status, body)
	}
}

func TestCanonicalForms(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"b=2&a=1": "a=1&b=2", "a": "a=", "x=a+b%2f~": "x=a%20b%2F~", "": ""} {
		if got := canonicalQuery(in); got != want {
			t.Errorf("query %q became %q, want %q", in, got, want)
		}
	}
	if got := string(appendTrimmed(nil, "  a   b  ")); got != "a b" {
		t.Errorf("header became %q", got)
	}
}
