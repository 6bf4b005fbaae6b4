package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	// made tells whether a recorded call is his, or limited by his policies;
	// namesake whether it is of somebody who had his name before him.
	made(by trail.Actor) bool
	namesake(by trail.Actor) bool
	// with returns him after a change that is made in thought, and what of
	// it would not work.
	with(c proposal) (who, []string, error)
	arn() string
}

// who finds the principal: in a snapshot, in the account itself, or as the one
// whose policies are given in files.
func (f *requestFlags) who(ctx context.Context, s *streams) (who, error) {
	if err := f.oneInput(); err != nil {
		return nil, err
	}
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

// oneInput refuses to read standard input twice.
func (f *requestFlags) oneInput() error {
	n := 0
	for _, name := range slices.Concat([]string{f.snapshot, f.requests}, f.trails) {
		if name == "-" {
			n++
		}
	}
	if n > 1 {
		return usageErrorf("%s: standard input (-) can be read once only", f.command)
	}
	return nil
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
	session  bool           // one session is meant, not all of the role
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
	w := &filesWho{caller: caller, policies: policies, context: callerContext(caller)}
	if strings.Contains(name, ":assumed-role/") {
		w.session = true
		// The path of the role is not in the session's ARN.
		delete(w.context, "aws:principalarn")
	}
	return w, nil
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
	q := replay.Question{Policies: w.policies}
	caller := w.caller
	if caller.Type == policy.Session && by.ARN != "" {
		caller.ARN = by.ARN
	}
	proved = maps.Clone(proved)
	if by.Kind == trail.FederatedUser && caller.Type == policy.User {
		caller = asFederated(by, caller)
		withoutSessionPolicy(&q.Policies)
	} else {
		for key := range w.context {
			delete(proved, key)
		}
	}
	q.Request = policy.Request{Principal: caller, Action: r.Action, Resource: resourceOf(r.Object(), r.Owner, caller), Context: w.merged(proved)}
	if q.Presumed = presumed(q.Request); q.Presumed != "" {
		q.Policies.Resource = delegating(caller.Account)
	}
	return q
}

// asFederated is the session that the user got from GetFederationToken. What
// the session policy allowed is not recorded; that the call succeeded shows it.
func asFederated(by trail.Actor, user policy.Principal) policy.Principal {
	return policy.Principal{Type: policy.Federated, ARN: by.ARN, Account: user.Account, UserARN: user.ARN}
}

func withoutSessionPolicy(p *policy.Policies) {
	p.SessionPassed = true
	if d, err := policy.Parse("the session policy", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)); err == nil {
		p.Session = []*policy.Document{d}
	}
}

// dropIdentity leaves out what the record says of the caller and his account
// knows better: a user who was renamed has another name today, and a record may
// lack the path.
func dropIdentity(proved policy.Context) {
	for _, key := range []string{"aws:principalarn", "aws:username", "aws:principaltype", "aws:principalaccount"} {
		delete(proved, key)
	}
}

// presumed says that the policy of a resource must allow a request too. Such
// policies are not given where a trail is replayed: it is about many resources.
// IAM User Guide, "Cross-account policy evaluation logic"; AWS KMS Developer
// Guide, "Key policies in AWS KMS".
func presumed(r policy.Request) string {
	f := strings.SplitN(r.Resource.ARN, ":", 6)
	service, _, _ := strings.Cut(strings.ToLower(r.Action), ":")
	switch {
	case r.Resource.Account != r.Principal.Account && r.Resource.Account != "aws":
		return "account " + r.Resource.Account + " must allow it too, with a policy of the resource"
	case len(f) != 6:
		return ""
	case service == "kms" && f[2] == "kms" && strings.HasPrefix(f[5], "key/"):
		return "the policy of the key decides whether the account's policies count"
	case service == "sts" && f[2] == "iam" && strings.HasPrefix(f[5], "role/"):
		return "the trust policy of the role must allow it too"
	}
	return ""
}

// delegating is a policy of a resource that leaves everything to an account.
func delegating(account string) *policy.Document {
	d, err := policy.Parse("the policy of the resource", fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"*","Resource":"*"}}`, account))
	if err != nil {
		return nil
	}
	return d
}

func (w *filesWho) made(by trail.Actor) bool {
	if w.session {
		return by.ARN == w.caller.ARN
	}
	return madeBy(by, w.arn(), "")
}

func (w *filesWho) namesake(trail.Actor) bool { return false }

// madeBy tells whether a caller is the user or role with this ARN, or with
// this unique id where it is known, or a session that the user has passed on.
func madeBy(by trail.Actor, arn, id string) bool {
	a, err := account.ParseARN(arn)
	switch parent := by.Parent; {
	case by.Kind == trail.FederatedUser && parent != nil:
		if id != "" && parent.ID != "" {
			return parent.ID == id
		}
		return parent.ARN == arn
	case id != "" && by.ID != "":
		return by.ID == id
	case err == nil && a.Type() == "role" && (by.Role == nil || by.Role.ARN == ""):
		// The record has the role's name without its path.
		return strings.Contains(by.ARN, ":assumed-role/") && a.Account == by.Account && a.Name() == by.Name
	case by.Role != nil:
		return by.Role.ARN == arn
	case by.ARN == "":
		return err == nil && a.Type() == "user" && (by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession) && a.Account == by.Account && a.Name() == by.Name
	}
	return by.ARN == arn
}

// accountWho is a user or role of a snapshot.
type accountWho struct {
	snapshot   *account.Snapshot
	authorizer *authorize.Authorizer
	principal  *authorize.Principal
	// silenced are access keys that a change in thought makes useless, with
	// what there is to say of each.
	silenced map[string]string
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
	federated := by.Kind == trail.FederatedUser && p.Kind == authorize.User
	given := maps.Clone(proved)
	if !federated {
		dropIdentity(given)
	}
	q := authorize.Request{Action: r.Action, Resource: r.Object(), ResourceAccount: r.Owner, Context: given}
	out := replay.Question{Doubts: p.Doubts, Presumed: w.authorizer.Presumed(q), Refuses: w.silenced[by.AccessKey]}
	out.Request, out.Policies = w.authorizer.Explain(p, q)
	// What the authorizer takes for granted of a request that somebody makes
	// now, the record has to show.
	for _, key := range []string{"aws:securetransport", "aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:tokenissuetime", "aws:requestedregion"} {
		if _, shown := given[key]; !shown {
			delete(out.Request.Context, key)
		}
	}
	if f := strings.SplitN(q.Resource, ":", 6); r.Owner == "" && len(f) == 6 && f[4] == "" {
		delete(out.Request.Context, "aws:resourceaccount")
	}
	if federated {
		out.Request.Principal = asFederated(by, out.Request.Principal)
		withoutSessionPolicy(&out.Policies)
		for key := range out.Request.Context {
			if strings.HasPrefix(key, "aws:principaltag/") {
				delete(out.Request.Context, key)
			}
		}
	}
	return out
}

func (w *accountWho) made(by trail.Actor) bool {
	return madeBy(by, w.principal.ARN, w.principal.ID) && (w.principal.Session == "" || by.SessionName == w.principal.Session)
}

func (w *accountWho) namesake(by trail.Actor) bool {
	return w.principal.ID != "" && madeBy(by, w.principal.ARN, "")
}

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
