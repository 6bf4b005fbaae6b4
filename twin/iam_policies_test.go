package twin

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestBadPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	identity := []struct{ document, message string }{
		{`{`, "Syntax errors in policy."},
		{`{"Version":"2012-10-17"}`, "Syntax errors in policy."},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}`, "Syntax errors in policy."},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`, "Policy document should not specify a principal."},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}`, "Policy statement must contain resources."},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}]}`, `Resource bucket must be in ARN format or "*".`},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"GetObject","Resource":"*"}]}`, ""},
	}
	for _, tt := range identity {
		_, err := a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &w.truth.Guard, PolicyName: aws.String("bad"), PolicyDocument: &tt.document})
		wants(t, err, "MalformedPolicyDocument", tt.message)
		_, err = a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("bad"), PolicyDocument: &tt.document})
		wants(t, err, "MalformedPolicyDocument", tt.message)
	}
	trust := []struct{ document, message string }{
		{`[]`, "This policy contains invalid Json"},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}]}`, "Has prohibited field Resource"},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`, "Missing required field Principal"},
		{trusting("s3:GetObject", `{"Service":"ec2.amazonaws.com"}`, ""), "AssumeRole policy may only specify STS AssumeRole actions."},
	}
	for _, tt := range trust {
		_, err := a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bad"), AssumeRolePolicyDocument: &tt.document})
		wants(t, err, "MalformedPolicyDocument", tt.message)
	}
}

func TestVersionsOfAPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	none := allow("*", "s3:ListAllMyBuckets")
	users := allow("*", "iam:ListUsers")
	id, secret := w.newUser("reader", "")
	me := w.iamWith(id, secret, "")
	list := func() error { _, err := me.ListUsers(ctx, &iam.ListUsersInput{}); return err }
	made, err := a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("turn"), Description: aws.String("words"), PolicyDocument: &none, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	w.must(err)
	arn := made.Policy.Arn
	_, err = a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("reader"), PolicyArn: arn})
	w.must(err)
	wants(t, list(), "AccessDenied", "on resource: "+w.arn("user", "/"))
	v2, err := a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &users})
	w.must(err)
	if *v2.PolicyVersion.VersionId != "v2" || v2.PolicyVersion.IsDefaultVersion {
		t.Errorf("second version %+v", v2.PolicyVersion)
	}
	wants(t, list(), "AccessDenied", "")
	_, err = a.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	w.must(err)
	w.must(list())
	_, err = a.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	w.must(err)
	// Numbers are not used twice.
	v3, err := a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &none, SetAsDefault: true})
	w.must(err)
	if *v3.PolicyVersion.VersionId != "v3" || !v3.PolicyVersion.IsDefaultVersion {
		t.Errorf("third version %+v", v3.PolicyVersion)
	}
	wants(t, list(), "AccessDenied", "")
	got, err := a.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	w.must(err)
	if decoded(t, got.PolicyVersion.Document) != users {
		t.Errorf("v2 is %s", *got.PolicyVersion.Document)
	}
	all, err := a.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn})
	w.must(err)
	if len(all.Versions) != 2 || *all.Versions[0].VersionId != "v3" || all.Versions[0].Document != nil {
		t.Errorf("versions %+v", all.Versions)
	}
	p, err := a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	w.must(err)
	if *p.Policy.DefaultVersionId != "v3" || *p.Policy.AttachmentCount != 1 || *p.Policy.PermissionsBoundaryUsageCount != 0 || *p.Policy.Description != "words" || len(p.Policy.Tags) != 1 {
		t.Errorf("policy %+v", p.Policy)
	}
	who, err := a.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: arn})
	w.must(err)
	if len(who.PolicyUsers) != 1 || *who.PolicyUsers[0].UserName != "reader" || len(who.PolicyGroups)+len(who.PolicyRoles) != 0 {
		t.Errorf("used by %+v", who)
	}
}

func TestPoliciesOfAWSDoNotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, arn := w.admin(), aws.String(adminPolicy)
	calls := map[string]func() error{
		"DeletePolicy": func() error { _, err := a.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn}); return err },
		"CreatePolicyVersion": func() error {
			_, err := a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allowAll)})
			return err
		},
		"SetDefaultPolicyVersion": func() error {
			_, err := a.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
			return err
		},
		"TagPolicy": func() error {
			_, err := a.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: arn, Tags: []types.Tag{{Key: arn, Value: arn}}})
			return err
		},
	}
	for name, call := range calls {
		wants(t, call(), "AccessDenied", "iam:"+name)
	}
	_, err := a.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("deploy"), PolicyArn: aws.String("arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy")})
	wants(t, err, "PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
}

func TestInlinePoliciesOfEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{PageSize: 1})
	a, s := w.admin(), aws.String
	doc := `{"Version":"2012-10-17", "Statement":[{"Sid":"ä","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/* b+~%"}]}`
	_, err := a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: s("warden"), PolicyName: s("Zed"), PolicyDocument: &doc})
	w.must(err)
	_, err = a.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: s("CI"), PolicyName: s("Zed"), PolicyDocument: &doc})
	w.must(err)
	_, err = a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: s("deploy"), PolicyName: s("Zed"), PolicyDocument: &doc})
	w.must(err)
	u, err := a.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: s("WARDEN"), PolicyName: s("zed")})
	w.must(err)
	g, err := a.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: s("ci"), PolicyName: s("zed")})
	w.must(err)
	r, err := a.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: s("Deploy"), PolicyName: s("ZED")})
	w.must(err)
	for _, got := range []*string{u.PolicyDocument, g.PolicyDocument, r.PolicyDocument} {
		if decoded(t, got) != doc || strings.ContainsAny(*got, ` +"/`) {
			t.Errorf("document %s", *got)
		}
	}
	if *u.PolicyName != "Zed" || *u.UserName != "warden" {
		t.Errorf("names %s of %s", *u.PolicyName, *u.UserName)
	}
	var names []string
	p := iam.NewListUserPoliciesPaginator(a, &iam.ListUserPoliciesInput{UserName: s("warden")})
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		w.must(err)
		if len(out.PolicyNames) != 1 {
			t.Errorf("a page of %d", len(out.PolicyNames))
		}
		names = append(names, out.PolicyNames...)
	}
	if strings.Join(names, " ") != "assume-guard Zed" {
		t.Errorf("names %q", names)
	}
	// Replaced, not added, whatever the case of the name.
	_, err = a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: s("warden"), PolicyName: s("zED"), PolicyDocument: s(allowAll)})
	w.must(err)
	u, err = a.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: s("warden"), PolicyName: s("Zed")})
	w.must(err)
	if decoded(t, u.PolicyDocument) != allowAll {
		t.Errorf("after the replacement: %s", *u.PolicyDocument)
	}
}

func TestAttachmentsOfEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, s, arn := w.admin(), aws.String, aws.String("arn:aws:iam::aws:policy/AWSDenyAll")
	_, err := a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: s("warden"), PolicyArn: arn})
	w.must(err)
	_, err = a.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: s("CI"), PolicyArn: arn})
	w.must(err)
	_, err = a.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: s("deploy"), PolicyArn: arn})
	w.must(err)
	u, err := a.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: s("warden")})
	w.must(err)
	g, err := a.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: s("CI")})
	w.must(err)
	r, err := a.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: s("deploy")})
	w.must(err)
	if len(u.AttachedPolicies) != 1 || len(g.AttachedPolicies) != 2 || len(r.AttachedPolicies) != 2 || *u.AttachedPolicies[0].PolicyName != "AWSDenyAll" {
		t.Errorf("%v %v %v", u.AttachedPolicies, g.AttachedPolicies, r.AttachedPolicies)
	}
	ci, err := a.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: s("CI"), PathPrefix: s("/ci/")})
	w.must(err)
	if len(ci.AttachedPolicies) != 1 || *ci.AttachedPolicies[0].PolicyName != "deploy-artifacts" {
		t.Errorf("below /ci/: %v", ci.AttachedPolicies)
	}
	// A policy of AWS that came into use is saved with the account.
	found := false
	for _, p := range w.twin.Snapshot().Policies {
		found = found || p.ARN == *arn
	}
	if !found {
		t.Error("the snapshot does not hold AWSDenyAll")
	}
	who, err := a.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: arn, EntityFilter: types.EntityTypeRole})
	w.must(err)
	if len(who.PolicyRoles) != 1 || len(who.PolicyUsers)+len(who.PolicyGroups) != 0 {
		t.Errorf("roles only: %+v", who)
	}
	local, err := a.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	w.must(err)
	attached, err := a.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, OnlyAttached: true})
	w.must(err)
	boundaries, err := a.ListPolicies(ctx, &iam.ListPoliciesInput{OnlyAttached: true, PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary})
	w.must(err)
	if len(local.Policies) != 3 || len(attached.Policies) != 2 || len(boundaries.Policies) != 1 || *boundaries.Policies[0].PermissionsBoundaryUsageCount != 2 || *boundaries.Policies[0].AttachmentCount != 0 {
		t.Errorf("%d local, %d attached, boundaries %+v", len(local.Policies), len(attached.Policies), boundaries.Policies)
	}
}
