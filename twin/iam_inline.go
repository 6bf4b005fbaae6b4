package twin

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// inlineOperations are those of inline policies of users, groups and roles.
// Each differs from its sisters in types alone; see holder for what they do.
func inlineOperations() map[string]operation {
	return map[string]operation{
		"PutUserPolicy": act(onUser, func(c *call, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
			h, err := c.userHolder(in.UserName)
			return &iam.PutUserPolicyOutput{}, c.putInline(h, err, in.PolicyName, in.PolicyDocument)
		}, "UserName", "PolicyName", "PolicyDocument"),
		"GetUserPolicy": act(onUser, func(c *call, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
			h, err := c.userHolder(in.UserName)
			if err != nil {
				return nil, err
			}
			p, err := h.getInline(in.PolicyName)
			if err != nil {
				return nil, err
			}
			return &iam.GetUserPolicyOutput{UserName: ptr(h.name), PolicyName: ptr(p.Name), PolicyDocument: encoded(p.Document)}, nil
		}, "UserName", "PolicyName"),
		"DeleteUserPolicy": act(onUser, func(c *call, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
			h, err := c.userHolder(in.UserName)
			return &iam.DeleteUserPolicyOutput{}, c.deleteInline(h, err, in.PolicyName)
		}, "UserName", "PolicyName"),
		"ListUserPolicies": act(onUser, func(c *call, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
			h, err := c.userHolder(in.UserName)
			if err != nil {
				return nil, err
			}
			names, next, more, err := c.inlineNames(h, in.Marker, in.MaxItems)
			return &iam.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: more, Marker: next}, err
		}, "UserName"),
		"PutGroupPolicy": act(onGroup, func(c *call, in *iam.PutGroupPolicyInput) (*iam.PutGroupPolicyOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			return &iam.PutGroupPolicyOutput{}, c.putInline(h, err, in.PolicyName, in.PolicyDocument)
		}, "GroupName", "PolicyName", "PolicyDocument"),
		"GetGroupPolicy": act(onGroup, func(c *call, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			if err != nil {
				return nil, err
			}
			p, err := h.getInline(in.PolicyName)
			if err != nil {
				return nil, err
			}
			return &iam.GetGroupPolicyOutput{GroupName: ptr(h.name), PolicyName: ptr(p.Name), PolicyDocument: encoded(p.Document)}, nil
		}, "GroupName", "PolicyName"),
		"DeleteGroupPolicy": act(onGroup, func(c *call, in *iam.DeleteGroupPolicyInput) (*iam.DeleteGroupPolicyOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			return &iam.DeleteGroupPolicyOutput{}, c.deleteInline(h, err, in.PolicyName)
		}, "GroupName", "PolicyName"),
		"ListGroupPolicies": act(onGroup, func(c *call, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
			h, err := c.groupHolder(in.GroupName)
			if err != nil {
				return nil, err
			}
			names, next, more, err := c.inlineNames(h, in.Marker, in.MaxItems)
			return &iam.ListGroupPoliciesOutput{PolicyNames: names, IsTruncated: more, Marker: next}, err
		}, "GroupName"),
		"PutRolePolicy": act(onRole, func(c *call, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
			h, err := c.modifiableRoleHolder(in.RoleName)
			return &iam.PutRolePolicyOutput{}, c.putInline(h, err, in.PolicyName, in.PolicyDocument)
		}, "RoleName", "PolicyName", "PolicyDocument"),
		"GetRolePolicy": act(onRole, func(c *call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
			h, err := c.roleHolder(in.RoleName)
			if err != nil {
				return nil, err
			}
			p, err := h.getInline(in.PolicyName)
			if err != nil {
				return nil, err
			}
			return &iam.GetRolePolicyOutput{RoleName: ptr(h.name), PolicyName: ptr(p.Name), PolicyDocument: encoded(p.Document)}, nil
		}, "RoleName", "PolicyName"),
		"DeleteRolePolicy": act(onRole, func(c *call, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
			h, err := c.modifiableRoleHolder(in.RoleName)
			return &iam.DeleteRolePolicyOutput{}, c.deleteInline(h, err, in.PolicyName)
		}, "RoleName", "PolicyName"),
		"ListRolePolicies": act(onRole, func(c *call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
			h, err := c.roleHolder(in.RoleName)
			if err != nil {
				return nil, err
			}
			names, next, more, err := c.inlineNames(h, in.Marker, in.MaxItems)
			return &iam.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: more, Marker: next}, err
		}, "RoleName"),
	}
}
