package lint

var resourceRedundant = &Check{
	ID:       "resource.redundant",
	Title:    "The resource is in the list already",
	Severity: Suggestion,
	Why:      "It changes nothing, hides what the statement really says, and counts against the policy's size.",
	Fix:      "Remove it (--fix does), or remove the wider value if that was not meant.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource",
	Codes:    []string{"REDUNDANT_RESOURCE"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:*","Resource":["*","arn:aws:s3:::b"]}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/a*"]}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`),
	run:      func(p *pass) { redundantValues(p, "Resource", "NotResource") },
}
