package twin

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"warden/trail"
)

// The account of a request is that of the key: each has identities of its own.
func TestAccountsAreApart(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	for account, c := range map[string]aws.Config{w.who.Management: w.manager(), w.who.Workload: w.worker(), w.who.Security: w.hub()} {
		out, err := w.stsOf(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		w.must(err)
		if *out.Account != account {
			t.Errorf("the caller of %s is in %s", account, *out.Account)
		}
		w.must(w.createUser(c, "same-name"))
	}
	if n := len(w.records(w.who.Security, "CreateUser")); n != 1 {
		t.Errorf("the security account has %d records of CreateUser", n)
	}
	if _, _, err := w.org.Credentials("999999999999", "x"); err == nil {
		t.Error("credentials of an account that is not there")
	}
	_, err := w.stsWith("AKIAUNKNOWNUNKNOWN00", "x", "").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "InvalidClientTokenId", "invalid")
	if got := w.org.Accounts(); !cmp.Equal(got, []string{w.who.Management, w.who.Workload, w.who.Security}) {
		t.Errorf("the accounts are %v", got)
	}
}

// A service control policy is judged beside a control: what it does not name
// goes on, and so does the same call in an account that it is not over.
func TestControlPolicyDenies(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	w.must(w.createUser(w.worker(), "before"))
	id := w.control("no-users", denyCreateUser, w.who.WorkloadsUnit)
	arn := "arn:aws:organizations::" + w.who.Management + ":policy/" + w.who.OrganizationID + "/service_control_policy/" + id

	wants(t, w.createUser(w.worker(), "after"), "AccessDenied",
		"is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::123456789012:user/after with an explicit deny in a service control policy: "+arn)
	wants(t, w.createUser(w.as(w.who.Workload, RootUser), "after"), "AccessDenied", "with an explicit deny in a service control policy")
	w.must(w.createUser(w.hub(), "after"))
	w.must(w.createUser(w.manager(), "after"))
	if _, err := w.iamOf(w.worker()).DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("before")}); err != nil {
		t.Errorf("what the policy does not name: %v", err)
	}
	// A session of the role by which the management account administers the
	// member is a principal of the member.
	wants(t, w.createUser(w.assume(w.manager(), w.who.AccessRole), "after"), "AccessDenied", "service control policy")

	var r struct {
		ErrorCode, ErrorMessage string
		RequestParameters       any
	}
	w.must(json.Unmarshal([]byte(w.records(w.who.Workload, "CreateUser")[0]), &r))
	if r.ErrorCode != "AccessDenied" || r.RequestParameters != nil {
		t.Errorf("the record of the refusal is %+v", r)
	}

	_, err := w.organizationsOf(w.manager()).DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &id, TargetId: &w.who.WorkloadsUnit})
	w.must(err)
	w.must(w.createUser(w.worker(), "after"))
}

// Every level must allow, the management account is exempt, and so are
// service-linked roles.
func TestControlPolicyAllows(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())
	w.control("s3-only", allowS3, w.who.RootID)
	w.must(w.createUser(w.worker(), "still")) // FullAWSAccess is there too
	_, err := c.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: aws.String(fullAccessID), TargetId: &w.who.RootID})
	w.must(err)
	wants(t, w.createUser(w.worker(), "no-more"), "AccessDenied", "because no service control policy allows the iam:CreateUser action")
	w.must(w.createUser(w.manager(), "exempt"))

	s := w.twin.state
	linked := s.roles.get("AWSServiceRoleForOrganizations")
	p := &principal{account: s.account, session: &session{roleID: linked.ID, arn: "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForOrganizations/x"}}
	p.fromRole(s, p.session)
	w.twin.bind(p, testNow)
	if !p.caller.ServiceLinkedRole || len(p.policies.SCPs) == 0 {
		t.Error("the engine is not told that the role is service-linked")
	}
}

// Changes of policies reach authorization as late as those of IAM.
func TestControlPolicyPropagates(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{Propagation: 10 * time.Second})
	w.control("no-users", denyCreateUser, w.who.Workload)
	w.control("no-keys", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateAccessKey","Resource":"*"}]}`, w.who.Workload)
	late := 0
	for i := range 11 {
		if w.createUser(w.worker(), fmt.Sprint("user-", i)) == nil {
			late++
		}
		w.pass(time.Second)
	}
	if late == 0 || late == 11 {
		t.Errorf("%d of 11 calls in 10 seconds were judged by the old policies", late)
	}
	wants(t, w.createUser(w.worker(), "last"), "AccessDenied", "service control policy")
	_, err := w.iamOf(w.worker()).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	wants(t, err, "AccessDenied", "service control policy")
}

