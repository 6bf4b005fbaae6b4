package plant

import (
	"fmt"
	"slices"

	"warden/account"
)

// regions are those that every account has on. AWS Account Management
// Reference Guide, "Specify which AWS Regions your account can use".
var regions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
	"eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

const (
	home     = "eu-west-1"
	trailARN = "arn:aws:cloudtrail:" + home + ":" + Number + ":trail/all"
	topicARN = "arn:aws:sns:" + home + ":" + Number + ":security"
	logGroup = "trail"
)

// monitoring plants the regions: the trail, recorders, analyzers, who is told
// of what, and what there is in KMS and EC2.
func (p *planter) monitoring() {
	names := slices.Clone(regions)
	if !p.o.Complete && p.turn("regions", 4) == 0 {
		names = slices.DeleteFunc(names, func(n string) bool { return n != home && p.IntN(3) == 0 })
		if len(names) < len(regions) {
			for _, c := range []string{"config.recorder", "analyzer.external", "securityhub.enabled", "kms.rotation", "vpc.flow-logs", "instance.roles"} {
				p.answer(c, rootARN, "regions not read", Unknown, "regions were not read")
			}
		}
	}
	global := false
	for i, name := range names {
		r := account.Region{Name: name}
		p.hub(&r, i)
		p.estate(&r, i)
		p.analyzers(&r)
		global = p.recorders(&r) || global
		r.MetricFilters = known(p, "logs:DescribeMetricFilters", []account.MetricFilter{})
		r.Alarms = known(p, "cloudwatch:DescribeAlarms", []account.Alarm{})
		r.Topics = known(p, "sns:ListSubscriptionsByTopic", []account.Topic{})
		r.Trails = known(p, "cloudtrail:DescribeTrails", []account.Trail{})
		p.s.Regions = append(p.s.Regions, r)
	}
	p.globalTypes(names, global)
	p.trails(names)
}

// hub switches Security Hub off in a region now and then.
func (p *planter) hub(r *account.Region, i int) {
	switch n := (p.turn("hub", 7) + i) % 7; {
	case n == 0 && !p.o.Complete:
		p.gap("securityhub:DescribeHub", r.Name, "AccessDenied")
		p.answer("securityhub.enabled", rootARN, r.Name, Unknown, "Security Hub was not asked")
		return
	case n == 1:
		r.SecurityHub = known(p, "securityhub:DescribeHub", account.Hub{})
		p.answer("securityhub.enabled", rootARN, r.Name, Fail, "Security Hub is off")
		return
	}
	r.SecurityHub = known(p, "securityhub:DescribeHub", account.Hub{Enabled: true})
	p.answer("securityhub.enabled", rootARN, r.Name, Pass, "Security Hub is on")
}

func (p *planter) analyzers(r *account.Region) {
	list := []account.Analyzer{{Name: "external", Type: one(p, "ACCOUNT", "ORGANIZATION"), Status: "ACTIVE"}}
	want, plant := Pass, "an analyzer"
	switch n := p.IntN(20); {
	case n == 0:
		list, want, plant = []account.Analyzer{}, Fail, "no analyzer"
	case n == 1:
		list[0].Type, want, plant = one(p, "ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_INTERNAL_ACCESS"), Fail, "an analyzer of something else"
	case n == 2:
		list[0].Status, want, plant = one(p, "DISABLED", "CREATING", "FAILED"), Fail, "an analyzer that does not work"
	case n == 3:
		list = append([]account.Analyzer{{Name: "unused", Type: "ACCOUNT_UNUSED_ACCESS", Status: "ACTIVE"}}, list...)
	case n == 4 && !p.o.Complete:
		p.gap("access-analyzer:ListAnalyzers", r.Name, "AccessDenied")
		p.answer("analyzer.external", rootARN, r.Name, Unknown, "analyzers were not read")
		return
	}
	r.Analyzers = known(p, "access-analyzer:ListAnalyzers", list)
	p.answer("analyzer.external", rootARN, r.Name, want, plant)
}

