package lint

import (
	"slices"
	"strings"
)

var principalService = &Check{
	ID:       "principal.service",
	Title:    "The service principal's name is wrong",
	Severity: Error,
	Why:      "AWS refuses the policy, or the service that was meant cannot use the role or the resource.",
	Fix:      "Write the service's principal, for example lambda.amazonaws.com, in lower case.",
	Source:   "IAM User Guide: AWS JSON policy elements: Principal, section Service principals",
	Codes:    []string{"INVALID_SERVICE_PRINCIPAL_FORMAT"},
	Kinds:    of(Resource, Trust, Endpoint),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Principal":{"Service":"Lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com.cn"]},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			for _, e := range slices.Concat(s.Principals, s.NotPrincipals) {
				if e.Type != "Service" || isOpen(e.Value) || hasWildcard(e.Value) {
					continue
				}
				lower := strings.ToLower(e.Value)
				switch {
				case !strings.HasSuffix(lower, ".amazonaws.com") && !strings.HasSuffix(lower, ".amazonaws.com.cn") && !strings.HasSuffix(lower, ".amazon.com") && !strings.HasSuffix(lower, ".amazonaws.eu") && !strings.Contains(lower, "."):
					p.report(s.at(-1, "Principal"), "%q is no service principal, did you mean %q?", short(e.Value), short(lower)+".amazonaws.com")
				case lower != e.Value && strings.HasSuffix(lower, ".amazonaws.com"):
					p.report(s.at(-1, "Principal"), "service principals are in lower case: %q", short(lower))
				}
			}
		}
	},
}