func TestAssumeRoleAcrossAccounts(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	guard := w.guard()
	responder := w.assume(guard, w.who.ResponderRole)
	out, err := w.stsOf(responder).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *out.Arn != "arn:aws:sts::"+w.who.Workload+":assumed-role/warden-responder/test" {
		t.Errorf("the session is %s", *out.Arn)
	}
	_, err = w.iamOf(responder).GetUser(ctx, &iam.GetUserInput{UserName: &w.who.Company.Intruder})
	w.must(err)
	_, err = w.iamOf(responder).DeleteUser(ctx, &iam.DeleteUserInput{UserName: &w.who.Company.Intruder})
	wants(t, err, "AccessDenied", "identity-based policy")

	// Recorded in both accounts, under one shared id.
	mine, theirs := w.records(w.who.Security, "AssumeRole"), w.records(w.who.Workload, "AssumeRole")
	if len(mine) != 2 || len(theirs) != 1 {
		t.Fatalf("%d and %d records of AssumeRole", len(mine), len(theirs))
	}
	a, b := parsed(t, mine[0]), parsed(t, theirs[0])
	if a["sharedEventID"] != b["sharedEventID"] || a["sharedEventID"] == nil || a["eventID"] == b["eventID"] {
		t.Errorf("shared ids %v and %v, ids %v and %v", a["sharedEventID"], b["sharedEventID"], a["eventID"], b["eventID"])
	}
	if a["recipientAccountId"] != w.who.Security || b["recipientAccountId"] != w.who.Workload {
		t.Errorf("recipients %v and %v", a["recipientAccountId"], b["recipientAccountId"])
	}
	identity, _ := b["userIdentity"].(map[string]any)
	issuer := w.org.Account(w.who.Security).state.roles.get(guardRole).ID
	if diff := cmp.Diff(map[string]any{"type": "AWSAccount", "principalId": issuer + ":test", "accountId": w.who.Security}, identity); diff != "" {
		t.Errorf("who the workload's record names (-want +got):\n%s", diff)
	}
	if e, err := trail.ParseEvent([]byte(theirs[0])); err != nil || e.Actor().Kind != trail.OtherAccount {
		t.Errorf("package trail reads %+v, %v", e, err)
	}
	if _, ok := parsed(t, mine[1])["sharedEventID"]; ok {
		t.Error("a role of the own account is recorded as shared")
	}

	// Both sides must allow; the refusal does not say which did not, and is in
	// the caller's account only.
	for _, c := range []struct {
		name string
		who  aws.Config
		role string
	}{
		{"the trust policy names another", w.hub(), w.who.ResponderRole},
		{"the caller's policies do not allow it", guard, w.who.AccessRole},
		{"there is no such role", guard, "arn:aws:iam::" + w.who.Workload + ":role/security/warden-responder-2"},
		{"there is no such account", w.hub(), "arn:aws:iam::999988887777:role/security/warden-responder"},
	} {
		_, err := w.stsOf(c.who).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &c.role, RoleSessionName: aws.String("x1")})
		if err == nil {
			t.Errorf("%s: the role was assumed", c.name)
		}
		wants(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: "+c.role)
	}
	if n := len(w.records(w.who.Workload, "AssumeRole")); n != 1 {
		t.Errorf("refusals of others are in the role's account: %d records", n)
	}

	// The caller's own organization binds him, the role's does not.
	w.control("no-sts", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}`, w.who.Workload)
	w.assume(guard, w.who.ResponderRole)
	w.control("no-sts-here", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}`, w.who.SecurityUnit)
	_, err = w.stsOf(guard).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &w.who.ResponderRole, RoleSessionName: aws.String("x1")})
	wants(t, err, "AccessDenied", "sts:AssumeRole")
}

// A call that nobody signs goes to the account of the role that it names, and
// its session is bound by that account's policies.
func TestUnsignedCalls(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	out, err := w.byGitHub("/ci/github-actions", WebIdentity{Subject: "repo:halden-freight/booking:ref:refs/heads/main"})
	w.must(err)
	session := w.by(out.Credentials)
	wants(t, w.createUser(session, "x"), "AccessDenied", "because no identity-based policy")
	w.control("no-users", denyCreateUser, w.who.Workload)
	wants(t, w.createUser(session, "x"), "AccessDenied", "with an explicit deny in a service control policy")
}

