package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"warden/account"
	"warden/guard/detect"
	"warden/trail"
)

// situation is an event with a configuration and facts, all drawn.
type situation struct {
	e   *trail.Event
	cfg Config
	f   *Facts
	now time.Time
}

// when is the time of the event; one that names none is judged as of now.
func (s situation) when() time.Time {
	if s.e.Time.IsZero() {
		return s.now
	}
	return s.e.Time
}

var (
	allCallers = []caller{mallory, session, stranger, ci, admin, ssoDev, linked, root, service, other, federated, federatedOf, robot, webUser}
	allCalls   = []string{"iam:CreateUser", "iam:AddUserToGroup", "iam:TagRole", "iam:ChangePassword", "iam:EnableMFADevice", "iam:ListUsers", "iam:NextYear", "sts:AssumeRole", "sts:GetFederationToken", "cloudtrail:StopLogging", "signin:ConsoleLogin"}
	allARNs    = []string{"arn:aws:iam::111122223333:user/mallory", "arn:aws:iam::111122223333:role/ci", "arn:aws:iam::111122223333:role/ops/Admin"}
	allIDs     = []string{userID, "AROAci", "AROAAdmin", someAdmin}
)

func drawSituation(t testing.TB, r *rapid.T) situation {
	some := func(name string, of []string) []string {
		return rapid.SliceOfDistinct(rapid.SampledFrom(of), rapid.ID).Draw(r, name)
	}
	more := rapid.SampledFrom([]string{"", failed, `,"requestParameters":{"userName":"mallory","groupName":"Administrators"}`,
		`,"requestParameters":{"roleName":"ci","tags":[{"key":"duty","value":"iam"}]}`}).Draw(r, "more")
	s := situation{e: event(t, rapid.SampledFrom(allCallers).Draw(r, "caller"), rapid.SampledFrom(allCalls).Draw(r, "call"), more)}
	s.now = happened.Add(time.Duration(rapid.IntRange(0, 30).Draw(r, "minutes since")) * time.Minute)
	s.cfg = Config{
		AdminRoles: some("adminRoles", allARNs), Protected: some("protected", allARNs), Self: some("self", allARNs),
		ContainSessions: rapid.Bool().Draw(r, "sessions"), SelfService: rapid.Bool().Draw(r, "self-service"),
		Level: rapid.SampledFrom([]Level{"", DenyIAM, DenyAll, AlertOnly}).Draw(r, "level"),
	}
	if rapid.Bool().Draw(r, "tag") {
		s.cfg.AdminTag = Tag{"duty", "iam"}
	}
	if rapid.Bool().Draw(r, "exempt") {
		s.cfg.Exemptions = []Exemption{{
			ARN: rapid.SampledFrom(allARNs).Draw(r, "of"), ID: rapid.SampledFrom([]string{userID, "AROAci", "OLD"}).Draw(r, "id"), Rule: "guard",
			Expires: s.now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(r, "hours")) * time.Hour),
		}}
	}
	if rapid.Bool().Draw(r, "facts") {
		s.f = drawFacts(r, some)
	}
	return s
}

func drawFacts(r *rapid.T, some func(string, []string) []string) *Facts {
	f := &Facts{Account: rapid.SampledFrom([]string{"", acct, "999999999999"}).Draw(r, "account")}
	tags := map[string]string{"duty": rapid.SampledFrom([]string{"iam", "sales"}).Draw(r, "tag")}
	if rapid.Bool().Draw(r, "user") {
		f.User = &UserFacts{
			Exists: rapid.Bool().Draw(r, "exists"), ID: rapid.SampledFrom([]string{userID, "AIDANEW"}).Draw(r, "liveID"), Name: "mallory",
			Groups: rapid.SliceOf(rapid.SampledFrom([]string{"devs", "administrators"})).Draw(r, "groups"), Tags: tags,
		}
	}
	if rapid.Bool().Draw(r, "role") {
		f.Role = &RoleFacts{Exists: rapid.Bool().Draw(r, "role exists"), ID: rapid.SampledFrom([]string{"AROAci", "AROAAdmin", "AROANEW"}).Draw(r, "live role"), Tags: tags}
	}
	if rapid.Bool().Draw(r, "gap") {
		f.Gaps = []account.Gap{{What: "iam:ListGroupsForUser", Reason: "throttled"}}
	}
	if rapid.Bool().Draw(r, "baseline") {
		f.Baseline = &Baseline{}
		for i := range rapid.IntRange(0, 4).Draw(r, "looks") {
			f.Baseline.Seen = append(f.Baseline.Seen, Seen{At: minute(float64(rapid.IntRange(-60, 20).Draw(r, "seen at"))), IDs: some(fmt.Sprint("seen", i), allIDs)})
		}
		for range rapid.IntRange(0, 4).Draw(r, "grants") {
			f.Baseline.Grants = append(f.Baseline.Grants, Grant{
				ID: rapid.SampledFrom(allIDs).Draw(r, "to"), By: "somebody", At: minute(float64(rapid.IntRange(-60, 20).Draw(r, "granted at"))),
				Standing: rapid.SampledFrom([]Standing{Entitled, Outsider, Doubtful}).Draw(r, "standing"), Removed: rapid.Bool().Draw(r, "removed"),
			})
		}
	}
	return f
}

// TestJudgeKeepsItsWord: whatever the event, the facts and the configuration,
// nobody is contained unless everything that must hold does, and nobody is
// let go on a fact that could not be read.
func TestJudgeKeepsItsWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawSituation(t, r)
		j := Judge(s.cfg, s.e, s.f, s.now)
		if wrong := broken(s, j); wrong != "" {
			r.Fatalf("%s\n%s: %s", wrong, j.Verdict, j.Reason)
		}
	})
}

