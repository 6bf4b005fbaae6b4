package twin

import (
	"encoding/json"
	"time"

	"warden/account"
	"warden/policy"
)

// awsPolicy is a policy that AWS owns. Source: AWS Managed Policy Reference,
// the page of that name, read in 2026.
type awsPolicy struct {
	path, name, version string
	created, updated    string // dates, RFC 3339
	document            string
}

// awsPolicies are the few that the twin brings along. Snapshots bring the
// others that they use.
var awsPolicies = []awsPolicy{
	{"/", "AdministratorAccess", "v1", "2015-02-06T18:39:46Z", "2015-02-06T18:39:46Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
	{"/", "PowerUserAccess", "v12", "2015-02-06T18:39:47Z", "2026-02-12T17:59:14Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},` +
			`{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail",` +
			`"account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",` +
			`"organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}`},
	{"/", "IAMFullAccess", "v2", "2015-02-06T18:40:38Z", "2019-06-21T19:40:00Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount",` +
			`"organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy",` +
			`"organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots",` +
			`"organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}`},
	{"/", "IAMReadOnlyAccess", "v4", "2015-02-06T18:40:39Z", "2018-01-25T19:11:27Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport",` +
			`"iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`},
	{"/", "IAMUserChangePassword", "v5", "2016-11-15T00:25:16Z", "2026-02-12T17:58:57Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],` +
			`"Resource":["arn:aws:iam::*:user/${aws:username}","arn:aws:iam::*:user/*/${aws:username}"]},` +
			`{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}`},
	{"/", "AmazonS3FullAccess", "v2", "2015-02-06T18:40:58Z", "2021-09-27T20:16:37Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}`},
	{"/", "AmazonS3ReadOnlyAccess", "v3", "2015-02-06T18:40:59Z", "2023-08-10T21:31:39Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*",` +
			`"s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}`},
	{"/", "AWSDenyAll", "v2", "2019-05-01T22:36:14Z", "2023-12-18T16:42:05Z",
		`{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}`},
	{"/service-role/", "AWSLambdaBasicExecutionRole", "v1", "2015-04-09T15:03:43Z", "2015-04-09T15:03:43Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`},
	{"/aws-service-role/", "AWSOrganizationsServiceTrustPolicy", "v3", "2017-10-10T23:04:07Z", "2026-03-05T19:12:09Z",
		`{"Version":"2012-10-17","Statement":[{"Sid":"AllowDeletionOfServiceLinkedRoleForOrganizations","Effect":"Allow","Action":["iam:DeleteRole"],` +
			`"Resource":["arn:aws:iam::*:role/aws-service-role/organizations.amazonaws.com/*"]},` +
			`{"Sid":"AllowCreationOfServiceLinkedRoles","Effect":"Allow","Action":["iam:CreateServiceLinkedRole"],"Resource":"*"},` +
			`{"Sid":"ListRolesSLR","Effect":"Allow","Action":"iam:ListRoles","Resource":"arn:aws:iam::*:role/aws-service-role/*"}]}`},
}

// facts are p as a snapshot holds it, of which only the version in force is
// known. The id is the same in every run, as it is in every account.
func (p awsPolicy) facts(partition string) account.ManagedPolicy {
	created, _ := time.Parse(time.RFC3339, p.created) // the literals above
	updated, _ := time.Parse(time.RFC3339, p.updated)
	var seed int64
	for _, c := range p.name {
		seed = seed*31 + int64(c)
	}
	return account.ManagedPolicy{
		Path: p.path, Name: p.name,
		ID:         newIdentifiers(seed, "000000000000").make(prefixPolicy),
		ARN:        "arn:" + partition + ":iam::aws:policy" + p.path + p.name,
		CreateDate: created, UpdateDate: updated,
		Versions: []account.PolicyVersion{{ID: p.version, Default: true, CreateDate: updated, Document: json.RawMessage(p.document)}},
	}
}

// awsManaged lists them ready for use.
func awsManaged(partition string) ([]*managed, error) {
	out := make([]*managed, 0, len(awsPolicies))
	for _, p := range awsPolicies {
		m, err := newManaged(p.facts(partition))
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// nothing is the policy that grants nothing. It stands where a boundary is
// set whose policy cannot be found: no document there would mean no boundary.
var nothing = &policy.Document{Name: "missing boundary"}
