package twin

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"warden/account"
)

// loadTrails makes the trails of a snapshot; told is false where it says
// nothing of trails in any region.
func loadTrails(s *account.Snapshot) (all []*trailConfig, told bool) {
	seen := map[string]bool{}
	for i := range s.Regions {
		list := s.Regions[i].Trails
		if list == nil {
			continue
		}
		told = true
		for _, x := range list.Value {
			if !seen[x.ARN] {
				seen[x.ARN] = true
				all = append(all, loadTrail(x, s.CollectedAt))
			}
		}
	}
	return all, told
}

// stale is after how long without a delivery something hinders a trail.
const stale = 24 * time.Hour

func loadTrail(x account.Trail, at time.Time) *trailConfig {
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return ptr(s)
	}
	c := &trailConfig{Trail: types.Trail{
		Name: ptr(x.Name), TrailARN: ptr(x.ARN), HomeRegion: ptr(x.Home), IsMultiRegionTrail: ptr(x.MultiRegion), IncludeGlobalServiceEvents: ptr(x.GlobalEvents),
		IsOrganizationTrail: ptr(x.Organization), LogFileValidationEnabled: ptr(x.LogValidation), S3BucketName: text(x.Bucket),
		CloudWatchLogsLogGroupArn: text(x.LogGroup), KmsKeyId: text(x.KMSKey), HasCustomEventSelectors: ptr(false), HasInsightSelectors: ptr(false),
	}}
	c.started = at.AddDate(-1, 0, 0)
	if st := x.Status; st != nil {
		if !st.Logging {
			c.stopped = at
			if st.LastDelivery != nil {
				c.stopped = *st.LastDelivery
			} else {
				c.started = time.Time{}
			}
		}
		c.deliveries.bucketError, c.deliveries.logsError = st.DeliveryError, st.LogsError
		if old(st.LastDelivery, at) || st.DeliveryError != "" {
			c.deliveries.last = st.LastDelivery
		}
		if x.LogGroup != "" && (old(st.LastLogsDelivery, at) || st.LogsError != "") {
			c.deliveries.lastLogs = st.LastLogsDelivery
		}
		if x.LogGroup != "" && st.LastLogsDelivery == nil && st.LogsError == "" {
			c.deliveries.logsError = "Unknown" // nothing has come, and nobody said why
		}
	}
	if x.Selectors == nil {
		c.selectors = allManagementEvents()
		return c
	}
	c.HasCustomEventSelectors = ptr(true)
	for _, sel := range x.Selectors {
		if sel.Narrowed || sel.Management == (len(sel.DataResources) > 0) || len(x.Selectors) > 5 {
			c.selectors, c.advanced = nil, advancedOf(x.Selectors)
			return c
		}
		c.selectors = append(c.selectors, basic(sel))
	}
	return c
}

func old(t *time.Time, at time.Time) bool { return t != nil && at.Sub(*t) > stale }

func basic(x account.EventSelector) types.EventSelector {
	out := types.EventSelector{IncludeManagementEvents: ptr(x.Management), ReadWriteType: types.ReadWriteTypeAll, DataResources: []types.DataResource{}, ExcludeManagementEventSources: append([]string{}, x.ExcludedSources...)}
	switch {
	case !x.WriteEvents:
		out.ReadWriteType = types.ReadWriteTypeReadOnly
	case !x.ReadEvents:
		out.ReadWriteType = types.ReadWriteTypeWriteOnly
	}
	for _, r := range x.DataResources {
		service := "arn:aws:" + strings.ToLower(strings.Split(r+"::", "::")[1])
		out.DataResources = append(out.DataResources, types.DataResource{Type: ptr(r), Values: []string{service}})
	}
	return out
}

func field(name string, equals ...string) types.AdvancedFieldSelector {
	return types.AdvancedFieldSelector{Field: ptr(name), Equals: equals}
}

