package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/change"
)

// IdentityWriter holds the calls that change who may become an identity and
// with which credentials.
type IdentityWriter interface {
	PutGroupPolicy(context.Context, *iam.PutGroupPolicyInput, ...func(*iam.Options)) (*iam.PutGroupPolicyOutput, error)
	DeleteGroupPolicy(context.Context, *iam.DeleteGroupPolicyInput, ...func(*iam.Options)) (*iam.DeleteGroupPolicyOutput, error)
	UpdateAssumeRolePolicy(context.Context, *iam.UpdateAssumeRolePolicyInput, ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error)
	AddUserToGroup(context.Context, *iam.AddUserToGroupInput, ...func(*iam.Options)) (*iam.AddUserToGroupOutput, error)
	RemoveUserFromGroup(context.Context, *iam.RemoveUserFromGroupInput, ...func(*iam.Options)) (*iam.RemoveUserFromGroupOutput, error)
	DeleteLoginProfile(context.Context, *iam.DeleteLoginProfileInput, ...func(*iam.Options)) (*iam.DeleteLoginProfileOutput, error)
	UpdateSSHPublicKey(context.Context, *iam.UpdateSSHPublicKeyInput, ...func(*iam.Options)) (*iam.UpdateSSHPublicKeyOutput, error)
	UpdateSigningCertificate(context.Context, *iam.UpdateSigningCertificateInput, ...func(*iam.Options)) (*iam.UpdateSigningCertificateOutput, error)
	UpdateServiceSpecificCredential(context.Context, *iam.UpdateServiceSpecificCredentialInput, ...func(*iam.Options)) (*iam.UpdateServiceSpecificCredentialOutput, error)
	AddRoleToInstanceProfile(context.Context, *iam.AddRoleToInstanceProfileInput, ...func(*iam.Options)) (*iam.AddRoleToInstanceProfileOutput, error)
	RemoveRoleFromInstanceProfile(context.Context, *iam.RemoveRoleFromInstanceProfileInput, ...func(*iam.Options)) (*iam.RemoveRoleFromInstanceProfileOutput, error)
	AddClientIDToOpenIDConnectProvider(context.Context, *iam.AddClientIDToOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.AddClientIDToOpenIDConnectProviderOutput, error)
	RemoveClientIDFromOpenIDConnectProvider(context.Context, *iam.RemoveClientIDFromOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.RemoveClientIDFromOpenIDConnectProviderOutput, error)
	CreateOpenIDConnectProvider(context.Context, *iam.CreateOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.CreateOpenIDConnectProviderOutput, error)
	DeleteOpenIDConnectProvider(context.Context, *iam.DeleteOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.DeleteOpenIDConnectProviderOutput, error)
	CreateSAMLProvider(context.Context, *iam.CreateSAMLProviderInput, ...func(*iam.Options)) (*iam.CreateSAMLProviderOutput, error)
	DeleteSAMLProvider(context.Context, *iam.DeleteSAMLProviderInput, ...func(*iam.Options)) (*iam.DeleteSAMLProviderOutput, error)
}

// IdentityReader holds the calls that read these settings.
type IdentityReader interface {
	GetGroupPolicy(context.Context, *iam.GetGroupPolicyInput, ...func(*iam.Options)) (*iam.GetGroupPolicyOutput, error)
	ListGroupsForUser(context.Context, *iam.ListGroupsForUserInput, ...func(*iam.Options)) (*iam.ListGroupsForUserOutput, error)
	GetLoginProfile(context.Context, *iam.GetLoginProfileInput, ...func(*iam.Options)) (*iam.GetLoginProfileOutput, error)
	ListSSHPublicKeys(context.Context, *iam.ListSSHPublicKeysInput, ...func(*iam.Options)) (*iam.ListSSHPublicKeysOutput, error)
	ListSigningCertificates(context.Context, *iam.ListSigningCertificatesInput, ...func(*iam.Options)) (*iam.ListSigningCertificatesOutput, error)
	ListServiceSpecificCredentials(context.Context, *iam.ListServiceSpecificCredentialsInput, ...func(*iam.Options)) (*iam.ListServiceSpecificCredentialsOutput, error)
	ListInstanceProfilesForRole(context.Context, *iam.ListInstanceProfilesForRoleInput, ...func(*iam.Options)) (*iam.ListInstanceProfilesForRoleOutput, error)
	GetOpenIDConnectProvider(context.Context, *iam.GetOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.GetOpenIDConnectProviderOutput, error)
	GetSAMLProvider(context.Context, *iam.GetSAMLProviderInput, ...func(*iam.Options)) (*iam.GetSAMLProviderOutput, error)
}

