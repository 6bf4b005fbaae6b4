package twin

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/policy"
	"warden/twin/wire"
)

// Amazon SNS: standard topics, with queues as subscribers. Errors are those of
// the SNS API Reference.

// maxPublished is how many messages Published remembers.
const maxPublished = 10_000

// maxMessage is the largest message in bytes (SNS API Reference, Publish).
const maxMessage = 256 << 10

// Notification is a message that was published to a topic.
type Notification struct {
	Topic, MessageID, Subject, Message string
	Attributes                         map[string]string
	Time                               time.Time
	// Delivered lists the queues that got it, by ARN.
	Delivered []string
}

// topics are the SNS topics of the account.
type topics struct {
	mu        sync.Mutex
	byARN     map[string]*topic
	published []Notification
}

func newTopics() *topics { return &topics{byARN: map[string]*topic{}} }

// topic is a standard topic; the lock of topics guards it.
type topic struct {
	arn, displayName, policyText string
	policy                       *policy.Document
	subscriptions                []*subscription
}

type subscription struct {
	arn, protocol, endpoint string
	raw, pending            bool
}

// Published returns what was published so far, oldest first: the last 10,000
// messages.
func (t *Twin) Published() []Notification {
	t.topics.mu.Lock()
	defer t.topics.mu.Unlock()
	return slices.Clone(t.topics.published)
}

func snsOperations() map[string]operation {
	return map[string]operation{
		"CreateTopic":              op(authCreateTopic, createTopic).alone(),
		"DeleteTopic":              op(onTopic("DeleteTopic", func(in *sns.DeleteTopicInput) *string { return in.TopicArn }), deleteTopic).alone(),
		"GetTopicAttributes":       op(onTopic("GetTopicAttributes", func(in *sns.GetTopicAttributesInput) *string { return in.TopicArn }), getTopicAttributes).alone(),
		"SetTopicAttributes":       op(onTopic("SetTopicAttributes", func(in *sns.SetTopicAttributesInput) *string { return in.TopicArn }), setTopicAttributes).alone(),
		"Subscribe":                op(onTopic("Subscribe", func(in *sns.SubscribeInput) *string { return in.TopicArn }), subscribe).alone(),
		"Unsubscribe":              op(authUnsubscribe, unsubscribe).alone(),
		"ListSubscriptionsByTopic": op(onTopic("ListSubscriptionsByTopic", func(in *sns.ListSubscriptionsByTopicInput) *string { return in.TopicArn }), listSubscriptionsByTopic).alone(),
		"ListSubscriptions": op(func(c *call, _ *sns.ListSubscriptionsInput) ([]demand, error) {
			return []demand{{action: "SNS:ListSubscriptions", resource: c.regionalARN("sns", "*")}}, nil
		}, listSubscriptions).alone(),
		"ListTopics": op(func(c *call, _ *sns.ListTopicsInput) ([]demand, error) {
			return []demand{{action: "SNS:ListTopics", resource: c.regionalARN("sns", "*")}}, nil
		}, listTopics).alone(),
		"Publish": op(onTopic("Publish", func(in *sns.PublishInput) *string { return in.TopicArn }), publish).alone().dataEvent(),
	}
}

func snsInvalid(format string, args ...any) error {
	return fail(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: "+format, args...)
}

func noTopic() error {
	return fail(http.StatusNotFound, "NotFound", "Topic does not exist")
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func authCreateTopic(c *call, in *sns.CreateTopicInput) ([]demand, error) {
	if !topicName.MatchString(deref(in.Name)) {
		return nil, snsInvalid("Topic Name")
	}
	return []demand{{action: "SNS:CreateTopic", resource: c.regionalARN("sns", *in.Name)}}, nil
}

// onTopic asks for the permission on a topic, by the caller's policies or the
// topic's own.
func onTopic[I any](operation string, arn func(*I) *string) func(*call, *I) ([]demand, error) {
	return func(c *call, in *I) ([]demand, error) {
		name, ok := strings.CutPrefix(deref(arn(in)), c.regionalARN("sns", ""))
		if !ok || !topicName.MatchString(name) {
			return nil, snsInvalid("TopicArn")
		}
		d := demand{action: "SNS:" + operation, resource: *arn(in)}
		s := c.t.topics
		s.mu.Lock()
		defer s.mu.Unlock()
		if t := s.byARN[d.resource]; t != nil {
			d.resourcePolicy = t.policy
		}
		return []demand{d}, nil
	}
}

// names are the ARNs of the topics in the region of a call, sorted; the lock
// must be held.
func (s *topics) names(c *call) []string {
	var out []string
	for _, arn := range slices.Sorted(maps.Keys(s.byARN)) {
		if strings.HasPrefix(arn, c.regionalARN("sns", "")) {
			out = append(out, arn)
		}
	}
	return out
}

// topic finds a topic; the lock must be held.
func (s *topics) topic(arn *string) (*topic, error) {
	if t := s.byARN[deref(arn)]; t != nil {
		return t, nil
	}
	return nil, noTopic()
}

// createTopic: the same name again gives the same topic.
func createTopic(c *call, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := c.regionalARN("sns", *in.Name)
	t := s.byARN[arn]
	if t == nil {
		t = &topic{arn: arn}
		for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
			if err := t.set(name, in.Attributes[name]); err != nil {
				return nil, err
			}
		}
		s.byARN[arn] = t
	}
	return &sns.CreateTopicOutput{TopicArn: ptr(arn)}, nil
}

func (t *topic) set(name, value string) error {
	switch name {
	case "DisplayName":
		t.displayName = value
	case "Policy":
		d, err := policy.ParseStored("topic policy", []byte(value))
		if err != nil || len(d.Defects) > 0 {
			return snsInvalid("Policy Error: PolicySyntaxError")
		}
		t.policy, t.policyText = d, value
	case "KmsMasterKeyId", "TracingConfig", "SignatureVersion": // without effect
	default:
		return snsInvalid("AttributeName")
	}
	return nil
}

func deleteTopic(c *call, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byARN, *in.TopicArn) // no error where there is none
	return &sns.DeleteTopicOutput{}, nil
}

