package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/change/ledger"
	"warden/respond"
)

// look is a message of the hold queue: look at a containment again. Only the
// guard may write to that queue; a look changes nothing that the ledger does
// not say anyway.
type look struct {
	Incident string `json:"incident"`
	Look     int    `json:"look"` // from 1
	Account  string `json:"account"`
}

// maxStripped is how often a containment may be taken away before the looks
// stop to begin anew; the sweep goes on.
const maxStripped = 20

// hold orders the looks at a containment that was just made. A function
// cannot wait for them itself: a queue delivers each when its time has come.
// What is not ordered is left to the sweep.
func (g *guards) hold(ctx context.Context, account, incident string) {
	if g.config.holdURL == "" || g.ledger == nil {
		return
	}
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(g.config.holdURL)}
	for i, age := range respond.Looks() {
		body, err := json.Marshal(look{incident, i + 1, account})
		if err != nil {
			g.log.Error("a look cannot be written", "incident", incident, "error", oneLine(err))
			return
		}
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(body)), DelaySeconds: int32(age.Seconds()),
		})
	}
	out, err := g.clients.SQS.SendMessageBatch(ctx, in)
	if err == nil && len(out.Failed) > 0 {
		err = errors.New(aws.ToString(out.Failed[0].Message))
	}
	if err != nil {
		g.log.Error("the containment is not looked at again before the next sweep", "incident", incident, "error", oneLine(err))
	}
}

// fromHold reports whether a message came by the hold queue. The source is
// Lambda's word; the URL's last parts are the queue's account and name.
// Source: Amazon SQS Developer Guide, "Queue and message identifiers".
func (g *guardFunction) fromHold(m events.SQSMessage) bool {
	parts := strings.Split(g.config.holdURL, "/")
	return len(parts) > 2 && strings.HasSuffix(m.EventSourceARN, ":"+parts[len(parts)-2]+":"+parts[len(parts)-1])
}

// again looks at a containment; false asks for the message to be delivered
// again.
func (g *guardFunction) again(ctx context.Context, m events.SQSMessage) (dealt bool) {
	r, l, err := g.lookAt(ctx, m)
	var foreign *foreignError
	if errors.As(err, &foreign) {
		return g.quarantine(ctx, m, err)
	}
	if err != nil {
		g.log.Error("a containment could not be looked at again", "message", m.MessageId, "error", oneLine(err))
		return false
	}
	again, err := r.Recheck(ctx, l.Incident)
	if err != nil {
		g.log.Error("a containment could not be looked at again", "incident", l.Incident, "look", l.Look, "stripped", len(again.Stripped), "error", oneLine(err))
		return false
	}
	g.log.Info("looked again", "incident", l.Incident, "look", l.Look, "stripped", len(again.Stripped), "times", again.Times, "restored", again.Restored)
	if len(again.Stripped) > 0 && again.Times <= maxStripped {
		g.hold(ctx, l.Account, l.Incident)
	}
	return true
}

// foreignError says that a message is not one of ours.
type foreignError struct{ reason string }

func (e *foreignError) Error() string { return e.reason }

// lookAt reads a look and finds the guard whose containment it is about.
func (g *guardFunction) lookAt(ctx context.Context, m events.SQSMessage) (*respond.Responder, look, error) {
	var l look
	if err := json.Unmarshal([]byte(m.Body), &l); err != nil {
		return nil, l, &foreignError{"not a look at a containment: " + oneLine(err)}
	}
	if l.Look < 1 || l.Look > len(respond.Looks()) {
		return nil, l, &foreignError{fmt.Sprintf("there is no look %d", l.Look)}
	}
	in, err := g.ledger.Incident(ctx, l.Incident)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return nil, l, &foreignError{fmt.Sprintf("the ledger has no incident %q", l.Incident)}
	case err != nil:
		return nil, l, err
	case in.Account != l.Account:
		return nil, l, &foreignError{fmt.Sprintf("the incident is of account %s, not %s", in.Account, l.Account)}
	}
	r, err := g.responder(ctx, l.Account)
	if err == nil && r.Account != l.Account {
		return nil, l, &foreignError{"account " + l.Account + " is not guarded here"}
	}
	return r, l, err
}
