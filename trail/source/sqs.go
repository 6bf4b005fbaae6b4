package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// QueueClient holds the SQS calls that a Queue makes.
type QueueClient interface {
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, opts ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, opts ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
}

// Queue reads events that EventBridge delivers to an SQS queue. A message
// that is not deleted comes back after the queue's visibility time-out, so an
// event is lost neither by a crash nor by an error.
type Queue struct {
	client QueueClient
	url    string
}

// NewQueue returns the queue with the given URL.
func NewQueue(client QueueClient, url string) *Queue { return &Queue{client, url} }

// Message is one delivery of an event.
type Message struct {
	ID   string
	Body []byte
	// Receipt deletes this delivery.
	Receipt string
}

// batch is the most messages that one receive returns.
// Source: Amazon SQS API Reference, ReceiveMessage.
const batch = 10

// maxPoll is the longest that SQS waits for a message.
const maxPoll = 20 * time.Second

// Receive waits for messages for at most wait (up to 20 seconds, in whole
// seconds) and returns up to ten. No message is not an error.
func (q *Queue) Receive(ctx context.Context, wait time.Duration) ([]Message, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            aws.String(q.url),
		MaxNumberOfMessages: batch,
		WaitTimeSeconds:     int32(min(wait, maxPoll) / time.Second),
	})
	if err != nil {
		err = fmt.Errorf("receive from %s: %w", q.url, err)
		if isRefused(err) {
			err = fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return nil, err
	}
	messages := make([]Message, len(out.Messages))
	for i, m := range out.Messages {
		messages[i] = Message{
			ID:      aws.ToString(m.MessageId),
			Body:    []byte(aws.ToString(m.Body)),
			Receipt: aws.ToString(m.ReceiptHandle),
		}
	}
	return messages, nil
}

// ErrRefused says that the queue will answer the same whenever it is asked: it
// does not exist, or the credentials may not read it.
var ErrRefused = errors.New("the queue cannot be read")

// isRefused knows the codes of SQS and of its older protocol. Source: Amazon
// SQS API Reference, ReceiveMessage; Common Errors.
func isRefused(err error) bool {
	var coded smithy.APIError
	if !errors.As(err, &coded) {
		return false
	}
	switch coded.ErrorCode() {
	case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "InvalidAddress", "AccessDenied", "AccessDeniedException":
		return true
	}
	return false
}

// Delete tells the queue that the message has been dealt with.
func (q *Queue) Delete(ctx context.Context, m Message) error {
	if _, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(q.url), ReceiptHandle: aws.String(m.Receipt)}); err != nil {
		return fmt.Errorf("delete message %s from %s: %w", m.ID, q.url, err)
	}
	return nil
}
