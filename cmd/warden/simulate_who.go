package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"warden/account"
	"warden/account/authorize"
	"warden/account/collect"
	"warden/app"
	"warden/policy"
	"warden/trail"
	"warden/trail/replay"
	"warden/trail/request"
)

// who asks: a principal with the policies that apply to him, wherever they
// come from.
type who interface {
	// ask decides one request.
	ask(action, resource, owner string, given policy.Context) answer
	// question is what the engine is asked about a recorded call.
	question(by trail.Actor, r request.Request, proved policy.Context) replay.Question
	// made tells whether a recorded call is his.
	made(by trail.Actor) bool
	// with returns him after a change that is made in thought, and what of
	// it would not work.
	with(c proposal) (who, []string, error)
	arn() string
}

// who finds the principal: in a snapshot, in the account itself, or as the one
// whose policies are given in files.
func (f *requestFlags) who(ctx context.Context, s *streams) (who, error) {
	if f.snapshot == "" && !f.live {
		return f.fromFiles()
	}
	switch {
	case f.snapshot != "" && f.live:
		return nil, usageErrorf("%s: --snapshot and --live are two accounts; give one", f.command)
	case len(f.identity)+len(f.boundary) > 0:
		return nil, usageErrorf("%s: an account knows the principal's policies; --policy and --boundary go without it (to change them in thought give --with)", f.command)
	case len(f.session)+len(f.scps)+len(f.rcps)+len(f.resourceFile) > 0:
		return nil, usageErrorf("%s: session, organization and resource policies go with policies from files, not with an account", f.command)
	case f.principal == "":
		return nil, usageErrorf("%s: who? give --principal with a name or ARN of the account", f.command)
	}
	snapshot, err := f.readAccount(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.command, err)
	}
	w := newAccountWho(snapshot)
	if w.principal, err = w.authorizer.Find(f.principal); err != nil {
		return nil, fmt.Errorf("%s: %w", f.command, err)
	}
	return w, nil
}

func (f *requestFlags) readAccount(ctx context.Context, s *streams) (*account.Snapshot, error) {
	if f.snapshot == "-" {
		return account.ReadSnapshot("standard input", s.In)
	}
	if f.snapshot != "" {
		return readSnapshot(f.snapshot)
	}
	clients, err := app.Connect(ctx, *f.aws)
	if err != nil {
		return nil, err
	}
	id, arn, err := clients.Account(ctx)
	if err != nil {
		return nil, err
	}
	partition := "aws"
	if a, err := account.ParseARN(arn); err == nil {
		partition = a.Partition
	}
	return collect.Details(ctx, clients.IAM, id, partition, time.Now())
}

// filesWho has his policies from files.
type filesWho struct {
	caller   policy.Principal
	policies policy.Policies
	context  policy.Context // what his ARN says for certain
}

func (f *requestFlags) fromFiles() (who, error) {
	name := f.principal
	if name == "" {
		name = "arn:aws:iam::123456789012:user/somebody"
	}
	caller, err := principalOf(name)
	if err != nil {
		return nil, err
	}
	policies, err := f.policies()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.command, err)
	}
	return &filesWho{caller: caller, policies: policies, context: callerContext(caller)}, nil
}

func (w *filesWho) arn() string {
	if w.caller.RoleARN != "" {
		return w.caller.RoleARN
	}
	return w.caller.ARN
}

// merged puts keys over those of the caller.
func (w *filesWho) merged(given policy.Context) policy.Context {
	out := policy.Context{}
	for _, c := range []policy.Context{w.context, given} {
		for k, v := range c {
			out[k] = v
		}
	}
	return out
}

func (w *filesWho) ask(action, resource, owner string, given policy.Context) answer {
	req := policy.Request{Principal: w.caller, Action: action, Resource: resourceOf(resource, owner, w.caller), Context: w.merged(given)}
	r := policy.Evaluate(req, w.policies)
	return answer{
		Principal: w.arn(), Action: action, Resource: resource,
		Decision: r.Decision, Depends: r.Depends(),
		Deciding: orEmpty(r.Deciding()), Layers: orEmpty(r.Layers), NearMiss: orEmpty(policy.NearMisses(req, w.policies)),
		Missing: orEmpty(r.Missing), Unknown: orEmpty(r.Unknown),
	}
}

