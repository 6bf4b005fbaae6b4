package ledger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	mathrand "math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"warden/change"
)

// DynamoDBAPI is what a DynamoDB store calls. It has no UpdateItem and no
// DeleteItem: what is stored is never touched again, and a role that may not
// call them cannot change it either. *dynamodb.Client implements it.
type DynamoDBAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// DynamoDB is a Store in one table, shared by every process that can reach
// it. The table has the keys that [TableDefinition] gives it.
//
// Each entry is an item under its number. The newest item is the head: a new
// entry is written on the condition that its number is free, so of several
// writers one wins and the others seal again after it. An entry with a key is
// written in one transaction with a second item that holds the key. All reads
// are strongly consistent; those of an incident use a local index, which is
// consistent too and limits a ledger to 10 GB. Source: Amazon DynamoDB
// Developer Guide, "Local secondary indexes" and "Amazon DynamoDB
// transactions".
type DynamoDB struct {
	api   DynamoDBAPI
	table string

	// turn lets one goroutine append at a time; its value is the head as far
	// as this process knows, the zero Entry when it has to be looked up.
	turn chan Entry
}

var _ Store = (*DynamoDB)(nil)

// Names in the table.
const (
	chainAttribute    = "chain"       // partition key: Genesis, or "key:" and a hash
	seqAttribute      = "seq"         // sort key
	incidentAttribute = "incidentSeq" // sort key of the index, "INCIDENT#000…SEQ"
	incidentIndex     = "incident"
	entryAttribute    = "entry"  // of a key's item: the number of its entry
	nonceAttribute    = "append" // tells our own write from another's after a lost answer
)

// maxSeq has as many digits as an int64 can have.
const maxSeq = int64(^uint64(0) >> 1)

// TableDefinition is the table that a DynamoDB store needs, as CreateTable
// takes it. Protection and backups are up to who makes it.
func TableDefinition(table string) *dynamodb.CreateTableInput {
	key := func(sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: aws.String(chainAttribute), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
		}
	}
	return &dynamodb.CreateTableInput{
		TableName:   aws.String(table),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(chainAttribute), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(seqAttribute), AttributeType: types.ScalarAttributeTypeN},
			{AttributeName: aws.String(incidentAttribute), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: key(seqAttribute),
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{
			IndexName: aws.String(incidentIndex), KeySchema: key(incidentAttribute),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	}
}

// NewDynamoDB returns a store in an existing table. It calls nothing.
func NewDynamoDB(api DynamoDBAPI, table string) *DynamoDB {
	s := &DynamoDB{api: api, table: table, turn: make(chan Entry, 1)}
	s.turn <- Entry{}
	return s
}

// errLost: another writer was faster; seal again after his entry.
var errLost = errors.New("another writer was faster")

// appendTries bounds how often one Append loses against other writers.
const appendTries = 100

// Append implements Store. An entry larger than DynamoDB's limit for an item,
// 400 KB, is refused.
func (s *DynamoDB) Append(ctx context.Context, e Entry) (Entry, error) {
	var head Entry
	select {
	case head = <-s.turn:
	case <-ctx.Done():
		return Entry{}, ctx.Err()
	}
	out, err := s.append(ctx, head, e)
	switch {
	case err == nil:
		head = Entry{Seq: out.Seq, Hash: out.Hash}
	case errors.Is(err, ErrExists):
	default:
		head = Entry{} // what was stored is open: look it up
	}
	s.turn <- head
	if err != nil && !errors.Is(err, ErrExists) {
		err = s.failed("append", err)
	}
	return out, err
}

