package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

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
	add := func(name, v string) {
		if v != "" {
			attributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(v)}
		}
	}
	for name, v := range m.Attributes {
		add(name, v)
	}
	add("incident", m.Incident)
	add("severity", m.Severity.String())
	add("account", m.account())
	add("kind", m.Kind)
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
		return m.Account
	}
	return m.Details.Account
}

// maxPublish leaves room for the attributes below the 262,144 bytes that SNS
// takes of a message and its attributes. Source: Amazon SNS API Reference,
// Publish, Message.
const maxPublish = 240 << 10

// body is a message for each kind of subscriber: machines get the details too,
// unless they are too much for SNS; people get the longest text that there is
// room for. Source: Amazon SNS API Reference, Publish, MessageStructure.
func (t *Topic) body(m Message) (string, error) {
	m.Text = m.body()
	for {
		machine, err := jsonText(m)
		if err != nil {
			return "", err
		}
		with := func(text string) (string, error) {
			return jsonText(map[string]string{"default": text, "sms": subject(m.Subject), "sqs": machine, "lambda": machine})
		}
		body, err := with(m.Text)
		if err != nil || len(body) <= maxPublish {
			if err == nil && m.Full != "" {
				body = longest(printable(m.Full), len(m.Text), body, with)
			}
			return body, err
		}
		if m.Report == nil && m.Details == nil {
			return "", fmt.Errorf("a message of %d bytes is too long", len(body))
		}
		m.Account = m.account()
		m.Report, m.Details = nil, nil
	}
}

// longest makes a body with as much of a text as there is room for, but more
// than least, or returns the one that there is.
func longest(text string, least int, otherwise string, with func(string) (string, error)) string {
	if len(text) <= maxPublish {
		if body, err := with(text); err == nil && len(body) <= maxPublish {
			return body
		}
	}
	// How long a text becomes in JSON depends on what stands in it.
	for low, high := least, min(len(text), maxPublish); high-low > 1; {
		n := (low + high) / 2
		if body, err := with(cut(text, n)); err == nil && len(body) <= maxPublish {
			low, otherwise = n, body
		} else {
			high = n
		}
	}
	return otherwise
}

// cutHere ends a text that was cut at its end.
const cutHere = "\n[cut here]\n"

// cut takes the end off a text, at the end of a line, and says so.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	text = strings.ToValidUTF8(text[:n], "")
	if i := strings.LastIndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return text + cutHere
}

// jsonText is JSON without escapes that only web pages need.
func jsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
