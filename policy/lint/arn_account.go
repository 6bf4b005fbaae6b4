package lint

var arnAccount = &Check{
	ID:       "arn.account",
	Title:    "The ARN's account is not an account id",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write the twelve digits of the account, or *.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"INVALID_ARN_ACCOUNT"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::12345:user/a"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111122223333:user/a"}`),
	run:      eachARN,
}
