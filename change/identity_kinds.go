package change

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Kinds of settings that say who may become an identity and with which
// credentials. The text of their states is given for each.
const (
	// Trust is the trust policy of a role; text is its document.
	Trust Kind = "trust-policy"
	// Membership of a user in a group; Name is the group's name, text
	// "member".
	Membership Kind = "group-membership"
	// LoginProfile is a user's console password; text is the time at
	// which it was made in RFC 3339, which tells one password from the next.
	LoginProfile Kind = "login-profile"
	// SSHKey is the status of an SSH key of a user, Certificate that of a
	// signing certificate, ServiceCredential that of a service-specific
	// credential; Name is its id, text "Active" or "Inactive".
	SSHKey            Kind = "ssh-key"
	Certificate       Kind = "signing-certificate"
	ServiceCredential Kind = "service-credential"
	// ProfileRole is a role in an instance profile; Target is the role, Name
	// the name of the profile, text "in".
	ProfileRole Kind = "instance-profile-role"
	// OIDCClient is a client id of an OIDC provider; Target is the provider,
	// Name the client id, text "present".
	OIDCClient Kind = "oidc-client"
	// OIDCProvider is the existence of an OIDC provider; text is
	// that of an [OIDC]. SAMLProvider is that of a SAML provider; text is its
	// metadata document.
	OIDCProvider Kind = "oidc-provider"
	SAMLProvider Kind = "saml-provider"
)

// Texts of states that are not documents or ARNs.
const (
	Member    = "member"
	InProfile = "in"
	Present   = "present"
)

// The operations that change these settings.
const (
	PutGroupPolicyAction          Action = "PutGroupPolicy"
	DeleteGroupPolicyAction       Action = "DeleteGroupPolicy"
	UpdateTrustAction             Action = "UpdateAssumeRolePolicy"
	AddUserToGroupAction          Action = "AddUserToGroup"
	RemoveUserFromGroupAction     Action = "RemoveUserFromGroup"
	DeleteLoginProfileAction      Action = "DeleteLoginProfile"
	UpdateSSHKeyAction            Action = "UpdateSSHPublicKey"
	UpdateCertificateAction       Action = "UpdateSigningCertificate"
	UpdateServiceCredentialAction Action = "UpdateServiceSpecificCredential"
	AddRoleToProfileAction        Action = "AddRoleToInstanceProfile"
	RemoveRoleFromProfileAction   Action = "RemoveRoleFromInstanceProfile"
	AddOIDCClientAction           Action = "AddClientIDToOpenIDConnectProvider"
	RemoveOIDCClientAction        Action = "RemoveClientIDFromOpenIDConnectProvider"
	CreateOIDCProviderAction      Action = "CreateOpenIDConnectProvider"
	DeleteOIDCProviderAction      Action = "DeleteOpenIDConnectProvider"
	CreateSAMLProviderAction      Action = "CreateSAMLProvider"
	DeleteSAMLProviderAction      Action = "DeleteSAMLProvider"
)

// identityActions lists the operations above.
func identityActions() []Action {
	return []Action{
		PutGroupPolicyAction, DeleteGroupPolicyAction, UpdateTrustAction, AddUserToGroupAction, RemoveUserFromGroupAction,
		DeleteLoginProfileAction, UpdateSSHKeyAction, UpdateCertificateAction, UpdateServiceCredentialAction,
		AddRoleToProfileAction, RemoveRoleFromProfileAction, AddOIDCClientAction, RemoveOIDCClientAction,
		CreateOIDCProviderAction, DeleteOIDCProviderAction, CreateSAMLProviderAction, DeleteSAMLProviderAction,
	}
}

// identityKind describes a kind: what its target is, whether it needs a name,
// and the calls that bring it about, replace it and take it away. A call that
// is missing cannot be made.
type identityKind struct {
	target, words    string
	named            bool
	make, turn, drop Action
	texts            []string // the texts that a state may have; nil: any
}