func (s *DynamoDB) append(ctx context.Context, head, e Entry) (Entry, error) {
	for try := 1; ; try++ {
		var err error
		if head.Seq == 0 {
			if head, err = s.head(ctx); err != nil {
				return Entry{}, err
			}
		}
		sealed := Seal(head, e)
		err = s.put(ctx, sealed)
		switch {
		case err == nil:
			return sealed, nil
		case !errors.Is(err, errLost) || try == appendTries:
			return Entry{}, err
		}
		head = Entry{}
		pause := time.Duration(1+mathrand.IntN(min(10*try, 200))) * time.Millisecond
		select {
		case <-ctx.Done():
			return Entry{}, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// head returns number and hash of the newest entry, the zero Entry when there
// is none.
func (s *DynamoDB) head(ctx context.Context) (Entry, error) {
	out, err := s.api.Query(ctx, &dynamodb.QueryInput{
		TableName: aws.String(s.table), ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(1),
		KeyConditionExpression:    aws.String("#chain = :chain"),
		ExpressionAttributeNames:  map[string]string{"#chain": chainAttribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":chain": text(Genesis)},
	})
	if err != nil || len(out.Items) == 0 {
		return Entry{}, err
	}
	e, err := fromItem(out.Items[0])
	return Entry{Seq: e.Seq, Hash: e.Hash}, err
}

// put stores a sealed entry where its number, and its key, are free. It fails
// with ErrExists when the key is taken and with errLost when the number is.
func (s *DynamoDB) put(ctx context.Context, e Entry) error {
	item, nonce := toItem(e), rand.Text()
	item[nonceAttribute] = text(nonce)
	const free = "attribute_not_exists(#chain)"
	names := map[string]string{"#chain": chainAttribute}
	if e.Key == "" {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: aws.String(s.table), Item: item, ConditionExpression: aws.String(free), ExpressionAttributeNames: names,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		var taken *types.ConditionalCheckFailedException
		if errors.As(err, &taken) {
			if textOf(taken.Item, nonceAttribute) == nonce {
				return nil // the client tried again after an answer was lost
			}
			return errLost
		}
		return err
	}
	key := keyOf(e.Key)
	key[entryAttribute], key[nonceAttribute] = number(e.Seq), text(nonce)
	put := func(item map[string]types.AttributeValue) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String(s.table), Item: item, ConditionExpression: aws.String(free), ExpressionAttributeNames: names,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}}
	}
	_, err := s.api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{put(item), put(key)}})
	return refused(err, nonce)
}

// refused reads why a transaction of an entry and its key was cancelled; nil
// when it was because an earlier try of the same went through.
func refused(err error, nonce string) error {
	var cancelled *types.TransactionCanceledException
	var inProgress *types.TransactionInProgressException
	switch {
	case errors.As(err, &inProgress):
		return errLost
	case !errors.As(err, &cancelled):
		return err
	}
	var codes []string
	for _, r := range cancelled.CancellationReasons {
		codes = append(codes, aws.ToString(r.Code))
	}
	if len(codes) == 2 && codes[1] == "ConditionalCheckFailed" {
		if textOf(cancelled.CancellationReasons[1].Item, nonceAttribute) == nonce {
			return nil
		}
		return ErrExists
	}
	for _, c := range codes {
		switch c {
		case "", "None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		default:
			return fmt.Errorf("%w (%v)", err, codes)
		}
	}
	return errLost
}

// Get implements Store.
func (s *DynamoDB) Get(ctx context.Context, key string) (Entry, error) {
	if key == "" {
		return Entry{}, ErrNotFound
	}
	holder, err := s.item(ctx, keyOf(key))
	if err != nil {
		return Entry{}, s.failed("get", err)
	}
	if holder == nil {
		return Entry{}, ErrNotFound
	}
	seq, ok := holder[entryAttribute].(*types.AttributeValueMemberN)
	if !ok {
		return Entry{}, s.failed("get", errors.New("the item of a key names no entry"))
	}
	item, err := s.item(ctx, map[string]types.AttributeValue{chainAttribute: text(Genesis), seqAttribute: seq})
	if err != nil {
		return Entry{}, s.failed("get", err)
	}
	e, err := fromItem(item)
	if err == nil && e.Key != key {
		err = &BrokenError{e.Seq, "it is not the entry that its key was given to"}
	}
	if err != nil {
		return Entry{}, s.failed("get", err)
	}
	return e, nil
}

