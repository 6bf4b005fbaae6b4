package guard

import (
	"strings"
	"testing"
	"time"
)

// Who may change identities besides the groups: roles and users with the tag,
// as IAM has it now.
func TestAdminTag(t *testing.T) {
	t.Parallel()
	cfg := Config{AdminTag: Tag{"duty", "iam"}}
	withTags := func(f *Facts, tags map[string]string) *Facts {
		g := *f
		if f.User != nil {
			u := *f.User
			u.Tags = tags
			g.User = &u
		}
		if f.Role != nil {
			r := *f.Role
			r.Tags = tags
			g.Role = &r
		}
		return &g
	}
	// A session brings tags of its own choice; none of this is IAM's word.
	boasting := caller(strings.Replace(string(ci), `"sessionContext":{`, `"sessionContext":{"principalTags":{"duty":"iam"},"tags":[{"key":"duty","value":"iam"}],`, 1))
	for name, tt := range map[string]struct {
		cfg   Config
		by    caller
		facts *Facts
		want  Verdict
		says  string
	}{
		"user with the tag":             {cfg, mallory, withTags(user(), map[string]string{"duty": "iam"}), Allowed, "administrator: user mallory has the tag duty=iam"},
		"another value":                 {cfg, mallory, withTags(user(), map[string]string{"duty": "IAM"}), Contain, "no administrator"},
		"another case of the key":       {cfg, mallory, withTags(user(), map[string]string{"Duty": "iam"}), Contain, "no administrator"},
		"no tag is asked for":           {Config{}, mallory, withTags(user(), map[string]string{"": "", "duty": "iam"}), Contain, "no administrator"},
		"role with the tag":             {cfg, ci, withTags(roleNow("ci"), map[string]string{"duty": "iam"}), Allowed, "administrator: session s1 of role ci has the tag"},
		"role without":                  {cfg, ci, roleNow("ci"), Alert, "sessions are reported only"},
		"role without, contained":       {Config{AdminTag: cfg.AdminTag, ContainSessions: true}, ci, roleNow("ci"), Contain, "no administrator"},
		"a session's own tags":          {cfg, boasting, roleNow("ci"), Alert, "no administrator"},
		"role not looked up":            {cfg, ci, &Facts{Account: acct}, Unknown, "does role AROAci exist"},
		"federated user, its user's":    {cfg, federatedOf, withTags(user(), map[string]string{"duty": "iam"}), Allowed, "administrator: federated session bob of user mallory"},
		"role by its ARN, looked up":    {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, roleNow("ci"), Allowed, "is one by its role's ARN"},
		"role by its ARN, not yet":      {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, &Facts{Account: acct}, Unknown, "does role AROAci exist"},
		"role by its ARN, gone":         {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, &Facts{Account: acct, Role: &RoleFacts{}}, Escalate, "the role does not exist any more"},
		"role by its ARN, made anew":    {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, &Facts{Account: acct, Role: &RoleFacts{Exists: true, ID: "AROANEW", Name: "ci"}}, Escalate, "the caller's was AROAci, ci is AROANEW now"},
		"role with the tag, made anew":  {cfg, ci, &Facts{Account: acct, Role: &RoleFacts{Exists: true, ID: "AROANEW", Name: "ci", Tags: map[string]string{"duty": "iam"}}}, Escalate, "made anew"},
		"contained role, made anew":     {Config{ContainSessions: true}, ci, &Facts{Account: acct, Role: &RoleFacts{Exists: true, ID: "AROANEW", Name: "ci"}}, Escalate, "made anew"},
		"role remade by an outsider":    {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}, ContainSessions: true}, ci, remade(Outsider), Contain, "is one by its role's ARN, made an administrator by user outsider, who was none"},
		"role remade by whom it should": {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, remade(Entitled), Allowed, "made one by user entitled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := Judge(tt.cfg, event(t, tt.by, "iam:CreateUser"), tt.facts, now)
			if j.Verdict != tt.want || !strings.Contains(j.Reason, tt.says) {
				t.Errorf("%s: %s\nwant %s: …%s…", j.Verdict, j.Reason, tt.want, tt.says)
			}
			if j.NeedsFacts != (tt.want == Unknown) {
				t.Errorf("needs facts: %v", j.NeedsFacts)
			}
		})
	}
}

// federatedOf is a federated session of mallory.
var federatedOf = caller(`"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"}}`)

// remade are facts of the role ci, made anew a minute before by somebody.
func remade(by Standing) *Facts {
	f := roleNow("ci")
	f.Baseline = &Baseline{
		Seen:   []Seen{{At: minute(-60), IDs: []string{someAdmin, "AROAOLD"}}, {At: minute(-0.5), IDs: []string{someAdmin, "AROAci"}}},
		Grants: []Grant{{ID: "AROAci", By: "user " + string(by), Standing: by, At: minute(-1)}},
	}
	return f
}

