package twin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// advancedKeeps tells whether an advanced selector keeps a management event:
// every field must fit. CloudTrail API Reference, AdvancedFieldSelector.
func advancedKeeps(s types.AdvancedEventSelector, r *record) bool {
	for _, f := range s.FieldSelectors {
		var value string
		switch deref(f.Field) {
		case "eventCategory":
			value = "Management"
		case "readOnly":
			value = strconv.FormatBool(r.readOnly)
		case "eventName":
			value = r.name
		case "eventSource":
			value = r.source
		default:
			return false
		}
		if !fieldFits(f, value) {
			return false
		}
	}
	return true
}

func fieldFits(f types.AdvancedFieldSelector, v string) bool {
	begins := func(p string) bool { return strings.HasPrefix(v, p) }
	ends := func(p string) bool { return strings.HasSuffix(v, p) }
	wanted := len(f.Equals)+len(f.StartsWith)+len(f.EndsWith) > 0
	if wanted && !slices.Contains(f.Equals, v) && !slices.ContainsFunc(f.StartsWith, begins) && !slices.ContainsFunc(f.EndsWith, ends) {
		return false
	}
	return !slices.Contains(f.NotEquals, v) && !slices.ContainsFunc(f.NotStartsWith, begins) && !slices.ContainsFunc(f.NotEndsWith, ends)
}

// managementFields are those that a selector of management events can have.
// CloudTrail API Reference, AdvancedFieldSelector, Field.
var managementFields = []string{"eventCategory", "readOnly", "eventSource", "eventName", "eventType", "sessionCredentialFromConsole", "userIdentity.arn"}

// putAdvancedSelectors takes the place of the basic ones: a trail has either.
// CloudTrail API Reference, PutEventSelectors.
func putAdvancedSelectors(c *call, in *cloudtrail.PutEventSelectorsInput) (*cloudtrail.PutEventSelectorsOutput, error) {
	bad := func(format string, args ...any) error {
		return fail(http.StatusBadRequest, "InvalidEventSelectorsException", format, args...)
	}
	if len(in.EventSelectors) > 0 {
		return nil, bad("EventSelectors and AdvancedEventSelectors cannot be given together.")
	}
	for _, s := range in.AdvancedEventSelectors {
		category := ""
		for _, f := range s.FieldSelectors {
			if deref(f.Field) == "eventCategory" && len(f.Equals) == 1 {
				category = f.Equals[0]
			}
		}
		switch category {
		case "Management":
			for _, f := range s.FieldSelectors {
				if !slices.Contains(managementFields, deref(f.Field)) {
					return nil, bad("Field %s cannot be used with management events.", deref(f.Field))
				}
			}
		case "Data":
			if !slices.ContainsFunc(s.FieldSelectors, func(f types.AdvancedFieldSelector) bool { return deref(f.Field) == "resources.type" }) {
				return nil, bad("A selector of data events needs the field resources.type.")
			}
		default:
			return nil, bad("A selector needs the field eventCategory, equal to Management or Data.")
		}
	}
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.atHome(c, in.TrailName)
	if err != nil {
		return nil, err
	}
	t.selectors, t.advanced, t.HasCustomEventSelectors = nil, slices.Clone(in.AdvancedEventSelectors), ptr(true)
	return &cloudtrail.PutEventSelectorsOutput{TrailARN: t.TrailARN, AdvancedEventSelectors: t.advanced}, nil
}

// updateTrail changes what the request names. CloudTrail API Reference,
// UpdateTrail.
func updateTrail(c *call, in *cloudtrail.UpdateTrailInput) (*cloudtrail.UpdateTrailOutput, error) {
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.atHome(c, in.Name)
	if err != nil {
		return nil, err
	}
	if (in.CloudWatchLogsLogGroupArn == nil) != (in.CloudWatchLogsRoleArn == nil) {
		return nil, fail(http.StatusBadRequest, "InvalidCloudWatchLogsRoleArnException", "You must specify both a log group and a role.")
	}
	for _, x := range []struct{ to, from **string }{
		{&t.S3BucketName, &in.S3BucketName}, {&t.S3KeyPrefix, &in.S3KeyPrefix}, {&t.KmsKeyId, &in.KmsKeyId},
		{&t.CloudWatchLogsLogGroupArn, &in.CloudWatchLogsLogGroupArn}, {&t.CloudWatchLogsRoleArn, &in.CloudWatchLogsRoleArn},
	} {
		if *x.from != nil {
			*x.to = *x.from
		}
	}
	for _, x := range []struct{ to, from **bool }{
		{&t.IncludeGlobalServiceEvents, &in.IncludeGlobalServiceEvents}, {&t.IsMultiRegionTrail, &in.IsMultiRegionTrail},
		{&t.LogFileValidationEnabled, &in.EnableLogFileValidation},
	} {
		if *x.from != nil {
			*x.to = *x.from
		}
	}
	return (*cloudtrail.UpdateTrailOutput)(described(t.Trail)), nil
}

func deleteTrail(c *call, in *cloudtrail.DeleteTrailInput) (*cloudtrail.DeleteTrailOutput, error) {
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.atHome(c, in.Name)
	if err != nil {
		return nil, err
	}
	ts.all = slices.DeleteFunc(ts.all, func(x *trailConfig) bool { return x == t })
	return &cloudtrail.DeleteTrailOutput{}, nil
}
