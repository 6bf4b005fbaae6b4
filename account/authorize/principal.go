package authorize

import (
	"fmt"
	"strings"

	"warden/account"
	"warden/policy"
)

// Kind is what a principal is.
type Kind string

// The kinds of principal.
const (
	User Kind = "user"
	Role Kind = "role"
)

// Principal is a user, or somebody with a session of a role, with the
// policies that apply to him.
type Principal struct {
	Kind Kind
	Name string
	ARN  string // of the user or role, also for a session
	ID   string // AIDA… or AROA…
	// Session is the name of the role session, "" if any session is meant.
	Session string
	// Doubts say which of the facts about him are missing.
	Doubts []string

	caller   policy.Principal
	policies policy.Policies
	facts    []fact
	userIDs  []string // values that his policies compare aws:userid with
	numbers  []int    // of his documents
}

// String is "user NAME", "role NAME" or "role NAME (session SESSION)".
func (p *Principal) String() string {
	if p.Session != "" {
		return fmt.Sprintf("%s %s (session %s)", p.Kind, p.Name, p.Session)
	}
	return string(p.Kind) + " " + p.Name
}

// Documents returns every policy that applies to the principal.
func (p *Principal) Documents() []*policy.Document {
	var all []*policy.Document
	all = append(all, p.policies.Identity...)
	all = append(all, p.policies.Group...)
	return append(all, p.policies.Boundary...)
}

// Policies returns the policies that apply to the principal. They are not to be
// changed.
func (p *Principal) Policies() policy.Policies { return p.policies }

// identify fills in who calls, and the condition keys that AWS sets for this
// kind of caller. IAM User Guide, "AWS global condition context keys:
// Properties of the principal".
func (a *Authorizer) identify(p *Principal, path string, tags map[string]string) {
	p.facts = append(p.facts,
		fact{"aws:principalarn", policy.One(p.ARN)},
		fact{"aws:principalaccount", policy.One(a.account)})
	for k, v := range tags {
		p.facts = append(p.facts, fact{strings.ToLower("aws:PrincipalTag/" + k), policy.One(v)})
	}
	if p.Kind == User {
		p.caller = policy.Principal{Type: policy.User, ARN: p.ARN, Account: a.account, InManagementAccount: a.management}
		p.facts = append(p.facts,
			fact{"aws:principaltype", policy.One("User")},
			fact{"aws:username", policy.One(p.Name)},
			fact{"aws:userid", policy.One(p.ID)},
			fact{"aws:federatedprovider", policy.Absent()})
		return
	}
	p.caller = policy.Principal{Type: policy.Session, ARN: a.sessionARN(p.Name, "any"), Account: a.account, RoleARN: p.ARN,
		ServiceLinkedRole: strings.HasPrefix(path, "/aws-service-role/"), InManagementAccount: a.management}
	p.facts = append(p.facts,
		fact{"aws:principaltype", policy.One("AssumedRole")},
		fact{"aws:username", policy.Absent()})
	// A session that begins now; the question is not about older ones.
	for _, f := range a.always {
		if f.key == "aws:currenttime" {
			p.facts = append(p.facts, fact{"aws:tokenissuetime", f.value})
		}
	}
	if !p.hangsOnSession() {
		p.facts = append(p.facts, fact{"aws:userid", policy.One(p.ID + ":any")})
	}
}

func (a *Authorizer) sessionARN(role, session string) string {
	return "arn:" + a.partition + ":sts::" + a.account + ":assumed-role/" + role + "/" + session
}

// hangsOnSession tells whether the policies treat some sessions of the role
// otherwise than others. Then aws:userid is left open.
func (p *Principal) hangsOnSession() bool {
	for _, v := range p.userIDs {
		if p.someSessions(v) {
			return true
		}
	}
	return false
}

// someSessions tells whether a value of aws:userid may match some sessions of
// the role and not others.
func (p *Principal) someSessions(value string) bool {
	prefix := p.ID + ":"
	if strings.Contains(value, "${") {
		return true
	}
	i := strings.IndexAny(value, "*?")
	if i < 0 {
		return strings.HasPrefix(value, prefix)
	}
	head, rest := value[:i], value[i:]
	if !strings.HasPrefix(head, prefix) && !strings.HasPrefix(prefix, head) {
		return false
	}
	return rest != "*"
}

// InSession returns the principal with a session of that name; the principal
// itself where it is no role.
func (a *Authorizer) InSession(p *Principal, name string) *Principal {
	if p.Kind != Role || name == "" {
		return p
	}
	s := *p
	s.Session = name
	s.caller.ARN = a.sessionARN(p.Name, name)
	s.facts = []fact{{"aws:userid", policy.One(p.ID + ":" + name)}}
	for _, f := range p.facts {
		if f.key != "aws:userid" {
			s.facts = append(s.facts, f)
		}
	}
	return &s
}

// Find returns the principal that a person means: the ARN of a user, role or
// role session, "user/NAME" or "role/NAME", or a name that only one of them
// has. Names are compared without regard to case, as IAM does (IAM User
// Guide, "IAM identifiers").
func (a *Authorizer) Find(name string) (*Principal, error) {
	if strings.HasPrefix(name, "arn:") {
		return a.findARN(name)
	}
	kind := Kind("")
	short := name
	if before, after, ok := strings.Cut(name, "/"); ok && (before == "user" || before == "role") {
		kind, short = Kind(before), after[strings.LastIndexByte(after, '/')+1:]
	}
	var found []*Principal
	for _, p := range a.principals {
		if (kind == "" || p.Kind == kind) && strings.EqualFold(p.Name, short) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("account %s has no user or role %q", a.account, name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%q is a user and a role: say user/%s or role/%s", name, short, short)
}

func (a *Authorizer) findARN(name string) (*Principal, error) {
	arn, err := account.ParseARN(name)
	if err != nil {
		return nil, err
	}
	if arn.Account != a.account {
		return nil, fmt.Errorf("%s belongs to account %s, and the snapshot is of account %s", name, arn.Account, a.account)
	}
	if arn.Service == "sts" && arn.Type() == "assumed-role" {
		parts := strings.SplitN(arn.Resource, "/", 3)
		if len(parts) == 3 && parts[2] != "" {
			p, err := a.Find("role/" + parts[1])
			if err != nil {
				return nil, err
			}
			return a.InSession(p, parts[2]), nil
		}
	}
	if p := a.byARN[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("the snapshot has no user, role or role session %s", name)
}
