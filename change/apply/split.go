package apply

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Split returns an IAM that works under two roles. own reads, attaches
// managed policies and deactivates keys: what a guard that may attach its one
// deny policy and nothing else can do by itself. All other changes go to
// responder. So containment does not depend on the mightier role.
func Split(own, responder IAM) IAM { return split{own, responder, own} }

type split struct {
	Reader
	Writer
	own Writer
}

func (s split) AttachUserPolicy(ctx context.Context, in *iam.AttachUserPolicyInput, o ...func(*iam.Options)) (*iam.AttachUserPolicyOutput, error) {
	return s.own.AttachUserPolicy(ctx, in, o...)
}

func (s split) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, o ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	return s.own.AttachRolePolicy(ctx, in, o...)
}

func (s split) UpdateAccessKey(ctx context.Context, in *iam.UpdateAccessKeyInput, o ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	return s.own.UpdateAccessKey(ctx, in, o...)
}