// recorders reports whether one records global types.
func (p *planter) recorders(r *account.Region) bool {
	x := account.Recorder{Name: "default", Recording: true, LastStatus: "Success", AllSupported: true, GlobalTypes: r.Name == "us-east-1" && p.turn("global types", 3) > 0}
	want, plant := Pass, "a recorder"
	switch n := p.IntN(24); {
	case n == 0:
		r.Recorders = known(p, "config:DescribeConfigurationRecorders", []account.Recorder{})
		p.answer("config.recorder", rootARN, r.Name, Fail, "no recorder")
		return false
	case n == 1:
		x.Recording, want, plant = false, Fail, "stopped"
	case n == 2:
		x.LastStatus, want, plant = "Failure", Fail, "cannot deliver"
	case n == 3:
		x.AllSupported, want, plant = false, Fail, "some types"
	case n == 4 && !p.o.Complete:
		x.LastStatus, want, plant = one(p, "", "Pending"), Unknown, "nothing delivered yet"
	case n == 5 && !p.o.Complete:
		p.gap("config:DescribeConfigurationRecorders", r.Name, "AccessDenied")
		p.answer("config.recorder", rootARN, r.Name, Unknown, "recorders were not read")
		return false
	}
	r.Recorders = known(p, "config:DescribeConfigurationRecorders", []account.Recorder{x})
	p.answer("config.recorder", rootARN, r.Name, want, plant)
	return x.GlobalTypes && want == Pass
}

// globalTypes says whether IAM's own configuration is recorded somewhere.
func (p *planter) globalTypes(names []string, somewhere bool) {
	want := Fail
	switch {
	case somewhere:
		want = Pass
	case len(names) < len(regions) || slices.ContainsFunc(p.s.Regions, func(r account.Region) bool { return r.Recorders == nil }):
		want = Unknown
	case slices.ContainsFunc(p.answers, func(a Answer) bool {
		return a.Control == "config.recorder" && a.Part == "us-east-1" && a.Want == Unknown
	}) && p.turn("global types", 3) > 0:
		want = Unknown // the recorder that has them delivered nothing yet
	}
	p.answer("config.recorder", rootARN, "global types", want, "types that belong to no region")
}