func (s *DynamoDB) item(ctx context.Context, key map[string]types.AttributeValue) (map[string]types.AttributeValue, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(s.table), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// Entries implements Store. Kinds and steps are picked out here, from all
// entries or from those of the incident.
func (s *DynamoDB) Entries(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if q.After == maxSeq {
			return
		}
		in := &dynamodb.QueryInput{
			TableName: aws.String(s.table), ConsistentRead: aws.Bool(true),
			KeyConditionExpression:    aws.String("#chain = :chain AND #sort > :after"),
			ExpressionAttributeNames:  map[string]string{"#chain": chainAttribute, "#sort": seqAttribute},
			ExpressionAttributeValues: map[string]types.AttributeValue{":chain": text(Genesis), ":after": number(q.After)},
		}
		if q.Incident != "" {
			in.IndexName = aws.String(incidentIndex)
			in.KeyConditionExpression = aws.String("#chain = :chain AND #sort BETWEEN :after AND :last")
			in.ExpressionAttributeNames["#sort"] = incidentAttribute
			in.ExpressionAttributeValues[":after"] = text(incidentSeq(q.Incident, q.After+1))
			in.ExpressionAttributeValues[":last"] = text(incidentSeq(q.Incident, maxSeq))
		}
		for {
			out, err := s.api.Query(ctx, in)
			if err != nil {
				yield(Entry{}, s.failed("read", err))
				return
			}
			for _, item := range out.Items {
				e, err := fromItem(item)
				if err != nil {
					yield(Entry{}, s.failed("read", err))
					return
				}
				if q.Match(e) && !yield(e, nil) {
					return
				}
			}
			if len(out.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// Close implements Store; there is nothing to close.
func (s *DynamoDB) Close() error { return nil }

func (s *DynamoDB) failed(what string, err error) error {
	return fmt.Errorf("%s in table %s: %w", what, s.table, err)
}

func text(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func textOf(item map[string]types.AttributeValue, name string) string {
	if v, ok := item[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// keyOf is the primary key of the item that holds a key of the ledger. Keys
// have parts that a caller chose, of any length; the hash has one length.
func keyOf(key string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{chainAttribute: text("key:" + change.Hash(key)), seqAttribute: number(0)}
}

func incidentSeq(incident string, seq int64) string { return fmt.Sprintf("%s#%019d", incident, seq) }

func toItem(e Entry) map[string]types.AttributeValue {
	item := map[string]types.AttributeValue{
		chainAttribute: text(Genesis), seqAttribute: number(e.Seq),
		"time": text(e.Time.Format(time.RFC3339Nano)), "kind": text(string(e.Kind)),
		"prev": text(e.Prev), "hash": text(e.Hash),
	}
	for name, v := range map[string]string{"incident": e.Incident, "step": e.Step, "key": e.Key, "body": string(e.Body)} {
		if v != "" {
			item[name] = text(v)
		}
	}
	if e.Incident != "" {
		item[incidentAttribute] = text(incidentSeq(e.Incident, e.Seq))
	}
	return item
}

func fromItem(item map[string]types.AttributeValue) (Entry, error) {
	n, ok := item[seqAttribute].(*types.AttributeValueMemberN)
	if !ok {
		return Entry{}, errors.New("an item of the ledger has no number")
	}
	seq, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return Entry{}, fmt.Errorf("an item of the ledger has the number %q", n.Value)
	}
	at, err := time.Parse(time.RFC3339Nano, textOf(item, "time"))
	if err != nil {
		return Entry{}, &BrokenError{seq, "its time cannot be read"}
	}
	return Entry{
		Seq: seq, Time: at, Kind: Kind(textOf(item, "kind")), Incident: textOf(item, "incident"), Step: textOf(item, "step"),
		Key: textOf(item, "key"), Body: json.RawMessage(textOf(item, "body")), Prev: textOf(item, "prev"), Hash: textOf(item, "hash"),
	}, nil
}
