package twin

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The clients of the smaller services, beside those of IAM and STS.

func (w *world) sqs(userName string) *sqs.Client {
	w.Helper()
	id, secret := w.key(userName)
	return sqs.NewFromConfig(w.config(id, secret, ""), func(o *sqs.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *world) sns(userName string) *sns.Client {
	w.Helper()
	id, secret := w.key(userName)
	return sns.NewFromConfig(w.config(id, secret, ""), func(o *sns.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *world) events(userName string) *eventbridge.Client {
	w.Helper()
	id, secret := w.key(userName)
	return eventbridge.NewFromConfig(w.config(id, secret, ""), func(o *eventbridge.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *world) cloudtrail(userName string) *cloudtrail.Client {
	w.Helper()
	id, secret := w.key(userName)
	return cloudtrail.NewFromConfig(w.config(id, secret, ""), func(o *cloudtrail.Options) { o.HTTPSignerV4 = w.signer() })
}

const here = "us-east-1:" + SampleAccount

// admitting is a queue policy that lets a service send for one source.
func admitting(service, sourceARN string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + sourceARN + `"}}}]}`
}

// queue makes a queue and returns its URL.
func (w *world) queue(name string, attributes map[string]string) string {
	w.Helper()
	out, err := w.sqs(w.truth.Administrator).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	w.must(err)
	return *out.QueueUrl
}

// tap makes a rule and a queue that gets what it matches.
func (w *world) tap(name, pattern string, state ebtypes.RuleState) (url string) {
	w.Helper()
	rule := "arn:aws:events:" + here + ":rule/" + name
	url = w.queue(name, map[string]string{"Policy": admitting("events.amazonaws.com", rule), "VisibilityTimeout": "600"})
	e := w.events(w.truth.Administrator)
	_, err := e.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventPattern: &pattern, State: state})
	w.must(err)
	_, err = e.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: aws.String("arn:aws:sqs:" + here + ":" + name)}}})
	w.must(err)
	return url
}

// receive takes what is in a queue now.
func (w *world) receive(url string) []sqstypes.Message {
	w.Helper()
	var all []sqstypes.Message
	for {
		out, err := w.sqs(w.truth.Administrator).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
		})
		w.must(err)
		if len(out.Messages) == 0 {
			return all
		}
		all = append(all, out.Messages...)
	}
}

// parsed decodes JSON into maps.
func parsed(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

// names are the eventNames of the events in messages.
func names(t testing.TB, messages []sqstypes.Message) []string {
	t.Helper()
	var out []string
	for _, m := range messages {
		detail, _ := parsed(t, *m.Body)["detail"].(map[string]any)
		name, _ := detail["eventName"].(string)
		out = append(out, name)
	}
	return out
}