var identityKinds = map[Kind]identityKind{
	Trust:             {target: "role", words: "trust policy of %[2]s", turn: UpdateTrustAction},
	Membership:        {target: "user", words: "membership of %[2]s in group %[1]s", named: true, make: AddUserToGroupAction, drop: RemoveUserFromGroupAction, texts: []string{Member}},
	LoginProfile:      {target: "user", words: "console password of %[2]s", drop: DeleteLoginProfileAction},
	SSHKey:            {target: "user", words: "SSH key %[1]s of %[2]s", named: true, turn: UpdateSSHKeyAction, texts: []string{Active, Inactive}},
	Certificate:       {target: "user", words: "signing certificate %[1]s of %[2]s", named: true, turn: UpdateCertificateAction, texts: []string{Active, Inactive}},
	ServiceCredential: {target: "user", words: "service-specific credential %[1]s of %[2]s", named: true, turn: UpdateServiceCredentialAction, texts: []string{Active, Inactive}},
	ProfileRole:       {target: "role", words: "%[2]s in instance profile %[1]s", named: true, make: AddRoleToProfileAction, drop: RemoveRoleFromProfileAction, texts: []string{InProfile}},
	OIDCClient:        {target: "oidc-provider", words: "client id %[1]s of %[2]s", named: true, make: AddOIDCClientAction, drop: RemoveOIDCClientAction, texts: []string{Present}},
	OIDCProvider:      {target: "oidc-provider", words: "%[2]s", make: CreateOIDCProviderAction, drop: DeleteOIDCProviderAction},
	SAMLProvider:      {target: "saml-provider", words: "%[2]s", make: CreateSAMLProviderAction, drop: DeleteSAMLProviderAction},
}

// derive finds the call that moves a setting of the kind between two states,
// or says why there is none.
func (k identityKind) derive(s Setting, before, after State) (Action, string) {
	switch {
	case k.target == "":
		return "", fmt.Sprintf("unknown kind %q", s.Kind)
	case targetType(s.Target) != k.target:
		return "", "the target is not a " + k.target
	case k.named && s.Name == "":
		return "", "it has no name"
	}
	for _, st := range []State{before, after} {
		if st.Exists && k.texts != nil && !slices.Contains(k.texts, st.Text) {
			return "", fmt.Sprintf("%q is no state of it", st.Text)
		}
	}
	a, why := k.make, "what was lost cannot be made again"
	switch {
	case before.Exists && after.Exists:
		a, why = k.turn, "it is made or deleted, not changed"
	case before.Exists:
		a, why = k.drop, "it can only be changed"
	}
	if a == "" {
		return "", why
	}
	return a, ""
}

// lost lists what no undo of these actions can give back.
func (a Action) lost() []string {
	switch a {
	case DeleteLoginProfileAction:
		return []string{"the console password: nobody but its owner knows it; give him a new one"}
	case DeleteOIDCProviderAction, DeleteSAMLProviderAction:
		return []string{"the tags of the identity provider"}
	}
	return nil
}

// AddMember puts a user into a group that he is not in.
func AddMember(user Identity, group string) Step {
	return Transition(Setting{Membership, user.ARN, group}, user.ID, Absent, Is(Member))
}

// RemoveMember takes a user out of a group.
func RemoveMember(user Identity, group string) Step {
	return Transition(Setting{Membership, user.ARN, group}, user.ID, Is(Member), Absent)
}

// PutTrust replaces the trust policy of a role, of which former is the text.
func PutTrust(role Identity, former, document string) Step {
	return Transition(Setting{Kind: Trust, Target: role.ARN}, role.ID, Is(former), Is(document))
}

// DeletePassword takes away the console password whose state is made.
func DeletePassword(user Identity, made string) Step {
	return Transition(Setting{Kind: LoginProfile, Target: user.ARN}, user.ID, Is(made), Absent)
}

// Deactivate makes an active SSH key, signing certificate, service-specific
// credential or access key of a user inactive.
func Deactivate(kind Kind, user Identity, id string) Step {
	return Transition(Setting{kind, user.ARN, id}, user.ID, Is(Active), Is(Inactive))
}

// LeaveProfile takes a role out of an instance profile.
func LeaveProfile(role Identity, profile string) Step {
	return Transition(Setting{ProfileRole, role.ARN, profile}, role.ID, Is(InProfile), Absent)
}

// RemoveOIDCClient takes a client id from an OIDC provider.
func RemoveOIDCClient(provider, client string) Step {
	return Transition(Setting{OIDCClient, provider, client}, "", Is(Present), Absent)
}

// DeleteProvider deletes an OIDC or SAML provider that is as text says.
func DeleteProvider(kind Kind, provider, text string) Step {
	return Transition(Setting{Kind: kind, Target: provider}, "", Is(text), Absent)
}

// OIDC is what an OIDC provider holds besides its tags.
type OIDC struct {
	URL         string   `json:"url"`
	Clients     []string `json:"clients,omitempty"`
	Thumbprints []string `json:"thumbprints,omitempty"`
}

// Text is the text of the provider's state: the same for the same content, in
// whatever order IAM lists it.
func (o OIDC) Text() (string, error) {
	o.Clients, o.Thumbprints = slices.Sorted(slices.Values(o.Clients)), slices.Sorted(slices.Values(o.Thumbprints))
	text, err := json.Marshal(o)
	return string(text), err
}

// ReadOIDC reads what Text wrote.
func ReadOIDC(text string) (o OIDC, err error) {
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return o, fmt.Errorf("the state of an OIDC provider: %w", err)
	}
	return o, nil
}
