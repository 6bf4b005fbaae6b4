package detect

import (
	"strings"
	"testing"
)

// The calls by which an intruder gets a foothold, credentials, rights or a
// way back, and blinds the defenders, as the rules of Elastic, Panther, Prowler
// and Sigma list them, and what these leave out.
const knownCalls = `
iam CreateUser CreateLoginProfile UpdateLoginProfile ChangePassword CreateAccessKey UpdateAccessKey UploadSSHPublicKey
iam UploadSigningCertificate CreateServiceSpecificCredential ResetServiceSpecificCredential
iam AttachUserPolicy AttachGroupPolicy AttachRolePolicy PutUserPolicy PutGroupPolicy PutRolePolicy AddUserToGroup
iam CreatePolicy CreatePolicyVersion SetDefaultPolicyVersion
iam DeleteUserPermissionsBoundary DeleteRolePermissionsBoundary PutUserPermissionsBoundary PutRolePermissionsBoundary
iam DetachUserPolicy DetachGroupPolicy DetachRolePolicy DeleteUserPolicy DeleteGroupPolicy DeleteRolePolicy DeletePolicy DeletePolicyVersion
iam CreateRole UpdateAssumeRolePolicy UpdateRole CreateInstanceProfile AddRoleToInstanceProfile
iam CreateSAMLProvider UpdateSAMLProvider CreateOpenIDConnectProvider AddClientIDToOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint
iam DeactivateMFADevice EnableMFADevice CreateVirtualMFADevice DeleteVirtualMFADevice DeleteAccountPasswordPolicy UpdateAccountPasswordPolicy
iam DeleteUser DeleteRole DeleteGroup RemoveUserFromGroup
iam EnableOrganizationsRootSessions EnableOrganizationsRootCredentialsManagement
sts GetFederationToken AssumeRoot AssumeRole GetSessionToken GetCallerIdentity
signin ConsoleLogin GetSigninToken
sso CreateAccountAssignment CreatePermissionSet PutInlinePolicyToPermissionSet AttachManagedPolicyToPermissionSet
sso AttachCustomerManagedPolicyReferenceToPermissionSet PutPermissionsBoundaryToPermissionSet
sso-directory CreateUser AddMemberToGroup UpdateMfaDeviceManagementForDirectory
identitystore CreateUser CreateGroupMembership
rolesanywhere CreateTrustAnchor CreateProfile
organizations LeaveOrganization DetachPolicy DeletePolicy UpdatePolicy CloseAccount
lambda CreateFunction20150331 UpdateFunctionCode20150331v2 UpdateFunctionConfiguration20150331v2 AddPermission20150331v2
lambda CreateEventSourceMapping20150331 CreateFunctionUrlConfig DeleteFunction20150331 PutFunctionConcurrency20171031
ec2 RunInstances AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation
cloudformation CreateStack
glue CreateDevEndpoint
codebuild CreateProject
sagemaker CreateNotebookInstance
eks CreateAccessEntry AssociateAccessPolicy
kms PutKeyPolicy CreateGrant
cloudtrail StopLogging DeleteTrail UpdateTrail PutEventSelectors
events DisableRule DeleteRule PutRule RemoveTargets
sns Unsubscribe DeleteTopic
sqs PurgeQueue
access-analyzer DeleteAnalyzer CreateArchiveRule
config StopConfigurationRecorder DeleteConfigurationRecorder
guardduty DeleteDetector
`

// TestKnownCallsAreDetected: each has a detection of its own, and is not left
// to the catch-all.
func TestKnownCallsAreDetected(t *testing.T) {
	t.Parallel()
	n := 0
	for line := range strings.Lines(knownCalls) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		for _, name := range words[1:] {
			if n++; !Names(words[0]+".amazonaws.com", name) {
				t.Errorf("no detection names %s:%s", words[0], name)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d calls", n)
	}
}
