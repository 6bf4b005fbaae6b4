package audit_test

import (
	"encoding/json"
	"slices"
	"testing"

	"warden/account"
	"warden/audit"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	s := &account.Snapshot{Account: id, Partition: "aws", CollectedAt: now}
	s.Users = []account.User{{Name: "ann", ARN: arn("user/ann"), CreateDate: ago(90), Groups: []string{"staff"}, Attached: []string{arn("policy/p")}, Boundary: arn("policy/b"),
		Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(`{}`)}}}}
	s.Groups = []account.Group{{Name: "staff", ARN: arn("group/staff"), Attached: []string{arn("policy/q")}}}
	s.Roles = []account.Role{{Name: "app", ARN: arn("role/app"), CreateDate: ago(90), LastUsed: &account.RoleUse{Date: ago(2), Region: "eu-west-1"},
		Trust: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com","AWS":"` + id + `"},"Action":"sts:AssumeRole"},
			{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)}}
	list := audit.NewEvidence(s, now).Profiles()
	if len(list) != 3 {
		t.Fatalf("%+v", list)
	}
	ann, staff, app := list[0], list[1], list[2]
	if !slices.Equal(ann.Groups, []string{"staff"}) || !slices.Equal(ann.Inline, []string{"own"}) || ann.Boundary != arn("policy/b") || ann.Activity == nil {
		t.Errorf("%+v", ann)
	}
	if !slices.Equal(staff.Members, []string{"ann"}) || staff.Activity != nil || staff.Attached[0] != arn("policy/q") {
		t.Errorf("%+v", staff)
	}
	slices.Sort(app.Trusted)
	if !slices.Equal(app.Trusted, []string{id, "ec2.amazonaws.com"}) || app.Activity.State != audit.Active {
		t.Errorf("%+v", app)
	}
	if _, known := audit.NewEvidence(&account.Snapshot{Account: id}, now).Escalation(); known {
		t.Error("of an account without details it is known who can become an administrator")
	}
}
