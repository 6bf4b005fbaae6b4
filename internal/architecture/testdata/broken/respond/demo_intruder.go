package respond

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Intrude has a door for this file only.
func Intrude(ctx context.Context, c *iam.Client) {
	_, _ = c.CreateUser(ctx, nil)
}
