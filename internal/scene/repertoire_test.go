package scene

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
)

const (
	administratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"
	everything          = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	harmless            = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateAccountAlias","Resource":"*"}]}`
)

func (in *intruder) denyARN() string { return "arn:aws:iam::" + in.s.Account + ":policy/DENY-IAM" }

// repertoire is all that he does, with how often.
func (in *intruder) repertoire() []act {
	return []act{
		{"takes DENY-IAM off a user", 14, in.strip},
		{"takes what denies off a role", 5, in.stripRole},
		{"deletes the inline deny of a user", 4, in.stripInline},
		{"deletes a boundary", 3, in.unbound},
		{"puts a harmless version of DENY-IAM in force", 4, in.hollow},
		{"puts another version of DENY-IAM in force", 2, in.switchVersion},
		{"makes a key", 8, in.mint},
		{"makes a key for an administrator", 6, in.mintAdministrator},
		{"switches a key on", 4, in.reactivate},
		{"makes a user with a key", 7, in.plantUser},
		{"makes a role that he can take", 4, in.plantRole},
		{"takes a role", 8, in.assume},
		{"gets a session", 5, in.session},
		{"gets a federated session", 3, in.federate},
		{"joins the administrators", 5, in.join},
		{"removes an administrator", 2, in.oust},
		{"lets himself into a role", 3, in.trust},
		{"gives a user everything", 6, in.give},
		{"gives a user everything inline", 4, in.giveInline},
		{"does the same again", 5, in.replay},
		{"makes a user", 4, in.simple},
	}
}

func (in *intruder) strip(ctx context.Context, c *credential) error {
	user := in.user()
	in.again = func(ctx context.Context, c *credential) error {
		_, err := c.clients.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &user, PolicyArn: aws.String(in.denyARN())})
		return err
	}
	return in.again(ctx, c)
}

func (in *intruder) stripRole(ctx context.Context, c *credential) error {
	if len(in.roles) == 0 {
		return errNothing
	}
	role := in.roles[in.random.IntN(len(in.roles))]
	_, err := c.clients.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: aws.String(in.denyARN())})
	if refusedBy(err) {
		return err
	}
	_, err = c.clients.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: aws.String("DENY-IAM-SESSIONS")})
	return err
}

func (in *intruder) stripInline(ctx context.Context, c *credential) error {
	_, err := c.clients.IAM.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String(in.user()), PolicyName: aws.String("DENY-IAM")})
	return err
}

func (in *intruder) unbound(ctx context.Context, c *credential) error {
	_, err := c.clients.IAM.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String(in.user())})
	return err
}

func (in *intruder) hollow(ctx context.Context, c *credential) error {
	arn := aws.String(in.denyARN())
	_, err := c.clients.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(harmless), SetAsDefault: true})
	return err
}

func (in *intruder) switchVersion(ctx context.Context, c *credential) error {
	_, err := c.clients.IAM.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: aws.String(in.denyARN()), VersionId: aws.String([]string{"v1", "v2", "v3"}[in.random.IntN(3)])})
	return err
}

// mint makes a key for one of his users, or for somebody else.
func (in *intruder) mint(ctx context.Context, c *credential) error {
	user := in.user()
	if in.random.IntN(4) == 0 {
		user = in.bystanders[in.random.IntN(len(in.bystanders))]
	}
	return in.mintFor(ctx, c, user)
}

// mintAdministrator makes a key for an administrator: with it he is one to
// AWS, until it is taken back.
func (in *intruder) mintAdministrator(ctx context.Context, c *credential) error {
	admins := in.administrators()
	return in.mintFor(ctx, c, admins[in.random.IntN(len(admins))])
}

func (in *intruder) mintFor(ctx context.Context, c *credential, user string) error {
	out, err := c.clients.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		return err
	}
	in.touched("user/" + user)
	in.keys = append(in.keys, userKey{user, *out.AccessKey.AccessKeyId})
	in.hold(&credential{name: in.next("key of " + user), user: user}, app.Key{ID: *out.AccessKey.AccessKeyId, Secret: *out.AccessKey.SecretAccessKey})
	return nil
}

func (in *intruder) reactivate(ctx context.Context, c *credential) error {
	k := in.keys[in.random.IntN(len(in.keys))]
	_, err := c.clients.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &k.user, AccessKeyId: &k.id, Status: iamtypes.StatusTypeActive})
	return err
}

func (in *intruder) plantUser(ctx context.Context, c *credential) error {
	name := in.next("svc")
	if _, err := c.clients.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		return err
	}
	in.users = append(in.users, name)
	in.touched("user/" + name)
	if _, err := c.clients.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: aws.String(administratorAccess)}); err != nil {
		return err
	}
	out, err := c.clients.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return err
	}
	in.keys = append(in.keys, userKey{name, *out.AccessKey.AccessKeyId})
	in.hold(&credential{name: "key of " + name, user: name}, app.Key{ID: *out.AccessKey.AccessKeyId, Secret: *out.AccessKey.SecretAccessKey})
	return nil
}

