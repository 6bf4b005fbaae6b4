package lint

var arnService = &Check{
	ID:       "arn.service",
	Title:    "No service has such ARNs",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Correct the third part of the ARN.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"INVALID_SERVICE"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s4:::b/*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`),
	run:      eachARN,
}
