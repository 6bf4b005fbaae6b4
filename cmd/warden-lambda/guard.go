package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/notify"
	"warden/respond"
	"warden/trail"
)

// reserve is what is kept of a function's time to answer in: what has not
// ended by then is given back to the queue.
const reserve = 5 * time.Second

// guardFunction judges the events of a queue and acts on them.
type guardFunction struct {
	config     config
	connect    func(context.Context) (*app.Clients, error)
	log        *slog.Logger
	setRequest func(id string)

	mu         sync.Mutex
	clients    *app.Clients
	ledger     *ledger.Ledger
	account    string
	responders map[string]*respond.Responder // by account
}

// prepare connects to AWS and sets up the guard of the function's own
// account, once.
func (g *guardFunction) prepare(ctx context.Context) error {
	_, err := g.responder(ctx, "")
	return err
}

// responder returns the guard of an account; that of the function's own for
// "" and for accounts that are no members, whose events it then refuses.
func (g *guardFunction) responder(ctx context.Context, id string) (*respond.Responder, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.responders == nil {
		if err := g.first(ctx); err != nil {
			return nil, err
		}
	}
	if r := g.responders[id]; r != nil {
		return r, nil
	}
	for _, m := range g.config.members {
		if m == id {
			return g.member(ctx, id)
		}
	}
	return g.responders[g.account], nil
}

// first makes the guard of the function's own account.
func (g *guardFunction) first(ctx context.Context) error {
	clients, err := g.connect(ctx)
	if err != nil {
		return err
	}
	id, arn, err := clients.Account(ctx)
	if err != nil {
		return err
	}
	self, err := account.ParseARN(arn)
	if err != nil {
		return fmt.Errorf("who the function is: %w", err)
	}
	g.clients, g.account = clients, id
	if !g.config.dryRun {
		g.ledger = ledger.New(ledger.NewDynamoDB(clients.DynamoDB, g.config.table), nil)
	}
	act := apply.IAM(clients.IAM)
	own := []string{arn}
	if g.config.responder != "" {
		act = apply.Split(clients.IAM, clients.Assume(g.config.responder, "").IAM)
		own = append(own, g.config.responder)
	}
	r, err := g.guardOf(ctx, id, self.Partition, clients, act, own)
	if err == nil {
		g.responders = map[string]*respond.Responder{id: r}
	}
	return err
}

// member makes the guard of another account of the organisation, which acts
// there by that account's role.
func (g *guardFunction) member(ctx context.Context, id string) (*respond.Responder, error) {
	partition := g.responders[g.account].Partition
	role := "arn:" + partition + ":iam::" + id + ":role/" + g.config.memberRole
	clients := g.clients.Assume(role, "")
	r, err := g.guardOf(ctx, id, partition, clients, clients.IAM, []string{role})
	if err == nil {
		g.responders[id] = r
	}
	return r, err
}

func (g *guardFunction) guardOf(ctx context.Context, id, partition string, clients *app.Clients, act apply.IAM, self []string) (*respond.Responder, error) {
	cfg := g.config.guard
	cfg.Self = self
	if id != g.account {
		cfg.ContainSessions = false // its role there may not write inline policies
	}
	o := respond.Options{
		Guard: cfg, Account: id, Partition: partition, Log: g.log,
		Lookup: respond.Live{Identities: collect.NewIdentities(clients.IAM), Reader: clients.IAM},
	}
	if g.ledger != nil {
		o.Ledger = g.ledger
		o.Applier = redelivered{apply.New(act, g.ledger, apply.Options{Account: id})}
		o.Notifier = g.notifier()
		o.LedgerFlag = "--ledger dynamodb:" + g.config.table
	}
	r, err := respond.New(o)
	if err != nil {
		return nil, err
	}
	if err := r.Start(ctx); err != nil {
		// A deny policy that cannot be seen to be right is no reason to stop
		// watching: events are judged and told, and a containment that cannot
		// be proved says so.
		g.log.Error("the deny policy is not ready", "account", id, "error", oneLine(err))
	}
	return r, nil
}

func (g *guardFunction) notifier() notify.Notifier {
	channels := notify.All{notify.NewJSON(os.Stdout)}
	if g.config.topic != "" {
		channels = append(channels, notify.NewTopic(g.clients.SNS, g.config.topic))
	}
	return channels
}

// redelivered is an applier that does not look for what died at its start:
// other instances of the function may be at work on it, and the event of
// whatever did die is delivered again, which finishes it.
type redelivered struct{ *apply.Applier }

// Resume implements respond.Applier.
func (redelivered) Resume(context.Context, time.Duration) ([]apply.Report, error) { return nil, nil }

