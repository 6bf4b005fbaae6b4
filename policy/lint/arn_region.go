package lint

var arnRegion = &Check{
	ID:       "arn.region",
	Title:    "The ARN's Region does not exist",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write a Region such as eu-central-1, or *.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"INVALID_ARN_REGION", "INVALID_REGION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:frankfurt:111122223333:q"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-central-1:111122223333:q"}`),
	run:      eachARN,
}
