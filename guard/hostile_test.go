package guard

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/change"
	"warden/policy"
	"warden/trail"
)

// sessionNamed is a session of the role ci as a record names it.
func sessionNamed(principal, arnName string) caller {
	quoted := func(s string) string {
		text, _ := json.Marshal(s)
		return string(text)
	}
	return caller(`"type":"AssumedRole","principalId":` + quoted(principal) + `,"arn":` + quoted("arn:aws:sts::111122223333:assumed-role/ci/"+arnName) + `,"accountId":"111122223333","sessionContext":{"attributes":{"creationDate":"2026-01-02T03:00:00Z"},"sessionIssuer":{"type":"Role","principalId":"AROAci","arn":"arn:aws:iam::111122223333:role/ci","accountId":"111122223333","userName":"ci"}}`)
}

// What a record says of a session is put into a policy only where it names the
// session as AWS does; else a person looks. STS takes no other names, but a
// record is outside input.
func TestSessionNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 64)
	for name, tt := range map[string]struct {
		principal, arn string
		want           Verdict
	}{
		"as STS gives it out":   {"AROAci:job-1", "job-1", Contain},
		"all that STS takes":    {"AROAci:aZ09_=,.@+-", "aZ09_=,.@+-", Contain},
		"64 characters":         {"AROAci:" + long, long, Contain},
		"65 characters":         {"AROAci:x" + long, "x" + long, Escalate},
		"a star":                {"AROAci:*", "*", Escalate},
		"a question mark":       {"AROAci:job-?", "job-?", Escalate},
		"a dollar":              {"AROAci:$", "$", Escalate},
		"a policy variable":     {"AROAci:${aws:username}", "${aws:username}", Escalate},
		"a colon":               {"AROAci:job:1", "job:1", Escalate},
		"a slash":               {"AROAci:a/b", "a/b", Escalate},
		"a blank":               {"AROAci:job 1", "job 1", Escalate},
		"a line break":          {"AROAci:job\n1", "job\n1", Escalate},
		"not ASCII":             {"AROAci:jöb", "jöb", Escalate},
		"what no policy holds":  {"AROAci:日本", "日本", Escalate},
		"direction of text":     {"AROAci:a\u202eb", "a\u202eb", Escalate},
		"no name":               {"AROAci:", "", Escalate},
		"no principal":          {"", "job-1", Escalate},
		"no colon":              {"AROAci", "job-1", Escalate},
		"another role's id":     {"AROAother:job-1", "job-1", Escalate},
		"a user's id":           {"AIDAMALLORY:job-1", "job-1", Escalate},
		"no role before colon":  {":job-1", "job-1", Escalate},
		"the role's id as name": {"AROAci:AROAci", "AROAci", Contain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := event(t, sessionNamed(tt.principal, tt.arn), "iam:CreateUser")
			j := Judge(Config{ContainSessions: true}, e, roleNow("ci"), now)
			if j.Verdict != tt.want || strings.ContainsAny(j.Reason, "\n\u202e") {
				t.Errorf("%s, want %s: %q", j.Verdict, tt.want, j.Reason)
			}
			// Without facts, and where sessions are not contained, nobody is let
			// go by a name either.
			for _, cfg := range []Config{{}, {ContainSessions: true, AdminRoles: []string{"arn:aws:iam::111122223333:role/ops/Admin"}}} {
				for _, f := range []*Facts{nil, roleNow("ci")} {
					if j := Judge(cfg, e, f, now); j.Verdict == Allowed || j.Verdict == Ignored {
						t.Errorf("%s: %s", j.Verdict, j.Reason)
					}
				}
			}
		})
	}
}

