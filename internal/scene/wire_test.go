package scene

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// wire takes requests to the twin without a socket, as the bubble of virtual
// time needs it. The way takes some milliseconds, which depend on the seed,
// the request and the time, and not on the order in which goroutines happen to
// run.
type wire struct {
	handler http.Handler
	seed    int64
	name    string
	// same counts the requests that are the same.
	same *counts
	// cut is asked before and after each request whether the line is dead.
	cut func(target string, after bool) bool
}

// ids are those that are new in each run.
var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// counts says how often something was there before. Which of two goroutines
// comes first at one moment is chance, so a number for each request in turn
// would make all that follows chance too.
type counts struct {
	mu sync.Mutex
	of map[uint64]int
}

func newCounts() *counts { return &counts{of: map[uint64]int{}} }

func (c *counts) next(what uint64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[what]++
	return c.of[what]
}

// total is how many there were.
func (c *counts) total() (n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, often := range c.of {
		n += int64(often)
	}
	return n
}

var errLineDead = errors.New("the line is dead")

// Do implements aws.HTTPClient.
func (w wire) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(orEmpty(r.Body))
	if err != nil {
		return nil, err
	}
	if err := sleep(r, w.latency(r, body)); err != nil {
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

// latency is 3 to 23 ms and some, different for each request.
func (w wire) latency(r *http.Request, body []byte) time.Duration {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, w.seed, w.name, time.Now().UnixNano(), r.Header.Get("X-Amz-Target"))
	// Messages to people hold ids of events, which are new in each run; so are
	// the handles of messages in a queue.
	if !strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
		_, _ = h.Write(ids.ReplaceAllLiteral(body, nil))
	}
	// Two requests of one moment that are the same are not answered at one
	// moment either: virtual time takes such in any order.
	_, _ = fmt.Fprint(h, w.same.next(h.Sum64()))
	return 3*time.Millisecond + time.Duration(h.Sum64()%20_000_000)
}

func sleep(r *http.Request, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-t.C:
		return nil
	}
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
