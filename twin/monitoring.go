package twin

import (
	"cmp"
	"slices"
	"strings"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"warden/account"
)

// monitoring is what watches one region besides trails and topics; the lock of
// the twin guards it. It is there to be read and set: no line is counted, no
// alarm fires, nothing is recorded.
type monitoring struct {
	filters    []cwltypes.MetricFilter
	groups     map[string]bool // log groups by name
	alarms     []cwtypes.MetricAlarm
	composites []cwtypes.CompositeAlarm
	recorders  []account.Recorder
	analyzers  []analyzer
}

// monitored is the monitoring of the call's region, made where there is none.
func (c *call) monitored() *monitoring { return c.t.monitoringOf(c.region) }

func (t *Twin) monitoringOf(region string) *monitoring {
	m := t.monitoring[region]
	if m == nil {
		m = &monitoring{groups: map[string]bool{}}
		t.monitoring[region] = m
	}
	return m
}

// loadSettings takes over what a snapshot says of regions, buckets and the
// account as a whole. What it does not say is not there: a twin cannot answer
// that it does not know.
func (t *Twin) loadSettings(s *account.Snapshot) {
	t.told = s.Facts
	if c := s.SecurityContact; c != nil && c.Value.Set {
		t.contacts["SECURITY"] = alternateContact{"SECURITY", "security@" + t.account + ".example", "Security", "+1 555 0100", "Security"}
	}
	if b := s.PublicAccessBlock; b != nil && b.Value != (account.PublicAccessBlock{}) {
		t.block = &publicAccessBlock{BlockPublicAcls: b.Value.BlockPublicACLs, IgnorePublicAcls: b.Value.IgnorePublicACLs, BlockPublicPolicy: b.Value.BlockPublicPolicy, RestrictPublicBuckets: b.Value.RestrictPublicBuckets}
	}
	for i := range s.Regions {
		r := &s.Regions[i]
		m := t.monitoringOf(r.Name)
		if r.MetricFilters != nil {
			for _, f := range r.MetricFilters.Value {
				m.groups[f.LogGroup] = true
				m.filters = append(m.filters, filterOf(f, s))
			}
		}
		if r.Alarms != nil {
			for _, a := range r.Alarms.Value {
				if a.Rule != "" {
					m.composites = append(m.composites, compositeOf(a, s))
				} else {
					m.alarms = append(m.alarms, alarmOf(a, s))
				}
			}
		}
		if r.Topics != nil {
			for _, x := range r.Topics.Value {
				tp := &topic{arn: x.ARN}
				for _, sub := range x.Subscriptions {
					tp.subscriptions = append(tp.subscriptions, &subscription{arn: x.ARN + ":" + t.random.uuid(), protocol: sub.Protocol, endpoint: "hidden@" + sub.Protocol + ".example", pending: !sub.Confirmed})
				}
				t.topics.byARN[x.ARN] = tp
			}
		}
		if r.Recorders != nil {
			m.recorders = slices.Clone(r.Recorders.Value)
		}
		if r.Analyzers != nil {
			for _, a := range r.Analyzers.Value {
				m.analyzers = append(m.analyzers, analyzer{a, s.CollectedAt})
			}
		}
		t.loadKeys(r, s.CollectedAt)
		t.loadEstate(r, s.CollectedAt)
		if r.SecurityHub != nil && r.SecurityHub.Value.Enabled {
			t.hubs[r.Name] = newHub(s.CollectedAt)
		}
		if r.Trails != nil {
			for _, x := range r.Trails.Value {
				if x.LogGroup != "" && x.Home == r.Name {
					m.groups[groupName(x.LogGroup)] = true
				}
			}
		}
	}
	t.loadBuckets(s)
}

// groupName is the name of a log group, given its ARN.
func groupName(arn string) string {
	_, name, _ := strings.Cut(arn, ":log-group:")
	return strings.TrimSuffix(name, ":*")
}

// loadBuckets makes the buckets that the snapshot tells of, with settings that
// give the same answers, and remembers which trails write elsewhere.
func (t *Twin) loadBuckets(s *account.Snapshot) {
	known := map[string]bool{}
	if s.Buckets != nil {
		for _, x := range s.Buckets.Value {
			known[x.Name] = true
			b := &bucket{name: x.Name, region: cmp.Or(x.Region, t.region), made: s.CollectedAt.AddDate(-2, 0, 0), objects: map[string]*object{}, block: blockAll()}
			if x.Public != nil && *x.Public {
				b.block, b.acls, b.grants = nil, true, cannedACLs["public-read"]
			}
			if x.AccessLogging != nil && *x.AccessLogging {
				b.logTarget, b.logPrefix = x.Name, "access/"
			}
			t.buckets[x.Name] = b
		}
	}
	for _, c := range t.trails.all {
		if name := deref(c.S3BucketName); name != "" && !known[name] && s.Buckets != nil {
			t.foreignBuckets = append(t.foreignBuckets, name)
		}
	}
}