func getTopicAttributes(c *call, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	for _, x := range t.subscriptions {
		if x.pending {
			pending++
		} else {
			confirmed++
		}
	}
	return &sns.GetTopicAttributesOutput{Attributes: map[string]string{
		"TopicArn": t.arn, "DisplayName": t.displayName, "Policy": t.policyText, "Owner": c.t.account,
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(pending), "SubscriptionsDeleted": "0",
	}}, nil
}

func setTopicAttributes(c *call, in *sns.SetTopicAttributesInput) (*sns.SetTopicAttributesOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	return &sns.SetTopicAttributesOutput{}, t.set(deref(in.AttributeName), deref(in.AttributeValue))
}

// subscribe: a queue is a subscriber at once, an address only once somebody
// has confirmed it, which nobody can here.
func subscribe(c *call, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	x := &subscription{protocol: deref(in.Protocol), endpoint: deref(in.Endpoint)}
	switch x.protocol {
	case "sqs":
		if !strings.HasPrefix(x.endpoint, "arn:") {
			return nil, snsInvalid("SQS endpoint ARN")
		}
	case "email", "email-json":
		if !strings.Contains(x.endpoint, "@") {
			return nil, snsInvalid("Email address")
		}
		x.pending = true
	default:
		return nil, snsInvalid("the twin delivers to sqs and keeps email, not %q", x.protocol)
	}
	for name, value := range in.Attributes {
		if name != "RawMessageDelivery" {
			return nil, snsInvalid("Attributes Reason: the twin does not serve %s", name)
		}
		x.raw = value == "true"
	}
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.subscriptions, func(y *subscription) bool { return y.protocol == x.protocol && y.endpoint == x.endpoint })
	if i >= 0 {
		x = t.subscriptions[i]
	} else {
		x.arn = t.arn + ":" + c.t.random.uuid()
		t.subscriptions = append(t.subscriptions, x)
	}
	out := x.arn
	if x.pending && !in.ReturnSubscriptionArn {
		out = "pending confirmation"
	}
	return &sns.SubscribeOutput{SubscriptionArn: ptr(out)}, nil
}

func authUnsubscribe(_ *call, in *sns.UnsubscribeInput) ([]demand, error) {
	arn := deref(in.SubscriptionArn)
	i := strings.LastIndexByte(arn, ':')
	if !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") != 6 {
		return nil, snsInvalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not %d", strings.Count(arn, ":")+1)
	}
	return []demand{{action: "SNS:Unsubscribe", resource: arn[:i]}}, nil
}

func unsubscribe(c *call, in *sns.UnsubscribeInput) (*sns.UnsubscribeOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.byARN {
		t.subscriptions = slices.DeleteFunc(t.subscriptions, func(x *subscription) bool { return x.arn == *in.SubscriptionArn })
	}
	return &sns.UnsubscribeOutput{}, nil
}

func (x *subscription) wire(t *topic, owner string) types.Subscription {
	arn := x.arn
	if x.pending {
		arn = "PendingConfirmation"
	}
	return types.Subscription{SubscriptionArn: ptr(arn), Protocol: ptr(x.protocol), Endpoint: ptr(x.endpoint), TopicArn: ptr(t.arn), Owner: ptr(owner)}
}

func listSubscriptionsByTopic(c *call, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	out := &sns.ListSubscriptionsByTopicOutput{}
	out.Subscriptions, out.NextToken, err = s.page(c, []*topic{t}, in.NextToken)
	return out, err
}

func listSubscriptions(c *call, in *sns.ListSubscriptionsInput) (*sns.ListSubscriptionsOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*topic
	for _, arn := range s.names(c) {
		all = append(all, s.byARN[arn])
	}
	out := &sns.ListSubscriptionsOutput{}
	var err error
	out.Subscriptions, out.NextToken, err = s.page(c, all, in.NextToken)
	return out, err
}

