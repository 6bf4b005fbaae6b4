package twin

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Amazon SQS: standard queues. Errors and limits are those of the SQS API
// Reference and of "Amazon SQS message quotas" in its Developer Guide.

func sqsOperations() map[string]operation {
	return map[string]operation{
		"CreateQueue": op(authCreateQueue, createQueue).alone(),
		"GetQueueUrl": op(func(c *call, in *sqs.GetQueueUrlInput) ([]demand, error) {
			return c.onQueue("GetQueueUrl", deref(in.QueueName))
		}, getQueueURL).alone(),
		"ListQueues":         op(authListQueues, listQueues).alone(),
		"DeleteQueue":        op(onURL("DeleteQueue", func(in *sqs.DeleteQueueInput) *string { return in.QueueUrl }), deleteQueue).alone(),
		"PurgeQueue":         op(onURL("PurgeQueue", func(in *sqs.PurgeQueueInput) *string { return in.QueueUrl }), purgeQueue).alone(),
		"GetQueueAttributes": op(onURL("GetQueueAttributes", func(in *sqs.GetQueueAttributesInput) *string { return in.QueueUrl }), getQueueAttributes).alone(),
		"SetQueueAttributes": op(onURL("SetQueueAttributes", func(in *sqs.SetQueueAttributesInput) *string { return in.QueueUrl }), setQueueAttributes).alone(),

		"SendMessage":                  op(onURL("SendMessage", func(in *sendInput) *string { return in.QueueUrl }), sendMessage).alone().dataEvent(),
		"SendMessageBatch":             op(onURL("SendMessage", func(in *sendBatchInput) *string { return in.QueueUrl }), sendMessageBatch).alone().dataEvent(),
		"ReceiveMessage":               op(onURL("ReceiveMessage", func(in *receiveInput) *string { return in.QueueUrl }), receiveMessage).alone().dataEvent(),
		"DeleteMessage":                op(onURL("DeleteMessage", func(in *sqs.DeleteMessageInput) *string { return in.QueueUrl }), deleteMessage).alone().dataEvent(),
		"DeleteMessageBatch":           op(onURL("DeleteMessage", func(in *sqs.DeleteMessageBatchInput) *string { return in.QueueUrl }), deleteMessageBatch).alone().dataEvent(),
		"ChangeMessageVisibility":      op(onURL("ChangeMessageVisibility", func(in *sqs.ChangeMessageVisibilityInput) *string { return in.QueueUrl }), changeVisibility).alone().dataEvent(),
		"ChangeMessageVisibilityBatch": op(onURL("ChangeMessageVisibility", func(in *sqs.ChangeMessageVisibilityBatchInput) *string { return in.QueueUrl }), changeVisibilityBatch).alone().dataEvent(),
	}
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// onQueue asks for the permission on a queue, by the caller's policies or the
// queue's own.
func (c *call) onQueue(operation, name string) ([]demand, error) {
	if !queueName.MatchString(name) {
		return nil, sqsInvalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return []demand{{
		action: "sqs:" + operation, resource: c.t.regionalARN("sqs", name),
		resourcePolicy: c.t.queues.get(name).document(),
	}}, nil
}

func onURL[I any](operation string, url func(*I) *string) func(*call, *I) ([]demand, error) {
	return func(c *call, in *I) ([]demand, error) {
		name, err := c.queueOf(url(in))
		if err != nil {
			return nil, err
		}
		return c.onQueue(operation, name)
	}
}

// queueOf takes the name out of a queue's URL: …/ACCOUNT/NAME.
func (c *call) queueOf(url *string) (string, error) {
	parts := strings.Split(deref(url), "/")
	n := len(parts)
	if n < 3 || parts[n-2] != c.t.account {
		return "", noQueue()
	}
	return parts[n-1], nil
}

func noQueue() error {
	return sqsError("QueueDoesNotExist", "The specified queue does not exist.")
}

// queue finds the queue of a URL that has been authorized.
func (c *call) queue(url *string) (*queue, error) {
	name, err := c.queueOf(url)
	if err != nil {
		return nil, err
	}
	if q := c.t.queues.get(name); q != nil {
		return q, nil
	}
	return nil, noQueue()
}

func (c *call) queueURL(name string) *string {
	return ptr("http://" + c.host + "/" + c.t.account + "/" + name)
}

func authCreateQueue(c *call, in *sqs.CreateQueueInput) ([]demand, error) {
	if strings.HasSuffix(deref(in.QueueName), ".fifo") || in.Attributes["FifoQueue"] == "true" {
		return nil, sqsError("UnsupportedOperation", "The twin serves standard queues only.")
	}
	return c.onQueue("CreateQueue", deref(in.QueueName))
}

// createQueue: the same request again gives the same queue.
func createQueue(c *call, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := *in.QueueName
	s := c.t.queues
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.byName[name]; q != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		now := q.settings.all()
		for _, attribute := range slices.Sorted(maps.Keys(in.Attributes)) {
			if now[attribute] != in.Attributes[attribute] {
				return nil, sqsError("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", attribute)
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: c.queueURL(name)}, nil
	}
	q := newQueue(name, c.t.regionalARN("sqs", name), c.now)
	if err := q.settings.set(in.Attributes); err != nil {
		return nil, err
	}
	s.byName[name] = q
	return &sqs.CreateQueueOutput{QueueUrl: c.queueURL(name)}, nil
}

func getQueueURL(c *call, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	owner := deref(in.QueueOwnerAWSAccountId)
	if c.t.queues.get(*in.QueueName) == nil || owner != "" && owner != c.t.account {
		return nil, noQueue()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: c.queueURL(*in.QueueName)}, nil
}

func authListQueues(c *call, in *sqs.ListQueuesInput) ([]demand, error) {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 1000) {
		return nil, sqsInvalid("Value for parameter MaxResults is invalid. Reason: Must be an integer from 1 to 1000.")
	}
	return []demand{{action: "sqs:ListQueues", resource: c.t.regionalARN("sqs", "*")}}, nil
}

func listQueues(c *call, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	c.t.queues.mu.Lock()
	names := slices.Sorted(maps.Keys(c.t.queues.byName))
	c.t.queues.mu.Unlock()
	if in.MaxResults == nil {
		in.MaxResults = ptr(int32(1000))
	}
	page, next, err := pageOf(names, deref(in.QueueNamePrefix), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sqs.ListQueuesOutput{NextToken: next}
	for _, name := range page {
		out.QueueUrls = append(out.QueueUrls, *c.queueURL(name))
	}
	return out, nil
}

func deleteQueue(c *call, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	c.t.queues.mu.Lock()
	delete(c.t.queues.byName, q.name)
	c.t.queues.mu.Unlock()
	q.mu.Lock()
	q.wake() // whoever waits for messages learns that the queue is gone
	q.mu.Unlock()
	return &sqs.DeleteQueueOutput{}, nil
}

func purgeQueue(c *call, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.purge()
	return &sqs.PurgeQueueOutput{}, nil
}

func getQueueAttributes(c *call, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.settings.all()
	ready, inFlight, delayed := q.counts(c.now)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(ready)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(inFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	all["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	all["QueueArn"] = q.arn
	out := &sqs.GetQueueAttributesOutput{}
	for _, name := range in.AttributeNames {
		if name == types.QueueAttributeNameAll {
			out.Attributes = all
			break
		}
		if !slices.Contains(name.Values(), name) {
			return nil, sqsError("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		if value, ok := all[string(name)]; ok {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[string(name)] = value
		}
	}
	return out, nil
}

func setQueueAttributes(c *call, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	q, err := c.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.settings.set(in.Attributes); err != nil {
		return nil, err
	}
	q.modified = c.now
	return &sqs.SetQueueAttributesOutput{}, nil
}

// waitAtMost bounds a poll: SQS Developer Guide, "Amazon SQS short and long
// polling".
const waitAtMost = 20 * time.Second
