package escalation_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
)

const number = "111122223333"

// variant is how near a scene comes to its path.
type variant string

const (
	present   variant = "present"
	missing   variant = "one permission missing"
	denied    variant = "one permission denied"
	bounded   variant = "outside of his boundary"
	untrusted variant = "the role trusts another"
	elsewhere variant = "only for another resource"
	unmet     variant = "under a condition that he does not meet"
	mfa       variant = "with MFA"
	toOther   variant = "roles only to another service"
	limited   variant = "what it gives is bounded"
)

var variants = []variant{present, missing, denied, bounded, untrusted, elsewhere, unmet, mfa, toOther, limited}

// grant is a permission on a kind of resource of a scene.
type grant struct {
	action string
	on     escalation.On
}

// scene is one principal, and what he must be found to be able to do.
type scene struct {
	name    string
	path    *escalation.Path
	variant variant
	want    authorize.State
}

// planted makes an account in which every path is there once in every variant,
// each with an actor and a target of its own, and tells what must be found. The
// answers come from sets of actions, not from the engine.
func planted(seed uint64) (*account.Snapshot, []scene) {
	p := &planter{random: rand.New(rand.NewPCG(seed, 1)), s: &account.Snapshot{Version: account.Version, Account: number, Partition: "aws",
		CollectedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}}
	p.policy("AdministratorAccess", "aws", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	p.policy("boundary", number, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	for _, path := range escalation.Catalogue() {
		for _, v := range variants {
			p.scene(path, v)
		}
	}
	// Something to tell passwords and profiles from.
	p.s.Users = append(p.s.Users, p.user("signed-in", nil))
	p.s.Users[len(p.s.Users)-1].LoginProfile = &account.LoginProfile{}
	p.random.Shuffle(len(p.s.Users), func(i, j int) { p.s.Users[i], p.s.Users[j] = p.s.Users[j], p.s.Users[i] })
	p.random.Shuffle(len(p.s.Roles), func(i, j int) { p.s.Roles[i], p.s.Roles[j] = p.s.Roles[j], p.s.Roles[i] })
	return p.s, p.scenes
}

type planter struct {
	random *rand.Rand
	s      *account.Snapshot
	scenes []scene
}

func arnOf(kind, name string) string { return "arn:aws:iam::" + number + ":" + kind + "/" + name }

const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"

func (p *planter) policy(name, owner, text string) string {
	arn := "arn:aws:iam::" + owner + ":policy/" + name
	p.s.Policies = append(p.s.Policies, account.ManagedPolicy{Path: "/", Name: name, ID: "ANPA" + name, ARN: arn,
		Versions: []account.PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(text)}}})
	return arn
}

func (p *planter) user(name string, statements []string) account.User {
	u := account.User{Path: "/", Name: name, ID: "AIDA" + name, ARN: arnOf("user", name), Tags: map[string]string{"team": "blue"}, AccessKeys: []account.AccessKey{}}
	if len(statements) > 0 {
		u.Inline = []account.InlinePolicy{{Name: "own", Document: document(statements)}}
	}
	return u
}

func document(statements []string) json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

func trust(principal, action string) json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"` + action + `"}]}`)
}

const harmless = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}`

