package lint

import (
	"strings"

	"warden/policy/catalog"
)

var variableKey = &Check{
	ID:       "variable.key",
	Title:    "The policy variable has no value",
	Severity: Warning,
	Why:      "The variable's name is no condition key, or one with several values, which is none: the value matches nothing, and a negated condition always holds.",
	Fix:      "Use a single-valued condition key; in CloudFormation write ${!aws:username} within Fn::Sub.",
	Source:   "IAM User Guide: IAM policy elements: Variables and tags",
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:usrname}/*"}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:TagKeys}/*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:UserName}/${aws:PrincipalTag/team}/${*}"}`),
	run: func(p *pass) {
		if p.doc.Version != "2012-10-17" {
			return // version.variables speaks
		}
		p.eachVariable(func(s *statement, l place, v string) {
			if badVariable(v) != "" {
				return
			}
			for _, part := range strings.Split(v, "${")[1:] {
				name, _, _ := strings.Cut(part, "}")
				name, _, _ = strings.Cut(name, ",")
				if name == "*" || name == "?" || name == "$" {
					continue
				}
				switch k := keyOf(name); {
				case k == nil:
					near := ""
					if n := catalog.NearestKey(name); n != "" {
						near = ", did you mean ${" + n + "}?"
					}
					p.report(l, "no request has ${%s}%s", short(name), near)
				case k.Type.Multivalued():
					p.report(l, "${%s} has several values, and is empty as a variable", short(name))
				}
			}
		})
	},
}
