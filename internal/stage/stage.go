// Package stage sets up the sample company on a twin with a guard at work. It
// serves the demo, the end-to-end tests and the benchmarks, so that all three
// see the same thing.
package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/account/collect"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/respond"
	"warden/trail/source"
	"warden/twin"
)

// Options say what is played. The zero value is a well-behaved AWS and a
// guard that contains users and takes nothing back.
type Options struct {
	// Seed makes the company and the twin's faults repeatable.
	Seed   int64
	Faults twin.Faults
	// Guard is what the guard's judgement is told; its own role is added.
	Guard guard.Config
	// Each is called with every result of the guard, one at a time.
	Each func(respond.Result)
	Log  *slog.Logger
}

// Stage is the sample company on a twin with a guard at work. Everything is
// this process, a loopback port and a temporary folder.
type Stage struct {
	Twin    *twin.Twin
	Server  *twin.Server
	Truth   twin.Truth
	Account string

	// Admin and Guard are clients of an administrator and of the guard's role.
	Admin, Guard *app.Clients
	// QueueURL is where the rule delivers events; TopicARN is told of incidents.
	QueueURL, TopicARN string

	Ledger  *ledger.Ledger
	Applier *apply.Applier

	options Options
	dir     string
	store   *ledger.SQLite
	stop    context.CancelFunc
	stopped chan error
}

// Set starts the twin and connects its events to a queue; Play starts the
// guard. The AWS configuration is made by hand: no profile and no environment
// variable is read.
func Set(ctx context.Context, o Options) (_ *Stage, err error) {
	st := &Stage{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.Close())
		}
	}()
	snapshot, truth := twin.Sample(o.Seed, time.Now())
	st.Truth, st.Account = truth, snapshot.Account
	st.Twin, err = twin.New(twin.Config{Snapshot: snapshot, Seed: o.Seed, Faults: o.Faults})
	if err != nil {
		return nil, err
	}
	if st.Server, err = st.Twin.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	if st.Admin, err = st.Clients(truth.Administrator); err != nil {
		return nil, err
	}
	if err := st.connectEvents(ctx); err != nil {
		return nil, fmt.Errorf("lead events to the guard's queue: %w", err)
	}
	user, err := st.Clients(truth.Guard)
	if err != nil {
		return nil, err
	}
	st.Guard = user.Assume(truth.GuardRole, "")
	if st.dir, err = os.MkdirTemp("", "warden-stage-"); err != nil {
		return nil, err
	}
	if st.store, err = ledger.OpenSQLite(ctx, st.LedgerPath()); err != nil {
		return nil, err
	}
	st.Ledger = ledger.New(st.store, nil)
	st.Applier = apply.New(st.Guard.IAM, st.Ledger, apply.Options{Account: st.Account})
	return st, nil
}

// LedgerPath is the file of the ledger.
func (st *Stage) LedgerPath() string { return filepath.Join(st.dir, "ledger.db") }

// Clients are AWS clients with a user's own access key.
func (st *Stage) Clients(user string) (*app.Clients, error) {
	id, secret, err := st.Twin.Credentials(user)
	if err != nil {
		return nil, err
	}
	return app.Fixed(st.Server.URL(), app.Key{ID: id, Secret: secret}), nil
}

// connectEvents makes the queue, the rule that leads IAM's and STS's calls
// into it, and the topic.
func (st *Stage) connectEvents(ctx context.Context) error {
	queue, err := st.Admin.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("warden-guard")})
	if err != nil {
		return err
	}
	st.QueueURL = aws.ToString(queue.QueueUrl)
	attributes, err := st.Admin.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		return err
	}
	queueARN := attributes.Attributes["QueueArn"]
	rule, err := st.Admin.EventBridge.PutRule(ctx, &eventbridge.PutRuleInput{
		Name:         aws.String("warden-guard"),
		EventPattern: aws.String(`{"source":["aws.iam","aws.sts","aws.signin"],"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"]}`),
	})
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
	if _, err := st.Admin.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue.QueueUrl, Attributes: map[string]string{"Policy": string(admit)}}); err != nil {
		return err
	}
	if _, err := st.Admin.EventBridge.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: aws.String("warden-guard"), Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: aws.String(queueARN)}},
	}); err != nil {
		return err
	}
	topic, err := st.Admin.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("warden-alerts")})
	if err != nil {
		return err
	}
	st.TopicARN = aws.ToString(topic.TopicArn)
	return nil
}

// Responder is the guard's runtime on this stage, not yet started. opts may
// change its options.
func (st *Stage) Responder(opts ...func(*respond.Options)) (*respond.Responder, error) {
	cfg := st.options.Guard
	cfg.Self = append([]string{st.Truth.GuardRole}, cfg.Self...)
	cfg.Protected = append([]string{st.Truth.GuardRole}, cfg.Protected...)
	o := respond.Options{
		Guard: cfg, Account: st.Account,
		Lookup:  respond.Live{Identities: collect.NewIdentities(st.Guard.IAM), Reader: st.Guard.IAM},
		Applier: st.Applier, Ledger: st.Ledger, Notifier: notify.NewTopic(st.Guard.SNS, st.TopicARN), Log: st.options.Log,
	}
	for _, change := range opts {
		change(&o)
	}
	return respond.New(o)
}

// Queue is the queue that the guard reads.
func (st *Stage) Queue() *source.Queue { return source.NewQueue(st.Guard.SQS, st.QueueURL) }

// Play runs the guard on the queue until Close.
func (st *Stage) Play(ctx context.Context) error {
	r, err := st.Responder()
	if err != nil {
		return err
	}
	if err := r.Start(ctx); err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	st.stop, st.stopped = stop, make(chan error, 1)
	go func() {
		st.stopped <- r.Serve(serving, st.Queue(), respond.QueueOptions{Name: st.QueueURL, Each: st.options.Each})
	}()
	return nil
}

// Close stops guard and twin and removes the temporary folder.
func (st *Stage) Close() error {
	var errs []error
	if st.stop != nil {
		st.stop()
		errs = append(errs, <-st.stopped)
	}
	if st.store != nil {
		errs = append(errs, st.store.Close())
	}
	if st.Server != nil {
		errs = append(errs, st.Server.Close())
	}
	if st.dir != "" {
		errs = append(errs, os.RemoveAll(st.dir))
	}
	return errors.Join(errs...)
}
