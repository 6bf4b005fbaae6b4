package look_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"warden/deploy"
	"warden/doctor"
	"warden/doctor/look"
	"warden/finding"
)

// against are clients of one server.
func against(url string) look.Clients {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	return look.Clients{
		CloudWatch: cloudwatch.NewFromConfig(cfg), DynamoDB: dynamodb.NewFromConfig(cfg), IAM: iam.NewFromConfig(cfg), Lambda: lambda.NewFromConfig(cfg),
		SNS: sns.NewFromConfig(cfg), SQS: sqs.NewFromConfig(cfg), Organization: organizations.NewFromConfig(cfg),
		Regions: map[string]look.Regional{"us-east-1": {CloudTrail: cloudtrail.NewFromConfig(cfg), EventBridge: eventbridge.NewFromConfig(cfg)}},
	}
}

// Where nothing may be read, nothing passes, and nothing fails either.
func TestNothingMayBeRead(t *testing.T) {
	t.Parallel()
	denied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>you may not</Message></Error></ErrorResponse>`))
			return
		}
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","message":"you may not"}`))
	}))
	defer denied.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	want, err := deploy.Wanted(place, map[string]string{"PROTECTED": breakGlass, "SNS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:t"})
	if err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{"denied": denied.URL, "gone": gone.URL} {
		in := look.Place{Account: acct, Partition: "aws", Home: "us-east-1", Regions: []string{"us-east-1"}}
		report := doctor.Examine(look.Look(context.Background(), against(url), in, want, time.Now()))
		for _, res := range report.Results {
			if res.Status != finding.Unknown && res.Status != finding.NotApplicable {
				t.Errorf("%s: %s %s is %s: %s", name, res.Check, res.Where, res.Status, res.Evidence)
			}
			if strings.Contains(res.Evidence, "\n") {
				t.Errorf("%s: the evidence of %s has more than one line: %q", name, res.Check, res.Evidence)
			}
			if name == "denied" && res.Status == finding.Unknown && res.Check != "alarms.set" && res.Check != "sweep.recent" && res.Check != "events.recent" && !strings.Contains(res.Evidence, "you may not") {
				t.Errorf("%s: %s does not say why: %s", name, res.Check, res.Evidence)
			}
		}
		if report.Grade != doctor.GradeD || report.Count(finding.Unknown) < 20 {
			t.Errorf("%s: grade %s, %d unknown", name, report.Grade, report.Count(finding.Unknown))
		}
	}
}
