package twin

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"
)

func TestStructure(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())

	whole, err := c.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	w.must(err)
	if o := whole.Organization; *o.Id != w.who.OrganizationID || *o.MasterAccountId != w.who.Management || o.FeatureSet != types.OrganizationFeatureSetAll ||
		*o.Arn != "arn:aws:organizations::"+w.who.Management+":organization/"+w.who.OrganizationID ||
		*o.MasterAccountArn != "arn:aws:organizations::"+w.who.Management+":account/"+w.who.OrganizationID+"/"+w.who.Management {
		t.Errorf("the organization is %+v", o)
	}
	accounts, err := c.ListAccounts(ctx, &organizations.ListAccountsInput{})
	w.must(err)
	var names []string
	for _, a := range accounts.Accounts {
		names = append(names, fmt.Sprint(*a.Id, " ", *a.Name, " ", a.JoinedMethod, " ", a.Status))
	}
	if want := []string{"111122223333 Halden Group INVITED ACTIVE", "123456789012 Halden Freight CREATED ACTIVE", "444455556666 Security CREATED ACTIVE"}; !cmp.Equal(names, want) {
		t.Errorf("the accounts are %q", names)
	}
	roots, err := c.ListRoots(ctx, &organizations.ListRootsInput{})
	w.must(err)
	if r := roots.Roots; len(r) != 1 || *r[0].Id != w.who.RootID || len(r[0].PolicyTypes) != 1 {
		t.Errorf("the roots are %+v", roots.Roots)
	}
	units, err := c.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &w.who.RootID})
	w.must(err)
	if len(units.OrganizationalUnits) != 2 {
		t.Errorf("below the root are %+v", units.OrganizationalUnits)
	}
	below, err := c.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: &w.who.WorkloadsUnit, ChildType: types.ChildTypeOrganizationalUnit})
	w.must(err)
	production := *below.Children[0].Id
	in, err := c.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &production})
	w.must(err)
	if len(in.Accounts) != 1 || *in.Accounts[0].Id != w.who.Workload {
		t.Errorf("in Production are %+v", in.Accounts)
	}
	parents, err := c.ListParents(ctx, &organizations.ListParentsInput{ChildId: &w.who.Workload})
	w.must(err)
	if !cmp.Equal(*parents.Parents[0].Id, production) || parents.Parents[0].Type != types.ParentTypeOrganizationalUnit {
		t.Errorf("the workload's parents are %+v", parents.Parents)
	}

	made, err := c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: aws.String("Quarantine"), ParentId: &w.who.RootID})
	w.must(err)
	unit := *made.OrganizationalUnit.Id
	if !unitID.MatchString(unit) {
		t.Errorf("the unit's id is %s", unit)
	}
	got, err := c.DescribeOrganizationalUnit(ctx, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &unit})
	w.must(err)
	if *got.OrganizationalUnit.Name != "Quarantine" {
		t.Errorf("the unit is %+v", got.OrganizationalUnit)
	}
	_, err = c.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &w.who.Workload, SourceParentId: &production, DestinationParentId: &unit})
	w.must(err)
	// The unit's policies are the account's now.
	w.control("no-users", denyCreateUser, unit)
	wants(t, w.createUser(w.worker(), "x"), "AccessDenied", "service control policy")
	_, err = c.DeleteOrganizationalUnit(ctx, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &unit})
	wants(t, err, "OrganizationalUnitNotEmptyException", "")
	_, err = c.DeleteOrganizationalUnit(ctx, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &production})
	w.must(err)
}