// callIdentity makes the call of a step on one of these settings.
func callIdentity(ctx context.Context, api IdentityWriter, s change.Step) error {
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return err
	}
	target, name, other, text := aws.String(s.Target), aws.String(arn.Name()), aws.String(s.Name), aws.String(s.After.Text)
	switch s.Action {
	case change.PutGroupPolicyAction:
		_, err = api.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: name, PolicyName: other, PolicyDocument: text})
	case change.DeleteGroupPolicyAction:
		_, err = api.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: other})
	case change.UpdateTrustAction:
		_, err = api.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: text})
	case change.AddUserToGroupAction:
		_, err = api.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: name, GroupName: other})
	case change.RemoveUserFromGroupAction:
		_, err = api.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: name, GroupName: other})
	case change.DeleteLoginProfileAction:
		_, err = api.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: name})
	case change.UpdateSSHKeyAction:
		_, err = api.UpdateSSHPublicKey(ctx, &iam.UpdateSSHPublicKeyInput{UserName: name, SSHPublicKeyId: other, Status: types.StatusType(s.After.Text)})
	case change.UpdateCertificateAction:
		_, err = api.UpdateSigningCertificate(ctx, &iam.UpdateSigningCertificateInput{UserName: name, CertificateId: other, Status: types.StatusType(s.After.Text)})
	case change.UpdateServiceCredentialAction:
		_, err = api.UpdateServiceSpecificCredential(ctx, &iam.UpdateServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: other, Status: types.StatusType(s.After.Text)})
	case change.AddRoleToProfileAction:
		_, err = api.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{RoleName: name, InstanceProfileName: other})
	case change.RemoveRoleFromProfileAction:
		_, err = api.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{RoleName: name, InstanceProfileName: other})
	case change.AddOIDCClientAction:
		_, err = api.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: target, ClientID: other})
	case change.RemoveOIDCClientAction:
		_, err = api.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: target, ClientID: other})
	case change.CreateOIDCProviderAction:
		err = createOIDC(ctx, api, s)
	case change.DeleteOIDCProviderAction:
		_, err = api.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: target})
	case change.CreateSAMLProviderAction:
		_, err = api.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: name, SAMLMetadataDocument: text})
	case change.DeleteSAMLProviderAction:
		_, err = api.DeleteSAMLProvider(ctx, &iam.DeleteSAMLProviderInput{SAMLProviderArn: target})
	default:
		err = fmt.Errorf("unknown action %q", s.Action)
	}
	return err
}

func createOIDC(ctx context.Context, api IdentityWriter, s change.Step) error {
	p, err := change.ReadOIDC(s.After.Text)
	if err != nil {
		return err
	}
	// IAM answers with the host and path alone and wants the scheme.
	// Source: IAM API Reference, CreateOpenIDConnectProvider.
	url := p.URL
	if !strings.Contains(url, "://") {
		url = "https://" + url
	}
	_, err = api.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String(url), ClientIDList: p.Clients, ThumbprintList: p.Thumbprints})
	return err
}

