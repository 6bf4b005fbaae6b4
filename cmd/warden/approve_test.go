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

	"warden/change"
	"warden/change/ledger"
)

// approving is the stage of undo with a plan that waits for approval, and a
// workflow that waits with it.
func approving(t *testing.T) (*undoStage, change.Plan) {
	t.Helper()
	s := newUndoStage(t)
	const incident = "5eed0000bbbb2222"
	role := s.Twin.Snapshot().Roles[0]
	made, err := s.Admin.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("subject")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admin.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("subject")}); err != nil {
		t.Fatal(err)
	}
	plan, err := change.NewPlan(change.Plan{Account: s.Account, Incident: incident, Round: 1, Title: "take back", Steps: []change.Step{
		change.Attach(change.Identity{ARN: role.ARN, ID: role.ID}, "arn:aws:iam::"+s.Account+":policy/DENY-IAM"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	l := s.Ledger
	if _, err := l.OpenIncident(t.Context(), incident, ledger.Opening{Account: s.Account, Caller: aws.ToString(made.User.Arn), CallerID: aws.ToString(made.User.UserId), Kind: "iam-user", Title: "user subject called CreateRole"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Propose(t.Context(), plan, "over budget"); err != nil {
		t.Fatal(err)
	}
	if err := l.AwaitTask(t.Context(), plan.ID, "secret-token"); err != nil {
		t.Fatal(err)
	}
	return s, plan
}

// approve runs the command as a user.
func (s *undoStage) approve(t *testing.T, user string, args ...string) (status int, out, errs string) {
	t.Helper()
	id, secret, err := s.Twin.Credentials(user)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(s.binary, append([]string{"approve", "--ledger", s.LedgerPath(), "--endpoint-url", s.Server.URL()}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err, status = nil, exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return status, stdout.String(), stderr.String()
}

func TestApproveCommand(t *testing.T) {
	t.Parallel()
	s, plan := approving(t)
	admin := s.Truth.Administrator
	status, out, errs := s.approve(t, admin)
	if status != 0 {
		t.Fatal(status, errs)
	}
	wantIn(t, out, plan.ID, "take back", "over budget", "user/subject", "AttachRolePolicy", "now absent", "until")
	if status, out, errs = s.approve(t, admin, plan.ID[:8]); status != 0 {
		t.Fatal(status, errs)
	}
	wantIn(t, out, "nothing was recorded")
	for _, tt := range []struct {
		name, user string
		args       []string
		status     int
		want       string
	}{
		{"the subject", "subject", []string{plan.ID, "--apply"}, 1, "is the one that the plan is about"},
		{"no plan", admin, []string{"--apply"}, 2, "name the PLAN"},
		{"declined and run", admin, []string{plan.ID, "--apply", "--decline", "--run"}, 2, "--run"},
		{"two plans", admin, []string{"a", "b"}, 2, "one PLAN"},
		{"another form", admin, []string{"-o", "xml"}, 2, "text or json"},
		{"an unknown plan", admin, []string{"ffff", "--apply"}, 1, "no proposal"},
	} {
		if status, _, errs := s.approve(t, tt.user, tt.args...); status != tt.status || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: status %d, %q; want %d, %q", tt.name, status, errs, tt.status, tt.want)
		}
	}
	status, _, errs = s.approve(t, admin, plan.ID[:8], "--apply", "--run", "--reason", "ticket 7", "-o", "json")
	var v proposalView
	// The twin has no Step Functions: the workflow cannot be told, and the
	// decision is recorded all the same.
	if status != 1 || !strings.Contains(errs, "the decision is recorded") {
		t.Fatalf("status %d, %s", status, errs)
	}
	if status, out, errs = s.approve(t, admin, plan.ID, "-o", "json"); status != 0 || json.Unmarshal([]byte(out), &v) != nil {
		t.Fatal(status, out, errs)
	}
	if v.Approved == nil || v.Approved.Reason != "ticket 7" || !strings.HasSuffix(v.Approved.By, "user/"+admin) {
		t.Errorf("%s", out)
	}
	if strings.Contains(out+errs, "secret-token") {
		t.Error("the token is shown")
	}
	if status, _, errs = s.approve(t, admin, plan.ID, "--apply"); status != 1 {
		t.Errorf("a second approval: %s", errs)
	}
	if status, out, _ = s.approve(t, admin); status != 0 || !strings.Contains(out, "nothing waits") {
		t.Errorf("status %d, %s", status, out)
	}
}

// What waits for no workflow is carried out at once with --run, and what is
// declined never.
func TestApproveRunsAndDeclines(t *testing.T) {
	t.Parallel()
	s, plan := approving(t)
	l := s.Ledger
	for _, incident := range []string{"run", "decline"} {
		p := plan
		p.Incident = incident
		p, err := change.NewPlan(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.OpenIncident(t.Context(), incident, ledger.Opening{Account: s.Account, Caller: s.user.ARN, CallerID: s.user.ID, Title: "t"}); err != nil {
			t.Fatal(err)
		}
		if _, err := l.ProposeFor(t.Context(), p, "", time.Hour); err != nil {
			t.Fatal(err)
		}
		args := []string{p.ID, "--apply", "--run"}
		if incident == "decline" {
			args = []string{p.ID, "--apply", "--decline"}
		}
		status, out, errs := s.approve(t, s.Truth.Administrator, args...)
		if status != 0 {
			t.Fatalf("%s: status %d, %s%s", incident, status, out, errs)
		}
		in, err := l.Incident(t.Context(), incident)
		if err != nil || len(in.Plans) != map[string]int{"run": 1, "decline": 0}[incident] {
			t.Errorf("%s: %v, %d plans", incident, err, len(in.Plans))
		}
		if incident == "run" {
			wantIn(t, out, "done", "AttachRolePolicy")
			wantIn(t, errs, "carried out")
		} else {
			wantIn(t, out, "declined")
		}
	}
}
