package main

import "fmt"

// valuesOf is a request's context with values that policies may ask for.
type valuesOf struct {
	context map[string]any
	asked   []key
}

// key is a condition key with its operators and values: some that match the
// request and some that do not.
type key struct {
	name      string
	operators []string
	values    []string
	multi     bool
}

var stringOperators = []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"}

// context chooses which keys the request has.
func (g generator) context(q *question) valuesOf {
	v := valuesOf{context: map[string]any{}}
	add := func(k key, value any) {
		v.asked = append(v.asked, k)
		if value != nil && g.chance(75) {
			v.context[k.name] = value
		}
	}
	add(key{"aws:SourceIp", []string{"IpAddress", "NotIpAddress"}, []string{"203.0.113.0/24", "203.0.113.9", "198.51.100.0/25", "10.0.0.0/8"}, false}, "203.0.113.9")
	add(key{"aws:CurrentTime", []string{"DateLessThan", "DateGreaterThanEquals", "DateEquals", "DateNotEquals"}, []string{"2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2027-01-01T00:00:00Z"}, false}, "2026-06-01T12:00:00Z")
	add(key{"aws:MultiFactorAuthAge", []string{"NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericEquals", "NumericNotEquals"}, []string{"300", "3600", "900"}, false}, "900")
	add(key{"aws:MultiFactorAuthPresent", []string{"Bool"}, []string{"true", "false"}, false}, "true")
	add(key{"aws:SecureTransport", []string{"Bool"}, []string{"true", "false"}, false}, "true")
	add(key{"aws:RequestedRegion", stringOperators, []string{"eu-west-1", "EU-WEST-1", "eu-*", "us-east-1"}, false}, "eu-west-1")
	add(key{"aws:PrincipalOrgID", stringOperators, []string{org, other, "o-*"}, false}, org)
	add(key{"aws:PrincipalTag/team", stringOperators, []string{"blue", "Blue", "b*", "red"}, false}, "blue")
	add(key{"aws:PrincipalArn", []string{"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"},
		[]string{"arn:aws:iam::" + us + ":user/ann", "arn:aws:iam::" + us + ":*", "arn:aws:iam::*:role/app", "arn:aws:iam::" + them + ":user/ann"}, false}, q.principalARN())
	for _, name := range q.target.keys {
		add(key{name, stringOperators, []string{"in/", "in/*", "out/", ""}, false}, "in/")
	}
	return v
}

func (q *question) principalARN() string {
	if q.caller.RoleARN != "" {
		return q.caller.RoleARN
	}
	return q.caller.ARN
}

// conditions are one or two operators with one or two keys.
func (g generator) conditions(q *question) map[string]map[string]any {
	out := map[string]map[string]any{}
	for range 1 + g.IntN(2) {
		k := pick(g, q.values.asked)
		op := pick(g, k.operators)
		values := some(g, k.values, 2)
		switch {
		case g.chance(8):
			op, values = "Null", []string{pick(g, []string{"true", "false"})}
		case g.chance(15):
			op += "IfExists"
		}
		if out[op] == nil {
			out[op] = map[string]any{}
		}
		out[op][k.name] = values
		if g.chance(10) && len(values) == 1 {
			out[op][k.name] = values[0]
		}
	}
	return out
}

// features lists what the two engines are known to read differently, "" for
// nothing, in the order of docs/policy-differences.md.
func features() []string {
	out := []string{""}
	for _, f := range disputed {
		out = append(out, f.name)
	}
	return out
}

