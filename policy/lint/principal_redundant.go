package lint

var principalRedundant = &Check{
	ID:       "principal.redundant",
	Title:    "The principal is in the list already",
	Severity: Suggestion,
	Why:      `Beside "*" no other principal says anything: the list looks narrower than it is.`,
	Fix:      `Remove "*" if the list was meant, or the list.`,
	Source:   "IAM User Guide: AWS JSON policy elements: Principal",
	Codes:    []string{"REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY"},
	Kinds:    of(Resource, Trust, Endpoint),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"AWS":["*","arn:aws:iam::111122223333:role/a"]},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:root"]},"Action":"sts:AssumeRole"}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::444455556666:root"]},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			all, seen := false, map[string]bool{}
			for _, e := range s.Principals {
				all = all || e.Value == "*" && (e.Type == "AWS" || e.Type == "*")
			}
			for _, e := range s.Principals {
				v := e.Value
				if a, ok := splitARN(v); ok && a.service == "iam" && a.resource == "root" {
					v = a.account
				}
				switch key := e.Type + " " + v; {
				case isOpen(v):
				case all && e.Type == "AWS" && v != "*":
					p.report(s.at(-1, "Principal"), "%s says nothing beside *", short(e.Value))
				case seen[key]:
					p.report(s.at(-1, "Principal"), "%s is listed twice", short(e.Value))
				default:
					seen[key] = true
				}
			}
		}
	},
}
