package lint

var arnType = &Check{
	ID:       "arn.type",
	Title:    "The service has no such type of resource",
	Severity: Warning,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write the last part as the service's reference page shows it.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"INVALID_ARN_RESOURCE"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111122223333:users/a"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111122223333:user/a"}`),
	run:      eachARN,
}
