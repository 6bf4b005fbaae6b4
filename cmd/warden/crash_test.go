package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/account"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/internal/fixture"
	"warden/internal/stage"
)

// moment is a point of a guard's life: its n-th call to AWS, just before AWS
// sees it or just after AWS has carried it out.
type moment struct {
	call  int
	after bool
}

// reaper stands between the guard and AWS and kills the guard at its moment.
type reaper struct {
	calls  atomic.Int32
	at     moment
	kill   func()
	killed atomic.Bool
}

func (r *reaper) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n := int(r.calls.Add(1))
		if n == r.at.call && !r.at.after {
			r.killed.Store(true)
			r.kill()
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, req)
		if n == r.at.call {
			r.killed.Store(true)
			r.kill()
			return
		}
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// TestKillGuardAnywhere kills the real binary at every one of its calls to
// AWS, before and after the call is carried out, starts it again, and compares
// with a run that lived: the intruder is contained, what he made is
// quarantined, each once, people are told, the ledger is whole, and undo
// restores exactly what was.
func TestKillGuardAnywhere(t *testing.T) {
	t.Parallel()
	binary := fixture.Warden(t)
	calls := killAt(t, binary, moment{}) // a run that lives, to count its calls
	if calls < 12 {
		t.Fatalf("the guard made %d calls, too few to be true", calls)
	}
	for n := 1; n <= calls; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("call %d after=%t", n, after), func(t *testing.T) {
				t.Parallel()
				killAt(t, binary, moment{n, after})
			})
		}
	}
}

// killAt plays the story with a guard that is killed at the moment and
// started again. It returns the number of calls of the first guard.
func killAt(t *testing.T, binary string, at moment) int {
	ctx := t.Context()
	st, err := stage.Set(ctx, stage.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	// What a killed guard had received comes back soon.
	if _, err := st.Admin.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: aws.String(st.QueueURL), Attributes: map[string]string{"VisibilityTimeout": "1"}}); err != nil {
		t.Fatal(err)
	}
	before := st.Twin.Snapshot()
	intruder, err := st.Clients(st.Truth.Intruder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := intruder.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("backdoor")}); err != nil {
		t.Fatal(err)
	}

	running := make(chan *os.Process, 1)
	r := &reaper{at: at, kill: func() { _ = (<-running).Kill() }}
	target, _ := url.Parse(st.Server.URL())
	proxy := httptest.NewServer(r.wrap(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host // what the client signed
	}}))
	defer proxy.Close()
	user, err := st.Clients(st.Truth.Guard)
	if err != nil {
		t.Fatal(err)
	}
	assumed, err := user.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(st.Truth.GuardRole), RoleSessionName: aws.String("warden")})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	guard := func(endpoint string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, "guard", "--queue", st.QueueURL, "--endpoint-url", endpoint, "--ledger", path,
			"--topic", st.TopicARN, "--apply", "--undo-actions", "--until-empty", "-o", "json")
		cmd.Env = []string{"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
			"AWS_ACCESS_KEY_ID=" + *assumed.Credentials.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + *assumed.Credentials.SecretAccessKey,
			"AWS_SESSION_TOKEN=" + *assumed.Credentials.SessionToken}
		cmd.Stderr = os.Stderr
		if !testing.Verbose() {
			cmd.Stderr = nil
		}
		return cmd
	}

	first := guard(proxy.URL)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	running <- first.Process
	err = first.Wait()
	switch {
	case at.call == 0 && err != nil:
		t.Fatalf("the guard that was left alone: %v", err)
	case at.call > 0 && r.killed.Load() && err == nil:
		t.Fatal("the guard was killed and ended well")
	}
	calls := int(r.calls.Load())
	if at.call > 0 {
		// The message is visible again after a second; a guard that finds
		// the queue empty before that ends, so it looks twice.
		for range 2 {
			if out, err := guard(st.Server.URL()).Output(); err != nil {
				t.Fatalf("the next guard: %v\n%s", err, out)
			}
		}
	}
	checkStory(ctx, t, st, path)
	person := openApplier(ctx, t, st, path)
	undoStory(ctx, t, person)
	if is, was := userJSON(t, st.Twin.Snapshot(), st.Truth.Intruder), userJSON(t, before, st.Truth.Intruder); is != was {
		t.Errorf("after undo %s is\n%s\nand was\n%s", st.Truth.Intruder, is, was)
	}
	return calls
}

// story is a ledger with somebody who may undo what it holds.
type story struct {
	ledger  *ledger.Ledger
	applier *apply.Applier
}

func openApplier(ctx context.Context, t *testing.T, st *stage.Stage, path string) story {
	t.Helper()
	store, err := ledger.OpenSQLite(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	l := ledger.New(store, nil)
	return story{l, apply.New(st.Admin.IAM, l, apply.Options{Account: st.Account})}
}

// checkStory compares what the guard left with what it must leave.
func checkStory(ctx context.Context, t *testing.T, st *stage.Stage, path string) {
	t.Helper()
	deny := "arn:aws:iam::" + st.Account + ":policy/DENY-IAM"
	for _, u := range st.Twin.Snapshot().Users {
		n := 0
		for _, arn := range u.Attached {
			if arn == deny {
				n++
			}
		}
		if want := u.Name == st.Truth.Intruder || u.Name == "backdoor"; want != (n == 1) {
			t.Errorf("%s has %d deny policies", u.Name, n)
		}
	}
	if n := len(st.Twin.Published()); n < 1 || n > 2 {
		t.Errorf("%d notifications: want one, or two after a crash between sending and recording", n)
	}
	s := openApplier(ctx, t, st, path)
	if _, _, err := s.ledger.Verify(ctx, ""); err != nil {
		t.Errorf("the ledger is broken: %v", err)
	}
	incidents, err := s.ledger.Incidents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	callers := 0
	for _, in := range incidents {
		if in.Kind == "warden" {
			continue
		}
		callers++
		seen := map[string]int{}
		for _, step := range in.Steps {
			seen[step.Step.Setting.String()]++
			if !step.Ended() {
				t.Errorf("%s: %s", step.Step, step.Status())
			}
			if step.Status() == ledger.Already {
				t.Errorf("%s: counted as somebody else's, so undo would leave it", step.Step)
			}
		}
		if len(seen) != 2 {
			t.Errorf("steps for %v", seen)
		}
		if in.Status != ledger.StatusConfigured {
			t.Errorf("status %q", in.Status)
		}
	}
	if callers != 1 {
		t.Errorf("%d incidents", callers)
	}
}

func undoStory(ctx context.Context, t *testing.T, s story) {
	t.Helper()
	incidents, err := s.ledger.Incidents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range incidents {
		if in.Kind == "warden" {
			continue
		}
		undo, err := s.applier.UndoPlan(ctx, in.ID, "", apply.UndoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := s.applier.Undo(ctx, undo); err != nil || !rep.OK() {
			t.Fatalf("%v %v", err, rep.Problems())
		}
	}
}

// userJSON is a user without what use alone changes.
func userJSON(t *testing.T, s *account.Snapshot, name string) string {
	t.Helper()
	for _, u := range s.Users {
		if u.Name != name {
			continue
		}
		for i := range u.AccessKeys {
			u.AccessKeys[i].LastUsed = nil
		}
		data, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	t.Fatalf("no user %s", name)
	return ""
}
