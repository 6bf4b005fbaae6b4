package twin

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// organizationWorld is the sample organization; the twin of its world is the
// sample company's account.
type organizationWorld struct {
	*world
	org *Organization
	who OrganizationTruth
}

func newOrganizationWorld(t *testing.T, faults Faults) *organizationWorld {
	t.Helper()
	w := &organizationWorld{world: &world{T: t, clock: testNow}}
	cfg, who := SampleOrganization(11, testNow)
	cfg.Now, cfg.Faults = w.now, faults
	org, err := NewOrganization(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(org.Handler())
	t.Cleanup(server.Close)
	w.transport = &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(w.transport.CloseIdleConnections)
	w.org, w.who, w.url, w.twin, w.truth = org, who, server.URL, org.Account(who.Workload), who.Company
	return w
}

// as is the configuration of a user of an account.
func (w *organizationWorld) as(account, user string) aws.Config {
	w.Helper()
	id, secret, err := w.org.Credentials(account, user)
	w.must(err)
	return w.config(id, secret, "")
}

// by is the configuration of a session.
func (w *organizationWorld) by(c *ststypes.Credentials) aws.Config {
	return w.config(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func (w *organizationWorld) iamOf(c aws.Config) *iam.Client {
	return iam.NewFromConfig(c, func(o *iam.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *organizationWorld) stsOf(c aws.Config) *sts.Client {
	return sts.NewFromConfig(c, func(o *sts.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *organizationWorld) sqsOf(c aws.Config) *sqs.Client {
	return sqs.NewFromConfig(c, func(o *sqs.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *organizationWorld) eventsOf(c aws.Config) *eventbridge.Client {
	return eventbridge.NewFromConfig(c, func(o *eventbridge.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *organizationWorld) organizationsOf(c aws.Config) *organizations.Client {
	return organizations.NewFromConfig(c, func(o *organizations.Options) { o.HTTPSignerV4 = w.signer() })
}

// manager is the administrator of the management account, worker that of the
// sample company, hub that of the security account, guard the guard's role.
func (w *organizationWorld) manager() aws.Config {
	return w.as(w.who.Management, w.who.ManagementAdministrator)
}

func (w *organizationWorld) worker() aws.Config {
	return w.as(w.who.Workload, w.who.Company.Administrator)
}

func (w *organizationWorld) hub() aws.Config {
	return w.as(w.who.Security, w.who.SecurityAdministrator)
}

func (w *organizationWorld) guard() aws.Config {
	return w.assume(w.as(w.who.Security, w.who.Guard), w.who.GuardRole)
}

// assume is the configuration of a role session.
func (w *organizationWorld) assume(c aws.Config, role string) aws.Config {
	w.Helper()
	out, err := w.stsOf(c).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")})
	w.must(err)
	return w.by(out.Credentials)
}

// records are the newest records of an account of one name, newest first.
func (w *organizationWorld) records(account, name string) []string {
	w.Helper()
	root := w.as(account, RootUser)
	c := cloudtrail.NewFromConfig(root, func(o *cloudtrail.Options) { o.HTTPSignerV4 = w.signer() })
	out, err := c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{
		{AttributeKey: cttypes.LookupAttributeKeyEventName, AttributeValue: &name},
	}})
	w.must(err)
	var all []string
	for _, e := range out.Events {
		all = append(all, *e.CloudTrailEvent)
	}
	return all
}

// control makes a service control policy and attaches it.
func (w *organizationWorld) control(name, content, target string) (id string) {
	w.Helper()
	c := w.organizationsOf(w.manager())
	made, err := c.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: &name, Description: aws.String(""), Content: &content, Type: scp})
	w.must(err)
	id = *made.Policy.PolicySummary.Id
	_, err = c.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &id, TargetId: &target})
	w.must(err)
	return id
}

const (
	scp = orgtypes.PolicyTypeServiceControlPolicy

	denyCreateUser = `{"Version":"2012-10-17","Statement":[{"Sid":"NoUsers","Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}`
	allowS3        = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
)

// createUser makes a user and returns the error.
func (w *organizationWorld) createUser(c aws.Config, name string) error {
	_, err := w.iamOf(c).CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	return err
}

// The calls that change an organization, for their errors.

func (w *organizationWorld) move(c *organizations.Client, account, from, to string) error {
	_, err := c.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &account, SourceParentId: &from, DestinationParentId: &to})
	return err
}

func (w *organizationWorld) newPolicy(c *organizations.Client, name, content string, kind orgtypes.PolicyType) error {
	_, err := c.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: &name, Description: aws.String(""), Content: &content, Type: kind})
	return err
}

func (w *organizationWorld) attach(c *organizations.Client, policy, target string) error {
	_, err := c.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &target})
	return err
}

func (w *organizationWorld) detach(c *organizations.Client, policy, target string) error {
	_, err := c.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &policy, TargetId: &target})
	return err
}

func (w *organizationWorld) delegate(c *organizations.Client, account, service string) error {
	_, err := c.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: &account, ServicePrincipal: &service})
	return err
}
