package twin

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// attachmentOperations are those of managed policies on users, groups and
// roles. Each differs from its sisters in types alone; see holder for what
// they do.
func attachmentOperations() map[string]operation {
	return map[string]operation{
		"AttachUserPolicy": act(onUser, func(c *call, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
			h, err := c.userHolder(in.UserName)
			return &iam.AttachUserPolicyOutput{}, c.attach(h, err, in.PolicyArn)
		}, "UserName", "PolicyArn"),
		"DetachUserPolicy": act(onUser, func(c *call, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
			h, err := c.userHolder(in.UserName)
			return &iam.DetachUserPolicyOutput{}, c.detach(h, err, in.PolicyArn)
		}, "UserName", "PolicyArn"),
		"ListAttachedUserPolicies": act(onUser, func(c *call, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
			h, err := c.userHolder(in.UserName)
			if err != nil {
				return nil, err
			}
			arns, next, more, err := c.attachedARNs(h, in.PathPrefix, in.Marker, in.MaxItems)
			return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: attachedPolicies(arns), IsTruncated: more, Marker: next}, err
		}, "UserName"),
		"AttachGroupPolicy": act(onGroup, func(c *call, in *iam.AttachGroupPolicyInput) (*iam.AttachGroupPolicyOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			return &iam.AttachGroupPolicyOutput{}, c.attach(h, err, in.PolicyArn)
		}, "GroupName", "PolicyArn"),
		"DetachGroupPolicy": act(onGroup, func(c *call, in *iam.DetachGroupPolicyInput) (*iam.DetachGroupPolicyOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			return &iam.DetachGroupPolicyOutput{}, c.detach(h, err, in.PolicyArn)
		}, "GroupName", "PolicyArn"),
		"ListAttachedGroupPolicies": act(onGroup, func(c *call, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			if err != nil {
				return nil, err
			}
			arns, next, more, err := c.attachedARNs(h, in.PathPrefix, in.Marker, in.MaxItems)
			return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: attachedPolicies(arns), IsTruncated: more, Marker: next}, err
		}, "GroupName"),
		"AttachRolePolicy": act(onRole, func(c *call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
			h, err := c.modifiableRoleHolder(in.RoleName)
			return &iam.AttachRolePolicyOutput{}, c.attach(h, err, in.PolicyArn)
		}, "RoleName", "PolicyArn"),
		"DetachRolePolicy": act(onRole, func(c *call, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
			h, err := c.modifiableRoleHolder(in.RoleName)
			return &iam.DetachRolePolicyOutput{}, c.detach(h, err, in.PolicyArn)
		}, "RoleName", "PolicyArn"),
		"ListAttachedRolePolicies": act(onRole, func(c *call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
			h, err := c.roleHolder(in.RoleName)
			if err != nil {
				return nil, err
			}
			arns, next, more, err := c.attachedARNs(h, in.PathPrefix, in.Marker, in.MaxItems)
			return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: attachedPolicies(arns), IsTruncated: more, Marker: next}, err
		}, "RoleName"),
	}
}
