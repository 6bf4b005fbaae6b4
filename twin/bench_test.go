package twin

import (
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// BenchmarkCreateUser measures CreateUser calls of an SDK client in the same
// process over eight connections: signed, verified, decided, recorded.
func BenchmarkCreateUser(b *testing.B) {
	client := benchClient(b)
	var n atomic.Int64
	b.SetParallelism((8 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			name := "bench-" + strconv.FormatInt(n.Add(1), 10)
			if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "calls/s")
}

// BenchmarkGetUser is the same for a call that changes nothing.
func BenchmarkGetUser(b *testing.B) {
	client := benchClient(b)
	b.SetParallelism((8 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.GetUser(ctx, &iam.GetUserInput{}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "calls/s")
}

func benchClient(b *testing.B) *iam.Client {
	b.Helper()
	snapshot, truth := Sample(1, time.Now())
	t, err := New(Config{Snapshot: snapshot})
	if err != nil {
		b.Fatal(err)
	}
	t.state.quotas.users = 1 << 30
	server, err := t.Start("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	})
	id, secret, err := t.Credentials(truth.Administrator)
	if err != nil {
		b.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = 8, 8
	b.Cleanup(transport.CloseIdleConnections)
	return iam.New(iam.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL()),
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient:  &http.Client{Transport: transport},
	})
}
