// Package notify tells people what happened. A Notifier delivers a Message at
// least once; the ledger keeps it from being sent again.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"warden/finding"
)

// Message is one notification: who, what, from where, what was done and how
// to undo it, short enough for one screen.
type Message struct {
	// Incident is the id under which repeats are recognised.
	Incident string           `json:"incident"`
	Severity finding.Severity `json:"severity"`
	Subject  string           `json:"subject"`
	Text     string           `json:"text"`
}

// Notifier delivers messages. An error means that the message may not have
// arrived and should be sent again.
type Notifier interface {
	Notify(ctx context.Context, m Message) error
}

// All sends each message to every notifier, whatever the others answer, and
// joins their errors.
type All []Notifier

// Notify implements Notifier.
func (a All) Notify(ctx context.Context, m Message) error {
	var errs []error
	for _, n := range a {
		if err := n.Notify(ctx, m); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Text writes messages for people to read.
type Text struct {
	mu sync.Mutex
	w  io.Writer
}

// NewText returns a notifier that writes to w; it is safe for concurrent use.
func NewText(w io.Writer) *Text { return &Text{w: w} }

// Notify implements Notifier.
func (t *Text) Notify(_ context.Context, m Message) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	body := strings.ReplaceAll(strings.TrimRight(printable(m.Text), "\n"), "\n", "\n  ")
	if _, err := fmt.Fprintf(t.w, "[%s] %s (incident %s)\n  %s\n", strings.ToUpper(m.Severity.String()), subject(m.Subject), m.Incident, body); err != nil {
		return fmt.Errorf("write notification of incident %s: %w", m.Incident, err)
	}
	return nil
}

// printable keeps what an attacker wrote, for example in a user agent, from
// steering the terminal it is shown on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// Publisher is the one call that SNS needs.
type Publisher interface {
	Publish(ctx context.Context, in *sns.PublishInput, opts ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Topic publishes messages to an SNS topic: the subject and the text for
// people, and the incident and severity as attributes to filter on.
type Topic struct {
	client Publisher
	arn    string
}

// NewTopic returns a notifier for the topic with the given ARN.
func NewTopic(client Publisher, arn string) *Topic { return &Topic{client, arn} }

// maxSubject is the longest subject that SNS takes; it must be ASCII without
// line breaks. Source: Amazon SNS API Reference, Publish.
const maxSubject = 100

// Notify implements Notifier.
func (t *Topic) Notify(ctx context.Context, m Message) error {
	attribute := func(v string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(v)}
	}
	_, err := t.client.Publish(ctx, &sns.PublishInput{
		TopicArn: aws.String(t.arn),
		Subject:  aws.String(subject(m.Subject)),
		Message:  aws.String(m.Text),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"incident": attribute(m.Incident),
			"severity": attribute(m.Severity.String()),
		},
	})
	if err != nil {
		return fmt.Errorf("publish incident %s to %s: %w", m.Incident, t.arn, err)
	}
	return nil
}

// subject makes text fit for SNS: names in it come from an attacker.
func subject(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	if len(clean) > maxSubject {
		clean = clean[:maxSubject-3] + "..."
	}
	return clean
}

// JSON writes each message as one line, for machines.
type JSON struct {
	mu  sync.Mutex
	enc *json.Encoder
}

// NewJSON returns a notifier that writes to w; it is safe for concurrent use.
func NewJSON(w io.Writer) *JSON { return &JSON{enc: json.NewEncoder(w)} }

// Notify implements Notifier.
func (j *JSON) Notify(_ context.Context, m Message) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.enc.Encode(struct {
		Notification Message `json:"notification"`
	}{m}); err != nil {
		return fmt.Errorf("write notification of incident %s: %w", m.Incident, err)
	}
	return nil
}
