package apply

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
	"warden/change"
)

// found reads the setting of a step that was carried out. Where the name of
// its user is gone, or another's now, the user is looked for by his unique id:
// who was renamed since kept all that was put on him. The setting is where it
// is now.
func (a *Applier) found(ctx context.Context, s change.Step) (change.Setting, change.State, error) {
	st, err := a.look(ctx, s)
	if !errors.Is(err, ErrGone) || s.TargetID == "" {
		return s.Setting, st, err
	}
	arn, perr := account.ParseARN(s.Target)
	if perr != nil || arn.Type() != "user" {
		return s.Setting, st, err
	}
	users := iam.NewListUsersPaginator(a.api, &iam.ListUsersInput{})
	for users.HasMorePages() {
		page, lerr := users.NextPage(ctx)
		if lerr != nil {
			return s.Setting, st, errors.Join(err, lerr)
		}
		for _, u := range page.Users {
			if aws.ToString(u.UserId) == s.TargetID {
				s.Target = aws.ToString(u.Arn)
				st, err = a.look(ctx, s)
				return s.Setting, st, err
			}
		}
	}
	return s.Setting, st, err
}