// A denial of a session is about that session whatever it is called, and about
// no other: also where its name is a pattern, a variable, the beginning of
// another's, or another's in other case. IAM would take each.
func TestDenialOfOneSession(t *testing.T) {
	t.Parallel()
	names := []string{"job", "job-1", "Job-1", "JOB-1", "job-10", "job-1.", "job_1", "a@b.example", "=,.@-+_", "*", "?", "??", "$", "${aws:username}", "${*}", "${$}", "job-*", "j?b-1", strings.Repeat("y", 64), strings.Repeat("y", 63)}
	until := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	facts := func(name string, issued time.Time) policy.Context {
		c := policy.Context{}
		c.Set("aws:userid", policy.One("AROAci:"+name))
		c.Set("aws:username", policy.One("job"))
		c.Set("aws:TokenIssueTime", policy.One(issued.Format(time.RFC3339)))
		return c
	}
	for _, denied := range names {
		for _, level := range []Level{DenyIAM, DenyAll} {
			d := level.Session("AROAci:"+denied, until)
			text, err := change.AddStatement("", d.Sid(), d.Statement())
			if err != nil {
				t.Fatal(err)
			}
			if back, ok := change.ReadDenial(d.Statement()); !ok || back.Value != "AROAci:"+denied {
				t.Errorf("%s is read back as %q", denied, back.Value)
			}
			doc, err := policy.ParseStored("DENY-IAM-SESSIONS", []byte(text))
			if err != nil {
				t.Fatalf("%s: IAM would not take it: %v", denied, err)
			}
			for _, r := range text { // Source: IAM API Reference, PutRolePolicy, PolicyDocument
				if r != '\t' && r != '\n' && r != '\r' && (r < ' ' || r > 'ÿ') {
					t.Errorf("%s: no policy holds %q", denied, r)
				}
			}
			who := policy.Principal{Type: policy.Session, ARN: "arn:aws:sts::111122223333:assumed-role/ci/x", RoleARN: "arn:aws:iam::111122223333:role/ci", Account: acct}
			for _, other := range names {
				err := level.Prove(policy.Policies{Identity: []*policy.Document{doc}}, who, facts(other, until))
				if (err == nil) != (other == denied) {
					t.Errorf("denied %q: session %q: %v", denied, other, err)
				}
			}
			if level.Prove(policy.Policies{Identity: []*policy.Document{doc}}, who, facts(denied, until.Add(time.Second))) == nil {
				t.Errorf("%q: a later token is denied", denied)
			}
		}
	}
}

// Whoever bears an ARN of warden's with another unique id is not warden: he
// was made since, by somebody who wants to be taken for it.
func TestPosesAsWarden(t *testing.T) {
	t.Parallel()
	self := Config{
		Self:            []string{"arn:aws:iam::111122223333:role/ci", "arn:aws:sts::111122223333:assumed-role/ci/s1", "arn:aws:iam::111122223333:user/mallory", "arn:aws:iam::111122223333:role/responder"},
		SelfIDs:         map[string]string{"arn:aws:iam::111122223333:role/ci": "AROAci", "arn:aws:sts::111122223333:assumed-role/ci/s1": "AROAci:s1", "arn:aws:iam::111122223333:user/mallory": userID, "arn:aws:iam::111122223333:role/responder": ""},
		ContainSessions: true,
	}
	renamed := func(c caller, from, to string) caller { return caller(strings.ReplaceAll(string(c), from, to)) }
	sessionOnly := self
	sessionOnly.Self = self.Self[1:2]
	anew := roleNow("ci")
	anew.Role.ID = "AROANEW"
	for name, tt := range map[string]struct {
		cfg   Config
		by    caller
		facts *Facts
		want  Verdict
	}{
		"its role":                             {self, ci, roleNow("ci"), Allowed},
		"its role, made anew":                  {self, renamed(ci, "AROAci", "AROANEW"), anew, Contain},
		"its user":                             {self, mallory, user(), Allowed},
		"its user, made anew":                  {self, renamed(mallory, userID, "AIDANEW"), &Facts{Account: acct, User: &UserFacts{Exists: true, ID: "AIDANEW", Name: "mallory"}}, Contain},
		"a role whose id is not known":         {self, role("/", "responder"), roleNow("responder"), Allowed},
		"its session":                          {sessionOnly, ci, roleNow("ci"), Allowed},
		"another session of its role":          {sessionOnly, renamed(ci, "s1", "s2"), roleNow("ci"), Contain},
		"a session of its name, of a role":     {sessionOnly, renamed(ci, "/ci", "/evil"), roleNow("evil"), Escalate},
		"a role whose name begins like its":    {self, role("/", "ci2"), roleNow("ci2"), Contain},
		"a role of its name, of another path":  {self, renamed(role("/evil/", "ci"), "AROAci", "AROANEW"), anew, Contain},
		"a role of its name, in other case":    {self, role("/", "CI"), roleNow("CI"), Contain},
		"a role of its name, of other account": {self, renamed(ci, "111122223333", "444455556666"), roleNow("ci"), Alert},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if j := Judge(tt.cfg, event(t, tt.by, "iam:CreateUser"), tt.facts, now); j.Verdict != tt.want {
				t.Errorf("%s, want %s: %s", j.Verdict, tt.want, j.Reason)
			}
		})
	}
}

