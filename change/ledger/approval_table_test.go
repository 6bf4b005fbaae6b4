package ledger_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"warden/change/ledger"
	"warden/internal/fixture"
)

func TestApprovalTable(t *testing.T) {
	t.Parallel()
	client := newClient(fixture.Moto(t), http.DefaultClient)
	name := "ledger-votes"
	if _, err := client.CreateTable(t.Context(), ledger.ApprovalTableDefinition(name)); err != nil {
		t.Fatal(err)
	}
	table := ledger.NewApprovalTable(client, name)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	yes := ledger.Vote{Approval: ledger.Approval{Plan: "p1", By: approverARN, ByID: "AIDAALICE", Reason: "ticket 7"}}
	no := ledger.Vote{Approval: ledger.Approval{Plan: "p1", By: backdoorARN, ByID: "AIDABACKDOOR"}, Declined: true}
	for _, v := range []ledger.Vote{yes, no} {
		if err := table.Put(t.Context(), v, now); err != nil {
			t.Fatal(err)
		}
	}
	again := yes
	again.Declined = true
	if err := table.Put(t.Context(), again, now); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("a second decision: %v", err)
	}
	votes, err := table.Votes(t.Context())
	if err != nil || len(votes) != 2 {
		t.Fatalf("%v: %+v", err, votes)
	}
	for _, v := range votes {
		if v != yes && v != no {
			t.Errorf("%+v", v)
		}
	}
}
