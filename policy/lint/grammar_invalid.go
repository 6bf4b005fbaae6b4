package lint

import (
	"strings"
)

var grammarInvalid = &Check{
	ID:       "grammar.invalid",
	Title:    "AWS's grammar does not allow it",
	Severity: Error,
	Why:      "AWS refuses to save the policy; where it holds such a policy all the same, nobody can be sure how it is evaluated.",
	Fix:      "Correct the element; docs/policy.md and the message say what is allowed there.",
	Source:   "IAM User Guide: Grammar of the IAM JSON policy language",
	Codes: []string{"DATA_TYPE_MISMATCH", "DUPLICATE_KEYS_WITH_DIFFERENT_CASE", "INVALID_CONDITION_OPERATOR", "INVALID_EFFECT",
		"INVALID_POLICY_ELEMENT", "INVALID_PRINCIPAL_FORMAT", "INVALID_PRINCIPAL_KEY", "INVALID_VERSION", "JSON_SYNTAX_ERROR", "MISSING_ACTION",
		"MISSING_ARN_FIELD", "INVALID_ARN_PREFIX", "MISSING_EFFECT", "MISSING_STATEMENT", "NULL_WITH_IF_EXISTS", "NULL_WITH_QUALIFIER", "UNSUPPORTED_ELEMENT_COMBINATION",
		"UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "WILDCARD_IN_SERVICE_NAME", "EMPTY_ARRAY_ACTION", "EMPTY_ARRAY_RESOURCE", "EMPTY_ARRAY_PRINCIPAL", "EMPTY_OBJECT_PRINCIPAL"},
	Match: append(statements(Auto,
		`{"Effect":"allow","Action":"s3:GetObject","Resource":"*"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","NotAction":"s3:PutObject","Resource":"*"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Ressource":"*"}`,
		`{"Effect":"Allow","Action":[],"Resource":"*"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"my-bucket"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEqual":{"aws:username":"a"}}}`),
		Example{Auto, `{"Version":"2012-10-18","Statement":[]}`}),
	Pass: statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`),
	run: func(p *pass) {
		for _, d := range p.doc.Defects {
			// Messages quote what they complain of.
			if strings.Contains(d.Message, Unknown) || strings.Contains(d.Message, `\ue000`) {
				continue
			}
			l := whole()
			if d.Statement >= 0 && d.Statement < len(p.statements) {
				l = p.statements[d.Statement].at(-1)
			}
			n := len(p.findings)
			if p.report(l, "%s", d.Message); len(p.findings) > n {
				p.findings[n].Line, p.findings[n].Column = d.Line, d.Column
			}
		}
	},
}
