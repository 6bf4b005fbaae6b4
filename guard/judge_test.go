package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/finding"
	"warden/trail"
)

const (
	acct   = "111122223333"
	userID = "AIDAMALLORY"
)

var now = time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)

// Callers of test events.
var (
	mallory   = caller(`"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE","userName":"mallory"`)
	session   = caller(`"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","userName":"mallory"`)
	stranger  = caller(`"type":"IAMUser","principalId":"AIDAOTHER","arn":"arn:aws:iam::444455556666:user/stranger","accountId":"444455556666","userName":"stranger"`)
	ci        = role("/", "ci")
	admin     = role("/ops/", "Admin")
	ssoDev    = role("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Dev_0123456789abcdef")
	linked    = role("/aws-service-role/elasticloadbalancing.amazonaws.com/", "AWSServiceRoleForElasticLoadBalancing")
	root      = caller(`"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"`)
	service   = caller(`"type":"AWSService","invokedBy":"ec2.amazonaws.com"`)
	other     = caller(`"type":"AWSAccount","principalId":"AIDAOTHER","accountId":"444455556666"`)
	federated = caller(`"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob","accountId":"111122223333"`)
	robot     = caller(`"type":"Robot","accountId":"111122223333"`)
	webUser   = caller(`"type":"WebIdentityUser","principalId":"idp:app:bob","userName":"bob"`)
)

type caller string

func role(path, name string) caller {
	return caller(fmt.Sprintf(`"type":"AssumedRole","principalId":"AROA%[2]s:s1","arn":"arn:aws:sts::111122223333:assumed-role/%[2]s/s1","accountId":"111122223333","sessionContext":{"attributes":{"creationDate":"2026-01-02T03:00:00Z"},"sessionIssuer":{"type":"Role","principalId":"AROA%[2]s","arn":"arn:aws:iam::111122223333:role%[1]s%[2]s","accountId":"111122223333","userName":"%[2]s"}}`, path, name))
}

