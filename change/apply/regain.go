package apply

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"warden/account"
	"warden/change"
	"warden/policy"
)

// Regain is one thing that an identity may not do now and may do after an
// undo, with the request that shows it.
type Regain struct {
	Identity string `json:"identity"`
	// Session is the aws:userid of the role session asked for, if one.
	Session  string          `json:"session,omitempty"`
	Action   string          `json:"action"`
	Resource string          `json:"resource"`
	Now      policy.Decision `json:"now"`
	Then     policy.Decision `json:"then"`
	// By names the statements that allow it then. It is empty where an
	// explicit deny goes, and a statement with conditions may allow the
	// request.
	By []string `json:"by,omitempty"`
}

// Regained is what an undo grants again.
type Regained struct {
	Gains []Regain `json:"gains,omitempty"`
	// Keys lists the access keys that work again, for all that their user may
	// do.
	Keys []string `json:"keys,omitempty"`
	// Unknown lists what could not be judged: the answer is then not complete.
	Unknown []string `json:"unknown,omitempty"`
}

// probes are calls that matter after a containment, each with the resource
// that is asked for; SELF is the identity itself and ACCT its account.
var probes = []struct{ action, resource string }{
	{"iam:CreateUser", "arn:aws:iam::ACCT:user/any"},
	{"iam:CreateAccessKey", "arn:aws:iam::ACCT:user/any"},
	{"iam:CreateAccessKey", "SELF"},
	{"iam:CreateLoginProfile", "arn:aws:iam::ACCT:user/any"},
	{"iam:AttachUserPolicy", "arn:aws:iam::ACCT:user/any"},
	{"iam:AttachUserPolicy", "SELF"},
	{"iam:PutUserPolicy", "SELF"},
	{"iam:AddUserToGroup", "arn:aws:iam::ACCT:group/any"},
	{"iam:CreateRole", "arn:aws:iam::ACCT:role/any"},
	{"iam:AttachRolePolicy", "arn:aws:iam::ACCT:role/any"},
	{"iam:UpdateAssumeRolePolicy", "arn:aws:iam::ACCT:role/any"},
	{"iam:PassRole", "arn:aws:iam::ACCT:role/any"},
	{"iam:CreatePolicyVersion", "arn:aws:iam::ACCT:policy/any"},
	{"iam:ListUsers", "*"},
	{"sts:AssumeRole", "arn:aws:iam::ACCT:role/any"},
	{"s3:GetObject", "arn:aws:s3:::any/any"},
	{"s3:PutObject", "arn:aws:s3:::any/any"},
	{"ec2:RunInstances", "*"},
	{"lambda:CreateFunction", "*"},
	{"kms:Decrypt", "*"},
	{"secretsmanager:GetSecretValue", "*"},
}

// maxProbes bounds the requests asked for one identity.
const maxProbes = 400

// GrantedAgain asks the policy engine what the identities of an undo plan may do
// after it that they may not do now. It asks for a fixed list of calls that
// matter, and for one call for every action and resource that the statements
// of the identity name, wildcards filled in. So it shows what comes back; it
// is not a list of everything. Organisation policies, resource policies and
// session policies are not read, and can only narrow it, or (resource
// policies) grant more to begin with.
func GrantedAgain(ctx context.Context, api HoldingsReader, p change.Plan) Regained {
	var out Regained
	var order []string
	steps := map[string][]change.Step{}
	for _, s := range p.Steps {
		switch s.Kind {
		case change.AccessKey, change.SSHKey, change.Certificate, change.ServiceCredential:
			if s.After.Text == change.Active {
				out.Keys = append(out.Keys, s.Setting.String())
			}
		case change.Attachment, change.Inline, change.Boundary, change.Statement, change.Membership:
			if change.IsGuardrail(s.Target) {
				out.Unknown = append(out.Unknown, s.String()+": what the organisation's other policies leave is not asked")
				continue
			}
			if steps[s.Target] == nil {
				order = append(order, s.Target)
			}
			steps[s.Target] = append(steps[s.Target], s)
		case change.DefaultVersion:
			out.Unknown = append(out.Unknown, s.String()+": what its holders may do then is not asked, they may be many")
		case change.Trust, change.ProfileRole, change.OIDCClient, change.OIDCProvider, change.SAMLProvider:
			if s.After.Exists {
				out.Unknown = append(out.Unknown, s.String()+": who may become a role by it then is not asked")
			}
		default: // nobody holds a policy that can be deleted, or one just made
		}
	}
	for _, identity := range order {
		now, err := readHoldings(ctx, api, identity)
		then := now.clone()
		for _, s := range steps[identity] {
			if err == nil {
				err = then.after(ctx, api, s)
			}
		}
		if err != nil {
			out.Unknown = append(out.Unknown, fmt.Sprintf("%s: %v", identity, err))
			continue
		}
		compare(identity, now, then, &out)
	}
	return out
}

