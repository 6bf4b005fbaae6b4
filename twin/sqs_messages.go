package twin

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The SDK's own inputs do not tell a zero that was sent from none, and here it
// matters: a queue's default is not 0. So these three are written out.
type (
	sendInput struct {
		QueueUrl, MessageBody *string
		DelaySeconds          *int32
		MessageAttributes     map[string]types.MessageAttributeValue
	}
	sendBatchInput struct {
		QueueUrl *string
		Entries  []sendBatchEntry
	}
	sendBatchEntry struct {
		Id, MessageBody   *string
		DelaySeconds      *int32
		MessageAttributes map[string]types.MessageAttributeValue
	}
	receiveInput struct {
		QueueUrl                                                *string
		AttributeNames, MessageSystemAttributeNames             []string
		MessageAttributeNames                                   []string
		MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds *int32
	}
)

// checked builds the message of a request.
func (q *queue) checked(c *call, body *string, delay *int32, attributes map[string]types.MessageAttributeValue) (*message, time.Duration, error) {
	q.mu.Lock()
	maxSize, wait := q.settings.maxSize, q.settings.delay
	q.mu.Unlock()
	if deref(body) == "" {
		return nil, 0, refuse(400, "MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if i := strings.IndexFunc(*body, notXML); i >= 0 {
		return nil, 0, sqsError("InvalidMessageContents", "Invalid binary character '#x%X' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", []rune((*body)[i:])[0])
	}
	size := len(*body)
	for name, a := range attributes {
		size += len(name) + len(deref(a.DataType)) + len(deref(a.StringValue)) + len(a.BinaryValue)
		if deref(a.DataType) == "" {
			return nil, 0, sqsInvalid("The message attribute '%s' must contain a non-empty message attribute type.", name)
		}
	}
	if size > maxSize {
		return nil, 0, sqsInvalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxSize)
	}
	if delay != nil {
		if *delay < 0 || *delay > 900 {
			return nil, 0, sqsInvalid("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", *delay)
		}
		wait = time.Duration(*delay) * time.Second
	}
	return c.t.newMessage(*body, c.principal.userID, attributes, c.now), wait, nil
}

