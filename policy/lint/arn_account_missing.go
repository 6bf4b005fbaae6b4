package lint

var arnAccountMissing = &Check{
	ID:       "arn.account-missing",
	Title:    "The ARN lacks its account",
	Severity: Warning,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write the account's id, or * for any.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"MISSING_ARN_ACCOUNT"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam:::user/a"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/a"}`),
	run:      eachARN,
}
