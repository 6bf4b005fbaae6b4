package apply

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/change"
)

// call makes the call of a step.
func (w worker) call(ctx context.Context, s change.Step) (found change.State, stated bool, err error) {
	if s.Kind == change.Statement {
		return change.State{}, false, w.writeStatement(ctx, s)
	}
	return call(ctx, w.api, s)
}

// call makes the one call of a step. The answer to CreatePolicy and
// CreatePolicyVersion states what was made; found is then that state, and
// stated is true. For all others the effect has to be read back.
func call(ctx context.Context, api Writer, s change.Step) (found change.State, stated bool, err error) {
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return change.State{}, false, err
	}
	target, name, other, text := aws.String(s.Target), aws.String(arn.Name()), aws.String(s.Name), aws.String(s.After.Text)
	switch s.Action {
	case change.CreatePolicyAction:
		in := &iam.CreatePolicyInput{PolicyName: name, PolicyDocument: text, Path: aws.String(path(arn))}
		if s.After.Description != "" {
			in.Description = aws.String(s.After.Description)
		}
		out, err := api.CreatePolicy(ctx, in)
		if err != nil {
			return change.State{}, false, err
		}
		if out.Policy == nil || aws.ToString(out.Policy.Arn) != s.Target {
			return change.State{}, false, fmt.Errorf("IAM made another policy than %s", s.Target)
		}
		found := s.After
		found.Version = aws.ToString(out.Policy.DefaultVersionId)
		return found, true, nil
	case change.CreatePolicyVersionAction:
		out, err := api.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: target, PolicyDocument: text, SetAsDefault: true})
		if err != nil {
			return change.State{}, false, err
		}
		found := s.After
		if out.PolicyVersion != nil {
			found.Version = aws.ToString(out.PolicyVersion.VersionId)
		}
		return found, found.Version != "", nil
	case change.DeletePolicyAction:
		_, err = api.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: target})
	case change.SetDefaultPolicyVersionAction:
		_, err = api.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: target, VersionId: aws.String(s.After.Version)})
	case change.DeletePolicyVersionAction:
		_, err = api.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: target, VersionId: other})
	case change.AttachUserPolicyAction:
		_, err = api.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: other})
	case change.DetachUserPolicyAction:
		_, err = api.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: other})
	case change.AttachRolePolicyAction:
		_, err = api.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: other})
	case change.DetachRolePolicyAction:
		_, err = api.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: other})
	case change.AttachGroupPolicyAction:
		_, err = api.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: other})
	case change.DetachGroupPolicyAction:
		_, err = api.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: other})
	case change.PutUserPolicyAction:
		_, err = api.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: other, PolicyDocument: text})
	case change.DeleteUserPolicyAction:
		_, err = api.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: other})
	case change.PutRolePolicyAction:
		_, err = api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: other, PolicyDocument: text})
	case change.DeleteRolePolicyAction:
		_, err = api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: other})
	case change.UpdateAccessKeyAction:
		_, err = api.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: name, AccessKeyId: other, Status: types.StatusType(s.After.Text)})
	case change.PutUserBoundaryAction:
		_, err = api.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: text})
	case change.PutRoleBoundaryAction:
		_, err = api.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: text})
	case change.DeleteRoleBoundaryAction:
		_, err = api.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
	case change.DeleteUserBoundaryAction:
		_, err = api.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: name})
	default:
		err = callIdentity(ctx, api, s)
	}
	return change.State{}, false, err
}

// path is the path of an entity, with both slashes: "/" or "/team/".
func path(arn account.ARN) string {
	p := strings.TrimPrefix(arn.Resource, arn.Type())
	return p[:strings.LastIndexByte(p, '/')+1]
}
