package twin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
)

// SampleAccount is the account number of the sample company.
const SampleAccount = "123456789012"

// Truth says what was planted in the sample company, so that judgements over
// it can be checked against what is known.
type Truth struct {
	// Administrator is the name of a user in the group Administrators.
	Administrator string
	// BreakGlass is the name of the emergency administrator.
	BreakGlass string
	// Intruder is the name of the user whose access key has leaked: full IAM
	// rights and no administrator.
	Intruder string
	// Guard is the name of the user that may only assume GuardRole, with
	// which the guard works.
	Guard string
	// GuardRole, AdminRole, ServiceLinkedRole and SSORole are ARNs.
	GuardRole, AdminRole, ServiceLinkedRole, SSORole string
	Planted                                          []Planted
}

// Planted is one thing that a judgement should find, or leave alone.
type Planted struct {
	// ID is stable, for example "leaked-key".
	ID string
	// Subject is an ARN or an access key id.
	Subject string
	// What says it in words.
	What string
}

// Sample makes the sample company, Halden Freight, as of now: a small account
// with the virtues and sins of a real one. The same seed and time give the
// same company; names of people, ids and dates follow the seed. It holds no
// secret, and no policy DENY-IAM.
func Sample(seed int64, now time.Time) (*account.Snapshot, Truth) {
	return sampleFor(SampleAccount, seed, now)
}

// sampleFor is Sample under another account number.
func sampleFor(accountID string, seed int64, now time.Time) (*account.Snapshot, Truth) {
	c := newCompany(accountID, "halden-freight", seed, now)
	c.everything()
	return c.snap, *c.truth
}

// newCompany is an account without anything in it.
func newCompany(accountID, alias string, seed int64, now time.Time) *company {
	c := &company{
		ids:   newIdentifiers(seed, accountID),
		now:   now.UTC().Truncate(time.Second),
		snap:  &account.Snapshot{Version: account.Version, Account: accountID, Partition: "aws", Alias: alias},
		truth: &Truth{},
	}
	c.snap.CollectedAt = c.now
	return c
}

// everything is what Halden Freight has.
func (c *company) everything() {
	c.founders()
	c.grow()
}

// founders are the ten people, and the roles, that Truth and the demo name.
func (c *company) founders() {
	c.policies()
	c.groups()
	c.users()
	c.roles()
}

// company is a sample company being made.
type company struct {
	ids   *identifiers
	now   time.Time
	snap  *account.Snapshot
	truth *Truth
}

// days is a moment about n days ago, within office hours.
func (c *company) days(n int) time.Time {
	day := c.now.AddDate(0, 0, -n).Truncate(24 * time.Hour)
	at := day.Add(time.Duration(7*3600+c.ids.random.IntN(10*3600)) * time.Second)
	if at.After(c.now) {
		at = c.now.Add(-time.Minute)
	}
	return at
}

func (c *company) arn(kind, path, name string) string {
	return "arn:aws:iam::" + c.snap.Account + ":" + kind + path + name
}

func (c *company) plant(id, subject, what string) {
	c.truth.Planted = append(c.truth.Planted, Planted{id, subject, what})
}

// document fills ACCOUNT into the text of a policy.
func (c *company) document(text string) json.RawMessage {
	return json.RawMessage(strings.ReplaceAll(text, "ACCOUNT", c.snap.Account))
}

func (c *company) inline(name, text string) account.InlinePolicy {
	return account.InlinePolicy{Name: name, Document: c.document(text)}
}

// allow is a policy of one statement.
func allow(resource string, actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement("Allow", resource, actions...) + `]}`
}

func statement(effect, resource string, actions ...string) string {
	return fmt.Sprintf(`{"Effect":%q,"Action":["%s"],"Resource":%q}`, effect, strings.Join(actions, `","`), resource)
}

// The customer-managed policies.
const (
	policyBoundary  = "developer-boundary"
	policyArtifacts = "deploy-artifacts"
	policyLedger    = "freight-ledger-read"
)

