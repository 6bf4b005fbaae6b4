package twin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestQueues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.sqs(w.truth.Administrator)
	url := w.queue("one", map[string]string{"VisibilityTimeout": "5"})
	if want := w.url + "/" + SampleAccount + "/one"; url != want {
		t.Errorf("the URL is %s, want %s", url, want)
	}
	if again := w.queue("one", map[string]string{"VisibilityTimeout": "5"}); again != url {
		t.Errorf("the same queue again has the URL %s", again)
	}
	create := func(name string, attributes map[string]string) error {
		_, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		return err
	}
	wants(t, create("one", map[string]string{"VisibilityTimeout": "6"}), "QueueAlreadyExists", "VisibilityTimeout")
	wants(t, create("a b", nil), "InvalidParameterValue", "alphanumeric")
	wants(t, create("x.fifo", nil), "AWS.SimpleQueueService.UnsupportedOperation", "standard")
	wants(t, create("x", map[string]string{"Colour": "red"}), "InvalidAttributeName", "Colour")
	for name, value := range map[string]string{"VisibilityTimeout": "43201", "DelaySeconds": "-1", "Policy": "{", "RedrivePolicy": "{}", "MaximumMessageSize": "1"} {
		wants(t, create("x", map[string]string{name: value}), "InvalidAttributeValue", name)
	}
	w.queue("other", nil)
	list, err := c.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("o"), MaxResults: aws.Int32(1)})
	w.must(err)
	rest, err := c.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("o"), MaxResults: aws.Int32(1), NextToken: list.NextToken})
	w.must(err)
	if len(list.QueueUrls) != 1 || len(rest.QueueUrls) != 1 || rest.NextToken != nil || list.QueueUrls[0] == rest.QueueUrls[0] {
		t.Errorf("pages %v, %v", list.QueueUrls, rest.QueueUrls)
	}
	got, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("one")})
	w.must(err)
	if *got.QueueUrl != url {
		t.Errorf("GetQueueUrl says %s", *got.QueueUrl)
	}
	_, err = c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	wants(t, err, "AWS.SimpleQueueService.NonExistentQueue", "does not exist")
	attributes, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"QueueArn", "VisibilityTimeout"}})
	w.must(err)
	if len(attributes.Attributes) != 2 || attributes.Attributes["QueueArn"] != "arn:aws:sqs:"+here+":one" || attributes.Attributes["VisibilityTimeout"] != "5" {
		t.Errorf("attributes %v", attributes.Attributes)
	}
	_, err = c.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &url})
	w.must(err)
	_, err = c.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &url})
	wants(t, err, "AWS.SimpleQueueService.NonExistentQueue", "")
}

func TestMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.sqs(w.truth.Administrator)
	url := w.queue("q", map[string]string{"VisibilityTimeout": "30"})
	attribute := map[string]types.MessageAttributeValue{"kind": {DataType: aws.String("String"), StringValue: aws.String("v")}}
	// The client itself compares the digests of bodies.
	sent, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("Grüße <&>"), MessageAttributes: attribute})
	w.must(err)
	take := func() []types.Message { return w.receive(url) }
	got := take()
	if len(got) != 1 || *got[0].Body != "Grüße <&>" || *got[0].MessageId != *sent.MessageId ||
		*got[0].MD5OfMessageAttributes != *sent.MD5OfMessageAttributes || *got[0].MessageAttributes["kind"].StringValue != "v" {
		t.Fatalf("received %v", got)
	}
	if got[0].Attributes["ApproximateReceiveCount"] != "1" || !strings.HasPrefix(got[0].Attributes["SenderId"], "AIDA") {
		t.Errorf("attributes %v", got[0].Attributes)
	}
	first := got[0].ReceiptHandle
	if got := take(); len(got) != 0 {
		t.Error("the message is visible while in flight")
	}
	w.pass(31 * time.Second)
	got = take()
	if len(got) != 1 || got[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Fatalf("after the timeout: %v", got)
	}
	remove := func(handle *string) error {
		_, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: handle})
		return err
	}
	w.must(remove(first)) // an old handle: no error, no effect
	visible := func(handle *string, seconds int32) error {
		_, err := c.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: handle, VisibilityTimeout: seconds})
		return err
	}
	w.must(visible(got[0].ReceiptHandle, 100))
	w.pass(60 * time.Second)
	if got := take(); len(got) != 0 {
		t.Error("the message is visible before its extended timeout")
	}
	w.must(visible(got[0].ReceiptHandle, 0))
	wants(t, visible(got[0].ReceiptHandle, 5), "AWS.SimpleQueueService.MessageNotInflight", "")
	got = take()
	if len(got) != 1 {
		t.Fatal("the message did not come back at once")
	}
	w.must(remove(got[0].ReceiptHandle))
	w.must(remove(got[0].ReceiptHandle))
	w.pass(time.Hour)
	if got := take(); len(got) != 0 {
		t.Error("the message outlived its deletion")
	}
	wants(t, remove(aws.String("nonsense")), "ReceiptHandleIsInvalid", "nonsense")
	for body, code := range map[string]string{"\x00": "InvalidMessageContents", strings.Repeat("a", 1<<20+1): "InvalidParameterValue"} {
		_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
		wants(t, err, code, "")
	}
	_, err = c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("later"), DelaySeconds: 10})
	w.must(err)
	if got := take(); len(got) != 0 {
		t.Error("a delayed message came early")
	}
	w.pass(10 * time.Second)
	if got := take(); len(got) != 1 {
		t.Error("a delayed message did not come")
	}
	w.pass(5 * 24 * time.Hour)
	if got := take(); len(got) != 0 {
		t.Error("a message outlived its retention")
	}
}

func TestMessageBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.sqs(w.truth.Administrator)
	url := w.queue("q", nil)
	entry := func(id, body string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
	}
	out, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{entry("a", "1"), entry("b", "\x00"), entry("c", "3")}})
	w.must(err)
	if len(out.Successful) != 2 || len(out.Failed) != 1 || *out.Failed[0].Id != "b" {
		t.Errorf("%d sent, %d failed", len(out.Successful), len(out.Failed))
	}
	_, err = c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{entry("a", "1"), entry("a", "2")}})
	wants(t, err, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "")
	_, err = c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: make([]types.SendMessageBatchRequestEntry, 0)})
	wants(t, err, "AWS.SimpleQueueService.EmptyBatchRequest", "")
	got := w.receive(url)
	var remove []types.DeleteMessageBatchRequestEntry
	for i, m := range got {
		remove = append(remove, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	remove = append(remove, types.DeleteMessageBatchRequestEntry{Id: aws.String("bad"), ReceiptHandle: aws.String("x")})
	deleted, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: remove})
	w.must(err)
	if len(deleted.Successful) != 2 || len(deleted.Failed) != 1 {
		t.Errorf("%d deleted, %d failed", len(deleted.Successful), len(deleted.Failed))
	}
	_, err = c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	w.must(err)
	_, err = c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &url})
	w.must(err)
	if got := w.receive(url); len(got) != 0 {
		t.Error("a purged queue is not empty")
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	letters := w.queue("letters", nil)
	url := w.queue("q", map[string]string{"VisibilityTimeout": "0", "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:` + here + `:letters","maxReceiveCount":"2"}`})
	c := w.sqs(w.truth.Administrator)
	_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("poison")})
	w.must(err)
	if got := w.receive(url); len(got) != 2 { // twice, because it is visible at once
		t.Fatalf("received %d times", len(got))
	}
	got := w.receive(letters)
	if len(got) != 1 || *got[0].Body != "poison" || got[0].Attributes["DeadLetterQueueSourceArn"] != "arn:aws:sqs:"+here+":q" {
		t.Errorf("the dead-letter queue has %v", got)
	}
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.sqs(w.truth.Administrator)
	url := w.queue("q", map[string]string{"ReceiveMessageWaitTimeSeconds": "20"})
	var wg sync.WaitGroup
	wg.Go(func() {
		out, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
		if err != nil || len(out.Messages) != 1 {
			t.Errorf("the poll ended with %v, %v", out, err)
		}
	})
	// The poll holds no lock: another client sends meanwhile.
	_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	w.must(err)
	wg.Wait()

	// A client that goes away takes nothing with it. The handler, not a
	// socket, so that its end can be awaited.
	gone, cancel := context.WithCancel(ctx)
	q := w.twin.queues.get("q")
	ended := make(chan []*message)
	go func() {
		ended <- w.twin.poll(&call{t: w.twin, done: gone.Done()}, q, 1, nil, 20*time.Second)
	}()
	cancel()
	if got := <-ended; len(got) != 0 {
		t.Errorf("a client that was gone got %d messages", len(got))
	}
}

// TestQueuePolicyGrants: the queue's own policy lets in who has no policies.
func TestQueuePolicyGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.newUser("worker", "")
	c := sqs.NewFromConfig(w.config(id, secret, ""), func(o *sqs.Options) { o.HTTPSignerV4 = w.signer() })
	url := w.queue("q", map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.arn("user", "/worker") + `"},"Action":"sqs:ReceiveMessage","Resource":"*"}]}`})
	_, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
	w.must(err)
	_, err = c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	wants(t, err, "AccessDenied", "because no identity-based policy allows the sqs:SendMessage action")
	_, err = c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(strings.Replace(url, SampleAccount, "999999999999", 1))})
	wants(t, err, "AWS.SimpleQueueService.NonExistentQueue", "")
}

func TestServerIsLocal(t *testing.T) {
	t.Parallel()
	tw, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0", "example.com:0", "nonsense"} {
		if s, err := tw.Start(addr); err == nil {
			t.Errorf("listens on %s", addr)
			_ = s.Close()
		}
	}
	s, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.Get(s.URL()); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("a plain GET: %v %v", res, err)
	} else {
		_ = res.Body.Close()
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, f := range []Faults{{EventDelay: -1}, {Duplicate: 1.5}, {Reorder: -0.1}, {PageSize: 1001}, {Propagation: -1}} {
		if _, err := New(Config{Faults: f}); err == nil {
			t.Errorf("accepted %+v", f)
		}
	}
	if tw, err := New(Config{Account: "210987654321"}); err != nil || tw.Snapshot().Account != "210987654321" {
		t.Errorf("the sample company cannot have another account: %v", err)
	}
	s, _ := Sample(1, testNow)
	if _, err := New(Config{Account: "210987654321", Snapshot: s}); err == nil {
		t.Error("a snapshot of another account was accepted")
	}
}
