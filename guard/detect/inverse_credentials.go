package detect

import "warden/trail"

// The inverses of calls that make identities and their credentials.

var quarantineUser = &Inverse{
	Undo: QuarantineUser, Actions: []string{"iam:AttachUserPolicy"},
	of: func(e *trail.Event) Effect {
		return Effect{
			User: first(e.ResponseString("user", "userName"), e.RequestString("userName")),
			ARN:  e.ResponseString("user", "arn"), ID: e.ResponseString("user", "userId"),
		}
	},
	complete: func(f Effect) bool { return f.User != "" },
}

var quarantineRole = &Inverse{
	Undo: QuarantineRole, Actions: []string{"iam:AttachRolePolicy"},
	of: func(e *trail.Event) Effect {
		return Effect{
			Role: first(e.ResponseString("role", "roleName"), e.RequestString("roleName")),
			ARN:  e.ResponseString("role", "arn"), ID: e.ResponseString("role", "roleId"),
		}
	},
	complete: func(f Effect) bool { return f.Role != "" },
}

var deactivateKey = &Inverse{
	Undo: DeactivateKey, Actions: []string{"iam:UpdateAccessKey"},
	of: accessKey, complete: hasCredential,
}

// activateKey is about keys that were switched off. What else of a user's
// credentials is removed does not come back.
var activateKey = &Inverse{
	Undo: ActivateKey, Actions: []string{"iam:UpdateAccessKey"},
	Advice: "a deleted credential does not come back: ask its owner, and make him a new one",
	of: func(e *trail.Event) Effect {
		if e.Name != "UpdateAccessKey" {
			return Effect{User: e.RequestString("userName")}
		}
		return accessKey(e)
	},
	complete: hasCredential,
}

func accessKey(e *trail.Event) Effect {
	return Effect{
		// A caller who names no user means himself; the response names him.
		User:       first(e.RequestString("userName"), e.ResponseString("accessKey", "userName"), e.Actor().Name),
		Credential: first(e.ResponseString("accessKey", "accessKeyId"), e.RequestString("accessKeyId")),
	}
}

var removeLoginProfile = &Inverse{
	Undo: RemoveLoginProfile, Actions: []string{"iam:DeleteLoginProfile"},
	of:       func(e *trail.Event) Effect { return Effect{User: e.RequestString("userName")} },
	complete: func(f Effect) bool { return f.User != "" },
}

var deactivateCredential = &Inverse{
	Undo: DeactivateCredential, Actions: []string{"iam:UpdateServiceSpecificCredential"},
	of: credential("serviceSpecificCredential", "serviceSpecificCredentialId"), complete: hasCredential,
}

var deactivateSSHKey = &Inverse{
	Undo: DeactivateSSHKey, Actions: []string{"iam:UpdateSSHPublicKey"},
	of: credential("sSHPublicKey", "sSHPublicKeyId"), complete: hasCredential,
}

var deactivateCert = &Inverse{
	Undo: DeactivateCert, Actions: []string{"iam:UpdateSigningCertificate"},
	of: credential("certificate", "certificateId"), complete: hasCredential,
}

// credential reads the id that IAM gave a new credential.
func credential(element, id string) func(e *trail.Event) Effect {
	return func(e *trail.Event) Effect {
		return Effect{
			User:       first(e.RequestString("userName"), e.ResponseString(element, "userName"), e.Actor().Name),
			Credential: first(e.ResponseString(element, id), e.RequestString(id)),
		}
	}
}

func hasCredential(f Effect) bool { return f.User != "" && f.Credential != "" }

var removeFromProfile = &Inverse{
	Undo: RemoveFromProfile, Actions: []string{"iam:RemoveRoleFromInstanceProfile"},
	of: func(e *trail.Event) Effect {
		return Effect{Role: e.RequestString("roleName"), Profile: e.RequestString("instanceProfileName")}
	},
	complete: func(f Effect) bool { return f.Role != "" && f.Profile != "" },
}

// changeOIDC is about OIDC providers: a client id is taken away again, a new
// provider deleted. A thumbprint replaces one that the record does not name.
var changeOIDC = &Inverse{
	Undo: DeleteProvider, Also: []Undo{RemoveClient}, Actions: []string{"iam:DeleteOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"},
	Advice: "compare the provider's thumbprints with those of its host, and put the right ones back (aws iam update-open-id-connect-provider-thumbprint)",
	of: func(e *trail.Event) Effect {
		switch e.Name {
		case "CreateOpenIDConnectProvider":
			return Effect{ARN: e.ResponseString("openIDConnectProviderArn")}
		case "AddClientIDToOpenIDConnectProvider":
			return Effect{Undo: RemoveClient, ARN: e.RequestString("openIDConnectProviderArn"), Client: e.RequestString("clientID")}
		}
		return Effect{}
	},
	complete: func(f Effect) bool { return f.ARN != "" && (f.Undo == DeleteProvider || f.Client != "") },
}

var changeSAML = &Inverse{
	Undo: DeleteProvider, Actions: []string{"iam:DeleteSAMLProvider"},
	Advice: "compare the provider's metadata with that of your identity provider, and put the right ones back (aws iam update-saml-provider)",
	of: func(e *trail.Event) Effect {
		if e.Name != "CreateSAMLProvider" {
			return Effect{}
		}
		return Effect{ARN: e.ResponseString("sAMLProviderArn")}
	},
	complete: func(f Effect) bool { return f.ARN != "" },
}
