package scene

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// wire takes requests to the twin without a socket, as the bubble of virtual
// time needs it, one at a time. The way takes some milliseconds, which depend
// on the seed, the request and the time.
type wire struct {
	handler http.Handler
	turns   *turns
	seed    int64
	name    string
	// saw is told of each request that arrives.
	saw func(name, what string)
	// cut is asked before and after each request whether the line is dead.
	cut func(target string, after bool) bool
}

var errLineDead = errors.New("the line is dead")

// Do implements aws.HTTPClient.
func (w wire) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(orEmpty(r.Body))
	if err != nil {
		return nil, err
	}
	if err := w.way(r.Context(), operation(r, body), body, 1); err != nil {
		return nil, err
	}
	if w.cut != nil && w.cut(r.Header.Get("X-Amz-Target"), false) {
		return nil, errLineDead
	}
	in := r.Clone(r.Context())
	in.Body, in.ContentLength, in.RemoteAddr = io.NopCloser(bytes.NewReader(body)), int64(len(body)), "198.51.100.7:4711"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	out := &answer{header: http.Header{}, status: http.StatusOK}
	w.handler.ServeHTTP(out, in)
	if w.cut != nil && w.cut(r.Header.Get("X-Amz-Target"), true) || out.cut.Load() {
		return nil, errLineDead
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprint(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r,
	}, nil
}

func orEmpty(r io.ReadCloser) io.Reader {
	if r == nil {
		return bytes.NewReader(nil)
	}
	return r
}

// operation is what a request asks for.
func operation(r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target
	}
	action, _, _ := strings.Cut(string(body), "&")
	return strings.TrimPrefix(action, "Action=")
}

// way is how something comes over the wire: in 3 to 23 ms, or a part of them,
// and in its turn.
func (w wire) way(ctx context.Context, what string, body []byte, part time.Duration) error {
	h := fnv.New64a()
	_, _ = h.Write(body)
	content := h.Sum64()
	_, _ = fmt.Fprint(h, w.seed, w.name, time.Now().UnixNano(), what)
	if !pause(ctx, (3*time.Millisecond+time.Duration(h.Sum64()%20_000_000))/part) {
		return ctx.Err()
	}
	w.turns.take(w.name, what, string(body))
	if w.saw != nil {
		w.saw(w.name, fmt.Sprintf("%s %x", what, content))
	}
	return nil
}

// answer is what the twin writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	cut    atomic.Bool
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

func (a *answer) WriteHeader(status int) { a.status = status }

// Hijack lets the twin cut the connection.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.cut.Store(true)
	conn, other := net.Pipe()
	_ = other.Close()
	return conn, nil, nil
}

// patient is the guard's configuration of clients: its own retries, with
// pauses that do not depend on chance.
func patient(client aws.HTTPClient) func(*aws.Config) {
	return func(c *aws.Config) {
		c.HTTPClient = client
		c.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 5
				o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
					return min(100*time.Millisecond<<attempt, 2*time.Second), nil
				})
			})
		}
	}
}

// hasty clients try once.
func hasty(client aws.HTTPClient) func(*aws.Config) {
	return func(c *aws.Config) {
		c.HTTPClient = client
		c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	}
}
