package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/respond"
	"warden/trail"
)

// guardFunction judges the events of a queue and acts on them.
type guardFunction struct{ *guards }

// handle deals with a batch of messages and returns those that are to be
// delivered again. Source: AWS Lambda Developer Guide, "Handling errors for
// an SQS event source in Lambda" (ReportBatchItemFailures).
func (g *guardFunction) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	work, cancel := g.begin(ctx)
	defer cancel()
	var batch events.SQSEvent
	err := json.Unmarshal(payload, &batch)
	if err == nil {
		err = checkBatch(batch)
	}
	if err != nil {
		return nil, fmt.Errorf("not a batch of messages: %w", err)
	}
	if err := g.prepare(work); err != nil {
		g.soon(ctx, batch.Records)
		return nil, fmt.Errorf("not ready: %w", err)
	}
	failed := g.unfinished(work, batch.Records)
	g.soon(ctx, failed)
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	named := map[string]bool{}
	for _, m := range failed {
		if !named[m.MessageId] { // a queue may deliver a message twice
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
		named[m.MessageId] = true
	}
	return answer, nil
}

// checkBatch refuses what no queue delivers: an answer about it would say that
// it was dealt with.
func checkBatch(batch events.SQSEvent) error {
	if batch.Records == nil {
		return errors.New("it has no Records; this function is invoked by its queues only")
	}
	for i, m := range batch.Records {
		if m.MessageId == "" {
			return fmt.Errorf("record %d has no messageId", i)
		}
	}
	return nil
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
		go func() {
			dealt := false
			defer func() {
				if p := recover(); p != nil {
					g.log.Error("a message brought the program down", "message", m.MessageId, "panic", fmt.Sprint(p), "at", string(debug.Stack()))
				}
				ends <- end{i, dealt}
			}()
			dealt = g.message(ctx, m)
		}()
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
	if g.fromHold(m) {
		return g.again(ctx, m)
	}
	e, err := trail.ParseDelivered([]byte(m.Body))
	if err != nil {
		return g.unreadable(ctx, m, fmt.Errorf("not an event: %w", err))
	}
	r, err := g.responder(ctx, accountOf(e))
	if err != nil {
		g.log.Error("event not dealt with", "message", m.MessageId, "event", e.ID, "error", oneLine(err))
		return false
	}
	res := r.HandleOr(ctx, e, func(respond.Result) bool { return g.start(ctx, e, m.Body) })
	if ctx.Err() != nil && res.Err != nil {
		res.Retry = true // cut off on its way
	}
	g.log.Info("judged", "event", e.ID, "name", e.Name, "caller", res.Actor.ARN, "verdict", res.Verdict,
		"action", res.Action, "incident", res.Incident, "tookMs", res.Took.Milliseconds(), "retry", res.Retry, "would", res.Would)
	if !res.Next.IsZero() {
		g.hold(ctx, r.Account, res.Incident)
	}
	return !res.Retry
}

// unreadable keeps a message that is no event for inspection, and tells people.
func (g *guardFunction) unreadable(ctx context.Context, m events.SQSMessage, reason error) (dealt bool) {
	g.log.Warn("not an event", "message", m.MessageId, "queue", m.EventSourceARN, "reason", oneLine(reason), "bytes", len(m.Body))
	if g.ledger == nil {
		return true
	}
	r, err := g.responder(ctx, "")
	if err != nil {
		g.log.Error("could not be kept for inspection", "message", m.MessageId, "error", oneLine(err))
		return false
	}
	return r.Unreadable(ctx, m.EventSourceARN+" message "+m.MessageId, []byte(m.Body), reason)
}

// quarantine keeps a message that is not for us for inspection; false means
// that it could not be kept.
func (g *guardFunction) quarantine(ctx context.Context, m events.SQSMessage, reason error) (kept bool) {
	g.log.Warn("kept for inspection", "message", m.MessageId, "queue", m.EventSourceARN, "reason", oneLine(reason), "bytes", len(m.Body))
	if g.ledger == nil {
		return true
	}
	if _, err := g.ledger.Quarantine(ctx, m.EventSourceARN+" message "+m.MessageId, oneLine(reason), []byte(m.Body)); err != nil {
		g.log.Error("could not be kept for inspection", "message", m.MessageId, "error", oneLine(err))
		return false
	}
	return true
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
	if len(messages) == 0 || g.clients == nil {
		return
	}
	url := g.config.queueURL
	if g.fromHold(messages[0]) { // a batch comes from one queue
		url = g.config.holdURL
	}
	if url == "" {
		return
	}
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(url)}
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
