package detect

import (
	"strings"

	"warden/account"
	"warden/change"
	"warden/trail"
)

// Left returns the state in which a call left a setting; ok is false when the
// call failed or is not about it. Read from the newest call to the oldest, the
// first that is about a setting says what it was, as long as the calls are
// complete. A state that exists without a text is one that the record does not
// say.
//
// Names are compared as IAM does; who was made anew under a name began with
// the call that made him.
func Left(e *trail.Event, s change.Setting) (st change.State, ok bool) {
	arn, err := account.ParseARN(s.Target)
	if err != nil || e.Failed() || Source(e.Source) != IAM {
		return change.Absent, false
	}
	kind := title(arn.Type())
	about := func(call string) bool {
		return e.Name == call && sameName(e.RequestString(arn.Type()+"Name"), arn.Name())
	}
	param := func(key, want string) bool { return sameName(e.RequestString(key), want) }
	switch s.Kind {
	case change.Trust:
		switch {
		case about("UpdateAssumeRolePolicy"):
			return change.Is(e.RequestString("policyDocument")), true
		case about("CreateRole"):
			return change.Is(e.RequestString("assumeRolePolicyDocument")), true
		}
	case change.Inline:
		switch {
		case about("Put"+kind+"Policy") && param("policyName", s.Name):
			return change.Is(e.RequestString("policyDocument")), true
		case about("Delete"+kind+"Policy") && param("policyName", s.Name), about("Create" + kind):
			return change.Absent, true
		}
	case change.Attachment:
		switch {
		case about("Attach"+kind+"Policy") && param("policyArn", s.Name):
			return change.Is(change.Attached), true
		case about("Detach"+kind+"Policy") && param("policyArn", s.Name), about("Create" + kind):
			return change.Absent, true
		}
	case change.Boundary:
		switch {
		case about("Put" + kind + "PermissionsBoundary"):
			return change.Is(e.RequestString("permissionsBoundary")), true
		case about("Create" + kind):
			if b := e.RequestString("permissionsBoundary"); b != "" {
				return change.Is(b), true
			}
			return change.Absent, true
		case about("Delete" + kind + "PermissionsBoundary"):
			return change.Absent, true
		}
	case change.Membership:
		switch {
		case about("AddUserToGroup") && param("groupName", s.Name):
			return change.Is(change.Member), true
		case about("RemoveUserFromGroup") && param("groupName", s.Name), about("CreateUser"):
			return change.Absent, true
		}
	case change.DefaultVersion, change.Policy:
		return leftPolicy(e, s.Target)
	}
	return change.Absent, false
}

func leftPolicy(e *trail.Event, policyARN string) (change.State, bool) {
	switch {
	case e.Name == "CreatePolicy" && e.ResponseString("policy", "arn") == policyARN:
		return change.State{Exists: true, Text: e.RequestString("policyDocument"), Version: "v1", Description: e.RequestString("description")}, true
	case e.RequestString("policyArn") != policyARN:
	case e.Name == "CreatePolicyVersion" && e.RequestString("setAsDefault") == "true":
		return change.State{Exists: true, Text: e.RequestString("policyDocument"), Version: e.ResponseString("policyVersion", "versionId")}, true
	case e.Name == "SetDefaultPolicyVersion":
		return change.State{Exists: true, Version: e.RequestString("versionId")}, true
	}
	return change.Absent, false
}

// Writers lists the calls that Left knows about a setting, by name.
func Writers(s change.Setting) []string {
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return nil
	}
	kind := title(arn.Type())
	switch s.Kind {
	case change.Trust:
		return []string{"UpdateAssumeRolePolicy", "CreateRole"}
	case change.Inline:
		return []string{"Put" + kind + "Policy", "Delete" + kind + "Policy", "Create" + kind}
	case change.Attachment:
		return []string{"Attach" + kind + "Policy", "Detach" + kind + "Policy", "Create" + kind}
	case change.Boundary:
		return []string{"Put" + kind + "PermissionsBoundary", "Delete" + kind + "PermissionsBoundary", "Create" + kind}
	case change.Membership:
		return []string{"AddUserToGroup", "RemoveUserFromGroup", "CreateUser"}
	case change.DefaultVersion, change.Policy:
		return []string{"CreatePolicyVersion", "SetDefaultPolicyVersion", "CreatePolicy"}
	}
	return nil
}

// title is "User" of "user".
func title(kind string) string {
	if kind == "" {
		return ""
	}
	return strings.ToUpper(kind[:1]) + kind[1:]
}