// notXML tells characters that a message cannot hold (SQS API Reference,
// SendMessage).
func notXML(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

func sendMessage(c *call, in *sendInput) (*sqs.SendMessageOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m, delay, err := q.checked(c, in.MessageBody, in.DelaySeconds, in.MessageAttributes)
	if err != nil {
		return nil, err
	}
	out := &sqs.SendMessageOutput{MessageId: ptr(m.id), MD5OfMessageBody: ptr(m.bodyMD5), MD5OfMessageAttributes: optional(m.attributesMD5)}
	q.send(m, delay, c.now)
	return out, nil
}

// batch checks the ids of a batch.
func batch[E any](entries []E, id func(*E) *string) error {
	switch n := len(entries); {
	case n == 0:
		return sqsError("EmptyBatchRequest", "There should be at least one entry in the request.")
	case n > 10:
		return sqsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", n)
	}
	seen := map[string]bool{}
	for i := range entries {
		x := deref(id(&entries[i]))
		if !queueName.MatchString(x) {
			return sqsError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[x] {
			return sqsError("BatchEntryIdsNotDistinct", "Id %s repeated.", x)
		}
		seen[x] = true
	}
	return nil
}

func failedEntry(id *string, err error) types.BatchResultErrorEntry {
	var e *apiError
	if !errors.As(err, &e) {
		e = newAPIError(500, "InternalError", "%v", err)
	}
	return types.BatchResultErrorEntry{Id: id, Code: ptr(e.Code), Message: ptr(e.Message), SenderFault: e.Fault == "Sender"}
}

func sendMessageBatch(c *call, in *sendBatchInput) (*sqs.SendMessageBatchOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := batch(in.Entries, func(e *sendBatchEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		m, delay, err := q.checked(c, e.MessageBody, e.DelaySeconds, e.MessageAttributes)
		if err != nil {
			out.Failed = append(out.Failed, failedEntry(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{
			Id: e.Id, MessageId: ptr(m.id), MD5OfMessageBody: ptr(m.bodyMD5), MD5OfMessageAttributes: optional(m.attributesMD5),
		})
		q.send(m, delay, c.now)
	}
	return out, nil
}

func deleteMessage(c *call, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.DeleteMessageOutput{}, q.remove(deref(in.ReceiptHandle))
}

func deleteMessageBatch(c *call, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := batch(in.Entries, func(e *types.DeleteMessageBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		if err := q.remove(deref(e.ReceiptHandle)); err != nil {
			out.Failed = append(out.Failed, failedEntry(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

func (q *queue) change(handle *string, timeout int32, now time.Time) error {
	if timeout < 0 || timeout > 43200 {
		return sqsInvalid("Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", timeout)
	}
	return q.hide(deref(handle), time.Duration(timeout)*time.Second, now)
}

func changeVisibility(c *call, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.ChangeMessageVisibilityOutput{}, q.change(in.ReceiptHandle, in.VisibilityTimeout, c.now)
}

func changeVisibilityBatch(c *call, in *sqs.ChangeMessageVisibilityBatchInput) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := batch(in.Entries, func(e *types.ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		if err := q.change(e.ReceiptHandle, e.VisibilityTimeout, c.now); err != nil {
			out.Failed = append(out.Failed, failedEntry(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// receiveMessage takes messages, waiting for the first one as long as the
// caller or the queue says.
func receiveMessage(c *call, in *receiveInput) (*sqs.ReceiveMessageOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	n := 1
	if in.MaxNumberOfMessages != nil {
		if n = int(*in.MaxNumberOfMessages); n < 1 || n > 10 {
			return nil, sqsInvalid("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", n)
		}
	}
	if v := in.VisibilityTimeout; v != nil && (*v < 0 || *v > 43200) {
		return nil, sqsInvalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.", *v)
	}
	q.mu.Lock()
	wait := q.settings.wait
	q.mu.Unlock()
	if w := in.WaitTimeSeconds; w != nil {
		if wait = time.Duration(*w) * time.Second; wait < 0 || wait > waitAtMost {
			return nil, sqsInvalid("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", *w)
		}
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range c.t.poll(c, q, n, in.VisibilityTimeout, wait) {
		out.Messages = append(out.Messages, m.wire(in))
	}
	return out, nil
}

// poll waits until there is a message, the time is over or the client gone.
func (t *Twin) poll(c *call, q *queue, n int, visibility *int32, wait time.Duration) []*message {
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		now := t.now()
		got, dead, deadLetter, again, next := q.receive(n, visibility, now)
		if letters := t.queueByARN(deadLetter); letters != nil {
			for _, m := range dead {
				letters.send(&message{
					id: m.id, body: m.body, bodyMD5: m.bodyMD5, attributes: m.attributes, attributesMD5: m.attributesMD5,
					sender: m.sender, sent: m.sent, deadLetterOf: q.arn, rank: -1,
				}, 0, now)
			}
		}
		if len(got) > 0 || wait <= 0 || t.queues.get(q.name) != q {
			return got
		}
		var appears <-chan time.Time
		var timer *time.Timer
		if !next.IsZero() {
			timer = time.NewTimer(next.Sub(now))
			appears = timer.C
		}
		select {
		case <-again:
		case <-appears:
		case <-c.done:
			return nil
		case <-over.C:
			wait = 0 // one last look
		}
		if timer != nil {
			timer.Stop()
		}
	}
}

// wire is the message with the attributes that were asked for.
func (m *message) wire(in *receiveInput) types.Message {
	out := types.Message{MessageId: ptr(m.id), ReceiptHandle: ptr(m.handle), Body: ptr(m.body), MD5OfBody: ptr(m.bodyMD5)}
	system := map[string]string{
		"SenderId":                         m.sender,
		"SentTimestamp":                    milliseconds(m.sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": milliseconds(m.first),
	}
	if m.deadLetterOf != "" {
		system["DeadLetterQueueSourceArn"] = m.deadLetterOf
	}
	for _, name := range slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames) {
		for key, value := range system {
			if name == "All" || name == key {
				if out.Attributes == nil {
					out.Attributes = map[string]string{}
				}
				out.Attributes[key] = value
			}
		}
	}
	for key, value := range m.attributes {
		if wanted(in.MessageAttributeNames, key) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]types.MessageAttributeValue{}
			}
			out.MessageAttributes[key] = value
		}
	}
	if len(out.MessageAttributes) > 0 {
		out.MD5OfMessageAttributes = ptr(attributesMD5(out.MessageAttributes))
	}
	return out
}

// wanted: names, "All", ".*", or a prefix "bar.*".
func wanted(names []string, key string) bool {
	for _, name := range names {
		if name == "All" || name == ".*" || name == key {
			return true
		}
		if prefix, ok := strings.CutSuffix(name, ".*"); ok && strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