// A trust policy names identities of other accounts by unique id too: a user
// that is made again is not trusted, and one that does not exist cannot be
// named.
func TestTrustAcrossAccounts(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	hub, worker := w.iamOf(w.hub()), w.iamOf(w.worker())
	arn := "arn:aws:iam::" + w.who.Security + ":user/visitor"
	role := func() error {
		_, err := worker.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("visited"), AssumeRolePolicyDocument: aws.String(trustingARN(arn, ""))})
		return err
	}
	wants(t, role(), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+arn+`"`)
	visitor := func() aws.Config {
		w.must(w.createUser(w.hub(), "visitor"))
		_, err := hub.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("visitor"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allowAll)})
		w.must(err)
		key, err := hub.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("visitor")})
		w.must(err)
		return w.config(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	}
	first := visitor()
	w.must(role())
	w.assume(first, "arn:aws:iam::"+w.who.Workload+":role/visited")

	keys, err := hub.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("visitor")})
	w.must(err)
	_, err = hub.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("visitor"), AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId})
	w.must(err)
	_, err = hub.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("visitor"), PolicyName: aws.String("p")})
	w.must(err)
	_, err = hub.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("visitor")})
	w.must(err)
	_, err = w.stsOf(visitor()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.who.Workload + ":role/visited"), RoleSessionName: aws.String("x1")})
	wants(t, err, "AccessDenied", "sts:AssumeRole")

	saved := w.org.Account(w.who.Workload).Snapshot()
	for _, r := range saved.Roles {
		if r.Name == responderRole && !cmp.Equal(string(r.Trust), trustingARN(w.who.GuardRole, "")) {
			t.Errorf("the responder is saved with the trust policy %s", r.Trust)
		}
	}
}

// The condition keys of an organization tell members from others.
func TestOrganizationKeys(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	worker := w.iamOf(w.worker())
	for _, c := range []struct {
		key, value string
		ok         bool
	}{
		{"aws:PrincipalOrgID", w.who.OrganizationID, true},
		{"aws:PrincipalOrgID", "o-elsewhere0", false},
		{"aws:PrincipalOrgPaths", w.who.OrganizationID + "/" + w.who.RootID + "/" + w.who.SecurityUnit + "/*", true},
		{"aws:PrincipalOrgPaths", w.who.OrganizationID + "/" + w.who.RootID + "/" + w.who.WorkloadsUnit + "/*", false},
		{"aws:ResourceOrgID", w.who.OrganizationID, true},
		{"aws:ResourceAccount", w.who.Workload, true},
		{"aws:ResourceAccount", w.who.Security, false},
	} {
		operator := "StringLike"
		if c.key == "aws:PrincipalOrgPaths" {
			operator = "ForAnyValue:StringLike"
		}
		name := "visited"
		_, err := worker.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			trustingARN("arn:aws:iam::"+w.who.Security+":root", fmt.Sprintf(`{%q:{%q:%q}}`, operator, c.key, c.value)))})
		w.must(err)
		_, err = w.stsOf(w.hub()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.who.Workload + ":role/visited"), RoleSessionName: aws.String("x1")})
		if (err == nil) != c.ok {
			t.Errorf("%s is %s: %v", c.key, c.value, err)
		}
		_, err = worker.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
		w.must(err)
	}
}

// sendToHub makes the member's rule, and the hub's with a queue.
func (w *organizationWorld) sendToHub(name, pattern string) (queueURL string, err error) {
	w.Helper()
	all := ebtypes.RuleStateEnabledWithAllCloudtrailManagementEvents
	hub, member := w.eventsOf(w.hub()), w.eventsOf(w.worker())
	made, err := hub.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventPattern: &pattern, State: all})
	w.must(err)
	queue, err := w.sqsOf(w.hub()).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": admitting("events.amazonaws.com", *made.RuleArn)}})
	w.must(err)
	_, err = hub.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, Targets: []ebtypes.Target{{Id: aws.String("q"), Arn: aws.String("arn:aws:sqs:us-east-1:" + w.who.Security + ":" + name)}}})
	w.must(err)
	_, err = member.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventPattern: &pattern, State: all})
	w.must(err)
	_, err = member.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, Targets: []ebtypes.Target{{Id: aws.String("hub"), Arn: &w.who.HubBus, RoleArn: &w.who.EventsRole}}})
	return *queue.QueueUrl, err
}

func (w *organizationWorld) admitOrganization() {
	w.Helper()
	_, err := w.eventsOf(w.hub()).PutPermission(ctx, &eventbridge.PutPermissionInput{
		StatementId: aws.String("members"), Action: aws.String("events:PutEvents"), Principal: aws.String("*"),
		Condition: &ebtypes.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: &w.who.OrganizationID},
	})
	w.must(err)
}

