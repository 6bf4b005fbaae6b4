package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"warden/guard"
	"warden/policy"
	"warden/policy/reason"
)

// eachFunction calls with every function that should be.
func eachFunction(f *Facts, look func(want WantFunction, have *Function) Result) []Result {
	var out []Result
	for _, want := range f.Want.Functions {
		have := get(f.Functions, want.Name)
		switch {
		case have.Gap != "":
			out = append(out, unknown(want.Name, have.Gap))
		case have.Value == nil:
			out = append(out, fail(want.Name, "there is no such function"))
		default:
			out = append(out, look(want, have.Value))
		}
	}
	return out
}

func functionsReady(f *Facts) []Result {
	return eachFunction(f, func(want WantFunction, have *Function) Result {
		switch {
		case have.State != "" && have.State != "Active":
			return fail(want.Name, "its state is "+have.State)
		case have.LastUpdate != "" && have.LastUpdate != "Successful":
			return fail(want.Name, "its last update is "+have.LastUpdate)
		case have.Handler != want.Handler:
			return fail(want.Name, fmt.Sprintf("its handler is %q, want %q", have.Handler, want.Handler))
		}
		return pass(want.Name, fmt.Sprintf("handler %s on %s, code of %s", have.Handler, have.Runtime, have.Modified))
	})
}

// functionsSettings looks for what makes a function do something else with the
// right code: another role, code that runs with it, variables that lead the
// SDK elsewhere, settings that are not the guard's.
func functionsSettings(f *Facts) []Result {
	guards := get(f.Functions, f.Want.Function)
	return eachFunction(f, func(want WantFunction, have *Function) Result {
		var foreign []string
		for name := range have.Environment {
			if !slices.Contains(want.Variables, name) {
				foreign = append(foreign, name)
			}
		}
		slices.Sort(foreign)
		switch {
		case have.Role != want.Role:
			return fail(want.Name, "it works under "+have.Role+", want "+want.Role)
		case len(have.Layers) > 0:
			return fail(want.Name, "other code runs with it: "+strings.Join(have.Layers, ", "))
		case have.Seconds < want.Seconds:
			return fail(want.Name, fmt.Sprintf("it has %d s, want %d s", have.Seconds, want.Seconds))
		case len(foreign) > 0:
			return fail(want.Name, "it has variables that the template does not set: "+strings.Join(foreign, ", "))
		case guards.Gap == "" && guards.Value != nil && !maps.Equal(guards.Value.Environment, have.Environment):
			return fail(want.Name, "its settings are not those of "+f.Want.Function)
		}
		return pass(want.Name, fmt.Sprintf("%d variables of the template's, no layer, under %s", len(have.Environment), have.Role))
	})
}

func functionsCapacity(f *Facts) []Result {
	return eachFunction(f, func(want WantFunction, have *Function) Result {
		switch {
		case have.Reserved == nil:
			return pass(want.Name, "no concurrency is reserved: other functions can starve it")
		case *have.Reserved == 0:
			return fail(want.Name, "its concurrency is 0: it never runs")
		}
		return pass(want.Name, fmt.Sprintf("%d at the same time", *have.Reserved))
	})
}

func functionsEvents(f *Facts) []Result {
	var out []Result
	for _, want := range f.Want.Functions {
		if len(want.Queues) == 0 {
			continue
		}
		out = append(out, eachFunction(&Facts{Want: Want{Functions: []WantFunction{want}}, Functions: f.Functions}, func(want WantFunction, have *Function) Result {
			for _, queue := range want.Queues {
				i := slices.IndexFunc(have.Mappings, func(m Mapping) bool { return m.Source == queue })
				switch {
				case i < 0:
					return fail(want.Name, "nothing leads "+queue+" to it")
				case have.Mappings[i].State != "Enabled":
					return fail(want.Name, fmt.Sprintf("the mapping from %s is %s", queue, have.Mappings[i].State))
				case have.Mappings[i].Filtered:
					return fail(want.Name, "the mapping from "+queue+" drops messages that do not match its filters")
				case !have.Mappings[i].Partial:
					return fail(want.Name, "the mapping from "+queue+" does not report failures one by one")
				}
			}
			return pass(want.Name, fmt.Sprintf("%d queues lead to it", len(want.Queues)))
		})...)
	}
	return out
}