// Every error that an operation has, with its reason where it has one.
func TestOrganizationErrors(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())
	s := aws.String
	full, gone, goneUnit, goneAccount := s(fullAccessID), s("p-nothing00"), s("ou-"+w.who.RootID[2:]+"-nothing00"), s("999988887777")
	fine := s(allowS3)
	w.org.accounts[0].mu.Lock()
	w.org.quotas.policySize, w.org.quotas.policiesPerTarget, w.org.quotas.unitDepth = 3000, 3, 2
	w.org.accounts[0].mu.Unlock()

	for _, x := range []struct {
		what, code, reason string
		call               func() error
	}{
		{"an account that is not there", "AccountNotFoundException", "", func() error {
			_, err := c.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: goneAccount})
			return err
		}},
		{"an account id of the wrong form", "InvalidInputException", "INVALID_PATTERN", func() error {
			_, err := c.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: s("12345")})
			return err
		}},
		{"a parent that is not there", "ParentNotFoundException", "", func() error {
			_, err := c.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: goneUnit, ChildType: types.ChildTypeAccount})
			return err
		}},
		{"a kind of child that is none", "InvalidInputException", "INVALID_ENUM", func() error {
			_, err := c.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: &w.who.RootID, ChildType: "X"})
			return err
		}},
		{"the parent of the root", "ChildNotFoundException", "", func() error {
			_, err := c.ListParents(ctx, &organizations.ListParentsInput{ChildId: &w.who.RootID})
			return err
		}},
		{"a unit that is not there", "OrganizationalUnitNotFoundException", "", func() error {
			_, err := c.DescribeOrganizationalUnit(ctx, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: goneUnit})
			return err
		}},
		{"a unit that is not there, to delete", "OrganizationalUnitNotFoundException", "", func() error {
			_, err := c.DeleteOrganizationalUnit(ctx, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: goneUnit})
			return err
		}},
		{"a unit of the same name", "DuplicateOrganizationalUnitException", "", func() error {
			_, err := c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: s("Workloads"), ParentId: &w.who.RootID})
			return err
		}},
		{"a unit that is too deep", "ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED", func() error {
			one, err := c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: s("Two"), ParentId: &w.who.WorkloadsUnit})
			w.must(err)
			_, err = c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: s("Three"), ParentId: one.OrganizationalUnit.Id})
			return err
		}},
		{"a move of nobody", "AccountNotFoundException", "", func() error { return w.move(c, *goneAccount, w.who.RootID, w.who.SecurityUnit) }},
		{"a move to nowhere", "DestinationParentNotFoundException", "", func() error { return w.move(c, w.who.Security, w.who.SecurityUnit, *goneUnit) }},
		{"a move from nowhere", "SourceParentNotFoundException", "", func() error { return w.move(c, w.who.Security, *goneUnit, w.who.RootID) }},
		{"a move from elsewhere", "AccountNotFoundException", "", func() error { return w.move(c, w.who.Security, w.who.WorkloadsUnit, w.who.RootID) }},
		{"a move to where it is", "DuplicateAccountException", "", func() error { return w.move(c, w.who.Security, w.who.RootID, w.who.SecurityUnit) }},

		{"a policy of the same name", "DuplicatePolicyException", "", func() error { return w.newPolicy(c, sampleGuardrail, *fine, scp) }},
		{"a text that is no policy", "MalformedPolicyDocumentException", "", func() error { return w.newPolicy(c, "x", `{"Statement":`, scp) }},
		{"a policy with a principal", "MalformedPolicyDocumentException", "", func() error {
			return w.newPolicy(c, "x", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`, scp)
		}},
		{"a policy without resource", "MalformedPolicyDocumentException", "", func() error {
			return w.newPolicy(c, "x", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*"}]}`, scp)
		}},
		{"a policy that is too long", "ConstraintViolationException", "POLICY_CONTENT_LIMIT_EXCEEDED", func() error { return w.newPolicy(c, "x", *fine+strings.Repeat(" ", 3000), scp) }},
		{"another type of policy", "PolicyTypeNotAvailableForOrganizationException", "", func() error { return w.newPolicy(c, "x", *fine, types.PolicyTypeTagPolicy) }},
		{"a type that is none", "InvalidInputException", "INVALID_ENUM_POLICY_TYPE", func() error { return w.newPolicy(c, "x", *fine, "X") }},
		{"a policy without name", "InvalidInputException", "MIN_LENGTH_EXCEEDED", func() error { return w.newPolicy(c, "", *fine, scp) }},
		{"a policy that is not there", "PolicyNotFoundException", "", func() error {
			_, err := c.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: gone})
			return err
		}},
		{"AWS's policy, to change", "InvalidInputException", "IMMUTABLE_POLICY", func() error {
			_, err := c.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: full, Content: fine})
			return err
		}},
		{"AWS's policy, to delete", "InvalidInputException", "IMMUTABLE_POLICY", func() error {
			_, err := c.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: full})
			return err
		}},
		{"a name that is taken", "DuplicatePolicyException", "", func() error {
			_, err := c.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &w.who.GuardrailID, Name: s("FullAWSAccess")})
			return err
		}},
		{"a change that is no policy", "MalformedPolicyDocumentException", "", func() error {
			_, err := c.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &w.who.GuardrailID, Content: s("{}")})
			return err
		}},
		{"a policy in use", "PolicyInUseException", "", func() error {
			_, err := c.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: &w.who.GuardrailID})
			return err
		}},
		{"no policy to attach", "PolicyNotFoundException", "", func() error { return w.attach(c, *gone, w.who.RootID) }},
		{"no target", "TargetNotFoundException", "", func() error { return w.attach(c, *full, *goneUnit) }},
		{"a target of the wrong form", "InvalidInputException", "INVALID_PATTERN_TARGET_ID", func() error { return w.attach(c, *full, "x") }},
		{"attached already", "DuplicatePolicyAttachmentException", "", func() error { return w.attach(c, *full, w.who.RootID) }},
		{"too many attached", "ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", func() error {
			w.control("one", *fine, w.who.Security)
			w.control("two", *fine, w.who.Security)
			return w.attach(c, w.who.GuardrailID, w.who.Security)
		}},
		{"not attached", "PolicyNotAttachedException", "", func() error { return w.detach(c, w.who.GuardrailID, w.who.RootID) }},
		{"the last one attached", "ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", func() error { return w.detach(c, *full, w.who.RootID) }},
		{"policies of no target", "TargetNotFoundException", "", func() error {
			_, err := c.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: goneUnit, Filter: scp})
			return err
		}},
		{"targets of no policy", "PolicyNotFoundException", "", func() error {
			_, err := c.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: gone})
			return err
		}},
		{"policies of another type", "PolicyTypeNotAvailableForOrganizationException", "", func() error {
			_, err := c.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: types.PolicyTypeBackupPolicy})
			return err
		}},
		{"a token of another list", "InvalidInputException", "INVALID_NEXT_TOKEN", func() error {
			_, err := c.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: s("x")})
			return err
		}},
		{"pages that are too large", "InvalidInputException", "MAX_VALUE_EXCEEDED", func() error {
			_, err := c.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: aws.Int32(21)})
			return err
		}},
		{"a root that is not there", "RootNotFoundException", "", func() error {
			_, err := c.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: s("r-none"), PolicyType: scp})
			return err
		}},
		{"a type that is on", "PolicyTypeAlreadyEnabledException", "", func() error {
			_, err := c.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &w.who.RootID, PolicyType: scp})
			return err
		}},

		{"the management account leaves", "MasterCannotLeaveOrganizationException", "", func() error {
			_, err := c.LeaveOrganization(ctx, &organizations.LeaveOrganizationInput{})
			return err
		}},
		{"an account leaves that was created here", "ConstraintViolationException", "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED", func() error {
			_, err := w.organizationsOf(w.hub()).LeaveOrganization(ctx, &organizations.LeaveOrganizationInput{})
			return err
		}},

		{"the management account as a delegate", "ConstraintViolationException", "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", func() error { return w.delegate(c, w.who.Management, "guardduty.amazonaws.com") }},
		{"a delegate of no service", "InvalidInputException", "UNRECOGNIZED_SERVICE_PRINCIPAL", func() error { return w.delegate(c, w.who.Security, "guard") }},
		{"nobody as a delegate", "AccountNotFoundException", "", func() error { return w.delegate(c, *goneAccount, "guardduty.amazonaws.com") }},
		{"a delegate twice", "AccountAlreadyRegisteredException", "", func() error {
			w.must(w.delegate(c, w.who.Security, "guardduty.amazonaws.com"))
			return w.delegate(c, w.who.Security, "guardduty.amazonaws.com")
		}},
		{"no delegate", "AccountNotRegisteredException", "", func() error {
			_, err := c.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: &w.who.Workload, ServicePrincipal: s("guardduty.amazonaws.com")})
			return err
		}},
		{"services of no delegate", "AccountNotRegisteredException", "", func() error {
			_, err := c.ListDelegatedServicesForAccount(ctx, &organizations.ListDelegatedServicesForAccountInput{AccountId: &w.who.Workload})
			return err
		}},
	} {
		err := x.call()
		if err == nil {
			t.Errorf("%s: no error", x.what)
			continue
		}
		wants(t, err, x.code, "")
		if got := reasonOf(err); got != x.reason {
			t.Errorf("%s: the reason is %q, not %q", x.what, got, x.reason)
		}
	}
}

