package audit

import (
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/finding"
)

// enabled are the regions that every account of a partition has on; opt-in
// regions are on only where somebody asked. Source: AWS Account Management
// Reference Guide, "Specify which AWS Regions your account can use".
var enabled = map[string][]string{
	"aws": {
		"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
		"eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-us-gov": {"us-gov-east-1", "us-gov-west-1"},
}

// unread returns the regions that are on in every account and that the
// evidence says nothing of.
func (e *Evidence) unread() []string {
	var out []string
	for _, name := range enabled[e.partition()] {
		if !slices.ContainsFunc(e.Regions, func(r account.Region) bool { return r.Name == name }) {
			out = append(out, name)
		}
	}
	return out
}

// inEveryRegion asks a question of each region that was read, and is unknown
// about the others.
func (e *Evidence) inEveryRegion(what string, actions []string, judge func(*account.Region) Answer) []Answer {
	var out []Answer
	for i := range e.Regions {
		a := judge(&e.Regions[i])
		a.Part = e.Regions[i].Name
		out = append(out, a)
	}
	if list := e.unread(); len(list) > 0 {
		a := e.unknown(what, actions...)
		a.Part = "regions not read"
		a.Summary = fmt.Sprintf("%s in %d regions that were not read: %s", what, len(list), strings.Join(list, " "))
		a.Remedy = "Collect them: warden collect --regions"
		out = append(out, a)
	}
	return out
}

// regionUnknown is the answer where a part of a region could not be read.
func (e *Evidence) regionUnknown(r *account.Region, what string, actions ...string) Answer {
	for _, g := range e.Gaps {
		if slices.Contains(actions, g.What) && g.Subject == r.Name {
			return Answer{Status: finding.Unknown, Summary: what + ": " + g.What + ": " + g.Reason}
		}
	}
	return e.unknown(what, actions...)
}