// functionsClosed looks at who is let in by the functions' own policies: none
// but a rule or a schedule of the template.
func functionsClosed(f *Facts) []Result {
	return eachFunction(f, func(want WantFunction, have *Function) Result {
		if have.Policy == "" {
			return pass(want.Name, "it has no policy of its own")
		}
		doc, err := policy.Parse(want.Name, []byte(have.Policy))
		if err != nil {
			return unknown(want.Name, "its policy cannot be read: "+err.Error())
		}
		arn := f.arn("lambda", f.Home, "function:"+want.Name)
		let := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`
		if want.Every > 0 { // its schedule has its name
			let = fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*",`+
				`"Condition":{"ArnLike":{"aws:SourceArn":%q}}}}`, f.arn("events", f.Home, "rule/"+want.Name))
		}
		template, err := policy.Parse(want.Name, []byte(let))
		if err != nil {
			return unknown(want.Name, err.Error())
		}
		service := func(name string) policy.Principal { return policy.Principal{Type: policy.Service, ARN: name} }
		for _, a := range []struct {
			who    string
			caller policy.Principal
			source string
		}{
			{"another account", policy.Principal{Type: policy.User, ARN: "arn:" + f.Partition + ":iam::" + f.stranger() + ":user/x"}, ""},
			{"everybody", policy.Principal{Type: policy.Anonymous}, ""},
			{"any rule", service("events.amazonaws.com"), f.arn("events", f.Home, "rule/other")},
			{"any rule of another account", service("events.amazonaws.com"), "arn:" + f.Partition + ":events:" + f.Home + ":" + f.stranger() + ":rule/warden-guard-sweep"},
			{"any topic", service("sns.amazonaws.com"), f.arn("sns", f.Home, "topic")},
			{"any bucket", service("s3.amazonaws.com"), "arn:" + f.Partition + ":s3:::bucket"},
			{"any API", service("apigateway.amazonaws.com"), f.arn("execute-api", f.Home, "x/*")},
		} {
			facts := policy.Context{}
			if a.source != "" {
				facts.Set("aws:SourceArn", policy.One(a.source))
				facts.Set("aws:SourceAccount", policy.One(strings.Split(a.source, ":")[4]))
			}
			res := f.ask(a.caller, "lambda:InvokeFunction", arn, facts, everything, doc)
			if res.Decision == policy.Allowed {
				return fail(want.Name, "its policy lets "+a.who+" invoke it")
			}
		}
		switch c := reason.Contains([]*policy.Document{template}, []*policy.Document{doc}, reason.Options{Kind: reason.Resource}); {
		case c.Verdict == reason.No && c.Witness != nil:
			return fail(want.Name, "its policy lets in more than its schedule: "+shown(c.Witness))
		case c.Verdict != reason.Yes:
			return unknown(want.Name, "whom its policy lets in: "+strings.Join(c.Reasons, "; "))
		}
		return pass(want.Name, "its policy lets nobody in but its own rule")
	})
}

func functionsCode(f *Facts) []Result {
	if f.ZipHash == "" {
		return []Result{notApplicable("", "give the zip that should run: --zip FILE")}
	}
	return eachFunction(f, func(want WantFunction, have *Function) Result {
		if have.CodeHash != f.ZipHash {
			return fail(want.Name, fmt.Sprintf("it runs code with the hash %s, the zip has %s", have.CodeHash, f.ZipHash))
		}
		return pass(want.Name, "SHA-256 "+have.CodeHash)
	})
}

func guardActs(f *Facts) []Result {
	fn := get(f.Functions, f.Want.Function)
	switch {
	case fn.Gap != "":
		return []Result{unknown("", fn.Gap)}
	case fn.Value == nil:
		return []Result{fail("", "there is no function "+f.Want.Function)}
	case f.Want.Gap != "":
		return []Result{unknown("", f.Want.Gap)}
	case f.Want.DryRun:
		return []Result{fail("", "DRY_RUN is set: it judges and changes nothing")}
	case fn.Value.Environment["LEVEL"] == "alert":
		return []Result{fail("", "LEVEL is alert: it tells and changes nothing")}
	}
	return []Result{pass("", "it contains")}
}

