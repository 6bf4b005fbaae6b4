package lint

import (
	"strings"
)

var variableForm = &Check{
	ID:       "variable.form",
	Title:    "The policy variable is written wrongly",
	Severity: Error,
	Why:      "AWS refuses the policy, or takes the text literally so that it matches nothing.",
	Fix:      "Write ${aws:username}, with a default ${aws:username, 'anonymous'}: no space within the name, braces and quotes closed.",
	Source:   "IAM User Guide: IAM policy elements: Variables and tags",
	Codes:    []string{"MISSING_BRACE_IN_VARIABLE", "MISSING_QUOTE_IN_VARIABLE", "UNSUPPORTED_SPACE_IN_VARIABLE", "EMPTY_VARIABLE"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username/*"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${}/*"}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"${aws: username}/*"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"${aws:username, 'x}/*"}}}`),
	Pass: statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::home/${aws:username}/*","arn:aws:s3:::${aws:PrincipalTag/team, 'none'}/${*}"]}`),
	run: func(p *pass) {
		p.eachVariable(func(s *statement, l place, v string) {
			if bad := badVariable(v); bad != "" {
				p.report(l, "%s: %s", short(v), bad)
			}
		})
	},
}

// eachVariable calls f with every value of a resource or condition that has a
// variable.
func (p *pass) eachVariable(f func(s *statement, l place, v string)) {
	for i := range p.statements {
		s := &p.statements[i]
		for j, v := range s.Resources {
			if hasVariable(v) && !isOpen(v) {
				f(s, s.at(j, "Resource"), v)
			}
		}
		for j, v := range s.NotResources {
			if hasVariable(v) && !isOpen(v) {
				f(s, s.at(j, "NotResource"), v)
			}
		}
		for k := range s.Conditions {
			for j, v := range s.Conditions[k].Values {
				if hasVariable(v) && !isOpen(v) {
					f(s, s.condition(&s.Conditions[k], j), v)
				}
			}
		}
	}
}

// badVariable says what is wrong with the variables of a value.
func badVariable(v string) string {
	for {
		i := strings.Index(v, "${")
		if i < 0 {
			return ""
		}
		v = v[i+2:]
		end := strings.IndexByte(v, '}')
		if end < 0 {
			return "a closing brace is missing"
		}
		name, fallback, has := strings.Cut(v[:end], ",")
		trimmed := strings.TrimSpace(name)
		switch {
		case trimmed == "":
			return "the variable has no name"
		case trimmed != name || strings.ContainsAny(name, " \t"):
			return "a variable's name has no spaces"
		}
		if has {
			fallback = strings.TrimSpace(fallback)
			if !strings.HasPrefix(fallback, "'") || len(fallback) < 2 || !strings.HasSuffix(fallback, "'") {
				return "a default stands in single quotes"
			}
		}
		v = v[end+1:]
	}
}