// trails plants the trail of all regions and asks all there is to ask of it.
func (p *planter) trails(names []string) {
	at := &p.s.Regions[slices.Index(names, home)]
	all := len(names) == len(regions)
	delivered := p.now
	t := account.Trail{
		Name: "all", ARN: trailARN, Home: home, MultiRegion: true, GlobalEvents: true, LogValidation: true, Bucket: "logs",
		LogGroup: "arn:aws:logs:" + home + ":" + Number + ":log-group:" + logGroup + ":*", KMSKey: "arn:aws:kms:" + home + ":" + Number + ":key/1",
		Status:    &account.TrailStatus{Logging: true, LastDelivery: &delivered, LastLogsDelivery: &delivered},
		Selectors: []account.EventSelector{{Management: true, ReadEvents: true, WriteEvents: true}, {ReadEvents: true, WriteEvents: true, DataResources: []string{"AWS::S3::Object"}}},
	}
	each := []string{"trail.validation", "trail.kms", "trail.logs", "trail.bucket-public", "trail.bucket-logging"}
	records, objects, told := Pass, [2]Want{Pass, Pass}, Pass // told: who watches the log group is told
	plant := "a good trail"
	blind := "" // the service whose events are left out
	n := p.turn("trail", 16)
	if p.o.Complete && (n == 0 || n == 1 || n == 2) {
		n = 15
	}
	switch n {
	case 0:
		for i := range p.s.Regions {
			p.s.Regions[i].Trails = nil
		}
		p.gap("cloudtrail:DescribeTrails", home, "AccessDenied")
		for _, c := range append(each, "trail.all-regions", "trail.object-writes", "trail.object-reads") {
			p.whole(c, Unknown, "trails were not read")
		}
		p.told(Unknown, "", true)
		return
	case 1:
		t.Status, records, objects, told, plant = nil, Unknown, [2]Want{Unknown, Unknown}, Unknown, "the status was not read"
	case 2:
		t.Selectors, records, objects, told, plant = nil, Unknown, [2]Want{Unknown, Unknown}, Unknown, "the selectors were not read"
	case 3:
		t.MultiRegion, records, objects, told, plant = false, Fail, [2]Want{Fail, Fail}, Fail, "of one region"
	case 4:
		t.Status.Logging, records, objects, told, plant = false, Fail, [2]Want{Fail, Fail}, Fail, "stopped"
	case 5:
		t.Selectors[0].ReadEvents, records, told, plant = false, Fail, Fail, "writing only"
	case 6:
		t.Selectors[0].ExcludedSources, records, told, plant = []string{"iam.amazonaws.com"}, Fail, Fail, "without IAM"
	case 7:
		t.Selectors[0].ExcludedSources, blind, plant = []string{"kms.amazonaws.com", "rdsdata.amazonaws.com"}, "kms", "without KMS"
	case 8:
		t.Selectors[0].Narrowed, records, told, plant = true, Fail, Fail, "some management events"
	case 9:
		t.Selectors = append([]account.EventSelector{{Management: true, ReadEvents: true}, {Management: true, WriteEvents: true}}, t.Selectors[1:]...)
		plant = "reading and writing by two selectors"
	case 10:
		t.Selectors, objects, plant = t.Selectors[:1], [2]Want{Fail, Fail}, "no data events"
	case 11:
		t.Selectors[1].Narrowed, objects, plant = true, [2]Want{Fail, Fail}, "data events of one bucket"
	case 12:
		t.Selectors[1].ReadEvents, objects, plant = false, [2]Want{Pass, Fail}, "writing of objects only"
	case 13:
		t.Selectors[1].DataResources, objects, plant = []string{"AWS::Lambda::Function"}, [2]Want{Fail, Fail}, "data events of functions"
	}
	p.whole("trail.all-regions", records, plant)
	p.whole("trail.object-writes", objects[0], plant)
	p.whole("trail.object-reads", objects[1], plant)
	p.trailSettings(&t, n == 1, &told)
	at.Trails.Value = append(at.Trails.Value, t)
	if !all {
		for _, c := range each {
			p.answer(c, rootARN, "regions not read", Unknown, "trails of one region may be in regions that were not read")
		}
	}
	p.told(told, blind, false)
}

func (p *planter) trailSettings(t *account.Trail, noStatus bool, told *Want) {
	say := func(control string, want Want, plant string) { p.answer(control, trailARN, "", want, plant) }
	want := Pass
	if p.turn("validation", 2) == 0 {
		t.LogValidation, want = false, Fail
	}
	say("trail.validation", want, "validation")
	want = Pass
	if p.turn("key", 2) == 0 {
		t.KMSKey, want = "", Fail
	}
	say("trail.kms", want, "encryption")
	want = Pass
	n := p.turn("delivery", 8)
	switch {
	case n == 0:
		t.LogGroup, want, *told = "", Fail, Fail
	case noStatus:
		want = Unknown
	case n == 1:
		stale := p.ago(day + day/24)
		t.Status.LastLogsDelivery, want = &stale, Fail
	case n == 2:
		edge := p.ago(day)
		t.Status.LastLogsDelivery = &edge
	case n == 3:
		t.Status.LastLogsDelivery, want = nil, Fail
	}
	say("trail.logs", want, "delivery to the log group")
	yes, no := true, false
	b := account.Bucket{Name: "logs", Public: &no, AccessLogging: &yes}
	public, logged := Pass, Pass
	switch n := p.turn("bucket", 6); {
	case n == 0:
		b.Public, public = &yes, Fail
	case n == 1:
		b.AccessLogging, logged = &no, Fail
	case n == 2 && !p.o.Complete:
		b.Public, b.AccessLogging, public, logged = nil, nil, Unknown, Unknown
	}
	if p.turn("buckets", 5) == 0 && !p.o.Complete {
		public, logged = Unknown, Unknown
	} else {
		p.s.Buckets = known(p, "s3:GetBucketPolicyStatus", []account.Bucket{b})
	}
	say("trail.bucket-public", public, "public access")
	say("trail.bucket-logging", logged, "access logging")
}

