package guard

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"warden/trail"
)

// The event of the test callers is at 03:04:05; times of these tests are
// minutes before (negative) and after it.
var happened = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func minute(n float64) time.Time { return happened.Add(time.Duration(n * float64(time.Minute))) }

const someAdmin = "AIDASOMEADMIN"

// seen is a look at the administrators; somebody else always is one.
func seen(at float64, ids ...string) Seen {
	return Seen{At: minute(at), IDs: append([]string{someAdmin}, ids...)}
}

func granted(at float64, by Standing) Grant {
	return Grant{ID: userID, By: "user " + string(by), Standing: by, At: minute(at)}
}

func taken(at float64, by Standing) Grant {
	g := granted(at, by)
	g.Removed = true
	return g
}

func TestAdministratorByBaseline(t *testing.T) {
	t.Parallel()
	b := func(of ...any) *Baseline {
		var b Baseline
		for _, x := range of {
			switch x := x.(type) {
			case Seen:
				b.Seen = append(b.Seen, x)
			case Grant:
				b.Grants = append(b.Grants, x)
			}
		}
		return &b
	}
	const in, out = true, false
	for name, tt := range map[string]struct {
		baseline *Baseline
		member   bool    // now
		judged   float64 // minutes after the event
		want     Verdict
		says     string
	}{
		// Administrators.
		"known for a day":                   {b(seen(-1440, userID)), in, 0, Allowed, "is in group Administrators"},
		"seen first a minute ago":           {b(seen(-1, userID)), in, 0, Allowed, "trusted as of the first look"},
		"seen first after the event":        {b(seen(1, userID)), in, 2, Allowed, "trusted as of the first look"},
		"seen since, 16 minutes before":     {b(seen(-1440), seen(-16, userID)), in, 0, Allowed, "Administrators"},
		"made one by an administrator":      {b(seen(-1440), granted(-1, Entitled), seen(-1, userID)), in, 0, Allowed, "made one by user entitled"},
		"made one this second":              {b(seen(-1440), granted(0, Entitled)), in, 0, Allowed, "made one by user entitled"},
		"not seen yet after the grant":      {b(seen(-1440), granted(-1, Entitled), seen(-0.5)), in, 0, Allowed, "made one by"},
		"made again by an outsider":         {b(seen(-1440, userID), granted(-1, Outsider)), in, 0, Allowed, "administrator"},
		"robbed, and made again by another": {b(seen(-1440, userID), taken(-9, Outsider), granted(-8, Entitled)), in, 0, Allowed, "made one by user entitled"},
		"robbed of one way of two":          {b(seen(-1440, userID), taken(-9, Outsider)), in, 0, Allowed, "administrator"},
		"gone for a moment":                 {b(seen(-1440, userID), seen(-5), seen(-4, userID)), in, 0, Allowed, "administrator"},
		"root made him one long ago":        {b(seen(-1440), granted(-60, Doubtful)), in, 0, Allowed, "made one by user doubtful"},

		// Made one by somebody who is none.
		"made one by an outsider":                     {b(seen(-1440), granted(-1, Outsider), seen(-1, userID)), in, 0, Contain, "is in group Administrators, made an administrator by user outsider, who was none"},
		"made one by an outsider, a day ago":          {b(seen(-2880), granted(-1440, Outsider), seen(-1440, userID)), in, 0, Contain, "by user outsider, who was none"},
		"both in the same second":                     {b(seen(-1440), granted(-1, Entitled), granted(-1, Outsider), seen(-1, userID)), in, 0, Allowed, "administrator"},
		"by an outsider, then by an administrator":    {b(seen(-1440), granted(-9, Outsider), granted(-8, Entitled)), in, 0, Allowed, "made one by user entitled"},
		"taken rightly, given back by an outsider":    {b(seen(-1440, userID), taken(-9, Entitled), granted(-8, Outsider)), in, 0, Contain, "by user outsider"},
		"by an outsider, in the place of the others":  {&Baseline{Seen: []Seen{{At: minute(-1440), IDs: []string{someAdmin}}, {At: minute(-1), IDs: []string{userID}}}, Grants: []Grant{granted(-1, Outsider)}}, in, 0, Contain, "made an administrator by user outsider"},
		"by an outsider, and there never was another": {&Baseline{Seen: []Seen{{At: minute(-1440)}, {At: minute(-1), IDs: []string{userID}}}, Grants: []Grant{granted(-1, Outsider)}}, in, 0, Escalate, "he may be the last administrator"},
		"seen for a moment, in the place of another":  {&Baseline{Seen: []Seen{{At: minute(-1440), IDs: []string{someAdmin}}, {At: minute(-5), IDs: []string{userID}}}}, in, 2, Escalate, "he may be the last administrator"},
		"nothing seen at all":                         {b(granted(-1, Outsider)), in, 0, Escalate, "last administrator"},
		"root made him one just now":                  {b(seen(-1440), granted(-1, Doubtful)), in, 0, Escalate, "because of user doubtful: a person has to say"},
		"an outsider first, then root":                {b(seen(-1440), granted(-60, Outsider), granted(-59, Doubtful)), in, 0, Contain, "who was none"},
		"nobody is known, the event is fresh":         {b(seen(-1440), seen(-1, userID)), in, 0.5, Escalate, "who made him an administrator is not known yet"},
		"nobody is known, the event has settled":      {b(seen(-1440), seen(-1, userID)), in, 2, Contain, "for less than 15m0s, and no administrator is known"},
		"became one after the event":                  {b(seen(-1440), granted(3, Entitled), seen(3, userID)), in, 5, Alert, "became an administrator only later"},
		"seen after the event, and long enough since": {b(seen(-1440), seen(3, userID)), in, 20, Alert, "only later"},

		// No administrator now.
		"never was one":                          {b(seen(-1440)), out, 0, Contain, "is no administrator and called"},
		"was made one by an outsider":            {b(seen(-1440), granted(-2, Outsider)), out, 0, Contain, "no administrator"},
		"taken by an administrator before":       {b(seen(-1440, userID), taken(-2, Entitled)), out, 0, Contain, "no administrator"},
		"taken in the second of the event":       {b(seen(-1440, userID), taken(0, Entitled), seen(1)), out, 5, Alert, "was an administrator then and is none any more"},
		"taken then from one who was planted":    {b(seen(-1440), granted(-3, Outsider), taken(0, Entitled), seen(1)), out, 5, Contain, "no administrator"},
		"taken by an administrator afterwards":   {b(seen(-1440, userID), taken(2, Entitled), seen(3)), out, 5, Alert, "was an administrator then and is none any more"},
		"robbed before":                          {b(seen(-1440, userID), taken(-2, Outsider), seen(-1)), out, 0, Escalate, "until user outsider, who is none, took that away"},
		"robbed afterwards":                      {b(seen(-1440, userID), taken(2, Outsider), seen(3)), out, 5, Alert, "then and is none any more"},
		"not seen any more, nobody knows why":    {b(seen(-1440, userID), seen(-5)), out, 0, Escalate, "who took that away is not known yet"},
		"not seen any more for a while":          {b(seen(-1440, userID), seen(-60)), out, 0, Contain, "no administrator"},
		"made by an outsider and taken by him":   {b(seen(-1440), granted(-3, Outsider), taken(-2, Outsider)), out, 0, Contain, "no administrator"},
		"was seen for a while, unexplained, out": {b(seen(-1440), seen(-5, userID), seen(-3)), out, 0, Contain, "no administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := user("devs")
			if tt.member {
				f = user("devs", "Administrators")
			}
			f.Baseline = tt.baseline
			j := Judge(Config{}, event(t, mallory, "iam:CreateUser"), f, minute(tt.judged))
			if j.Verdict != tt.want || !strings.Contains(j.Reason, tt.says) {
				t.Errorf("%s: %s\nwant %s: …%s…", j.Verdict, j.Reason, tt.want, tt.says)
			}
			if j.Settling && (j.Verdict != Escalate || tt.judged > 1) {
				t.Errorf("%s settles after %v minutes", j.Verdict, tt.judged)
			}
		})
	}
}

