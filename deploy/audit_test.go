package deploy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/account/collect"
	"warden/deploy"
	"warden/notify/hub"
	"warden/policy"
	"warden/policy/catalog"
)

// The auditor's policy allows each call that collect can make, and no other
// action of any service, on anything.
func TestAuditPolicyIsExact(t *testing.T) {
	t.Parallel()
	calls := map[string]bool{}
	for prefix, operations := range map[string][]string{
		"iam":             slices.Concat(methods[collect.CoreClient](), methods[collect.UserClient]()),
		"organizations":   slices.Concat(methods[collect.OrganizationClient](), methods[collect.GuardrailClient](), methods[collect.AccountsClient]()),
		"cloudtrail":      methods[collect.TrailClient](),
		"logs":            methods[collect.LogsClient](),
		"cloudwatch":      methods[collect.AlarmClient](),
		"sns":             methods[collect.TopicClient](),
		"config":          methods[collect.ConfigClient](),
		"access-analyzer": methods[collect.AnalyzerClient](),
		"s3":              methods[collect.BucketClient](),
		"account":         methods[collect.ContactClient](),
		"securityhub":     methods[collect.HubClient](),
		"kms":             methods[collect.KeyClient](),
		"ec2":             methods[collect.EstateClient](),
	} {
		for _, op := range operations {
			calls[prefix+":"+op] = true
		}
	}
	// Of bucket and account the call has one name, the permission two.
	delete(calls, "s3:GetPublicAccessBlock")
	calls["s3:GetBucketPublicAccessBlock"] = true
	for _, op := range methods[collect.BlockClient]() {
		calls["s3:"+strings.Replace(op, "Get", "GetAccount", 1)] = true
	}
	r := roleOf(t, "audit", "arn:aws:iam::111122223333:role/IAM-Auditor-role")
	got := allowedAnywhere(r)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(calls)), got); diff != "" {
		t.Errorf("(-called +allowed):\n%s", diff)
	}
	// A role is assumed by leave of its trust policy too: the one of that name
	// in the other accounts, and no other.
	text, err := deploy.Policy("audit", here, nil)
	if err != nil || strings.Count(text, "sts:") != 1 || !containsCompact(text, `"Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/IAM-Auditor-role"`) {
		t.Errorf("%v\n%s", err, text)
	}
	report := allowedAnywhere(roleOf(t, "audit-report", "arn:aws:iam::111122223333:role/IAM-Auditor-role"))
	if diff := cmp.Diff([]string{"iam:GenerateCredentialReport", "iam:GetCredentialReport"}, report); diff != "" {
		t.Errorf("the group (-want +allowed):\n%s", diff)
	}
}

// The right to tell Security Hub is one of its own, for the account's own
// product alone.
func TestAuditPushPolicy(t *testing.T) {
	t.Parallel()
	calls := []string{}
	for _, op := range methods[hub.Client]() {
		calls = append(calls, "securityhub:"+op)
	}
	r := roleOf(t, "audit-push", "arn:aws:iam::111122223333:role/IAM-Auditor-role")
	if diff := cmp.Diff(slices.Sorted(slices.Values(calls)), allowedAnywhere(r)); diff != "" {
		t.Errorf("(-called +allowed):\n%s", diff)
	}
	text, err := deploy.Policy("audit-push", here, nil)
	if err != nil || !containsCompact(text, `"Resource": "arn:aws:securityhub:*:111122223333:product/111122223333/default"`) || strings.Contains(text, `"*"`) {
		t.Errorf("%v\n%s", err, text)
	}
}

// allowedAnywhere lists what a role may do to anything at all.
func allowedAnywhere(r role) []string {
	var out []string
	for _, service := range catalog.Services() {
		for _, a := range catalog.Matching(service.Prefix + ":*") {
			action := service.Prefix + ":" + a.Name
			if action == "sts:GetCallerIdentity" || action == "sts:GetSessionToken" { // need no permission
				continue
			}
			if may(r.loose, r.arn, action, "*", "") && reachable(r.document, r.arn, action) {
				out = append(out, action)
			}
		}
	}
	slices.Sort(out)
	return out
}

// elsewhere are targets that only an auditor has.
var elsewhere = []string{
	"arn:aws:cloudtrail:eu-west-1:444455556666:trail/org", "arn:aws:account::111122223333:account", "arn:aws:securityhub:eu-west-1:111122223333:hub/default",
	"arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default", "arn:aws:securityhub:eu-west-1:111122223333:product/aws/guardduty",
}

func reachable(doc *policy.Document, arn, action string) bool {
	return slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(targets)), elsewhere), func(target string) bool {
		return may(doc, arn, action, target, "")
	})
}

// Whoever assumes the role must be the one who is trusted, and must tell the
// external id where one is set.
func TestAuditTrust(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		parameters map[string]string
		want       string
	}{
		{nil, `{"AWS": "arn:aws:iam::111122223333:root"}`},
		{map[string]string{"TrustedArn": "arn:aws:iam::999988887777:root", "ExternalId": "halden"}, `{"sts:ExternalId": "halden"}`},
	} {
		doc := document(t, resolve(t, "audit", tc.parameters), "AuditorRole", "AssumeRolePolicyDocument")
		if !containsCompact(doc, tc.want) || containsCompact(doc, "ExternalId") != (tc.parameters != nil) {
			t.Errorf("%v: %s", tc.parameters, doc)
		}
	}
}

func containsCompact(text, part string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), ""), strings.Join(strings.Fields(part), ""))
}
