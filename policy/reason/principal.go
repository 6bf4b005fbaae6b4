package reason

import (
	"fmt"
	"slices"
	"strings"

	"warden/policy"
)

// principals is the Principal or NotPrincipal element of a statement.
type principals struct {
	entries []policy.PrincipalEntry
	not     bool
	deny    bool
	// benefit: a Deny with NotPrincipal that lists a caller only in part is
	// in doubt; with benefit the doubt is resolved for the caller.
	benefit bool
}

// strength is how firmly a resource policy grants.
type strength uint8

// IAM User Guide, "Policy evaluation for requests within a single account":
// a grant to the account counts only with an identity policy, one to the role
// is limited by boundary and session policies, and one to the user, the session
// or everyone by nothing.
const (
	refused strength = iota
	toAccount
	toParent
	toCaller
)

// String says how firmly, for people.
func (s strength) String() string {
	return [...]string{"refused", "to the account, whose own policies decide", "to the role or user behind the session", "directly"}[s]
}

// class is a kind of caller that no policy of the problem tells apart from its
// example, but through the context keys in facts.
type class struct {
	caller policy.Principal
	// facts are what is certain of context keys, by key number.
	facts map[int]fact
	// arnKey: the caller is whoever aws:PrincipalArn names.
	generic bool
}

// fact is what is known of one context key.
type fact struct {
	absent  bool
	present bool
	// Every value matches all of in, and does not match out.
	in  []*condition
	out *condition
	// prefer is a value to try first.
	prefer string
}

// and is what is known where both are known.
func (f fact) and(g fact) fact {
	out := fact{absent: f.absent || g.absent, present: f.present || g.present, out: f.out, prefer: f.prefer + g.prefer}
	if out.out == nil {
		out.out = g.out
	}
	out.in = append(slices.Clone(f.in), g.in...)
	return out
}

// names tells how firmly the entries name a caller.
func (w *principals) names(c *policy.Principal) (direct, parent, account bool) {
	for _, e := range w.entries {
		switch {
		case e.Type == "*" || e.Type == "AWS" && e.Value == "*":
			return true, true, true
		case e.Type == "Service":
			direct = direct || c.Type == policy.Service && c.ARN == e.Value
		case e.Type == "Federated":
			direct = direct || c.Type == policy.Federated && c.ARN == e.Value
		case e.Type == "CanonicalUser":
			account = account || c.CanonicalID != "" && c.CanonicalID == e.Value
		case accountOf(e.Value) != "":
			if accountOf(e.Value) == c.Account {
				direct = direct || c.Type == policy.Root
				account = account || c.Type != policy.Root
			}
		case e.Value == "":
		case strings.HasPrefix(e.Value, "arn:"):
			direct = direct || e.Value == c.ARN
			parent = parent || e.Value == c.RoleARN || e.Value == c.UserARN
		}
	}
	return direct, parent, account
}

// accountOf is the account that a principal stands for as a whole.
func accountOf(value string) string {
	if len(value) == 12 && strings.Trim(value, "0123456789") == "" {
		return value
	}
	if arn, ok := policy.SplitARN(value); ok && arn[2] == "iam" && arn[5] == "root" {
		return arn[4]
	}
	return ""
}

// matches tells whether the statement speaks of the caller; an Allow, whether
// it grants at least with the strength asked for.
func (w *principals) matches(c *policy.Principal, want strength) bool {
	direct, parent, account := w.names(c)
	if !w.not {
		if w.deny {
			want = toAccount
		}
		return direct || parent && want <= toParent || account && want <= toAccount
	}
	if !w.deny || !direct && !parent && !account {
		return !direct && !parent && !account
	}
	return w.partly(c) && !w.benefit
}

// partly tells whether a Deny with NotPrincipal lists the caller, but not all
// that must be listed: then AWS "might deny access to the entire account" (IAM
// User Guide, "AWS JSON policy elements: NotPrincipal").
func (w *principals) partly(c *policy.Principal) bool {
	direct, parent, account := w.names(c)
	if !w.not || !w.deny || !direct && !parent && !account {
		return false
	}
	switch c.Type {
	case policy.User:
		return !direct || !account
	case policy.Session:
		return !direct || !parent || !account
	case policy.Federated:
		return !direct || c.Account != "" && (!parent || !account)
	}
	return !direct
}

// The keys that follow from who the caller is. IAM User Guide, "AWS global
// condition context keys", section "Properties of the principal".
const (
	keyARN       = "aws:principalarn"
	keyAccount   = "aws:principalaccount"
	keyType      = "aws:principaltype"
	keyOrg       = "aws:principalorgid"
	keyIsService = "aws:principalisawsservice"
	keyUserName  = "aws:username"
)

