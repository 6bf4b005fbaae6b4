// Package authorize answers questions of permission over a whole account:
// who can do that, and what can this one do?
//
// [New] reads an [account.Snapshot] once: it compiles every policy document,
// and puts together for each user and role the policies that apply to it. An
// [Authorizer] does not change afterwards and is safe for concurrent use; its
// answers come from package policy, the same engine that the guard and the
// twin ask.
//
// An answer has a [State]. What the snapshot does not hold is never taken for
// absent: a policy that is missing or cannot be read, or a gap in the
// evidence, makes the answers that rest on it [Unknown], with the reason. An
// answer that hangs on a context key which the question does not give is
// [Depends], with the key.
//
// The control policies of an organization count where the snapshot holds them.
// Of the policies of resources it holds only the trust policies of roles. [NotConsidered] lists what the
// answers leave out.
package authorize

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/account"
	"warden/policy"
)

// NotConsidered is what no answer takes into account, for people to read.
var NotConsidered = []string{
	"service and resource control policies of an organization, where the snapshot does not hold them (they can only take away)",
	"policies of resources other than roles, such as buckets, queues and keys (they can grant, and take away)",
	"session policies and VPC endpoint policies (they can only take away)",
	"the root user, services, identity providers and principals of other accounts",
}

// Authorizer is an account, ready to be asked.
type Authorizer struct {
	account, partition string
	principals         []*Principal
	byARN              map[string]*Principal
	targets            map[string]target
	documents          []*document // all of them, once
	tagKeys            tagKeys
	always             []fact // context that every request has
	delegating         *document
	scps, rcps         []policy.Level
	guards             []*document // of both
	management         bool        // the account is the organisation's management account
	unread             []string    // control policies that cannot be used
	incomplete         []string
}

// target is a user, role or policy as the resource of a request.
type target struct {
	tags     map[string]string
	boundary string
	trust    *document
	noTrust  string // why the trust policy of a role cannot be read
}

// New compiles the snapshot. It never fails: what cannot be read makes the
// answers that rest on it unknown. The snapshot must not change afterwards.
func New(s *account.Snapshot) *Authorizer {
	a := &Authorizer{
		account: s.Account, partition: cmp.Or(s.Partition, "aws"),
		byARN:   make(map[string]*Principal, len(s.Users)+len(s.Roles)),
		targets: make(map[string]target, len(s.Users)+len(s.Roles)+len(s.Policies)),
		tagKeys: tagKeys{principal: map[string]bool{}, resource: map[string]bool{}},
		always:  direct(s.CollectedAt),
	}
	b := builder{a: a, snapshot: s, managed: map[string]*document{}, defined: map[string]*account.ManagedPolicy{}, groups: map[string]*group{}}
	a.delegating = b.compile("the policy of the resource", json.RawMessage(fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"*","Resource":"*"}}`, s.Account)))
	b.build()
	return a
}

// Account is the twelve-digit id of the account.
func (a *Authorizer) Account() string { return a.account }

// Principals returns the users and then the roles, in the snapshot's order.
func (a *Authorizer) Principals() []*Principal { return a.principals }

// Incomplete says what may be missing from the list of principals: gaps of
// the snapshot that concern none of those it has.
func (a *Authorizer) Incomplete() []string { return a.incomplete }

// fact is the value of one context key.
type fact struct {
	key   string // in lower case
	value policy.Value
}

// direct is the context of a request that somebody makes himself, over TLS, at
// the time of the snapshot. IAM User Guide, "AWS global condition context
// keys": the keys about services are those of requests that a service makes.
func direct(at time.Time) []fact {
	facts := []fact{
		{"aws:securetransport", policy.One("true")},
		{"aws:viaawsservice", policy.One("false")},
		{"aws:principalisawsservice", policy.One("false")},
	}
	for _, key := range []string{"aws:principalservicename", "aws:principalservicenameslist", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"} {
		facts = append(facts, fact{key, policy.Absent()})
	}
	if !at.IsZero() {
		facts = append(facts,
			fact{"aws:currenttime", policy.One(at.UTC().Format(time.RFC3339))},
			fact{"aws:epochtime", policy.One(strconv.FormatInt(at.Unix(), 10))})
	}
	return facts
}

// tagKeys are the tags that some policy asks for, as condition keys in lower
// case.
type tagKeys struct {
	principal, resource map[string]bool
}

// document is a policy with what the answers need to know of it.
type document struct {
	*policy.Document
	number int // in Authorizer.documents
	// plain tells of each statement that it asks for no context key, and of
	// the document that it has no defect, so that a decision over them is
	// all there is to say.
	plain  []bool
	defect bool
	// userIDs are the values that conditions compare aws:userid with.
	userIDs []string
	// sessions are the ARNs of role sessions that it names as principals.
	sessions []string
}

// named returns the users and roles that a trust policy can be about, by ARN;
// nil if these are not all.
func (d *document) named() map[string]bool {
	if d.defect || len(d.sessions) > 0 {
		return nil
	}
	out := map[string]bool{}
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Principals == nil {
			return nil
		}
		for _, p := range s.Principals {
			arn, err := account.ParseARN(p.Value)
			switch {
			case p.Type == "Service" || p.Type == "Federated":
			case p.Type == "AWS" && err == nil && arn.Service == "iam" && (arn.Type() == "user" || arn.Type() == "role"):
				out[p.Value] = true
			default:
				return nil
			}
		}
	}
	return out
}

// inspect finds out about a document.
func inspect(d *policy.Document, keys tagKeys) *document {
	out := &document{Document: d, defect: len(d.Defects) > 0, plain: make([]bool, len(d.Statements))}
	for i := range d.Statements {
		s := &d.Statements[i]
		out.plain[i] = len(s.Conditions) == 0 && s.Principals == nil && s.NotPrincipals == nil && (s.Resources != nil || s.NotResources != nil)
		for _, c := range s.Conditions {
			if strings.EqualFold(c.Key, "aws:userid") {
				out.userIDs = append(out.userIDs, c.Values...)
			}
			keys.note(c.Key)
			for _, v := range c.Values {
				keys.variables(v)
			}
		}
		for _, r := range slices.Concat(s.Resources, s.NotResources) {
			if strings.Contains(r, "${") {
				out.plain[i] = false
				keys.variables(r)
				if strings.Contains(strings.ToLower(r), "${aws:userid") {
					out.userIDs = append(out.userIDs, r)
				}
			}
		}
		for _, p := range slices.Concat(s.Principals, s.NotPrincipals) {
			if p.Type == "AWS" && strings.Contains(p.Value, ":assumed-role/") {
				out.sessions = append(out.sessions, p.Value)
			}
		}
	}
	return out
}

func (k tagKeys) note(key string) {
	key = strings.ToLower(key)
	switch {
	case strings.HasPrefix(key, "aws:principaltag/"):
		k.principal[key] = true
	case strings.HasPrefix(key, "aws:resourcetag/"), strings.HasPrefix(key, "iam:resourcetag/"):
		k.resource[key] = true
	}
}

// variables notes the keys of ${key} and ${key, 'default'}.
func (k tagKeys) variables(s string) {
	for {
		_, after, found := strings.Cut(s, "${")
		if !found {
			return
		}
		name, rest, _ := strings.Cut(after, "}")
		name, _, _ = strings.Cut(name, ",")
		k.note(strings.TrimSpace(name))
		s = rest
	}
}