// handle deals with a batch of messages and returns those that are to be
// delivered again. Source: AWS Lambda Developer Guide, "Handling errors for
// an SQS event source in Lambda" (ReportBatchItemFailures).
func (g *guardFunction) handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		g.setRequest(lc.AwsRequestID)
	}
	work := ctx
	if deadline, ok := ctx.Deadline(); ok {
		left := min(reserve, time.Until(deadline)/3)
		limited, cancel := context.WithDeadline(ctx, deadline.Add(-left))
		defer cancel()
		work = limited
	}
	if err := g.prepare(work); err != nil {
		g.soon(ctx, batch.Records)
		return events.SQSEventResponse{}, fmt.Errorf("not ready: %w", err)
	}
	failed := g.unfinished(work, batch.Records)
	g.soon(ctx, failed)
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range failed {
		answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
	}
	return answer, nil
}

// unfinished handles the messages side by side and returns those that are not
// dealt with, in their order, at the latest a moment after ctx ends.
func (g *guardFunction) unfinished(ctx context.Context, messages []events.SQSMessage) (failed []events.SQSMessage) {
	type end struct {
		i     int
		dealt bool
	}
	ends := make(chan end, len(messages))
	for i, m := range messages {
		go func() { ends <- end{i, g.message(ctx, m)} }()
	}
	dealt := make([]bool, len(messages))
	var late <-chan time.Time
	done := ctx.Done()
	for range messages {
		select {
		case e := <-ends:
			dealt[e.i] = e.dealt
			continue
		case <-done:
		}
		// Calls that are cut off need a moment to return.
		if late == nil {
			timer := time.NewTimer(500 * time.Millisecond)
			defer timer.Stop()
			late, done = timer.C, nil
		}
		select {
		case e := <-ends:
			dealt[e.i] = e.dealt
			continue
		case <-late:
		}
		break
	}
	for i, m := range messages {
		if !dealt[i] {
			failed = append(failed, m)
		}
	}
	return failed
}

// message deals with one message; false asks for it to be delivered again.
func (g *guardFunction) message(ctx context.Context, m events.SQSMessage) (dealt bool) {
	e, err := trail.ParseEvent([]byte(m.Body))
	if err != nil {
		g.log.Warn("not an event", "message", m.MessageId, "reason", oneLine(err), "bytes", len(m.Body))
		if g.ledger == nil {
			return true
		}
		if _, err := g.ledger.Quarantine(ctx, m.EventSourceARN+" message "+m.MessageId, oneLine(err), []byte(m.Body)); err != nil {
			g.log.Error("could not be kept for inspection", "message", m.MessageId, "error", oneLine(err))
			return false
		}
		return true
	}
	r, err := g.responder(ctx, accountOf(e))
	if err != nil {
		g.log.Error("event not dealt with", "message", m.MessageId, "event", e.ID, "error", oneLine(err))
		return false
	}
	res := r.Handle(ctx, e)
	if ctx.Err() != nil && res.Err != nil {
		res.Retry = true // cut off on its way
	}
	g.log.Info("judged", "event", e.ID, "name", e.Name, "caller", res.Actor.ARN, "verdict", res.Verdict,
		"action", res.Action, "incident", res.Incident, "tookMs", res.Took.Milliseconds(), "retry", res.Retry)
	return !res.Retry
}

func accountOf(e *trail.Event) string {
	if e.RecipientAccount != "" {
		return e.RecipientAccount
	}
	if e.Envelope != nil {
		return e.Envelope.Account
	}
	return ""
}

// soon makes messages visible again before the queue's long time-out, later
// each time that they come. It is a help: without it they come all the same.
func (g *guardFunction) soon(ctx context.Context, messages []events.SQSMessage) {
	if g.config.queueURL == "" || len(messages) == 0 || g.clients == nil {
		return
	}
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(g.config.queueURL)}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.ReceiptHandle), VisibilityTimeout: pause(m.Attributes["ApproximateReceiveCount"]),
		})
	}
	out, err := g.clients.SQS.ChangeMessageVisibilityBatch(ctx, in)
	if err == nil && len(out.Failed) > 0 {
		err = errors.New(aws.ToString(out.Failed[0].Message))
	}
	if err != nil {
		g.log.Warn("failed messages come again after the queue's time-out only", "error", oneLine(err))
	}
}

// pause doubles from 5 seconds to 5 minutes with the number of deliveries.
func pause(receives string) int32 {
	n, err := strconv.Atoi(receives)
	if err != nil || n < 1 {
		n = 1
	}
	return int32(min(5<<min(n-1, 10), 300))
}
