// Package apply has the door for writes and asks for one call too many.
package apply

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws/signer/v4" // want: only clients of the SDK sign requests
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Signer signs.
var Signer v4.Signer

// Create goes through its door.
func Create(ctx context.Context, c *iam.Client) error {
	_, err := c.CreateUser(ctx, &iam.CreateUserInput{})
	return err
}