// scene plants one.
func (p *planter) scene(path *escalation.Path, v variant) {
	n := len(p.scenes)
	name := fmt.Sprintf("a%04d", n)
	gives := path.Kind == escalation.Self || path.Kind == escalation.Raise
	switch {
	case v == untrusted && (path.Kind == escalation.Self || path.Of == authorize.User || assumesBy(path, "iam:UpdateAssumeRolePolicy")),
		v == toOther && path.Kind != escalation.Pass,
		v == limited && (!gives || path.ID == "iam-013"),
		v == elsewhere && len(needs(path)) == 0:
		return
	}
	var grants []grant
	for _, need := range path.Needs {
		if g := (grant{need.Action, need.On}); !slices.Contains(grants, g) {
			grants = append(grants, g)
		}
	}
	k := p.random.IntN(len(grants))
	held := slices.Clone(grants)
	var statements []string
	switch v {
	case missing:
		held = slices.Delete(held, k, k+1)
	case denied:
		statements = append(statements, fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":"*"}`, held[k].action))
		held = slices.Delete(held, k, k+1)
	}
	if v == elsewhere {
		k = slices.IndexFunc(grants, func(g grant) bool { return g.on != escalation.Something })
	}
	targetPolicy := ""
	resource := func(on escalation.On) string {
		switch on {
		case escalation.Himself:
			return arnOf("*", name)
		case escalation.OwnGroup, escalation.NewGroup:
			return arnOf("group", "g-"+name)
		case escalation.OwnPolicy, escalation.TargetPolicy:
			return arnOf("policy", "p-"+name)
		case escalation.Target:
			return arnOf("*", "t-"+name)
		case escalation.Provider:
			return arnOf("saml-provider", "idp-"+name)
		}
		return "*"
	}
	for _, g := range grants {
		if v == missing && !slices.Contains(held, g) {
			continue
		}
		r, condition := resource(g.on), ""
		if v == elsewhere && g == grants[k] {
			r = strings.Replace(r, name, "else-"+name, 1)
			held = slices.DeleteFunc(held, func(h grant) bool { return h == g })
		}
		switch {
		case v == unmet:
			condition = `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}`
		case v == mfa:
			condition = `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`
		case v == toOther && g.action == "iam:PassRole":
			condition = `,"Condition":{"StringEquals":{"iam:PassedToService":"other.amazonaws.com"}}`
			held = slices.DeleteFunc(held, func(h grant) bool { return h == g })
		}
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q%s}`, g.action, r, condition))
	}
	if v == bounded || v == unmet {
		held = nil
	}

	// The actor: a user if the variant or the path wants one.
	asRole := path.Kind == escalation.Self && path.Of == authorize.Role ||
		v != unmet && (path.Kind != escalation.Self || path.Of == "") && p.random.IntN(3) == 0
	if asRole && v == unmet {
		return // a session may have tags that the role has not
	}
	boundary := ""
	if v == bounded || v == limited && path.Kind == escalation.Self {
		boundary = arnOf("policy", "boundary")
	}
	if v == limited && path.Kind == escalation.Self {
		// The boundary allows what he needs, and no more.
		boundary = p.policy("b-"+name, number, string(document(statements)))
	}
	var attached, groups []string
	for _, g := range grants {
		switch g.on {
		case escalation.OwnPolicy:
			attached = append(attached, p.policy("p-"+name, number, harmless))
		case escalation.TargetPolicy:
			targetPolicy = p.policy("p-"+name, number, harmless)
		case escalation.OwnGroup, escalation.NewGroup:
			group := account.Group{Path: "/", Name: "g-" + name, ARN: arnOf("group", "g-"+name)}
			if g.on == escalation.NewGroup {
				group.Attached = []string{administrator}
			} else {
				groups = append(groups, group.Name)
			}
			p.s.Groups = append(p.s.Groups, group)
		}
	}
	actor := p.user(name, statements)
	if asRole {
		p.s.Roles = append(p.s.Roles, account.Role{Path: "/", Name: name, ID: "AROA" + name, ARN: arnOf("role", name), Inline: actor.Inline,
			Attached: attached, Boundary: boundary, Trust: trust(`{"Service":"nobody.amazonaws.com"}`, "sts:AssumeRole")})
	} else {
		actor.Attached, actor.Groups, actor.Boundary = attached, groups, boundary
		p.s.Users = append(p.s.Users, actor)
	}
	facts := p.target(path, v, name, targetPolicy)
	want := best(held, path, facts)
	if v == mfa && want == authorize.Allowed {
		want = authorize.Depends
	}
	if v == limited {
		want = authorize.Denied
	}
	p.scenes = append(p.scenes, scene{name, path, v, want})
}

// needs are those on a resource of the scene.
func needs(p *escalation.Path) []escalation.Need {
	return slices.DeleteFunc(slices.Clone(p.Needs), func(n escalation.Need) bool { return n.On == escalation.Something })
}

func assumesBy(p *escalation.Path, action string) bool {
	return slices.ContainsFunc(p.Needs, func(n escalation.Need) bool { return n.Action == action })
}

// facts are what decides beside permissions.
type facts struct {
	keys              int
	password, trusted bool
}

// target plants whom the actor would become.
func (p *planter) target(path *escalation.Path, v variant, name, policy string) facts {
	f := facts{trusted: v != untrusted}
	if path.Kind == escalation.Self {
		return f
	}
	var attached []string
	if policy != "" {
		attached = append(attached, policy)
	}
	if path.Kind != escalation.Raise {
		attached = append(attached, administrator)
	}
	boundary := ""
	if v == limited {
		boundary = arnOf("policy", "boundary")
	}
	if path.Of == authorize.User {
		u := p.user("t-"+name, nil)
		u.Attached, u.Boundary = attached, boundary
		f.keys = 1
		if path.ID == "iam-003" {
			f.keys = 2
		}
		u.AccessKeys = make([]account.AccessKey, f.keys)
		if path.ID == "iam-006" {
			f.password, u.LoginProfile = true, &account.LoginProfile{}
		}
		p.s.Users = append(p.s.Users, u)
		return f
	}
	r := account.Role{Path: "/", Name: "t-" + name, ID: "AROAt-" + name, ARN: arnOf("role", "t-"+name), Attached: attached, Boundary: boundary,
		Trust: trust(`{"Service":"other.amazonaws.com"}`, "sts:AssumeRole")}
	switch {
	case v == untrusted:
	case path.Service != "":
		r.Trust = trust(fmt.Sprintf(`{"Service":%q}`, path.Service), "sts:AssumeRole")
	case assumesBy(path, "sts:AssumeRole"):
		r.Trust = trust(`{"AWS":"`+number+`"}`, "sts:AssumeRole")
	case assumesBy(path, "iam:UpdateSAMLProvider"):
		r.Trust = trust(fmt.Sprintf(`{"Federated":%q}`, arnOf("saml-provider", "idp-"+name)), "sts:AssumeRoleWithSAML")
	}
	if path.Service == "ec2.amazonaws.com" {
		r.Profiles = []string{"arn:aws:iam::" + number + ":instance-profile/t-" + name}
	}
	p.s.Roles = append(p.s.Roles, r)
	return f
}

// best is the best state of any path that needs no more than is held and is
// about the same kind of target.
func best(held []grant, of *escalation.Path, f facts) authorize.State {
	want := authorize.Denied
	for _, p := range escalation.Catalogue() {
		if p.Kind == escalation.Self != (of.Kind == escalation.Self) || p.Kind == escalation.Raise != (of.Kind == escalation.Raise) ||
			p.Kind != escalation.Self && p.Of != of.Of || p.Service != of.Service {
			continue
		}
		// Something that exists may have any role that trusts the service,
		// and other scenes have some.
		if (p.Kind == escalation.Pass || assumesBy(p, "sts:AssumeRole") || assumesBy(p, "iam:UpdateSAMLProvider")) && !f.trusted {
			continue
		}
		makesKey := assumesBy(p, "iam:CreateAccessKey") && !assumesBy(p, "iam:DeleteAccessKey")
		if makesKey && f.keys > 1 || assumesBy(p, "iam:CreateLoginProfile") && f.password || assumesBy(p, "iam:UpdateLoginProfile") && !f.password {
			continue
		}
		if slices.ContainsFunc(p.Needs, func(n escalation.Need) bool { return !slices.Contains(held, grant{n.Action, n.On}) }) {
			continue
		}
		if p.If == "" {
			return authorize.Allowed
		}
		want = authorize.Depends
	}
	return want
}