// saveSettings writes back what there is now into what the snapshot knew.
func (t *Twin) saveSettings(out *account.Snapshot) {
	t.state.saveSettings(out, &t.told)
	out.Buckets = t.saveBuckets(t.told.Buckets)
	if old := t.told.SecurityContact; old != nil {
		_, set := t.contacts["SECURITY"]
		out.SecurityContact = &account.Fact[account.Contact]{Evidence: old.Evidence, Value: account.Contact{Set: set}}
	}
	if old := t.told.PublicAccessBlock; old != nil {
		out.PublicAccessBlock = &account.Fact[account.PublicAccessBlock]{Evidence: old.Evidence}
		if b := t.block; b != nil {
			out.PublicAccessBlock.Value = account.PublicAccessBlock{BlockPublicACLs: b.BlockPublicAcls, IgnorePublicACLs: b.IgnorePublicAcls, BlockPublicPolicy: b.BlockPublicPolicy, RestrictPublicBuckets: b.RestrictPublicBuckets}
		}
	}
	for _, r := range t.told.Regions {
		m := t.monitoringOf(r.Name)
		r.MetricFilters = resaved(r.MetricFilters, m.filters, filterFact)
		if old := r.Alarms; old != nil {
			r.Alarms = resaved(old, m.alarms, alarmFact)
			r.Alarms.Value = append(r.Alarms.Value, resaved(old, m.composites, compositeFact).Value...)
		}
		r.Recorders = resaved(r.Recorders, m.recorders, func(x account.Recorder) account.Recorder { return x })
		r.Analyzers = resaved(r.Analyzers, m.analyzers, func(x analyzer) account.Analyzer { return x.Analyzer })
		e := t.estateOf(r.Name)
		r.Keys = resaved(r.Keys, t.keys[r.Name], (*kmsKey).fact)
		r.VPCs = resaved(r.VPCs, e.vpcs, func(x account.VPC) account.VPC { return x })
		r.FlowLogs = resaved(r.FlowLogs, e.flowLogs, func(x flowLog) account.FlowLog { return x.FlowLog })
		r.Instances = resaved(r.Instances, e.instances, func(x *instance) account.Instance { return x.Instance })
		if old := r.SecurityHub; old != nil {
			r.SecurityHub = &account.Fact[account.Hub]{Evidence: old.Evidence, Value: account.Hub{Enabled: t.hubs[r.Name] != nil}}
		}
		if r.Topics != nil {
			kept := []account.Topic{}
			for _, x := range r.Topics.Value {
				if tp := t.topics.byARN[x.ARN]; tp != nil {
					kept = append(kept, tp.fact())
				}
			}
			r.Topics = &account.Fact[[]account.Topic]{Evidence: r.Topics.Evidence, Value: kept}
		}
		if r.Trails != nil {
			r.Trails = &account.Fact[[]account.Trail]{Evidence: r.Trails.Evidence, Value: t.trails.facts(r, t.now())}
		}
		out.Regions = append(out.Regions, r)
	}
}

// saveBuckets tells of the buckets that the snapshot told of.
func (t *Twin) saveBuckets(old *account.Fact[[]account.Bucket]) *account.Fact[[]account.Bucket] {
	if old == nil {
		return nil
	}
	out := []account.Bucket{}
	for _, x := range old.Value {
		b := t.buckets[x.Name]
		if b == nil {
			continue
		}
		limits := t.blocked(b)
		public := b.policy != nil && publicPolicy(b.policy) && !limits.RestrictPublicBuckets ||
			!limits.IgnorePublicAcls && slices.ContainsFunc(b.grants, func(g grant) bool { return g.group != logDeliverers })
		if x.Public != nil {
			x.Public = &public
		}
		if x.AccessLogging != nil {
			x.AccessLogging = ptr(b.logTarget != "")
		}
		out = append(out, x)
	}
	return &account.Fact[[]account.Bucket]{Evidence: old.Evidence, Value: out}
}

func resaved[T, F any](old *account.Fact[[]F], now []T, fact func(T) F) *account.Fact[[]F] {
	if old == nil {
		return nil
	}
	out := make([]F, 0, len(now))
	for _, x := range now {
		out = append(out, fact(x))
	}
	return &account.Fact[[]F]{Evidence: old.Evidence, Value: out}
}

func (t *topic) fact() account.Topic {
	out := account.Topic{ARN: t.arn, Subscriptions: []account.Subscription{}}
	for _, s := range t.subscriptions {
		out.Subscriptions = append(out.Subscriptions, account.Subscription{Protocol: s.protocol, Confirmed: !s.pending})
	}
	return out
}