// Events with wrong times: nobody gains by one.
func TestWrongTimes(t *testing.T) {
	t.Parallel()
	at := func(t *testing.T, by caller, when string) *trail.Event {
		e := event(t, by, "iam:CreateUser")
		e.Time = time.Time{}
		if when != "" {
			var err error
			if e.Time, err = time.Parse(time.RFC3339, when); err != nil {
				t.Fatal(err)
			}
		}
		return e
	}
	young := user("Administrators")
	young.Baseline = &Baseline{Seen: []Seen{{At: now.Add(-time.Hour), IDs: []string{someAdmin}}, {At: now.Add(-5 * time.Minute), IDs: []string{someAdmin, userID}}}}
	doubted := user("Administrators")
	doubted.Baseline = &Baseline{Seen: []Seen{{At: now.Add(-time.Hour), IDs: []string{someAdmin}}}, Grants: []Grant{{ID: userID, By: "root", Standing: Doubtful, At: now.Add(-5 * time.Minute)}}}
	planted := user("Administrators")
	planted.Baseline = &Baseline{Seen: []Seen{{At: now.Add(-time.Hour), IDs: []string{someAdmin}}}, Grants: []Grant{{ID: userID, By: "user eve", Standing: Outsider, At: now.Add(-5 * time.Minute)}}}
	held := user("Administrators")
	held.Baseline = &Baseline{Seen: []Seen{{At: now.Add(-time.Hour), IDs: []string{someAdmin, userID}}}}
	held.Hands = []Hand{{By: "user eve", Standing: Outsider, Incident: "inc-eve", At: now.Add(-5 * time.Minute)}}
	for name, tt := range map[string]struct {
		facts *Facts
		when  string
		want  Verdict
	}{
		"young, now":                    {young, "2026-01-02T04:00:00Z", Escalate},
		"young, dated in an hour":       {young, "2026-01-02T05:00:00Z", Contain},
		"young, dated in ten years":     {young, "2036-01-02T05:00:00Z", Contain},
		"young, without a time":         {young, "", Contain},
		"made one by root, now":         {doubted, "2026-01-02T04:00:00Z", Escalate},
		"made one by root, in an hour":  {doubted, "2026-01-02T05:00:00Z", Escalate},
		"planted, in ten years":         {planted, "2036-01-02T05:00:00Z", Contain},
		"planted, without a time":       {planted, "", Contain},
		"no administrator, long ago":    {user(), "1999-01-02T05:00:00Z", Contain},
		"no administrator, no time":     {user(), "", Contain},
		"another's key, in an hour":     {held, "2026-01-02T05:00:00Z", Contain},
		"another's key, without a time": {held, "", Contain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if j := Judge(Config{}, at(t, mallory, tt.when), tt.facts, now); j.Verdict != tt.want {
				t.Errorf("%s, want %s: %s", j.Verdict, tt.want, j.Reason)
			}
		})
	}
}

// A rule that names a group which does not exist tells nobody apart: who
// writes is left to a person, until somebody is known as an administrator.
func TestRuleNamesNobody(t *testing.T) {
	t.Parallel()
	b := func(missing bool, seen []Seen, grants ...Grant) *Baseline {
		b := &Baseline{Seen: seen, Grants: grants}
		if missing {
			b.Missing = []string{"Administrators"}
		}
		return b
	}
	look := func(at float64, ids ...string) Seen { return Seen{At: minute(at), IDs: ids} }
	grant := func(id string, s Standing, removed bool) Grant {
		return Grant{ID: id, By: "somebody", Standing: s, At: minute(-20), Removed: removed}
	}
	for name, tt := range map[string]struct {
		groups []string
		b      *Baseline
		want   Verdict
	}{
		"the group does not exist":                     {nil, b(true, []Seen{look(-60)}), Escalate},
		"it exists, and nobody is in it":               {nil, b(false, []Seen{look(-60)}), Contain},
		"there is another way to be one":               {nil, b(true, []Seen{look(-60, someAdmin)}), Contain},
		"an outsider made himself one in a new group":  {nil, b(true, []Seen{look(-60)}, grant(someAdmin, Outsider, false)), Escalate},
		"an outsider renamed the group":                {nil, b(true, []Seen{look(-60, someAdmin), look(-19)}, grant(someAdmin, Outsider, true)), Contain},
		"an administrator renamed it":                  {nil, b(true, []Seen{look(-60, someAdmin), look(-19)}, grant(someAdmin, Entitled, true)), Escalate},
		"and it was he himself":                        {nil, b(true, []Seen{look(-60, userID), look(-19)}, grant(userID, Entitled, true)), Escalate},
		"nobody knows where the administrators went":   {nil, b(true, []Seen{look(-600, someAdmin), look(-300)}), Escalate},
		"an administrator in a group of another name":  {[]string{"administrators-of-old"}, b(true, []Seen{look(-60)}), Escalate},
		"one who joined what was made anew by a young": {[]string{"Administrators"}, b(true, []Seen{look(-60), look(-1, userID)}), Escalate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := user(tt.groups...)
			f.Baseline = tt.b
			j := Judge(Config{}, event(t, mallory, "iam:CreateUser"), f, minute(0))
			if j.Verdict != tt.want {
				t.Errorf("%s, want %s: %s", j.Verdict, tt.want, j.Reason)
			}
		})
	}
}

