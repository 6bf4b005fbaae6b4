package look

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	ct "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/doctor"
)

// trails are those of a region, with the shadows of trails that other regions
// and the organisation have.
func (c Clients) trails(ctx context.Context, at Regional) doctor.Read[[]doctor.Trail] {
	const what = "the trails cannot be read"
	all, err := at.CloudTrail.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return unread[[]doctor.Trail](what, err)
	}
	out := []doctor.Trail{}
	for _, t := range all.TrailList {
		trail := doctor.Trail{
			ARN: aws.ToString(t.TrailARN), Name: aws.ToString(t.Name), HomeRegion: aws.ToString(t.HomeRegion),
			MultiRegion: aws.ToBool(t.IsMultiRegionTrail), Global: aws.ToBool(t.IncludeGlobalServiceEvents),
			Organization: aws.ToBool(t.IsOrganizationTrail), Validation: aws.ToBool(t.LogFileValidationEnabled),
		}
		status, err := at.CloudTrail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
		if err != nil {
			return unread[[]doctor.Trail](what, err)
		}
		trail.Logging, trail.Delivered = aws.ToBool(status.IsLogging), aws.ToTime(status.LatestDeliveryTime)
		trail.DeliveryError = aws.ToString(status.LatestDeliveryError)
		selectors, err := at.CloudTrail.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: t.TrailARN})
		if err != nil {
			return unread[[]doctor.Trail](what, err)
		}
		selected(&trail, selectors)
		out = append(out, trail)
	}
	return doctor.Known(out)
}

// selected reads which management events a trail keeps. Source: CloudTrail API
// Reference, EventSelector and AdvancedFieldSelector.
func selected(t *doctor.Trail, s *cloudtrail.GetEventSelectorsOutput) {
	for _, e := range s.EventSelectors {
		if !aws.ToBool(e.IncludeManagementEvents) {
			continue
		}
		t.Writes = t.Writes || e.ReadWriteType != ct.ReadWriteTypeReadOnly
		t.Reads = t.Reads || e.ReadWriteType != ct.ReadWriteTypeWriteOnly
		t.Left = append(t.Left, e.ExcludeManagementEventSources...)
	}
	for _, a := range s.AdvancedEventSelectors {
		writes, reads, management := true, true, false
		var left []string
		for _, field := range a.FieldSelectors {
			switch aws.ToString(field.Field) {
			case "eventCategory":
				management = slices.Contains(field.Equals, "Management")
			case "readOnly":
				writes, reads = slices.Contains(field.Equals, "false"), slices.Contains(field.Equals, "true")
			case "eventSource":
				left = append(left, field.NotEquals...)
				if len(field.Equals) > 0 {
					left = append(left, "iam.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com")
					left = slices.DeleteFunc(left, func(s string) bool { return slices.Contains(field.Equals, s) })
				}
				if len(field.StartsWith)+len(field.NotStartsWith)+len(field.EndsWith)+len(field.NotEndsWith) > 0 {
					writes, reads = false, false
				}
			default:
				// A filter that is not known here may leave out anything.
				writes, reads = false, false
			}
		}
		if management {
			t.Writes, t.Reads = t.Writes || writes, t.Reads || reads
			t.Left = append(t.Left, left...)
		}
	}
}

// rules are warden's of a region, with their targets.
func (c Clients) rules(ctx context.Context, at Regional) doctor.Read[[]doctor.Rule] {
	const what = "the rules cannot be read"
	out := []doctor.Rule{}
	var next *string
	for {
		page, err := at.EventBridge.ListRules(ctx, &eventbridge.ListRulesInput{NamePrefix: aws.String("warden-"), NextToken: next})
		if err != nil {
			return unread[[]doctor.Rule](what, err)
		}
		for _, r := range page.Rules {
			rule := doctor.Rule{Name: aws.ToString(r.Name), ARN: aws.ToString(r.Arn), State: string(r.State), Pattern: aws.ToString(r.EventPattern)}
			targets, err := at.EventBridge.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: r.Name})
			if err != nil {
				return unread[[]doctor.Rule](what, err)
			}
			for _, t := range targets.Targets {
				rule.Targets = append(rule.Targets, aws.ToString(t.Arn))
				if t.Input != nil || t.InputPath != nil || t.InputTransformer != nil {
					rule.Changed = append(rule.Changed, aws.ToString(t.Arn))
				}
			}
			out = append(out, rule)
		}
		if next = page.NextToken; next == nil {
			return doctor.Known(out)
		}
	}
}

func (c Clients) queue(ctx context.Context, name string) doctor.Read[*doctor.Queue] {
	what := "queue " + name + " cannot be read"
	found, err := c.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
	if missing(err) {
		return doctor.Read[*doctor.Queue]{}
	}
	if err != nil {
		return unread[*doctor.Queue](what, err)
	}
	out, err := c.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if missing(err) {
		return doctor.Read[*doctor.Queue]{}
	}
	if err != nil {
		return unread[*doctor.Queue](what, err)
	}
	q := &doctor.Queue{
		ARN: out.Attributes[string(sqstypes.QueueAttributeNameQueueArn)], Policy: out.Attributes[string(sqstypes.QueueAttributeNamePolicy)],
		DeadLetters: deadLetters(out.Attributes[string(sqstypes.QueueAttributeNameRedrivePolicy)]),
	}
	q.Key = out.Attributes[string(sqstypes.QueueAttributeNameKmsMasterKeyId)]
	for name, to := range map[sqstypes.QueueAttributeName]*int{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages: &q.Messages, sqstypes.QueueAttributeNameVisibilityTimeout: &q.Visibility,
		sqstypes.QueueAttributeNameMessageRetentionPeriod: &q.Retention, sqstypes.QueueAttributeNameDelaySeconds: &q.Delay,
		sqstypes.QueueAttributeNameMaximumMessageSize: &q.MaxSize,
	} {
		if *to, err = strconv.Atoi(out.Attributes[string(name)]); err != nil {
			return unread[*doctor.Queue](what, err)
		}
	}
	return doctor.Known(q)
}

// deadLetters takes the target out of a redrive policy.
func deadLetters(text string) string {
	var redrive struct{ DeadLetterTargetARN string }
	if json.Unmarshal([]byte(text), &redrive) != nil {
		return ""
	}
	return redrive.DeadLetterTargetARN
}
