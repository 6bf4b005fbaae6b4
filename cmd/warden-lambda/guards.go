package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// reserve is what is kept of a function's time to answer in: what has not
// ended by then is given back to the queue.
const reserve = 5 * time.Second

// guards are the guards of the function's own account and of the members of
// its organisation: what every handler of this program works with.
type guards struct {
	config     config
	connect    func(context.Context) (*app.Clients, error)
	log        *slog.Logger
	setRequest func(id string)

	mu         sync.Mutex
	clients    *app.Clients
	ledger     *ledger.Ledger
	account    string
	responders map[string]*respond.Responder // by account
	// regions are those whose event history is read; histories are kept with
	// the pace that they found out.
	regions   []string
	histories map[string]*source.Lookup // by account
}

// prepare connects to AWS and sets up the guard of the function's own
// account, once.
func (g *guards) prepare(ctx context.Context) error {
	_, err := g.responder(ctx, "")
	return err
}

// responder returns the guard of an account; that of the function's own for
// "" and for accounts that are no members, whose events it then refuses.
func (g *guards) responder(ctx context.Context, id string) (*respond.Responder, error) {
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
func (g *guards) first(ctx context.Context) error {
	clients, err := g.connect(ctx)
	if err != nil {
		return err
	}
	id, arn, userID, err := clients.Caller(ctx)
	if err != nil {
		return err
	}
	self, err := account.ParseARN(arn)
	if err != nil {
		return fmt.Errorf("who the function is: %w", err)
	}
	g.clients, g.account = clients, id
	g.histories = map[string]*source.Lookup{}
	if !g.config.dryRun {
		g.ledger = ledger.New(ledger.NewDynamoDB(clients.DynamoDB, g.config.table), nil)
		// Without the ledger nothing can be done: that is an error of the
		// function, which is alarmed, and not of each message.
		if _, err := g.ledger.Opened(ctx, "none"); err != nil {
			return fmt.Errorf("table %s (LEDGER_TABLE): %w", g.config.table, err)
		}
	}
	act := apply.IAM(clients.IAM)
	own := identities{arn: userID}
	g.ownRole(ctx, clients, self, own)
	if g.config.responder != "" {
		act = apply.Split(clients.IAM, clients.Assume(g.config.responder, "").IAM, g.config.guard.PolicyName(guard.DenyIAM), g.config.guard.PolicyName(guard.DenyAll))
		own[g.config.responder] = ""
	}
	r, err := g.guardOf(ctx, id, self.Partition, clients, act, own)
	if err == nil {
		g.responders = map[string]*respond.Responder{id: r}
	}
	return err
}

// identities are the ARNs under which warden acts, with their unique ids; ""
// where that is not known.
type identities map[string]string

// ownRole adds the function's role: the other functions of the program work
// under the same role, and what they do is warden's own doing too.
func (g *guards) ownRole(ctx context.Context, clients *app.Clients, self account.ARN, own identities) {
	if self.Type() != "assumed-role" {
		return
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(self.Resource, "assumed-role/"), "/")
	role, err := collect.NewIdentities(clients.IAM).Role(ctx, name)
	if err == nil && role != nil {
		own[role.ARN] = role.ID
		return
	}
	// The ARN of a session does not tell the role's path; the stack's has none.
	g.log.Warn("the function's own role could not be looked up", "role", name, "error", err)
	own["arn:"+self.Partition+":iam::"+self.Account+":role/"+name] = ""
}

// member makes the guard of another account of the organisation, which acts
// there by that account's role.
func (g *guards) member(ctx context.Context, id string) (*respond.Responder, error) {
	partition := g.responders[g.account].Partition
	role := "arn:" + partition + ":iam::" + id + ":role/" + g.config.memberRole
	clients := g.clients.Assume(role, g.config.externalID)
	r, err := g.guardOf(ctx, id, partition, clients, clients.IAM, identities{role: ""})
	if err == nil {
		g.responders[id] = r
	}
	return r, err
}

func (g *guards) guardOf(ctx context.Context, id, partition string, clients *app.Clients, act apply.IAM, self identities) (*respond.Responder, error) {
	cfg := g.config.guard
	cfg.Self, cfg.SelfIDs = slices.Sorted(maps.Keys(self)), self
	g.histories[id] = g.history(clients)
	o := respond.Options{
		Guard: cfg, Account: id, Partition: partition, Log: g.log, Operators: g.operators(partition, id),
		Lookup: respond.Live{Identities: collect.NewIdentities(clients.IAM), Reader: clients.IAM},
	}
	if id != g.account {
		o.Guard.ContainSessions = false // its role there may not write inline policies
		o.MemberRole = "arn:" + partition + ":iam::" + id + ":role/" + g.config.memberRole
	}
	var org apply.Organizations
	if g.config.guardrail != "" {
		org = g.clients.Assume(g.config.guardrailRole, g.config.externalID).Organizations
		o.Guardrail = &respond.Guardrail{PolicyARN: g.config.guardrail, Role: g.config.guardrailRole}
		o.Lookup = respond.Live{Identities: collect.NewIdentities(clients.IAM), Reader: apply.Guarded(clients.IAM, org)}
	}
	if g.ledger != nil {
		o.Ledger = g.ledger
		o.Applier = shared{apply.New(act, g.ledger, apply.Options{Account: id, Organizations: org})}
		o.Notifier = g.config.notifier(g.clients)
		o.LedgerFlag = "--ledger dynamodb:" + g.config.table
		o.Votes = ledger.NewApprovalTable(g.clients.DynamoDB, g.config.table)
		o.AskFirst = g.config.stateMachine != ""
		o.Past = g.histories[id]
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

// operators are the roles by which people give back what was done in an
// account.
func (g *guards) operators(partition, id string) respond.Operators {
	if g.config.operatorRole == "" {
		return respond.Operators{}
	}
	in := func(id string) string { return "arn:" + partition + ":iam::" + id + ":role/" + g.config.operatorRole }
	return respond.Operators{Role: in(id), Home: in(g.account)}
}

// history is the event history of the account of the clients.
func (g *guards) history(clients *app.Clients) *source.Lookup {
	of := map[string]source.LookupClient{}
	for _, region := range g.regions {
		of[region] = clients.In(region).CloudTrail
	}
	h := source.NewLookup(of)
	h.Relevant = guard.Relevant
	h.Bad = func(b trail.BadRecord) {
		g.log.Warn("a record of the event history cannot be read", "record", b.String())
	}
	return h
}

// shared is an applier that does not finish at its start what it finds begun:
// other instances of the function may be at work on it. What died is finished
// when its event is delivered again, or by the sweep.
type shared struct{ *apply.Applier }

// Resume implements respond.Applier.
func (s shared) Resume(ctx context.Context, olderThan time.Duration) ([]apply.Report, error) {
	if olderThan == 0 {
		return nil, nil
	}
	return s.Applier.Resume(ctx, olderThan)
}

// begin notes which request is being dealt with, and returns the context in
// which to work.
func (g *guards) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	return begin(ctx, g.setRequest)
}

// begin notes which request is being dealt with, and returns the context in
// which to work: it ends early enough for the function to answer.
func begin(ctx context.Context, setRequest func(id string)) (context.Context, context.CancelFunc) {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		setRequest(lc.AwsRequestID)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := min(reserve, time.Until(deadline)/3)
	return context.WithDeadline(ctx, deadline.Add(-left))
}