// page lists 100 subscriptions (SNS API Reference, ListSubscriptions).
func (s *topics) page(c *call, from []*topic, token *string) ([]types.Subscription, *string, error) {
	var names []string
	byARN := map[string]types.Subscription{}
	for _, t := range from {
		for _, x := range t.subscriptions {
			names = append(names, x.arn)
			byARN[x.arn] = x.wire(t, c.t.account)
		}
	}
	slices.Sort(names)
	page, next, err := pageOf(names, "", nil, token)
	if err != nil {
		return nil, nil, snsInvalid("NextToken Reason: token is not valid")
	}
	var out []types.Subscription
	for _, name := range page {
		out = append(out, byARN[name])
	}
	return out, next, nil
}

func listTopics(c *call, in *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	page, next, err := pageOf(s.names(c), "", nil, in.NextToken)
	if err != nil {
		return nil, snsInvalid("NextToken Reason: token is not valid")
	}
	out := &sns.ListTopicsOutput{NextToken: next}
	for _, arn := range page {
		out.Topics = append(out.Topics, types.Topic{TopicArn: ptr(arn)})
	}
	return out, nil
}

func publish(c *call, in *sns.PublishInput) (*sns.PublishOutput, error) {
	switch {
	case deref(in.Message) == "":
		return nil, snsInvalid("Empty message")
	case len(*in.Message) > maxMessage:
		return nil, snsInvalid("Message too long")
	case in.Subject != nil && (*in.Subject == "" || len(*in.Subject) > 100 || strings.ContainsAny(*in.Subject, "\r\n")):
		return nil, snsInvalid("Subject")
	}
	// text is what a person gets, queued what a queue does.
	text, queued := *in.Message, *in.Message
	if deref(in.MessageStructure) == "json" {
		var by map[string]string
		if json.Unmarshal([]byte(text), &by) != nil || by["default"] == "" {
			return nil, snsInvalid("Message Structure - No default entry in JSON message body")
		}
		text, queued = by["default"], by["default"]
		if by["sqs"] != "" {
			queued = by["sqs"]
		}
	}
	s := c.t.topics
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	n := Notification{Topic: t.arn, MessageID: c.t.random.uuid(), Subject: deref(in.Subject), Message: text, Time: c.now.UTC(), Attributes: map[string]string{}}
	for name, a := range in.MessageAttributes {
		n.Attributes[name] = deref(a.StringValue)
	}
	for _, x := range t.subscriptions {
		if x.pending {
			continue
		}
		body, attributes := queued, map[string]sqstypes.MessageAttributeValue(nil)
		if x.raw {
			attributes = forQueue(in.MessageAttributes)
		} else {
			body = c.envelope(x, &n, queued, in.MessageAttributes)
		}
		if err := c.t.deliverToQueue(x.endpoint, "sns.amazonaws.com", t.arn, body, attributes); err != nil {
			c.t.log.Warn("a notification was not delivered", slog.String("topic", t.arn), slog.Any("error", err))
			continue
		}
		n.Delivered = append(n.Delivered, x.endpoint)
	}
	s.published = append(s.published, n)
	if over := len(s.published) - maxPublished; over > 0 {
		s.published = slices.Delete(s.published, 0, over)
	}
	return &sns.PublishOutput{MessageId: ptr(n.MessageID)}, nil
}

func forQueue(in map[string]types.MessageAttributeValue) map[string]sqstypes.MessageAttributeValue {
	out := map[string]sqstypes.MessageAttributeValue{}
	for name, a := range in {
		out[name] = sqstypes.MessageAttributeValue{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return out
}

// envelope is what a queue gets that does not ask for raw delivery: SNS
// Developer Guide, "Amazon SNS message and JSON formats". Nothing can check
// its signature: there is no AWS behind it.
func (c *call) envelope(x *subscription, n *Notification, message string, attributes map[string]types.MessageAttributeValue) string {
	b := []byte(`{"Type":"Notification"`)
	b = member(b, "MessageId", n.MessageID)
	b = member(b, "TopicArn", n.Topic)
	if n.Subject != "" {
		b = member(b, "Subject", n.Subject)
	}
	b = member(b, "Message", message)
	b = member(b, "Timestamp", n.Time.Format("2006-01-02T15:04:05.000Z"))
	b = member(b, "SignatureVersion", "1")
	b = member(b, "Signature", base64.StdEncoding.EncodeToString([]byte("not signed by AWS")))
	b = member(b, "SigningCertURL", "http://"+c.host+"/SimpleNotificationService.pem")
	b = member(b, "UnsubscribeURL", "http://"+c.host+"/?Action=Unsubscribe&SubscriptionArn="+url.QueryEscape(x.arn))
	if len(attributes) > 0 {
		b = append(b, `,"MessageAttributes":{`...)
		for i, name := range slices.Sorted(maps.Keys(attributes)) {
			if i > 0 {
				b = append(b, ',')
			}
			a := attributes[name]
			value := deref(a.StringValue)
			if a.BinaryValue != nil {
				value = base64.StdEncoding.EncodeToString(a.BinaryValue)
			}
			b = wire.AppendString(b, name)
			b = append(b, `:{"Type":`...)
			b = wire.AppendString(b, deref(a.DataType))
			b = member(b, "Value", value)
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return string(append(b, '}'))
}