// told plants who is told of what: for each question a filter, an alarm and a
// topic. whole is the answer where the trail already decides it, blind a
// service whose events do not come; unread tells that no trail was read.
func (p *planter) told(whole Want, blind string, unread bool) {
	at := &p.s.Regions[slices.IndexFunc(p.s.Regions, func(r account.Region) bool { return r.Name == home })]
	at.Topics.Value = []account.Topic{
		{ARN: topicARN, Subscriptions: []account.Subscription{{Protocol: "sms"}, {Protocol: "email", Confirmed: true}}},
		{ARN: topicARN + "-pending", Subscriptions: []account.Subscription{{Protocol: "email"}}},
		{ARN: topicARN + "-empty"},
	}
	lost := !p.o.Complete && whole == Pass && p.turn("alarms", 8) == 0
	nobody := p.s.Organization != nil && p.s.Organization.Value.ManagementAccount != Number
	// Now and then one filter sees everything.
	wide := whole == Pass && p.turn("wide", 9) == 0
	if wide {
		p.wide(at)
	}
	signIns := false
	for i := range watches {
		w := &watches[i]
		want, plant := p.watch(at, w)
		switch {
		case w.id == "signin-no-mfa" && want == Unknown && !plant.chain:
			signIns = true
		case w.id == "signin-failures" && want == Fail && signIns:
			want, plant = Unknown, planted{plant.text + ", and a regular expression about sign-ins", true}
		}
		if wide {
			want, plant = Pass, planted{"a filter that sees everything", true}
		}
		switch {
		case w.id == "organizations" && nobody:
			want = Pass // not asked here
		case whole == Fail || unread:
			want = whole
		case whole == Unknown:
			// Nothing can make the filter see what it does not.
			if want == Pass {
				want = Unknown
			}
		case blind != "" && w.service == blind:
			want = Fail
		case lost:
			if want == Pass || plant.chain {
				want = Unknown
			}
		}
		p.whole("monitor."+w.id, want, plant.text)
	}
	if lost {
		at.Alarms = nil
		p.gap("cloudwatch:DescribeAlarms", home, "AccessDenied")
	}
}

