package twin

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestTrails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.cloudtrail(w.truth.Administrator)
	all, err := c.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	w.must(err)
	if len(all.TrailList) != 1 || *all.TrailList[0].Name != defaultTrail || !*all.TrailList[0].IsMultiRegionTrail {
		t.Fatalf("at the start there is %+v", all.TrailList)
	}
	create := func(name, bucket string) error {
		_, err := c.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: &bucket})
		return err
	}
	w.must(create("mine", "bucket"))
	wants(t, create("mine", "bucket"), "TrailAlreadyExistsException", "mine")
	wants(t, create("x", "bucket"), "InvalidTrailNameException", "x")
	wants(t, create("other", ""), "InvalidS3BucketNameException", "blank")
	for _, n := range []string{"three", "four", "five"} {
		w.must(create(n, "bucket"))
	}
	wants(t, create("six-of-them", "bucket"), "MaximumNumberOfTrailsExceededException", "")

	mine := aws.String("arn:aws:cloudtrail:" + here + ":trail/mine")
	status := func() bool {
		out, err := c.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: mine})
		w.must(err)
		return *out.IsLogging
	}
	if status() {
		t.Error("a new trail logs")
	}
	_, err = c.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: mine})
	w.must(err)
	if !status() {
		t.Error("a trail that was started does not log")
	}
	_, err = c.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("none-of-them")})
	wants(t, err, "TrailNotFoundException", "trail/none-of-them")
	_, err = w.cloudtrail(w.truth.Intruder).StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: mine})
	wants(t, err, "AccessDeniedException", "cloudtrail:StopLogging on resource: "+*mine)

	got, err := c.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: aws.String("mine")})
	w.must(err)
	if len(got.EventSelectors) != 1 || got.EventSelectors[0].ReadWriteType != types.ReadWriteTypeAll || !*got.EventSelectors[0].IncludeManagementEvents {
		t.Errorf("a new trail has %+v", got.EventSelectors)
	}
	_, err = c.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("mine"), EventSelectors: []types.EventSelector{{ExcludeManagementEventSources: []string{"iam.amazonaws.com"}}}})
	wants(t, err, "InvalidEventSelectorsException", "iam.amazonaws.com")
}

// EventBridge hears of what a trail logs, and of nothing else: whoever stops
// the trail, or narrows it, blinds it.
func TestEventsNeedATrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := w.cloudtrail(w.truth.Administrator)
	url := w.tap("everything", `{"source":["aws.iam","aws.cloudtrail"]}`, ebtypes.RuleStateEnabledWithAllCloudtrailManagementEvents)
	name := aws.String(defaultTrail)
	seen := func() []string {
		w.pass(time.Second)
		_, err := w.admin().ListUsers(ctx, &iam.ListUsersInput{})
		w.must(err)
		_, err = w.admin().UpdateUser(ctx, &iam.UpdateUserInput{UserName: &w.truth.Intruder})
		w.must(err)
		return names(t, w.receive(url))
	}
	if got := len(seen()); got == 0 {
		t.Fatal("a trail logs, and nothing comes")
	}
	_, err := c.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: name, EventSelectors: []types.EventSelector{{ReadWriteType: types.ReadWriteTypeWriteOnly}}})
	w.must(err)
	for _, n := range seen() {
		if n == "ListUsers" {
			t.Error("a trail of writes alone brings a read")
		}
	}
	_, err = c.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: name})
	w.must(err)
	if got := names(t, w.receive(url)); len(got) != 1 || got[0] != "StopLogging" {
		t.Errorf("stopping brings %v, want that it was stopped", got)
	}
	if got := seen(); len(got) != 0 {
		t.Errorf("no trail logs, and %v came", got)
	}
	_, err = c.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: name})
	w.must(err)
	_ = w.receive(url)
	if got := seen(); len(got) == 0 {
		t.Error("the trail logs again, and nothing comes")
	}
}
