package lint

import (
	"fmt"
	"strings"

	"warden/policy/catalog"
)

var resourceMismatch = &Check{
	ID:       "resource.mismatch",
	Title:    "The action can be used on none of the resources",
	Severity: Error,
	Why: "Each action works on certain types of resources, and AWS compares the request's resource with the statement. s3:ListBucket acts on the bucket " +
		"(arn:aws:s3:::b) and not on its objects (arn:aws:s3:::b/*), s3:GetObject the other way round; actions without resource types need *. " +
		"So this action is never allowed, or never denied, by this statement.",
	Fix:    "Name a resource of the type in the message, or move the action to a statement with one.",
	Source: "Service Authorization Reference: Actions table",
	Codes:  []string{"UNSUPPORTED_RESOURCE_ARN_IN_POLICY"},
	Kinds:  withResource,
	Match: statements(Auto,
		`{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":"arn:aws:s3:::my-bucket/*"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::my-bucket"}`,
		`{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"arn:aws:ec2:eu-west-1:111122223333:instance/*"}`,
		`{"Effect":"Deny","Action":"dynamodb:PutItem","Resource":"arn:aws:dynamodb:*:*:table/t/index/i"}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::my-bucket","arn:aws:s3:::my-bucket/*"]}`,
		`{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":"arn:aws:s3:::my-bucket*"}`,
		`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}`,
		`{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}`,
		`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:111122223333:jobs-*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if len(s.Resources) == 0 || s.Actions == nil || p.brokenARN(s) {
				continue
			}
			for j, v := range s.Actions {
				if v == "*" || isOpen(v) {
					continue
				}
				// Of a wildcard it is enough that one action can be used.
				if all := p.matching(v); len(all) > 0 && !p.anyUsable(all, s.Resources) {
					p.report(s.at(j, "Action"), "%s", p.mismatch(v, all[0], s))
				}
			}
		}
	},
}

// brokenARN tells whether all resources of a statement are broken, which is
// said elsewhere.
func (p *pass) brokenARN(s *statement) bool {
	for _, v := range s.Resources {
		if id, _ := p.arnProblem(v); id == "" {
			return false
		}
	}
	return true
}

func (p *pass) anyUsable(actions []*catalog.Action, resources []string) bool {
	for _, a := range actions {
		for _, v := range resources {
			if p.canUse(a, v) {
				return true
			}
		}
	}
	return false
}

// mismatch says what an action could be used on.
func (p *pass) mismatch(v string, a *catalog.Action, s *statement) string {
	resource := short(s.Resources[0])
	if len(s.Resources) > 1 {
		resource = fmt.Sprintf("any of the %d resources", len(s.Resources))
	}
	if len(a.Resources) == 0 {
		return fmt.Sprintf("%s never matches: it takes no resource but *, not %s", short(v), resource)
	}
	var types []string
	for _, u := range a.Resources {
		types = append(types, fmt.Sprintf("%s (%s)", u.Type.Name, u.Type.ARN))
	}
	return fmt.Sprintf("%s never matches %s: it acts on %s%s", short(v), resource, names(types), p.meant(a, s.Resources))
}

// meant finds what was probably meant: the bucket of objects, or the objects
// of a bucket.
func (p *pass) meant(a *catalog.Action, resources []string) string {
	for _, v := range resources {
		arn, ok := splitARN(v)
		if !ok {
			continue
		}
		if head, _, cut := strings.Cut(arn.resource, "/"); cut && arn.service == "s3" {
			if v = strings.TrimSuffix(v, arn.resource) + head; p.canUse(a, v) {
				return fmt.Sprintf("; did you mean %s?", short(v))
			}
		} else if v += "/*"; !cut && p.canUse(a, v) {
			return fmt.Sprintf("; did you mean %s?", short(v))
		}
	}
	return ""
}
