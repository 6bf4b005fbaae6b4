package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/app"
	"warden/internal/stage"
)

// Documents of the spree.
const (
	allowAll   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	aLittle    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
	trustEC2   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustThem  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}]}`
	everything = "arn:aws:iam::aws:policy/AdministratorAccess"
	some       = "arn:aws:iam::123456789012:policy/some"
	spare      = "arn:aws:iam::123456789012:policy/spare"
	third      = "arn:aws:iam::123456789012:policy/third"
	github     = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
)

// victims adds what the intruder finds: users, a role, groups and policies, all
// made an hour ago.
func victims(s *account.Snapshot) error {
	long := s.CollectedAt.Add(-time.Hour)
	policy := func(arn, id string, documents ...string) {
		p := account.ManagedPolicy{Path: "/", Name: arn[strings.LastIndexByte(arn, '/')+1:], ID: id, ARN: arn, CreateDate: long, UpdateDate: long}
		for i, d := range documents {
			p.Versions = append(p.Versions, account.PolicyVersion{ID: []string{"v1", "v2"}[i], Default: i == 0, CreateDate: long, Document: json.RawMessage(d)})
		}
		s.Policies = append(s.Policies, p)
	}
	policy(some, "ANPASOMESOMESOMESOMES", aLittle, allowAll)
	policy(spare, "ANPASPARESPARESPARESP", aLittle)
	policy(third, "ANPATHIRDTHIRDTHIRDTH", aLittle)
	for _, g := range []string{"crew", "bosses"} {
		s.Groups = append(s.Groups, account.Group{Path: "/", Name: g, ID: "AGPA" + strings.ToUpper(g+strings.Repeat("x", 17-len(g))), ARN: "arn:aws:iam::123456789012:group/" + g, CreateDate: long})
	}
	s.Users = append(s.Users, account.User{
		Path: "/", Name: "victim", ID: "AIDAVICTIMVICTIMVICTI", ARN: "arn:aws:iam::123456789012:user/victim", CreateDate: long, Groups: []string{"crew"}, Attached: []string{some}, Boundary: some,
		Inline:     []account.InlinePolicy{{Name: "own", Document: json.RawMessage(aLittle)}, {Name: "old", Document: json.RawMessage(aLittle)}},
		AccessKeys: []account.AccessKey{{ID: "AKIAVICTIMVICTIMVI00", Active: false, CreateDate: long}, {ID: "AKIAVICTIMVICTIMVI01", Active: true, CreateDate: long}},
	})
	s.Roles = append(s.Roles, account.Role{
		Path: "/", Name: "engine", ID: "AROAENGINEENGINEENGIN", ARN: "arn:aws:iam::123456789012:role/engine", CreateDate: long, MaxSession: 3600, Trust: json.RawMessage(trustEC2), Attached: []string{some}, Boundary: some,
	})
	return nil
}

// deed is one call of the intruder's spree, and the step that takes it back.
type deed struct {
	do func(ctx context.Context, c *iam.Client) error
	// back is taken back at once by a guard that knows what there was, blind by
	// one that does not; asked waits for a person then. What begins with "-" the
	// guard's role may not: people are told.
	back, blind, asked string
}

func did[T any](_ T, err error) error { return err }

// spree is one call for each way to take something back.
var spree = []deed{
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("door")}))
	}, "AttachUserPolicy: policy/DENY-IAM to user/door", "AttachUserPolicy: policy/DENY-IAM to user/door", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("gate"), AssumeRolePolicyDocument: aws.String(trustThem)}))
	}, "AttachRolePolicy: policy/DENY-IAM to role/gate", "AttachRolePolicy: policy/DENY-IAM to role/gate", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("door")}))
	}, "of user/door from Active to Inactive", "of user/door from Active to Inactive", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("victim"), AccessKeyId: aws.String("AKIAVICTIMVICTIMVI00"), Status: types.StatusTypeActive}))
	}, "access key AKIAVICTIMVICTIMVI00 of user/victim from Active to Inactive", "access key AKIAVICTIMVICTIMVI00 of user/victim from Active to Inactive", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String(everything)}))
	}, "DetachUserPolicy: policy/AdministratorAccess from user/victim", "DetachUserPolicy: policy/AdministratorAccess from user/victim", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("engine"), PolicyArn: aws.String(everything)}))
	}, "DetachRolePolicy: policy/AdministratorAccess from role/engine", "DetachRolePolicy: policy/AdministratorAccess from role/engine", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("crew"), PolicyArn: aws.String(everything)}))
	}, "DetachGroupPolicy: policy/AdministratorAccess from group/crew", "DetachGroupPolicy: policy/AdministratorAccess from group/crew", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("engine"), PolicyArn: aws.String(some)}))
	}, "-AttachRolePolicy: policy/some to role/engine", "", "AttachRolePolicy: policy/some to role/engine"},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: aws.String(some), VersionId: aws.String("v2")}))
	}, "SetDefaultPolicyVersion: policy/some to v1", "SetDefaultPolicyVersion: policy/some to v1", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("engine"), PolicyDocument: aws.String(trustThem)}))
	}, "UpdateAssumeRolePolicy: trust policy of role/engine", "AttachRolePolicy: policy/DENY-IAM to role/engine", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("own"), PolicyDocument: aws.String(allowAll)}))
	}, "PutUserPolicy: inline policy own of user/victim", "", "DeleteUserPolicy: inline policy own of user/victim"},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("new"), PolicyDocument: aws.String(allowAll)}))
	}, "DeleteUserPolicy: inline policy new of user/victim", "", "DeleteUserPolicy: inline policy new of user/victim"},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("old")}))
	}, "PutUserPolicy: inline policy old of user/victim", "", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: aws.String("victim"), GroupName: aws.String("bosses")}))
	}, "RemoveUserFromGroup: membership of user/victim in group bosses", "RemoveUserFromGroup: membership of user/victim in group bosses", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: aws.String("victim"), GroupName: aws.String("crew")}))
	}, "-AddUserToGroup: membership of user/victim in group crew", "", "AddUserToGroup: membership of user/victim in group crew"},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("victim"), PermissionsBoundary: aws.String(everything)}))
	}, "PutUserPermissionsBoundary: permissions boundary of user/victim from policy/AdministratorAccess to policy/some", "", "AttachUserPolicy: policy/DENY-IAM to user/victim"},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("web"), RoleName: aws.String("engine")}))
	}, "RemoveRoleFromInstanceProfile", "RemoveRoleFromInstanceProfile", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(spare)}))
	}, "-CreatePolicy: policy/spare", "", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(third), PolicyDocument: aws.String(allowAll), SetAsDefault: true}))
	}, "SetDefaultPolicyVersion: policy/third to v1", "SetDefaultPolicyVersion: policy/third to v1", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("crew"), PolicyName: aws.String("new"), PolicyDocument: aws.String(allowAll)}))
	}, "DeleteGroupPolicy: inline policy new of group/crew", "", "DeleteGroupPolicy: inline policy new of group/crew"},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("engine")}))
	}, "PutRolePermissionsBoundary: permissions boundary of role/engine to policy/some", "AttachRolePolicy: policy/DENY-IAM to role/engine", ""}, // for its trust already
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: aws.String("door"), ServiceName: aws.String("codecommit.amazonaws.com")}))
	}, "of user/door from Active to Inactive", "of user/door from Active to Inactive", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(github), ClientID: aws.String("me")}))
	}, "RemoveClientIDFromOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider", ""},
	{func(ctx context.Context, c *iam.Client) error {
		return did(c.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("door"), Password: aws.String("Tr0ub4dor&3-and-more")}))
	}, "DeleteLoginProfile: console password of user/door", "DeleteLoginProfile: console password of user/door", ""},
}

// TestSpree lets the intruder do one thing of every kind that can be taken
// back. The real guard takes them back, with a snapshot from before and
// without one; what it may not guess a person approves; and undo gives back
// the account as the intruder left it.
func TestSpree(t *testing.T) {
	t.Parallel()
	for _, knows := range []bool{true, false} {
		t.Run(map[bool]string{true: "with a snapshot from before", false: "without"}[knows], func(t *testing.T) {
			t.Parallel()
			h := newHunt(t, stage.Options{Change: victims})
			h.lost = "door" // whose password nothing gives back
			ctx := t.Context()
			h.must(h.Admin.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web")}))
			var args []string
			file := filepath.Join(h.home, "before.json")
			if knows {
				before := h.Twin.Snapshot()
				before.CollectedAt = time.Now().Add(-time.Minute)
				if err := saveSnapshot(file, before); err != nil {
					t.Fatal(err)
				}
				args = []string{"--snapshot", file}
			}
			by := h.intruder()
			for _, d := range spree {
				if err := d.do(ctx, by.IAM); err != nil {
					t.Fatal(err)
				}
			}
			left := h.state()
			r := h.guard(append(args, "--undo-actions")...)
			if r.status != 0 {
				t.Fatal(r)
			}
			incident := h.incidentOf(r, "warden contained user ci-deploy")
			shown := h.run(app.Key{}, "ledger", "show", incident, "--ledger", h.ledger)
			for _, d := range spree {
				want := d.blind
				if knows {
					want = d.back
				}
				if may, ok := strings.CutPrefix(want, "-"); ok {
					if !strings.Contains(r.out, "done   not taken back: "+may+": ") {
						t.Errorf("nobody was told: %s", may)
					}
				} else if !regexp.MustCompile(`done .*` + regexp.QuoteMeta(want)).MatchString(shown.out) {
					t.Errorf("not taken back: %s", want)
				}
			}
			waiting := h.run(h.person(), "approve", "--ledger", h.ledger)
			plans := regexp.MustCompile(`(?m)^  digest    ([0-9a-f]{64})$`).FindAllStringSubmatch(waiting.out, -1)
			for _, d := range spree {
				if d.asked != "" && !knows && !strings.Contains(waiting.out, "would     "+d.asked) {
					t.Errorf("nobody is asked: %s", d.asked)
				}
			}
			if knows != (len(plans) == 0) {
				t.Errorf("%d plans wait\n%s", len(plans), waiting.out)
			}
			for _, p := range plans {
				h.run(h.person(), "approve", p[1], "--apply", "--run", "--ledger", h.ledger).want(t, 0, "done")
			}
			if t.Failed() {
				t.Fatalf("%s\n%s\n%s", r, shown.out, waiting.out)
			}
			taken := h.state()
			if taken == left {
				t.Error("nothing was changed")
			}
			h.undo(incident).want(t, 0, "gives back", "cannot be given back", "console password of user/door")
			h.same(left, "after undo")
			// A second look at the queue and a second undo change nothing.
			h.guard(append(args, "--undo-actions")...)
			h.run(h.person(), "undo", incident, "--apply", "--ledger", h.ledger).want(t, 0, "nothing to give back")
			h.same(left, "at last")
		})
	}
}
