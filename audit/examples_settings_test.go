package audit_test

import (
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/audit"
	"warden/finding"
)

var passwordExamples = map[string][]example{}

func init() {
	for id, change := range map[string]func(*account.PasswordPolicy){
		"length":    func(p *account.PasswordPolicy) { p.MinimumLength = 13 },
		"reuse":     func(p *account.PasswordPolicy) { p.ReusePrevention = 23 },
		"uppercase": func(p *account.PasswordPolicy) { p.RequireUppercase = false },
		"lowercase": func(p *account.PasswordPolicy) { p.RequireLowercase = false },
		"symbol":    func(p *account.PasswordPolicy) { p.RequireSymbols = false },
		"digit":     func(p *account.PasswordPolicy) { p.RequireNumbers = false },
		"expiry":    func(p *account.PasswordPolicy) { p.MaxAge = 91 },
		"change":    func(p *account.PasswordPolicy) { p.AllowUsersToChangePassword = false },
	} {
		passwordExamples["password-policy."+id] = []example{
			{"weak", func(s *account.Snapshot) { change(&s.PasswordPolicy.Value) }, fail, "", ""},
			{"none", func(s *account.Snapshot) { s.PasswordPolicy.Value = account.PasswordPolicy{} }, fail, "", "no password policy of its own"},
			{"refused", func(s *account.Snapshot) { s.PasswordPolicy = nil; lose(s, "iam:GetAccountPasswordPolicy") }, unknown, "", "AccessDenied"},
		}
	}
	passwordExamples["password-policy.expiry"] = append(passwordExamples["password-policy.expiry"],
		example{"never", func(s *account.Snapshot) { s.PasswordPolicy.Value.MaxAge = 0 }, fail, "", "do not expire"})
	passwordExamples["password-policy.length"] = append(passwordExamples["password-policy.length"],
		example{"longer", func(s *account.Snapshot) { s.PasswordPolicy.Value.MinimumLength = 20 }, pass, "", ""})
}

// trails changes the trail everywhere it shows.
func trails(change func(*account.Trail)) func(*account.Snapshot) {
	return func(s *account.Snapshot) {
		for i := range s.Regions {
			change(&s.Regions[i].Trails.Value[0])
		}
	}
}

func noTrail(s *account.Snapshot) {
	for i := range s.Regions {
		s.Regions[i].Trails.Value = nil
	}
}

func unreadTrails(s *account.Snapshot) {
	for i := range s.Regions {
		s.Regions[i].Trails = nil
	}
	lose(s, "cloudtrail:DescribeTrails")
}

