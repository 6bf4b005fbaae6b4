// Command calls measures how many calls of IAM per second a server answers
// over a few connections: CreateUser, which changes state, then GetUser of the
// users just created. The same SDK client measures every server, so its own
// cost is the same for each.
//
//	calls --endpoint http://127.0.0.1:4566 --access-key ID --secret-key SECRET
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"golang.org/x/sync/errgroup"
)

func main() {
	name := flag.String("name", "server", "name of the server in the output")
	endpoint := flag.String("endpoint", "", "URL of the server")
	key := flag.String("access-key", "", "access key id of an administrator there")
	secret := flag.String("secret-key", "", "its secret")
	calls := flag.Int("calls", 4000, "calls of each operation")
	connections := flag.Int("connections", 8, "connections, each with one call at a time")
	flag.Parse()
	if *endpoint == "" || *key == "" || flag.NArg() > 0 || *calls < 1 || *connections < 1 {
		flag.Usage()
		os.Exit(2)
	}
	b := bench{client: newClient(*endpoint, *key, *secret, *connections), calls: *calls, connections: *connections}
	if err := b.run(context.Background(), *name); err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(1)
	}
}

// newClient is built by hand: no environment variable and no profile is read.
func newClient(endpoint, key, secret string, connections int) *iam.Client {
	return iam.New(iam.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String(endpoint),
		Credentials:      credentials.NewStaticCredentialsProvider(key, secret, ""),
		RetryMaxAttempts: 1,
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.Proxy = nil
			t.MaxConnsPerHost = connections
			t.MaxIdleConnsPerHost = connections
		}),
	})
}

type bench struct {
	client             *iam.Client
	calls, connections int
}

func (b bench) run(ctx context.Context, name string) error {
	prefix := "bench-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-"
	user := func(i int) *string { return aws.String(prefix + strconv.Itoa(i)) }
	operations := []struct {
		name string
		call func(i int) error
	}{
		{"CreateUser", func(i int) error {
			_, err := b.client.CreateUser(ctx, &iam.CreateUserInput{UserName: user(i)})
			return err
		}},
		{"GetUser", func(i int) error {
			_, err := b.client.GetUser(ctx, &iam.GetUserInput{UserName: user(i)})
			return err
		}},
	}
	for _, op := range operations {
		took, times, err := b.load(op.call)
		if err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		fmt.Printf("%-10s %-10s %6d calls, %d connections: %8.0f calls/s, p50 %6.2f ms, p99 %6.2f ms\n", name, op.name,
			b.calls, b.connections, float64(b.calls)/took.Seconds(), milliseconds(times, 50), milliseconds(times, 99))
	}
	return nil
}

// load makes every call once, as fast as the connections allow, and returns
// the wall time and the sorted times of the single calls.
func (b bench) load(call func(i int) error) (time.Duration, []time.Duration, error) {
	times := make([]time.Duration, b.calls)
	var next atomic.Int64
	var group errgroup.Group
	start := time.Now()
	for range b.connections {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.calls {
					return nil
				}
				before := time.Now()
				if err := call(i); err != nil {
					return err
				}
				times[i] = time.Since(before)
			}
		})
	}
	err := group.Wait()
	took := time.Since(start)
	slices.Sort(times)
	return took, times, err
}

func milliseconds(sorted []time.Duration, percent int) float64 {
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}
