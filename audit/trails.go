package audit

import (
	"fmt"
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
	return out
}

// update is the command that changes a setting of a trail.
func (t knownTrail) update(setting string) string {
	return "aws cloudtrail update-trail --name " + quote(t.ARN) + " --region " + t.Home + " " + setting
}

// records tells whether a trail records what a test accepts. why explains an
// unknown or a no.
func (t knownTrail) records(good func(account.EventSelector) bool) (s finding.Status, why string) {
	if t.Status == nil {
		return finding.Unknown, "whether the trail logs could not be read"
	}
	if !t.Status.Logging {
		return finding.Fail, "the trail is stopped"
	}
	if t.Selectors == nil {
		return finding.Unknown, "what the trail records could not be read"
	}
	narrowed := false
	for _, x := range t.Selectors {
		if good(x) {
			if !x.Narrowed {
				return finding.Pass, ""
			}
			narrowed = true
		}
	}
	if narrowed {
		return finding.Fail, "the trail records them for some resources only"
	}
	return finding.Fail, "the trail does not record them"
}

// management accepts a selector of management events that read or write. Other
// services than KMS and the RDS Data API cannot be left out (CloudTrail User
// Guide, "Logging management events"); leaving these out is allowed.
func management(read, write bool) func(account.EventSelector) bool {
	return func(x account.EventSelector) bool {
		return x.Management && (!read || x.ReadEvents) && (!write || x.WriteEvents)
	}
}

// objects accepts a selector of data events of S3 objects.
func objects(read, write bool) func(account.EventSelector) bool {
	return func(x account.EventSelector) bool {
		for _, r := range x.DataResources {
			if r == "AWS::S3::Object" {
				return (!read || x.ReadEvents) && (!write || x.WriteEvents)
			}
		}
		return false
	}
}

// anyTrail passes if some trail of all regions records what is asked.
func (e *Evidence) anyTrail(what string, good func(account.EventSelector) bool) []Answer {
	trails, doubt := e.trails()
	if doubt != "" {
		return []Answer{{Status: finding.Unknown, Summary: what + ": " + doubt, Remedy: "Collect it: allow " + strings.Join(trailCalls, ", ")}}
	}
	a := Answer{Status: finding.Fail, Summary: "there is no trail"}
	for _, t := range trails {
		s, why := t.records(good)
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