var linkedKeys = []string{keyARN, keyAccount, keyType, keyOrg, keyIsService, keyUserName}

// census is everybody whom the policies may treat differently.
type census struct {
	accounts                 []string
	users, roles             []string
	sessions, federated      []string
	services, providers, ids []string
}

// count reads the principals that are named, and the accounts in keys that
// follow from the principal.
func (lo *lowering) count(linked bool) census {
	var c census
	add := func(into *[]string, v string) {
		if v != "" && !slices.Contains(*into, v) {
			*into = append(*into, v)
		}
	}
	arn := func(v string) {
		parts, ok := policy.SplitARN(v)
		if !ok {
			return
		}
		if accountOf(parts[4]) != "" {
			add(&c.accounts, parts[4])
		}
		switch {
		case strings.HasPrefix(parts[5], "user/") && parts[2] == "iam":
			add(&c.users, v)
		case strings.HasPrefix(parts[5], "role/") && parts[2] == "iam":
			add(&c.roles, v)
		case strings.HasPrefix(parts[5], "assumed-role/") && parts[2] == "sts":
			add(&c.sessions, v)
		case strings.HasPrefix(parts[5], "federated-user/") && parts[2] == "sts":
			add(&c.federated, v)
		}
	}
	for _, w := range lo.names {
		for _, e := range w.entries {
			switch e.Type {
			case "Service":
				add(&c.services, e.Value)
			case "Federated":
				add(&c.providers, e.Value)
			case "CanonicalUser":
				add(&c.ids, e.Value)
			default:
				if a := accountOf(e.Value); a != "" {
					add(&c.accounts, a)
				} else {
					arn(e.Value)
				}
			}
		}
	}
	if !linked {
		return c
	}
	for _, name := range []string{keyARN, keyAccount} {
		k, ok := lo.keyOf[name]
		if !ok {
			continue
		}
		for _, cond := range lo.keys[k].conds {
			if cond.list == nil {
				continue
			}
			for i := range cond.list.patterns {
				lo.countAccount(name, &cond.list.patterns[i], func(a string) { add(&c.accounts, a) })
			}
		}
	}
	return c
}

// countAccount reads the account that a pattern on a key asks for.
func (lo *lowering) countAccount(name string, p *pattern, add func(string)) {
	text := p.fill("*")
	account := text
	if name == keyARN {
		parts := strings.SplitN(text, ":", 6)
		if len(parts) < 6 {
			return
		}
		account = parts[4]
		for i := range p.elements {
			if e := &p.elements[i]; e.kind != letter && e.inPart && strings.Count(p.upTo(i), ":") == 4 && !p.alone(i) {
				lo.doubt("%s is compared with part of an account id", name)
			}
		}
		if p.opaque == nil && p.alonePart(4) {
			return
		}
	} else if !p.isLiteral {
		if len(p.elements) == 1 && p.elements[0].kind == many {
			return
		}
		lo.doubt("%s is compared with part of an account id", name)
		return
	}
	if accountOf(account) != "" {
		add(account)
	}
}

// upTo is the text before element i, wildcards left out.
func (p *pattern) upTo(i int) string {
	var b strings.Builder
	for j := range i {
		if p.elements[j].kind == letter {
			b.WriteRune(p.elements[j].char)
		}
	}
	return b.String()
}

// alone tells whether the wildcard i is a whole part of an ARN.
func (p *pattern) alone(i int) bool {
	return p.elements[i].kind == many && i > 0 && p.elements[i-1].kind == letter && p.elements[i-1].char == ':' &&
		i+1 < len(p.elements) && p.elements[i+1].kind == letter && p.elements[i+1].char == ':'
}

func (p *pattern) alonePart(part int) bool {
	for i := range p.elements {
		if p.elements[i].inPart && p.alone(i) && strings.Count(p.upTo(i), ":") == part {
			return true
		}
	}
	return false
}

// fresh is a text made from form that none of the values is.
func fresh(form string, values []string) string {
	for n := 0; ; n++ {
		s := fmt.Sprintf(form, n)
		if n == 0 {
			s = strings.ReplaceAll(form, "%d", "")
		}
		if !slices.Contains(values, s) {
			return s
		}
	}
}

// freshAccount is an account that no policy mentions.
func freshAccount(accounts []string) string {
	for _, a := range []string{exampleAccount, "444455556666", "777788889999"} {
		if !slices.Contains(accounts, a) {
			return a
		}
	}
	for n := 0; ; n++ {
		if a := fmt.Sprintf("%012d", 123456789012+n); !slices.Contains(accounts, a) {
			return a
		}
	}
}

