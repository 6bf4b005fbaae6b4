package twin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"warden/account"
)

// estateWorld is the sample company as a whole.
func estateWorld(t *testing.T, faults Faults) *world {
	t.Helper()
	snap, truth := Sample(11, testNow)
	return worldOf(t, faults, snap, truth)
}

func (w *world) ec2With(id, secret string) *ec2.Client {
	w.Helper()
	return ec2.NewFromConfig(w.config(id, secret, ""), func(o *ec2.Options) { o.HTTPSignerV4 = w.signer() })
}

func (w *world) kmsWith(id, secret string) *kms.Client {
	w.Helper()
	return kms.NewFromConfig(w.config(id, secret, ""), func(o *kms.Options) { o.HTTPSignerV4 = w.signer() })
}

// What the sample company has in EC2 is told by pages and by filters, in its
// region alone.
func TestEstateOfTheSample(t *testing.T) {
	t.Parallel()
	w := estateWorld(t, Faults{})
	c := w.ec2With(w.key(w.truth.Administrator))
	vpcs, err := c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	w.must(err)
	if len(vpcs.Vpcs) != 2 || *vpcs.Vpcs[0].OwnerId != SampleAccount || *vpcs.Vpcs[0].Tags[0].Value != "freight" || !*vpcs.Vpcs[1].IsDefault {
		t.Errorf("%+v", vpcs.Vpcs)
	}
	logs, err := c.DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{Filter: []ec2types.Filter{{Name: aws.String("resource-id"), Values: []string{*vpcs.Vpcs[0].VpcId, "vpc-x"}}}})
	w.must(err)
	if len(logs.FlowLogs) != 1 || *logs.FlowLogs[0].DeliverLogsStatus != "SUCCESS" || logs.FlowLogs[0].TrafficType != "ALL" || *logs.FlowLogs[0].LogGroupName != "vpc-freight" || logs.FlowLogs[0].CreationTime == nil {
		t.Errorf("%+v", logs.FlowLogs)
	}
	_, err = c.DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{Filter: []ec2types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}})
	wants(t, err, "InvalidParameterValue", "The filter 'colour' is invalid")
	_, err = c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-0"}})
	wants(t, err, "InvalidVpcID.NotFound", "The vpc ID 'vpc-0' does not exist")
	_, err = c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(4)})
	wants(t, err, "InvalidParameterValue", "between 5 and 1000")
	_, err = c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5), NextToken: aws.String("x")})
	wants(t, err, "InvalidPaginationToken", "")
	found, err := c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"run*", "stopped"}}}})
	w.must(err)
	profiles := map[string]string{}
	for _, r := range found.Reservations {
		for _, i := range r.Instances {
			profiles[*i.Tags[0].Value] = ""
			if i.IamInstanceProfile != nil {
				profiles[*i.Tags[0].Value] = *i.IamInstanceProfile.Arn
			}
		}
	}
	booking := w.arn("instance-profile", "/app/booking-api")
	if len(profiles) != 3 || profiles["booking-1"] != booking || profiles["booking-2"] != booking || profiles["jump"] != "" {
		t.Errorf("%v", profiles)
	}
}

