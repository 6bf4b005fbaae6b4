package lint

import (
	"slices"
)

var grantServiceLinkedRole = &Check{
	ID:       "grant.service-linked-role",
	Title:    "Service-linked roles of any service may be made",
	Severity: Warning,
	Why:      "Each such role gives a service the rights that AWS chose; nobody decided for all of them.",
	Fix:      "Name the roles (arn:aws:iam::*:role/aws-service-role/SERVICE/*) and add StringEquals iam:AWSServiceName.",
	Source:   "IAM User Guide: Create a service-linked role",
	Codes: []string{"CREATE_SLR_WITH_STAR_IN_RESOURCE", "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", "CREATE_SLR_WITH_NOT_RESOURCE",
		"CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION"},
	Kinds: of(Identity),
	Match: statements(Identity, `{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*"}`),
	Pass:  statements(Identity, `{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*","Condition":{"StringEquals":{"iam:AWSServiceName":"eks.amazonaws.com"}}}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if s.grants("iam:createservicelinkedrole") && s.everywhere("iam") && s.has("iam:AWSServiceName") == nil && s.Actions != nil && !slices.Contains(s.Actions, "*") {
				p.report(s.at(-1), "lets make service-linked roles of any service")
			}
		}
	},
}
