package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ApprovalAPI is what an ApprovalTable calls; *dynamodb.Client implements it.
type ApprovalAPI interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// ApprovalTable is where people in an AWS account leave their decisions, for
// the guard to take into its ledger. They need no right to write the ledger.
//
// The partition key of an item is the unique id of who put it. IAM's key
// dynamodb:LeadingKeys lets a policy demand that it is aws:userid, so AWS, and
// not what the item says, tells who decided. Source: Amazon DynamoDB
// Developer Guide, "Using IAM policy conditions for fine-grained access
// control".
type ApprovalTable struct {
	api   ApprovalAPI
	table string
}

// Names in the table. The guard's template gives it these keys.
const (
	approverAttribute = "approver" // partition key: unique id
	planAttribute     = "plan"     // sort key: id of the plan
)

// ApprovalTableOf is the name of the table of approvals that belongs to a
// ledger's table.
func ApprovalTableOf(ledgerTable string) string { return ledgerTable + "-approvals" }

// NewApprovalTable returns the table of approvals beside a ledger's table. It
// calls nothing.
func NewApprovalTable(api ApprovalAPI, ledgerTable string) *ApprovalTable {
	return &ApprovalTable{api, ApprovalTableOf(ledgerTable)}
}

// Vote is a decision as its maker left it, not checked yet.
type Vote struct {
	Approval
	Declined bool
}

// keepVotes is how long DynamoDB keeps a decision, which the ledger has by
// then.
const keepVotes = 30 * 24 * time.Hour

// Put leaves a decision under the unique id of its maker. It fails with
// ErrExists when he decided about the plan before.
func (t *ApprovalTable) Put(ctx context.Context, v Vote, now time.Time) error {
	decision := "approve"
	if v.Declined {
		decision = "decline"
	}
	item := map[string]types.AttributeValue{
		approverAttribute: text(v.ByID), planAttribute: text(v.Plan), "by": text(v.By), "decision": text(decision),
		"time": text(now.UTC().Format(time.RFC3339)), "expires": number(now.Add(keepVotes).Unix()),
	}
	if v.Reason != "" {
		item["reason"] = text(v.Reason)
	}
	_, err := t.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(t.table), Item: item,
		ConditionExpression:      aws.String("attribute_not_exists(#plan)"),
		ExpressionAttributeNames: map[string]string{"#plan": planAttribute},
	})
	var taken *types.ConditionalCheckFailedException
	if errors.As(err, &taken) {
		return ErrExists
	}
	if err != nil {
		return fmt.Errorf("approvals: put in table %s: %w", t.table, err)
	}
	return nil
}

// Votes returns the decisions that people left, in no order. Their time is
// that which their makers gave: the ledger records when it took them in.
func (t *ApprovalTable) Votes(ctx context.Context) ([]Vote, error) {
	in := &dynamodb.ScanInput{TableName: aws.String(t.table), ConsistentRead: aws.Bool(true)}
	var out []Vote
	for {
		page, err := t.api.Scan(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("approvals: read table %s: %w", t.table, err)
		}
		for _, item := range page.Items {
			v := Vote{Approval: Approval{
				Plan: textOf(item, planAttribute), By: textOf(item, "by"), ByID: textOf(item, approverAttribute), Reason: textOf(item, "reason"),
			}}
			switch textOf(item, "decision") {
			case "approve":
			case "decline":
				v.Declined = true
			default:
				continue
			}
			out = append(out, v)
		}
		if len(page.LastEvaluatedKey) == 0 {
			return out, nil
		}
		in.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

// ApprovalTableDefinition is the table that approvals beside a ledger's table
// need, as CreateTable takes it. Who may write it is up to who makes it.
func ApprovalTableDefinition(ledgerTable string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:   aws.String(ApprovalTableOf(ledgerTable)),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(approverAttribute), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(planAttribute), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(approverAttribute), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(planAttribute), KeyType: types.KeyTypeRange},
		},
	}
}