func (w *organizationWorld) bodies(url string) []map[string]any {
	w.Helper()
	var all []map[string]any
	for {
		out, err := w.sqsOf(w.hub()).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		w.must(err)
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			all = append(all, parsed(w, *m.Body))
		}
	}
}

// A member's events reach the hub as they are: account and id are the member's.
func TestEventsToAnotherAccount(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	const pattern = `{"source":["aws.iam"]}`
	_, err := w.sendToHub("warden", pattern)
	wants(t, err, "AccessDeniedException", "Policy does not allow for access")
	w.admitOrganization()
	url, err := w.sendToHub("warden", pattern)
	w.must(err)

	w.must(w.createUser(w.worker(), "watched"))
	_, err = w.iamOf(w.worker()).GetUser(ctx, &iam.GetUserInput{UserName: aws.String("watched")})
	w.must(err)
	w.must(w.createUser(w.hub(), "at-home"))
	got := w.bodies(url)
	var seen []string
	for _, e := range got {
		detail, _ := e["detail"].(map[string]any)
		seen = append(seen, fmt.Sprint(e["account"], " ", detail["eventName"], " ", detail["recipientAccountId"]))
	}
	if want := []string{
		w.who.Workload + " CreateUser " + w.who.Workload,
		w.who.Workload + " GetUser " + w.who.Workload,
		w.who.Security + " CreateUser " + w.who.Security,
	}; !cmp.Equal(seen, want) {
		t.Errorf("the hub got %q", seen)
	}

	// No longer once the bus, the role or the organization does not allow it.
	for _, c := range []struct {
		what          string
		stop, restart func()
	}{
		{"the bus", func() {
			_, err := w.eventsOf(w.hub()).RemovePermission(ctx, &eventbridge.RemovePermissionInput{StatementId: aws.String("members")})
			w.must(err)
		}, w.admitOrganization},
		{"the role", func() { w.sending(false) }, func() { w.sending(true) }},
		{"the organization", func() {
			w.control("no-events", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"events:PutEvents","Resource":"*"}]}`, w.who.Workload)
		}, func() {}},
	} {
		c.stop()
		w.bodies(url)
		name := "unseen-" + c.what[4:5]
		w.must(w.createUser(w.worker(), name))
		if n := len(w.bodies(url)); n != 0 {
			t.Errorf("without leave of %s %d events came", c.what, n)
		}
		c.restart()
	}
}

// sending gives the role that sends events its right, or takes it.
func (w *organizationWorld) sending(on bool) {
	w.Helper()
	// Only those who deploy it may touch the role.
	c := w.iamOf(w.assume(w.manager(), w.who.AccessRole))
	var err error
	if on {
		_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(eventsRole), PolicyName: aws.String("send"), PolicyDocument: aws.String(allow(w.who.HubBus, "events:PutEvents"))})
	} else {
		_, err = c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(eventsRole), PolicyName: aws.String("send")})
	}
	w.must(err)
}

// What the hub gets from others it does not send on, so that two accounts that
// send to each other do not go on for ever.
func TestEventsGoOneStep(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{Duplicate: 1})
	w.admitOrganization()
	url, err := w.sendToHub("warden", `{"source":["aws.iam"]}`)
	w.must(err)
	_, err = w.iamOf(w.hub()).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("back"), AssumeRolePolicyDocument: aws.String(trustingService("events"))})
	w.must(err)
	_, err = w.iamOf(w.hub()).PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("back"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("*", "events:PutEvents"))})
	w.must(err)
	_, err = w.eventsOf(w.worker()).PutPermission(ctx, &eventbridge.PutPermissionInput{StatementId: aws.String("hub"), Action: aws.String("events:PutEvents"), Principal: &w.who.Security})
	w.must(err)
	back := ebtypes.Target{Id: aws.String("back"), Arn: aws.String("arn:aws:events:us-east-1:" + w.who.Workload + ":event-bus/default"), RoleArn: aws.String("arn:aws:iam::" + w.who.Security + ":role/back")}
	_, err = w.eventsOf(w.hub()).PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("warden"), Targets: []ebtypes.Target{back}})
	w.must(err)
	w.bodies(url)
	w.must(w.createUser(w.worker(), "once"))
	if n := len(w.bodies(url)); n != 2 {
		t.Errorf("the event came %d times, and should twice", n)
	}
}

func TestBusTargets(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	w.admitOrganization()
	c := w.eventsOf(w.worker())
	_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["aws.iam"]}`)})
	w.must(err)
	put := func(by *eventbridge.Client, arn, role string) error {
		_, err := by.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []ebtypes.Target{{Id: aws.String("x"), Arn: &arn, RoleArn: optional(role)}}})
		return err
	}
	wants(t, put(c, w.who.HubBus, ""), "ValidationException", "RoleArn is required for target arn:aws:events:")
	wants(t, put(c, "arn:aws:events:us-east-1:"+w.who.Workload+":event-bus/default", w.who.EventsRole), "ValidationException", "one bus")
	wants(t, put(c, "arn:aws:events:us-east-1:999988887777:event-bus/default", w.who.EventsRole), "ResourceNotFoundException", "does not exist")
	wants(t, put(c, w.who.HubBus, w.who.GuardRole), "AccessDeniedException", "iam:PassRole")
	wants(t, put(c, w.who.HubBus, "arn:aws:iam::"+w.who.Workload+":user/x"), "ValidationException", "cannot be assumed")
	wants(t, put(w.events(w.who.Company.Intruder), w.who.HubBus, w.who.EventsRole), "AccessDeniedException", "events:PutTargets")
	w.must(put(c, w.who.HubBus, w.who.EventsRole))
	out, err := c.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r")})
	w.must(err)
	if len(out.Targets) != 1 || *out.Targets[0].RoleArn != w.who.EventsRole {
		t.Errorf("the targets are %+v", out.Targets)
	}
	_, err = c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r2"), EventBusName: &w.who.HubBus, EventPattern: aws.String(`{"source":["aws.iam"]}`)})
	wants(t, err, "ResourceNotFoundException", "does not exist")

	// Whoever puts the target must be allowed to pass the role.
	_, err = w.iamOf(w.worker()).PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &w.who.Company.Intruder, PolicyName: aws.String("e"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:*","Resource":"*"},{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}]}`)})
	w.must(err)
	wants(t, put(w.events(w.who.Company.Intruder), w.who.HubBus, w.who.EventsRole), "AccessDeniedException", "iam:PassRole")
}

