package collect

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// AccountsClient holds the call that lists the accounts of an organisation.
// Only the management account and its delegates may make it.
type AccountsClient interface {
	ListAccounts(ctx context.Context, in *organizations.ListAccountsInput, opts ...func(*organizations.Options)) (*organizations.ListAccountsOutput, error)
}

// Member is an account of an organisation.
type Member struct {
	ID, Name string
	// Active is false for one that is suspended or about to be closed.
	Active bool
}

// Members lists the accounts of the organisation, the management account too.
func Members(ctx context.Context, c AccountsClient) ([]Member, error) {
	var out []Member
	pages := organizations.NewListAccountsPaginator(c, &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the accounts of the organisation: %w", err)
		}
		for _, a := range page.Accounts {
			active := a.State == types.AccountStateActive || a.State == "" && a.Status == types.AccountStatusActive //nolint:staticcheck // older endpoints tell only the status
			out = append(out, Member{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), Active: active})
		}
	}
	return out, nil
}