// A federated session is judged, contained and counted as its user is.
func TestFederatedSessionIsItsUser(t *testing.T) {
	t.Parallel()
	of := func(cfg Config, f *Facts) Judgement {
		return Judge(cfg, event(t, federatedOf, "iam:CreateUser"), f, now)
	}
	const arn = "arn:aws:iam::111122223333:user/mallory"
	j := of(Config{}, user())
	if j.Verdict != Contain || j.Subject.ARN != arn || j.Subject.ID != userID {
		t.Errorf("%s of %+v: %s", j.Verdict, j.Subject, j.Reason)
	}
	if own := Judge(Config{}, event(t, mallory, "iam:CreateUser"), user(), now); own.Incident != j.Incident {
		t.Error("a user and his federated session are two incidents")
	}
	for name, tt := range map[string]struct {
		cfg   Config
		facts *Facts
		want  Verdict
	}{
		"of an administrator":    {Config{}, user("Administrators"), Allowed},
		"of one who is gone":     {Config{}, &Facts{Account: acct, User: &UserFacts{}}, Escalate},
		"of one made anew":       {Config{}, &Facts{Account: acct, User: &UserFacts{Exists: true, ID: "AIDANEW", Name: "mallory"}}, Escalate},
		"of one protected":       {Config{Protected: []string{arn}}, user(), Alert},
		"of warden's own":        {Config{Self: []string{arn}}, nil, Allowed},
		"of one who is exempt":   {Config{Exemptions: []Exemption{{ARN: arn, ID: userID, Rule: "guard", Expires: now.Add(time.Hour)}}}, nil, Allowed},
		"self-service is not":    {Config{SelfService: true}, user(), Contain},
		"of one not looked up":   {Config{}, &Facts{Account: acct}, Unknown},
		"of an earlier bearer's": {Config{Exemptions: []Exemption{{ARN: arn, ID: "AIDAOLD", Rule: "guard", Expires: now.Add(time.Hour)}}}, user(), Contain},
	} {
		if j := of(tt.cfg, tt.facts); j.Verdict != tt.want {
			t.Errorf("%s: %s, want %s: %s", name, j.Verdict, tt.want, j.Reason)
		}
	}
}

func TestSelfService(t *testing.T) {
	t.Parallel()
	own := `,"requestParameters":{"userName":"mallory"}`
	for name, tt := range map[string]struct {
		by   caller
		call string
		more string
		want Verdict // with self-service; without it all are contained
	}{
		"own password":              {mallory, "iam:ChangePassword", "", Allowed},
		"own password, in console":  {session, "iam:ChangePassword", "", Allowed},
		"new virtual device":        {mallory, "iam:CreateVirtualMFADevice", `,"requestParameters":{"virtualMFADeviceName":"phone"}`, Allowed},
		"own device":                {mallory, "iam:EnableMFADevice", own, Allowed},
		"own device, again":         {mallory, "iam:ResyncMFADevice", own, Allowed},
		"somebody else's device":    {mallory, "iam:EnableMFADevice", `,"requestParameters":{"userName":"eve"}`, Contain},
		"nobody's device":           {mallory, "iam:EnableMFADevice", "", Contain},
		"own device off":            {mallory, "iam:DeactivateMFADevice", own, Contain},
		"own device away":           {mallory, "iam:DeleteVirtualMFADevice", own, Contain},
		"own access key":            {mallory, "iam:CreateAccessKey", own, Contain},
		"a password for somebody":   {mallory, "iam:UpdateLoginProfile", own, Contain},
		"a password of his session": {federatedOf, "iam:ChangePassword", "", Contain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := event(t, tt.by, tt.call, tt.more)
			if j := Judge(Config{SelfService: true}, e, user(), now); j.Verdict != tt.want || tt.want == Allowed && !strings.Contains(j.Reason, "self-service: ") {
				t.Errorf("%s, want %s: %s", j.Verdict, tt.want, j.Reason)
			}
			if j := Judge(Config{}, e, user(), now); j.Verdict != Contain {
				t.Errorf("without self-service: %s: %s", j.Verdict, j.Reason)
			}
			if j := Judge(Config{SelfService: true}, e, &Facts{Account: acct, User: &UserFacts{}}, now); j.Verdict != Escalate {
				t.Errorf("somebody who is gone: %s: %s", j.Verdict, j.Reason)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Tag{"duty=iam": {"duty", "iam"}, "a=b=c": {"a", "b=c"}, "Team Duty=x y": {"Team Duty", "x y"}} {
		if got, err := ParseTag(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "duty", "=iam", "duty="} {
		if tag, err := ParseTag(text); err == nil {
			t.Errorf("%q: %+v", text, tag)
		}
	}
	for text, want := range map[string]Level{"": DenyIAM, "deny-iam": DenyIAM, "deny-all": DenyAll, "alert": AlertOnly} {
		if got, err := ParseLevel(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	if level, err := ParseLevel("DENY-IAM"); err == nil {
		t.Errorf("a name of another case: %s", level)
	}
}