// Who makes himself one, in the very call, is contained whatever is
// remembered, unless he is one rightly.
func TestMakesHimself(t *testing.T) {
	t.Parallel()
	tagged := Config{AdminTag: Tag{"duty", "iam"}}
	for name, tt := range map[string]struct {
		cfg   Config
		call  string
		more  string
		facts func(*UserFacts)
		known bool
		want  Verdict
	}{
		"joins":               {Config{}, "iam:AddUserToGroup", `,"requestParameters":{"userName":"Mallory","groupName":"administrators"}`, func(u *UserFacts) { u.Groups = []string{"Administrators"} }, false, Contain},
		"joins what he is in": {Config{}, "iam:AddUserToGroup", `,"requestParameters":{"userName":"mallory","groupName":"Administrators"}`, func(u *UserFacts) { u.Groups = []string{"Administrators"} }, true, Allowed},
		"tags himself":        {tagged, "iam:TagUser", `,"requestParameters":{"userName":"mallory","tags":[{"key":"duty","value":"iam"}]}`, func(u *UserFacts) { u.Tags = map[string]string{"duty": "iam"} }, false, Contain},
		"renames his group":   {Config{}, "iam:UpdateGroup", `,"requestParameters":{"groupName":"devs","newGroupName":"Administrators"}`, func(u *UserFacts) { u.Groups = []string{"Administrators"} }, false, Contain},
	} {
		for _, remembered := range []bool{true, false} {
			if !remembered && tt.known {
				continue // without a memory there is no telling
			}
			f := user()
			tt.facts(f.User)
			if remembered {
				f.Baseline = &Baseline{Seen: []Seen{seen(-1440)}}
				if tt.known {
					f.Baseline.Seen = []Seen{seen(-1440, userID)}
				}
			}
			j := Judge(tt.cfg, event(t, mallory, tt.call, tt.more), f, minute(0))
			if j.Verdict != tt.want || tt.want == Contain && (!strings.Contains(j.Reason, "made himself an administrator") || j.Standing != Outsider) {
				t.Errorf("%s (remembered: %v): %s %s: %s", name, remembered, j.Verdict, j.Standing, j.Reason)
			}
		}
	}
}