// disputed are features that AWS documents and the other engine reads in
// another way. Each turns a question into one that has it.
var disputed = []struct {
	name string
	add  func(g generator, q *question) bool
}{
	{"session-direct-grant", func(g generator, q *question) bool {
		if q.caller.Type != "session" || !q.target.hasPolicy || q.Request.Resource.Account != us || q.target.alwaysAsksForPolicy {
			return false
		}
		who := any(map[string]any{"AWS": q.caller.ARN})
		if g.chance(50) {
			who = "*"
		}
		q.Resource = &doc{"2012-10-17", []statement{{Effect: "Allow", Principal: who, Action: []string{q.target.action}, Resource: []string{"*"}}}}
		q.Session = []doc{{"2012-10-17", []statement{{Effect: "Allow", Action: []string{"sts:GetCallerIdentity"}, Resource: []string{"*"}}}}}
		return true
	}},
	{"user-behind-federated-session", func(_ generator, q *question) bool {
		if q.caller.Type != "federated" || !q.target.hasPolicy || q.Request.Resource.Account != us {
			return false
		}
		q.Identity = []doc{}
		q.Session = []doc{{"2012-10-17", []statement{{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}}}}}
		q.Resource = &doc{"2012-10-17", []statement{{Effect: "Allow", Principal: map[string]any{"AWS": q.caller.UserARN}, Action: []string{q.target.action}, Resource: []string{"*"}}}}
		return true
	}},
	{"address-zero", func(_ generator, q *question) bool {
		return q.condition("IpAddress", "aws:SourceIp", "0.0.0.0/0", "203.0.113.9")
	}},
	{"ipv6-spelling", func(_ generator, q *question) bool {
		return q.condition("IpAddress", "aws:SourceIp", "2001:DB8:0::1", "2001:db8::1")
	}},
	{"epoch-date", func(_ generator, q *question) bool {
		return q.condition("DateEquals", "aws:CurrentTime", "1780315200", "2026-06-01T12:00:00Z")
	}},
	{"odd-number", func(g generator, q *question) bool {
		return q.condition("NumericEquals", "aws:MultiFactorAuthAge", pick(g, []string{"9e2", "900s"}), "900")
	}},
	{"negated-variable-without-value", func(_ generator, q *question) bool {
		delete(q.Request.Context, "aws:PrincipalTag/none")
		return q.condition("StringNotEquals", "aws:RequestedRegion", "${aws:PrincipalTag/none}", "eu-west-1")
	}},
	{"variable-in-old-version", func(_ generator, q *question) bool {
		if !q.condition("StringEquals", "aws:PrincipalTag/team", "${aws:RequestedRegion}", "eu-west-1") {
			return false
		}
		q.Request.Context["aws:RequestedRegion"] = "eu-west-1"
		q.Identity[0].Version = "2008-10-17"
		return true
	}},
	{"escaped-character", func(g generator, q *question) bool {
		c := pick(g, []string{"*", "?", "$"})
		return q.condition("StringEquals", "aws:PrincipalTag/team", fmt.Sprintf("${%s}", c), c)
	}},
	{"null-of-empty-list", func(_ generator, q *question) bool {
		if !q.condition("Null", "aws:TagKeys", "true", "") {
			return false
		}
		q.Request.Context["aws:TagKeys"] = []string{}
		return true
	}},
	{"endpoint-principal", func(_ generator, q *question) bool {
		if q.caller.Type == "service" {
			return false
		}
		q.Endpoints = []doc{{"2012-10-17", []statement{{Effect: "Allow", Principal: map[string]any{"AWS": "arn:aws:iam::" + them + ":root"}, Action: []string{"*"}, Resource: []string{"*"}}}}}
		return true
	}},
	{"federated-without-session", func(_ generator, q *question) bool {
		if q.caller.Type != "federated" {
			return false
		}
		q.Session = nil
		return true
	}},
}

// condition makes the first identity policy one statement with the condition.
func (q *question) condition(operator, name, value, has string) bool {
	if q.caller.Type == "service" {
		return false
	}
	q.Identity = []doc{{"2012-10-17", []statement{{Effect: "Allow", Action: []string{q.target.action}, Resource: []string{"*"},
		Condition: map[string]map[string]any{operator: {name: value}}}}}}
	if has != "" {
		q.Request.Context[name] = has
	}
	return true
}

// feature gives the question one of the disputed features, and returns its
// name; "" if the one that was drawn does not suit.
func (g generator) feature(q *question) string {
	f := pick(g, disputed)
	if !f.add(g, q) {
		return ""
	}
	return f.name
}
