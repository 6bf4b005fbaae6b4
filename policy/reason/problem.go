package reason

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// problem begins a search with the given values of variables, nil to leave
// them open.
func (q *question) problem(kind Kind, level strength, env environment, left int) *problem {
	p := &problem{lowering: newLowering(kind, env), level: level, left: left, pins: map[int]fact{}}
	// What requests may name. AWS Service Authorization Reference: an action
	// is a service prefix, a colon and a name. The actions that are
	// allowed whatever policies say are left out.
	part := []element{{kind: one, inPart: true}, {kind: many, inPart: true}}
	colon := element{kind: letter, char: ':'}
	p.universe[actionVar] = newList([]pattern{{elements: slices.Concat(part, []element{colon}, part)}})
	var always []pattern
	for _, a := range policy.AlwaysAllowed() {
		always = append(always, literalText(strings.ToLower(a)))
	}
	p.never[actionVar] = newList(always)
	rest := []element{{kind: many, inPart: true}}
	arn := slices.Concat(literalText("arn:").elements, part, []element{colon}, part, []element{colon}, rest, []element{colon}, rest,
		[]element{colon, {kind: one}, {kind: many}})
	p.universe[resourceVar] = newList([]pattern{literalText("*"), {elements: arn, prefix: "arn:"}})
	p.never[resourceVar] = newList(nil)
	return p
}

func (p *problem) opaques() map[string]*opaque { return p.rd.opaques }

// prepare makes what depends on all policies together.
func (p *problem) prepare(q *question) {
	if p.rd.env != nil {
		p.pin()
	}
	linked := p.linked() && !q.options.AnyContext
	p.census = p.count(linked)
	p.classes = p.lowering.classes(p.census, linked)
	if q.public {
		p.outsiders()
	}
	if q.certain {
		p.classes = slices.DeleteFunc(p.classes, func(c class) bool {
			return slices.ContainsFunc(p.names, func(w *principals) bool { return w.partly(&c.caller) })
		})
	}
	if p.level > toAccount {
		// The root user needs no grant, and services have no account.
		p.classes = slices.DeleteFunc(p.classes, func(c class) bool {
			return c.caller.Account == "" || c.caller.Type == policy.Root
		})
	}
	p.grouped = linked || p.level > toAccount
	p.under = newUnder(p.opaques(), p.spend)
	p.pools = [2]pool{newPool(p.actionPool()), newPool(p.resourcePool())}
}

// partly tells whether a NotPrincipal lists some caller in part.
func (p *problem) partly() bool {
	return slices.ContainsFunc(p.names, func(w *principals) bool {
		return slices.ContainsFunc(p.classes, func(c class) bool { return w.partly(&c.caller) })
	})
}

// pin asks that the context keys of variables have the values of the
// environment.
func (p *problem) pin() {
	for name, value := range p.rd.env {
		k := p.key(name)
		switch {
		case value != nil:
			p.pins[k] = fact{present: true, in: []*condition{exactly(*value)}}
		case p.keys[k].one:
			p.pins[k] = fact{absent: true}
		}
	}
}

// environments are values of the variables to try.
func (p *problem) environments(m *model) []environment {
	value := func(name, word string) *string {
		switch name {
		case keyAccount:
			word = freshAccount(p.census.accounts)
		case keyARN:
			word = "arn:aws:iam::" + freshAccount(p.census.accounts) + ":user/" + word
		}
		return &word
	}
	first, second, same, absent := environment{}, environment{}, environment{}, environment{}
	for i, name := range p.rd.keys {
		if !newKey(name).one {
			first[name], second[name], same[name], absent[name] = nil, nil, nil, nil
			continue
		}
		word := exampleWord
		if i > 0 {
			word += strconv.Itoa(i + 1)
		}
		first[name], second[name] = value(name, word), value(name, word)
		same[name], absent[name] = value(name, exampleWord), nil
		k, ok := p.keyOf[name]
		if !ok {
			continue
		}
		if v := &m.keys[k]; v.form == single {
			first[name] = &v.texts[0].value
		}
		if c := p.keys[k].candidates(); len(c) > 0 {
			second[name] = &c[0]
		}
	}
	if len(p.rd.keys) == 1 {
		return []environment{first, second, absent}
	}
	return []environment{first, second, same, absent}
}

// pool is a list of texts to try.
type pool struct {
	texts  []string
	index  map[string]int
	sorted []int // indices, by text
}