// What is remembered gives the same answer in whatever order it was written.
func TestBaselineKnowsNoOrder(t *testing.T) {
	t.Parallel()
	standings := []Standing{Entitled, Outsider, Doubtful}
	rapid.Check(t, func(r *rapid.T) {
		var b Baseline
		for range rapid.IntRange(0, 6).Draw(r, "looks") {
			s := seen(float64(rapid.IntRange(-100, 20).Draw(r, "at")))
			if rapid.Bool().Draw(r, "is in") {
				s.IDs = append(s.IDs, userID)
			}
			b.Seen = append(b.Seen, s)
		}
		// Two looks at one time may say two things; the ledger has one.
		for i := range b.Seen {
			b.Seen[i].At = b.Seen[i].At.Add(time.Duration(i) * time.Millisecond)
		}
		for range rapid.IntRange(0, 6).Draw(r, "grants") {
			g := granted(float64(rapid.IntRange(-100, 20).Draw(r, "granted at")), rapid.SampledFrom(standings).Draw(r, "by"))
			g.Removed = rapid.Bool().Draw(r, "removed")
			b.Grants = append(b.Grants, g)
		}
		other := Baseline{Seen: rapid.Permutation(b.Seen).Draw(r, "looks shuffled"), Grants: rapid.Permutation(b.Grants).Draw(r, "grants shuffled")}
		at := minute(float64(rapid.IntRange(-110, 30).Draw(r, "asked")))
		if x, y := b.of(userID, at), other.of(userID, at); x != y {
			r.Fatalf("%+v and %+v", x, y)
		}
	})
}

