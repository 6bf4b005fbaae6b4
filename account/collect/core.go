package collect

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"warden/account"
)

// core starts the parts that take a few calls, however large the account.
func (r *reader) core(ctx context.Context) {
	s := r.snapshot
	r.part(ctx, "iam:GetAccountAuthorizationDetails", "", func() (func(), error) {
		r.Progress("users, groups, roles and policies")
		got, err := Details(ctx, r.IAM, r.Account, r.Partition, s.CollectedAt)
		if err != nil {
			return nil, err
		}
		return func() {
			s.Users, s.Groups, s.Roles, s.Policies = got.Users, got.Groups, got.Roles, got.Policies
			s.Gaps = append(s.Gaps, got.Gaps...)
		}, nil
	})
	r.part(ctx, "iam:GetCredentialReport", "", func() (func(), error) {
		r.Progress("credential report")
		got, err := r.credentialReport(ctx)
		return func() { s.CredentialReport = got }, err
	})
	r.part(ctx, "iam:GetAccountSummary", "", func() (func(), error) {
		out, err := r.IAM.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
		if err != nil {
			return nil, err
		}
		values := map[string]int{}
		for k, v := range out.SummaryMap {
			values[k] = int(v)
		}
		return func() { s.Summary = fact(r, "iam:GetAccountSummary", values) }, nil
	})
	r.part(ctx, "iam:GetAccountPasswordPolicy", "", func() (func(), error) {
		p, err := r.passwordPolicy(ctx)
		return func() { s.PasswordPolicy = fact(r, "iam:GetAccountPasswordPolicy", p) }, err
	})
	r.part(ctx, "iam:ListAccountAliases", "", func() (func(), error) {
		out, err := r.IAM.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
		return func() {
			if len(out.AccountAliases) > 0 {
				s.Alias = out.AccountAliases[0]
			}
		}, err
	})
	r.part(ctx, "iam:ListVirtualMFADevices", "", func() (func(), error) {
		got, err := r.virtualDevices(ctx)
		return func() { s.VirtualMFA = fact(r, "iam:ListVirtualMFADevices", got) }, err
	})
	r.part(ctx, "iam:ListServiceSpecificCredentials", "", func() (func(), error) {
		got, err := r.serviceCredentials(ctx)
		return func() { s.ServiceCredentials = fact(r, "iam:ListServiceSpecificCredentials", got) }, err
	})
	r.part(ctx, "iam:ListServerCertificates", "", func() (func(), error) {
		got, err := r.serverCertificates(ctx)
		return func() { s.ServerCertificates = fact(r, "iam:ListServerCertificates", got) }, err
	})
	if r.Organization != nil {
		r.part(ctx, "organizations:DescribeOrganization", "", func() (func(), error) {
			got, err := r.organization(ctx)
			return func() { s.Organization = fact(r, "organizations:DescribeOrganization", got) }, err
		})
		r.part(ctx, "iam:ListOrganizationsFeatures", "", func() (func(), error) {
			got, err := r.centralRoot(ctx)
			return func() {
				if got != nil {
					s.CentralRoot = fact(r, "iam:ListOrganizationsFeatures", *got)
				}
			}, err
		})
	}
	if r.Guardrails != nil {
		r.part(ctx, "organizations:ListPoliciesForTarget", "", func() (func(), error) {
			r.Progress("policies of the organisation")
			got, err := r.guardrails(ctx)
			return func() { s.Guardrails = fact(r, "organizations:ListPoliciesForTarget", got) }, err
		})
	}
}

// passwordPolicy: NoSuchEntity means that the account has set none. Source:
// IAM API Reference, GetAccountPasswordPolicy.
func (r *reader) passwordPolicy(ctx context.Context) (account.PasswordPolicy, error) {
	out, err := r.IAM.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
	if missing(err) {
		return account.PasswordPolicy{}, nil
	}
	if err != nil {
		return account.PasswordPolicy{}, err
	}
	p := out.PasswordPolicy
	return account.PasswordPolicy{
		Set: true, MinimumLength: int(aws.ToInt32(p.MinimumPasswordLength)),
		RequireSymbols: p.RequireSymbols, RequireNumbers: p.RequireNumbers, RequireUppercase: p.RequireUppercaseCharacters, RequireLowercase: p.RequireLowercaseCharacters,
		AllowUsersToChangePassword: p.AllowUsersToChangePassword, ExpirePasswords: p.ExpirePasswords, MaxAge: int(aws.ToInt32(p.MaxPasswordAge)),
		ReusePrevention: int(aws.ToInt32(p.PasswordReusePrevention)), HardExpiry: aws.ToBool(p.HardExpiry),
	}, nil
}

