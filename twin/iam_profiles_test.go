package twin

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestInstanceProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name, role := w.admin(), aws.String("web"), aws.String("booking-api")
	// The one that it has in the snapshot goes first.
	_, err := a.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: role, RoleName: role})
	w.must(err)
	_, err = a.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: role})
	w.must(err)
	made, err := a.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name, Path: aws.String("/app/")})
	w.must(err)
	if *made.InstanceProfile.Arn != w.arn("instance-profile", "/app/web") || (*made.InstanceProfile.InstanceProfileId)[:4] != "AIPA" || len(made.InstanceProfile.Roles) != 0 {
		t.Errorf("made %+v", made.InstanceProfile)
	}
	_, err = a.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("WEB")})
	wants(t, err, "EntityAlreadyExists", "Instance Profile WEB already exists.")
	add := func(c *iam.Client, role *string) error {
		_, err := c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: role})
		return err
	}
	w.must(add(a, role))
	wants(t, add(a, aws.String("deploy")), "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	wants(t, add(a, aws.String("nobody")), "NoSuchEntity", "The role with name nobody cannot be found.")

	got, err := a.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: name})
	w.must(err)
	if len(got.InstanceProfile.Roles) != 1 || *got.InstanceProfile.Roles[0].RoleName != *role {
		t.Errorf("roles %+v", got.InstanceProfile.Roles)
	}
	of, err := a.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: role})
	w.must(err)
	all, err := a.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{PathPrefix: aws.String("/app/")})
	w.must(err)
	if len(of.InstanceProfiles) != 1 || len(all.InstanceProfiles) != 1 {
		t.Errorf("%d of the role, %d below the path", len(of.InstanceProfiles), len(all.InstanceProfiles))
	}
	details, err := a.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{})
	w.must(err)
	for _, r := range details.RoleDetailList {
		if want := *r.RoleName == *role; want != (len(r.InstanceProfileList) == 1) {
			t.Errorf("%s has profiles %+v", *r.RoleName, r.InstanceProfileList)
		}
	}

	_, err = a.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
	wants(t, err, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	_, err = a.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("queue")})
	w.must(err)
	_, err = a.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
	wants(t, err, "DeleteConflict", "must remove roles from instance profile first")
	remove := func() error {
		_, err := a.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: role})
		return err
	}
	w.must(remove())
	wants(t, remove(), "NoSuchEntity", "")
	_, err = a.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
	w.must(err)
	_, err = a.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
	w.must(err)
	_, err = a.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: name})
	wants(t, err, "NoSuchEntity", "Instance Profile web cannot be found.")
}

// Who puts a role into a profile passes it to EC2.
func TestInstanceProfileNeedsPassRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	_, err := w.admin().CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web")})
	w.must(err)
	add := func(c *iam.Client) error {
		_, err := c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("web"), RoleName: aws.String("deploy")})
		return err
	}
	statement := `{"Effect":"Allow","Action":"iam:*InstanceProfile*","Resource":"*"}`
	id, secret := w.newUser("builder", `{"Version":"2012-10-17","Statement":[`+statement+`]}`)
	wants(t, add(w.iamWith(id, secret, "")), "AccessDenied", "iam:PassRole on resource: "+w.arn("role", "/ci/deploy"))
	id, secret = w.newUser("passer", `{"Version":"2012-10-17","Statement":[`+statement+`,{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}]}`)
	w.must(add(w.iamWith(id, secret, "")))
	id, secret = w.newUser("weak", "")
	wants(t, add(w.iamWith(id, secret, "")), "AccessDenied", "iam:AddRoleToInstanceProfile on resource: instance profile web because")
}
