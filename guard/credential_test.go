package guard

import (
	"strings"
	"testing"
	"time"
)

// keyOf and sessionOf are mallory's credentials here; the administrator is
// mallory, and it is eve who made the credential.
var (
	keyCaller     = mallory
	sessionCaller = caller(`"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","userName":"mallory","sessionContext":{"attributes":{"creationDate":"2026-01-02T03:00:00Z"}}`)
)

// A call with a credential that an outsider holds is the outsider's. An
// administrator is not contained for it, but the credential is; everybody else
// is contained as he would be.
func TestHeldCredentials(t *testing.T) {
	t.Parallel()
	call := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	by := func(s Standing, at time.Time) Hand {
		return Hand{By: "user eve", Standing: s, Incident: "inc-eve", At: at}
	}
	password := func(s Standing, at time.Time) Hand {
		h := by(s, at)
		h.Password = true
		return h
	}
	issued := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	admin := func(hands ...Hand) *Facts {
		f := user("Administrators")
		f.Baseline = &Baseline{Seen: []Seen{{At: minute(-60), IDs: []string{userID, someAdmin}}}}
		f.Hands = hands
		return f
	}
	with := func(f *Facts, hands ...Hand) *Facts {
		g := *f
		g.Hands = hands
		return &g
	}
	exempt := Config{Exemptions: []Exemption{{ARN: "arn:aws:iam::111122223333:user/mallory", ID: userID, Rule: "guard", Reason: "pipeline", Owner: "ops", Expires: now.Add(time.Hour)}}}
	const key, sess = "AKIAEXAMPLE", "AIDAMALLORY 2026-01-02T03:00:00Z"
	for name, tt := range map[string]struct {
		cfg        Config
		by         caller
		call       string
		more       string
		facts      *Facts
		want       Verdict
		credential string
		standing   Standing
		says       string
	}{
		"his own key":                       {Config{}, keyCaller, "iam:CreateUser", "", admin(), Allowed, "", Entitled, "administrator"},
		"an outsider's key":                 {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, call.Add(-time.Minute))), Contain, key, Outsider, "with access key AKIAEXAMPLE, which user eve, who is no administrator, made"},
		"made in the same second":           {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, call)), Contain, key, Outsider, "user eve"},
		"made only later":                   {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, call.Add(time.Second))), Allowed, "", Entitled, "administrator"},
		"given back since":                  {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, call.Add(-time.Hour)), by(Entitled, call.Add(-time.Minute))), Allowed, "", Entitled, "administrator"},
		"given back after the call":         {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Entitled, call.Add(time.Minute)), by(Outsider, call.Add(-time.Hour))), Contain, key, Outsider, "user eve"},
		"given back and taken in a second":  {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, call), by(Entitled, call)), Contain, key, Outsider, "user eve"},
		"a session got with it":             {Config{}, sessionCaller, "iam:CreateUser", "", admin(by(Outsider, issued)), Contain, sess, Outsider, "with a session that user eve"},
		"the console, with a new password":  {Config{}, sessionCaller, "iam:CreateUser", "", admin(password(Outsider, issued)), Contain, sess, Outsider, "with the password that user eve"},
		"the console, from before":          {Config{}, sessionCaller, "iam:CreateUser", "", admin(password(Outsider, issued.Add(time.Second))), Allowed, "", Entitled, "administrator"},
		"tries and fails":                   {Config{}, keyCaller, "iam:CreateUser", failed, admin(by(Outsider, issued)), Alert, key, Outsider, "tried CreateUser and failed"},
		"takes a role with it":              {Config{}, keyCaller, "sts:AssumeRole", "", admin(by(Outsider, issued)), Ignored, "", Outsider, "normal life"},
		"a key of who is none":              {Config{}, keyCaller, "iam:CreateUser", "", with(user("devs"), by(Outsider, issued)), Contain, "", Outsider, "user eve"},
		"self-service with it":              {Config{SelfService: true}, keyCaller, "iam:ChangePassword", "", with(user("devs"), by(Outsider, issued)), Contain, "", Outsider, "user eve"},
		"a key of who is exempt":            {exempt, keyCaller, "iam:CreateUser", "", with(user("devs"), by(Outsider, issued)), Contain, key, Outsider, "user eve"},
		"a key of who is protected":         {Config{Protected: []string{"arn:aws:iam::111122223333:user/mallory"}}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, issued)), Alert, "", Outsider, "protected, so never touched"},
		"a key of warden's own user":        {Config{Self: []string{"arn:aws:iam::111122223333:user/mallory"}}, keyCaller, "iam:CreateUser", "", admin(by(Outsider, issued)), Alert, "", Outsider, "protected, so never touched"},
		"a key of one who was robbed":       {Config{}, keyCaller, "iam:CreateUser", "", robbedWith(by(Outsider, issued)), Contain, key, Outsider, "user eve"},
		"a listed role, taken with it":      {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}, ContainSessions: true}, ci, "iam:CreateUser", "", with(roleNow("ci"), by(Outsider, issued)), Contain, "", Outsider, "session s1 of role ci"},
		"a listed role, reported only":      {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, "iam:CreateUser", "", with(roleNow("ci"), by(Outsider, issued)), Alert, "", Outsider, "reported only"},
		"warden's own role, taken with it":  {Config{Self: []string{"arn:aws:iam::111122223333:role/ci"}, ContainSessions: true}, ci, "iam:CreateUser", "", with(roleNow("ci"), by(Outsider, issued)), Alert, "", Outsider, "protected"},
		"removes an administrator with it":  {Config{}, keyCaller, "iam:RemoveUserFromGroup", `,"requestParameters":{"userName":"other","groupName":"Administrators"}`, admin(by(Outsider, issued)), Contain, key, Outsider, "user other is no administrator any more"},
		"a key by somebody who is doubtful": {Config{}, keyCaller, "iam:CreateUser", "", admin(by(Doubtful, issued)), Allowed, "", Entitled, "administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := Judge(tt.cfg, event(t, tt.by, tt.call, tt.more), tt.facts, now)
			if j.Verdict != tt.want || !strings.Contains(j.Reason, tt.says) || j.Credential != tt.credential || j.Standing != tt.standing {
				t.Errorf("%s, credential %q, %s: %s\nwant %s, %q, %s: …%s…", j.Verdict, j.Credential, j.Standing, j.Reason, tt.want, tt.credential, tt.standing, tt.says)
			}
			own := Judge(tt.cfg, event(t, mallory, "iam:CreateUser"), user(), now).Incident
			if tt.credential != "" && (j.Incident == "" || j.Incident == own) {
				t.Errorf("incident %q is that of the owner", j.Incident)
			}
		})
	}
}