func (r *reader) virtualDevices(ctx context.Context) ([]account.MFADevice, error) {
	out := []account.MFADevice{}
	pages := iam.NewListVirtualMFADevicesPaginator(r.IAM, &iam.ListVirtualMFADevicesInput{
		AssignmentStatus: types.AssignmentStatusTypeAssigned, MaxItems: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.VirtualMFADevices {
			device := account.MFADevice{Serial: aws.ToString(d.SerialNumber), Enabled: d.EnableDate}
			if d.User != nil {
				device.User = aws.ToString(d.User.Arn)
			}
			out = append(out, device)
		}
	}
	return out, nil
}

// serviceCredentials lists those of all users in the pages of one call.
// Source: IAM API Reference, ListServiceSpecificCredentials, AllUsers.
func (r *reader) serviceCredentials(ctx context.Context) ([]account.ServiceCredential, error) {
	out := []account.ServiceCredential{}
	in := &iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true), MaxItems: aws.Int32(1000)}
	for {
		page, err := r.IAM.ListServiceSpecificCredentials(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, x := range page.ServiceSpecificCredentials {
			out = append(out, account.ServiceCredential{
				ID: aws.ToString(x.ServiceSpecificCredentialId), User: aws.ToString(x.UserName), Service: aws.ToString(x.ServiceName),
				Active: x.Status == types.StatusTypeActive, CreateDate: aws.ToTime(x.CreateDate), Expires: x.ExpirationDate,
			})
		}
		if !page.IsTruncated || aws.ToString(page.Marker) == "" {
			return out, nil
		}
		in.Marker = page.Marker
	}
}

func (r *reader) serverCertificates(ctx context.Context) ([]account.ServerCertificate, error) {
	out := []account.ServerCertificate{}
	pages := iam.NewListServerCertificatesPaginator(r.IAM, &iam.ListServerCertificatesInput{MaxItems: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.ServerCertificateMetadataList {
			out = append(out, account.ServerCertificate{
				Name: aws.ToString(x.ServerCertificateName), ID: aws.ToString(x.ServerCertificateId), ARN: aws.ToString(x.Arn),
				UploadDate: aws.ToTime(x.UploadDate), Expiration: x.Expiration,
			})
		}
	}
	return out, nil
}

// organization: an account that is in none gets an error that says so. Source:
// AWS Organizations API Reference, DescribeOrganization.
func (r *reader) organization(ctx context.Context) (account.Organization, error) {
	out, err := r.Organization.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if failedWith(err, "AWSOrganizationsNotInUse") {
		return account.Organization{}, nil
	}
	if err != nil {
		return account.Organization{}, err
	}
	return account.Organization{
		ID: aws.ToString(out.Organization.Id), ManagementAccount: aws.ToString(out.Organization.MasterAccountId),
		AllFeatures: out.Organization.FeatureSet == orgtypes.OrganizationFeatureSetAll,
	}, nil
}

// centralRoot is nil for an account without an organisation. Where IAM has no
// access to the organisation, nothing is managed centrally. Source: IAM API
// Reference, ListOrganizationsFeatures, errors.
func (r *reader) centralRoot(ctx context.Context) (*account.CentralRoot, error) {
	out, err := r.IAM.ListOrganizationsFeatures(ctx, &iam.ListOrganizationsFeaturesInput{})
	switch {
	case failedWith(err, "OrganizationNotFound"):
		return nil, nil
	case failedWith(err, "ServiceAccessNotEnabled", "OrganizationNotInAllFeaturesMode"):
		return &account.CentralRoot{}, nil
	case err != nil:
		return nil, err
	}
	return &account.CentralRoot{
		RootCredentialsManagement: slices.Contains(out.EnabledFeatures, types.FeatureTypeRootCredentialsManagement),
		RootSessions:              slices.Contains(out.EnabledFeatures, types.FeatureTypeRootSessions),
	}, nil
}

func sortGaps(gaps []account.Gap) {
	slices.SortStableFunc(gaps, func(a, b account.Gap) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Subject, b.Subject))
	})
}