func newPool(texts []string) pool {
	p := pool{texts, make(map[string]int, len(texts)), make([]int, len(texts))}
	for i, t := range texts {
		p.index[t], p.sorted[i] = i, i
	}
	slices.SortFunc(p.sorted, func(i, j int) int { return strings.Compare(texts[i], texts[j]) })
	return p
}

// starting is the range of sorted whose texts begin with prefix.
func (p *pool) starting(prefix string) (from, to int) {
	if prefix == "" {
		return 0, len(p.sorted)
	}
	from = sort.Search(len(p.sorted), func(i int) bool { return p.texts[p.sorted[i]] >= prefix })
	to = from + sort.Search(len(p.sorted)-from, func(i int) bool { return !strings.HasPrefix(p.texts[p.sorted[from+i]], prefix) })
	return from, to
}

// wellKnown are actions to show where a policy says all.
var wellKnown = []string{
	"s3:GetObject", "s3:PutObject", "iam:CreateUser", "sts:AssumeRole", "ec2:RunInstances", "kms:Decrypt", "sqs:SendMessage", "lambda:InvokeFunction",
}

// actionPool lists actions to try: those that the policies spell out, those
// known of the services that they name, and examples.
func (p *problem) actionPool() []string {
	var spelled, known, made []string
	services := map[string]bool{}
	for i := range p.atoms {
		a := &p.atoms[i]
		if a.variable != actionVar {
			continue
		}
		for j := range a.list.patterns {
			q := &a.list.patterns[j]
			if q.isLiteral {
				spelled = append(spelled, q.literal)
				continue
			}
			made = append(made, q.examples()...)
			service, _, ok := strings.Cut(q.prefix, ":")
			if !ok || services[service] {
				continue
			}
			services[service] = true
			if s := catalog.ServiceOf(service); s != nil {
				for _, action := range s.Actions() {
					known = append(known, strings.ToLower(action.String()))
				}
			}
		}
	}
	for _, w := range wellKnown {
		known = append(known, strings.ToLower(w))
	}
	return unique(slices.Concat(spelled, known, made))
}

// resourcePool lists resources to try.
func (p *problem) resourcePool() []string {
	var spelled, made []string
	for i := range p.atoms {
		a := &p.atoms[i]
		if a.variable != resourceVar {
			continue
		}
		for j := range a.list.patterns {
			q := &a.list.patterns[j]
			if q.isLiteral {
				spelled = append(spelled, q.literal)
			} else {
				made = append(made, q.examples()...)
				if last := len(q.elements) - 1; q.elements[last].kind == many && !q.elements[last].inPart && last > 0 && q.elements[last-1].char != '/' {
					made = append(made, strings.TrimSuffix(q.fill("example"), "example")+"/example")
				}
			}
		}
	}
	return unique(slices.Concat(spelled, made, p.typical(), []string{
		"arn:aws:s3:::example", "arn:aws:iam::" + exampleAccount + ":user/example", "*",
	}))
}

// typical are resources of the forms that the actions are for.
func (p *problem) typical() []string {
	const most = 64
	var out []string
	for i := range p.atoms {
		a := &p.atoms[i]
		if a.variable != actionVar {
			continue
		}
		for _, q := range a.list.patterns {
			if !q.isLiteral {
				continue
			}
			for _, f := range forms(q.literal).forms {
				out = append(out, f.pattern.fill(exampleWord))
			}
			if len(out) > most {
				return out
			}
		}
	}
	return out
}

// within matches the resources that may belong to the account.
func (p *problem) within(account string) *list {
	id := "\x00within " + account
	i := p.atom(id, func() atom {
		var patterns []pattern
		for _, text := range []string{"arn:*:*:*::*", "arn:*:*:*:" + account + ":*"} {
			q, _ := p.rd.arn(text, false, false)
			patterns = append(patterns, q)
		}
		return atom{variable: resourceVar, list: newList(append(patterns, literalText("*")))}
	})
	return p.atoms[i].list
}

// sameService tells whether an ARN names the service of the action.
func sameService(action, arn string) bool {
	service, _, _ := strings.Cut(action, ":")
	rest, ok := strings.CutPrefix(arn, "arn:")
	if !ok {
		return false
	}
	_, rest, _ = strings.Cut(rest, ":")
	return strings.HasPrefix(rest, service+":")
}
