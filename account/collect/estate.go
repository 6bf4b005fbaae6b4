package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"warden/account"
)

// KeyClient holds the calls of AWS KMS that Account makes.
type KeyClient interface {
	ListKeys(ctx context.Context, in *kms.ListKeysInput, opts ...func(*kms.Options)) (*kms.ListKeysOutput, error)
	DescribeKey(ctx context.Context, in *kms.DescribeKeyInput, opts ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	GetKeyRotationStatus(ctx context.Context, in *kms.GetKeyRotationStatusInput, opts ...func(*kms.Options)) (*kms.GetKeyRotationStatusOutput, error)
}

// EstateClient holds the calls of Amazon EC2 that Account makes.
type EstateClient interface {
	DescribeVpcs(ctx context.Context, in *ec2.DescribeVpcsInput, opts ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error)
	DescribeFlowLogs(ctx context.Context, in *ec2.DescribeFlowLogsInput, opts ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error)
	DescribeInstances(ctx context.Context, in *ec2.DescribeInstancesInput, opts ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
}

// estate starts the parts about keys, networks and machines of a region: a
// call for each page of a thousand.
func (r *reader) estate(ctx context.Context, c Regional, at *account.Region) {
	if c.Keys != nil {
		r.part(ctx, "kms:ListKeys", at.Name, func() (func(), error) {
			got, err := listKeys(ctx, c.Keys)
			return func() { at.Keys = fact(r, "kms:DescribeKey", got) }, err
		})
	}
	if c.Estate == nil {
		return
	}
	r.part(ctx, "ec2:DescribeVpcs", at.Name, func() (func(), error) {
		got, err := vpcs(ctx, c.Estate)
		return func() { at.VPCs = fact(r, "ec2:DescribeVpcs", got) }, err
	})
	r.part(ctx, "ec2:DescribeFlowLogs", at.Name, func() (func(), error) {
		got, err := flowLogs(ctx, c.Estate)
		return func() { at.FlowLogs = fact(r, "ec2:DescribeFlowLogs", got) }, err
	})
	r.part(ctx, "ec2:DescribeInstances", at.Name, func() (func(), error) {
		got, err := instances(ctx, c.Estate)
		return func() { at.Instances = fact(r, "ec2:DescribeInstances", got) }, err
	})
}

// keys describes the keys that are known by now: a call for each, and one more
// for those that can rotate. A key whose own policy does not let the account's
// policies count may not be described; that is a gap of its own.
func (r *reader) keys(ctx context.Context, c Regional, at *account.Region) {
	if at.Keys == nil {
		return
	}
	for i := range at.Keys.Value {
		k := &at.Keys.Value[i]
		r.part(ctx, "kms:DescribeKey", k.ARN, func() (func(), error) {
			got, err := r.key(ctx, c.Keys, *k)
			return func() { *k = got }, err
		})
	}
}

// key describes one. KMS is asked whether it rotates only where that can be:
// it refuses to answer for some others, and answers false for a key whose
// deletion is pending. AWS KMS API Reference, GetKeyRotationStatus.
func (r *reader) key(ctx context.Context, c KeyClient, k account.Key) (account.Key, error) {
	out, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(k.ARN)})
	if err != nil || out.KeyMetadata == nil {
		return k, err
	}
	m := out.KeyMetadata
	k.Manager, k.State, k.Spec, k.Origin = string(m.KeyManager), string(m.KeyState), string(m.KeySpec), string(m.Origin)
	k.Description = aws.ToString(m.Description)
	if m.MultiRegionConfiguration != nil && m.MultiRegionConfiguration.PrimaryKey != nil {
		if primary := aws.ToString(m.MultiRegionConfiguration.PrimaryKey.Arn); primary != k.ARN {
			k.Primary = primary
		}
	}
	if !k.Rotates() || k.State != account.KeyEnabled {
		return k, nil
	}
	status, err := c.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: aws.String(k.ARN)})
	if err != nil {
		r.gap("kms:GetKeyRotationStatus", k.ARN, err)
		return k, nil
	}
	k.Rotation = &account.KeyRotation{Enabled: status.KeyRotationEnabled, Period: int(aws.ToInt32(status.RotationPeriodInDays))}
	return k, nil
}

func listKeys(ctx context.Context, c KeyClient) ([]account.Key, error) {
	out := []account.Key{}
	pages := kms.NewListKeysPaginator(c, &kms.ListKeysInput{Limit: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			out = append(out, account.Key{ID: aws.ToString(k.KeyId), ARN: aws.ToString(k.KeyArn)})
		}
	}
	return out, nil
}

// estatePage is the largest page of EC2's lists.
const estatePage = 1000

func vpcs(ctx context.Context, c EstateClient) ([]account.VPC, error) {
	out := []account.VPC{}
	pages := ec2.NewDescribeVpcsPaginator(c, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(estatePage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Vpcs {
			out = append(out, account.VPC{ID: aws.ToString(v.VpcId), Name: named(v.Tags), Owner: aws.ToString(v.OwnerId), Default: aws.ToBool(v.IsDefault)})
		}
	}
	return out, nil
}

func flowLogs(ctx context.Context, c EstateClient) ([]account.FlowLog, error) {
	out := []account.FlowLog{}
	pages := ec2.NewDescribeFlowLogsPaginator(c, &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(estatePage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range page.FlowLogs {
			l := account.FlowLog{
				ID: aws.ToString(f.FlowLogId), Resource: aws.ToString(f.ResourceId), Traffic: string(f.TrafficType), Status: aws.ToString(f.FlowLogStatus),
				Delivery: aws.ToString(f.DeliverLogsStatus), DeliveryError: aws.ToString(f.DeliverLogsErrorMessage), Destination: aws.ToString(f.LogDestination),
			}
			if l.Destination == "" {
				l.Destination = aws.ToString(f.LogGroupName)
			}
			out = append(out, l)
		}
	}
	return out, nil
}

func instances(ctx context.Context, c EstateClient) ([]account.Instance, error) {
	out := []account.Instance{}
	pages := ec2.NewDescribeInstancesPaginator(c, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(estatePage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				x := account.Instance{ID: aws.ToString(i.InstanceId), Name: named(i.Tags)}
				if i.State != nil {
					x.State = string(i.State.Name)
				}
				if i.IamInstanceProfile != nil {
					x.Profile = aws.ToString(i.IamInstanceProfile.Arn)
				}
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// named is the value of the tag Name, as consoles show it.
func named(tags []types.Tag) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == "Name" {
			return aws.ToString(t.Value)
		}
	}
	return ""
}
