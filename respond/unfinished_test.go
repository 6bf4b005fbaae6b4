package respond_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
)

// TestWhatCannotBeFinishedIsSaid leaves a step of a worker that died. Where it
// may not be read what became of it the guard says so when it starts, and the
// sweep has a problem; where another worker has taken the step over meanwhile,
// or it comes to its end, neither is said.
func TestWhatCannotBeFinishedIsSaid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		blind, taken bool
		resumed      int
	}{
		"it may not be read":      {blind: true},
		"another worker is at it": {taken: true},
		"it comes to its end":     {resumed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rights := guard.AllowAll
			if tc.blind {
				rights = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
					{"Effect":"Deny","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/locked"}]}`
			}
			p := newPlay(t, stage.Options{Rights: []string{rights}})
			ctx := t.Context()
			u, err := p.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("locked")})
			p.must(err)
			who := change.Identity{ARN: *u.User.Arn, ID: *u.User.UserId}
			dead := ledger.New(p.Ledger.Store(), func() time.Time { return time.Now().Add(-time.Hour) })
			_, err = dead.OpenIncident(ctx, "dead", ledger.Opening{Account: p.Account, Caller: who.ARN, Title: "t"})
			p.must(err)
			plan, err := change.NewPlan(change.Plan{Account: p.Account, Incident: "dead", Round: 1, Title: "t", Steps: []change.Step{
				change.Attach(who, "arn:aws:iam::"+p.Account+":policy/DENY-IAM"),
				change.PutInline(who, "second", change.Absent, guard.DenyDocument()),
			}})
			p.must(err)
			_, _, err = dead.RecordPlan(ctx, plan)
			p.must(err)
			_, err = dead.Intend(ctx, "dead", plan.Steps[0].ID, ledger.Intent{Plan: plan.ID, Attempt: 1, Worker: "dead", Before: change.Absent})
			p.must(err)
			if tc.taken {
				_, err = p.Ledger.Claim(ctx, "dead", plan.Steps[0].ID, 1, ledger.Claim{Attempt: 1, Worker: "another"})
				p.must(err)
			}

			report, err := p.r.Sweep(ctx, p.past(), respond.SweepOptions{Settle: time.Nanosecond, Sources: []string{"iam.amazonaws.com"}})
			p.must(err)
			said := strings.Contains(fmt.Sprint(report.Problems), "finish plan "+change.Short(plan.ID)+" of incident dead: AttachUserPolicy: policy/DENY-IAM to user/locked: pending: ")
			if said != tc.blind || !tc.blind && len(report.Problems) > 0 || report.Resumed != tc.resumed || report.Complete() == tc.blind {
				t.Errorf("problems %q, resumed %d", report.Problems, report.Resumed)
			}
			var log bytes.Buffer
			r := p.responder(func(o *respond.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			if tc.taken {
				return // who starts is alone on his ledger, so he takes all over
			}
			p.must(r.Start(ctx))
			if said := strings.Contains(log.String(), `level=ERROR msg="what an earlier run left undone could not be finished" incident=dead`); said != tc.blind {
				t.Errorf("logged:\n%s", log.String())
			}
		})
	}
}