func robbedWith(h Hand) *Facts {
	f := user("devs")
	f.Hands = []Hand{h}
	f.Baseline = &Baseline{
		Seen:   []Seen{{At: minute(-120), IDs: []string{userID, someAdmin}}, {At: minute(-70), IDs: []string{someAdmin}}},
		Grants: []Grant{{ID: userID, By: "user eve", Standing: Outsider, Removed: true, At: minute(-80)}},
	}
	return f
}

// Who makes a key for an administrator, and with it himself one, all in one
// second, was none when he made the key, whichever event comes first.
func TestNobodyEntitlesHimselfByAnothersKey(t *testing.T) {
	t.Parallel()
	call := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := user("Administrators")
	f.Baseline = &Baseline{
		Seen:   []Seen{{At: minute(-60), IDs: []string{someAdmin}}},
		Grants: []Grant{{ID: userID, By: "user boss", Standing: Entitled, At: call}},
	}
	made := func(of string) Judgement {
		return Judge(Config{}, event(t, mallory, "iam:CreateAccessKey", `,"requestParameters":{"userName":"`+of+`"}`), f, now)
	}
	if j := made("boss"); j.Standing != Outsider {
		t.Errorf("a key for another: %s, %s: %s", j.Verdict, j.Standing, j.Reason)
	}
	if j := made("mallory"); j.Verdict != Allowed {
		t.Errorf("a key for himself: %s: %s", j.Verdict, j.Reason)
	}
}

// From whom an administrator took it away a moment ago is not contained at
// once: who took it may turn out to have acted with a credential of another's.
func TestRemovedAMomentAgo(t *testing.T) {
	t.Parallel()
	call := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := user("devs")
	f.Baseline = &Baseline{
		Seen:   []Seen{{At: call.Add(-time.Hour), IDs: []string{someAdmin, userID}}},
		Grants: []Grant{{ID: userID, By: "user boss", Standing: Entitled, Removed: true, At: call.Add(-10 * time.Second)}},
	}
	for after, want := range map[time.Duration]Verdict{time.Second: Escalate, 2 * time.Minute: Contain} {
		j := Judge(Config{}, event(t, mallory, "iam:CreateUser"), f, call.Add(after))
		if j.Verdict != want || j.Settling != (want == Escalate) {
			t.Errorf("%s after: %s, settling %v: %s", after, j.Verdict, j.Settling, j.Reason)
		}
	}
}
