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
	rule, err := owner.EventBridge.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("warden-guard"), EventPattern: aws.String(watched), State: st.ruleState()})
	if err != nil {
		return err
	}
	// Only this rule may put messages into the queue: what arrives is what
	// CloudTrail recorded.
	admit, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": map[string]string{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queueARN,
		"Condition": map[string]any{"ArnEquals": map[string]string{"aws:SourceArn": aws.ToString(rule.RuleArn)}},
	}}})
	if err != nil {
		return err
	}
	if _, err := owner.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue.QueueUrl, Attributes: map[string]string{"Policy": string(admit)}}); err != nil {
		return err
	}
	if _, err := owner.EventBridge.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: aws.String("warden-guard"), Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: aws.String(queueARN)}},
	}); err != nil {
		return err
	}
	topic, err := owner.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("warden-alerts")})
	if err != nil {
		return err
	}
	st.TopicARN = aws.ToString(topic.TopicArn)
	return nil
}

// ruleState is that of the rules: AssumeRole is a reading event to them.
// Source: EventBridge User Guide, "Rules that match read-only management
// events from AWS services".
func (st *Stage) ruleState() ebtypes.RuleState {
	if st.options.Sessions {
		return ebtypes.RuleStateEnabledWithAllCloudtrailManagementEvents
	}
	return ebtypes.RuleStateEnabled
}

// forwardEvents leads the company's events to the bus of the security account.
func (st *Stage) forwardEvents(ctx context.Context, hub *app.Clients) error {
	if _, err := hub.EventBridge.PutPermission(ctx, &eventbridge.PutPermissionInput{
		StatementId: aws.String("members"), Action: aws.String("events:PutEvents"), Principal: aws.String("*"),
		Condition: &ebtypes.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String(st.Others.OrganizationID)},
	}); err != nil {
		return err
	}
	if _, err := st.Admin.EventBridge.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("warden-forward"), EventPattern: aws.String(watched), State: st.ruleState()}); err != nil {
		return err
	}
	_, err := st.Admin.EventBridge.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: aws.String("warden-forward"), Targets: []ebtypes.Target{{Id: aws.String("hub"), Arn: aws.String(st.Others.HubBus), RoleArn: aws.String(st.Others.EventsRole)}},
	})
	return err
}
