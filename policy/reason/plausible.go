package reason

import (
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// arnForm is the form of the ARNs of one type of resource.
type arnForm struct {
	pattern pattern
	slashes int // in the last part
}

// forms are those that the service authorization reference lists for an
// action; none where only * will do. ok is false for actions that it does not
// know.
func forms(action string) (out []arnForm, ok bool) {
	known := catalog.Lookup(action)
	if known == nil {
		return nil, false
	}
	for _, use := range known.Resources {
		out = append(out, newForm(use.Type.ARN))
	}
	return out, true
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
func plausibility(action, resource string, forms []arnForm, known bool) int {
	if known && (len(forms) == 0) == (resource == "*") {
		if resource == "*" {
			return 3
		}
		arn, _ := policy.SplitARN(resource)
		rank := 0
		for i := range forms {
			if !forms[i].pattern.match(resource) {
				continue
			}
			rank = max(rank, 2)
			if strings.Count(arn[5], "/") == forms[i].slashes {
				return 3
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
