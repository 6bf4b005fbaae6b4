package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// lambdaService is the Lambda side of a function: the runtime API that the
// bootstrap asks for work and gives its answers to. Source: AWS Lambda
// Developer Guide, "Using the Lambda runtime API for custom runtimes".
type lambdaService struct {
	t       testing.TB
	server  *httptest.Server
	next    chan invocation
	polled  chan struct{} // closed at the first question for work
	initErr chan string
	started time.Time
	out     lockedBuffer
	exited  chan error
	process *os.Process
	end     func() // stops the function; at the end of the test at the latest

	once    sync.Once
	mu      sync.Mutex
	answers map[string]chan answer
	n       int
	stop    chan struct{}
}

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
}

// answer is what the function gave back: a response, or an error.
type answer struct {
	body   string
	failed bool
	at     time.Time
}

// startFunction runs the bootstrap as Lambda would, with nothing but the
// given environment.
func startFunction(t testing.TB, program string, env map[string]string) *lambdaService {
	t.Helper()
	l := &lambdaService{
		t: t, next: make(chan invocation), polled: make(chan struct{}), initErr: make(chan string, 1),
		answers: map[string]chan answer{}, stop: make(chan struct{}), exited: make(chan error, 1),
	}
	l.server = httptest.NewServer(http.HandlerFunc(l.serve))
	cmd := exec.Command(program)
	cmd.Stdout, cmd.Stderr = &l.out, &l.out
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(l.server.URL, "http://"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
	for name, v := range env {
		cmd.Env = append(cmd.Env, name+"="+v)
	}
	l.started = time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.process = cmd.Process
	ended := make(chan struct{})
	go func() {
		l.exited <- cmd.Wait()
		close(ended)
	}()
	l.end = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		<-ended
		close(l.stop)
		l.server.Close()
		if t.Failed() {
			t.Logf("the function's log:\n%s", l.out.String())
		}
	})
	t.Cleanup(l.end)
	return l
}

func (l *lambdaService) serve(w http.ResponseWriter, r *http.Request) {
	const root = "/2018-06-01/runtime/"
	path := strings.TrimPrefix(r.URL.Path, root)
	switch {
	case r.Method == http.MethodGet && path == "invocation/next":
		l.once.Do(func() { close(l.polled) })
		select {
		case in := <-l.next:
			h := w.Header()
			h.Set("Content-Type", "application/json")
			h.Set("Lambda-Runtime-Aws-Request-Id", in.id)
			h.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(in.deadline.UnixMilli()))
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:111122223333:function:warden-guard")
			_, _ = w.Write(in.event)
		case <-r.Context().Done():
		case <-l.stop:
		}
	case r.Method == http.MethodPost && path == "init/error":
		body, _ := io.ReadAll(r.Body)
		l.initErr <- r.Header.Get("Lambda-Runtime-Function-Error-Type") + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodPost && strings.HasPrefix(path, "invocation/"):
		id, kind, _ := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		to := l.answers[id]
		l.mu.Unlock()
		if to == nil || kind != "response" && kind != "error" {
			http.NotFound(w, r)
			return
		}
		to <- answer{string(body), kind == "error", time.Now()}
		w.WriteHeader(http.StatusAccepted)
	default:
		http.NotFound(w, r)
	}
}

// invoke gives the function an event and the time that Lambda gives it, and
// returns its answer. A function that does not answer in time fails the test,
// as Lambda would end it.
func (l *lambdaService) invoke(event any, timeout time.Duration) answer {
	l.t.Helper()
	to, deadline := l.begin(event, timeout)
	select {
	case a := <-to:
		return a
	case err := <-l.exited:
		l.t.Fatalf("the function ended: %v", err)
	case <-time.After(time.Until(deadline)):
		l.t.Fatalf("the function had %s and did not answer", timeout)
	}
	return answer{}
}

// begin gives the function an event and does not wait for the answer.
func (l *lambdaService) begin(event any, timeout time.Duration) (to chan answer, deadline time.Time) {
	l.t.Helper()
	data, err := json.Marshal(event)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	l.n++
	id := fmt.Sprintf("request-%d", l.n)
	to = make(chan answer, 1)
	l.answers[id] = to
	l.mu.Unlock()
	select {
	case <-l.polled:
	case err := <-l.exited:
		l.t.Fatalf("the function ended: %v", err)
	case <-time.After(time.Minute):
		l.t.Fatal("the function does not ask for work")
	}
	deadline = time.Now().Add(timeout)
	l.next <- invocation{id, data, deadline}
	return to, deadline
}

// lockedBuffer is a buffer that can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