func denyPolicy(f *Facts) []Result {
	if f.Policy.Gap != "" {
		return []Result{unknown("", f.Policy.Gap)}
	}
	if f.Policy.Value == nil {
		return []Result{fail("", "there is no policy "+f.Want.DenyPolicyARN)}
	}
	doc, err := policy.Parse(f.Want.DenyPolicyARN, []byte(*f.Policy.Value))
	if err != nil {
		return []Result{fail("", "it cannot be read: "+err.Error())}
	}
	if err := guard.ProveDenied(doc, f.admin(), nil); err != nil {
		return []Result{fail("", err.Error())}
	}
	return []Result{pass("", "the policy engine proves that it denies every IAM call")}
}

func ledgerTable(f *Facts) []Result {
	switch t := f.Table; {
	case t.Gap != "":
		return []Result{unknown(f.Want.Table, t.Gap)}
	case t.Value == nil:
		return []Result{fail(f.Want.Table, "there is no such table")}
	case t.Value.Status != "ACTIVE":
		return []Result{fail(f.Want.Table, "its status is "+t.Value.Status)}
	}
	return []Result{pass(f.Want.Table, "active")}
}

func ledgerKept(f *Facts) []Result {
	switch t := f.Table; {
	case t.Gap != "":
		return []Result{unknown(f.Want.Table, t.Gap)}
	case t.Value == nil:
		return []Result{fail(f.Want.Table, "there is no such table")}
	case !t.Value.DeletionProtected:
		return []Result{fail(f.Want.Table, "deletion protection is off")}
	case !t.Value.Restore:
		return []Result{fail(f.Want.Table, "point-in-time recovery is off")}
	}
	switch p := f.TablePolicy; {
	case p.Gap != "":
		return []Result{unknown(f.Want.Table, p.Gap)}
	case p.Value == nil:
		return []Result{fail(f.Want.Table, "there is no such table")}
	case !same(*p.Value, f.Want.TablePolicy):
		return []Result{fail(f.Want.Table, "its policy is not the template's, which keeps everybody from changing or deleting what is written")}
	}
	return []Result{pass(f.Want.Table, "protected from deletion, restorable to any second, and its policy denies to change what is written")}
}

func peopleTold(f *Facts) []Result {
	switch {
	case f.Want.Gap != "":
		return []Result{unknown("", f.Want.Gap)}
	case f.Want.Topic == "":
		return []Result{fail("", "the guard has no topic")}
	case f.Subscribers.Gap != "":
		return []Result{unknown(f.Want.Topic, f.Subscribers.Gap)}
	case len(f.Subscribers.Value) == 0:
		return []Result{fail(f.Want.Topic, "nobody has confirmed a subscription")}
	case f.TopicPolicy.Gap != "":
		return []Result{unknown(f.Want.Topic, f.TopicPolicy.Gap)}
	case f.TopicPolicy.Value == nil:
		return []Result{fail(f.Want.Topic, "there is no such topic")}
	}
	if res := f.publishes(*f.TopicPolicy.Value); res != nil {
		return []Result{*res}
	}
	return []Result{pass(f.Want.Topic, "confirmed: "+strings.Join(f.Subscribers.Value, ", "))}
}

