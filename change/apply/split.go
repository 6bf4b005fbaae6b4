package apply

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Split returns an IAM that works under two roles. own reads, attaches the
// policies that are named by their last part, and deactivates keys: what a
// guard that may attach its deny policies and nothing else can do by itself.
// All other changes go to responder. So containment does not depend on the
// mightier role.
func Split(own, responder IAM, policies ...string) IAM { return split{own, responder, own, policies} }

type split struct {
	Reader
	Writer
	own      Writer
	policies []string
}

// attacher is who attaches the policy.
func (s split) attacher(policy *string) Writer {
	arn := aws.ToString(policy)
	if slices.Contains(s.policies, arn[strings.LastIndexByte(arn, '/')+1:]) {
		return s.own
	}
	return s.Writer
}

func (s split) AttachUserPolicy(ctx context.Context, in *iam.AttachUserPolicyInput, o ...func(*iam.Options)) (*iam.AttachUserPolicyOutput, error) {
	return s.attacher(in.PolicyArn).AttachUserPolicy(ctx, in, o...)
}

func (s split) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, o ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	return s.attacher(in.PolicyArn).AttachRolePolicy(ctx, in, o...)
}

func (s split) UpdateAccessKey(ctx context.Context, in *iam.UpdateAccessKeyInput, o ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	return s.own.UpdateAccessKey(ctx, in, o...)
}
