package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"warden/twin"
)

// The account is read live, and AWS's simulator is asked the same. The twin
// stands for both.
func TestSimulateLive(t *testing.T) {
	snapshot, truth := twin.Sample(1, time.Now())
	tw, err := twin.New(twin.Config{Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	id, secret, err := tw.Credentials(truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

	user := snapshot.Users[0]
	args := []string{"--live", "--endpoint-url", server.URL(), "--principal", "user/" + user.Name, "--action", "iam:Create*", "--action", "s3:ListAllMyBuckets",
		"--context", "aws:MultiFactorAuthPresent=true", "--compare-aws", "-o", "json"}
	status, out, errs := runSimulate(t, "", args...)
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, errs, out)
	}
	var report struct {
		Requests []answer `json:"requests"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Requests) < 15 {
		t.Fatalf("%d requests", len(report.Requests))
	}
	for _, a := range report.Requests {
		if a.AWS == nil || !a.AWS.Agrees {
			t.Errorf("%s: %+v, AWS %+v", a.Action, a.Decision, a.AWS)
		}
	}

	// Policies as text: with a change, and from files alone.
	status, out, errs = runSimulate(t, "", append(args[:len(args)-2], "--with", writeFile(t, "all.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))...)
	if status != 0 || strings.Contains(out, "DIFFERS") || !strings.Contains(out, "AWS SAYS") {
		t.Errorf("status %d: %s%s", status, errs, out)
	}

	// An answer that differs is shown, and is exit status 3.
	lying := lyingProxy(t, server.URL())
	status, out, errs = runSimulate(t, "", "--policy", writeFile(t, "none.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`),
		"--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k", "--compare-aws", "--endpoint-url", lying)
	if status != 3 || !strings.Contains(out, "explicitDeny DIFFERS") {
		t.Errorf("status %d: %s%s", status, errs, out)
	}

	// What AWS's simulator cannot be asked is an error, not an agreement.
	status, _, errs = runSimulate(t, "", "--policy", writeFile(t, "p.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
		"--scp", writeFile(t, "scp.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
		"--action", "s3:GetObject", "--compare-aws", "--endpoint-url", server.URL())
	if status != 2 || !strings.Contains(errs, "takes no session, service control or resource control policies") {
		t.Errorf("status %d: %s", status, errs)
	}
}

// lyingProxy passes everything on, and turns each "allowed" of an answer into
// "explicitDeny".
func lyingProxy(t *testing.T, to string) string {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: func(res *http.Response) error {
			body, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			body = bytes.ReplaceAll(body, []byte(">allowed<"), []byte(">explicitDeny<"))
			res.Body = io.NopCloser(bytes.NewReader(body))
			res.ContentLength = int64(len(body))
			res.Header.Del("Content-Length")
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// writeFile writes a file of the test and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