// broken says which promise of the guard the judgement breaks, "" for none.
func broken(s situation, j Judgement) string {
	if j.Verdict == "" || j.Reason == "" || strings.ContainsAny(j.Reason, "\n\r") {
		return "no verdict, or no reason in one line"
	}
	if j.Standing == "" {
		return "no standing"
	}
	if j.Verdict == Allowed {
		return brokenAllowed(s, j)
	}
	if j.Verdict != Contain {
		return ""
	}
	by, f := j.Actor, s.f
	names := []string{by.ARN, j.Subject.ARN}
	in := func(arns []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return n != "" && slices.Contains(arns, n) })
	}
	switch {
	case !detect.IAMWrite(s.e.Source, s.e.Name) || j.Failed:
		return "contained for no successful write to IAM"
	case s.cfg.Level == AlertOnly:
		return "contained at the level that changes nothing"
	case f == nil || f.Account != acct || len(f.Gaps) > 0:
		return fmt.Sprintf("contained on facts %+v", f)
	case in(s.cfg.Protected), in(s.cfg.Self):
		return "contained one who is protected, or warden's own"
	case j.Subject.ID == "":
		return "contained nobody in particular"
	}
	switch by.Kind {
	case trail.AssumedRole:
		if !s.cfg.ContainSessions || f.Role == nil || !f.Role.Exists || f.Role.ID != by.ID {
			return fmt.Sprintf("contained a session unasked, or of another role: %+v", f.Role)
		}
	case trail.IAMUser, trail.IAMUserSession, trail.FederatedUser:
		if f.User == nil || !f.User.Exists || f.User.ID != j.Subject.ID {
			return fmt.Sprintf("contained %s on facts of %+v", j.Subject.ID, f.User)
		}
	default:
		return "contained a caller of kind " + string(by.Kind)
	}
	isAdmin := s.cfg.Now(f)
	if by.Kind == trail.AssumedRole {
		isAdmin = s.cfg.Now(&Facts{Role: f.Role}) || in(s.cfg.AdminRoles)
	}
	switch {
	case !isAdmin:
	case f.Baseline == nil && s.cfg.AdminChanges(s.e) == nil:
		return "contained an administrator"
	case f.Baseline != nil && f.Baseline.of(j.Subject.ID, s.when()).counts():
		return "contained an administrator who is known as one"
	case f.Baseline != nil && !f.Baseline.others(j.Subject.ID, s.now, true):
		return "contained the last administrator"
	}
	return ""
}

// brokenAllowed says why nobody should have been let go.
func brokenAllowed(s situation, j Judgement) string {
	f, self := s.f, strings.Contains(j.Reason, "warden's own")
	byNature := j.Actor.Kind == trail.Service || j.Actor.Kind == trail.ServiceLinked || j.Actor.Kind == trail.IdentityCenter
	exempt := strings.HasPrefix(j.Reason, "exempt until")
	listed := f == nil && slices.Contains(s.cfg.AdminRoles, j.Subject.ARN)
	if self || byNature || exempt || listed {
		return ""
	}
	switch {
	case f == nil || len(f.Gaps) > 0:
		return fmt.Sprintf("allowed without facts, or with a gap: %+v", f)
	case f.Account != acct || j.Actor.Account != acct:
		return "allowed somebody of another account"
	case strings.HasPrefix(j.Reason, "self-service: "):
		if !s.cfg.SelfService {
			return "self-service that was not asked for"
		}
	case j.Actor.Kind == trail.AssumedRole && (f.Role == nil || f.Role.ID != j.Actor.ID),
		j.Actor.Kind != trail.AssumedRole && (f.User == nil || f.User.ID != j.Subject.ID):
		return "allowed another of the name"
	case f.Baseline != nil && !f.Baseline.of(j.Subject.ID, s.when()).counts():
		return "allowed one who is an administrator by an outsider's hand, or for too short a time"
	}
	return ""
}

// FuzzJudge judges mutated records: nothing in an event makes the guard fall
// over, or break its word.
func FuzzJudge(f *testing.F) {
	for _, by := range allCallers {
		for _, call := range allCalls {
			f.Add([]byte(event(f, by, call, `,"requestParameters":{"userName":"mallory","groupName":"Administrators","tags":[{"key":"duty","value":"iam"}]}`).Raw), true)
		}
	}
	f.Add([]byte(`{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"111122223333","time":"2026-01-02T03:04:05Z","region":"us-east-1","detail":`+
		string(event(f, mallory, "iam:CreateUser").Raw)+`}`), false)
	f.Fuzz(func(t *testing.T, record []byte, remembered bool) {
		e, err := trail.ParseEvent(record)
		if err != nil {
			return
		}
		facts := user("Administrators")
		facts.Role = roleNow("ci").Role
		if remembered {
			facts.Baseline = &Baseline{Seen: []Seen{seen(-60), seen(-1, userID)}}
		}
		cfg := Config{ContainSessions: true, SelfService: true, AdminTag: Tag{"duty", "iam"}, AdminRoles: allARNs[2:], MaxAge: time.Hour}
		for _, given := range []*Facts{facts, nil, {Account: acct}, {Account: acct, Gaps: []account.Gap{{What: "iam:GetUser", Reason: "throttled"}}}} {
			s := situation{e, cfg, given, now}
			j := Judge(cfg, e, given, now)
			if wrong := broken(s, j); wrong != "" {
				t.Errorf("%s\n%s: %s", wrong, j.Verdict, j.Reason)
			}
		}
	})
}
