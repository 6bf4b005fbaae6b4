package lint

var trustAccount = &Check{
	ID:       "trust.account",
	Title:    "A whole account is trusted",
	Severity: Suggestion,
	Why: "An account id, or its root, stands for every identity of that account that its own administrators allow sts:AssumeRole. For an account of somebody else " +
		"an external id keeps him from being tricked into using your role for a third party.",
	Fix:    "Name the role or user; or add sts:ExternalId, aws:PrincipalOrgID, aws:PrincipalArn or aws:MultiFactorAuthPresent as a condition.",
	Source: "IAM User Guide: Access to AWS accounts owned by third parties",
	Kinds:  of(Trust),
	Match:  statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}`),
	Pass: statements(Trust,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"f9b1"}}}`,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/ci"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || len(s.Conditions) > 0 {
				continue
			}
			for _, e := range s.Principals {
				a, ok := splitARN(e.Value)
				if e.Type == "AWS" && (isAccountID(e.Value) || ok && a.service == "iam" && a.resource == "root") {
					p.report(s.at(-1, "Principal"), "everybody whom the administrators of %s let may assume the role", short(e.Value))
				}
			}
		}
	},
}
