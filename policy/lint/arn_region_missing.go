package lint

var arnRegionMissing = &Check{
	ID:       "arn.region-missing",
	Title:    "The ARN lacks its Region",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write the Region, or * for all.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"MISSING_ARN_REGION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs::111122223333:q"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:111122223333:q"}`),
	run:      eachARN,
}
