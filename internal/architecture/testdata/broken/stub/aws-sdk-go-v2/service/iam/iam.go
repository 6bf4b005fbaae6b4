// Package iam has the shape of the SDK's client and none of its weight.
package iam

import "context"

type (
	Client           struct{}
	Options          struct{}
	CreateUserInput  struct{}
	CreateUserOutput struct{}
	DeleteUserInput  struct{}
	DeleteUserOutput struct{}
	ListUsersInput   struct{}
	ListUsersOutput  struct{}
)

func (*Client) CreateUser(context.Context, *CreateUserInput, ...func(*Options)) (*CreateUserOutput, error) {
	return nil, nil
}

func (*Client) DeleteUser(context.Context, *DeleteUserInput, ...func(*Options)) (*DeleteUserOutput, error) {
	return nil, nil
}

func (*Client) ListUsers(context.Context, *ListUsersInput, ...func(*Options)) (*ListUsersOutput, error) {
	return nil, nil
}

type ListUsersAPIClient interface {
	ListUsers(context.Context, *ListUsersInput, ...func(*Options)) (*ListUsersOutput, error)
}

type ListUsersPaginator struct{}

func NewListUsersPaginator(ListUsersAPIClient, *ListUsersInput) *ListUsersPaginator { return nil }
