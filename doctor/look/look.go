// Package look reads what package doctor judges. It only reads, and each fact
// that it cannot read becomes a gap with the reason: it fails for nothing.
package look

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"warden/doctor"
)

// Regional are the clients of one region.
type Regional struct {
	CloudTrail  *cloudtrail.Client
	EventBridge *eventbridge.Client
}

// Clients are what is asked. All but those of Regions are of the guard's
// region.
type Clients struct {
	CloudWatch *cloudwatch.Client
	DynamoDB   *dynamodb.Client
	IAM        *iam.Client
	Lambda     *lambda.Client
	SNS        *sns.Client
	SQS        *sqs.Client
	// Organization is asked whether the account is in an organisation,
	// Policies for the policies above it, which only the management account
	// and its delegates see; nil where there is no access to those.
	Organization, Policies *organizations.Client
	// Regions are those that are looked at.
	Regions map[string]Regional
}

// Place says which account is looked at, and where the guard is in it.
type Place struct {
	Account, Partition, Home string
	Regions                  []string
}

// Look reads everything that is wanted. now is the time of the facts.
func Look(ctx context.Context, c Clients, in Place, want doctor.Want, now time.Time) *doctor.Facts {
	f := &doctor.Facts{
		Account: in.Account, Partition: in.Partition, Home: in.Home, Regions: in.Regions, At: now, Want: want,
		Trails: map[string]doctor.Read[[]doctor.Trail]{}, Rules: map[string]doctor.Read[[]doctor.Rule]{},
		Queues: map[string]doctor.Read[*doctor.Queue]{}, Functions: map[string]doctor.Read[*doctor.Function]{},
		LastRun: map[string]doctor.Read[*time.Time]{}, Roles: map[string]doctor.Read[*doctor.Role]{},
		AdminGroups: map[string]doctor.Read[*int]{}, Protected: map[string]doctor.Read[bool]{},
	}
	// The reads are many and each waits for AWS: they go side by side.
	var all sync.WaitGroup
	var mu sync.Mutex
	limit := make(chan struct{}, 8)
	read := func(look func() (keep func())) {
		all.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			keep := look()
			mu.Lock()
			defer mu.Unlock()
			keep()
		})
	}
	for _, region := range in.Regions {
		at := c.Regions[region]
		read(func() func() { v := c.trails(ctx, at); return func() { f.Trails[region] = v } })
		read(func() func() { v := c.rules(ctx, at); return func() { f.Rules[region] = v } })
	}
	for _, q := range want.Queues {
		read(func() func() { v := c.queue(ctx, q.Name); return func() { f.Queues[q.Name] = v } })
	}
	for _, fn := range want.Functions {
		read(func() func() { v := c.Function(ctx, fn.Name); return func() { f.Functions[fn.Name] = v } })
		read(func() func() { v := c.lastRun(ctx, fn.Name, now); return func() { f.LastRun[fn.Name] = v } })
	}
	for _, r := range want.Roles {
		read(func() func() { v := c.role(ctx, r.Name); return func() { f.Roles[r.Name] = v } })
	}
	for _, g := range want.AdminGroups {
		read(func() func() { v := c.members(ctx, g); return func() { f.AdminGroups[g] = v } })
	}
	for _, arn := range want.Protected {
		read(func() func() { v := c.exists(ctx, arn); return func() { f.Protected[arn] = v } })
	}
	read(func() func() { v := c.table(ctx, want.Table); return func() { f.Table = v } })
	read(func() func() { v := c.tablePolicy(ctx, in, want.Table); return func() { f.TablePolicy = v } })
	read(func() func() { v := c.subscribers(ctx, want.Topic); return func() { f.Subscribers = v } })
	read(func() func() { v := c.topicPolicy(ctx, want.Topic); return func() { f.TopicPolicy = v } })
	read(func() func() { v := c.alarms(ctx, want.Alarms); return func() { f.Alarms = v } })
	read(func() func() { v := c.policy(ctx, want.DenyPolicyARN); return func() { f.Policy = v } })
	read(func() func() { v := c.organization(ctx); return func() { f.Org = v } })
	all.Wait()
	if f.Org.Value != nil && f.Org.Value.Management != in.Account {
		f.SCPs = c.scps(ctx, in.Account)
	}
	return f
}

// unread is a fact that could not be read.
func unread[T any](what string, err error) doctor.Read[T] {
	return doctor.Read[T]{Gap: what + ": " + oneLine(err)}
}

func oneLine(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + strings.Join(strings.Fields(api.ErrorMessage()), " ")
	}
	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(text) > maxReason {
		text = append(text[:maxReason], '…')
	}
	return string(text)
}

// maxReason is how much of an error is shown, in characters: the SDK's go on
// for long when an answer is not what it expects.
const maxReason = 160

// missing reports whether AWS says that there is no such thing. Each service
// has a name of its own for that.
func missing(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "NoSuchEntity", "ResourceNotFoundException", "ResourceNotFound", "NotFound", "NotFoundException",
		"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "TrailNotFoundException", "AWSOrganizationsNotInUseException":
		return true
	}
	return false
}

// document undoes the URL encoding of IAM's policy documents. Source: IAM API
// Reference, GetRolePolicy.
func document(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
