package catalog

import (
	"slices"
	"strings"
)

// Services returns all services by prefix.
func Services() []*Service { return data().services }

// ServiceOf returns the service with this prefix, in any case; nil if there is
// none.
func ServiceOf(prefix string) *Service { return data().byPrefix[strings.ToLower(prefix)] }

// Lookup returns the action of this name ("s3:GetObject", in any case); nil if
// there is none.
func Lookup(action string) *Action {
	prefix, name, ok := strings.Cut(action, ":")
	if s := ServiceOf(prefix); ok && s != nil {
		return s.Action(name)
	}
	return nil
}

// Matching returns the actions that a value of a policy's Action element
// stands for: one action, those of "s3:Get*", or all of them for "*". Case does
// not matter, and the service prefix takes no wildcard. IAM User Guide, "IAM
// JSON policy elements: Action".
func Matching(pattern string) []*Action {
	if pattern == "*" {
		var all []*Action
		for _, s := range Services() {
			all = append(all, s.Actions()...)
		}
		return all
	}
	prefix, name, _ := strings.Cut(pattern, ":")
	s := ServiceOf(prefix)
	switch {
	case s == nil:
		return nil
	case name == "*":
		return s.Actions()
	case !strings.ContainsAny(name, "*?"):
		if a := s.Action(name); a != nil {
			return []*Action{a}
		}
		return nil
	}
	name = strings.ToLower(name)
	var found []*Action
	for _, a := range s.Actions() {
		if glob(name, a.lower) {
			found = append(found, a)
		}
	}
	return found
}

// Like tells whether an action, known or not, is one that a pattern of a
// policy stands for. Both are compared without regard to case (IAM User Guide,
// "IAM JSON policy elements: Action").
func Like(pattern, action string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(action))
}

// glob matches s with the wildcards * and ? of pattern, in time proportional
// to the product of their lengths at worst.
func glob(pattern, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// farthest is the edit distance beyond which a name is no likely meaning of
// another, by the length of the name.
func farthest(name string) int { return min(3, len(name)/3+1) }

// Nearest returns the action that a name which Lookup does not know was
// probably meant to be: the same name of another service, or the name that
// differs in the fewest letters. It returns "" where nothing is near.
func Nearest(action string) string {
	prefix, name, ok := strings.Cut(action, ":")
	if !ok || len(action) > 200 {
		return ""
	}
	s := ServiceOf(prefix)
	if s == nil {
		near := NearestService(prefix)
		if near == "" {
			return ""
		}
		if s = ServiceOf(near); strings.ContainsAny(name, "*?") || s.Action(name) != nil {
			if a := s.Action(name); a != nil {
				name = a.Name
			}
			return near + ":" + name
		}
	}
	names := make([]string, 0, len(s.Actions()))
	for _, a := range s.Actions() {
		names = append(names, a.Name)
	}
	if best := nearest(name, names); best != "" {
		return s.Prefix + ":" + best
	}
	// "ec2:ListBuckets": right name, wrong service.
	for _, other := range Services() {
		if a := other.Action(name); a != nil && commonPrefix(other.Prefix, s.Prefix) >= 2 {
			return a.String()
		}
	}
	return ""
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// aliases are names that people give services, with their prefixes.
var aliases = map[string]string{
	"cloudwatchlogs": "logs", "cloudwatch-logs": "logs", "stepfunctions": "states", "sfn": "states",
	"eventbridge": "events", "cognito": "cognito-idp", "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing",
	"efs": "elasticfilesystem", "emr": "elasticmapreduce", "msk": "kafka", "opensearch": "es", "parameterstore": "ssm",
	"secrets": "secretsmanager", "secretmanager": "secretsmanager", "organization": "organizations", "lambdas": "lambda",
	"identitystore-sso": "identitystore", "accessanalyzer": "access-analyzer", "route-53": "route53",
}

// NearestService returns the prefix that an unknown one was probably meant to
// be, "" where nothing is near.
func NearestService(prefix string) string {
	prefix = strings.ToLower(prefix)
	if s, ok := aliases[prefix]; ok {
		return s
	}
	names := make([]string, 0, len(Services()))
	for _, s := range Services() {
		names = append(names, s.Prefix)
	}
	return nearest(prefix, names)
}

// nearest returns the name with the smallest edit distance; the first of them
// in the order of names.
func nearest(name string, names []string) string {
	if len(name) > 100 {
		return ""
	}
	name = strings.ToLower(name)
	best, distance := "", farthest(name)+1
	for _, n := range names {
		if abs(len(n)-len(name)) >= distance {
			continue
		}
		if d := editDistance(name, strings.ToLower(n)); d < distance {
			best, distance = n, d
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// editDistance counts the letters to insert, delete, replace or exchange with
// their neighbour to turn a into b.
func editDistance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, slices.Clone(before)
	}
	return last[len(b)]
}
