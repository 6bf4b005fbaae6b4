package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const pushed = `{"version": 1, "account": "111122223333", "partition": "aws", "collectedAt": "2026-01-31T00:00:00Z", "groups": [], "roles": [], "policies": [],
 "users": [{"path": "/", "name": "x", "id": "AIDAX", "arn": "arn:aws:iam::111122223333:user/x", "createDate": "2025-06-01T00:00:00Z", "attached": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}]}`

// stubHub answers as STS and Security Hub do; imports go to the handler.
func stubHub(t *testing.T, imported http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/findings/import":
			imported(w, r)
		case "/findings":
			fmt.Fprint(w, `{"Findings": []}`)
		default:
			fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ops</Arn><UserId>AIDAOPS</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func runPush(t *testing.T, url string, more ...string) (status int, errs string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, []byte(pushed), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, e bytes.Buffer
	s := &streams{In: strings.NewReader(""), Out: &out, Err: &e}
	root := newRoot(s)
	root.SetArgs(append([]string{"audit", "--from", file, "--control", "user.groups-only", "--push-security-hub", "--endpoint-url", url, "--fail-on", "none"}, more...))
	return exitStatus(s.Err, root.Execute()), e.String()
}

// t.Setenv keeps these from running beside others.
func pushEnvironment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// Without --apply nothing is written; a finding that is refused is named, and
// makes the exit status 1; throttling is waited out.
func TestPush(t *testing.T) {
	pushEnvironment(t)
	var calls atomic.Int32
	refuse := stubHub(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("X-Amzn-Errortype", "LimitExceededException")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"Code": "LimitExceededException", "Message": "slower"}`)
			return
		}
		var in struct {
			Findings []struct{ ID, ProductArn, GeneratorID string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Findings) != 1 || in.Findings[0].ProductArn != "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default" {
			t.Errorf("%v %+v", err, in)
		}
		fmt.Fprintf(w, `{"FailedCount": 1, "SuccessCount": 0, "FailedFindings": [{"Id": %q, "ErrorCode": "InvalidInput", "ErrorMessage": "bad \u001b[31m text"}]}`, in.Findings[0].ID)
	})
	status, errs := runPush(t, refuse)
	if want := "nothing was sent; --apply sends 1 findings in 1 calls"; status != 0 || !strings.Contains(errs, want) || calls.Load() != 0 {
		t.Errorf("status %d, %d calls: %s", status, calls.Load(), errs)
	}
	status, errs = runPush(t, refuse, "--apply")
	for _, want := range []string{"refused: warden/111122223333/F-", ": InvalidInput: bad ", "0 of 1 sent", "refused 1 of 1 findings"} {
		if status != 1 || !strings.Contains(errs, want) || strings.Contains(errs, "\x1b") {
			t.Errorf("status %d, no %q in %s", status, want, errs)
		}
	}
	if calls.Load() != 2 {
		t.Errorf("%d calls", calls.Load())
	}
	// Pushing goes before the answer of --fail-on, which then holds.
	taken := stubHub(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []}`)
	})
	if status, errs := runPush(t, taken, "--apply", "--fail-on", "low"); status != 3 || !strings.Contains(errs, "1 of 1 sent") {
		t.Errorf("status %d: %s", status, errs)
	}
}
