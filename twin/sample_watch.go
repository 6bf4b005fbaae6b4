package twin

import (
	"time"

	"warden/account"
)

func known[T any](c *company, source string, v T) *account.Fact[T] {
	return &account.Fact[T]{Evidence: c.evidence(source), Value: v}
}

// settings are those of an account that somebody once set up with care.
func (c *company) settings() {
	c.snap.PasswordPolicy = known(c, "iam:GetAccountPasswordPolicy", account.PasswordPolicy{
		Set: true, MinimumLength: 12, RequireSymbols: true, RequireNumbers: true, RequireUppercase: true, RequireLowercase: true,
		AllowUsersToChangePassword: true, ReusePrevention: 5,
	})
	c.snap.SecurityContact = known(c, "account:GetAlternateContact", account.Contact{})
	c.snap.PublicAccessBlock = known(c, "s3:GetAccountPublicAccessBlock", account.PublicAccessBlock{RestrictPublicBuckets: true})
	c.snap.Buckets = known(c, "s3", []account.Bucket{
		{Name: "halden-artifacts", Region: "us-east-1", Public: ptr(false), AccessLogging: ptr(false)},
		{Name: "halden-backup", Region: "us-east-1", Public: ptr(false), AccessLogging: ptr(true)},
		{Name: "halden-trail", Region: "us-east-1", Public: ptr(false), AccessLogging: ptr(false)},
	})
	c.virtualDevices()
}

// virtualDevices are the virtual MFA devices of the account: the root user's
// and those that its users have.
func (c *company) virtualDevices() {
	virtual := []account.MFADevice{{Serial: c.arn("mfa", "/", "root-account-mfa-device"), User: "arn:aws:iam::" + c.snap.Account + ":root", Enabled: ptr(c.began())}}
	for i := range c.snap.Users {
		if m := c.snap.Users[i].MFADevices; m != nil {
			for _, d := range m.Value {
				if d.Kind() == account.VirtualMFA {
					virtual = append(virtual, d)
				}
			}
		}
	}
	c.snap.VirtualMFA = known(c, "iam:ListVirtualMFADevices", virtual)
}

// began is when the account did: with its first user.
func (c *company) began() time.Time {
	first := c.now
	for _, u := range c.snap.Users {
		if u.CreateDate.Before(first) {
			first = u.CreateDate
		}
	}
	return first
}

// watched are what somebody is told of: filter pattern, and what is broken.
var watched = []struct{ name, pattern, broken string }{
	{"root-use", `{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`, ""},
	{"trail-changes", `{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }`, ""},
	{"signin-failures", `{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }`, "actions off"},
	{"unauthorized", `{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }`, "no alarm"},
	{"kms-keys", `{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }`, "nobody listens"},
	{"iam-changes", `{ ($.eventName = PutUserPolicy) || ($.eventName = AttachUserPolicy) }`, ""}, // not all of them
}

// watch is what watches the company's regions: one that people look at, one
// with half of it, and others that nobody has thought of.
func (c *company) watch() {
	const home = "us-east-1"
	arn := func(service, region, rest string) string {
		return "arn:aws:" + service + ":" + region + ":" + c.snap.Account + ":" + rest
	}
	for _, name := range account.DefaultRegions("aws") {
		r := account.Region{
			Name: name, Trails: known(c, "cloudtrail:DescribeTrails", []account.Trail{}), MetricFilters: known(c, "logs:DescribeMetricFilters", []account.MetricFilter{}),
			Alarms: known(c, "cloudwatch:DescribeAlarms", []account.Alarm{}), Topics: known(c, "sns:ListSubscriptionsByTopic", []account.Topic{}),
			Recorders: known(c, "config:DescribeConfigurationRecorders", []account.Recorder{}), Analyzers: known(c, "access-analyzer:ListAnalyzers", []account.Analyzer{}),
			SecurityHub: known(c, "securityhub:DescribeHub", account.Hub{Enabled: name == home}),
		}
		if name == home || name == "eu-west-1" {
			r.Recorders.Value = []account.Recorder{{Name: "default", Recording: name == home, LastStatus: "Success", AllSupported: true, GlobalTypes: name == home}}
			r.Analyzers.Value = []account.Analyzer{{Name: "outside", ARN: arn("access-analyzer", name, "analyzer/outside"), Type: "ACCOUNT", Status: "ACTIVE"}}
		}
		if name == home {
			delivered := c.now.Add(-deliveryDelay)
			r.Trails.Value = []account.Trail{{
				Name: defaultTrail, ARN: arn("cloudtrail", name, "trail/"+defaultTrail), Home: name, MultiRegion: true, GlobalEvents: true, LogValidation: true,
				Bucket: "halden-trail", LogGroup: arn("logs", name, "log-group:cloudtrail:*"),
				Status:    &account.TrailStatus{Logging: true, LastDelivery: &delivered, LastLogsDelivery: &delivered},
				Selectors: []account.EventSelector{{Management: true, ReadEvents: true, WriteEvents: true}},
			}}
			c.alarms(&r, arn)
		}
		c.snap.Regions = append(c.snap.Regions, r)
	}
}

func (c *company) alarms(r *account.Region, arn func(service, region, rest string) string) {
	people, nobody := arn("sns", r.Name, "security-people"), arn("sns", r.Name, "old-pager")
	for _, w := range watched {
		m := account.Metric{Namespace: "Halden/CIS", Name: w.name, Value: "1"}
		r.MetricFilters.Value = append(r.MetricFilters.Value, account.MetricFilter{Name: w.name, LogGroup: "cloudtrail", Pattern: w.pattern, Metrics: []account.Metric{m}})
		if w.broken == "no alarm" {
			continue
		}
		one := 1.0
		a := account.Alarm{
			Name: w.name, ARN: arn("cloudwatch", r.Name, "alarm:"+w.name), Metrics: []account.Metric{{Namespace: m.Namespace, Name: m.Name}}, Actions: []string{people},
			ActionsEnabled: w.broken != "actions off", Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", Threshold: &one, Period: 300, EvaluationPeriods: 1,
		}
		if w.broken == "nobody listens" {
			a.Actions = []string{nobody}
		}
		r.Alarms.Value = append(r.Alarms.Value, a)
	}
	r.Topics.Value = []account.Topic{
		{ARN: nobody, Subscriptions: []account.Subscription{{Protocol: "sms"}}},
		{ARN: people, Subscriptions: []account.Subscription{{Protocol: "email", Confirmed: true}, {Protocol: "email"}}},
	}
}