// wide plants a filter that sees every event, and is heard.
func (p *planter) wide(r *account.Region) {
	one := 1.0
	metric := account.Metric{Namespace: "All", Name: "events", Value: "1"}
	text := []string{"", `{ $.eventName = "*" }`, `{ $.eventVersion = "*" }`, `{ ($.eventID EXISTS) }`}[p.turn("wide form", 4)]
	r.MetricFilters.Value = append(r.MetricFilters.Value, account.MetricFilter{Name: "everything", LogGroup: logGroup, Pattern: text, Metrics: []account.Metric{metric}})
	r.Alarms.Value = append(r.Alarms.Value, account.Alarm{Name: "everything", Metrics: []account.Metric{{Namespace: "All", Name: "events"}},
		Actions: []string{topicARN}, ActionsEnabled: true, Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", Threshold: &one, Period: 60})
}

type planted struct {
	text string
	// chain: the filter sees everything, what comes after is planted.
	chain bool
}

// watch plants one filter with its alarm.
func (p *planter) watch(r *account.Region, w *watch) (Want, planted) {
	text, want, plant := w.text(p, p.turn(w.id, 24))
	metric := account.Metric{Namespace: "CIS", Name: w.id, Value: "1"}
	one, atLeast := 1.0, "GreaterThanOrEqualToThreshold"
	alarm := account.Alarm{Name: "alarm-" + w.id, ARN: "arn:aws:cloudwatch:" + home + ":" + Number + ":alarm:alarm-" + w.id, Metrics: []account.Metric{{Namespace: "CIS", Name: w.id}},
		Actions: []string{topicARN}, ActionsEnabled: true, Statistic: "Sum", Comparison: atLeast, Threshold: &one, Period: 300}
	out := planted{text: plant}
	// composed moves the action to a composite alarm.
	composed := func(rule string) func() {
		return func() {
			r.Alarms.Value = append(r.Alarms.Value, account.Alarm{Name: "composed-" + w.id, Actions: alarm.Actions, ActionsEnabled: true, Rule: rule})
			alarm.Actions = nil
		}
	}
	if want == Pass {
		breaks := []struct {
			plant  string
			want   Want
			change func()
		}{
			{"no alarm", Fail, func() { alarm.Metrics[0].Name = "another" }},
			{"an alarm on a metric of another namespace", Fail, func() { alarm.Metrics[0].Namespace = "cis" }},
			{"actions switched off", Fail, func() { alarm.ActionsEnabled = false }},
			{"no action", Fail, func() { alarm.Actions = nil }},
			{"an action that is no topic", Fail, func() { alarm.Actions = []string{"arn:aws:automate:" + home + ":ec2:stop"} }},
			{"a pending subscriber", Fail, func() { alarm.Actions = []string{topicARN + "-pending"} }},
			{"a topic without subscribers", Fail, func() { alarm.Actions = []string{topicARN + "-empty"} }},
			{"a topic of another account", Unknown, func() { alarm.Actions = []string{"arn:aws:sns:" + home + ":999988887777:security"} }},
			{"a threshold of five", Fail, func() { five := 5.0; alarm.Threshold = &five }},
			{"an alarm when little happens", Fail, func() { alarm.Comparison = "LessThanThreshold" }},
			{"more than nothing", Pass, func() { zero := 0.0; alarm.Threshold, alarm.Comparison = &zero, "GreaterThanThreshold" }},
			{"more than one", Fail, func() { alarm.Comparison = "GreaterThanThreshold" }},
			{"a filter that counts nothing", Fail, func() { metric.Value = "0" }},
			{"an average", Pass, func() { alarm.Statistic = "Average" }},
			{"an average over zeros", Fail, func() { zero := 0.0; alarm.Statistic, metric.Default = "Average", &zero }},
			{"two periods", Fail, func() { alarm.EvaluationPeriods = 2 }},
			{"one of two periods", Pass, func() { alarm.EvaluationPeriods, alarm.DatapointsToAlarm = 2, 1 }},
			{"a percentile", Unknown, func() { alarm.Statistic = "" }},
			{"by a composite alarm", Pass, composed("ALARM(other) OR ALARM(" + alarm.Name + ")")},
			{"by a composite alarm of two", Unknown, composed("ALARM(other) AND ALARM(" + alarm.Name + ")")},
			{"by a composite alarm of its silence", Fail, composed("NOT ALARM(" + alarm.Name + ")")},
			{"a second alarm that works", Pass, func() {
				other := alarm
				other.Name, other.Metrics, other.Actions = "silent-"+w.id, slices.Clone(alarm.Metrics), nil
				r.Alarms.Value = append(r.Alarms.Value, other)
			}},
			{"two topics, one heard", Pass, func() { alarm.Actions = []string{topicARN + "-pending", topicARN} }},
		}
		if k := p.turn("chain "+w.id, 2*len(breaks)); k < len(breaks) && !(p.o.Complete && breaks[k].want == Unknown) {
			breaks[k].change()
			want, out = breaks[k].want, planted{plant + ", " + breaks[k].plant, true}
		}
	}
	for i, one := range text {
		name := w.id
		if i > 0 {
			name += fmt.Sprint("-", i+1)
		}
		r.MetricFilters.Value = append(r.MetricFilters.Value, account.MetricFilter{Name: name, LogGroup: logGroup, Pattern: one, Metrics: []account.Metric{metric}})
	}
	r.Alarms.Value = append(r.Alarms.Value, alarm)
	return want, out
}