var trailExamples = map[string][]example{
	"trail.all-regions": {
		{"no trail", noTrail, fail, "", "no trail"},
		{"one region", trails(func(t *account.Trail) { t.MultiRegion = false }), fail, "", "one region"},
		{"stopped", trails(func(t *account.Trail) { t.Status = &account.TrailStatus{} }), fail, "", "stopped"},
		{"writing only", trails(func(t *account.Trail) { t.Selectors[0].ReadEvents = false }), fail, "", "does not record"},
		{"without IAM", trails(func(t *account.Trail) { t.Selectors[0].ExcludedSources = []string{"iam.amazonaws.com"} }), fail, "", "some of them only"},
		{"without KMS", trails(func(t *account.Trail) { t.Selectors[0].ExcludedSources = []string{"kms.amazonaws.com"} }), pass, "", ""},
		{"by two selectors", trails(func(t *account.Trail) {
			t.Selectors[0].ReadEvents = false
			t.Selectors = append(t.Selectors, account.EventSelector{Management: true, ReadEvents: true})
		}), pass, "", ""},
		{"status unknown", trails(func(t *account.Trail) { t.Status = nil }), unknown, "", "could not be read"},
		{"selectors unknown", trails(func(t *account.Trail) { t.Selectors = nil }), unknown, "", "could not be read"},
		{"trails unknown", unreadTrails, unknown, "", "AccessDenied"},
		{"seen from one region", func(s *account.Snapshot) { s.Regions = s.Regions[3:4] }, pass, "", ""},
	},
	"trail.validation": {
		{"off", trails(func(t *account.Trail) { t.LogValidation = false }), fail, "", ""},
		{"no trail", noTrail, none, "", ""},
		{"a region not read", func(s *account.Snapshot) { s.Regions[0].Trails = nil }, unknown, "regions not read", "ap-northeast-1"},
		{"unknown", unreadTrails, unknown, "", "AccessDenied"},
	},
	"trail.kms": {
		{"no key", trails(func(t *account.Trail) { t.KMSKey = "" }), fail, "", ""},
		{"unknown", unreadTrails, unknown, "", "AccessDenied"},
	},
	"trail.logs": {
		{"no group", trails(func(t *account.Trail) { t.LogGroup = "" }), fail, "", "no log group"},
		{"stale", trails(func(t *account.Trail) { t.Status.LastLogsDelivery = ptr(ago(2)) }), fail, "", "2 days ago"},
		{"nothing yet", trails(func(t *account.Trail) { t.Status.LastLogsDelivery = nil }), fail, "", "nothing"},
		{"status unknown", trails(func(t *account.Trail) { t.Status = nil }), unknown, "", ""},
	},
	"trail.bucket-public": {
		{"public", func(s *account.Snapshot) { s.Buckets.Value[0].Public = ptr(true) }, fail, "", "logs"},
		{"part unknown", func(s *account.Snapshot) { s.Buckets.Value[0].Public = nil }, unknown, "", ""},
		{"another account's", func(s *account.Snapshot) { s.Buckets.Value = nil; lose(s, "s3:GetBucketPolicyStatus") }, unknown, "", "AccessDenied"},
	},
	"trail.bucket-logging": {
		{"off", func(s *account.Snapshot) { s.Buckets.Value[0].AccessLogging = ptr(false) }, fail, "", ""},
		{"unknown", func(s *account.Snapshot) { s.Buckets = nil }, unknown, "", ""},
	},
	"trail.object-writes": {
		{"no data events", trails(func(t *account.Trail) { t.Selectors = t.Selectors[:1] }), fail, "", "does not record"},
		{"some buckets", trails(func(t *account.Trail) { t.Selectors[1].Narrowed = true }), fail, "", "some of them only"},
		{"reading only", trails(func(t *account.Trail) { t.Selectors[1].WriteEvents = false }), fail, "", ""},
		{"unknown", unreadTrails, unknown, "", ""},
	},
	"trail.object-reads": {
		{"writing only", trails(func(t *account.Trail) { t.Selectors[1].ReadEvents = false }), fail, "", ""},
		{"unknown", unreadTrails, unknown, "", ""},
	},
}

// filter replaces the pattern of a filter of the good account.
func filter(n int, text string) func(*account.Snapshot) {
	return func(s *account.Snapshot) { home(s).MetricFilters.Value[n].Pattern = text }
}

var monitorExamples = map[string][]example{}

