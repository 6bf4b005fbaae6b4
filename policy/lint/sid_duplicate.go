package lint

var sidDuplicate = &Check{
	ID:       "sid.duplicate",
	Title:    "Two statements have the same Sid",
	Severity: Error,
	Why:      "IAM and Organizations refuse the policy: a Sid must be unique in it. Other services accept it, and then nobody knows which statement a report speaks of.",
	Fix:      "Give each statement a Sid of its own.",
	Source:   "IAM User Guide: IAM JSON policy elements: Sid",
	Codes:    []string{"UNIQUE_SIDS_REQUIRED", "UNIQUE_SIDS_RECOMMENDED"},
	Match:    statements(Auto, `[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]`),
	Pass:     statements(Auto, `[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]`),
	run: func(p *pass) {
		first := map[string]int{}
		for i := range p.statements {
			s := &p.statements[i]
			by, twice := first[s.Sid]
			switch {
			case s.Sid == "" || isOpen(s.Sid):
			case !twice:
				first[s.Sid] = i
			default:
				severity := Error
				if p.kind == Resource || p.kind == Trust || p.kind == Endpoint {
					severity = Warning
				}
				p.reportAs(severity, s.at(-1, "Sid"), "the Sid %q is that of statement %d already", short(s.Sid), by)
				p.fixable()
			}
		}
	},
}