// maxClasses bounds the kinds of caller.
const maxClasses = 1 << 14

// classes lists the kinds of caller, the least known first.
func (lo *lowering) classes(c census, linked bool) []class {
	var out []class
	accounts := append([]string{freshAccount(c.accounts)}, c.accounts...)
	caller := func(p policy.Principal, generic bool) { out = append(out, class{caller: p, generic: generic}) }
	resource := lo.kind == Resource
	if resource {
		caller(policy.Principal{Type: policy.Anonymous}, false)
	}
	for i, a := range accounts {
		if i > 0 && !resource && !linked {
			break
		}
		iam, sts := "arn:aws:iam::"+a+":", "arn:aws:sts::"+a+":"
		caller(policy.Principal{Type: policy.User, Account: a, ARN: fresh(iam+"user/example%d", c.users)}, true)
		if !resource && !linked {
			break
		}
		role := fresh(iam+"role/example%d", c.roles)
		caller(session(role, a, c.sessions), true)
		federated := fresh(sts+"federated-user/example%d", c.federated)
		caller(policy.Principal{Type: policy.Federated, Account: a, ARN: federated,
			UserARN: fresh(iam+"user/example%d", c.users)}, true)
		if resource {
			caller(policy.Principal{Type: policy.Root, Account: a, ARN: iam + "root"}, false)
		}
	}
	if resource {
		lo.named(c, caller)
		for _, id := range c.ids {
			for _, k := range slices.Clone(out) {
				if k.caller.Account != "" && k.caller.CanonicalID == "" {
					k.caller.CanonicalID = id
					out = append(out, k)
				}
			}
		}
	}
	if len(out) > maxClasses {
		lo.doubt("the policies name more than %d kinds of caller", maxClasses)
		out = out[:maxClasses]
	}
	if linked {
		for i := range out {
			lo.link(&out[i], &c)
		}
	}
	return out
}

// session is a session of a role, under a name that no policy mentions.
func session(role, account string, sessions []string) policy.Principal {
	arn, _ := policy.SplitARN(role)
	name := arn[5][strings.LastIndexByte(arn[5], '/')+1:]
	return policy.Principal{Type: policy.Session, Account: account, RoleARN: role,
		ARN: fresh("arn:"+arn[1]+":sts::"+account+":assumed-role/"+strings.ReplaceAll(name, "%", "")+"/session%d", sessions)}
}

// named adds the callers that the policies name one by one.
func (lo *lowering) named(c census, caller func(policy.Principal, bool)) {
	within := func(arns []string, account string) (out []string) {
		for _, a := range arns {
			if strings.Split(a, ":")[4] == account {
				out = append(out, a)
			}
		}
		return out
	}
	account := func(arn string) string { return strings.Split(arn, ":")[4] }
	for _, u := range c.users {
		a := account(u)
		caller(policy.Principal{Type: policy.User, Account: a, ARN: u}, false)
		caller(policy.Principal{Type: policy.Federated, Account: a, UserARN: u,
			ARN: fresh("arn:aws:sts::"+a+":federated-user/example%d", c.federated)}, true)
	}
	for _, r := range c.roles {
		caller(session(r, account(r), c.sessions), false)
	}
	for _, s := range c.sessions {
		a := account(s)
		name := strings.Split(s, "/")[1]
		// A role of that name, with whatever path it has.
		roles := []string{"arn:aws:iam::" + a + ":role/" + name}
		if slices.Contains(c.roles, roles[0]) {
			roles[0] = "arn:aws:iam::" + a + ":role/example/" + name
			for n := 1; slices.Contains(c.roles, roles[0]); n++ {
				roles[0] = fmt.Sprintf("arn:aws:iam::%s:role/example%d/%s", a, n, name)
			}
		}
		for _, r := range within(c.roles, a) {
			if strings.HasSuffix(r, "/"+name) {
				roles = append(roles, r)
			}
		}
		for _, r := range roles {
			caller(policy.Principal{Type: policy.Session, Account: a, ARN: s, RoleARN: r}, false)
		}
	}
	for _, f := range c.federated {
		a := account(f)
		for _, u := range append(within(c.users, a), fresh("arn:aws:iam::"+a+":user/example%d", c.users)) {
			caller(policy.Principal{Type: policy.Federated, Account: a, ARN: f, UserARN: u}, false)
		}
	}
	for _, s := range append(c.services, fresh("example%d.amazonaws.com", c.services)) {
		caller(policy.Principal{Type: policy.Service, ARN: s}, false)
	}
	for _, p := range append(c.providers, fresh("example%d.example.com", c.providers)) {
		caller(policy.Principal{Type: policy.Federated, ARN: p}, false)
	}
}