func init() {
	for i, id := range []string{
		"unauthorized", "signin-no-mfa", "root", "iam-policies", "cloudtrail", "signin-failures", "kms-keys", "bucket-policies", "config",
		"security-groups", "network-acls", "gateways", "route-tables", "vpcs", "organizations",
	} {
		monitorExamples["monitor."+id] = []example{
			{"no filter", func(s *account.Snapshot) { filter(i, `{ $.eventName = Other }`)(s) }, fail, "", "an event such as"},
			{"no alarm", func(s *account.Snapshot) { home(s).Alarms.Value[i].Metrics = nil }, fail, "", "has no alarm"},
			{"actions off", func(s *account.Snapshot) { home(s).Alarms.Value[i].ActionsEnabled = false }, fail, "", "switched off"},
			{"no topic", func(s *account.Snapshot) {
				home(s).Alarms.Value[i].Actions = []string{"arn:aws:automate:eu-west-1:ec2:stop"}
			}, fail, "", "notifies no topic"},
			{"nobody subscribed", func(s *account.Snapshot) { home(s).Topics.Value[0].Subscriptions[0].Confirmed = false }, fail, "", "no confirmed subscriber"},
			{"topic unknown", func(s *account.Snapshot) { home(s).Topics.Value = nil }, unknown, "", "subscribers"},
			{"alarms unknown", func(s *account.Snapshot) { home(s).Alarms = nil; lose(s, "cloudwatch:DescribeAlarms") }, unknown, "", "AccessDenied"},
			{"filters unknown", func(s *account.Snapshot) { home(s).MetricFilters = nil }, unknown, "", "metric filters"},
			{"no trail", noTrail, fail, "", "no trail"},
			{"trails unknown", unreadTrails, unknown, "", "AccessDenied"},
			{"whether it logs unknown", trails(func(t *account.Trail) { t.Status = nil }), unknown, "", "could not be read"},
			{"the group of another account", trails(func(t *account.Trail) { t.LogGroup = strings.Replace(t.LogGroup, "111122223333", "999988887777", 1) }), unknown, "", "999988887777"},
			{"everything", filter(i, ``), pass, "", ""},
		}
	}
	more := func(id string, list ...example) {
		monitorExamples["monitor."+id] = append(monitorExamples["monitor."+id], list...)
	}
	more("cloudtrail",
		example{"failed calls left out", filter(4, `{ ($.eventName = CreateTrail || $.eventName = UpdateTrail || $.eventName = DeleteTrail || $.eventName = StartLogging || $.eventName = StopLogging) && $.errorCode NOT EXISTS }`), fail, "", "errorCode=other"},
		example{"one missing", filter(4, `{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) }`), fail, "", "StopLogging"},
		example{"by the service", filter(4, `{ $.eventSource = "cloudtrail.amazonaws.com" && $.readOnly IS FALSE }`), pass, "", ""},
		example{"a regular expression", filter(4, `{ $.eventName = %(Create|Update|Delete)Trail|(Start|Stop)Logging% }`), unknown, "", "regular expression"},
		example{"a regular expression that AWS documents", filter(4, `{ $.eventName = %^Create|^Update|^Delete|^Start|^Stop% && $.eventSource = %^cloudtrail\.% }`), pass, "", "filter-4"},
		example{"one about what may be anything", filter(4, `{ $.eventName = %Trail$|Logging$% && $.userAgent = %.% }`), fail, "", "an event such as"},
		example{"one that may see everything", filter(4, `{ $.eventName = %Trail$|Logging$% && $.awsRegion = %.% }`), unknown, "", "what may be anything"},
		example{"one about the event as it is written", filter(4, `%CreateTrail|UpdateTrail|DeleteTrail|StartLogging|StopLogging%`), pass, "", "filter-4"},
		example{"one that sees names and may see more", filter(4, ` %eventName.*(Create|Update|Delete)Trail%`), unknown, "", "regular expression"},
		example{"a regular expression that cannot see all", filter(4, `{ $.eventName = %StopLogging|DeleteTrail% }`), fail, "", "CreateTrail"},
		example{"split over two filters", func(s *account.Snapshot) {
			filter(4, `{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) }`)(s)
			filter(8, `{ ($.eventSource = config.amazonaws.com) || ($.eventName = "DeleteTrail") || ($.eventName = "*Logging") }`)(s)
		}, pass, "", "filter-4, filter-8"})
	more("kms-keys", example{"a trail without KMS", trails(func(t *account.Trail) { t.Selectors[0].ExcludedSources = []string{"kms.amazonaws.com"} }), fail, "", "leaves out the events of kms"})
	more("root", example{"the trail cannot deliver", trails(func(t *account.Trail) { t.Status.LogsError = "AccessDenied" }), fail, "", "cannot deliver"},
		example{"a threshold of five", func(s *account.Snapshot) { home(s).Alarms.Value[2].Threshold = ptr(5.0) }, fail, "", "fires at 5"},
		example{"told by a composite alarm", func(s *account.Snapshot) {
			r := home(s)
			r.Alarms.Value = append(r.Alarms.Value, account.Alarm{Name: "any", Rule: `ALARM("alarm-filter-2") OR ALARM(x)`, Actions: r.Alarms.Value[2].Actions, ActionsEnabled: true})
			r.Alarms.Value[2].Actions = nil
		}, pass, "", ""},
		example{"told by a composite alarm that is kept back", func(s *account.Snapshot) {
			r := home(s)
			r.Alarms.Value = append(r.Alarms.Value, account.Alarm{Name: "any", Rule: `ALARM("alarm-filter-2")`, Actions: r.Alarms.Value[2].Actions, ActionsEnabled: true, Suppressor: "night"})
			r.Alarms.Value[2].Actions = nil
		}, unknown, "", "night"})
	more("unauthorized",
		example{"as later versions write it", filter(0, `{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }`), pass, "", ""},
		example{"a code that there is not", filter(0, `{ ($.errorCode="*UnauthorizedAccess*") || ($.errorCode="AccessDenied*") }`), fail, "", "UnauthorizedOperation"})
	more("signin-no-mfa",
		example{"as later versions write it", filter(1, `{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`), pass, "", ""},
		example{"of another field", filter(1, `{ $.userIdentity.sessionContext.attributes.mfaAuthenticated != "true" }`), fail, "", "ConsoleLogin"})
	more("organizations",
		example{"a member", func(s *account.Snapshot) { s.Organization.Value.ManagementAccount = "999988887777" }, none, "", "999988887777"},
		example{"no organisation", func(s *account.Snapshot) { s.Organization.Value = account.Organization{} }, none, "", ""})
	more("root", example{"in one region", filter(2, `{ $.userIdentity.type = "Root" && $.awsRegion = "us-east-1" }`), fail, "", "awsRegion"})
}

