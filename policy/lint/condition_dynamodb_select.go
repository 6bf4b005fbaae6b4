package lint

import (
	"strings"

	"warden/policy"
)

var conditionDynamoDBSelect = &Check{
	ID:       "condition.dynamodb-select",
	Title:    "Attributes are limited, and all can be read",
	Severity: Security,
	Why:      "DynamoDB compares dynamodb:Attributes only where the request names attributes. Who names none gets the whole item.",
	Fix:      `Add "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"} (StringEqualsIfExists where writes are allowed too).`,
	Source:   "Amazon DynamoDB Developer Guide: Using IAM policy conditions for fine-grained access control",
	Codes:    []string{"DYNAMODB_ATTRIBUTES_WITHOUT_SELECT"},
	Match:    statements(Identity, `{"Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:*:*:table/t","Condition":{"ForAllValues:StringEquals":{"dynamodb:Attributes":["id"]}}}`),
	Pass:     statements(Identity, `{"Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:*:*:table/t","Condition":{"ForAllValues:StringEquals":{"dynamodb:Attributes":["id"]},"StringEquals":{"dynamodb:Select":"SPECIFIC_ATTRIBUTES"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			if s.allow && strings.EqualFold(c.Key, "dynamodb:Attributes") && s.has("dynamodb:Select") == nil {
				p.report(s.condition(c, -1), "a request that names no attributes gets all")
			}
		})
	},
}