func (c *company) policies() {
	boundary := `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"WorkOnProducts","Effect":"Allow","Action":["s3:*","sqs:*","sns:*","lambda:*","logs:*","dynamodb:*","cloudwatch:*"],"Resource":"*"},` +
		`{"Sid":"OwnCredentials","Effect":"Allow","Action":["iam:GetUser","iam:ChangePassword","iam:ListAccessKeys","iam:CreateAccessKey","iam:DeleteAccessKey"],"Resource":"arn:aws:iam::ACCOUNT:user/*/${aws:username}"}]}`
	c.managed("/boundaries/", policyBoundary, "The most that a developer may have", 700, boundary)
	artifacts := c.managed("/ci/", policyArtifacts, "Publish build artifacts", 620,
		allow("arn:aws:s3:::halden-artifacts/*", "s3:PutObject"),
		`{"Version":"2012-10-17","Statement":[`+statement("Allow", "arn:aws:s3:::halden-artifacts", "s3:ListBucket")+`,`+
			statement("Allow", "arn:aws:s3:::halden-artifacts/*", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")+`]}`)
	artifacts.Tags = map[string]string{"owner": "platform"}
	c.managed("/finance/", policyLedger, "Read the freight ledger", 410,
		allow("arn:aws:dynamodb:us-east-1:ACCOUNT:table/freight-ledger", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"))
	c.fromAWS("AdministratorAccess", "IAMFullAccess", "IAMReadOnlyAccess", "IAMUserChangePassword", "PowerUserAccess",
		"AmazonS3ReadOnlyAccess", "AWSLambdaBasicExecutionRole", "AWSOrganizationsServiceTrustPolicy")
}

// fromAWS adds policies that AWS owns.
func (c *company) fromAWS(names ...string) {
	for _, p := range awsPolicies {
		if slices.Contains(names, p.name) {
			c.snap.Policies = append(c.snap.Policies, p.facts("aws"))
		}
	}
}

// managed adds a customer-managed policy whose versions were made one after
// the other; the last is in force.
func (c *company) managed(path, name, description string, age int, versions ...string) *account.ManagedPolicy {
	p := account.ManagedPolicy{
		Path: path, Name: name, Description: description,
		ID: c.ids.make(prefixPolicy), ARN: c.arn("policy", path, name), CreateDate: c.days(age),
	}
	p.UpdateDate = p.CreateDate
	for i, text := range versions {
		v := account.PolicyVersion{ID: fmt.Sprintf("v%d", i+1), Default: i == len(versions)-1, CreateDate: p.CreateDate.AddDate(0, 0, 30*i), Document: c.document(text)}
		p.UpdateDate = v.CreateDate
		p.Versions = append(p.Versions, v)
	}
	c.snap.Policies = append(c.snap.Policies, p)
	return &c.snap.Policies[len(c.snap.Policies)-1]
}

func (c *company) groups() {
	c.group("/", "Administrators", []string{"arn:aws:iam::aws:policy/AdministratorAccess"})
	c.group("/engineering/", "Developers", []string{"arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/IAMUserChangePassword"},
		c.inline("assume-deploy", allow("arn:aws:iam::ACCOUNT:role/ci/deploy", "sts:AssumeRole")))
	c.group("/security/", "Auditors", []string{"arn:aws:iam::aws:policy/IAMReadOnlyAccess", "arn:aws:iam::aws:policy/IAMUserChangePassword"},
		c.inline("read-trail", allow("*", "cloudtrail:LookupEvents", "cloudtrail:DescribeTrails")))
	c.group("/ci/", "CI", []string{c.arn("policy", "/ci/", policyArtifacts)})
}

func (c *company) group(path, name string, attached []string, inline ...account.InlinePolicy) {
	c.snap.Groups = append(c.snap.Groups, account.Group{
		Path: path, Name: name, ID: c.ids.make(prefixGroup), ARN: c.arn("group", path, name),
		CreateDate: c.days(800), Inline: inline, Attached: attached,
	})
}
