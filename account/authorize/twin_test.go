package authorize_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"warden/account"
	"warden/account/authorize"
	"warden/app"
	"warden/policy"
	"warden/twin"
)

// trial is a call with the request that it is to AWS's authorization.
type trial struct {
	action, resource string
	context          policy.Context
	call             func(ctx context.Context, c *app.Clients) error
}

// trials are calls that change nothing: what they would act on does not
// exist, or they only read.
func trials(account string) []trial {
	arn := "arn:aws:iam::" + account + ":"
	nobody := aws.String("nobody-of-that-name")
	admin := "arn:aws:iam::aws:policy/AdministratorAccess"
	role := func(path, external string) trial {
		t := trial{action: "sts:AssumeRole", resource: arn + "role" + path, context: policy.Context{"sts:externalid": policy.Absent()}}
		in := &sts.AssumeRoleInput{RoleArn: aws.String(arn + "role" + path), RoleSessionName: aws.String("trial")}
		if external != "" {
			t.context["sts:externalid"], in.ExternalId = policy.One(external), aws.String(external)
		}
		t.call = func(ctx context.Context, c *app.Clients) error { _, err := c.STS.AssumeRole(ctx, in); return err }
		return t
	}
	return []trial{
		{"iam:ListUsers", arn + "user/", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.ListUsers(ctx, &iam.ListUsersInput{})
			return err
		}},
		{"iam:ListRoles", arn + "role/", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.ListRoles(ctx, &iam.ListRolesInput{})
			return err
		}},
		{"iam:GetRole", arn + "role/ci/deploy", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("deploy")})
			return err
		}},
		{"iam:GetUser", arn + "user/ci/ci-deploy", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("ci-deploy")})
			return err
		}},
		{"iam:DeleteUser", arn + "user/nobody-of-that-name", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: nobody})
			return err
		}},
		{"iam:CreateAccessKey", arn + "user/nobody-of-that-name", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: nobody})
			return err
		}},
		{"iam:AttachUserPolicy", arn + "user/nobody-of-that-name", policy.Context{"iam:policyarn": policy.One(admin)}, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: nobody, PolicyArn: &admin})
			return err
		}},
		{"iam:AttachUserPolicy", arn + "user/nobody-of-that-name", policy.Context{"iam:policyarn": policy.One(arn + "policy/DENY-IAM")}, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: nobody, PolicyArn: aws.String(arn + "policy/DENY-IAM")})
			return err
		}},
		{"iam:DeleteRolePolicy", arn + "role/security/warden-guard", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("warden-guard"), PolicyName: nobody})
			return err
		}},
		{"iam:DeleteGroup", arn + "group/nobody-of-that-name", nil, func(ctx context.Context, c *app.Clients) error {
			_, err := c.IAM.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: nobody})
			return err
		}},
		role("/ci/deploy", ""), role("/ci/deploy", "halden-deploy"), role("/admin/OrganizationAdmin", ""),
		role("/security/warden-guard", ""), role("/app/booking-api", ""), role("/no/such-role", ""),
	}
}

// letThrough tells whether an answer means that authorization let the call
// through; ok is false for one that tells nothing.
func letThrough(err error) (through, ok bool) {
	var api smithy.APIError
	switch {
	case err == nil:
		return true, true
	case !errors.As(err, &api):
		return false, false
	case strings.Contains(api.ErrorCode(), "AccessDenied"):
		return false, true
	}
	return true, strings.Contains(api.ErrorCode(), "NoSuchEntity")
}

// What authorize says of the sample company is what its twin does, for every
// user and for two role sessions.
func TestAgreesWithTwin(t *testing.T) {
	t.Parallel()
	snapshot, truth := twin.Sample(5, time.Now())
	for i := range snapshot.Users {
		// Everyone gets a key, so that everyone can be asked.
		u := &snapshot.Users[i]
		u.AccessKeys = append(u.AccessKeys[:0:0], account.AccessKey{ID: fmt.Sprintf("AKIAIOSFODNN7EXAM%03d", i), Active: true, CreateDate: u.CreateDate})
	}
	tw, err := twin.New(twin.Config{Snapshot: snapshot, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	a := authorize.New(tw.Snapshot())
	type caller struct {
		who     *authorize.Principal
		clients *app.Clients
	}
	var callers []caller
	clients := map[string]*app.Clients{}
	for i := range snapshot.Users {
		name := snapshot.Users[i].Name
		id, secret, err := tw.Credentials(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		clients[name] = app.Fixed(server.URL(), app.Key{ID: id, Secret: secret})
		callers = append(callers, caller{find(t, a, "user/"+name), clients[name]})
	}
	callers = append(callers,
		caller{a.InSession(find(t, a, truth.GuardRole), "night"), clients[truth.Guard].Assume(truth.GuardRole, "")},
		caller{find(t, a, truth.AdminRole), clients[truth.Administrator].Assume(truth.AdminRole, "")})
	allowed, denied := 0, 0
	for _, c := range callers {
		for _, x := range trials(snapshot.Account) {
			got := a.Ask(c.who, authorize.Request{Action: x.action, Resource: x.resource, Context: x.context})
			err := x.call(t.Context(), c.clients)
			switch through, ok := letThrough(err); {
			case ok && got.State == authorize.Allowed && through:
				allowed++
			case ok && got.State == authorize.Denied && !through:
				denied++
			default:
				t.Errorf("%s: %s on %s is %s (%v, %v), and the twin says %v", c.who, x.action, x.resource, got.State, got.DependsOn, got.Why, err)
			}
		}
	}
	t.Logf("%d calls let through and %d refused, as foretold", allowed, denied)
	if allowed < 30 || denied < 30 {
		t.Error("too few of one kind to show anything")
	}
}
