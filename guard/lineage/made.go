package lineage

import (
	"time"

	"warden/guard/detect"
	"warden/trail"
)

// maker says how the record of a call names what it made.
type maker struct {
	kind Kind
	// element is the response element that describes it.
	element string
	// id, name and arn are keys in it.
	id, name, arn string
	// top says that the response has the keys themselves, without an element.
	top bool
	// own says that it belongs to the user that the element or request names.
	own bool
}

// makers are the calls of IAM that make something.
// Source: IAM API Reference; AWS CloudTrail User Guide, "CloudTrail record
// contents" (names begin with a small letter).
var makers = map[string]maker{
	"CreateUser":                      {kind: User, element: "user", id: "userId", name: "userName", arn: "arn"},
	"CreateRole":                      {kind: Role, element: "role", id: "roleId", name: "roleName", arn: "arn"},
	"CreateServiceLinkedRole":         {kind: Role, element: "role", id: "roleId", name: "roleName", arn: "arn"},
	"CreateGroup":                     {kind: Group, element: "group", id: "groupId", name: "groupName", arn: "arn"},
	"CreatePolicy":                    {kind: Policy, element: "policy", id: "policyId", name: "policyName", arn: "arn"},
	"CreateInstanceProfile":           {kind: Profile, element: "instanceProfile", id: "instanceProfileId", name: "instanceProfileName", arn: "arn"},
	"CreateAccessKey":                 {kind: Key, element: "accessKey", id: "accessKeyId", own: true},
	"CreateLoginProfile":              {kind: Password, element: "loginProfile", own: true},
	"UploadSSHPublicKey":              {kind: SSHKey, element: "sSHPublicKey", id: "sSHPublicKeyId", own: true},
	"UploadSigningCertificate":        {kind: Certificate, element: "certificate", id: "certificateId", own: true},
	"CreateServiceSpecificCredential": {kind: ServiceCredential, element: "serviceSpecificCredential", id: "serviceSpecificCredentialId", own: true},
	"CreateVirtualMFADevice":          {kind: Device, element: "virtualMFADevice", arn: "serialNumber"},
	"CreateOpenIDConnectProvider":     {kind: Provider, arn: "openIDConnectProviderArn", top: true},
	"CreateSAMLProvider":              {kind: Provider, arn: "sAMLProviderArn", top: true},
}

// creates reports whether a call of this name may have made something.
func creates(e *trail.Event) bool {
	switch detect.Source(e.Source) {
	case detect.IAM:
		_, ok := makers[e.Name]
		return ok
	case detect.STS:
		return detect.STSWrite(e.Source, e.Name)
	}
	return false
}

// Made lists what a call made: nothing when it failed, or when it is none that
// makes anything.
func Made(e *trail.Event) []*Thing {
	if e.Failed() || !creates(e) {
		return nil
	}
	return made(e)
}

// Acts reports whether calls are made under the thing's id: it is a user, a
// role, a key or a session.
func (n *Thing) Acts() bool { return acts(n.Kind) && n.ID != "" }

// made lists what a successful call made.
func made(e *trail.Event) []*Thing {
	n := &Thing{At: e.Time, Event: e.ID, Call: e.Name}
	if detect.Source(e.Source) == detect.STS {
		return session(e, n)
	}
	m := makers[e.Name]
	n.Kind = m.kind
	read := func(key string) string {
		switch {
		case key == "":
			return ""
		case m.top:
			return e.ResponseString(key)
		}
		return e.ResponseString(m.element, key)
	}
	n.ID, n.ARN, n.Name = read(m.id), read(m.arn), read(m.name)
	if n.Name == "" && m.name != "" {
		n.Name = e.RequestString(m.name)
	}
	if m.own {
		// A caller who names no user means himself.
		for _, of := range []string{read("userName"), e.RequestString("userName"), e.Actor().Name} {
			if n.Of == "" {
				n.Of = of
			}
		}
	}
	return []*Thing{n}
}

// session is what a call to STS made: credentials with an access key of their
// own. One whose record names no key made nothing that could be followed.
func session(e *trail.Event, n *Thing) []*Thing {
	n.Kind, n.ID = Session, e.ResponseString("credentials", "accessKeyId")
	if n.ID == "" {
		return nil
	}
	n.Of, n.ARN = e.RequestString("roleArn"), e.ResponseString("assumedRoleUser", "arn")
	if n.ARN == "" {
		n.ARN = e.ResponseString("federatedUser", "arn")
	}
	n.Name = e.RequestString("roleSessionName")
	if n.Name == "" {
		n.Name = e.RequestString("name")
	}
	n.Expires = expiry(e.ResponseString("credentials", "expiration"))
	return []*Thing{n}
}

// expiry reads the two forms in which CloudTrail writes the end of a session.
func expiry(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006, 3:04:05 PM"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

// renamed says whom a call gave another name; to is "" when none.
func renamed(e *trail.Event) (kind Kind, from, to string) {
	switch e.Name {
	case "UpdateUser":
		return User, e.RequestString("userName"), e.RequestString("newUserName")
	case "UpdateGroup":
		return Group, e.RequestString("groupName"), e.RequestString("newGroupName")
	}
	return "", "", ""
}

// enders are the calls that delete, with what they delete and the parameter
// that names it.
var enders = map[string]struct {
	kind Kind
	key  string
}{
	"DeleteUser": {User, "userName"}, "DeleteRole": {Role, "roleName"}, "DeleteServiceLinkedRole": {Role, "roleName"}, "DeleteGroup": {Group, "groupName"},
	"DeletePolicy": {Policy, "policyArn"}, "DeleteInstanceProfile": {Profile, "instanceProfileName"},
	"DeleteAccessKey": {Key, "accessKeyId"}, "DeleteLoginProfile": {Password, "userName"},
	"DeleteSSHPublicKey": {SSHKey, "sSHPublicKeyId"}, "DeleteSigningCertificate": {Certificate, "certificateId"},
	"DeleteServiceSpecificCredential": {ServiceCredential, "serviceSpecificCredentialId"},
	"DeleteVirtualMFADevice":          {Device, "serialNumber"},
	"DeleteOpenIDConnectProvider":     {Provider, "openIDConnectProviderArn"}, "DeleteSAMLProvider": {Provider, "sAMLProviderArn"},
}

// deleted says what a call deleted; kind is "" when nothing.
func deleted(e *trail.Event) (kind Kind, what string) {
	d, ok := enders[e.Name]
	if !ok {
		return "", ""
	}
	what = e.RequestString(d.key)
	if what == "" && d.kind == Password {
		what = e.Actor().Name
	}
	return d.kind, what
}

// target is what a call changed, as its parameters name it.
func target(e *trail.Event) string {
	out := ""
	for _, key := range []string{"userName", "roleName", "groupName", "policyArn", "instanceProfileName", "policyName", "accessKeyId"} {
		if v := e.RequestString(key); v != "" {
			if out != "" {
				out += " "
			}
			out += v
		}
	}
	return out
}
