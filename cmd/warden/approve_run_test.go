package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
)

// waitingDigest is the id of the one plan that waits.
func (h *hunt) waitingDigest() string {
	h.t.Helper()
	r := h.run(h.person(), "approve", "--ledger", h.ledger)
	found := regexp.MustCompile(`(?m)^  digest    ([0-9a-f]{64})$`).FindAllStringSubmatch(r.out, -1)
	if len(found) != 1 {
		h.t.Fatalf("%d plans wait\n%s", len(found), r)
	}
	return found[0][1]
}

// fill leaves no room for a managed policy on a user.
func (h *hunt) fill(user string) {
	h.t.Helper()
	ctx := h.t.Context()
	for _, name := range strings.Fields("a b c d e f g h i j k l") {
		made, err := h.Admin.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("filler-" + name),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`)})
		h.must(made, err)
		_, err = h.Admin.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: made.Policy.Arn})
		var full smithy.APIError
		if errors.As(err, &full) && full.ErrorCode() == "LimitExceeded" {
			return
		}
		h.must(nil, err)
	}
	h.t.Fatal("the quota was never full")
}

// TestApproveRunsWithPoliciesOfOtherNames carries out by --run what a guard
// proposed whose deny policies have names of their own: it is proved by them,
// and where the way is closed by then the next one is proposed. Without their
// names nothing is proved, and the command says so.
func TestApproveRunsWithPoliciesOfOtherNames(t *testing.T) {
	t.Parallel()
	names := []string{"--deny-policy", "CORP-DENY-IAM", "--deny-all-policy", "CORP-DENY-ALL"}
	for _, tc := range []struct {
		name  string
		full  bool
		flags []string
	}{
		{"proved", false, names},
		{"the next way", true, names},
		{"not named", false, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHunt(t, stage.Options{Change: accomplice})
			h.must(h.Admin.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("warden-guard"), PolicyName: aws.String("all"), PolicyDocument: aws.String(guard.AllowAll)}))
			h.must(nil, h.crime(h.intruder(), "door"))
			guarding := append(slices.Clone(names), "--level", "deny-all", "--budget", "1")
			h.guard(guarding...).want(t, 0, "warden contained user ci-deploy")
			h.must(nil, h.crime(h.of(h.Account, "accomplice"), "gate"))
			r := h.guard(guarding...)
			r.want(t, 0, "warden contained user accomplice", "warden asks: deny more to user accomplice", "policy/CORP-DENY-ALL")
			incident := h.incidentOf(r, "warden contained user accomplice")
			approve := func() ran {
				return h.run(h.person(), append([]string{"approve", h.waitingDigest(), "--apply", "--run", "--ledger", h.ledger}, tc.flags...)...)
			}
			switch {
			case tc.flags == nil:
				approve().want(t, 1, "nothing is proved", "policy/CORP-DENY-ALL", "another name than DENY-ALL")
				return
			case tc.full:
				h.fill("accomplice")
				approve().want(t, 1, "not everything was done", "warden asks: deny more to user accomplice", "PutUserPolicy: inline policy CORP-DENY-ALL", "wants its own approval")
				approve().want(t, 0, "done         PutUserPolicy", "proved       inline policy CORP-DENY-ALL of accomplice explicitly denies")
			default:
				approve().want(t, 0, "done         AttachUserPolicy", "proved       CORP-DENY-ALL is attached to accomplice", "undo "+incident+" --apply --ledger "+h.ledger)
			}
			store, err := ledger.OpenSQLite(t.Context(), h.ledger)
			h.must(store, err)
			defer store.Close()
			in, err := ledger.New(store, nil).Incident(t.Context(), incident)
			h.must(in, err)
			if last := in.Verifications[len(in.Verifications)-1]; last.Level != ledger.Configured || !strings.Contains(strings.Join(last.Evidence, " "), "CORP-DENY-ALL") {
				t.Errorf("the ledger has %+v", last)
			}
		})
	}
}
