package stage

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/app"
)

// watched are the events that the guard gets.
const watched = `{"source":["aws.iam","aws.sts","aws.signin"],"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"]}`

// assumed are those that tell who assumed which role. They are reading events
// to a rule, so that it takes a state of its own. Source: EventBridge User
// Guide, "Rules that match read-only management events from AWS services".
const assumed = `{"source":["aws.sts"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":[{"prefix":"AssumeRole"}]}}`

// connectEvents makes the queue, the rule that leads IAM's and STS's calls
// into it, and the topic. In an organisation they are the security account's,
// and a rule of the company's sends its events there.
func (st *Stage) connectEvents(ctx context.Context) error {
	owner := st.Admin
	if st.Org != nil {
		var err error
		if owner, err = st.clientsIn(st.Others.Security, st.Others.SecurityAdministrator); err != nil {
			return err
		}
		if err := st.forwardEvents(ctx, owner); err != nil {
			return err
		}
	}
	queue, err := owner.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("warden-guard")})
	if err != nil {
		return err
	}
	st.QueueURL = aws.ToString(queue.QueueUrl)
	attributes, err := owner.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		return err
	}
	queueARN := attributes.Attributes["QueueArn"]
	rules, err := st.putRules(ctx, owner, "warden-guard", ebtypes.Target{Id: aws.String("queue"), Arn: aws.String(queueARN)})
	if err != nil {
		return err
	}
	// Only these rules may put messages into the queue: what arrives is what
	// CloudTrail recorded.
	admit, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": map[string]string{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queueARN,
		"Condition": map[string]any{"ArnEquals": map[string][]string{"aws:SourceArn": rules}},
	}}})
	if err != nil {
		return err
	}
	if _, err := owner.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue.QueueUrl, Attributes: map[string]string{"Policy": string(admit)}}); err != nil {
		return err
	}
	topic, err := owner.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("warden-alerts")})
	if err != nil {
		return err
	}
	st.TopicARN = aws.ToString(topic.TopicArn)
	return nil
}

// putRules leads the events to a target, and returns the ARNs of the rules.
func (st *Stage) putRules(ctx context.Context, owner *app.Clients, name string, target ebtypes.Target) ([]string, error) {
	rules := []eventbridge.PutRuleInput{{Name: aws.String(name), EventPattern: aws.String(watched)}}
	if st.options.Sessions {
		rules = append(rules, eventbridge.PutRuleInput{
			Name: aws.String(name + "-sessions"), EventPattern: aws.String(assumed), State: ebtypes.RuleStateEnabledWithAllCloudtrailManagementEvents,
		})
	}
	var arns []string
	for _, r := range rules {
		rule, err := owner.EventBridge.PutRule(ctx, &r)
		if err != nil {
			return nil, err
		}
		arns = append(arns, aws.ToString(rule.RuleArn))
		if _, err := owner.EventBridge.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: r.Name, Targets: []ebtypes.Target{target}}); err != nil {
			return nil, err
		}
	}
	return arns, nil
}

// forwardEvents leads the company's events to the bus of the security account.
func (st *Stage) forwardEvents(ctx context.Context, hub *app.Clients) error {
	if _, err := hub.EventBridge.PutPermission(ctx, &eventbridge.PutPermissionInput{
		StatementId: aws.String("members"), Action: aws.String("events:PutEvents"), Principal: aws.String("*"),
		Condition: &ebtypes.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String(st.Others.OrganizationID)},
	}); err != nil {
		return err
	}
	_, err := st.putRules(ctx, st.Admin, "warden-forward", ebtypes.Target{Id: aws.String("hub"), Arn: aws.String(st.Others.HubBus), RoleArn: aws.String(st.Others.EventsRole)})
	return err
}
