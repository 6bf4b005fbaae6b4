package ledger_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"warden/change/ledger"
	"warden/change/ledger/ledgertest"
	"warden/internal/fixture"
)

// oneAtATime sends one request after the other: moto undoes a cancelled
// transaction by putting back a copy of the whole table, with which it loses
// what other requests wrote meanwhile. The requests of several writers still
// mix.
type oneAtATime struct {
	mu sync.Mutex
	// lose, where set, makes the answer to a request get lost on its way.
	lose func(*http.Request) bool
}

func (o *oneAtATime) Do(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	res, err := http.DefaultClient.Do(r)
	if err == nil && o.lose != nil && o.lose(r) {
		return nil, errors.Join(errors.New("connection reset by peer"), res.Body.Close())
	}
	return res, err
}

func newClient(url string, h aws.HTTPClient) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: h,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA"+rand.Text()[:16], "any", ""),
	})
}

func newTable(tb testing.TB, client *dynamodb.Client) string {
	tb.Helper()
	name := "ledger-" + rand.Text()
	if _, err := client.CreateTable(context.Background(), ledger.TableDefinition(name)); err != nil {
		tb.Fatal(err)
	}
	return name
}

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	url := fixture.Moto(t)
	var wire oneAtATime
	var tables sync.Map
	open := func(table string) ledger.Store {
		s := ledger.NewDynamoDB(newClient(url, &wire), table)
		tables.Store(s, table)
		return s
	}
	ledgertest.Run(t,
		func(tb testing.TB) ledger.Store { return open(newTable(tb, newClient(url, &wire))) },
		func(tb testing.TB, s ledger.Store) ledger.Store {
			table, _ := tables.Load(s)
			return open(table.(string))
		})

	t.Run("a lost answer stores nothing twice", func(t *testing.T) {
		t.Parallel()
		table := newTable(t, newClient(url, &wire))
		for _, key := range []string{"", "a"} {
			lost := 0
			s := ledger.NewDynamoDB(newClient(url, &oneAtATime{lose: func(r *http.Request) bool {
				write := !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query")
				if write {
					lost++
				}
				return write && lost == 1
			}}), table)
			if _, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Key: key, Time: time.Now(), Body: []byte(`{}`)}); err != nil {
				t.Errorf("key %q: %v", key, err)
			}
			if lost != 2 {
				t.Errorf("key %q: %d requests, want one lost and one more", key, lost)
			}
		}
		head, _, err := ledger.New(ledger.NewDynamoDB(newClient(url, &wire), table), nil).Verify(t.Context(), "")
		if err != nil || head.Entries != 2 {
			t.Errorf("%d entries (%v), want 2", head.Entries, err)
		}
	})

	t.Run("a changed item is noticed", func(t *testing.T) {
		t.Parallel()
		client := newClient(url, &wire)
		table := newTable(t, client)
		s := ledger.NewDynamoDB(client, table)
		for i := range 3 {
			if _, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Key: fmt.Sprint(i), Time: time.Now(), Body: []byte(`{}`)}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(table),
			Key: map[string]types.AttributeValue{
				"chain": &types.AttributeValueMemberS{Value: ledger.Genesis}, "seq": &types.AttributeValueMemberN{Value: "2"},
			},
			UpdateExpression: aws.String("SET body = :b"), ExpressionAttributeValues: map[string]types.AttributeValue{":b": &types.AttributeValueMemberS{Value: `{"x":1}`}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var broken *ledger.BrokenError
		if _, _, err := ledger.New(s, nil).Verify(t.Context(), ""); !errors.As(err, &broken) || broken.Seq != 2 {
			t.Errorf("Verify = %v, want that entry 2 is not as it was written", err)
		}
	})

	t.Run("no such table", func(t *testing.T) {
		t.Parallel()
		s := ledger.NewDynamoDB(newClient(url, &wire), "none")
		_, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Key: "a", Time: time.Now(), Body: []byte(`{}`)})
		if err == nil || !strings.Contains(err.Error(), "table none") {
			t.Errorf("error %v, want one that names the table", err)
		}
	})
}
