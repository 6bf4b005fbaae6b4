package collect

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"warden/account"
)

// TrailClient holds the calls of CloudTrail that Account makes.
type TrailClient interface {
	DescribeTrails(ctx context.Context, in *cloudtrail.DescribeTrailsInput, opts ...func(*cloudtrail.Options)) (*cloudtrail.DescribeTrailsOutput, error)
	GetTrailStatus(ctx context.Context, in *cloudtrail.GetTrailStatusInput, opts ...func(*cloudtrail.Options)) (*cloudtrail.GetTrailStatusOutput, error)
	GetEventSelectors(ctx context.Context, in *cloudtrail.GetEventSelectorsInput, opts ...func(*cloudtrail.Options)) (*cloudtrail.GetEventSelectorsOutput, error)
}

// trails reads those whose home is a region, and those that log here and whose
// home is not read, so that each is read once. Status and selectors of a trail
// that may not be looked into are gaps of their own.
func (r *reader) trails(ctx context.Context, c TrailClient, region string) ([]account.Trail, error) {
	all, err := c.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		return nil, err
	}
	first := slices.Min(slices.Collect(maps.Keys(r.Regions)))
	out := []account.Trail{}
	for _, t := range all.TrailList {
		home := aws.ToString(t.HomeRegion)
		if _, read := r.Regions[home]; home != region && (read || region != first) {
			continue
		}
		trail := account.Trail{
			Name: aws.ToString(t.Name), ARN: aws.ToString(t.TrailARN), Home: home, MultiRegion: aws.ToBool(t.IsMultiRegionTrail),
			GlobalEvents: aws.ToBool(t.IncludeGlobalServiceEvents), Organization: aws.ToBool(t.IsOrganizationTrail),
			LogValidation: aws.ToBool(t.LogFileValidationEnabled), Bucket: aws.ToString(t.S3BucketName),
			LogGroup: aws.ToString(t.CloudWatchLogsLogGroupArn), KMSKey: aws.ToString(t.KmsKeyId),
		}
		if status, err := c.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN}); err != nil {
			r.gap("cloudtrail:GetTrailStatus", trail.ARN, err)
		} else {
			trail.Status = &account.TrailStatus{
				Logging: aws.ToBool(status.IsLogging), LastDelivery: status.LatestDeliveryTime, LastLogsDelivery: status.LatestCloudWatchLogsDeliveryTime,
				DeliveryError: aws.ToString(status.LatestDeliveryError), LogsError: aws.ToString(status.LatestCloudWatchLogsDeliveryError),
			}
		}
		if got, err := c.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: t.TrailARN}); err != nil {
			r.gap("cloudtrail:GetEventSelectors", trail.ARN, err)
		} else {
			trail.Selectors = selectors(got)
		}
		out = append(out, trail)
	}
	return out, nil
}

// selectors tells classic and advanced selectors in one form. Source: AWS
// CloudTrail API Reference, EventSelector and AdvancedFieldSelector.
func selectors(in *cloudtrail.GetEventSelectorsOutput) []account.EventSelector {
	out := []account.EventSelector{}
	for _, s := range in.EventSelectors {
		x := account.EventSelector{
			ReadEvents: s.ReadWriteType != types.ReadWriteTypeWriteOnly, WriteEvents: s.ReadWriteType != types.ReadWriteTypeReadOnly,
		}
		// One selector has management events and data events of several
		// types; that some resources are left out is true of one type.
		if aws.ToBool(s.IncludeManagementEvents) || len(s.DataResources) == 0 {
			m := x
			m.Management, m.ExcludedSources = aws.ToBool(s.IncludeManagementEvents), s.ExcludeManagementEventSources
			out = append(out, m)
		}
		for _, d := range s.DataResources {
			one := x
			one.DataResources = []string{aws.ToString(d.Type)}
			// Of all buckets, functions and tables, or of some?
			one.Narrowed = !slices.ContainsFunc(d.Values, wholeService)
			out = append(out, one)
		}
	}
	for _, s := range in.AdvancedEventSelectors {
		x := account.EventSelector{ReadEvents: true, WriteEvents: true}
		for _, f := range s.FieldSelectors {
			only := len(f.StartsWith)+len(f.EndsWith)+len(f.NotStartsWith)+len(f.NotEndsWith) == 0
			switch field := aws.ToString(f.Field); {
			case field == "eventCategory" && only:
				x.Management = slices.Contains(f.Equals, "Management")
			case field == "readOnly" && only:
				x.ReadEvents, x.WriteEvents = !slices.Contains(f.Equals, "false"), !slices.Contains(f.Equals, "true")
			case field == "resources.type" && only && len(f.NotEquals) == 0:
				x.DataResources = append(x.DataResources, f.Equals...)
			case field == "eventSource" && only && len(f.Equals) == 0:
				x.ExcludedSources = append(x.ExcludedSources, f.NotEquals...)
			default:
				x.Narrowed = true
			}
		}
		out = append(out, x)
	}
	return out
}

// wholeService reports whether a value of a classic data event selector means
// every resource of its type: "arn:aws:s3", "arn:aws:s3:::", "arn:aws:lambda".
func wholeService(value string) bool {
	return strings.Count(strings.TrimSuffix(value, ":::"), ":") == 2
}
