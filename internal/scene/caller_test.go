package scene

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/app"
	"warden/change/apply"
)

func applyOptions(s *scene) apply.Options {
	return apply.Options{Account: s.Account, Worker: "guard"}
}

// caller makes a user who may do everything and is no administrator.
func (s *scene) caller(t *testing.T, name string) *app.Clients {
	t.Helper()
	ctx := t.Context()
	if _, err := s.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admin.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: aws.String(administratorAccess)}); err != nil {
		t.Fatal(err)
	}
	k, err := s.Admin.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return s.clients(name, key(*k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey))
}
