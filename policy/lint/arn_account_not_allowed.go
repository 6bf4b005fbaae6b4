package lint

var arnAccountNotAllowed = &Check{
	ID:       "arn.account-not-allowed",
	Title:    "ARNs of this service have no account",
	Severity: Error,
	Why:      "AWS compares ARNs part by part and with case. This one is that of no resource, so that the statement gives, or denies, nothing by it.",
	Fix:      "Leave the account empty.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; Service Authorization Reference: Resource types table",
	Codes:    []string{"ARN_ACCOUNT_NOT_ALLOWED"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"route53:GetHostedZone","Resource":"arn:aws:route53::111122223333:hostedzone/Z1"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"route53:GetHostedZone","Resource":"arn:aws:route53:::hostedzone/Z1"}`),
	run:      eachARN,
}