// reasonOf is the member Reason of an error.
func reasonOf(err error) string {
	var input *types.InvalidInputException
	var constraint *types.ConstraintViolationException
	switch {
	case errors.As(err, &input):
		return string(input.Reason)
	case errors.As(err, &constraint):
		return string(constraint.Reason)
	}
	return ""
}

// Who may call what: members little, delegated administrators read, the
// management account all that its own policies allow.
func TestOrganizationCallers(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	member := w.organizationsOf(w.hub())
	_, err := member.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	w.must(err)
	_, err = member.ListAccounts(ctx, &organizations.ListAccountsInput{})
	wants(t, err, "AccessDeniedException", "You don't have permissions to access this resource.")
	w.must(w.delegate(w.organizationsOf(w.manager()), w.who.Security, "guardduty.amazonaws.com"))
	_, err = member.ListAccounts(ctx, &organizations.ListAccountsInput{})
	w.must(err)
	wants(t, w.detach(member, fullAccessID, w.who.RootID), "AccessDeniedException", "You don't have permissions")

	alone := newWorld(t, Faults{})
	_, err = organizations.NewFromConfig(alone.config(first(alone.key(alone.truth.Administrator))), func(o *organizations.Options) { o.HTTPSignerV4 = alone.signer() }).
		DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	wants(t, err, "AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")

	// The guardrail's role reads and updates one policy and can do nothing else.
	guard := w.organizationsOf(w.assume(w.guard(), w.who.GuardrailRole))
	old, err := guard.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &w.who.GuardrailID})
	w.must(err)
	if *old.Policy.PolicySummary.Arn != w.who.Guardrail {
		t.Errorf("the guardrail is %s", *old.Policy.PolicySummary.Arn)
	}
	_, err = guard.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &w.who.GuardrailID, Content: aws.String(denyCreateUser)})
	w.must(err)
	wants(t, w.createUser(w.worker(), "x"), "AccessDenied", "service control policy: "+w.who.Guardrail)
	other := w.control("other", allowS3, w.who.SecurityUnit)
	_, err = guard.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &other, Content: aws.String(denyCreateUser)})
	wants(t, err, "AccessDeniedException", "is not authorized to perform: organizations:UpdatePolicy on resource: arn:aws:organizations::"+w.who.Management+":policy/"+w.who.OrganizationID+"/service_control_policy/"+other+" because no identity-based policy allows the organizations:UpdatePolicy action")
	wants(t, w.detach(guard, w.who.GuardrailID, w.who.WorkloadsUnit), "AccessDeniedException", "organizations:DetachPolicy")

	// The permission is needed on the policy and on the target.
	name, key := "attacher", w.iamOf(w.manager())
	w.must(w.createUser(w.manager(), name))
	_, err = key.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(
		allow("arn:aws:organizations::"+w.who.Management+":policy/*", "organizations:AttachPolicy"))})
	w.must(err)
	made, err := key.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	attacher := w.organizationsOf(w.config(*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey, ""))
	wants(t, w.attach(attacher, other, w.who.RootID), "AccessDeniedException", "on resource: arn:aws:organizations::"+w.who.Management+":root/"+w.who.OrganizationID+"/"+w.who.RootID)
	_, err = key.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"organizations:AttachPolicy","Resource":"*","Condition":{"StringEquals":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}]}`)})
	w.must(err)
	w.must(w.attach(attacher, other, w.who.RootID))
}

// first completes the arguments of world.config.
func first(id, secret string) (string, string, string) { return id, secret, "" }

func TestControlPolicies(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())
	id := w.control("one", allowS3, w.who.Workload)
	updated, err := c.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &id, Name: aws.String("renamed"), Description: aws.String("why")})
	w.must(err)
	if p := updated.Policy; *p.Content != allowS3 || *p.PolicySummary.Name != "renamed" || *p.PolicySummary.Description != "why" || p.PolicySummary.AwsManaged {
		t.Errorf("the policy is %+v", p.PolicySummary)
	}
	described, err := c.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: aws.String(fullAccessID)})
	w.must(err)
	if s := described.Policy.PolicySummary; !s.AwsManaged || *s.Arn != "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess" {
		t.Errorf("FullAWSAccess is %+v", s)
	}
	ofTarget, err := c.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &w.who.Workload, Filter: scp})
	w.must(err)
	if len(ofTarget.Policies) != 2 {
		t.Errorf("attached are %+v", ofTarget.Policies)
	}
	targets, err := c.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: &id})
	w.must(err)
	if len(targets.Targets) != 1 || *targets.Targets[0].TargetId != w.who.Workload || targets.Targets[0].Type != types.TargetTypeAccount {
		t.Errorf("the targets are %+v", targets.Targets)
	}
	w.must(w.detach(c, id, w.who.Workload))
	_, err = c.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: &id})
	w.must(err)

	// Off, nothing is denied and nothing is attached; on again, FullAWSAccess is.
	w.control("two", denyCreateUser, w.who.RootID)
	wants(t, w.createUser(w.worker(), "x"), "AccessDenied", "service control policy")
	_, err = c.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &w.who.RootID, PolicyType: scp})
	w.must(err)
	w.must(w.createUser(w.worker(), "x"))
	wants(t, w.attach(c, fullAccessID, w.who.RootID), "PolicyTypeNotEnabledException", "")
	_, err = c.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &w.who.RootID, PolicyType: scp})
	wants(t, err, "PolicyTypeNotEnabledException", "")
	_, err = c.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &w.who.RootID, PolicyType: scp})
	w.must(err)
	w.must(w.createUser(w.worker(), "y"))
	ofTarget, err = c.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &w.who.WorkloadsUnit, Filter: scp})
	w.must(err)
	if len(ofTarget.Policies) != 1 || *ofTarget.Policies[0].Id != fullAccessID {
		t.Errorf("after switching on are attached %+v", ofTarget.Policies)
	}
}

func TestDelegates(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())
	for _, service := range []string{"guardduty.amazonaws.com", "access-analyzer.amazonaws.com"} {
		w.must(w.delegate(c, w.who.Security, service))
	}
	w.must(w.delegate(c, w.who.Workload, "guardduty.amazonaws.com"))
	list := func(service *string) (ids []string) {
		out, err := c.ListDelegatedAdministrators(ctx, &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: service})
		w.must(err)
		for _, d := range out.DelegatedAdministrators {
			ids = append(ids, *d.Id)
		}
		return ids
	}
	if got := list(nil); !cmp.Equal(got, []string{w.who.Workload, w.who.Security}) {
		t.Errorf("delegates are %v", got)
	}
	if got := list(aws.String("access-analyzer.amazonaws.com")); !cmp.Equal(got, []string{w.who.Security}) {
		t.Errorf("delegates of one service are %v", got)
	}
	services, err := c.ListDelegatedServicesForAccount(ctx, &organizations.ListDelegatedServicesForAccountInput{AccountId: &w.who.Security})
	w.must(err)
	if len(services.DelegatedServices) != 2 {
		t.Errorf("the services are %+v", services.DelegatedServices)
	}
	_, err = c.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: &w.who.Workload, ServicePrincipal: aws.String("guardduty.amazonaws.com")})
	w.must(err)
	if got := list(nil); !cmp.Equal(got, []string{w.who.Security}) {
		t.Errorf("delegates are %v", got)
	}
}

// An account that was invited may leave, and then nothing binds it.
func TestLeaving(t *testing.T) {
	t.Parallel()
	cfg, who := SampleOrganization(3, testNow)
	cfg.Accounts[1].Invited = true
	org, err := NewOrganization(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server, err := org.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	w := newOrganizationWorld(t, Faults{})
	w.org, w.who, w.url, w.twin = org, who, server.URL(), org.Account(who.Workload)
	w.clock = org.now()
	member := w.organizationsOf(w.worker())
	_, err = member.LeaveOrganization(ctx, &organizations.LeaveOrganizationInput{})
	wants(t, err, "AccessDeniedException", "with an explicit deny in a service control policy: "+who.Guardrail)
	w.must(w.detach(w.organizationsOf(w.manager()), who.GuardrailID, who.WorkloadsUnit))
	w.control("no-users", denyCreateUser, who.WorkloadsUnit)
	wants(t, w.createUser(w.worker(), "x"), "AccessDenied", "service control policy")
	_, err = member.LeaveOrganization(ctx, &organizations.LeaveOrganizationInput{})
	w.must(err)
	w.must(w.createUser(w.worker(), "x"))
	_, err = member.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	wants(t, err, "AWSOrganizationsNotInUseException", "not a member")
}

// Lists come in pages of at most twenty, and smaller where they are asked for.
func TestOrganizationPages(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())
	want := map[string]bool{fullAccessID: true, w.who.GuardrailID: true}
	for i := range 43 {
		out, err := c.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: aws.String(fmt.Sprint("policy ", i)), Description: aws.String(""), Content: aws.String(allowS3), Type: scp})
		w.must(err)
		want[*out.Policy.PolicySummary.Id] = true
	}
	for _, x := range []struct {
		size  *int32
		sizes []int
	}{{nil, []int{20, 20, 5}}, {aws.Int32(15), []int{15, 15, 15}}} {
		got, sizes := map[string]bool{}, []int(nil)
		pages := organizations.NewListPoliciesPaginator(c, &organizations.ListPoliciesInput{Filter: scp, MaxResults: x.size})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			w.must(err)
			sizes = append(sizes, len(page.Policies))
			for _, p := range page.Policies {
				got[*p.Id] = true
			}
		}
		if !cmp.Equal(got, want) || !cmp.Equal(sizes, x.sizes) {
			t.Errorf("pages of %v, %d policies of %d", sizes, len(got), len(want))
		}
	}
	one := newOrganizationWorld(t, Faults{PageSize: 1})
	pages := organizations.NewListAccountsPaginator(one.organizationsOf(one.manager()), &organizations.ListAccountsInput{})
	n := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		w.must(err)
		n++
		if len(page.Accounts) != 1 {
			t.Errorf("a page of %d", len(page.Accounts))
		}
	}
	if n != 3 {
		t.Errorf("%d pages", n)
	}
}
