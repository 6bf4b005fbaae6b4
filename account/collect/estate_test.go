package collect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warden/account"
	"warden/account/collect"
	"warden/twin"
)

// estateOf keeps of each region what KMS and EC2 tell.
func estateOf(regions []account.Region, names ...string) []account.Region {
	var out []account.Region
	for _, r := range regions {
		if slices.Contains(names, r.Name) {
			out = append(out, account.Region{Name: r.Name, Keys: r.Keys, VPCs: r.VPCs, FlowLogs: r.FlowLogs, Instances: r.Instances})
		}
	}
	return out
}

// Keys, networks and instances of a region are read by pages, and KMS is asked
// about the rotation of those keys alone that can rotate.
func TestEstate(t *testing.T) {
	t.Parallel()
	s, truth := twin.Sample(1, time.Now())
	w := serve(t, s, truth, twin.Faults{PageSize: 2})
	c, calls := w.as(t, truth.Administrator)
	names := []string{"eu-north-1", "eu-west-1", "us-east-1"}
	got, err := collect.Account(t.Context(), c.Sources(false, names), collect.Options{Account: w.account, Partition: "aws", Sleep: impatient(new(time.Duration))})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range got.Gaps {
		if strings.HasPrefix(g.What, "kms:") || strings.HasPrefix(g.What, "ec2:") {
			t.Errorf("not read: %+v", g)
		}
	}
	same := gocmp.Options{
		cmpopts.IgnoreTypes(account.Evidence{}), cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b account.Key) bool { return a.ID < b.ID }),
	}
	if d := gocmp.Diff(estateOf(s.Regions, names...), estateOf(got.Regions, names...), same); d != "" {
		t.Errorf("-snapshot +collected\n%s", d)
	}
	if d := gocmp.Diff(estateOf(s.Regions, names...), estateOf(w.twin.Snapshot().Regions, names...), same); d != "" {
		t.Errorf("-snapshot +saved\n%s", d)
	}
	for _, want := range []string{"KMS:DescribeKey 10", "KMS:GetKeyRotationStatus 4", "EC2:DescribeFlowLogs 3", "EC2:DescribeInstances 4"} {
		if !strings.Contains(calls.String(), want) {
			t.Errorf("%s: not among %s", want, calls)
		}
	}
}

// What may not be read is a gap with its place: a region, or one key.
func TestEstateGaps(t *testing.T) {
	t.Parallel()
	s, truth := twin.Sample(1, time.Now())
	w := serve(t, s, truth, twin.Faults{})
	admin, _ := w.as(t, truth.Administrator)
	name := aws.String("auditor")
	if _, err := admin.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	shut := "arn:aws:kms:us-east-1:" + w.account + ":key/9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a001"
	if _, err := admin.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:*","ec2:DescribeVpcs"],"Resource":"*"},` +
			`{"Effect":"Deny","Action":"kms:DescribeKey","Resource":"` + shut + `"},` +
			`{"Effect":"Deny","Action":"kms:GetKeyRotationStatus","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	key, err := admin.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil || key.AccessKey == nil {
		t.Fatal(err)
	}
	c, _ := w.as(t, *name)
	got, err := collect.Account(t.Context(), c.Sources(false, []string{"us-east-1"}), collect.Options{Account: w.account, Partition: "aws", Sleep: impatient(new(time.Duration))})
	if err != nil {
		t.Fatal(err)
	}
	r := got.Regions[0]
	if r.VPCs == nil || len(r.VPCs.Value) != 2 || r.FlowLogs != nil || r.Instances != nil || r.Keys == nil {
		t.Fatalf("%+v", r)
	}
	for _, k := range r.Keys.Value {
		if (k.ARN == shut) != (k.Manager == "") || k.Rotation != nil {
			t.Errorf("%+v", k)
		}
	}
	var gaps []string
	for _, g := range got.Gaps {
		if strings.HasPrefix(g.What, "kms:") || strings.HasPrefix(g.What, "ec2:") {
			gaps = append(gaps, g.What+" "+strings.TrimPrefix(g.Subject, "arn:aws:kms:us-east-1:"+w.account+":key/"))
		}
	}
	want := []string{
		"ec2:DescribeFlowLogs us-east-1", "ec2:DescribeInstances us-east-1", "kms:DescribeKey 9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a001",
		"kms:GetKeyRotationStatus 9d1f6f0e-2c4b-4f7a-8a53-0c4f5be7a002", "kms:GetKeyRotationStatus mrk-5b0f3cb1d7a84f8e9d3e2a1c4b6f7001",
	}
	if d := gocmp.Diff(want, gaps); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
