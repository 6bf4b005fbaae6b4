package lint

var arnServiceCase = &Check{
	ID:       "arn.service-case",
	Title:    "The ARN's service is not in lower case",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write the service in lower case.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"INVALID_ARN_SERVICE_CASE"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:S3:::b/*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`),
	run:      eachARN,
}
