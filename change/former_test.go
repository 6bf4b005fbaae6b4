package change_test

import (
	"encoding/json"
	"testing"
	"time"

	"warden/account"
	"warden/change"
)

func TestIn(t *testing.T) {
	t.Parallel()
	s := &account.Snapshot{
		Users: []account.User{{
			Name: "deploy", ID: "AIDAEXAMPLE", ARN: userARN, Groups: []string{"Dev"}, Boundary: policyARN,
			Attached: []string{policyARN}, Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(doc)}},
			AccessKeys:   []account.AccessKey{{ID: "AKIA1", Active: true}, {ID: "AKIA2"}},
			LoginProfile: &account.LoginProfile{CreateDate: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		}},
		Roles:    []account.Role{{Name: "app", ID: "AROAEXAMPLE", ARN: role, Trust: json.RawMessage(doc)}},
		Groups:   []account.Group{{Name: "dev", ID: "AGPAEXAMPLE", ARN: group, Attached: []string{policyARN}}},
		Policies: []account.ManagedPolicy{{ARN: policyARN, Versions: []account.PolicyVersion{{ID: "v1"}, {ID: "v2", Default: true, Document: json.RawMessage(doc)}}}},
	}
	of := func(kind change.Kind, target, name string) change.Setting {
		return change.Setting{Kind: kind, Target: target, Name: name}
	}
	for _, tt := range []struct {
		set   change.Setting
		id    string
		want  change.State
		known bool
	}{
		{of(change.Membership, userARN, "dev"), "AIDAEXAMPLE", change.Is(change.Member), true},
		{of(change.Membership, userARN, "ops"), "AIDAEXAMPLE", change.Absent, true},
		{of(change.AccessKey, userARN, "AKIA1"), "AIDAEXAMPLE", change.Is(change.Active), true},
		{of(change.AccessKey, userARN, "AKIA2"), "AIDAEXAMPLE", change.Is(change.Inactive), true},
		{of(change.AccessKey, userARN, "AKIA3"), "AIDAEXAMPLE", change.Absent, true},
		{of(change.LoginProfile, userARN, ""), "AIDAEXAMPLE", change.Is("2026-01-02T03:04:05Z"), true},
		{of(change.Attachment, userARN, policyARN), "AIDAEXAMPLE", change.Is(change.Attached), true},
		{of(change.Attachment, userARN, policyARN), "AIDAOTHER", change.Absent, false},
		{of(change.Attachment, userARN, policyARN), "", change.Absent, false},
		{of(change.Inline, userARN, "own"), "AIDAEXAMPLE", change.Is(doc), true},
		{of(change.Inline, userARN, "other"), "AIDAEXAMPLE", change.Absent, true},
		{of(change.Boundary, userARN, ""), "AIDAEXAMPLE", change.Is(policyARN), true},
		{of(change.SSHKey, userARN, "APKA"), "AIDAEXAMPLE", change.Absent, false},
		{of(change.Boundary, role, ""), "AROAEXAMPLE", change.Absent, true},
		{of(change.Trust, role, ""), "AROAEXAMPLE", change.Is(doc), true},
		{of(change.Attachment, group, policyARN), "AGPAEXAMPLE", change.Is(change.Attached), true},
		{of(change.DefaultVersion, policyARN, ""), "", version("v2", doc), true},
		{of(change.Policy, policyARN, ""), "", version("v2", doc), true},
		{of(change.Policy, policyARN+"2", ""), "", change.Absent, true},
		{of(change.DefaultVersion, policyARN+"2", ""), "", change.Absent, false},
		{of(change.PolicyVersion, policyARN, "v1"), "", change.Absent, false},
		{of(change.SAMLProvider, saml, ""), "", change.Absent, false},
	} {
		got, known := change.In(s, tt.set, tt.id)
		if known != tt.known || got != tt.want {
			t.Errorf("%s of %q: %s, %v, want %s, %v", tt.set, tt.id, got, known, tt.want, tt.known)
		}
	}
	for subject, known := range map[string]bool{"": false, userARN: false, "deploy": false, "somebody": true} {
		s.Gaps = []account.Gap{{What: "iam:ListUserPolicies", Subject: subject}}
		if _, got := change.In(s, of(change.Inline, userARN, "own"), "AIDAEXAMPLE"); got != known {
			t.Errorf("a gap about %q: known %v", subject, got)
		}
	}
}
