package apply_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/change"
)

const (
	oidcARN = "arn:aws:iam::" + acct + ":oidc-provider/idp.example"
	oldIDP  = "arn:aws:iam::" + acct + ":oidc-provider/old.example/path"
	samlARN = "arn:aws:iam::" + acct + ":saml-provider/idp"
	sshID   = "APKAEXAMPLE000000001"
	certID  = "TA7EXAMPLE0000000001"
	credID  = "ACCAEXAMPLE000000001"
	madeAt  = "2026-11-23T09:00:00Z"
)

// Credentials is what makes somebody the identity.
type Credentials struct {
	Trust    string            `json:",omitempty"`
	Groups   []string          `json:",omitempty"`
	Password string            `json:",omitempty"` // when it was made
	Other    map[string]string `json:",omitempty"` // SSH keys, certificates, service-specific credentials
	Profiles []string          `json:",omitempty"`
}

// Providers are the identity providers, by ARN.
type Providers struct {
	OIDC map[string]change.OIDC
	SAML map[string]string
}

func (w *world) addCredentials() {
	w.Identities["user deploy"].Credentials = Credentials{
		Groups: []string{"dev"}, Password: madeAt, Other: map[string]string{sshID: "Active", certID: "Active", credID: "Active"},
	}
	w.Identities["role app"].Credentials = Credentials{Trust: oldDoc, Profiles: []string{"web"}}
	w.Identities["group dev"].Inline = map[string]string{}
	w.Providers = Providers{
		OIDC: map[string]change.OIDC{oidcARN: {URL: "idp.example", Clients: []string{"me", "you"}, Thumbprints: []string{"aa"}},
			oldIDP: {URL: "old.example/path", Clients: []string{"me"}, Thumbprints: []string{"aa"}}},
		SAML: map[string]string{samlARN: "<EntityDescriptor/>"},
	}
}

func (f *fake) PutGroupPolicy(_ context.Context, in *iam.PutGroupPolicyInput, _ ...opts) (*iam.PutGroupPolicyOutput, error) {
	return &iam.PutGroupPolicyOutput{}, f.put("PutGroupPolicy", "group", in.GroupName, in.PolicyName, in.PolicyDocument)
}

func (f *fake) DeleteGroupPolicy(_ context.Context, in *iam.DeleteGroupPolicyInput, _ ...opts) (*iam.DeleteGroupPolicyOutput, error) {
	return &iam.DeleteGroupPolicyOutput{}, f.drop("DeleteGroupPolicy", "group", in.GroupName, in.PolicyName)
}

func (f *fake) GetGroupPolicy(_ context.Context, in *iam.GetGroupPolicyInput, _ ...opts) (*iam.GetGroupPolicyOutput, error) {
	doc, err := f.get("GetGroupPolicy", "group", in.GroupName, in.PolicyName)
	return &iam.GetGroupPolicyOutput{PolicyDocument: doc}, err
}

func (f *fake) UpdateAssumeRolePolicy(_ context.Context, in *iam.UpdateAssumeRolePolicyInput, _ ...opts) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return &iam.UpdateAssumeRolePolicyOutput{}, f.on("UpdateAssumeRolePolicy", "role", in.RoleName, func(i *identity) (bool, error) {
		old := i.Trust
		i.Trust = *in.PolicyDocument
		return old != i.Trust, nil
	})
}

// join and leave change a list that holds a name once. IAM answers alike
// whether the name was in the list or not, as it does for group members.
func join(list *[]string, name string) bool {
	if slices.Contains(*list, name) {
		return false
	}
	*list = append(*list, name)
	return true
}

func leave(list *[]string, name string) bool {
	n := slices.IndexFunc(*list, func(s string) bool { return strings.EqualFold(s, name) })
	if n < 0 {
		return false
	}
	if *list = slices.Delete(*list, n, n+1); len(*list) == 0 {
		*list = nil
	}
	return true
}

func (f *fake) AddUserToGroup(_ context.Context, in *iam.AddUserToGroupInput, _ ...opts) (*iam.AddUserToGroupOutput, error) {
	return &iam.AddUserToGroupOutput{}, f.on("AddUserToGroup", "user", in.UserName, func(i *identity) (bool, error) { return join(&i.Groups, *in.GroupName), nil })
}