// readIdentity reads the state of one of these settings.
func readIdentity(ctx context.Context, api Reader, s change.Setting, name *string) (change.State, error) {
	switch s.Kind {
	case change.Trust:
		out, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		if err != nil {
			return change.State{}, gone(err)
		}
		return decoded(out.Role.AssumeRolePolicyDocument)
	case change.Membership:
		return readMembership(ctx, api, name, s.Name)
	case change.LoginProfile:
		return readPassword(ctx, api, name)
	case change.SSHKey, change.Certificate, change.ServiceCredential:
		return readCredential(ctx, api, s.Kind, name, s.Name)
	case change.ProfileRole:
		pages := iam.NewListInstanceProfilesForRolePaginator(api, &iam.ListInstanceProfilesForRoleInput{RoleName: name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return change.State{}, gone(err)
			}
			for _, p := range page.InstanceProfiles {
				if strings.EqualFold(aws.ToString(p.InstanceProfileName), s.Name) {
					return change.Is(change.InProfile), nil
				}
			}
		}
		return change.Absent, nil
	case change.OIDCClient, change.OIDCProvider:
		return readOIDC(ctx, api, s)
	case change.SAMLProvider:
		out, err := api.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: aws.String(s.Target)})
		if IsNotFound(err) {
			return change.Absent, nil
		}
		if err != nil {
			return change.State{}, err
		}
		return change.Is(aws.ToString(out.SAMLMetadataDocument)), nil
	}
	return change.State{}, fmt.Errorf("unknown kind of setting %q", s.Kind)
}

func readMembership(ctx context.Context, api Reader, user *string, group string) (change.State, error) {
	pages := iam.NewListGroupsForUserPaginator(api, &iam.ListGroupsForUserInput{UserName: user})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return change.State{}, gone(err)
		}
		if slices.ContainsFunc(page.Groups, func(g types.Group) bool { return strings.EqualFold(aws.ToString(g.GroupName), group) }) {
			return change.Is(change.Member), nil
		}
	}
	return change.Absent, nil
}

// readPassword reads when a console password was made.
func readPassword(ctx context.Context, api Reader, user *string) (change.State, error) {
	out, err := api.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: user})
	if IsNotFound(err) {
		// The same code is the answer for a missing user.
		if _, err := uniqueID(ctx, api, "user", user); err != nil {
			return change.State{}, gone(err)
		}
		return change.Absent, nil
	}
	if err != nil {
		return change.State{}, err
	}
	if out.LoginProfile == nil || out.LoginProfile.CreateDate == nil {
		return change.State{}, errors.New("IAM does not say when the password was made")
	}
	return change.Is(out.LoginProfile.CreateDate.UTC().Format(time.RFC3339)), nil
}

// readCredential finds the status of a credential that is not an access key.
func readCredential(ctx context.Context, api Reader, kind change.Kind, user *string, id string) (change.State, error) {
	var marker *string
	for {
		statuses := map[string]string{}
		var more bool
		var next *string
		switch kind {
		case change.SSHKey:
			out, err := api.ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: user, Marker: marker})
			if err != nil {
				return change.State{}, gone(err)
			}
			for _, k := range out.SSHPublicKeys {
				statuses[aws.ToString(k.SSHPublicKeyId)] = string(k.Status)
			}
			more, next = out.IsTruncated, out.Marker
		case change.Certificate:
			out, err := api.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: user, Marker: marker})
			if err != nil {
				return change.State{}, gone(err)
			}
			for _, c := range out.Certificates {
				statuses[aws.ToString(c.CertificateId)] = string(c.Status)
			}
			more, next = out.IsTruncated, out.Marker
		default:
			out, err := api.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: user, Marker: marker})
			if err != nil {
				return change.State{}, gone(err)
			}
			for _, c := range out.ServiceSpecificCredentials {
				statuses[aws.ToString(c.ServiceSpecificCredentialId)] = string(c.Status)
			}
			more, next = out.IsTruncated, out.Marker
		}
		if status, ok := statuses[id]; ok {
			return change.Is(status), nil
		}
		if !more {
			return change.Absent, nil
		}
		if next == nil {
			return change.State{}, errors.New("IAM says that there is more and gives no marker")
		}
		marker = next
	}
}

func readOIDC(ctx context.Context, api Reader, s change.Setting) (change.State, error) {
	out, err := api.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(s.Target)})
	switch {
	case IsNotFound(err) && s.Kind == change.OIDCProvider:
		return change.Absent, nil
	case err != nil:
		return change.State{}, gone(err)
	case s.Kind == change.OIDCClient:
		if slices.Contains(out.ClientIDList, s.Name) {
			return change.Is(change.Present), nil
		}
		return change.Absent, nil
	}
	text, err := change.OIDC{URL: aws.ToString(out.Url), Clients: out.ClientIDList, Thumbprints: out.ThumbprintList}.Text()
	if err != nil {
		return change.State{}, err
	}
	return change.Is(text), nil
}
