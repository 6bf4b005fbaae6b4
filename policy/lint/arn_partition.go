package lint

var arnPartition = &Check{
	ID:       "arn.partition",
	Title:    "The ARN's partition does not exist",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Write aws, aws-cn, aws-us-gov or another partition of AWS, or *.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"INVALID_PARTITION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:amazon:s3:::b/*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws-cn:s3:::b/*"}`),
	run:      eachARN,
}
