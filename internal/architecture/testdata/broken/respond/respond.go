// Package respond hides the client in each way that there is.
package respond

import (
	"context"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// API is an interface that the client meets.
type API interface {
	DeleteUser(context.Context, *iam.DeleteUserInput, ...func(*iam.Options)) (*iam.DeleteUserOutput, error)
	ListUsers(context.Context, *iam.ListUsersInput, ...func(*iam.Options)) (*iam.ListUsersOutput, error)
}

// Embeds gets its method from another interface.
type Embeds struct{ API }

// Calls makes them.
func Calls(ctx context.Context, c *iam.Client, api API, e Embeds) {
	_, _ = c.CreateUser(ctx, nil)   // want: respond calls iam:CreateUser
	_, _ = api.DeleteUser(ctx, nil) // want: respond calls iam:DeleteUser
	_, _ = e.DeleteUser(ctx, nil)   // want: respond calls iam:DeleteUser
	f := c.DeleteUser               // want: respond calls iam:DeleteUser
	_, _ = f(ctx, nil)
	g := (*iam.Client).DeleteUser // want: respond calls iam:DeleteUser
	_, _ = g(c, ctx, nil)
	_ = iam.NewListUsersPaginator(c, nil)
	_ = stscreds.NewAssumeRoleProvider("r")            // want: respond calls sts:AssumeRole
	reflect.ValueOf(c).MethodByName("x").Call(nil)     // want: reflect.MethodByName can call what no table sees
	_ = generic(ctx, (*iam.Client).CreateUser, nil, c) // want: respond calls iam:CreateUser
}

// generic cannot be resolved, what is passed to it can.
func generic[I, O any](ctx context.Context, f func(*iam.Client, context.Context, *I, ...func(*iam.Options)) (*O, error), in *I, c *iam.Client) error {
	_, err := f(c, ctx, in)
	return err
}
