package lint

var arnRegionNotAllowed = &Check{
	ID:       "arn.region-not-allowed",
	Title:    "ARNs of this service have no Region",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Leave the Region empty.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"ARN_REGION_NOT_ALLOWED"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam:eu-west-1:111122223333:user/a"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111122223333:user/a"}`),
	run:      eachARN,
}
