package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
	"warden/app"
	"warden/internal/stage"
)

// accomplice is a second user who may write to IAM.
func accomplice(s *account.Snapshot) error {
	long := s.CollectedAt.Add(-time.Hour)
	s.Users = append(s.Users, account.User{Path: "/", Name: "accomplice", ID: "AIDAACCOMPLICEACCOMPL", ARN: "arn:aws:iam::123456789012:user/accomplice", CreateDate: long,
		Attached: []string{fullIAM}, AccessKeys: []account.AccessKey{{ID: "AKIAACCOMPLICEACCO00", Active: true, CreateDate: long}}})
	return nil
}

// TestOverBudget contains a second caller above a budget of one: he is denied
// IAM, what is more waits, nobody decides about himself, the decision is about
// the digest that was shown, and what was approved is carried out at the next
// sweep and given back by undo.
func TestOverBudget(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{Change: accomplice})
	h.must(nil, h.crime(h.intruder(), "door"))
	second := h.of(h.Account, "accomplice")
	first := []string{"--undo-actions", "--budget", "1"}
	h.guard(first...).want(t, 0, "warden contained user ci-deploy", "done   AttachUserPolicy: policy/DENY-IAM to user/door")
	h.must(nil, h.crime(second, "gate"))
	h.must(second.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("gate")}))
	before := h.state()
	r := h.guard(first...)
	r.want(t, 0, "warden contained user accomplice", "warden asks: take back CreateUser of user accomplice", "asks   ", "would  AttachUserPolicy: policy/DENY-IAM to user/gate", "do it  warden approve ")
	incident := h.incidentOf(r, "warden contained user accomplice")
	if h.denials("accomplice") != 1 || h.denials("gate") != 0 {
		t.Errorf("above the budget: %d deny policies on the caller, %d on the user that he made", h.denials("accomplice"), h.denials("gate"))
	}
	approve := func(key app.Key, args ...string) ran {
		return h.run(key, append([]string{"approve", "--ledger", h.ledger}, args...)...)
	}
	waiting := approve(h.person())
	digests := regexp.MustCompile(`(?m)^  digest    ([0-9a-f]{64})$`).FindAllStringSubmatch(waiting.out, -1)
	if len(digests) != 2 {
		t.Fatalf("%d plans wait\n%s", len(digests), waiting)
	}
	plan := digests[0][1]
	if !strings.Contains(waiting.out[:strings.Index(waiting.out, digests[1][1])], "AttachUserPolicy") {
		plan = digests[1][1]
	}
	approve(h.keyOf(h.Account, "accomplice"), plan, "--apply").want(t, 1, "is the one that the plan is about")
	approve(h.keyOf(h.Account, h.Truth.Intruder), plan, "--apply").want(t, 1, "contained")
	approve(h.person(), strings.Repeat("0", 64), "--apply").want(t, 1, "no proposal")
	approve(h.person(), plan).want(t, 0, "nothing was recorded; --apply approves")
	if h.denials("gate") != 0 {
		t.Error("it was not waited for")
	}
	approve(h.person(), plan, "--apply", "--reason", "ticket 7").want(t, 0, "approved; the guard carries it out", "by arn:aws:iam::123456789012:user/"+h.Truth.Administrator+" ticket 7")
	approve(h.person(), plan, "--decline", "--apply").want(t, 1, "somebody decided before about plan")
	sweep := h.run(h.guardKey, "guard", "sweep", "--apply", "--ledger", h.ledger, "--undo-actions", "--budget", "1", "--source", "iam.amazonaws.com")
	if sweep.status != 0 && sweep.status != 3 || h.denials("gate") != 1 {
		t.Errorf("not carried out: %s", sweep)
	}
	h.undo(incident)
	h.same(before, "after undo")
}

// TestWrongQueue ends with one line where the queue refuses from the start, or
// where the ledger cannot be used; nothing is changed.
func TestWrongQueue(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{})
	before := h.state()
	none := strings.Replace(h.QueueURL, "warden-guard", "warden-none", 1)
	guard := func(key app.Key, queue string, more ...string) ran {
		return h.run(key, append([]string{"guard", "--queue", queue, "--ledger", h.ledger}, more...)...)
	}
	guard(h.guardKey, none).want(t, 1, "warden: the queue cannot be read: receive from "+none, "The specified queue does not exist")
	guard(h.keyOf(h.Account, h.Truth.Intruder), h.QueueURL).want(t, 1, "warden: the queue cannot be read: ", "is not authorized to perform: sqs:ReceiveMessage")
	wrong := h.guardKey
	wrong.Secret = "wrong"
	guard(wrong, h.QueueURL).want(t, 1, "warden: ask who the credentials belong to: ", "SignatureDoesNotMatch")
	// A guard that may not make DENY-IAM cannot begin, and says which right it
	// lacks.
	guard(h.keyOf(h.Account, h.Truth.Guard), h.QueueURL, "--apply").want(t, 1, "is not authorized to perform: iam:GetPolicy")
	h.same(before, "afterwards")

	h.must(nil, h.crime(h.intruder(), "door"))
	before = h.state()
	for name, tc := range map[string]struct {
		spoil func(path string) error
		says  string
	}{
		"another program's": {func(path string) error {
			return query(path, "CREATE TABLE x (y)")
		}, "this SQLite file is not a ledger"},
		"a newer one": {func(path string) error {
			return query(path, "PRAGMA application_id = 1465009230; PRAGMA user_version = 99")
		}, "the ledger has schema version 99, this program knows up to 1: use a newer warden"},
		"no database": {func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("no ledger ", 200)), 0o600) }, "is not a database, so it is no ledger of warden's"},
		"open to all": {func(path string) error { return os.WriteFile(path, nil, 0o644) }, "run chmod 600"},
		"a folder":    {func(path string) error { return os.Mkdir(path, 0o700) }, "is a directory"},
		"a pipe":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a regular file"},
	} {
		path := filepath.Join(t.TempDir(), "ledger.db")
		if err := tc.spoil(path); err != nil {
			t.Fatal(err)
		}
		r := h.run(h.guardKey, "guard", "--queue", h.QueueURL, "--ledger", path, "--apply", "--until-empty")
		if lines := strings.Count(r.errs, "\n"); r.status != 1 || lines != 1 || !strings.Contains(r.errs, tc.says) || r.out != "" {
			t.Errorf("%s: want one line with %q\n%s", name, tc.says, r)
		}
	}
	h.same(before, "afterwards")
	h.guard().want(t, 0, "warden contained user ci-deploy")
}

func query(path, text string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	if _, err := db.Exec(text); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}