// trustOf lets everybody in the account take a role who is allowed to.
func (in *intruder) trustOf() string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + in.s.Account + `:root"},"Action":"sts:AssumeRole"}]}`
}

func (in *intruder) plantRole(ctx context.Context, c *credential) error {
	name := in.next("task")
	if _, err := c.clients.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(in.trustOf())}); err != nil {
		return err
	}
	in.roles = append(in.roles, name)
	in.touched("role/" + name)
	_, err := c.clients.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String(administratorAccess)})
	return err
}

// assume takes a role of his, one that he was let into, or the company's
// administrator role.
func (in *intruder) assume(ctx context.Context, c *credential) error {
	arns := in.takeable()
	arn, session := arns[in.random.IntN(len(arns))], in.next("s")
	if c.role != "" && in.random.IntN(4) == 0 {
		_, session, _ = strings.Cut(c.name, "/") // the name that he has already
	}
	return in.assumeAs(ctx, c, arn, session)
}

// takeable are the ARNs of the roles that he knows a way into.
func (in *intruder) takeable() []string {
	arns := []string{in.s.Truth.AdminRole}
	for _, r := range in.roles {
		arns = append(arns, "arn:aws:iam::"+in.s.Account+":role/"+r)
	}
	for _, r := range in.s.before.Roles {
		if r.ARN != in.s.Truth.AdminRole && slices.Contains(in.victims, "role/"+r.Name) {
			arns = append(arns, r.ARN)
		}
	}
	return arns
}

func (in *intruder) assumeAs(ctx context.Context, c *credential, arn, session string) error {
	out, err := c.clients.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &session})
	if err != nil {
		return notTheKey(err)
	}
	role := arn[strings.LastIndexByte(arn, '/')+1:]
	in.touched("role/" + role)
	in.hold(&credential{name: role + "/" + session, role: role}, keyOf(out.Credentials))
	return nil
}

// notTheKey marks a refusal that says nothing of the right to write to IAM.
func notTheKey(err error) error {
	if err == nil || errCode(err) == "InvalidClientTokenId" {
		return err
	}
	return errors.New("not let in: " + errCode(err))
}

func (in *intruder) session(ctx context.Context, c *credential) error {
	out, err := c.clients.STS.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	if err != nil {
		return notTheKey(err)
	}
	in.hold(&credential{name: in.next("session of " + c.user), user: c.user}, keyOf(out.Credentials))
	return nil
}

func (in *intruder) federate(ctx context.Context, c *credential) error {
	out, err := c.clients.STS.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String(in.next("fed")), Policy: aws.String(everything)})
	if err != nil {
		return notTheKey(err)
	}
	in.hold(&credential{name: in.next("federated by " + c.user), user: c.user}, keyOf(out.Credentials))
	return nil
}

func (in *intruder) join(ctx context.Context, c *credential) error {
	user := in.user()
	_, err := c.clients.IAM.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &user, GroupName: aws.String("Administrators")})
	return err
}

// administrators are those of the company, by name.
func (in *intruder) administrators() []string {
	var admins []string
	for _, u := range in.s.before.Users {
		if slices.Contains(u.Groups, "Administrators") {
			admins = append(admins, u.Name)
		}
	}
	return admins
}

func (in *intruder) oust(ctx context.Context, c *credential) error {
	admins := in.administrators()
	user := admins[in.random.IntN(len(admins))]
	_, err := c.clients.IAM.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &user, GroupName: aws.String("Administrators")})
	if err == nil {
		in.touched("user/" + user)
	}
	return err
}

// trust opens one of the company's roles to himself.
func (in *intruder) trust(ctx context.Context, c *credential) error {
	name := []string{"tariff-pipeline", "label-printer", "booking-api"}[in.random.IntN(3)]
	if _, err := c.clients.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: aws.String(in.trustOf())}); err != nil {
		return err
	}
	in.touched("role/" + name)
	_, err := c.clients.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String(administratorAccess)})
	return err
}

func (in *intruder) give(ctx context.Context, c *credential) error {
	user := in.user()
	in.again = func(ctx context.Context, c *credential) error {
		_, err := c.clients.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: aws.String(administratorAccess)})
		return err
	}
	return in.again(ctx, c)
}

func (in *intruder) giveInline(ctx context.Context, c *credential) error {
	user := in.user()
	_, err := c.clients.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &user, PolicyName: aws.String("work"), PolicyDocument: aws.String(everything)})
	return err
}

func (in *intruder) replay(ctx context.Context, c *credential) error {
	if in.again == nil {
		return errNothing
	}
	return in.again(ctx, c)
}

func (in *intruder) simple(ctx context.Context, c *credential) error {
	name := in.next("user")
	_, err := c.clients.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err == nil {
		in.users = append(in.users, name)
		in.touched("user/" + name)
	}
	return err
}
