package look

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"warden/doctor"
)

// Which management events a trail keeps, by its selectors. Source: CloudTrail
// User Guide, "Logging management events".
func TestSelected(t *testing.T) {
	t.Parallel()
	field := func(name string, equals, not []string) types.AdvancedFieldSelector {
		return types.AdvancedFieldSelector{Field: aws.String(name), Equals: equals, NotEquals: not}
	}
	management := field("eventCategory", []string{"Management"}, nil)
	basic := func(in bool, kind types.ReadWriteType, left ...string) *cloudtrail.GetEventSelectorsOutput {
		return &cloudtrail.GetEventSelectorsOutput{EventSelectors: []types.EventSelector{{IncludeManagementEvents: aws.Bool(in), ReadWriteType: kind, ExcludeManagementEventSources: left}}}
	}
	advanced := func(fields ...types.AdvancedFieldSelector) *cloudtrail.GetEventSelectorsOutput {
		return &cloudtrail.GetEventSelectorsOutput{AdvancedEventSelectors: []types.AdvancedEventSelector{{FieldSelectors: fields}}}
	}
	for _, tt := range []struct {
		name string
		in   *cloudtrail.GetEventSelectorsOutput
		want string
	}{
		{"all", basic(true, types.ReadWriteTypeAll), "true true []"},
		{"writes", basic(true, types.ReadWriteTypeWriteOnly), "true false []"},
		{"reads", basic(true, types.ReadWriteTypeReadOnly), "false true []"},
		{"data events only", basic(false, types.ReadWriteTypeAll), "false false []"},
		{"without KMS", basic(true, types.ReadWriteTypeAll, "kms.amazonaws.com"), "true true [kms.amazonaws.com]"},
		{"none", &cloudtrail.GetEventSelectorsOutput{}, "false false []"},
		{"advanced", advanced(management), "true true []"},
		{"advanced, writes", advanced(management, field("readOnly", []string{"false"}, nil)), "true false []"},
		{"advanced, data", advanced(field("eventCategory", []string{"Data"}, nil)), "false false []"},
		{"advanced, without IAM", advanced(management, field("eventSource", nil, []string{"iam.amazonaws.com"})), "true true [iam.amazonaws.com]"},
		{"advanced, S3 only", advanced(management, field("eventSource", []string{"s3.amazonaws.com"}, nil)), "true true [iam.amazonaws.com sts.amazonaws.com signin.amazonaws.com]"},
		{"advanced, nothing that begins so", advanced(management, types.AdvancedFieldSelector{Field: aws.String("eventSource"), NotStartsWith: []string{"iam"}}), "false false []"},
		{"advanced, of some resources", advanced(management, field("resources.type", []string{"AWS::S3::Object"}, nil)), "false false []"},
		{"advanced, by a filter that is not known", advanced(management, field("userIdentity.arn", nil, []string{"x"})), "false false []"},
	} {
		var trail doctor.Trail
		selected(&trail, tt.in)
		if got := fmt.Sprint(trail.Writes, trail.Reads, " ", trail.Left); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:d","maxReceiveCount":10}`:      "arn:aws:sqs:us-east-1:1:d",
		`{"maxReceiveCount":"10", "deadLetterTargetArn" : "arn:aws:sqs:us-east-1:1:d"}`: "arn:aws:sqs:us-east-1:1:d",
		``: "", `{"deadLetterTargetArn"`: "", `{"deadLetterTargetArn":1}`: "",
	} {
		if got := deadLetters(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
