package twin

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Accounts that send each other their events, become each other's roles and
// change policies, all at once, neither race nor wait for each other for ever.
func TestOrganizationConcurrency(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{EventJitter: time.Millisecond, Duplicate: 0.3, Reorder: 0.3, Propagation: time.Millisecond})
	bus := func(account string) string { return "arn:aws:events:us-east-1:" + account + ":event-bus/default" }
	ends := []struct{ own, other string }{{w.who.Workload, w.who.Security}, {w.who.Security, w.who.Workload}}
	admin := func(account string) aws.Config { return w.as(account, RootUser) }
	for _, e := range ends {
		_, err := w.eventsOf(admin(e.own)).PutPermission(ctx, &eventbridge.PutPermissionInput{StatementId: aws.String("x"), Action: aws.String("events:PutEvents"), Principal: &e.other})
		w.must(err)
		_, err = w.iamOf(admin(e.own)).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("send"), AssumeRolePolicyDocument: aws.String(trustingService("events"))})
		w.must(err)
		_, err = w.iamOf(admin(e.own)).PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("send"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("*", "events:PutEvents"))})
		w.must(err)
		_, err = w.iamOf(admin(e.own)).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("visited"), AssumeRolePolicyDocument: aws.String(trustingARN("arn:aws:iam::"+e.other+":root", ""))})
		w.must(err)
		w.pass(time.Second)
	}
	for _, e := range ends {
		_, err := w.eventsOf(admin(e.own)).PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":[{"prefix":"aws."}]}`), State: ebtypes.RuleStateEnabledWithAllCloudtrailManagementEvents})
		w.must(err)
		_, err = w.eventsOf(admin(e.own)).PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []ebtypes.Target{
			{Id: aws.String("x"), Arn: aws.String(bus(e.other)), RoleArn: aws.String("arn:aws:iam::" + e.own + ":role/send")},
		}})
		w.must(err)
	}
	work := []func(i int) error{
		func(i int) error { return w.createUser(w.hub(), fmt.Sprint("a", i)) },
		func(i int) error { return w.createUser(w.worker(), fmt.Sprint("b", i)) },
		func(int) error {
			_, err := w.stsOf(w.worker()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.who.Security + ":role/visited"), RoleSessionName: aws.String("x1")})
			return err
		},
		func(int) error {
			_, err := w.stsOf(w.hub()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.who.Workload + ":role/visited"), RoleSessionName: aws.String("x1")})
			return err
		},
		func(i int) error {
			_, err := w.organizationsOf(w.manager()).UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &w.who.GuardrailID, Description: aws.String(fmt.Sprint(i))})
			w.pass(time.Millisecond)
			return err
		},
	}
	var all sync.WaitGroup
	for _, f := range work {
		all.Go(func() {
			for i := range 30 {
				if err := f(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(w.records(w.who.Security, "AssumeRole")); n != 50 {
		t.Errorf("the security account has a page of %d records of AssumeRole", n) // of 60
	}
}
