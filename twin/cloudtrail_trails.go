package twin

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"warden/account"
)

// Trails decide whether EventBridge hears of API calls at all: it does while
// one of them logs management events. Source: Amazon EventBridge User Guide,
// "AWS service events delivered via AWS CloudTrail". They write no files here.

// defaultTrail is what every account of the twin has at the start.
const defaultTrail = "management-events"

// maxTrails is a quota of each region (CloudTrail User Guide, "Quotas in AWS
// CloudTrail").
const maxTrails = 5

// deliveryDelay is what CloudTrail takes on average (CloudTrail User Guide,
// "How CloudTrail works").
const deliveryDelay = 5 * time.Minute

// trails are those of an account. Its lock is a leaf.
type trails struct {
	mu  sync.Mutex
	all []*trailConfig
}

type trailConfig struct {
	types.Trail
	// selectors or advanced ones say what it logs.
	selectors        []types.EventSelector
	advanced         []types.AdvancedEventSelector
	started, stopped time.Time // stopped is zero while it logs
	deliveries       deliveryState
}

// deliveryState is what hinders a trail's deliveries.
type deliveryState struct {
	last, lastLogs         *time.Time // the last ones, where none came since
	bucketError, logsError string
}

func (c *trailConfig) logging() bool { return !c.started.IsZero() && c.stopped.IsZero() }

func allManagementEvents() []types.EventSelector {
	return []types.EventSelector{{
		IncludeManagementEvents: ptr(true), ReadWriteType: types.ReadWriteTypeAll,
		DataResources: []types.DataResource{}, ExcludeManagementEventSources: []string{},
	}}
}

// newTrails are those of the snapshot, or, where it does not say, one that
// logs everything.
func newTrails(t *Twin, s *account.Snapshot) *trails {
	if all, told := loadTrails(s); told {
		return &trails{all: all}
	}
	return &trails{all: []*trailConfig{{
		Trail: types.Trail{
			Name: ptr(defaultTrail), TrailARN: ptr(t.regionalARN("cloudtrail", "trail/"+defaultTrail)), HomeRegion: ptr(t.region),
			S3BucketName: ptr("aws-cloudtrail-logs-" + t.account), IncludeGlobalServiceEvents: ptr(true), IsMultiRegionTrail: ptr(true),
			IsOrganizationTrail: ptr(false), LogFileValidationEnabled: ptr(true), HasCustomEventSelectors: ptr(false), HasInsightSelectors: ptr(false),
		},
		selectors: allManagementEvents(), started: t.now(),
	}}}
}

// log reports whether some trail keeps a management event.
func (ts *trails) log(r *record) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return slices.ContainsFunc(ts.all, func(c *trailConfig) bool {
		// The call that stops a trail is the last that it keeps.
		if c.started.IsZero() || !c.stopped.IsZero() && r.at.After(c.stopped) || !*c.IsMultiRegionTrail && *c.HomeRegion != r.region {
			return false
		}
		return slices.ContainsFunc(c.advanced, func(s types.AdvancedEventSelector) bool { return advancedKeeps(s, r) }) ||
			slices.ContainsFunc(c.selectors, func(s types.EventSelector) bool {
				return *s.IncludeManagementEvents && !slices.Contains(s.ExcludeManagementEventSources, r.source) &&
					(s.ReadWriteType == types.ReadWriteTypeAll || (s.ReadWriteType == types.ReadWriteTypeReadOnly) == r.readOnly)
			})
	})
}

// visible tells whether a trail is shown in a region: at home, and as a shadow
// wherever it logs. CloudTrail API Reference, DescribeTrails.
func (c *trailConfig) visible(region string) bool {
	return *c.HomeRegion == region || *c.IsMultiRegionTrail
}

