package reason

import (
	"strings"
	"sync"

	"warden/policy"
	"warden/policy/catalog"
)

// arnForm is the form of the ARNs of one type of resource.
type arnForm struct {
	pattern pattern
	slashes int // in the last part
}

// actionForms are the forms of the resources of one action.
type actionForms struct {
	forms []arnForm // none where only * will do
	known bool      // to the service authorization reference
}

// formCache holds what was read of the reference, by action.
var formCache sync.Map

// forms are those that the service authorization reference lists for an
// action.
func forms(action string) actionForms {
	if f, ok := formCache.Load(action); ok {
		return f.(actionForms)
	}
	known := catalog.Lookup(action)
	if known == nil {
		return actionForms{}
	}
	f := actionForms{known: true}
	for _, use := range known.Resources {
		f.forms = append(f.forms, newForm(use.Type.ARN))
	}
	formCache.Store(action, f)
	return f
}

// newForm reads "arn:${Partition}:s3:::${BucketName}/${ObjectName}".
func newForm(arn string) arnForm {
	var b strings.Builder
	for rest := arn; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			break
		}
		b.WriteByte('*')
		_, rest, _ = strings.Cut(after, "}")
	}
	text := b.String()
	rd := newReader(nil)
	p, ok := rd.arn(text, false, false)
	if !ok {
		p = literalText(arn)
	}
	return arnForm{p, strings.Count(text, "/")}
}

// plausibility ranks a resource for an action: 3 where the reference lists the
// form of its ARN, 2 where it fits less well, 1 where at least the service is
// the same.
func plausibility(action, resource string, f actionForms) int {
	if f.known && (len(f.forms) == 0) == (resource == "*") {
		if resource == "*" {
			return bestRank
		}
		arn, _ := policy.SplitARN(resource)
		rank := 0
		for i := range f.forms {
			if !f.forms[i].pattern.match(resource) {
				continue
			}
			rank = 2
			if strings.Count(arn[5], "/") == f.forms[i].slashes {
				return bestRank
			}
		}
		if rank > 0 {
			return rank
		}
	}
	if sameService(action, resource) {
		return 1
	}
	return 0
}

// bestRank is that of a resource than which there is no better.
const bestRank = 3

// likelier looks among the candidates for a request that differs from req in
// action and resource alone, shows the same, and that AWS would send.
func (p *problem) likelier(req policy.Request, shows func(policy.Request) bool) (policy.Request, bool) {
	const most = 512 // requests to try
	service, _, _ := strings.Cut(strings.ToLower(req.Action), ":")
	tries := 0
	for _, resource := range append([]string{req.Resource.ARN}, p.pools[resourceVar].texts...) {
		for _, action := range p.pools[actionVar].texts {
			if !strings.HasPrefix(action, service+":") {
				continue
			}
			f := forms(action)
			if plausibility(action, resource, f) < bestRank {
				continue
			}
			other := req
			other.Action, other.Resource.ARN = action, resource
			if shows(other) {
				return other, true
			}
			if tries++; tries > most {
				return req, false
			}
		}
	}
	return req, false
}
