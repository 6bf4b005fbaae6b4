package collect

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// Members returns the users in a group, without their own groups, policies
// and tags; nil and no error when there is no such group.
func (i *Identities) Members(ctx context.Context, group string) ([]account.User, error) {
	users := []account.User{}
	pages := iam.NewGetGroupPaginator(i.client, &iam.GetGroupInput{GroupName: aws.String(group)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the members of group %s: %w", group, err)
		}
		for _, u := range page.Users {
			users = append(users, account.User{
				Path: aws.ToString(u.Path), Name: aws.ToString(u.UserName), ID: aws.ToString(u.UserId), ARN: aws.ToString(u.Arn),
				CreateDate: aws.ToTime(u.CreateDate),
			})
		}
	}
	return users, nil
}

// Tagged returns the users and roles that have a tag, without their policies.
// IAM has no call that finds them, so all are read.
func (i *Identities) Tagged(ctx context.Context, key, value string) (users []account.User, roles []account.Role, err error) {
	has := func(of []types.Tag) bool {
		v, ok := tags(of)[key]
		return ok && v == value
	}
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(i.client, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeUser, types.EntityTypeRole}, MaxItems: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("look for users and roles with the tag %s=%s: %w", key, value, err)
		}
		for _, u := range page.UserDetailList {
			if has(u.Tags) {
				users = append(users, account.User{
					Path: aws.ToString(u.Path), Name: aws.ToString(u.UserName), ID: aws.ToString(u.UserId), ARN: aws.ToString(u.Arn),
					CreateDate: aws.ToTime(u.CreateDate), Groups: u.GroupList, Tags: tags(u.Tags),
				})
			}
		}
		for _, r := range page.RoleDetailList {
			if has(r.Tags) {
				roles = append(roles, account.Role{
					Path: aws.ToString(r.Path), Name: aws.ToString(r.RoleName), ID: aws.ToString(r.RoleId), ARN: aws.ToString(r.Arn),
					CreateDate: aws.ToTime(r.CreateDate), Tags: tags(r.Tags),
				})
			}
		}
	}
	return users, roles, nil
}
