package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"warden/change"
	"warden/change/ledger"
	"warden/respond"
	"warden/trail"
)

// workflowFunction does the steps of the state machine of the template guard.
// Every step may be done again: the ledger makes each effect happen once.
type workflowFunction struct{ *guards }

// step is what the state machine asks for.
type step struct {
	// Step is judge, contain, verify or notify, about an event; then propose,
	// act, verify-act or notify-act, about a plan that waits for a person.
	Step     string          `json:"step"`
	Event    json.RawMessage `json:"event"`
	Account  string          `json:"account"`
	Incident string          `json:"incident"`
	Plan     string          `json:"plan"`
	// Token is what the state machine waits with for a decision.
	Token string `json:"token"`
}

// stepAnswer is what a step leaves in the state: ids and words, no documents.
type stepAnswer struct {
	Verdict   string   `json:"verdict,omitempty"`
	Action    string   `json:"action,omitempty"`
	Account   string   `json:"account,omitempty"`
	Incident  string   `json:"incident,omitempty"`
	Proposals []string `json:"proposals"` // ids of plans that wait
	Stripped  int      `json:"stripped"`  // settings that were taken away and put back
}

// Names of the errors that the state machine tells apart.
const (
	failedError  = "Warden.Failed"  // worth another try
	refusedError = "Warden.Refused" // not
)

// stepError is an error under a name that the state machine can match. Source:
// AWS Step Functions Developer Guide, "Handling errors in Step Functions
// workflows".
func stepError(err error) error {
	name := failedError
	var refused *ledger.RefusedError
	if errors.As(err, &refused) || errors.Is(err, ledger.ErrNotFound) {
		name = refusedError
	}
	return messages.InvokeResponse_Error{Type: name, Message: oneLine(err)}
}

func (f *workflowFunction) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	work, cancel := f.begin(ctx)
	defer cancel()
	var s step
	if err := json.Unmarshal(payload, &s); err != nil {
		return nil, stepError(fmt.Errorf("not a step: %w", err))
	}
	a, err := f.do(work, s)
	if err != nil {
		f.log.Error("a step of the workflow failed", "step", s.Step, "incident", s.Incident, "plan", change.Short(s.Plan), "error", oneLine(err))
		return nil, stepError(err)
	}
	f.log.Info("a step of the workflow is done", "step", s.Step, "incident", a.Incident, "plan", change.Short(s.Plan), "verdict", a.Verdict, "action", a.Action)
	return a, nil
}

func (f *workflowFunction) do(ctx context.Context, s step) (stepAnswer, error) {
	if err := f.prepare(ctx); err != nil {
		return stepAnswer{}, fmt.Errorf("not ready: %w", err)
	}
	switch s.Step {
	case "judge", "contain", "notify":
		return f.event(ctx, s)
	case "verify", "propose", "act", "verify-act", "notify-act":
	default:
		return stepAnswer{}, &ledger.RefusedError{Reason: fmt.Sprintf("there is no step %q", s.Step)}
	}
	a := stepAnswer{Account: s.Account, Incident: s.Incident, Proposals: []string{}}
	r, err := f.responder(ctx, s.Account)
	if err != nil {
		return a, err
	}
	switch s.Step {
	case "verify":
		again, err := r.Recheck(ctx, s.Incident)
		a.Stripped = len(again.Stripped)
		return a, err
	case "propose":
		return a, f.propose(ctx, r, s)
	case "verify-act":
		return a, r.VerifyRan(ctx, s.Plan)
	}
	// To carry out again what was carried out tells those who were not told.
	report, err := r.RunApproved(ctx, s.Plan)
	if err == nil {
		if problems := report.Problems(); len(problems) > 0 {
			err = fmt.Errorf("not everything was done: %s", problems[0])
		}
	}
	return a, err
}

// event does a step that is about the event. To contain and to notify are the
// same call: what is done already is not done again, and who was told is not
// told again.
func (f *workflowFunction) event(ctx context.Context, s step) (stepAnswer, error) {
	a := stepAnswer{Proposals: []string{}}
	e, err := trail.ParseEvent(s.Event)
	if err != nil {
		return a, &ledger.RefusedError{Reason: "not an event: " + oneLine(err)}
	}
	a.Account = accountOf(e)
	r, err := f.responder(ctx, a.Account)
	if err != nil {
		return a, err
	}
	var res respond.Result
	if s.Step == "judge" {
		res = r.Judge(ctx, e)
	} else {
		res = r.Handle(ctx, e)
		if !res.Next.IsZero() {
			f.hold(ctx, r.Account, res.Incident)
		}
	}
	a.Verdict, a.Action, a.Incident = string(res.Verdict), string(res.Action), res.Incident
	a.Proposals = append(a.Proposals, res.Proposed...)
	switch {
	case s.Step == "notify" && res.Retry, s.Step == "contain" && notContained(res):
		if res.Err == nil {
			res.Err = errors.New("somebody else is at it")
		}
		return a, res.Err
	}
	return a, nil
}

// notContained reports whether the caller is not, or not provably, contained.
// That people were not told yet is for a step of its own.
func notContained(res respond.Result) bool {
	switch res.Action {
	case respond.NotContained, respond.NotProved:
		return true
	case respond.Joined:
		return res.Retry
	}
	return false
}

// propose keeps the token with which the state machine waits for the
// decision. Where there is one already, it goes on at once: the token is
// stored before the decision is looked for, and who decides does it the other
// way round.
func (f *workflowFunction) propose(ctx context.Context, r *respond.Responder, s step) error {
	if s.Token == "" {
		return &ledger.RefusedError{Reason: "a proposal without a token to wait with"}
	}
	if err := f.ledger.AwaitTask(ctx, s.Plan, s.Token); err != nil {
		return err
	}
	p, err := r.Decision(ctx, s.Plan)
	if err != nil || !p.Decided() {
		return err
	}
	return f.clients.GoOn(ctx, []string{s.Token}, p.Plan.ID, p.Declined != nil)
}

// maxWorkflowEvent is the size of an event, in bytes, above which the guard
// deals with it without a workflow: the state may have 256 KiB. Source: AWS
// Step Functions Developer Guide, "Step Functions service quotas".
const maxWorkflowEvent = 200 << 10

// executionName is what Step Functions takes as a name. Source: AWS Step
// Functions API Reference, StartExecution.
var executionName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// start hands the event of a caller who is to be contained to the workflow,
// once: the execution has the event's name. false means that the guard has to
// deal with it here and now, because the workflow cannot.
func (g *guards) start(ctx context.Context, e *trail.Event, body string) (started bool) {
	if g.config.stateMachine == "" || g.config.dryRun || len(body) > maxWorkflowEvent {
		return false
	}
	name := "event-" + e.ID
	if !executionName.MatchString(e.ID) {
		name = "event-" + change.Hash(e.ID)
	}
	input, err := json.Marshal(map[string]json.RawMessage{"event": json.RawMessage(body)})
	if err == nil {
		_, err = g.clients.StepFunctions.StartExecution(ctx, &sfn.StartExecutionInput{
			StateMachineArn: aws.String(g.config.stateMachine), Name: aws.String(name), Input: aws.String(string(input)),
		})
	}
	var exists *types.ExecutionAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		g.log.Error("the workflow could not be started; the event is dealt with without it", "event", e.ID, "error", oneLine(err))
		return false
	}
	g.log.Info("handed to the workflow", "event", e.ID, "execution", name, "again", err != nil)
	return true
}