func TestBusPolicy(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.eventsOf(w.hub())
	permit := func(in eventbridge.PutPermissionInput) error {
		_, err := c.PutPermission(ctx, &in)
		return err
	}
	text := func() string {
		out, err := c.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{})
		w.must(err)
		return deref(out.Policy)
	}
	send := aws.String("events:PutEvents")
	wants(t, permit(eventbridge.PutPermissionInput{StatementId: aws.String("a b"), Action: send, Principal: aws.String("*")}), "ValidationException", "statementId")
	wants(t, permit(eventbridge.PutPermissionInput{StatementId: aws.String("a"), Action: send, Principal: aws.String("x")}), "ValidationException", "principal")
	wants(t, permit(eventbridge.PutPermissionInput{StatementId: aws.String("a"), Action: aws.String("events:PutRule"), Principal: aws.String("*")}), "ValidationException", "action")
	wants(t, permit(eventbridge.PutPermissionInput{StatementId: aws.String("a"), Action: send, Principal: aws.String("*"), Condition: &ebtypes.Condition{Type: aws.String("StringLike"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String("o")}}), "ValidationException", "StringEquals")
	wants(t, permit(eventbridge.PutPermissionInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}]}`)}), "ValidationException", "principal")
	wants(t, permit(eventbridge.PutPermissionInput{Policy: aws.String(`{`)}), "ValidationException", "not valid")
	w.must(permit(eventbridge.PutPermissionInput{StatementId: aws.String("a"), Action: send, Principal: &w.who.Workload}))
	w.must(permit(eventbridge.PutPermissionInput{StatementId: aws.String("b"), Action: send, Principal: &w.who.Management}))
	w.must(permit(eventbridge.PutPermissionInput{StatementId: aws.String("a"), Action: send, Principal: &w.who.Workload}))
	statement := func(sid, account string) string {
		return `{"Sid":"` + sid + `","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"events:PutEvents","Resource":"` + w.who.HubBus + `"}`
	}
	if want := `{"Version":"2012-10-17","Statement":[` + statement("b", w.who.Management) + "," + statement("a", w.who.Workload) + `]}`; text() != want {
		t.Errorf("the policy is %s", text())
	}
	_, err := c.RemovePermission(ctx, &eventbridge.RemovePermissionInput{StatementId: aws.String("c")})
	wants(t, err, "ResourceNotFoundException", "does not exist")
	_, err = c.RemovePermission(ctx, &eventbridge.RemovePermissionInput{StatementId: aws.String("b")})
	w.must(err)
	_, err = c.RemovePermission(ctx, &eventbridge.RemovePermissionInput{RemoveAllPermissions: true})
	w.must(err)
	if text() != "" {
		t.Errorf("a policy is left: %s", text())
	}
}
