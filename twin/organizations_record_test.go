package twin

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/google/go-cmp/cmp"
)

// The records of Organizations have the members of AWS's own: those of
// CreateOrganizationalUnit and of the error are in the AWS Organizations User
// Guide, "Logging API calls with AWS CloudTrail"; those of UpdatePolicy and of a
// call that answers nothing were seen in published logs.
func TestOrganizationRecords(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	c := w.organizationsOf(w.manager())
	made, err := c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: aws.String("OU-Developers-1"), ParentId: &w.who.RootID})
	w.must(err)
	id := w.control("Daily", allowS3, *made.OrganizationalUnit.Id)
	_, err = c.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &id, Name: aws.String("Nightly"), Content: aws.String(denyCreateUser)})
	w.must(err)
	_, err = c.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &id})
	w.must(err)
	if _, err = c.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: &id}); err == nil {
		t.Error("a policy in use was deleted")
	}
	if _, err = w.organizationsOf(w.worker()).ListAccounts(ctx, &organizations.ListAccountsInput{}); err == nil {
		t.Error("a member listed the accounts")
	}

	arn := "arn:aws:organizations::" + w.who.Management + ":policy/" + w.who.OrganizationID + "/service_control_policy/" + id
	for _, x := range []struct {
		account, name       string
		parameters, answer  any
		readOnly            bool
		errorCode, errorMsg string
	}{
		{account: w.who.Management, name: "CreateOrganizationalUnit",
			parameters: map[string]any{"name": "OU-Developers-1", "parentId": w.who.RootID},
			answer: map[string]any{"organizationalUnit": map[string]any{
				"arn": "arn:aws:organizations::" + w.who.Management + ":ou/" + w.who.OrganizationID + "/" + *made.OrganizationalUnit.Id,
				"id":  *made.OrganizationalUnit.Id, "name": "OU-Developers-1",
			}}},
		{account: w.who.Management, name: "UpdatePolicy",
			parameters: map[string]any{"content": denyCreateUser, "policyId": id, "name": "Nightly"},
			answer: map[string]any{"policy": map[string]any{
				"policySummary": map[string]any{"id": id, "description": "", "type": "SERVICE_CONTROL_POLICY", "awsManaged": false, "arn": arn, "name": "Nightly"},
				"content":       denyCreateUser,
			}}},
		{account: w.who.Management, name: "AttachPolicy", parameters: map[string]any{"policyId": id, "targetId": *made.OrganizationalUnit.Id}},
		{account: w.who.Management, name: "DescribePolicy", parameters: map[string]any{"policyId": id}, readOnly: true},
		{account: w.who.Management, name: "DeletePolicy", parameters: map[string]any{"policyId": id},
			errorCode: "PolicyInUseException", errorMsg: "This policy is attached to one or more entities."},
		{account: w.who.Workload, name: "ListAccounts", readOnly: true,
			errorCode: "AccessDenied", errorMsg: "You don't have permissions to access this resource."},
	} {
		all := w.records(x.account, x.name)
		if len(all) == 0 {
			t.Errorf("%s has no record", x.name)
			continue
		}
		r := parsed(t, all[0])
		if r["eventSource"] != "organizations.amazonaws.com" || r["awsRegion"] != "us-east-1" || r["eventType"] != "AwsApiCall" || r["recipientAccountId"] != x.account || r["readOnly"] != x.readOnly {
			t.Errorf("%s is recorded as %s", x.name, all[0])
		}
		if diff := cmp.Diff(x.parameters, r["requestParameters"]); diff != "" {
			t.Errorf("parameters of %s (-want +got):\n%s", x.name, diff)
		}
		if diff := cmp.Diff(x.answer, r["responseElements"]); diff != "" {
			t.Errorf("answer of %s (-want +got):\n%s", x.name, diff)
		}
		code, _ := r["errorCode"].(string)
		message, _ := r["errorMessage"].(string)
		if code != x.errorCode || !strings.HasPrefix(message, x.errorMsg) {
			t.Errorf("%s failed with %q %q", x.name, code, message)
		}
	}
}
