package respond_test

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change"
	"warden/guard"
)

// crime is what an intruder does, and what becomes of it.
type crime struct {
	name string
	do   func(ctx context.Context, h *house, c *iam.Client) error
	// set is the setting that is looked at.
	set func(h *house) change.Setting
	// want is its state afterwards when the guard knows what was before,
	// blind when it does not. "" leaves it as the call did; "absent" is
	// change.Absent.
	want, blind string
	// asked is a part of the step that is proposed when it does not.
	asked string
	// told is a part of what is told when it does not.
	told string
}

func set(kind change.Kind, target func(h *house) string, name func(h *house) string) func(h *house) change.Setting {
	return func(h *house) change.Setting {
		s := change.Setting{Kind: kind, Target: target(h)}
		if name != nil {
			s.Name = name(h)
		}
		return s
	}
}

func victim(h *house) string { return h.user("victim") }
func engine(h *house) string { return h.role("engine") }
func text(s string) func(*house) string {
	return func(*house) string { return s }
}
func managed(name string) func(*house) string {
	return func(h *house) string { return h.policy(name) }
}

var crimes = []crime{
	{
		name: "attach to a group",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("crew"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
			return err
		},
		set:  set(change.Attachment, func(h *house) string { return "arn:aws:iam::" + h.Account + ":group/crew" }, text("arn:aws:iam::aws:policy/AdministratorAccess")),
		want: "absent", blind: "absent",
	},
	{
		name: "attach what was there",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String(h.policy("some"))})
			return err
		},
		set:  set(change.Attachment, victim, managed("some")),
		want: change.Attached, blind: "absent",
	},
	{
		name: "detach what grants",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String(h.policy("some"))})
			return err
		},
		set:  set(change.Attachment, victim, managed("some")),
		want: change.Attached, blind: "absent", asked: "AttachUserPolicy",
	},
	{
		name: "detach what denies",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String(h.policy("rail"))})
			return err
		},
		set:  set(change.Attachment, victim, managed("rail")),
		want: change.Attached, blind: change.Attached,
	},
	{
		name: "write a new inline policy",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("new"), PolicyDocument: aws.String(allowAll)})
			return err
		},
		set:  set(change.Inline, victim, text("new")),
		want: "absent", blind: allowAll, asked: "DeleteUserPolicy",
	},
	{
		name: "write over an inline policy",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("own"), PolicyDocument: aws.String(allowAll)})
			return err
		},
		set:  set(change.Inline, victim, text("own")),
		want: allowNothing, blind: allowAll, asked: "DeleteUserPolicy",
	},
	{
		name: "write a group's inline policy",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("crew"), PolicyName: aws.String("new"), PolicyDocument: aws.String(allowAll)})
			return err
		},
		set:  set(change.Inline, func(h *house) string { return "arn:aws:iam::" + h.Account + ":group/crew" }, text("new")),
		want: "absent", blind: allowAll, asked: "DeleteGroupPolicy",
	},
	{
		name: "delete an inline policy",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("own")})
			return err
		},
		set:  set(change.Inline, victim, text("own")),
		want: allowNothing, blind: "absent", told: "in no snapshot, no ledger and no event",
	},
	{
		name: "join a group",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: aws.String("victim"), GroupName: aws.String("bosses")})
			return err
		},
		set:  set(change.Membership, victim, text("bosses")),
		want: "absent", blind: "absent",
	},
	{
		name: "leave a group",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: aws.String("victim"), GroupName: aws.String("crew")})
			return err
		},
		set:  set(change.Membership, victim, text("crew")),
		want: change.Member, blind: "absent", asked: "AddUserToGroup",
	},
	{
		name: "give a password",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("victim"), Password: aws.String("Tr0ub4dor&3-and-more")})
			return err
		},
		set:  set(change.LoginProfile, victim, nil),
		want: "absent", blind: "absent",
	},
	{
		name: "lift a boundary",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("victim")})
			return err
		},
		set:  func(h *house) change.Setting { return change.Setting{Kind: change.Boundary, Target: victim(h)} },
		want: "some", blind: "absent", asked: "AttachUserPolicy",
	},
	{
		name: "widen a boundary",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("victim"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
			return err
		},
		set:  func(h *house) change.Setting { return change.Setting{Kind: change.Boundary, Target: victim(h)} },
		want: "some", blind: "arn:aws:iam::aws:policy/AdministratorAccess", asked: "AttachUserPolicy",
	},
	{
		name: "trust an outsider",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("engine"), PolicyDocument: aws.String(trustThem)})
			return err
		},
		set:  set(change.Trust, engine, nil),
		want: trustUs, blind: trustThem, asked: "UpdateAssumeRolePolicy",
	},
	{
		name: "a role that trusts an outsider is quarantined",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("engine"), PolicyDocument: aws.String(trustThem)})
			return err
		},
		set:  set(change.Attachment, engine, managed(guard.DefaultDenyPolicy)),
		want: "absent", blind: change.Attached, asked: "UpdateAssumeRolePolicy",
	},
	{
		name: "a new version",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(h.old().ARN), PolicyDocument: aws.String(allowAll), SetAsDefault: true})
			return err
		},
		set:  set(change.DefaultVersion, func(h *house) string { return h.old().ARN }, nil),
		want: "old", blind: "old",
	},
	{
		name: "delete a managed policy",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(h.policy("spare"))})
			return err
		},
		set:  set(change.Policy, managed("spare"), nil),
		want: allowNothing, blind: "absent", told: "in no snapshot, no ledger and no event",
	},
	{
		name: "a role in an instance profile",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("web"), RoleName: aws.String("engine")})
			return err
		},
		set:  set(change.ProfileRole, engine, text("web")),
		want: "absent", blind: "absent",
	},
	{
		name: "create a role",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("door"), AssumeRolePolicyDocument: aws.String(trustThem)})
			return err
		},
		set:  set(change.Attachment, func(h *house) string { return h.role("door") }, managed(guard.DefaultDenyPolicy)),
		want: change.Attached, blind: change.Attached,
	},
	{
		name: "create an OIDC provider",
		do: func(ctx context.Context, h *house, c *iam.Client) error {
			_, err := c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://evil.example"), ClientIDList: []string{"me"}, ThumbprintList: []string{strings.Repeat("ab", 20)}})
			return err
		},
		set: set(change.OIDCClient, func(h *house) string { return "arn:aws:iam::" + h.Account + ":oidc-provider/evil.example" }, text("me")), asked: "DeleteOpenIDConnectProvider",
		want: change.Present, blind: change.Present,
	},
}
