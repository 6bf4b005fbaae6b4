package respond_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
)

// What is to be denied besides IAM waits for a person, and then goes the ways
// that are open: a full quota that shows before is avoided, one that shows
// when the approved plan runs brings another plan, with another digest, that
// wants its own approval. Undo restores exactly what was.
func TestApprovedDenyAllFindsAWay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		before, then func(p *play) // filled before IAM is denied, and between that and the approval
		plans        []string      // the calls of the plans that were approved, in their order
	}{
		{"room", func(*play) {}, func(*play) {}, []string{"AttachUserPolicy"}},
		{"managed full", (*play).fillManaged, func(*play) {}, []string{"PutUserPolicy"}},
		{"both full", (*play).fillBoth, func(*play) {}, []string{"PutUserPermissionsBoundary"}},
		{"managed filled later", func(*play) {}, (*play).fillManaged, []string{"AttachUserPolicy", "PutUserPolicy"}},
		{"both filled later", func(*play) {}, (*play).fillBoth, []string{"AttachUserPolicy", "PutUserPolicy", "PutUserPermissionsBoundary"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{Guard: guard.Config{Level: guard.DenyAll}})
			ctx := t.Context()
			r, person := p.mighty(func(o *respond.Options) { o.AskFirst = true })
			if err := r.Start(ctx); err != nil {
				t.Fatal(err)
			}
			tc.before(p)
			first := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder)
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			res := r.Handle(ctx, p.intruderEvents()[0])
			if res.Action != respond.Contained || res.Err != nil || len(res.Proposed) != 1 {
				t.Fatalf("%s %v, proposed %v", res.Action, res.Err, res.Proposed)
			}
			tc.then(p)
			filled := first != withoutUse(p.Twin.Snapshot(), p.Truth.Intruder)
			var calls []string
			seen := map[string]bool{}
			for range len(tc.plans) + 1 {
				all, err := p.Ledger.Proposals(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range all {
					if a.Decided() || seen[a.Plan.ID] {
						continue
					}
					seen[a.Plan.ID] = true
					calls = append(calls, string(a.Plan.Steps[0].Action))
					p.approve(a)
				}
				if _, err := r.RunWaiting(ctx); err != nil {
					t.Fatal(err)
				}
				if in := p.incident(res.Incident); in.Status != ledger.StatusConfigured || respond.Standing(in) != "contained" {
					t.Errorf("after %v: %s, %s", calls, in.Status, respond.Standing(in))
				}
			}
			if got, want := strings.Join(calls, " "), strings.Join(tc.plans, " "); got != want {
				t.Errorf("approved %s, want %s", got, want)
			}
			if _, err := p.intruder.S3.ListBuckets(ctx, &s3.ListBucketsInput{}); code(err) != "AccessDenied" {
				t.Errorf("not everything is denied: %v", err)
			}
			told := 0
			for _, m := range p.Twin.Published() {
				if strings.Contains(m.Message, "waits for approval as plan") {
					told++
				}
			}
			if told != len(tc.plans)-1 {
				t.Errorf("told %d times of another way, want %d", told, len(tc.plans)-1)
			}
			p.giveBack(person, res.Incident)
			if after := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder); !filled && after != first {
				t.Errorf("after undo\n%s\nwas\n%s", after, first)
			}
		})
	}
}