var activityExamples = map[string][]example{
	"user.inactive": {
		{"nothing for long", func(s *account.Snapshot) { row(s, "ann").PasswordLastUsed = at(100) }, fail, "", "100 days ago"},
		{"uses keys only", func(s *account.Snapshot) { row(s, "robot").PasswordEnabled = "false" }, pass, "", ""},
		{"made yesterday, never signed in", func(s *account.Snapshot) {
			s.Users[0].CreateDate = ago(1)
			row(s, "ann").Created, row(s, "ann").PasswordLastUsed = at(1), account.Word("no_information")
		}, pass, "", ""},
		{"an active service-specific credential", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = at(100)
			s.ServiceCredentials.Value = []account.ServiceCredential{{User: "ann", Service: "bedrock.amazonaws.com", Active: true}}
		}, unknown, "", "service-specific"},
		{"a service-specific credential that expired long ago", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = at(100)
			s.ServiceCredentials.Value = []account.ServiceCredential{{User: "ann", Service: "bedrock.amazonaws.com", Active: true, Expires: ptr(ago(90))}}
		}, fail, "", "100 days ago"},
		{"one that expired lately", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = at(100)
			s.ServiceCredentials.Value = []account.ServiceCredential{{User: "ann", Service: "bedrock.amazonaws.com", Active: true, Expires: ptr(ago(89))}}
		}, unknown, "", "service-specific"},
		{"an odd word for a key that is switched off", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = at(100)
			row(s, "ann").Keys[0] = account.ReportedKey{Active: "false", LastRotated: at(500), LastUsed: account.Word("not_supported")}
		}, unknown, "", "last use of access key 1"},
		{"last accessed yesterday by it", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = at(100)
			s.ServiceCredentials.Value = []account.ServiceCredential{{User: "ann", Service: "bedrock.amazonaws.com", Active: true}}
			s.Users[0].LastAccessed = known("iam:GetServiceLastAccessedDetails", account.LastAccessed{Services: []account.ServiceUse{{Service: "bedrock", At: ptr(ago(1))}}})
		}, pass, "", ""},
		{"an active SSH key", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = at(100)
			s.Users[0].SSHKeys.Value = []account.SSHKey{{ID: "APKA1", Active: true}}
		}, unknown, "", "SSH key"},
		{"no report", func(s *account.Snapshot) { s.CredentialReport = nil }, unknown, "", "passwords and keys"},
	},
	"role.inactive": {
		{"long ago", func(s *account.Snapshot) { s.Roles[0].LastUsed.Date = ago(200) }, fail, "", "200 days ago"},
		{"not in the window", func(s *account.Snapshot) { s.Roles[0].LastUsed = nil }, fail, "", "no use is known; created"},
		{"new", func(s *account.Snapshot) { s.Roles[0].LastUsed, s.Roles[0].CreateDate = nil, ago(2) }, pass, "", ""},
		{"last accessed", func(s *account.Snapshot) {
			s.Roles[0].LastUsed = nil
			s.Roles[0].LastAccessed = known("iam:GetServiceLastAccessedDetails", account.LastAccessed{Services: []account.ServiceUse{{Service: "s3", At: ptr(ago(1))}}})
		}, pass, "", ""},
		{"a service's own", func(s *account.Snapshot) {
			s.Roles[0].LastUsed, s.Roles[0].Path = nil, "/aws-service-role/x.amazonaws.com/"
		}, none, "", ""},
		{"not read", func(s *account.Snapshot) { lose(s, "iam:GetAccountAuthorizationDetails") }, unknown, "", ""},
	},
}

