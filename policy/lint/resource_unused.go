package lint

import (
	"warden/policy/catalog"
)

var resourceUnused = &Check{
	ID:       "resource.unused",
	Title:    "No action of the statement can be used on the resource",
	Severity: Warning,
	Why:      "The resource changes nothing in this statement. Somebody reads it as protected, or as reachable, and it is neither.",
	Fix:      "Remove it, or add the action that was meant; arn:aws:s3:::b is the bucket, arn:aws:s3:::b/* its objects.",
	Source:   "Service Authorization Reference: Actions table",
	Kinds:    withResource,
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":["arn:aws:sqs:*:*:q","arn:aws:sns:*:*:t"]}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`, `{"Effect":"Deny","Action":"*","Resource":["arn:aws:s3:::b"]}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if len(s.Actions) == 0 || len(s.Resources) < 2 {
				continue
			}
			var actions []*catalog.Action
			known := true
			for _, v := range s.Actions {
				found := p.matching(v)
				known = known && len(found) > 0 && v != "*"
				actions = append(actions, found...)
			}
			if !known {
				continue
			}
			for j, v := range s.Resources {
				if id, _ := p.arnProblem(v); id == "" && !isOpen(v) && !p.anyUsable(actions, []string{v}) && p.usableElse(s, j, actions) {
					p.report(s.at(j, "Resource"), "none of the statement's actions can be used on %s", short(v))
				}
			}
		}
	},
}

// usableElse tells whether the actions can be used on another resource of the
// statement; if not, resource.mismatch says so already.
func (p *pass) usableElse(s *statement, except int, actions []*catalog.Action) bool {
	for j, v := range s.Resources {
		if j != except && p.anyUsable(actions, []string{v}) {
			return true
		}
	}
	return false
}