func (f *fake) RemoveUserFromGroup(_ context.Context, in *iam.RemoveUserFromGroupInput, _ ...opts) (*iam.RemoveUserFromGroupOutput, error) {
	return &iam.RemoveUserFromGroupOutput{}, f.on("RemoveUserFromGroup", "user", in.UserName, func(i *identity) (bool, error) { return leave(&i.Groups, *in.GroupName), nil })
}

func (f *fake) ListGroupsForUser(_ context.Context, in *iam.ListGroupsForUserInput, _ ...opts) (*iam.ListGroupsForUserOutput, error) {
	out := &iam.ListGroupsForUserOutput{}
	return out, f.on("ListGroupsForUser", "user", in.UserName, func(i *identity) (bool, error) {
		for _, g := range i.Groups {
			out.Groups = append(out.Groups, types.Group{GroupName: aws.String(g)})
		}
		return false, nil
	})
}

func (f *fake) GetLoginProfile(_ context.Context, in *iam.GetLoginProfileInput, _ ...opts) (*iam.GetLoginProfileOutput, error) {
	out := &iam.GetLoginProfileOutput{LoginProfile: &types.LoginProfile{}}
	return out, f.on("GetLoginProfile", "user", in.UserName, func(i *identity) (bool, error) {
		at, err := time.Parse(time.RFC3339, i.Password)
		if i.Password == "" {
			return false, apiErr("NoSuchEntity", "Login Profile for User %s cannot be found.", *in.UserName)
		}
		out.LoginProfile.CreateDate = &at
		return false, err
	})
}

func (f *fake) DeleteLoginProfile(_ context.Context, in *iam.DeleteLoginProfileInput, _ ...opts) (*iam.DeleteLoginProfileOutput, error) {
	return &iam.DeleteLoginProfileOutput{}, f.on("DeleteLoginProfile", "user", in.UserName, func(i *identity) (bool, error) {
		if i.Password == "" {
			return false, apiErr("NoSuchEntity", "Login Profile for User %s cannot be found.", *in.UserName)
		}
		i.Password = ""
		return true, nil
	})
}

func (f *fake) status(op string, user, id *string, status types.StatusType) error {
	return f.on(op, "user", user, func(i *identity) (bool, error) {
		old, ok := i.Other[*id]
		if !ok {
			return false, apiErr("NoSuchEntity", "The credential %s cannot be found.", *id)
		}
		i.Other[*id] = string(status)
		return old != string(status), nil
	})
}

func (f *fake) UpdateSSHPublicKey(_ context.Context, in *iam.UpdateSSHPublicKeyInput, _ ...opts) (*iam.UpdateSSHPublicKeyOutput, error) {
	return &iam.UpdateSSHPublicKeyOutput{}, f.status("UpdateSSHPublicKey", in.UserName, in.SSHPublicKeyId, in.Status)
}

func (f *fake) UpdateSigningCertificate(_ context.Context, in *iam.UpdateSigningCertificateInput, _ ...opts) (*iam.UpdateSigningCertificateOutput, error) {
	return &iam.UpdateSigningCertificateOutput{}, f.status("UpdateSigningCertificate", in.UserName, in.CertificateId, in.Status)
}

func (f *fake) UpdateServiceSpecificCredential(_ context.Context, in *iam.UpdateServiceSpecificCredentialInput, _ ...opts) (*iam.UpdateServiceSpecificCredentialOutput, error) {
	return &iam.UpdateServiceSpecificCredentialOutput{}, f.status("UpdateServiceSpecificCredential", in.UserName, in.ServiceSpecificCredentialId, in.Status)
}

// credentials lists the ids with a beginning, one to a page.
func (f *fake) credentials(op string, user, marker *string, prefix string) (id *string, status types.StatusType, next *string, err error) {
	err = f.on(op, "user", user, func(i *identity) (bool, error) {
		for _, k := range slices.Sorted(maps.Keys(i.Other)) {
			if k[:2] != prefix || k <= aws.ToString(marker) {
				continue
			}
			if id != nil {
				next = id
				break
			}
			id, status = aws.String(k), types.StatusType(i.Other[k])
		}
		return false, nil
	})
	return id, status, next, err
}

func (f *fake) ListSSHPublicKeys(_ context.Context, in *iam.ListSSHPublicKeysInput, _ ...opts) (*iam.ListSSHPublicKeysOutput, error) {
	id, status, next, err := f.credentials("ListSSHPublicKeys", in.UserName, in.Marker, "AP")
	out := &iam.ListSSHPublicKeysOutput{Marker: next, IsTruncated: next != nil}
	if id != nil {
		out.SSHPublicKeys = []types.SSHPublicKeyMetadata{{SSHPublicKeyId: id, Status: status}}
	}
	return out, err
}