// event builds "service:Name" by the caller; more is further JSON members.
func event(t testing.TB, by caller, call string, more ...string) *trail.Event {
	t.Helper()
	svc, name, _ := strings.Cut(call, ":")
	e, err := trail.ParseEvent([]byte(fmt.Sprintf(
		`{"eventID":"e1","eventName":%q,"eventSource":"%s.amazonaws.com","eventTime":"2026-01-02T03:04:05Z","recipientAccountId":"111122223333","userIdentity":{%s}%s}`,
		name, svc, by, strings.Join(more, ""))))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func user(groups ...string) *Facts {
	return &Facts{Account: acct, User: &UserFacts{Exists: true, ID: userID, ARN: "arn:aws:iam::111122223333:user/mallory", Name: "mallory", Groups: groups}}
}

// roleNow are facts in which the role of that name is there as in role.
func roleNow(name string) *Facts {
	return &Facts{Account: acct, Role: &RoleFacts{Exists: true, ID: "AROA" + name, ARN: "arn:aws:iam::111122223333:role/" + name, Name: name}}
}

const failed = `,"errorCode":"AccessDenied"`

func TestJudge(t *testing.T) {
	t.Parallel()
	ours := &Facts{Account: acct}
	sessions := Config{ContainSessions: true}
	exempt := func(id, rule string, expires time.Time) Config {
		return Config{Exemptions: []Exemption{{ARN: "arn:aws:iam::111122223333:user/mallory", ID: id, Rule: rule, Reason: "sets up the pipeline", Owner: "ops", Expires: expires}}}
	}
	later, before := now.Add(24*time.Hour), now.Add(-24*time.Hour)
	join := func(group string) string {
		return `,"requestParameters":{"userName":"mallory","groupName":"` + group + `"}`
	}
	tests := map[string]struct {
		cfg   Config
		by    caller
		call  string
		more  string
		facts *Facts
		want  Verdict
		says  string // part of the reason
	}{
		// Users.
		"user writes":                    {Config{}, mallory, "iam:CreateUser", "", user("devs"), Contain, "user mallory is no administrator and called CreateUser"},
		"session of a user writes":       {Config{}, session, "iam:CreateUser", "", user(), Contain, "no administrator"},
		"unknown write":                  {Config{}, mallory, "iam:BrandNewThing", "", user(), Contain, "called BrandNewThing"},
		"user fails":                     {Config{}, mallory, "iam:CreateUser", failed, user(), Alert, "tried CreateUser and failed (AccessDenied)"},
		"user reads":                     {Config{}, mallory, "iam:ListUsers", "", user(), Ignored, "neither writes"},
		"administrator":                  {Config{}, mallory, "iam:CreateUser", "", user("devs", "Administrators"), Allowed, "is in group Administrators"},
		"administrator, other case":      {Config{}, mallory, "iam:CreateUser", "", user("ADMINISTRATORS"), Allowed, "group ADMINISTRATORS"},
		"administrator fails":            {Config{}, mallory, "iam:CreateUser", failed, user("Administrators"), Allowed, "administrator"},
		"no administrators at all":       {Config{AdminGroups: []string{}}, mallory, "iam:CreateUser", "", user("Administrators"), Contain, "no administrator"},
		"other administrators":           {Config{AdminGroups: []string{"root-of-all"}}, mallory, "iam:CreateUser", "", user("Administrators"), Contain, "no administrator"},
		"no facts":                       {Config{}, mallory, "iam:CreateUser", "", nil, Unknown, "needs: does AIDAMALLORY exist"},
		"facts, none of the user":        {Config{}, mallory, "iam:CreateUser", "", ours, Unknown, "needs"},
		"group look-up failed":           {Config{}, mallory, "iam:CreateUser", "", &Facts{Account: acct, User: user("Administrators").User, Gaps: []account.Gap{{What: "iam:ListGroupsForUser", Reason: "throttled"}}}, Escalate, "iam:ListGroupsForUser could not be read: throttled"},
		"user look-up failed":            {Config{}, mallory, "iam:CreateUser", "", &Facts{Account: acct, Gaps: []account.Gap{{What: "iam:GetUser", Reason: "throttled"}}}, Escalate, "iam:GetUser could not be read"},
		"user is gone":                   {Config{}, mallory, "iam:CreateUser", "", &Facts{Account: acct, User: &UserFacts{}}, Escalate, "does not exist any more"},
		"name made anew":                 {Config{}, mallory, "iam:CreateUser", "", &Facts{Account: acct, User: &UserFacts{Exists: true, ID: "AIDANEW", Name: "mallory", Groups: []string{"Administrators"}}}, Escalate, "the name was made anew: the caller was AIDAMALLORY, mallory is AIDANEW now"},
		"renamed":                        {Config{}, mallory, "iam:CreateUser", "", &Facts{Account: acct, User: &UserFacts{Exists: true, ID: userID, Name: "molly"}}, Contain, "no administrator"},
		"no unique id":                   {Config{}, caller(strings.Replace(string(mallory), userID, "", 1)), "iam:CreateUser", "", user(), Escalate, "no unique id"},
		"our account unknown":            {Config{}, mallory, "iam:CreateUser", "", &Facts{User: user().User}, Escalate, "not known which account"},
		"protected":                      {Config{Protected: []string{"arn:aws:iam::111122223333:user/mallory"}}, mallory, "iam:CreateUser", "", user(), Alert, "protected"},
		"warden itself":                  {Config{Self: []string{"arn:aws:iam::111122223333:user/mallory"}}, mallory, "iam:AttachUserPolicy", "", nil, Allowed, "warden's own"},
		"service-linked role for a user": {Config{}, mallory + `,"invokedBy":"elasticloadbalancing.amazonaws.com"`, "iam:CreateServiceLinkedRole", "", user(), Alert, "set up its own role"},
		"service-linked role by hand":    {Config{}, mallory, "iam:CreateServiceLinkedRole", "", user(), Contain, "no administrator"},
		"user through a service":         {Config{}, mallory + `,"invokedBy":"cloudformation.amazonaws.com"`, "iam:CreateUser", "", user(), Contain, "no administrator"},
		"user, old event":                {Config{MaxAge: time.Minute}, mallory, "iam:CreateUser", "", user(), Contain, "; the event is 55m55s old"},
		"user, fresh event":              {Config{MaxAge: time.Hour}, mallory, "iam:CreateUser", "", user(), Contain, "called CreateUser"},
		"user of another account, here":  {Config{}, stranger, "iam:CreateUser", "", user(), Alert, "user stranger of account 444455556666"},
		"user stops the trail":           {Config{}, mallory, "cloudtrail:StopLogging", "", user(), Alert, "called StopLogging"},
		"administrator stops the trail":  {Config{}, mallory, "cloudtrail:StopLogging", "", user("administrators"), Allowed, "administrator"},
		"user updates a function":        {Config{}, mallory, "lambda:UpdateFunctionCode20150331v2", "", nil, Ignored, "noted, of low severity only"},
		"user assumes a role":            {Config{}, mallory, "sts:AssumeRole", "", nil, Ignored, "normal life"},
		"user gets a session":            {Config{}, mallory, "sts:GetSessionToken", "", nil, Ignored, "noted, of low severity only"},
		"user gets a federation token":   {Config{}, mallory, "sts:GetFederationToken", "", user(), Alert, "called GetFederationToken"},
		"user signs in, no MFA":          {Config{}, mallory, "signin:ConsoleLogin", `,"responseElements":{"ConsoleLogin":"Success"}`, user(), Alert, "called ConsoleLogin"},
		"user fails to sign in":          {Config{}, mallory, "signin:ConsoleLogin", `,"responseElements":{"ConsoleLogin":"Failure"}`, nil, Ignored, "a single refusal is no alarm"},

		// Who makes himself administrator does not profit from it.
		"joins the administrators": {Config{}, mallory, "iam:AddUserToGroup", join("Administrators"), user("Administrators"), Contain, "he made himself an administrator (group Administrators)"},
		"joins, other case":        {Config{}, mallory, "iam:AddUserToGroup", join("administrators"), user("Administrators"), Contain, "made himself"},
		"joins, of two groups":     {Config{AdminGroups: []string{"Administrators", "SRE"}}, mallory, "iam:AddUserToGroup", join("SRE"), user("Administrators", "SRE"), Allowed, "group Administrators"},
		"fails to join":            {Config{}, mallory, "iam:AddUserToGroup", join("Administrators") + failed, user("Administrators"), Allowed, "administrator"},
		"adds somebody else":       {Config{}, mallory, "iam:AddUserToGroup", strings.Replace(join("Administrators"), "mallory", "eve", 1), user("Administrators"), Allowed, "administrator"},
		"makes somebody one":       {Config{}, mallory, "iam:AddUserToGroup", strings.Replace(join("Administrators"), "mallory", "eve", 1), user(), Contain, "called AddUserToGroup; user eve was made an administrator (group Administrators)"},
		"joins another group":      {Config{}, mallory, "iam:AddUserToGroup", join("devs"), user("devs", "Administrators"), Allowed, "administrator"},
		"renames his group":        {Config{}, mallory, "iam:UpdateGroup", `,"requestParameters":{"groupName":"devs","newGroupName":"Administrators"}`, user("Administrators"), Contain, "made himself"},

		// Exemptions.
		"exempt":                           {exempt(userID, "guard", later), mallory, "iam:CreateUser", "", nil, Allowed, "exempt until 2026-01-03: sets up the pipeline (owner ops)"},
		"exempt from this detection":       {exempt(userID, "guard:iam.user.create", later), mallory, "iam:CreateUser", "", nil, Allowed, "exempt"},
		"exempt from another detection":    {exempt(userID, "guard:iam.role.create", later), mallory, "iam:CreateUser", "", user(), Contain, "no administrator"},
		"exempt from one of two":           {exempt(userID, "guard:iam.policy.attach", later), mallory, "iam:AttachUserPolicy", `,"requestParameters":{"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`, user(), Contain, "no administrator"},
		"exempt from another rule":         {exempt(userID, "audit", later), mallory, "iam:CreateUser", "", user(), Contain, "no administrator"},
		"exemption has run out":            {exempt(userID, "guard", before), mallory, "iam:CreateUser", "", user(), Contain, "his exemption ran out on 2026-01-01"},
		"exemption of an earlier bearer":   {exempt("AIDAOLD", "guard", later), mallory, "iam:CreateUser", "", user(), Contain, "is for AIDAOLD, not AIDAMALLORY"},
		"administrator with run out paper": {exempt(userID, "guard", before), mallory, "iam:CreateUser", "", user("Administrators"), Allowed, "administrator"},

		// Sessions of roles.
		"role writes":                  {Config{}, ci, "iam:CreateUser", "", ours, Alert, "session s1 of role ci, no administrator, called CreateUser; sessions are reported only"},
		"role writes, contained":       {sessions, ci, "iam:CreateUser", "", roleNow("ci"), Contain, "session s1 of role ci"},
		"role fails":                   {sessions, ci, "iam:CreateUser", failed, ours, Alert, "tried CreateUser"},
		"role writes, no facts":        {sessions, ci, "iam:CreateUser", "", nil, Unknown, "which account"},
		"role writes, gap":             {sessions, ci, "iam:CreateUser", "", &Facts{Account: acct, Gaps: []account.Gap{{What: "iam:GetRole", Reason: "throttled"}}}, Escalate, "iam:GetRole"},
		"administrator's role":         {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/ops/Admin"}}, admin, "iam:CreateUser", "", nil, Allowed, "administrator: session s1 of role Admin"},
		"role of the name, other path": {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/Admin"}}, admin, "iam:CreateUser", "", ours, Alert, "no administrator"},
		"protected role":               {Config{ContainSessions: true, Protected: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, "iam:CreateUser", "", ours, Alert, "protected"},
		"role assumes a role":          {Config{}, ci, "sts:AssumeRole", "", nil, Ignored, "noted, of info severity only"},
		"role assumes root":            {Config{}, ci, "sts:AssumeRoot", "", nil, Alert, "called AssumeRoot"},
		"role deletes a trail":         {sessions, ci, "cloudtrail:DeleteTrail", "", ours, Alert, "called DeleteTrail"},
		"warden's role":                {Config{Self: []string{"arn:aws:iam::111122223333:role/ci"}}, ci, "iam:AttachUserPolicy", "", nil, Allowed, "warden's own"},
		"role that names no session":   {sessions, caller(`"type":"AssumedRole","principalId":"AROAX","arn":"","accountId":"111122223333"`), "iam:CreateUser", "", ours, Escalate, "does not name the role"},

		// Everybody else.
		"root writes":                      {Config{}, root, "iam:CreateUser", "", ours, Alert, "root called CreateUser"},
		"root signs in":                    {Config{}, root, "signin:ConsoleLogin", "", ours, Alert, "root called ConsoleLogin"},
		"root reads":                       {Config{}, root, "iam:ListUsers", "", ours, Ignored, "neither"},
		"service assumes a role":           {Config{}, service, "sts:AssumeRole", "", ours, Allowed, "AWS service ec2.amazonaws.com"},
		"service-linked role writes":       {Config{}, linked, "iam:CreateRole", "", ours, Allowed, "service-linked role"},
		"permission set writes":            {sessions, ssoDev, "iam:CreateUser", "", ours, Alert, "Identity Center caller"},
		"permission set of administrators": {Config{AdminRoles: []string{"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef"}}, ssoDev, "iam:CreateUser", "", ours, Allowed, "administrator"},
		"other account takes a role":       {Config{}, other, "sts:AssumeRole", "", ours, Ignored, "noted, of low severity only"},
		"other account writes":             {Config{}, other, "iam:CreateUser", "", ours, Alert, "caller of another account AIDAOTHER"},
		"federated user writes":            {sessions, federated, "iam:CreateUser", "", ours, Alert, "federated user bob"},
		"web identity takes a role":        {Config{}, webUser, "sts:AssumeRoleWithWebIdentity", "", nil, Ignored, "normal life"},
		"unknown kind writes":              {Config{}, robot, "iam:CreateUser", "", nil, Alert, "caller of unknown kind"},

		"role of another account": {sessions, caller(strings.ReplaceAll(string(ci), acct, "444455556666")), "iam:CreateUser", "", ours, Alert, "the role is of account 444455556666, not ours to contain"},

		// Not ours, not authentic.
		"event of another account": {Config{}, mallory, "iam:CreateUser", "", &Facts{Account: "999999999999", User: user().User}, Alert, "account not ours: the event is of account 111122223333, we guard 999999999999"},
		"root of another account":  {Config{}, root, "iam:CreateUser", "", &Facts{Account: "999999999999"}, Alert, "account not ours"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := event(t, tt.by, tt.call, tt.more)
			j := Judge(tt.cfg, e, tt.facts, now)
			if j.Verdict != tt.want || !strings.Contains(j.Reason, tt.says) {
				t.Errorf("%s: %s\nwant %s: …%s…", j.Verdict, j.Reason, tt.want, tt.says)
			}
			if j.Failed != (strings.Contains(tt.more, "errorCode") || strings.Contains(tt.more, "Failure")) {
				t.Errorf("failed is %v", j.Failed)
			}
			if (j.Incident == "") != (j.Verdict == Ignored || j.Verdict == Allowed) {
				t.Errorf("verdict %s with incident %q", j.Verdict, j.Incident)
			}
			if j.NeedsFacts != (j.Verdict == Unknown) {
				t.Errorf("verdict %s, needs facts is %v", j.Verdict, j.NeedsFacts)
			}
			switch {
			case strings.Contains(j.Reason, "\n"):
				t.Errorf("more than one line: %q", j.Reason)
			case (j.Verdict == Contain || j.Verdict == Escalate) && j.Severity < finding.High,
				j.Verdict == Alert && j.Actor.Kind == trail.Root && j.Severity != finding.Critical:
				t.Errorf("verdict %s with severity %s", j.Verdict, j.Severity)
			}
		})
	}
}

// Who can put events on the bus can forge everything but a source of AWS's.
func TestJudgeEnvelope(t *testing.T) {
	t.Parallel()
	good := trail.Envelope{Source: "aws.iam", DetailType: "AWS API Call via CloudTrail", Account: acct}
	for name, tt := range map[string]struct {
		change func(*trail.Envelope)
		says   string // "" for authentic
	}{
		"as AWS sends it":     {func(*trail.Envelope) {}, ""},
		"a sign-in":           {func(e *trail.Envelope) { e.Source, e.DetailType = "aws.signin", "AWS Console Sign In via CloudTrail" }, ""},
		"of another account":  {func(e *trail.Envelope) { e.Account = "444455556666" }, "the envelope is of account 444455556666"},
		"of no account":       {func(e *trail.Envelope) { e.Account = "" }, "names no account"},
		"a source of our own": {func(e *trail.Envelope) { e.Source = "my.iam" }, `source is "my.iam"`},
		"almost AWS's":        {func(e *trail.Envelope) { e.Source = "aws" }, `source is "aws"`},
		"not of CloudTrail":   {func(e *trail.Envelope) { e.DetailType = "Scheduled Event" }, `"Scheduled Event" is none of CloudTrail's`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := good
			tt.change(&env)
			e := event(t, mallory, "iam:CreateUser")
			e.Envelope = &env
			j := Judge(Config{}, e, user(), now)
			if tt.says == "" && j.Verdict != Contain {
				t.Errorf("%s: %s", j.Verdict, j.Reason)
			}
			if tt.says != "" && (j.Verdict != Alert || !strings.Contains(j.Reason, "not authentic: ") || !strings.Contains(j.Reason, tt.says)) {
				t.Errorf("%s: %s", j.Verdict, j.Reason)
			}
		})
	}
}

// TestJudgeWithoutRecipient: old records do not name the account whose trail
// holds them.
func TestJudgeWithoutRecipient(t *testing.T) {
	t.Parallel()
	for by, want := range map[caller]Verdict{mallory: Contain, service: Allowed, ci: Alert, stranger: Alert} {
		e := event(t, by, "iam:CreateUser")
		e.RecipientAccount = ""
		if j := Judge(Config{}, e, user(), now); j.Verdict != want {
			t.Errorf("%s: %s, want %s: %s", j.Actor.Kind, j.Verdict, want, j.Reason)
		}
	}
}

func TestIncident(t *testing.T) {
	t.Parallel()
	of := func(by caller, call string) string {
		return Judge(Config{}, event(t, by, call), user(), now).Incident
	}
	first := of(mallory, "iam:CreateUser")
	if !strings.HasPrefix(first, "inc-") || len(first) != 20 {
		t.Errorf("incident %q", first)
	}
	if of(session, "iam:CreateRole") != first {
		t.Error("a user and his session are one incident")
	}
	renamed := caller(strings.ReplaceAll(string(mallory), `"userName":"mallory"`, `"userName":"molly"`))
	if of(renamed, "iam:CreateUser") != first {
		t.Error("a rename makes another incident")
	}
	anew := caller(strings.ReplaceAll(string(mallory), userID, "AIDANEW"))
	if of(anew, "iam:CreateUser") == first {
		t.Error("a user made anew has the incident of his predecessor")
	}
	second := caller(strings.ReplaceAll(string(ci), "s1", "s2"))
	if of(ci, "iam:CreateUser") == of(second, "iam:CreateUser") {
		t.Error("two sessions of a role are one incident")
	}
}

func TestRelevant(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]bool{
		"iam CreateUser": true, "iam NextYear": true, "iam ListUsers": false, "sts AssumeRole": true, "sts GetCallerIdentity": true,
		"sts DecodeAuthorizationMessage": false, "signin ConsoleLogin": true, "s3 GetObject": false, "lambda UpdateFunctionCode20150331v2": true,
		"lambda Invoke": false, "ec2 DescribeInstances": false, "cloudtrail StopLogging": true,
	} {
		service, name, _ := strings.Cut(call, " ")
		if got := Relevant(service+".amazonaws.com", name); got != want {
			t.Errorf("Relevant(%s) = %v", call, got)
		}
	}
}

func TestFactsFromSnapshot(t *testing.T) {
	t.Parallel()
	s := &account.Snapshot{
		Account: acct,
		Users: []account.User{
			{Name: "Mallory", ID: "AIDANEW", Groups: []string{"devs"}},
			{Name: "molly", ID: userID, Groups: []string{"Administrators"}},
		},
		Gaps: []account.Gap{
			{What: "iam:ListGroupsForUser", Subject: "someone", Reason: "denied"},
			{What: "iam:ListAccessKeys", Reason: "denied"},
		},
	}
	actor := event(t, mallory, "iam:CreateUser").Actor()
	if f := FactsFromSnapshot(s, actor); f.Account != acct || f.Gaps != nil || !f.User.Exists || f.User.Name != "molly" {
		t.Errorf("by id: %+v %+v", f, f.User)
	}
	s.Users = s.Users[:1]
	if f := FactsFromSnapshot(s, actor); !f.User.Exists || f.User.ID != "AIDANEW" {
		t.Errorf("by name: %+v", f.User)
	}
	s.Users = nil
	if f := FactsFromSnapshot(s, actor); f.User == nil || f.User.Exists {
		t.Errorf("absent: %+v", f.User)
	}
	s.Gaps = append(s.Gaps, account.Gap{What: "iam:GetAccountAuthorizationDetails", Reason: "throttled"})
	if f := FactsFromSnapshot(s, actor); len(f.Gaps) != 1 {
		t.Errorf("gaps %+v", f.Gaps)
	}
	session := event(t, ci, "iam:CreateUser").Actor()
	if f := FactsFromSnapshot(s, session); f.User != nil || f.Role == nil || f.Role.Exists || len(f.Gaps) != 1 {
		t.Errorf("role: %+v", f)
	}
	s.Gaps = nil
	s.Roles = []account.Role{{Name: "CI", ID: "AROAold"}, {Name: "renamed", ID: "AROAci", Tags: map[string]string{"duty": "iam"}}}
	if f := FactsFromSnapshot(s, session); !f.Role.Exists || f.Role.Name != "renamed" || f.Role.Tags["duty"] != "iam" || f.Gaps != nil {
		t.Errorf("role by id: %+v", f.Role)
	}
}