// A page is no larger than the faults say, and the pages hold everything once.
func TestEstatePages(t *testing.T) {
	t.Parallel()
	w := estateWorld(t, Faults{PageSize: 1})
	id, secret := w.key(w.truth.Administrator)
	n := 0
	for pages := ec2.NewDescribeInstancesPaginator(w.ec2With(id, secret), &ec2.DescribeInstancesInput{}); pages.HasMorePages(); n++ {
		page, err := pages.NextPage(ctx)
		w.must(err)
		if len(page.Reservations) != 1 {
			t.Errorf("%d on a page", len(page.Reservations))
		}
	}
	keys := map[string]bool{}
	for pages := kms.NewListKeysPaginator(w.kmsWith(id, secret), &kms.ListKeysInput{Limit: aws.Int32(1000)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		w.must(err)
		for _, k := range page.Keys {
			keys[*k.KeyArn] = true
		}
	}
	if n != 4 || len(keys) != 9 {
		t.Errorf("%d pages of instances, %d keys", n, len(keys))
	}
}

// Who may not describe is refused in EC2's words, and the record says so in
// CloudTrail's.
func TestEstateRefused(t *testing.T) {
	t.Parallel()
	w := estateWorld(t, Faults{})
	id, secret := w.newUser("nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:ListKeys","ec2:DescribeVpcs"],"Resource":"*"}]}`)
	c := w.ec2With(id, secret)
	_, err := c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	w.must(err)
	_, err = c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(1000)})
	wants(t, err, "UnauthorizedOperation", "You are not authorized to perform this operation. User: "+w.arn("user", "/nobody")+
		" is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action")
	keys, err := w.kmsWith(id, secret).ListKeys(ctx, &kms.ListKeysInput{})
	w.must(err)
	_, err = w.kmsWith(id, secret).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: keys.Keys[0].KeyId})
	wants(t, err, "AccessDeniedException", "kms:DescribeKey")
	var r struct {
		ErrorCode         string
		RequestParameters json.RawMessage
	}
	w.twin.records.newest(0, func(x *record) bool {
		if x.name == "DescribeInstances" {
			if err := json.Unmarshal(x.json, &r); err != nil {
				t.Error(err)
			}
		}
		return x.name != "DescribeInstances"
	})
	if r.ErrorCode != "Client.UnauthorizedOperation" || string(r.RequestParameters) != `{"maxResults":1000,"instancesSet":{},"filterSet":{}}` {
		t.Errorf("%s %s", r.ErrorCode, r.RequestParameters)
	}
}

// What rotates, what does not and what cannot, as KMS says; a replica follows
// its primary.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	w := estateWorld(t, Faults{})
	id, secret := w.key(w.truth.Administrator)
	c := w.kmsWith(id, secret)
	key := func(n string) *string { return aws.String("9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a00" + n) }
	rotation := func(c *kms.Client, id *string) (bool, int32) {
		out, err := c.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: id})
		w.must(err)
		return out.KeyRotationEnabled, aws.ToInt32(out.RotationPeriodInDays)
	}
	for _, x := range []struct {
		key  string
		want bool
		days int32
	}{{"1", true, 365}, {"2", false, 0}, {"3", false, 0}, {"4", false, 0}, {"6", false, 0}, {"7", false, 0}, {"8", true, 365}} {
		if got, days := rotation(c, key(x.key)); got != x.want || days != x.days {
			t.Errorf("key %s rotates: %v, %d days", x.key, got, days)
		}
	}
	_, err := c.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: key("5")})
	wants(t, err, "UnsupportedOperationException", "EXTERNAL")
	for n, code := range map[string]string{"3": "UnsupportedOperationException", "5": "UnsupportedOperationException", "6": "DisabledException", "7": "KMSInvalidStateException", "8": "AccessDeniedException", "9": "NotFoundException"} {
		_, err := c.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: key(n)})
		wants(t, err, code, "")
	}
	primary := aws.String("mrk-5b0f3cb1d7a84f8e9d3e2a1c4b6f7001")
	out, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: primary})
	w.must(err)
	if m := out.KeyMetadata.MultiRegionConfiguration; m.MultiRegionKeyType != "PRIMARY" || *m.PrimaryKey.Region != "us-east-1" {
		t.Errorf("%+v", m)
	}
	_, err = c.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: primary, RotationPeriodInDays: aws.Int32(90)})
	w.must(err)
	there := w.config(id, secret, "")
	there.Region = "eu-west-1"
	replica := kms.NewFromConfig(there, func(o *kms.Options) { o.HTTPSignerV4 = w.signer() })
	if got, days := rotation(replica, primary); !got || days != 90 {
		t.Errorf("the replica rotates: %v, %d days", got, days)
	}
	_, err = replica.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: primary})
	wants(t, err, "UnsupportedOperationException", "")
}

// A key whose policy does not trust the account is shut to its policies.
func TestKeyPolicyDecides(t *testing.T) {
	t.Parallel()
	w := estateWorld(t, Faults{})
	c := w.kmsWith(w.key(w.truth.Administrator))
	made, err := c.CreateKey(ctx, &kms.CreateKeyInput{BypassPolicyLockoutSafetyCheck: true, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.arn("user", "/security/warden") + `"},"Action":"kms:*","Resource":"*"}]}`)})
	w.must(err)
	_, err = c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: made.KeyMetadata.Arn})
	wants(t, err, "AccessDeniedException", "no resource-based policy allows the kms:DescribeKey action")
	_, err = c.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(`{}`)})
	wants(t, err, "MalformedPolicyDocumentException", "")
}

// Saved and loaded again, the estate is what it was.
func TestEstateIsSaved(t *testing.T) {
	t.Parallel()
	w := estateWorld(t, Faults{})
	c := w.ec2With(w.key(w.truth.Administrator))
	_, err := c.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String("i-0b1c2d3e4f5061723"), IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("booking-api")}})
	w.must(err)
	_, err = c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{"i-0b1c2d3e4f5061721"}})
	w.must(err)
	_, err = c.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String("i-0b1c2d3e4f5061721"), IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("booking-api")}})
	wants(t, err, "IncorrectInstanceState", "")
	s := w.twin.Snapshot()
	var got []account.Instance
	for _, r := range s.Regions {
		if r.Name == "us-east-1" {
			got = r.Instances.Value
		}
	}
	profile := w.arn("instance-profile", "/app/booking-api")
	if len(got) != 4 || got[0].State != "terminated" || got[0].Profile != "" || got[2].Profile != profile {
		t.Errorf("%+v", got)
	}
	for _, r := range s.Roles {
		if r.Name == "booking-api" && (len(r.Profiles) != 1 || r.Profiles[0] != profile) {
			t.Errorf("profiles of the role: %v", r.Profiles)
		}
	}
}

// A pattern of a filter stands for what EC2 says, and none takes for ever.
func TestWild(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "b", false}, {"*", "", true}, {"*", "abc", true}, {"?", "", false}, {"a?c", "abc", true},
		{"a*", "b", false}, {"*c", "abc", true}, {"a*c", "abcd", false}, {"a*b*c", "aXbYbZc", true}, {"**a", "a", true}, {"run*", "running", true},
		{strings.Repeat("*a", 30), strings.Repeat("a", 5000) + "b", false},
	} {
		if got := wild(x.pattern, x.text); got != x.want {
			t.Errorf("%q of %.20q: %v", x.pattern, x.text, got)
		}
	}
}