func (f *fake) ListSigningCertificates(_ context.Context, in *iam.ListSigningCertificatesInput, _ ...opts) (*iam.ListSigningCertificatesOutput, error) {
	id, status, next, err := f.credentials("ListSigningCertificates", in.UserName, in.Marker, "TA")
	out := &iam.ListSigningCertificatesOutput{Marker: next, IsTruncated: next != nil}
	if id != nil {
		out.Certificates = []types.SigningCertificate{{CertificateId: id, Status: status}}
	}
	return out, err
}

func (f *fake) ListServiceSpecificCredentials(_ context.Context, in *iam.ListServiceSpecificCredentialsInput, _ ...opts) (*iam.ListServiceSpecificCredentialsOutput, error) {
	id, status, next, err := f.credentials("ListServiceSpecificCredentials", in.UserName, in.Marker, "AC")
	out := &iam.ListServiceSpecificCredentialsOutput{Marker: next, IsTruncated: next != nil}
	if id != nil {
		out.ServiceSpecificCredentials = []types.ServiceSpecificCredentialMetadata{{ServiceSpecificCredentialId: id, Status: status}}
	}
	return out, err
}

func (f *fake) AddRoleToInstanceProfile(_ context.Context, in *iam.AddRoleToInstanceProfileInput, _ ...opts) (*iam.AddRoleToInstanceProfileOutput, error) {
	return &iam.AddRoleToInstanceProfileOutput{}, f.on("AddRoleToInstanceProfile", "role", in.RoleName, func(i *identity) (bool, error) { return join(&i.Profiles, *in.InstanceProfileName), nil })
}

func (f *fake) RemoveRoleFromInstanceProfile(_ context.Context, in *iam.RemoveRoleFromInstanceProfileInput, _ ...opts) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	return &iam.RemoveRoleFromInstanceProfileOutput{}, f.on("RemoveRoleFromInstanceProfile", "role", in.RoleName, func(i *identity) (bool, error) {
		if !leave(&i.Profiles, *in.InstanceProfileName) {
			return false, apiErr("NoSuchEntity", "The role is not in the instance profile.")
		}
		return true, nil
	})
}

func (f *fake) ListInstanceProfilesForRole(_ context.Context, in *iam.ListInstanceProfilesForRoleInput, _ ...opts) (*iam.ListInstanceProfilesForRoleOutput, error) {
	out := &iam.ListInstanceProfilesForRoleOutput{}
	return out, f.on("ListInstanceProfilesForRole", "role", in.RoleName, func(i *identity) (bool, error) {
		for _, p := range i.Profiles {
			out.InstanceProfiles = append(out.InstanceProfiles, types.InstanceProfile{InstanceProfileName: aws.String(p)})
		}
		return false, nil
	})
}

func (f *fake) oidc(op string, arn *string, run func(p *change.OIDC) bool) error {
	return f.do(op, *arn, func(w *world) (bool, error) {
		p, ok := w.OIDC[*arn]
		if !ok {
			return false, apiErr("NoSuchEntity", "OpenIDConnect Provider not found for arn %s", *arn)
		}
		p.Clients = slices.Clone(p.Clients)
		changed := run(&p)
		w.OIDC[*arn] = p
		return changed, nil
	})
}

func (f *fake) AddClientIDToOpenIDConnectProvider(_ context.Context, in *iam.AddClientIDToOpenIDConnectProviderInput, _ ...opts) (*iam.AddClientIDToOpenIDConnectProviderOutput, error) {
	return &iam.AddClientIDToOpenIDConnectProviderOutput{}, f.oidc("AddClientIDToOpenIDConnectProvider", in.OpenIDConnectProviderArn, func(p *change.OIDC) bool {
		changed := join(&p.Clients, *in.ClientID)
		slices.Sort(p.Clients)
		return changed
	})
}

func (f *fake) RemoveClientIDFromOpenIDConnectProvider(_ context.Context, in *iam.RemoveClientIDFromOpenIDConnectProviderInput, _ ...opts) (*iam.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	return &iam.RemoveClientIDFromOpenIDConnectProviderOutput{}, f.oidc("RemoveClientIDFromOpenIDConnectProvider", in.OpenIDConnectProviderArn, func(p *change.OIDC) bool { return leave(&p.Clients, *in.ClientID) })
}