func TestMoreExamples(t *testing.T) {
	t.Parallel()
	for _, table := range []map[string][]example{passwordExamples, trailExamples, monitorExamples, activityExamples} {
		for control, list := range table {
			for _, x := range list {
				t.Run(control+"/"+x.name, func(t *testing.T) {
					t.Parallel()
					s := good()
					x.change(s)
					check(t, of(t, s, control), x)
				})
			}
		}
	}
}

// A user whom only a newer credential report has was made since the others
// were listed.
func TestReportIsNewer(t *testing.T) {
	t.Parallel()
	s := good()
	row(s, "ann").MFA = "false"
	s.Users, s.CollectedAt = s.Users[1:], ago(1)
	if f := of(t, s, "user.mfa")[0]; f.Status != fail || f.Subject != arn("user/ann") {
		t.Errorf("%+v", f)
	}
}

// A trail's own evidence shows uses that nothing else does.
func TestSeen(t *testing.T) {
	t.Parallel()
	s := good()
	row(s, "ann").PasswordLastUsed = at(100)
	for _, a := range audit.NewEvidence(s, now).Activities() {
		if a.Name == "ann" && (a.State != audit.Inactive || a.Since.IsZero()) {
			t.Errorf("before the trail: %+v", a)
		}
	}
	e := audit.NewEvidence(s, now)
	seen := account.Evidence{Source: "events.jsonl", At: now}
	e.Seen = map[string]audit.Use{
		"AIDAANN":   {At: ago(1), What: "a call", Source: seen},
		arn("root"): {At: ago(2), What: "assumed root", Source: seen},
	}
	for _, a := range e.Activities() {
		if a.Name == "ann" && (a.State != audit.Active || a.Last.What != "a call" || a.Last.Source.Source != "events.jsonl") {
			t.Errorf("%+v", a)
		}
	}
	r := audit.Run(e, audit.Selection{Only: []string{"root.used"}})
	if f := r.Findings[0]; f.Status != finding.Fail || !strings.Contains(f.Summary, "assumed root") {
		t.Errorf("%+v", f)
	}
	e.Options.RootWindow = 49 * time.Hour
	if f := audit.Run(e, audit.Selection{Only: []string{"root.used"}}).Findings[0]; f.Status != finding.Fail {
		t.Errorf("a window of 49 hours: %+v", f)
	}
	e.Options.RootWindow = 24 * time.Hour
	if f := audit.Run(e, audit.Selection{Only: []string{"root.used"}}).Findings[0]; f.Status != finding.Pass {
		t.Errorf("a window of one day: %+v", f)
	}
}