// fieldsOf are the paths of all fields of a JSON object, the inner ones too.
func fieldsOf(prefix []string, v map[string]any) [][]string {
	var out [][]string
	for _, key := range slices.Sorted(maps.Keys(v)) {
		path := append(slices.Clone(prefix), key)
		out = append(out, path)
		if inner, ok := v[key].(map[string]any); ok {
			out = append(out, fieldsOf(path, inner)...)
		}
	}
	return out
}

// change does something to one field of a record.
func changed(t *testing.T, record []byte, path []string, do func(object map[string]any, key string)) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(record, &all); err != nil {
		t.Fatal(err)
	}
	object := all
	for _, key := range path[:len(path)-1] {
		object = object[key].(map[string]any)
	}
	do(object, path[len(path)-1])
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Whatever field a record lacks, or has with another type or text, it is
// refused as unreadable, or nobody is let go by it who was not before; and who
// is contained is still he whom the record named.
func TestFieldsMissingOrWrong(t *testing.T) {
	t.Parallel()
	const more = `,"requestParameters":{"userName":"door"},"responseElements":{"user":{"userId":"AIDADOOR"}},"eventVersion":"1.11","eventType":"AwsApiCall","eventCategory":"Management","readOnly":false,` +
		`"managementEvent":true,"sourceIPAddress":"198.51.100.7","userAgent":"aws-cli","awsRegion":"us-east-1","requestID":"r","sharedEventID":"s","additionalEventData":{"a":"b"},"resources":[{"ARN":"arn:aws:iam::111122223333:user/door"}],` +
		`"sessionCredentialFromConsole":"true","tlsDetails":{"tlsVersion":"TLSv1.3"},"vpcEndpointId":"v"`
	omitted := map[string]any{"omitted": true, "originalSize": 300000, "reason": "TooLarge"}
	wrong := map[string]func(object map[string]any, key string){
		"missing":       func(o map[string]any, k string) { delete(o, k) },
		"null":          func(o map[string]any, k string) { o[k] = nil },
		"empty":         func(o map[string]any, k string) { o[k] = "" },
		"a number":      func(o map[string]any, k string) { o[k] = 7 },
		"true":          func(o map[string]any, k string) { o[k] = true },
		"a list":        func(o map[string]any, k string) { o[k] = []any{"x"} },
		"an object":     func(o map[string]any, k string) { o[k] = map[string]any{"x": "y"} },
		"a text":        func(o map[string]any, k string) { o[k] = "something else" },
		"in other case": func(o map[string]any, k string) { v := o[k]; delete(o, k); o[strings.ToUpper(k)] = v },
		"omitted":       func(o map[string]any, k string) { o[k] = omitted },
	}
	callers := map[string]caller{"user": mallory, "session of a user": session, "session of a role": ci, "Identity Center": ssoDev, "root": root, "federated": federatedOf, "federated of nobody": federated, "another account": other, "a stranger": stranger, "web identity": webUser}
	var tried, refused, changes int
	for who, by := range callers {
		for _, call := range []string{"iam:CreateUser", "iam:AddUserToGroup", "iam:ChangePassword", "sts:GetFederationToken", "cloudtrail:StopLogging"} {
			e := event(t, by, call, more)
			record := []byte(e.Raw)
			var all map[string]any
			if err := json.Unmarshal(record, &all); err != nil {
				t.Fatal(err)
			}
			facts := user()
			facts.Role = roleNow("ci").Role
			for _, f := range []*Facts{nil, facts, {Account: acct}} {
				cfg := Config{ContainSessions: true}
				was := Judge(cfg, e, f, now)
				for _, path := range fieldsOf(nil, all) {
					for how, do := range wrong {
						tried++
						again, err := trail.ParseEvent(changed(t, record, path, do))
						if err != nil {
							refused++
							if strings.Contains(err.Error(), "\n") {
								t.Errorf("more than one line: %v", err)
							}
							continue
						}
						j := Judge(cfg, again, f, now)
						at := fmt.Sprintf("%s, %s, %s %s", who, call, strings.Join(path, "."), how)
						if j.Verdict != was.Verdict {
							changes++
						}
						named := path[0] == "eventName" || path[0] == "eventSource" // then it is another call
						switch {
						case j.Verdict == Allowed && was.Verdict != Allowed:
							t.Errorf("%s: allowed, was %s: %s", at, was.Verdict, j.Reason)
						case j.Verdict == Ignored && was.Verdict != Ignored && !named:
							t.Errorf("%s: ignored, was %s: %s", at, was.Verdict, j.Reason)
						case j.Verdict == Contain && (f == nil || j.Subject.ID != userID && j.Subject.ID != "AROAci"):
							t.Errorf("%s: contains %+v", at, j.Subject)
						}
					}
				}
			}
		}
	}
	t.Logf("%d records: %d refused, %d with another verdict", tried, refused, changes)
	if refused == 0 || changes == 0 {
		t.Error("the test changes nothing that matters")
	}
}