func (f *fake) GetOpenIDConnectProvider(_ context.Context, in *iam.GetOpenIDConnectProviderInput, _ ...opts) (*iam.GetOpenIDConnectProviderOutput, error) {
	out := &iam.GetOpenIDConnectProviderOutput{}
	return out, f.oidc("GetOpenIDConnectProvider", in.OpenIDConnectProviderArn, func(p *change.OIDC) bool {
		out.Url, out.ClientIDList, out.ThumbprintList = aws.String(p.URL), p.Clients, p.Thumbprints
		return false
	})
}

func (f *fake) CreateOpenIDConnectProvider(_ context.Context, in *iam.CreateOpenIDConnectProviderInput, _ ...opts) (*iam.CreateOpenIDConnectProviderOutput, error) {
	name := (*in.Url)[len("https://"):]
	arn := "arn:aws:iam::" + acct + ":oidc-provider/" + name
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: &arn}, f.do("CreateOpenIDConnectProvider", arn, func(w *world) (bool, error) {
		if _, ok := w.OIDC[arn]; ok {
			return false, apiErr("EntityAlreadyExists", "Provider with url %s already exists.", *in.Url)
		}
		w.OIDC[arn] = change.OIDC{URL: name, Clients: in.ClientIDList, Thumbprints: in.ThumbprintList}
		return true, nil
	})
}

func (f *fake) DeleteOpenIDConnectProvider(_ context.Context, in *iam.DeleteOpenIDConnectProviderInput, _ ...opts) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	return &iam.DeleteOpenIDConnectProviderOutput{}, f.do("DeleteOpenIDConnectProvider", *in.OpenIDConnectProviderArn, func(w *world) (bool, error) {
		_, ok := w.OIDC[*in.OpenIDConnectProviderArn]
		delete(w.OIDC, *in.OpenIDConnectProviderArn)
		return ok, nil
	})
}

func (f *fake) CreateSAMLProvider(_ context.Context, in *iam.CreateSAMLProviderInput, _ ...opts) (*iam.CreateSAMLProviderOutput, error) {
	arn := "arn:aws:iam::" + acct + ":saml-provider/" + *in.Name
	return &iam.CreateSAMLProviderOutput{SAMLProviderArn: &arn}, f.do("CreateSAMLProvider", arn, func(w *world) (bool, error) {
		if _, ok := w.SAML[arn]; ok {
			return false, apiErr("EntityAlreadyExists", "Provider with name %s already exists.", *in.Name)
		}
		w.SAML[arn] = *in.SAMLMetadataDocument
		return true, nil
	})
}

func (f *fake) GetSAMLProvider(_ context.Context, in *iam.GetSAMLProviderInput, _ ...opts) (*iam.GetSAMLProviderOutput, error) {
	out := &iam.GetSAMLProviderOutput{}
	return out, f.do("GetSAMLProvider", *in.SAMLProviderArn, func(w *world) (bool, error) {
		text, ok := w.SAML[*in.SAMLProviderArn]
		if !ok {
			return false, apiErr("NoSuchEntity", "Manifest not found for arn %s", *in.SAMLProviderArn)
		}
		out.SAMLMetadataDocument = &text
		return false, nil
	})
}

func (f *fake) DeleteSAMLProvider(_ context.Context, in *iam.DeleteSAMLProviderInput, _ ...opts) (*iam.DeleteSAMLProviderOutput, error) {
	return &iam.DeleteSAMLProviderOutput{}, f.do("DeleteSAMLProvider", *in.SAMLProviderArn, func(w *world) (bool, error) {
		if _, ok := w.SAML[*in.SAMLProviderArn]; !ok {
			return false, apiErr("NoSuchEntity", "Manifest not found for arn %s", *in.SAMLProviderArn)
		}
		delete(w.SAML, *in.SAMLProviderArn)
		return true, nil
	})
}

func (f *fake) ListUsers(context.Context, *iam.ListUsersInput, ...opts) (*iam.ListUsersOutput, error) {
	out := &iam.ListUsersOutput{}
	return out, f.do("ListUsers", "", func(w *world) (bool, error) {
		for key, i := range w.Identities {
			if name, ok := strings.CutPrefix(key, "user "); ok {
				out.Users = append(out.Users, types.User{UserId: aws.String(i.ID), Arn: aws.String("arn:aws:iam::" + acct + ":user/" + name)})
			}
		}
		return false, nil
	})
}