// publishes asks whether the topic's policy keeps the guard or the alarms from
// telling; nil where it does not.
func (f *Facts) publishes(text string) *Result {
	if text == "" {
		return nil
	}
	doc, err := policy.Parse(f.Want.Topic, []byte(text))
	if err != nil {
		res := unknown(f.Want.Topic, "its policy cannot be read: "+err.Error())
		return &res
	}
	who := map[string]policy.Principal{"the alarms": {Type: policy.Service, ARN: "cloudwatch.amazonaws.com"}}
	for _, r := range f.Want.Roles {
		if r.Guard {
			who["the guard"] = f.role(r.ARN)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(who)) {
		facts := policy.Context{}
		facts.Set("aws:SecureTransport", policy.One("true"))
		facts.Set("aws:SourceAccount", policy.One(f.Account))
		facts.Set("aws:SourceArn", policy.One(f.arn("cloudwatch", f.Home, "alarm:warden-guard-errors")))
		// A topic of one's own may let in CloudWatch in ways of its own; what
		// it denies is for certain.
		if f.ask(who[name], "sns:Publish", f.Want.Topic, facts, everything, doc).Decision == policy.ExplicitlyDenied {
			res := fail(f.Want.Topic, "its policy keeps "+name+" from telling anybody")
			return &res
		}
	}
	return nil
}

func alarmsSet(f *Facts) []Result {
	if f.Alarms.Gap != "" {
		return []Result{unknown("", f.Alarms.Gap)}
	}
	var out []Result
	for _, want := range f.Want.Alarms {
		name := want.Name
		i := slices.IndexFunc(f.Alarms.Value, func(a Alarm) bool { return a.Name == name })
		switch {
		case i >= 0 && !f.Alarms.Value[i].watches(want):
			out = append(out, fail(name, "it does not watch what the template's does"))
		case i >= 0 && f.Want.Topic != "" && len(f.Alarms.Value[i].Actions) > 0 && !slices.Contains(f.Alarms.Value[i].Actions, f.Want.Topic):
			out = append(out, fail(name, "it does not tell "+f.Want.Topic))
		case i < 0:
			out = append(out, fail(name, "there is no such alarm"))
		case !f.Alarms.Value[i].Enabled || len(f.Alarms.Value[i].Actions) == 0:
			out = append(out, fail(name, "it tells nobody"))
		case f.Alarms.Value[i].State == "ALARM":
			out = append(out, fail(name, "it is in alarm"))
		default:
			out = append(out, pass(name, f.Alarms.Value[i].State))
		}
	}
	return out
}

func (a Alarm) watches(want WantAlarm) bool {
	return a.Namespace == want.Namespace && a.Metric == want.Metric && a.Comparison == want.Comparison && a.Missing == want.Missing && a.Threshold == want.Threshold
}

func adminsExist(f *Facts) []Result {
	var out []Result
	for _, name := range f.Want.AdminGroups {
		g := get(f.AdminGroups, name)
		switch {
		case g.Gap != "":
			out = append(out, unknown(name, g.Gap))
		case g.Value == nil:
			out = append(out, fail(name, "there is no such group"))
		case *g.Value == 0:
			out = append(out, fail(name, "nobody is in it"))
		default:
			out = append(out, pass(name, fmt.Sprintf("%d members", *g.Value)))
		}
	}
	return out
}

func breakGlass(f *Facts) []Result {
	if f.Want.Gap != "" {
		return []Result{unknown("", f.Want.Gap)}
	}
	if len(f.Want.Protected) == 0 {
		return []Result{fail("", "nobody is protected: the guard might contain the last who can help")}
	}
	var out []Result
	for _, arn := range f.Want.Protected {
		switch there := get(f.Protected, arn); {
		case there.Gap != "":
			out = append(out, unknown(arn, there.Gap))
		case !there.Value:
			out = append(out, fail(arn, "there is no such identity"))
		default:
			out = append(out, pass(arn, "there, and protected"))
		}
	}
	return out
}

func sweepRecent(f *Facts) []Result {
	var out []Result
	for _, want := range f.Want.Functions {
		if want.Every == 0 {
			continue
		}
		switch last := get(f.LastRun, want.Name); {
		case last.Gap != "":
			out = append(out, unknown(want.Name, last.Gap))
		case last.Value == nil:
			out = append(out, fail(want.Name, "it did not run for a day"))
		case f.At.Sub(*last.Value) > 3*want.Every+settle:
			out = append(out, fail(want.Name, fmt.Sprintf("it last ran %s, and should every %s", stamp(*last.Value), want.Every)))
		default:
			out = append(out, pass(want.Name, "last ran "+stamp(*last.Value)))
		}
	}
	if out == nil {
		return []Result{notApplicable("", "the stack has no sweep")}
	}
	return out
}

// settle is how long CloudWatch may take to show a figure.
const settle = 5 * time.Minute

func eventsRecent(f *Facts) []Result {
	switch last := get(f.LastRun, f.Want.Function); {
	case last.Gap != "":
		return []Result{unknown("", last.Gap)}
	case last.Value == nil:
		return []Result{fail("", "no event has come for a day: the account is quiet, or blind")}
	default:
		return []Result{pass("", "the last came "+stamp(*last.Value))}
	}
}
