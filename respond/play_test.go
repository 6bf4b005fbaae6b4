package respond_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"warden/account"
	"warden/app"
	"warden/change/apply"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// play is a stage without a running guard: tests drive it step by step.
type play struct {
	*stage.Stage
	t        *testing.T
	r        *respond.Responder
	intruder *app.Clients
	results  []respond.Result
	bad      int
}

func newPlay(t *testing.T, o stage.Options, opts ...func(*respond.Options)) *play {
	t.Helper()
	o.Seed = 11
	st, err := stage.Set(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &play{Stage: st, t: t}
	p.r = p.responder(opts...)
	if err := p.r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.intruder, err = st.Clients(st.Truth.Intruder); err != nil {
		t.Fatal(err)
	}
	return p
}

// newLeastPlay is newPlay with the rights of the stack's role alone.
func newLeastPlay(t *testing.T, o stage.Options) *play {
	t.Helper()
	o, err := stage.Least(o)
	if err != nil {
		t.Fatal(err)
	}
	return newPlay(t, o)
}

// person makes changes as an administrator does, on the play's ledger.
func (p *play) person() *apply.Applier {
	return apply.New(p.Admin.IAM, p.Ledger, apply.Options{Account: p.Account})
}

func (p *play) responder(opts ...func(*respond.Options)) *respond.Responder {
	p.t.Helper()
	r, err := p.Responder(opts...)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// withPast lets the guard read the account's event history.
func (p *play) withPast(o *respond.Options) {
	o.Past = source.NewLookup(map[string]source.LookupClient{"us-east-1": p.Guard.CloudTrail})
}

// drain lets the guard handle everything that is in the queue.
func (p *play) drain() []respond.Result {
	p.t.Helper()
	p.results = nil
	err := p.r.Serve(p.t.Context(), p.Queue(), respond.QueueOptions{
		Name: "queue", Wait: time.Second, UntilEmpty: true,
		Each: func(r respond.Result) { p.results = append(p.results, r) },
		Bad:  func(_ source.Message, _ error) { p.bad++ },
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.results
}

func (p *play) createUser(c *app.Clients, name string) error {
	_, err := c.IAM.CreateUser(p.t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
	return err
}

// of returns the results about calls of one name by the intruder.
func of(results []respond.Result, caller, name string) []respond.Result {
	var out []respond.Result
	for _, r := range results {
		if r.Actor.Name == caller && r.Event.Name == name {
			out = append(out, r)
		}
	}
	return out
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func (p *play) attached(user string) []string {
	p.t.Helper()
	out, err := p.Admin.IAM.ListAttachedUserPolicies(p.t.Context(), &iam.ListAttachedUserPoliciesInput{UserName: aws.String(user)})
	if err != nil {
		p.t.Fatal(err)
	}
	names := []string{}
	for _, a := range out.AttachedPolicies {
		names = append(names, aws.ToString(a.PolicyName))
	}
	return names
}

// guardCalls are the IAM calls of the guard so far, oldest first.
func (p *play) guardCalls() []string {
	p.t.Helper()
	var names []string
	for _, e := range p.lookup() {
		if e.Source == "iam.amazonaws.com" && e.Actor().Role != nil && e.Actor().Role.ARN == p.Truth.GuardRole {
			names = append(names, e.Name)
		}
	}
	return names
}

// withoutUse is a user as JSON, without what use alone changes.
func withoutUse(s *account.Snapshot, name string) string {
	for _, u := range s.Users {
		if u.Name == name {
			for i := range u.AccessKeys {
				u.AccessKeys[i].LastUsed = nil
			}
			data, _ := json.Marshal(u)
			return string(data)
		}
	}
	return ""
}

// lookup reads all records of the twin, oldest first.
func (p *play) lookup() []*trail.Event {
	p.t.Helper()
	var events []*trail.Event
	pages := cloudtrail.NewLookupEventsPaginator(p.Admin.CloudTrail, &cloudtrail.LookupEventsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range page.Events {
			ev, err := trail.ParseEvent([]byte(aws.ToString(e.CloudTrailEvent)))
			if err != nil {
				p.t.Fatal(err)
			}
			events = append([]*trail.Event{ev}, events...)
		}
	}
	return events
}

func (p *play) intruderEvents() []*trail.Event {
	var out []*trail.Event
	for _, e := range p.lookup() {
		if e.Actor().Name == p.Truth.Intruder && e.Source == "iam.amazonaws.com" {
			out = append(out, e)
		}
	}
	return out
}

// send puts a message into the guard's queue past the rule.
func (p *play) send(ctx context.Context, body string) error {
	_, err := p.Admin.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(p.QueueURL), MessageBody: aws.String(body)})
	return err
}
