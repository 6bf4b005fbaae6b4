package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/fixture"
	"warden/internal/stage"
)

// undoStage is the sample company with an incident in which the intruder was
// contained, lost a key and had an inline policy written over.
type undoStage struct {
	*stage.Stage
	binary, before, key string
	user                account.User
}

func newUndoStage(t *testing.T) *undoStage {
	t.Helper()
	ctx := t.Context()
	st, err := stage.Set(ctx, stage.Options{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &undoStage{Stage: st, binary: fixture.Warden(t)}
	const inline = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [ {\"Sid\": \"Logs\", \"Effect\": \"Allow\", \"Action\": \"logs:*\", \"Resource\": \"*\"} ]\n}"
	if _, err := st.Admin.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String(st.Truth.Intruder), PolicyName: aws.String("own"), PolicyDocument: aws.String(inline)}); err != nil {
		t.Fatal(err)
	}
	for _, u := range st.Twin.Snapshot().Users {
		if u.Name == st.Truth.Intruder {
			s.user = u
		}
	}
	for _, k := range s.user.AccessKeys {
		if k.Active {
			s.key = k.ID
		}
	}
	s.before = userJSON(t, st.Twin.Snapshot(), st.Truth.Intruder)
	const incident = "5eed0000aaaa1111"
	who := change.Identity{ARN: s.user.ARN, ID: s.user.ID}
	deny := "arn:aws:iam::" + st.Account + ":policy/DENY-IAM"
	if _, err := st.Ledger.OpenIncident(ctx, incident, ledger.Opening{Account: st.Account, Caller: s.user.ARN, Kind: "iam-user", Title: "test"}); err != nil {
		t.Fatal(err)
	}
	p, err := change.NewPlan(change.Plan{Account: st.Account, Incident: incident, Round: 1, Title: "contain", Steps: []change.Step{
		change.CreatePolicy(deny, guard.DenyDocument(), "made by a test"),
		change.Attach(who, deny),
		change.DeactivateKey(who, s.key),
		change.PutInline(who, "own", change.Is(inline), guard.DenyDocument()),
	}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := apply.New(st.Admin.IAM, st.Ledger, apply.Options{Account: st.Account}).Run(ctx, p)
	if err != nil || !r.OK() {
		t.Fatalf("%v: %q", err, r.Problems())
	}
	return s
}

// undo runs the real binary as an administrator.
func (s *undoStage) undo(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	id, secret, err := s.Twin.Credentials(s.Truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	cmd := exec.CommandContext(t.Context(), s.binary, append([]string{"undo", "5eed", "--ledger", s.LedgerPath(), "--endpoint-url", s.Server.URL()}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

func (s *undoStage) state(t *testing.T) string {
	t.Helper()
	return userJSON(t, s.Twin.Snapshot(), s.Truth.Intruder)
}

func wantIn(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

// TestUndoCommand shows, gives back and does nothing twice, on the twin.
func TestUndoCommand(t *testing.T) {
	t.Parallel()
	s := newUndoStage(t)
	contained := s.state(t)
	status, out, errs := s.undo(t)
	if status != 0 || s.state(t) != contained {
		t.Fatalf("a dry run: status %d, %s; changed %v", status, errs, s.state(t) != contained)
	}
	wantIn(t, out, "would give back", "DetachUserPolicy: policy/DENY-IAM from user/", "access key "+s.key, "from Inactive to Active", "inline policy own",
		"this allows again", "    iam:CreateUser on arn:aws:iam::"+s.Account+":user/any\n", s.user.ARN+" by own:3:18 statement 0 (Logs) Allow\n    logs:any on *\n", "nothing was changed; --apply gives back",
		"is lost", "DeletePolicy: policy/DENY-IAM")

	status, out, errs = s.undo(t, "--apply", "--reason", "a test")
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	if got := s.state(t); got != s.before {
		t.Errorf("after undo\n%s\nbefore\n%s", got, s.before)
	}
	for _, p := range s.Twin.Snapshot().Policies {
		if p.Name == "DENY-IAM" {
			t.Error("the policy that the incident made is still there")
		}
	}
	status, out, _ = s.undo(t, "--apply", "-o", "json")
	var r undoResult
	if err := json.Unmarshal([]byte(out), &struct{ Applied *bool }{&r.Applied}); err != nil || status != 0 || r.Applied {
		t.Errorf("the second undo: status %d, %v, %s", status, err, out)
	}
	status, out, _ = s.undo(t)
	if status != 0 || !strings.Contains(out, "nothing to give back") {
		t.Errorf("status %d, %s", status, out)
	}
}

// TestUndoCommandRefuses leaves everything alone when one setting was changed
// since, and restores it when it is told to.
func TestUndoCommandRefuses(t *testing.T) {
	t.Parallel()
	s := newUndoStage(t)
	if _, err := s.Admin.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String(s.Truth.Intruder), PolicyName: aws.String("own"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"SomebodyElse","Effect":"Deny","Action":"*","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	changed := s.state(t)
	status, out, errs := s.undo(t, "--apply")
	if status != 1 || s.state(t) != changed {
		t.Errorf("status %d; changed %v", status, s.state(t) != changed)
	}
	wantIn(t, out, "changed since", "inline policy own", "left by warden", "WardenDenyIAM", "found now", "SomebodyElse", "former state", "Logs")
	wantIn(t, errs, "--force restores")

	status, out, errs = s.undo(t, "--apply", "--force")
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	wantIn(t, out, "overwrites what was changed since")
	if got := s.state(t); got != s.before {
		t.Errorf("after undo\n%s\nbefore\n%s", got, s.before)
	}
}

// TestUndoCommandSaysWhatItCouldNotFinish gives back, and says by line and
// status that a step which a crash left open elsewhere could not be read.
func TestUndoCommandSaysWhatItCouldNotFinish(t *testing.T) {
	t.Parallel()
	s := newUndoStage(t)
	ctx := t.Context()
	u, err := s.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("locked")})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := change.NewPlan(change.Plan{Account: s.Account, Incident: "dead", Round: 1, Title: "t", Steps: []change.Step{
		change.Attach(change.Identity{ARN: *u.User.Arn, ID: *u.User.UserId}, "arn:aws:iam::"+s.Account+":policy/DENY-IAM"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	dead := ledger.New(s.Ledger.Store(), func() time.Time { return time.Now().Add(-time.Hour) })
	if _, err := dead.OpenIncident(ctx, "dead", ledger.Opening{Account: s.Account, Caller: *u.User.Arn, Title: "t"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dead.RecordPlan(ctx, plan); err != nil {
		t.Fatal(err)
	}
	if _, err := dead.Intend(ctx, "dead", plan.Steps[0].ID, ledger.Intent{Plan: plan.ID, Attempt: 1, Worker: "dead", Before: change.Absent}); err != nil {
		t.Fatal(err)
	}
	locked := &iam.PutUserPolicyInput{UserName: aws.String(s.Truth.Administrator), PolicyName: aws.String("locked"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:GetUser","Resource":"` + *u.User.Arn + `"}]}`)}
	if _, err := s.Admin.IAM.PutUserPolicy(ctx, locked); err != nil {
		t.Fatal(err)
	}
	status, out, errs := s.undo(t, "--apply")
	if status != 1 || s.state(t) != s.before || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d, given back %v\n%s%s", status, s.state(t) == s.before, out, errs)
	}
	wantIn(t, errs, "warden: what an earlier run left unfinished could not be finished: plan "+change.Short(plan.ID)+" of incident dead: AttachUserPolicy: policy/DENY-IAM to user/locked: pending: ", "AccessDenied")
}
