package lint

var sidForm = &Check{
	ID:       "sid.form",
	Title:    "The Sid has characters that IAM refuses",
	Severity: Error,
	Why:      "In IAM a Sid holds letters and digits, nothing else; the policy cannot be saved.",
	Fix:      "Leave out spaces, hyphens, underscores and other signs.",
	Source:   "IAM User Guide: IAM JSON policy elements: Sid",
	Codes:    []string{"UNSUPPORTED_SID"},
	Kinds:    of(Identity, Boundary),
	Match:    statements(Identity, `{"Sid":"read only","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`),
	Pass: append(statements(Identity, `{"Sid":"ReadOnly2","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`),
		statements(Resource, `{"Sid":"read only","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`)...),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			for _, r := range s.Sid {
				if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && string(r) != Unknown {
					p.report(s.at(-1, "Sid"), "the Sid %q holds %q, which IAM refuses", short(s.Sid), r)
					break
				}
			}
		}
	},
}
