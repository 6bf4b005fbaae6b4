package twin

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func accountOperations() map[string]operation {
	return map[string]operation{
		"GetAccountSummary":              act(onAll, getAccountSummary),
		"ListAccountAliases":             act(onAll, listAccountAliases),
		"CreateAccountAlias":             act(onAll, createAccountAlias, "AccountAlias"),
		"DeleteAccountAlias":             act(onAll, deleteAccountAlias, "AccountAlias"),
		"GetAccountAuthorizationDetails": act(onAll, getAccountAuthorizationDetails),
	}
}

// created is when the account began: with its first identity.
func (s *state) created() time.Time {
	first := s.collectedAt
	for _, u := range s.users.rows {
		if u.value.CreateDate.Before(first) {
			first = u.value.CreateDate
		}
	}
	return first
}

// getAccountSummary counts; what the twin does not have is zero. IAM API Reference,
// GetAccountSummary.
func getAccountSummary(c *call, _ *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	s, q := c.state, c.state.quotas
	policies, versions := 0, 0
	for _, p := range s.policies.rows {
		if !p.value.AWSManaged() {
			policies++
			versions += len(p.value.Versions)
		}
	}
	devices := 0
	for _, d := range s.belongings.devices.rows {
		if d.value.userID != "" {
			devices++
		}
	}
	root := s.belongings.root
	m := map[string]int{
		"Users": s.users.len(), "UsersQuota": q.users,
		"Groups": s.groups.len(), "GroupsQuota": q.groups,
		"Roles": s.roles.len(), "RolesQuota": q.roles,
		"Policies": policies, "PoliciesQuota": q.policies,
		"PolicyVersionsInUse": versions, "PolicyVersionsInUseQuota": 10000, "VersionsPerPolicyQuota": q.versionsPerPolicy,
		"InstanceProfiles": s.belongings.profiles.len(), "InstanceProfilesQuota": q.profiles, "ServerCertificates": 0, "ServerCertificatesQuota": 20,
		"Providers": s.belongings.providers.len(), "MFADevices": s.belongings.devices.len(), "MFADevicesInUse": devices,
		"AccountMFAEnabled": zeroOrOne(root.MFA != ""), "AccountAccessKeysPresent": zeroOrOne(len(root.Keys) > 0),
		"AccountPasswordPresent": zeroOrOne(!root.NoPassword), "AccountSigningCertificatesPresent": 0,
		"GlobalEndpointTokenVersion": 1,
		"UserPolicySizeQuota":        q.inlineUser, "GroupPolicySizeQuota": q.inlineGroup, "RolePolicySizeQuota": q.inlineRole,
		"AssumeRolePolicySizeQuota": q.trustPolicy, "PolicySizeQuota": q.managedPolicy,
		"AttachedPoliciesPerUserQuota": q.attachedPerUser, "AttachedPoliciesPerGroupQuota": q.attachedPerGroup, "AttachedPoliciesPerRoleQuota": q.attachedPerRole,
		"GroupsPerUserQuota": q.groupsPerUser, "AccessKeysPerUserQuota": q.keysPerUser, "SigningCertificatesPerUserQuota": q.certsPerUser,
	}
	out := map[string]int32{}
	for k, v := range m {
		out[k] = int32(v)
	}
	return &iam.GetAccountSummaryOutput{SummaryMap: out}, nil
}

func zeroOrOne(b bool) int {
	if b {
		return 1
	}
	return 0
}

func listAccountAliases(c *call, _ *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	out := &iam.ListAccountAliasesOutput{AccountAliases: []string{}}
	if c.state.alias != "" {
		out.AccountAliases = append(out.AccountAliases, c.state.alias)
	}
	return out, nil
}

// createAccountAlias replaces the alias: an account has one at most. The name
// must not look like an account number.
func createAccountAlias(c *call, in *iam.CreateAccountAliasInput) (*iam.CreateAccountAliasOutput, error) {
	alias := text(in.AccountAlias)
	if isAccountID(alias) {
		return nil, refuse(400, "ValidationError", "The account alias %s must not be a 12-digit number.", alias)
	}
	if alias == c.state.alias {
		return nil, fail(409, "EntityAlreadyExists", "The account alias %s already exists.", alias)
	}
	c.state.alias = alias
	return &iam.CreateAccountAliasOutput{}, nil
}

func deleteAccountAlias(c *call, in *iam.DeleteAccountAliasInput) (*iam.DeleteAccountAliasOutput, error) {
	if c.state.alias != text(in.AccountAlias) {
		return nil, fail(404, "NoSuchEntity", "The account alias %s does not exist.", text(in.AccountAlias))
	}
	c.state.alias = ""
	return &iam.DeleteAccountAliasOutput{}, nil
}