func TestAdminChanges(t *testing.T) {
	t.Parallel()
	cfg := Config{AdminGroups: []string{"Administrators", "SRE"}, AdminRoles: []string{"arn:aws:iam::111122223333:role/ops/Admin"}, AdminTag: Tag{"duty", "iam"}}
	request := func(members string) string { return `,"requestParameters":{` + members + `}` }
	for name, tt := range map[string]struct {
		call, more, want string
	}{
		"add to the group":           {"iam:AddUserToGroup", request(`"userName":"eve","groupName":"administrators"`), "user eve was made an administrator (group administrators)"},
		"add to another":             {"iam:AddUserToGroup", request(`"userName":"eve","groupName":"devs"`), ""},
		"failed":                     {"iam:AddUserToGroup", request(`"userName":"eve","groupName":"SRE"`) + failed, ""},
		"another service's":          {"identitystore:AddUserToGroup", request(`"userName":"eve","groupName":"SRE"`), ""},
		"remove":                     {"iam:RemoveUserFromGroup", request(`"userName":"eve","groupName":"SRE"`), "user eve is no administrator any more (group SRE)"},
		"rename to":                  {"iam:UpdateGroup", request(`"groupName":"devs","newGroupName":"SRE"`), "every member of group SRE was made an administrator (group SRE)"},
		"rename away":                {"iam:UpdateGroup", request(`"groupName":"SRE","newGroupName":"old"`), "every member of group old is no administrator any more (group SRE)"},
		"rename among them":          {"iam:UpdateGroup", request(`"groupName":"SRE","newGroupName":"Administrators"`), ""},
		"new path only":              {"iam:UpdateGroup", request(`"groupName":"SRE","newPath":"/x/"`), ""},
		"tag a user":                 {"iam:TagUser", request(`"userName":"eve","tags":[{"key":"team","value":"a"},{"key":"duty","value":"iam"}]`), "user eve was made an administrator (tag duty=iam)"},
		"tag with another value":     {"iam:TagUser", request(`"userName":"eve","tags":[{"key":"Duty","value":"sales"}]`), "user eve is no administrator any more (tag duty=iam)"},
		"tag with another key":       {"iam:TagUser", request(`"userName":"eve","tags":[{"key":"team","value":"iam"}]`), ""},
		"untag a user":               {"iam:UntagUser", request(`"userName":"eve","tagKeys":["x","duty"]`), "user eve is no administrator any more (tag duty=iam)"},
		"tag a role":                 {"iam:TagRole", request(`"roleName":"ops","tags":[{"key":"duty","value":"iam"}]`), "role ops was made an administrator (tag duty=iam)"},
		"untag a role":               {"iam:UntagRole", request(`"roleName":"ops","tagKeys":["duty"]`), "role ops is no administrator any more (tag duty=iam)"},
		"create a tagged user":       {"iam:CreateUser", request(`"userName":"eve","tags":[{"key":"duty","value":"iam"}]`), "user eve was made an administrator (tag duty=iam)"},
		"create another user":        {"iam:CreateUser", request(`"userName":"eve","tags":[{"key":"duty","value":"sales"}]`), ""},
		"create the role":            {"iam:CreateRole", request(`"roleName":"Admin","path":"/ops/"`), "role Admin was made an administrator (role arn:aws:iam::111122223333:role/ops/Admin)"},
		"create one of another path": {"iam:CreateRole", request(`"roleName":"Admin"`), ""},
		"no request":                 {"iam:TagUser", "", ""},
		"a request of another form":  {"iam:TagUser", `,"requestParameters":{"tags":"duty"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range cfg.AdminChanges(event(t, mallory, tt.call, tt.more)) {
				got = append(got, c.String())
			}
			if strings.Join(got, "; ") != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if got := (Config{}).AdminChanges(event(t, mallory, "iam:TagUser", request(`"userName":"eve","tags":[{"key":"","value":""}]`))); got != nil {
		t.Errorf("without a tag in the configuration: %v", got)
	}
}

func TestRule(t *testing.T) {
	t.Parallel()
	same := Config{AdminGroups: []string{"sre", "ADMINISTRATORS", "SRE"}, Protected: []string{"x"}}
	if (Config{AdminGroups: []string{"Administrators", "SRE"}}).Rule() != same.Rule() {
		t.Error("order and case of groups make another rule")
	}
	rules := map[string]bool{}
	for _, c := range []Config{{}, {AdminGroups: []string{}}, {AdminRoles: []string{"r"}}, {AdminTag: Tag{"a", "b"}}} {
		rules[c.Rule()] = true
	}
	if len(rules) != 4 {
		t.Errorf("%d rules: %v", len(rules), rules)
	}
}

// What a caller was when he granted, by which the grant counts.
func TestStanding(t *testing.T) {
	t.Parallel()
	gone := &Facts{Account: acct, User: &UserFacts{}}
	remembered := func(f *Facts, s ...Seen) *Facts {
		g := *f
		g.Baseline = &Baseline{Seen: s}
		return &g
	}
	for name, tt := range map[string]struct {
		cfg   Config
		by    caller
		facts *Facts
		want  Standing
	}{
		"administrator":               {Config{}, mallory, user("Administrators"), Entitled},
		"outsider":                    {Config{}, mallory, user(), Outsider},
		"outsider, level alert":       {Config{Level: AlertOnly}, mallory, user(), Outsider},
		"outsider's role":             {Config{}, ci, &Facts{Account: acct}, Outsider},
		"root":                        {Config{}, root, &Facts{Account: acct}, Doubtful},
		"protected":                   {Config{Protected: []string{"arn:aws:iam::111122223333:user/mallory"}}, mallory, user(), Doubtful},
		"service-linked role":         {Config{}, linked, &Facts{Account: acct}, Entitled},
		"gone, nothing remembered":    {Config{}, mallory, gone, Doubtful},
		"gone, was an administrator":  {Config{}, mallory, remembered(gone, seen(-60, userID)), Entitled},
		"gone, was none":              {Config{}, mallory, remembered(gone, seen(-60)), Outsider},
		"was one then, is none now":   {Config{}, mallory, remembered(user(), seen(-60, userID), seen(1)), Entitled},
		"an event of another account": {Config{}, mallory, &Facts{Account: "999999999999", User: user().User}, NotOurs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := Judge(tt.cfg, event(t, tt.by, "iam:AddUserToGroup"), tt.facts, minute(2))
			if j.Standing != tt.want {
				t.Errorf("%s, want %s (%s: %s)", j.Standing, tt.want, j.Verdict, j.Reason)
			}
		})
	}
	e := event(t, mallory, "iam:AddUserToGroup")
	e.Envelope = &trail.Envelope{Source: "my.app", Account: acct, DetailType: "AWS API Call via CloudTrail"}
	if j := Judge(Config{}, e, user("Administrators"), now); j.Standing != NotOurs {
		t.Errorf("a forged event: %s", j.Standing)
	}
}