// advancedOf tells selectors as advanced ones, each kind of event by itself.
func advancedOf(list []account.EventSelector) []types.AdvancedEventSelector {
	var out []types.AdvancedEventSelector
	for _, x := range list {
		var more []types.AdvancedFieldSelector
		if x.ReadEvents != x.WriteEvents {
			more = append(more, field("readOnly", strconv.FormatBool(x.ReadEvents)))
		}
		if x.Management {
			fields := append([]types.AdvancedFieldSelector{field("eventCategory", "Management")}, more...)
			if len(x.ExcludedSources) > 0 {
				fields = append(fields, types.AdvancedFieldSelector{Field: ptr("eventSource"), NotEquals: x.ExcludedSources})
			}
			if x.Narrowed && len(x.DataResources) == 0 {
				fields = append(fields, types.AdvancedFieldSelector{Field: ptr("eventName"), StartsWith: []string{"narrowed"}})
			}
			out = append(out, types.AdvancedEventSelector{FieldSelectors: fields})
		}
		for _, r := range x.DataResources {
			fields := append([]types.AdvancedFieldSelector{field("eventCategory", "Data"), field("resources.type", r)}, more...)
			if x.Narrowed {
				fields = append(fields, types.AdvancedFieldSelector{Field: ptr("resources.ARN"), StartsWith: []string{"arn:aws:s3:::narrowed/"}})
			}
			out = append(out, types.AdvancedEventSelector{FieldSelectors: fields})
		}
	}
	return out
}

// facts are the trails that a snapshot's region keeps: those that it knew and
// that are there, and the new ones at home, as they are now. What they log is
// told anew only where it was changed.
func (ts *trails) facts(r account.Region, now time.Time) []account.Trail {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	out := []account.Trail{}
	for _, c := range ts.all {
		i := slices.IndexFunc(r.Trails.Value, func(x account.Trail) bool { return x.ARN == *c.TrailARN })
		if i < 0 && *c.HomeRegion != r.Name {
			continue
		}
		x := account.Trail{
			Name: deref(c.Name), ARN: deref(c.TrailARN), Home: deref(c.HomeRegion), MultiRegion: *c.IsMultiRegionTrail, GlobalEvents: *c.IncludeGlobalServiceEvents,
			Organization: *c.IsOrganizationTrail, LogValidation: *c.LogFileValidationEnabled, Bucket: deref(c.S3BucketName), LogGroup: deref(c.CloudWatchLogsLogGroupArn), KMSKey: deref(c.KmsKeyId),
		}
		x.Status = &account.TrailStatus{Logging: c.logging(), DeliveryError: c.deliveries.bucketError, LogsError: c.deliveries.logsError}
		x.Status.LastDelivery, x.Status.LastLogsDelivery = c.delivered(now)
		if i >= 0 {
			// The evidence is as old as it was, and so are the deliveries.
			if was := r.Trails.Value[i].Status; was != nil && was.Logging == x.Status.Logging {
				x.Status.LastDelivery, x.Status.LastLogsDelivery = was.LastDelivery, was.LastLogsDelivery
			}
		}
		x.Selectors = c.told()
		if i >= 0 && r.Trails.Value[i].Status == nil {
			x.Status = nil
		}
		if i >= 0 && r.Trails.Value[i].Selectors == nil && !*c.HasCustomEventSelectors {
			x.Selectors = nil
		}
		out = append(out, x)
	}
	return out
}

// told are the selectors as a snapshot keeps them; one that has other
// conditions than the snapshot can tell is narrowed.
func (c *trailConfig) told() []account.EventSelector {
	out := []account.EventSelector{}
	for _, s := range c.selectors {
		x := account.EventSelector{Management: *s.IncludeManagementEvents, ReadEvents: s.ReadWriteType != types.ReadWriteTypeWriteOnly, WriteEvents: s.ReadWriteType != types.ReadWriteTypeReadOnly}
		if len(s.ExcludeManagementEventSources) > 0 {
			x.ExcludedSources = s.ExcludeManagementEventSources
		}
		for _, d := range s.DataResources {
			x.DataResources = append(x.DataResources, deref(d.Type))
			x.Narrowed = x.Narrowed || !slices.ContainsFunc(d.Values, func(v string) bool { return strings.Count(strings.TrimSuffix(v, ":::"), ":") == 2 })
		}
		out = append(out, x)
	}
	for _, s := range c.advanced {
		x := account.EventSelector{ReadEvents: true, WriteEvents: true}
		for _, f := range s.FieldSelectors {
			switch deref(f.Field) {
			case "eventCategory":
				x.Management = slices.Contains(f.Equals, "Management")
			case "readOnly":
				x.ReadEvents, x.WriteEvents = !slices.Contains(f.Equals, "false"), !slices.Contains(f.Equals, "true")
			case "resources.type":
				x.DataResources = append(x.DataResources, f.Equals...)
			case "eventSource":
				x.ExcludedSources = append(x.ExcludedSources, f.NotEquals...)
				x.Narrowed = x.Narrowed || len(f.Equals) > 0
			default:
				x.Narrowed = true
			}
		}
		out = append(out, x)
	}
	return out
}
