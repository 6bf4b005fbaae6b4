package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// Publisher is the one call that SNS needs.
type Publisher interface {
	Publish(ctx context.Context, in *sns.PublishInput, opts ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Topic publishes messages to an SNS topic. Subscribers that are people get
// the text, queues and functions the message as JSON; the incident, the
// severity and the account are attributes to filter on.
type Topic struct {
	client Publisher
	arn    string
}

// NewTopic returns a notifier for the topic with the given ARN.
func NewTopic(client Publisher, arn string) *Topic { return &Topic{client, arn} }

// Notify implements Notifier.
func (t *Topic) Notify(ctx context.Context, m Message) error {
	body, err := t.body(m)
	if err != nil {
		return fmt.Errorf("publish incident %s: %w", m.Incident, err)
	}
	attributes := map[string]types.MessageAttributeValue{}
	for name, v := range map[string]string{"incident": m.Incident, "severity": m.Severity.String(), "account": m.account()} {
		if v != "" {
			attributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(v)}
		}
	}
	_, err = t.client.Publish(ctx, &sns.PublishInput{
		TopicArn: aws.String(t.arn), Subject: aws.String(subject(m.Subject)),
		Message: aws.String(body), MessageStructure: aws.String("json"), MessageAttributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("publish incident %s to %s: %w", m.Incident, t.arn, err)
	}
	return nil
}

func (m Message) account() string {
	if m.Details == nil {
		return ""
	}
	return m.Details.Account
}

// maxPublish leaves room below the 256 KiB that SNS takes.
const maxPublish = 240 << 10

// body is a message for each kind of subscriber: machines get the details too,
// unless they are too much for SNS. Source: Amazon SNS API Reference, Publish,
// MessageStructure.
func (t *Topic) body(m Message) (string, error) {
	m.Text = m.body()
	for {
		machine, err := json.Marshal(m)
		if err != nil {
			return "", err
		}
		data, err := json.Marshal(map[string]string{
			"default": m.Text, "sms": subject(m.Subject), "sqs": string(machine), "lambda": string(machine),
		})
		if err != nil || len(data) <= maxPublish || m.Details == nil {
			return string(data), err
		}
		m.Details = nil
	}
}