func (w *filesWho) question(by trail.Actor, r request.Request, proved policy.Context) replay.Question {
	caller := w.caller
	if caller.Type == policy.Session && by.ARN != "" {
		caller.ARN = by.ARN
	}
	return replay.Question{
		Request:  policy.Request{Principal: caller, Action: r.Action, Resource: resourceOf(r.Resource, "", caller), Context: w.merged(proved)},
		Policies: w.policies,
	}
}

func (w *filesWho) made(by trail.Actor) bool { return madeBy(by, w.arn(), "") }

// madeBy tells whether a caller is the user or role with this ARN, or with
// this unique id where it is known.
func madeBy(by trail.Actor, arn, id string) bool {
	switch {
	case id != "" && by.ID != "":
		return by.ID == id
	case by.Role != nil && by.Role.ARN != "":
		return by.Role.ARN == arn
	case by.Kind == trail.AssumedRole:
		// The record has the role's name without its path.
		a, err := account.ParseARN(arn)
		return err == nil && a.Type() == "role" && a.Account == by.Account && a.Name() == by.Name
	}
	return by.ARN == arn
}

// accountWho is a user or role of a snapshot.
type accountWho struct {
	snapshot   *account.Snapshot
	authorizer *authorize.Authorizer
	principal  *authorize.Principal
}

func newAccountWho(s *account.Snapshot) *accountWho {
	return &accountWho{snapshot: s, authorizer: authorize.New(s)}
}

func (w *accountWho) arn() string { return w.principal.ARN }

func (w *accountWho) ask(action, resource, owner string, given policy.Context) answer {
	q := authorize.Request{Action: action, Resource: resource, ResourceAccount: owner, Context: given}
	x := w.authorizer.Ask(w.principal, q)
	a := answer{
		Principal: w.principal.ARN, Action: action, Resource: resource,
		Decision: x.Result.Decision, Depends: x.State == authorize.Depends || x.State == authorize.Unknown,
		Deciding: orEmpty(x.Result.Deciding()), Layers: orEmpty(x.Result.Layers),
		Missing: orEmpty(x.DependsOn), Unknown: orEmpty(x.Why),
	}
	req, policies := w.authorizer.Explain(w.principal, q)
	a.NearMiss = orEmpty(policy.NearMisses(req, policies))
	return a
}

func (w *accountWho) question(by trail.Actor, r request.Request, proved policy.Context) replay.Question {
	p := w.authorizer.InSession(w.principal, by.SessionName)
	q := authorize.Request{Action: r.Action, Resource: r.Resource, Context: proved}
	if q.Resource == "" {
		q.Resource = "*"
	}
	req, policies := w.authorizer.Explain(p, q)
	return replay.Question{Request: req, Policies: policies, Doubts: w.authorizer.Doubts(p, q)}
}

func (w *accountWho) made(by trail.Actor) bool { return madeBy(by, w.principal.ARN, w.principal.ID) }

// ARN implements request.Names from the snapshot.
func (w *accountWho) ARN(kind, name string) string {
	s := w.snapshot
	switch kind {
	case "user":
		for _, u := range s.Users {
			if strings.EqualFold(u.Name, name) {
				return u.ARN
			}
		}
	case "role":
		for _, r := range s.Roles {
			if strings.EqualFold(r.Name, name) {
				return r.ARN
			}
		}
	case "group":
		for _, g := range s.Groups {
			if strings.EqualFold(g.Name, name) {
				return g.ARN
			}
		}
	case "policy":
		for _, p := range s.Policies {
			if strings.EqualFold(p.Name, name) {
				return p.ARN
			}
		}
	}
	return ""
}
