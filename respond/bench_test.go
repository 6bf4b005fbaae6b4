package respond_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// BenchmarkContainment measures one incident after the other: from the event
// to the containment that was read back and proved, over real sockets to the
// twin and with the ledger on disk.
func BenchmarkContainment(b *testing.B) {
	st, err := stage.Set(b.Context(), stage.Options{Seed: 11})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	}()
	r, err := st.Responder()
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	events := make([]*trail.Event, b.N)
	for i := range events {
		out, err := st.Admin.IAM.CreateUser(b.Context(), &iam.CreateUserInput{UserName: aws.String(fmt.Sprintf("caller-%d", i))})
		if err != nil {
			b.Fatal(err)
		}
		events[i] = createUserEvent(b, st.Account, out.User)
	}
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for _, e := range events {
		res := r.Handle(b.Context(), e)
		if res.Action != respond.Contained || res.Err != nil {
			b.Fatalf("%s %v", res.Action, res.Err)
		}
		took = append(took, res.Took)
	}
	b.StopTimer()
	slices.Sort(took)
	at := func(q float64) float64 {
		return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
}

// createUserEvent is the CloudTrail record of a CreateUser call by the user.
func createUserEvent(tb testing.TB, account string, u *types.User) *trail.Event {
	tb.Helper()
	record := `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"ID","arn":"ARN","accountId":"ACCOUNT","accessKeyId":"AKIAEXAMPLEEXAMPLE00","userName":"NAME"},` +
		`"eventTime":"TIME","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2",` +
		`"requestParameters":{"userName":"x"},"responseElements":{"user":{"path":"/","userName":"x","userId":"AIDAXXXXXXXXXXXXXXXXX","arn":"arn:aws:iam::ACCOUNT:user/x","createDate":"Aug 1, 2026 1:33:28 PM"}},` +
		`"requestID":"r-ID","eventID":"e-ID","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"ACCOUNT","eventCategory":"Management"}`
	record = strings.NewReplacer("ACCOUNT", account, "ARN", aws.ToString(u.Arn), "NAME", aws.ToString(u.UserName),
		"e-ID", "e-"+aws.ToString(u.UserId), "r-ID", "r-"+aws.ToString(u.UserId), `"ID"`, `"`+aws.ToString(u.UserId)+`"`,
		"TIME", time.Now().UTC().Format(time.RFC3339)).Replace(record)
	e, err := trail.ParseEvent([]byte(record))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}
