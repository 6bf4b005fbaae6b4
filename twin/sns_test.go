package twin

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func TestTopics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.sns(w.truth.Administrator)
	arn := "arn:aws:sns:" + here + ":alarms"
	for range 2 {
		out, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alarms"), Attributes: map[string]string{"DisplayName": "Alarms"}})
		w.must(err)
		if *out.TopicArn != arn {
			t.Errorf("the topic is %s", *out.TopicArn)
		}
	}
	_, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("a b")})
	wants(t, err, "InvalidParameter", "Topic Name")

	plain := w.queue("plain", map[string]string{"Policy": admitting("sns.amazonaws.com", arn)})
	rawURL := w.queue("raw", map[string]string{"Policy": admitting("sns.amazonaws.com", arn)})
	closed := w.queue("closed", nil)
	subscribe := func(protocol, endpoint string, attributes map[string]string) (string, error) {
		out, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
		if err != nil {
			return "", err
		}
		return *out.SubscriptionArn, nil
	}
	first, err := subscribe("sqs", "arn:aws:sqs:"+here+":plain", nil)
	w.must(err)
	if again, err := subscribe("sqs", "arn:aws:sqs:"+here+":plain", nil); err != nil || again != first {
		t.Errorf("the same subscription again is %s, %v", again, err)
	}
	_, err = subscribe("sqs", "arn:aws:sqs:"+here+":raw", map[string]string{"RawMessageDelivery": "true"})
	w.must(err)
	_, err = subscribe("sqs", "arn:aws:sqs:"+here+":closed", nil)
	w.must(err)
	if got, err := subscribe("email", "sec@example.com", nil); err != nil || got != "pending confirmation" {
		t.Errorf("e-mail: %s, %v", got, err)
	}
	_, err = subscribe("lambda", "arn:aws:lambda:x", nil)
	wants(t, err, "InvalidParameter", "lambda")

	sent, err := c.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Subject: aws.String("Look"), Message: aws.String("an <intruder> & more"),
		MessageAttributes: map[string]types.MessageAttributeValue{"severity": {DataType: aws.String("String"), StringValue: aws.String("high")}}})
	w.must(err)
	got := w.receive(plain)
	if len(got) != 1 {
		t.Fatalf("%d messages came", len(got))
	}
	e := parsed(t, *got[0].Body)
	if e["Type"] != "Notification" || e["TopicArn"] != arn || e["Subject"] != "Look" || e["Message"] != "an <intruder> & more" || e["MessageId"] != *sent.MessageId {
		t.Errorf("the envelope is %s", *got[0].Body)
	}
	if a := e["MessageAttributes"].(map[string]any)["severity"].(map[string]any); a["Type"] != "String" || a["Value"] != "high" {
		t.Errorf("attributes %v", a)
	}
	bare := w.receive(rawURL)
	if len(bare) != 1 || *bare[0].Body != "an <intruder> & more" || *bare[0].MessageAttributes["severity"].StringValue != "high" {
		t.Errorf("raw delivery gave %v", bare)
	}
	if got := w.receive(closed); len(got) != 0 {
		t.Error("a queue that does not admit SNS got a message")
	}
	published := w.twin.Published()
	if len(published) != 1 || published[0].Subject != "Look" || published[0].Attributes["severity"] != "high" || len(published[0].Delivered) != 2 {
		t.Errorf("published %+v", published)
	}

	attributes, err := c.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	w.must(err)
	if a := attributes.Attributes; a["SubscriptionsConfirmed"] != "3" || a["SubscriptionsPending"] != "1" || a["DisplayName"] != "Alarms" {
		t.Errorf("attributes %v", a)
	}
	list, err := c.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	w.must(err)
	all, err := c.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{})
	w.must(err)
	if len(list.Subscriptions) != 4 || len(all.Subscriptions) != 4 {
		t.Errorf("%d and %d subscriptions", len(list.Subscriptions), len(all.Subscriptions))
	}
	_, err = c.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &first})
	w.must(err)
	_, err = c.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: aws.String("Policy"), AttributeValue: aws.String("{")})
	wants(t, err, "InvalidParameter", "Policy")
	_, err = c.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(arn + "x"), Message: aws.String("x")})
	wants(t, err, "NotFound", "Topic does not exist")
	_, err = c.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String(strings.Repeat("a", maxMessage+1))})
	wants(t, err, "InvalidParameter", "Message too long")
	id, secret := w.newUser("weak", "")
	weak := sns.NewFromConfig(w.config(id, secret, ""), func(o *sns.Options) { o.HTTPSignerV4 = w.signer() })
	_, err = weak.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	wants(t, err, "AuthorizationError", "is not authorized to perform: SNS:Publish on resource: "+arn)
	_, err = c.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &arn})
	w.must(err)
	topics, err := c.ListTopics(ctx, &sns.ListTopicsInput{})
	w.must(err)
	if len(topics.Topics) != 0 {
		t.Errorf("%d topics are left", len(topics.Topics))
	}
}
