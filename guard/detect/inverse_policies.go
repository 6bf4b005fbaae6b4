package detect

import "warden/trail"

// The inverses of calls that change what identities may do.

var detachPolicy = &Inverse{
	Undo: DetachPolicy, Actions: []string{"iam:DetachUserPolicy", "iam:DetachGroupPolicy", "iam:DetachRolePolicy"},
	of: managed,
	// What AWS attaches to a user whose key has leaked, in his own name,
	// stays: taking it back would set him free.
	complete: func(f Effect) bool { return f.hasHolder() && f.Policy != "" && !isAWSQuarantine(f.Policy) },
}

var attachPolicy = &Inverse{
	Undo: AttachPolicy, Actions: []string{"iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy"},
	of: managed, complete: func(f Effect) bool { return f.hasHolder() && f.Policy != "" },
}

func managed(e *trail.Event) Effect {
	f := holder(e)
	f.Policy = e.RequestString("policyArn")
	return f
}

// restoreInline is about an inline policy that was written or deleted.
var restoreInline = &Inverse{
	Undo: RestoreInline, Actions: []string{"iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:DeleteUserPolicy", "iam:DeleteGroupPolicy", "iam:DeleteRolePolicy"},
	of: func(e *trail.Event) Effect {
		f := holder(e)
		f.Name, f.Document = e.RequestString("policyName"), e.RequestString("policyDocument")
		return f
	},
	complete: func(f Effect) bool { return f.hasHolder() && f.Name != "" },
}

var restorePolicy = &Inverse{
	Undo: RestorePolicy, Actions: []string{"iam:CreatePolicy"},
	Advice: "a deleted version does not come back under its number: look whether the version in force is the right one",
	of: func(e *trail.Event) Effect {
		if e.Name != "DeletePolicy" {
			return Effect{}
		}
		return Effect{Policy: e.RequestString("policyArn")}
	},
	complete: func(f Effect) bool { return f.Policy != "" },
}

// restoreVersion is about the version of a managed policy that is in force. A
// new version that is not in force does nothing.
var restoreVersion = &Inverse{
	Undo: RestoreVersion, Actions: []string{"iam:SetDefaultPolicyVersion"},
	of: func(e *trail.Event) Effect {
		f := Effect{Policy: e.RequestString("policyArn")}
		switch {
		case e.Name == "SetDefaultPolicyVersion":
			f.Version = e.RequestString("versionId")
		case e.RequestString("setAsDefault") == "true":
			f.Version, f.Document = e.ResponseString("policyVersion", "versionId"), e.RequestString("policyDocument")
		}
		return f
	},
	complete: func(f Effect) bool { return f.Policy != "" && f.Version != "" },
}

var restoreTrust = &Inverse{
	Undo: RestoreTrust, Actions: []string{"iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy"},
	of: func(e *trail.Event) Effect {
		if e.Name != "UpdateAssumeRolePolicy" {
			return Effect{} // a role that was created is dealt with as one
		}
		f := Effect{Role: e.RequestString("roleName"), Document: e.RequestString("policyDocument")}
		f.Outsiders = len(outsiders(f.Document, e.RecipientAccount)) > 0
		return f
	},
	complete: func(f Effect) bool { return f.Role != "" },
}

var restoreBoundary = &Inverse{
	Undo: RestoreBoundary,
	Actions: []string{"iam:PutUserPermissionsBoundary", "iam:PutRolePermissionsBoundary",
		"iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"},
	of: func(e *trail.Event) Effect {
		f := holder(e)
		f.Boundary = e.RequestString("permissionsBoundary")
		return f
	},
	complete: func(f Effect) bool { return f.User+f.Role != "" },
}

var removeFromGroup = &Inverse{
	Undo: RemoveFromGroup, Actions: []string{"iam:RemoveUserFromGroup"},
	of: holder, complete: isMembership,
}

var addToGroup = &Inverse{
	Undo: AddToGroup, Actions: []string{"iam:AddUserToGroup"},
	of: holder, complete: isMembership,
}

func isMembership(f Effect) bool { return f.User != "" && f.Group != "" }
