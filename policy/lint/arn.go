package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"warden/policy/catalog"
)

// arn is a value of Resource in its six parts.
type arn struct{ partition, service, region, account, resource string }

// splitARN splits a value of Resource; ok is false for * and for what is no
// whole ARN, of which the grammar's check complains.
func splitARN(v string) (a arn, ok bool) {
	parts := splitColons(v)
	if len(parts) < 6 || parts[0] != "arn" {
		return arn{}, false
	}
	return arn{parts[1], parts[2], parts[3], parts[4], parts[5]}, true
}

// splitColons splits at the first five colons that stand outside of variables.
func splitColons(v string) []string {
	if !hasVariable(v) {
		return strings.SplitN(v, ":", 6)
	}
	var parts []string
	begin := 0
	for i := 0; i < len(v) && len(parts) < 5; i++ {
		if strings.HasPrefix(v[i:], "${") {
			if end := strings.IndexByte(v[i:], '}'); end > 0 {
				i += end
			}
		} else if v[i] == ':' {
			parts = append(parts, v[begin:i])
			begin = i + 1
		}
	}
	return append(parts, v[begin:])
}

// exact tells whether a part is plain text.
func exact(part string) bool { return !strings.ContainsAny(part, "*?$") && !isOpen(part) }

// arnForms are the ARNs that the catalog has for one service name in ARNs,
// which is not always the prefix of its actions.
type arnForms struct {
	templates []arn
	// region and account tell whether some template has that part, and
	// whether every one has.
	anyRegion, allRegion, anyAccount, allAccount bool
	accounts                                     map[string]bool // written out in templates
}

// unlisted are ARNs that AWS's own managed policies use, and that the reference
// pages do not list: resources of AWS itself, and paths of API Gateway.
var unlisted = map[string][]string{
	"apigateway":          {"arn:${Partition}:apigateway:${Region}::/${Path}"},
	"cloudformation":      {"arn:${Partition}:cloudformation:${Region}:aws:transform/${Name}"},
	"resource-explorer-2": {"arn:${Partition}:resource-explorer-2:${Region}::view/${Name}"},
	"ssm": {
		"arn:${Partition}:ssm:${Region}::automation-definition/${Name}",
		"arn:${Partition}:ssm:${Region}::document/${Name}",
	},
}

// isUnlisted tells whether a value can name one of them.
func isUnlisted(v string) bool {
	a, ok := splitARN(v)
	return ok && slices.ContainsFunc(unlisted[a.service], func(t string) bool { return meetARN(v, t) })
}

// forms are the catalog's ARNs, and the unlisted ones, by the service named in
// them.
var forms = sync.OnceValue(func() map[string]*arnForms {
	all := map[string]*arnForms{}
	var templates []string
	for _, list := range unlisted {
		templates = append(templates, list...)
	}
	for _, s := range catalog.Services() {
		for _, r := range s.Resources() {
			templates = append(templates, r.ARN)
		}
	}
	for _, t := range templates {
		if a, ok := splitARN(t); ok {
			f := all[a.service]
			if f == nil {
				f = &arnForms{allRegion: true, allAccount: true, accounts: map[string]bool{}}
				all[a.service] = f
			}
			f.templates = append(f.templates, a)
			f.anyRegion, f.allRegion = f.anyRegion || a.region != "", f.allRegion && a.region != ""
			f.anyAccount, f.allAccount = f.anyAccount || a.account != "", f.allAccount && a.account != ""
			if !strings.HasPrefix(a.account, "$") {
				f.accounts[a.account] = true
			}
		}
	}
	return all
})

// partitions are those of AWS. General Reference, "Amazon Resource Names".
var partitions = map[string]bool{
	"aws": true, "aws-cn": true, "aws-us-gov": true, "aws-iso": true, "aws-iso-b": true, "aws-iso-e": true, "aws-iso-f": true, "aws-eusc": true,
}

var regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)

func isAccountID(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) == 12
}

// arnProblem finds the first thing that is wrong with a value of Resource: the
// id of the check that speaks of it, and the message. Where the id is "" the
// value may be right.
func arnProblem(v string) (id, message string) {
	a, ok := splitARN(v)
	if !ok {
		return "", ""
	}
	if exact(a.partition) && !partitions[a.partition] {
		return "arn.partition", fmt.Sprintf("the partition %q in %s does not exist", a.partition, short(v))
	}
	if !exact(a.service) {
		return "", ""
	}
	f := forms()[a.service]
	if f == nil {
		lower := strings.ToLower(a.service)
		switch {
		case lower != a.service && (forms()[lower] != nil || catalog.ServiceOf(lower) != nil):
			return "arn.service-case", fmt.Sprintf("ARNs compare with case: %s never matches, write %q", short(v), lower)
		case catalog.ServiceOf(lower) == nil:
			near := ""
			if n := catalog.NearestService(lower); n != "" {
				near = fmt.Sprintf(", did you mean %q?", n)
			}
			return "arn.service", fmt.Sprintf("no service has ARNs with %q%s", a.service, near)
		}
		return "", ""
	}
	if exact(a.region) && a.region != "" {
		if !f.anyRegion {
			return "arn.region-not-allowed", fmt.Sprintf("ARNs of %s have no Region: %s never matches", a.service, short(v))
		}
		if !regionForm.MatchString(a.region) {
			return "arn.region", fmt.Sprintf("%q in %s is no Region", a.region, short(v))
		}
	}
	if exact(a.account) && a.account != "" {
		if !f.anyAccount {
			return "arn.account-not-allowed", fmt.Sprintf("ARNs of %s have no account: %s never matches", a.service, short(v))
		}
		if !isAccountID(a.account) && a.account != "aws" && !f.accounts[a.account] {
			return "arn.account", fmt.Sprintf("%q in %s is not an account id of twelve digits", a.account, short(v))
		}
	}
	if a.region == "" && f.allRegion {
		return "arn.region-missing", fmt.Sprintf("ARNs of %s have a Region: %s never matches, write one or *", a.service, short(v))
	}
	if a.account == "" && f.allAccount {
		return "arn.account-missing", fmt.Sprintf("ARNs of %s have an account: %s never matches, write one or *", a.service, short(v))
	}
	for _, t := range f.templates {
		if meet(policyTokens(a.resource), templateTokens(t.resource)) {
			return "", ""
		}
	}
	return "arn.type", fmt.Sprintf("%s has no type of resource whose ARNs look like %s", a.service, short(v))
}

// eachARN runs one of the checks on ARNs.
func eachARN(p *pass) {
	for i := range p.statements {
		s := &p.statements[i]
		for _, e := range []struct {
			name   string
			values []string
		}{{"Resource", s.Resources}, {"NotResource", s.NotResources}} {
			for j, v := range e.values {
				if id, message := p.arnProblem(v); id == p.check.ID {
					p.report(s.at(j, e.name), "%s", message)
				}
			}
		}
	}
}

// arnProblem remembers what the function of that name found.
func (p *pass) arnProblem(v string) (id, message string) {
	if found, ok := p.arns[v]; ok {
		return found[0], found[1]
	}
	id, message = arnProblem(v)
	p.arns[v] = [2]string{id, message}
	return id, message
}
