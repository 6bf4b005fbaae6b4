package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/internal/fixture"
	"warden/internal/stage"
	"warden/respond"
	"warden/twin"
)

// sweeper runs the real binary with the rights of the guard's role, against an
// account whose rule brings no event.
type sweeper struct {
	*stage.Stage
	t      *testing.T
	env    []string
	ledger string
}

func newSweeper(t *testing.T) *sweeper {
	t.Helper()
	ctx := t.Context()
	st, err := stage.Set(ctx, stage.Options{Seed: 9, Faults: twin.Faults{Loss: 1, LookupRate: 2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	user, err := st.Clients(st.Truth.Guard)
	if err != nil {
		t.Fatal(err)
	}
	session, err := user.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(st.Truth.GuardRole), RoleSessionName: aws.String("warden")})
	if err != nil {
		t.Fatal(err)
	}
	s := &sweeper{Stage: st, t: t, ledger: filepath.Join(t.TempDir(), "ledger.db")}
	s.env = []string{
		"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + st.Server.URL(),
		"AWS_ACCESS_KEY_ID=" + *session.Credentials.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + *session.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + *session.Credentials.SessionToken,
	}
	return s
}

// run sweeps and returns what was printed and the exit status.
func (s *sweeper) run(args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, fixture.Warden(s.t), append([]string{"guard", "sweep", "--settle", "1ns", "--source", "iam.amazonaws.com"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		s.t.Fatal(err)
	}
	return out.String(), errs.String(), status
}

func (s *sweeper) contained(user string) bool {
	for _, u := range s.Twin.Snapshot().Users {
		if u.Name == user {
			return slices.Contains(u.Attached, "arn:aws:iam::"+s.Account+":policy/DENY-IAM")
		}
	}
	return false
}

func TestGuardSweep(t *testing.T) {
	t.Parallel()
	s := newSweeper(t)
	intruder, err := s.Clients(s.Truth.Intruder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := intruder.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("backdoor")}); err != nil {
		t.Fatal(err)
	}

	// Nothing is changed without --apply, and there need not be a ledger.
	out, errs, status := s.run("--since", "24h")
	if status != 3 || !strings.Contains(out, "would contain") || !strings.Contains(out, "nothing was changed") || !strings.Contains(errs, "no ledger") || s.contained(s.Truth.Intruder) {
		t.Errorf("a dry run: status %d\n%s%s", status, out, errs)
	}

	out, errs, status = s.run("--apply", "--ledger", s.ledger, "-o", "json")
	var report respond.SweepReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	if status != 3 || len(report.Missed) != 1 || report.Missed[0].Action != respond.Contained || !s.contained(s.Truth.Intruder) {
		t.Errorf("status %d, missed %+v, contained %v", status, report.Missed, s.contained(s.Truth.Intruder))
	}
	if !strings.Contains(errs, "warden: the rule missed 1 event") || !strings.Contains(errs, "warden contained user "+s.Truth.Intruder) {
		t.Errorf("people were not told:\n%s", errs)
	}

	out, errs, status = s.run("--apply", "--ledger", s.ledger)
	if status != 0 || !strings.Contains(out, "0 missed, 1 confirmed, 0 waiting to be, 1 containments looked at again") {
		t.Errorf("the second sweep: status %d\n%s%s", status, out, errs)
	}

	// A dry run knows what the ledger knows.
	out, errs, status = s.run("--ledger", s.ledger)
	if status != 0 || !strings.Contains(out, "0 missed") {
		t.Errorf("a dry run with the ledger: status %d\n%s%s", status, out, errs)
	}

	// He takes it off with a friend's help; the sweep puts it back.
	if _, err := s.Admin.IAM.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{
		UserName: aws.String(s.Truth.Intruder), PolicyArn: aws.String("arn:aws:iam::" + s.Account + ":policy/DENY-IAM")}); err != nil {
		t.Fatal(err)
	}
	out, errs, status = s.run("--apply", "--ledger", s.ledger)
	if status != 3 || !strings.Contains(out, "put back") || !s.contained(s.Truth.Intruder) {
		t.Errorf("the containment was taken off: status %d\n%s%s", status, out, errs)
	}

	// A history that may not be read is not an empty one.
	out, errs, status = s.run("--apply", "--ledger", s.ledger, "--history-region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:9")
	if status != 1 {
		t.Errorf("no AWS: status %d\n%s%s", status, out, errs)
	}
}
