package audit

import (
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/finding"
)

// trailCalls are the calls behind the trails of a snapshot.
var trailCalls = []string{"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"}

// knownTrail is a trail with where it was read.
type knownTrail struct {
	*account.Trail
	from account.Evidence
}

// trails returns each trail once. A trail of several regions shows in each of
// them, so that one region that was read shows all that count; doubt says why
// none was read.
func (e *Evidence) trails() (list []knownTrail, doubt string) {
	seen := map[string]int{}
	read := false
	for i := range e.Regions {
		r := &e.Regions[i]
		if r.Trails == nil {
			continue
		}
		read = true
		for j := range r.Trails.Value {
			t := knownTrail{&r.Trails.Value[j], r.Trails.Evidence}
			at, ok := seen[t.ARN]
			if !ok {
				seen[t.ARN] = len(list)
				list = append(list, t)
			} else if list[at].Status == nil && t.Status != nil {
				list[at] = t
			}
		}
	}
	if !read {
		return nil, e.gap(trailCalls...)
	}
	return list, ""
}

// perTrail asks a question of each trail.
func (e *Evidence) perTrail(what string, judge func(knownTrail) Answer) []Answer {
	trails, doubt := e.trails()
	if doubt != "" {
		return []Answer{{Status: finding.Unknown, Summary: what + ": " + doubt, Remedy: "Collect it: allow " + strings.Join(trailCalls, ", ")}}
	}
	var out []Answer
	for _, t := range trails {
		a := judge(t)
		a.Subject = t.ARN
		out = append(out, a)
	}
	// A trail of all regions shows in each of them; one of a single region
	// shows there alone.
	if list := e.noTrails(); len(list) > 0 {
		out = append(out, Answer{Part: "regions not read", Status: finding.Unknown, Remedy: "Collect them: warden collect --regions",
			Summary: fmt.Sprintf("%s of trails in %d regions that were not read: %s", what, len(list), strings.Join(list, " "))})
	}
	return out
}

// update is the command that changes a setting of a trail.
func (t knownTrail) update(setting string) string {
	return "aws cloudtrail update-trail --name " + quote(t.ARN) + " --region " + t.Home + " " + setting
}

// records tells whether a trail records what is wanted. why explains an
// unknown or a no.
func (t knownTrail) records(w wanted) (s finding.Status, why string) {
	if t.Status == nil {
		return finding.Unknown, "whether the trail logs could not be read"
	}
	if !t.Status.Logging {
		return finding.Fail, "the trail is stopped"
	}
	if t.Selectors == nil {
		return finding.Unknown, "what the trail records could not be read"
	}
	// Selectors add up: one may record reading, and another writing.
	var read, written, left bool
	for _, x := range t.Selectors {
		of, whole := w.of(x)
		if !of {
			continue
		}
		if !whole {
			left = true
			continue
		}
		read, written = read || x.ReadEvents, written || x.WriteEvents
	}
	switch {
	case (read || !w.reading) && (written || !w.writing):
		return finding.Pass, ""
	case left:
		return finding.Fail, "the trail records some of them only, by its selectors"
	}
	return finding.Fail, "the trail does not record them"
}

// wanted is what a trail is to record.
type wanted struct {
	reading, writing bool
	// of tells whether a selector is about such events, and about all of them.
	of func(account.EventSelector) (of, whole bool)
}

// management are the management events. KMS and the RDS Data API may be left
// out (CloudTrail User Guide, "Logging management events"); whoever leaves out
// anything else records less than an account needs.
var management = wanted{true, true, func(x account.EventSelector) (bool, bool) {
	for _, source := range x.ExcludedSources {
		if source != "kms.amazonaws.com" && source != "rdsdata.amazonaws.com" {
			return x.Management, false
		}
	}
	return x.Management, !x.Narrowed
}}

// objects are the data events of S3 objects.
func objects(reading, writing bool) wanted {
	return wanted{reading, writing, func(x account.EventSelector) (bool, bool) {
		return slices.Contains(x.DataResources, "AWS::S3::Object"), !x.Narrowed
	}}
}

// leavesOut tells whether the trail leaves the management events of a service
// out: it must not record them by another selector.
func (t knownTrail) leavesOut(source string) bool {
	excluded := false
	for _, x := range t.Selectors {
		if of, whole := management.of(x); of && whole {
			if !slices.Contains(x.ExcludedSources, source) {
				return false
			}
			excluded = true
		}
	}
	return excluded
}

// anyTrail passes if some trail of all regions records what is asked.
func (e *Evidence) anyTrail(what string, w wanted) []Answer {
	trails, doubt := e.trails()
	if doubt != "" {
		return []Answer{{Status: finding.Unknown, Summary: what + ": " + doubt, Remedy: "Collect it: allow " + strings.Join(trailCalls, ", ")}}
	}
	a := Answer{Status: finding.Fail, Summary: "there is no trail"}
	for _, t := range trails {
		s, why := t.records(w)
		if s == finding.Pass && !t.MultiRegion {
			s, why = finding.Fail, "the trail is of one region"
		}
		a.Facts = append(a.Facts, fact(t.from, "trail %s: %s", t.Name, first(why, "records "+what+" in all regions")))
		if s == finding.Pass {
			return []Answer{{Status: s, Summary: "trail " + t.Name, Facts: a.Facts}}
		}
		if a.Status == finding.Fail {
			a.Summary = fmt.Sprintf("%s: trail %s: %s", what, t.Name, why)
		}
		if s == finding.Unknown {
			a.Status, a.Summary = s, fmt.Sprintf("%s: trail %s: %s", what, t.Name, why)
		}
	}
	return []Answer{a}
}

// bucket returns what is known of the bucket of a trail.
func (e *Evidence) bucket(name string) (b account.Bucket, ok bool) {
	if e.Buckets == nil {
		return b, false
	}
	for _, b := range e.Buckets.Value {
		if b.Name == name {
			return b, true
		}
	}
	return b, false
}

// perBucket asks a question of the bucket of each trail.
func (e *Evidence) perBucket(what string, actions []string, judge func(account.Bucket) (known, good bool)) []Answer {
	return e.perTrail(what, func(t knownTrail) Answer {
		b, ok := e.bucket(t.Bucket)
		if !ok {
			u := e.unknown(what+" of bucket "+t.Bucket, actions...)
			return u
		}
		known, good := judge(b)
		if !known {
			return e.unknown(what+" of bucket "+t.Bucket, actions...)
		}
		a := Answer{Status: finding.Pass, Summary: "bucket " + t.Bucket, Facts: []finding.Fact{fact(e.Buckets.Evidence, "%s of bucket %s: %v", what, t.Bucket, good)}}
		if !good {
			a.Status = finding.Fail
		}
		return a
	})
}