// find looks for a trail by its ARN, or by its name at home; the lock must be
// held.
func (ts *trails) find(c *call, name *string) (*trailConfig, error) {
	for _, t := range ts.all {
		if n := deref(name); t.visible(c.region) && (n == *t.TrailARN || n == *t.Name && *t.HomeRegion == c.region) {
			return t, nil
		}
	}
	return nil, fail(http.StatusBadRequest, "TrailNotFoundException", "Unknown trail: %s for the user: %s", c.trailARN(name), c.t.account)
}

// atHome finds a trail that can be changed in the region of the call.
func (ts *trails) atHome(c *call, name *string) (*trailConfig, error) {
	t, err := ts.find(c, name)
	if err != nil {
		return nil, err
	}
	if *t.HomeRegion != c.region {
		return nil, fail(http.StatusBadRequest, "InvalidHomeRegionException", "Trail %s was created in region %s and must be changed there.", *t.TrailARN, *t.HomeRegion)
	}
	return t, nil
}

// trailARN is that of a trail that is given by its name or ARN.
func (c *call) trailARN(name *string) string {
	if strings.HasPrefix(deref(name), "arn:") {
		return *name
	}
	return c.regionalARN("cloudtrail", "trail/"+deref(name))
}

// Source: CloudTrail API Reference, CreateTrail, Name.
var trailName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$`)

// onTrail asks for the permission on a trail.
func onTrail[I any](name func(*I) *string, operation string) func(*call, *I) ([]demand, error) {
	return func(c *call, in *I) ([]demand, error) {
		n := name(in)
		short := deref(n)
		if strings.HasPrefix(short, "arn:") {
			_, short, _ = strings.Cut(short, ":trail/") // an organization's trail is of another account
		}
		if !trailName.MatchString(short) {
			return nil, fail(http.StatusBadRequest, "InvalidTrailNameException", "Trail name or ARN %q is not valid.", deref(n))
		}
		return []demand{{action: "cloudtrail:" + operation, resource: c.trailARN(n)}}, nil
	}
}

func trailOperations() map[string]operation {
	return map[string]operation{
		"CreateTrail": op(onTrail(func(in *cloudtrail.CreateTrailInput) *string { return in.Name }, "CreateTrail"), createTrail).alone(),
		"DescribeTrails": op(func(*call, *cloudtrail.DescribeTrailsInput) ([]demand, error) {
			return []demand{{action: "cloudtrail:DescribeTrails", resource: "*"}}, nil
		}, describeTrails).alone(),
		"GetTrailStatus":    op(onTrail(func(in *cloudtrail.GetTrailStatusInput) *string { return in.Name }, "GetTrailStatus"), getTrailStatus).alone(),
		"GetEventSelectors": op(onTrail(func(in *cloudtrail.GetEventSelectorsInput) *string { return in.TrailName }, "GetEventSelectors"), getEventSelectors).alone(),
		"PutEventSelectors": op(onTrail(func(in *cloudtrail.PutEventSelectorsInput) *string { return in.TrailName }, "PutEventSelectors"), putEventSelectors).alone(),
		"StartLogging":      op(onTrail(func(in *cloudtrail.StartLoggingInput) *string { return in.Name }, "StartLogging"), startLogging).alone(),
		"UpdateTrail":       op(onTrail(func(in *cloudtrail.UpdateTrailInput) *string { return in.Name }, "UpdateTrail"), updateTrail).alone(),
		"DeleteTrail":       op(onTrail(func(in *cloudtrail.DeleteTrailInput) *string { return in.Name }, "DeleteTrail"), deleteTrail).alone(),
		"StopLogging":       op(onTrail(func(in *cloudtrail.StopLoggingInput) *string { return in.Name }, "StopLogging"), stopLogging).alone(),
	}
}

func createTrail(c *call, in *cloudtrail.CreateTrailInput) (*cloudtrail.CreateTrailOutput, error) {
	if deref(in.S3BucketName) == "" {
		return nil, fail(http.StatusBadRequest, "InvalidS3BucketNameException", "S3 bucket name must not be blank.")
	}
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if _, err := ts.find(c, in.Name); err == nil {
		return nil, fail(http.StatusBadRequest, "TrailAlreadyExistsException", "Trail %s already exists for customer: %s", *in.Name, c.t.account)
	}
	n := 0
	for _, t := range ts.all {
		if t.visible(c.region) {
			n++
		}
	}
	if n >= maxTrails {
		return nil, fail(http.StatusBadRequest, "MaximumNumberOfTrailsExceededException", "User: %s already has %d trails in %s.", c.t.account, maxTrails, c.region)
	}
	yes := func(b *bool, otherwise bool) *bool {
		if b == nil {
			return ptr(otherwise)
		}
		return ptr(*b)
	}
	t := types.Trail{
		Name: in.Name, TrailARN: ptr(c.trailARN(in.Name)), HomeRegion: ptr(c.region), S3BucketName: in.S3BucketName, S3KeyPrefix: in.S3KeyPrefix,
		IncludeGlobalServiceEvents: yes(in.IncludeGlobalServiceEvents, true), IsMultiRegionTrail: yes(in.IsMultiRegionTrail, false),
		IsOrganizationTrail: yes(in.IsOrganizationTrail, false), LogFileValidationEnabled: yes(in.EnableLogFileValidation, false),
		HasCustomEventSelectors: ptr(false), HasInsightSelectors: ptr(false),
		CloudWatchLogsLogGroupArn: in.CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn: in.CloudWatchLogsRoleArn, KmsKeyId: in.KmsKeyId,
	}
	ts.all = append(ts.all, &trailConfig{Trail: t, selectors: allManagementEvents()})
	return described(t), nil
}

// described is a trail as CreateTrail and UpdateTrail return it.
func described(t types.Trail) *cloudtrail.CreateTrailOutput {
	return &cloudtrail.CreateTrailOutput{
		Name: t.Name, TrailARN: t.TrailARN, S3BucketName: t.S3BucketName, S3KeyPrefix: t.S3KeyPrefix, IncludeGlobalServiceEvents: t.IncludeGlobalServiceEvents,
		IsMultiRegionTrail: t.IsMultiRegionTrail, IsOrganizationTrail: t.IsOrganizationTrail, LogFileValidationEnabled: t.LogFileValidationEnabled,
		CloudWatchLogsLogGroupArn: t.CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn: t.CloudWatchLogsRoleArn, KmsKeyId: t.KmsKeyId,
	}
}

func describeTrails(c *call, in *cloudtrail.DescribeTrailsInput) (*cloudtrail.DescribeTrailsOutput, error) {
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	out := &cloudtrail.DescribeTrailsOutput{TrailList: []types.Trail{}}
	for _, t := range ts.all {
		shadow := *t.HomeRegion != c.region && in.IncludeShadowTrails != nil && !*in.IncludeShadowTrails
		if !t.visible(c.region) || shadow {
			continue
		}
		named := slices.Contains(in.TrailNameList, *t.Name) || slices.Contains(in.TrailNameList, *t.TrailARN)
		if len(in.TrailNameList) == 0 || named {
			out.TrailList = append(out.TrailList, t.Trail)
		}
	}
	return out, nil
}

func getTrailStatus(c *call, in *cloudtrail.GetTrailStatusInput) (*cloudtrail.GetTrailStatusOutput, error) {
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.find(c, in.Name)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.GetTrailStatusOutput{IsLogging: ptr(t.logging())}
	if d := t.deliveries; d.bucketError != "" {
		out.LatestDeliveryError = ptr(d.bucketError)
	}
	if d := t.deliveries; d.logsError != "" {
		out.LatestCloudWatchLogsDeliveryError = ptr(d.logsError)
	}
	if !t.started.IsZero() {
		out.StartLoggingTime = ptr(t.started)
	}
	if !t.started.IsZero() && !t.stopped.IsZero() {
		out.StopLoggingTime = ptr(t.stopped)
	}
	out.LatestDeliveryTime, out.LatestCloudWatchLogsDeliveryTime = t.delivered(c.now)
	return out, nil
}

// delivered is when the last files and log lines arrived: some minutes ago
// while the trail logs and nothing hinders it.
func (t *trailConfig) delivered(now time.Time) (bucket, logs *time.Time) {
	bucket, logs = t.deliveries.last, t.deliveries.lastLogs
	if t.started.IsZero() {
		return bucket, logs
	}
	last := now.Add(-deliveryDelay)
	if !t.stopped.IsZero() {
		last = t.stopped
	}
	if last.Before(t.started) {
		last = t.started
	}
	if bucket == nil && t.deliveries.bucketError == "" {
		bucket = &last
	}
	if logs == nil && t.deliveries.logsError == "" && deref(t.CloudWatchLogsLogGroupArn) != "" {
		logs = &last
	}
	return bucket, logs
}

func getEventSelectors(c *call, in *cloudtrail.GetEventSelectorsInput) (*cloudtrail.GetEventSelectorsOutput, error) {
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.find(c, in.TrailName)
	if err != nil {
		return nil, err
	}
	return &cloudtrail.GetEventSelectorsOutput{TrailARN: t.TrailARN, EventSelectors: slices.Clone(t.selectors), AdvancedEventSelectors: slices.Clone(t.advanced)}, nil
}

func putEventSelectors(c *call, in *cloudtrail.PutEventSelectorsInput) (*cloudtrail.PutEventSelectorsOutput, error) {
	if len(in.AdvancedEventSelectors) > 0 {
		return putAdvancedSelectors(c, in)
	}
	if n := len(in.EventSelectors); n < 1 || n > 5 {
		return nil, fail(http.StatusBadRequest, "InvalidEventSelectorsException", "A trail can have between 1 and 5 event selectors, there are %d.", n)
	}
	selectors := slices.Clone(in.EventSelectors)
	for i := range selectors {
		s := &selectors[i]
		if s.IncludeManagementEvents == nil {
			s.IncludeManagementEvents = ptr(true)
		}
		if s.ReadWriteType == "" {
			s.ReadWriteType = types.ReadWriteTypeAll
		}
		// Two sources alone can be left out (CloudTrail API Reference,
		// EventSelector).
		for _, source := range s.ExcludeManagementEventSources {
			if source != "kms.amazonaws.com" && source != "rdsdata.amazonaws.com" {
				return nil, fail(http.StatusBadRequest, "InvalidEventSelectorsException", "Event source %s cannot be excluded.", source)
			}
		}
	}
	ts := c.t.trails
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.atHome(c, in.TrailName)
	if err != nil {
		return nil, err
	}
	t.selectors, t.advanced, t.HasCustomEventSelectors = selectors, nil, ptr(true)
	return &cloudtrail.PutEventSelectorsOutput{TrailARN: t.TrailARN, EventSelectors: slices.Clone(selectors)}, nil
}

func startLogging(c *call, in *cloudtrail.StartLoggingInput) (*cloudtrail.StartLoggingOutput, error) {
	return &cloudtrail.StartLoggingOutput{}, c.t.trails.run(c, in.Name, true)
}

func stopLogging(c *call, in *cloudtrail.StopLoggingInput) (*cloudtrail.StopLoggingOutput, error) {
	return &cloudtrail.StopLoggingOutput{}, c.t.trails.run(c, in.Name, false)
}

// run starts or stops a trail.
func (ts *trails) run(c *call, name *string, on bool) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, err := ts.atHome(c, name)
	if err != nil {
		return err
	}
	switch {
	case on && !t.logging():
		t.started, t.stopped = c.now, time.Time{}
	case !on && t.logging():
		t.stopped = c.now
	}
	return nil
}
