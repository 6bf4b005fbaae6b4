package guard

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"warden/account"
	"warden/guard/detect"
	"warden/trail"
)

// TestContainOnlyWhenCertain: whatever the event, the facts and the
// configuration, nobody is contained unless everything that must hold does.
func TestContainOnlyWhenCertain(t *testing.T) {
	t.Parallel()
	callers := []caller{mallory, session, stranger, ci, admin, ssoDev, linked, root, service, other, federated, robot, webUser}
	calls := []string{"iam:CreateUser", "iam:AddUserToGroup", "iam:ListUsers", "iam:NextYear", "sts:AssumeRole", "sts:GetFederationToken", "cloudtrail:StopLogging", "signin:ConsoleLogin"}
	arns := []string{"arn:aws:iam::111122223333:user/mallory", "arn:aws:iam::111122223333:role/ci", "arn:aws:iam::111122223333:role/ops/Admin"}
	rapid.Check(t, func(r *rapid.T) {
		some := func(name string) []string {
			return rapid.SliceOfDistinct(rapid.SampledFrom(arns), rapid.ID).Draw(r, name)
		}
		more := rapid.SampledFrom([]string{"", failed, `,"requestParameters":{"userName":"mallory","groupName":"Administrators"}`}).Draw(r, "more")
		e := event(t, rapid.SampledFrom(callers).Draw(r, "caller"), rapid.SampledFrom(calls).Draw(r, "call"), more)
		cfg := Config{AdminRoles: some("adminRoles"), Protected: some("protected"), Self: some("self"), ContainSessions: rapid.Bool().Draw(r, "sessions")}
		if rapid.Bool().Draw(r, "exempt") {
			cfg.Exemptions = []Exemption{{
				ARN: rapid.SampledFrom(arns).Draw(r, "of"), ID: rapid.SampledFrom([]string{userID, "AROAci", "OLD"}).Draw(r, "id"), Rule: "guard",
				Expires: now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(r, "hours")) * time.Hour),
			}}
		}
		var f *Facts
		if rapid.Bool().Draw(r, "facts") {
			f = &Facts{Account: rapid.SampledFrom([]string{"", acct, "999999999999"}).Draw(r, "account")}
			if rapid.Bool().Draw(r, "user") {
				f.User = &UserFacts{
					Exists: rapid.Bool().Draw(r, "exists"), ID: rapid.SampledFrom([]string{userID, "AIDANEW"}).Draw(r, "liveID"), Name: "mallory",
					Groups: rapid.SliceOf(rapid.SampledFrom([]string{"devs", "administrators"})).Draw(r, "groups"),
				}
			}
			if rapid.Bool().Draw(r, "gap") {
				f.Gaps = []account.Gap{{What: "iam:ListGroupsForUser", Reason: "throttled"}}
			}
		}
		j := Judge(cfg, e, f, now)
		if j.Verdict == "" || j.Reason == "" {
			r.Fatalf("no verdict or reason: %+v", j)
		}
		if j.Verdict != Contain {
			return
		}
		by := j.Actor
		roleARN := ""
		if by.Role != nil {
			roleARN = by.Role.ARN
		}
		switch {
		case !detect.IAMWrite(e.Source, e.Name) || j.Failed:
			r.Fatal("contained for no successful write to IAM")
		case f == nil || f.Account != acct || len(f.Gaps) > 0:
			r.Fatalf("contained on facts %+v", f)
		case slices.Contains(cfg.Protected, by.ARN), slices.Contains(cfg.Protected, roleARN),
			slices.Contains(cfg.Self, by.ARN), slices.Contains(cfg.Self, roleARN), slices.Contains(cfg.AdminRoles, roleARN):
			r.Fatalf("contained %s, which is protected, warden's own or an administrator", by.ARN)
		case by.Kind == trail.AssumedRole && !cfg.ContainSessions:
			r.Fatal("contained a session unasked")
		case by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession:
			if f.User == nil || !f.User.Exists || f.User.ID != by.ID {
				r.Fatalf("contained %s on facts of %+v", by.ID, f.User)
			}
			if slices.Contains(f.User.Groups, "administrators") && e.Name != "AddUserToGroup" {
				r.Fatal("contained an administrator")
			}
		case by.Kind != trail.AssumedRole:
			r.Fatalf("contained a caller of kind %s", by.Kind)
		}
	})
}