// compare asks both states for every probe.
func compare(identity string, now, then holdings, out *Regained) {
	arn, err := account.ParseARN(identity)
	if err != nil {
		out.Unknown = append(out.Unknown, err.Error())
		return
	}
	before, u1 := now.parse()
	after, u2 := then.parse()
	out.Unknown = append(out.Unknown, append(u1, u2...)...)
	asked := ask(identity, arn.Account, before, after)
	if len(asked) > maxProbes {
		out.Unknown = append(out.Unknown, fmt.Sprintf("%s: its policies name %d pairs of actions and resources; %d were asked", identity, len(asked), maxProbes))
		asked = asked[:maxProbes]
	}
	for _, session := range sessions(arn, now.id, before, after) {
		for _, q := range asked {
			req := policy.Request{Principal: session.principal, Action: q.action, Context: session.context,
				Resource: policy.Resource{ARN: q.resource, Account: resourceAccount(q.resource, arn.Account)}}
			a, b := policy.Evaluate(req, before), policy.Evaluate(req, after)
			freed := a.Decision == policy.ExplicitlyDenied && b.Decision == policy.ImplicitlyDenied && q.conditional
			granted := a.Decision != policy.Allowed && b.Decision == policy.Allowed
			if !freed && !granted {
				continue
			}
			g := Regain{Identity: identity, Session: session.userID, Action: q.action, Resource: q.resource, Now: a.Decision, Then: b.Decision}
			for _, d := range b.Deciding() {
				g.By = append(g.By, d.String())
			}
			out.Gains = append(out.Gains, g)
			for _, why := range b.Unknown {
				if !slices.Contains(out.Unknown, why) {
					out.Unknown = append(out.Unknown, why)
				}
			}
		}
	}
}

func resourceAccount(resource, own string) string {
	if a, err := account.ParseARN(resource); err == nil && len(a.Account) == 12 {
		return a.Account
	}
	return own
}

// question is a request to ask. conditional says that an Allow statement with
// conditions names it.
type question struct {
	action, resource string
	conditional      bool
}

// ask lists the fixed probes and one request for each action and resource
// that a statement names.
//
// A wildcard for the account stands for the identity's own.
func ask(identity, acct string, sets ...policy.Policies) []question {
	var out []question
	seen := map[question]bool{}
	add := func(q question) {
		if !seen[q] {
			seen[q] = true
			out = append(out, q)
		}
	}
	fill := strings.NewReplacer("SELF", identity, "ACCT", acct)
	for _, p := range probes {
		add(question{p.action, fill.Replace(p.resource), false})
	}
	wild := strings.NewReplacer("${aws:username}", identity[strings.LastIndexByte(identity, '/')+1:], "*", "any", "?", "x")
	for _, set := range sets {
		for _, doc := range slices.Concat(set.Identity, set.Group, set.Boundary) {
			for _, s := range doc.Statements {
				for _, a := range s.Actions {
					if a == "*" {
						continue // the fixed list stands for it
					}
					for _, r := range s.Resources {
						if r != "*" {
							r = wild.Replace(anyAccount.ReplaceAllString(r, "${1}"+acct+":"))
						}
						add(question{wild.Replace(a), r, s.Effect == "Allow" && len(s.Conditions) > 0})
					}
				}
			}
		}
	}
	return out
}

var anyAccount = regexp.MustCompile(`^(arn:[^:]*:[^:]*:[^:]*:)[^:]*\*[^:]*:`)

type session struct {
	principal policy.Principal
	context   policy.Context
	userID    string
}

// sessions are the callers to ask for: the user; a member of the group; for a
// role, the sessions that its policies name, and any other.
func sessions(arn account.ARN, id string, sets ...policy.Policies) []session {
	context := func(kind, userID string) policy.Context {
		c := policy.Context{}
		c.Set("aws:PrincipalAccount", policy.One(arn.Account))
		c.Set("aws:PrincipalArn", policy.One(arn.String()))
		c.Set("aws:PrincipalType", policy.One(kind))
		c.Set("aws:userid", policy.One(userID))
		return c
	}
	if arn.Type() != "role" {
		c := context("User", id)
		c.Set("aws:username", policy.One(arn.Name()))
		return []session{{policy.Principal{Type: policy.User, ARN: arn.String(), Account: arn.Account}, c, ""}}
	}
	issued := map[string]string{id + ":any": "2000-01-01T00:00:00Z"}
	for _, set := range sets {
		for _, doc := range set.Identity {
			for _, s := range doc.Statements {
				for _, user := range conditionValues(s, "aws:userid") {
					issued[user] = cmp.Or(slices.Concat(conditionValues(s, "aws:tokenissuetime"), []string{""})[0], issued[id+":any"])
				}
			}
		}
	}
	var out []session
	for user, at := range issued {
		_, name, _ := strings.Cut(user, ":")
		c := context("AssumedRole", user)
		c.Set("aws:TokenIssueTime", policy.One(at))
		out = append(out, session{policy.Principal{Type: policy.Session, Account: arn.Account, RoleARN: arn.String(),
			ARN: fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", arn.Partition, arn.Account, arn.Name(), name)}, c, user})
	}
	slices.SortFunc(out, func(a, b session) int { return cmp.Compare(a.userID, b.userID) })
	return out
}

func conditionValues(s policy.Statement, key string) []string {
	var out []string
	for _, c := range s.Conditions {
		if strings.EqualFold(c.Key, key) {
			out = append(out, c.Values...)
		}
	}
	return out
}
