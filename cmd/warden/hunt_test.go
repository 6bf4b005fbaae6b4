package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"warden/account"
	"warden/app"
	"warden/internal/fixture"
	"warden/internal/stage"
)

// hunt is the sample company on a twin that listens on a socket, with its
// events in the guard's queue, and the real binary to look at them. The role
// of the guard has the rights of the stack's roles.
type hunt struct {
	*stage.Stage
	t              *testing.T
	binary, ledger string
	home           string
	guardKey       app.Key
	lost           string // a user whose password counts for nothing
}

func newHunt(t *testing.T, o stage.Options) *hunt {
	t.Helper()
	// The roles have the same names in every sample.
	role := "arn:aws:iam::123456789012:role/security/warden-guard"
	if o.Organization {
		role = "arn:aws:iam::123456789012:role/security/warden-responder"
	}
	var err error
	if o.Rights, err = stage.StackRights("123456789012", role, nil); err != nil {
		t.Fatal(err)
	}
	o.Seed, o.Sessions = 21, true
	st, err := stage.Set(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &hunt{Stage: st, t: t, binary: fixture.Warden(t), home: t.TempDir()}
	h.ledger = filepath.Join(h.home, "ledger.db")
	in, user, assumed := st.Account, st.Truth.Guard, st.Truth.GuardRole
	if st.Org != nil {
		in, user, assumed = st.Others.Security, st.Others.Guard, st.Others.GuardRole
	}
	h.guardKey = h.assume(h.of(in, user), &sts.AssumeRoleInput{RoleArn: &assumed, RoleSessionName: aws.String("warden")})
	return h
}

// of are clients of a user of an account with his own key.
func (h *hunt) of(acct, user string) *app.Clients {
	h.t.Helper()
	return h.As(h.keyOf(acct, user))
}

func (h *hunt) keyOf(acct, user string) app.Key {
	h.t.Helper()
	t := h.Twin
	if h.Org != nil {
		t = h.Org.Account(acct)
	}
	id, secret, err := t.Credentials(user)
	if err != nil {
		h.t.Fatal(err)
	}
	return app.Key{ID: id, Secret: secret}
}

func (h *hunt) intruder() *app.Clients { return h.of(h.Account, h.Truth.Intruder) }

func sessionKey(c *ststypes.Credentials) app.Key {
	return app.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken}
}

func (h *hunt) assume(by *app.Clients, in *sts.AssumeRoleInput) app.Key {
	h.t.Helper()
	out, err := by.STS.AssumeRole(h.t.Context(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	return sessionKey(out.Credentials)
}

func (h *hunt) must(_ any, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// crime creates a user: what only administrators may do.
func (h *hunt) crime(by *app.Clients, name string) error {
	_, err := by.IAM.CreateUser(h.t.Context(), &iam.CreateUserInput{UserName: &name})
	return err
}

// deliver puts an event into the guard's queue whose caller the twin cannot
// have: AWS's own, and those whom IAM refuses.
func (h *hunt) deliver(record string) {
	h.t.Helper()
	owner := h.Admin
	if h.Org != nil {
		owner = h.of(h.Others.Security, h.Others.SecurityAdministrator)
	}
	envelope, err := json.Marshal(map[string]any{
		"version": "0", "id": "made-by-hand", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "account": h.Account,
		"time": time.Now().UTC().Format(time.RFC3339), "region": "us-east-1", "resources": []string{}, "detail": json.RawMessage(record),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.must(owner.SQS.SendMessage(h.t.Context(), &sqs.SendMessageInput{QueueUrl: &h.QueueURL, MessageBody: aws.String(string(envelope))}))
}

// creation is a record of CreateUser by an identity, as CloudTrail has it.
func (h *hunt) creation(identity string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":%s,"eventTime":%q,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7",`+
		`"userAgent":"aws-cli/2.15","requestParameters":{"userName":"by-hand"},"responseElements":{"user":{"userName":"by-hand","userId":"AIDAEXAMPLEEXAMPLE000"}},"requestID":"r","eventID":"11111111-0000-4000-8000-000000000001",`+
		`"readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":%q,"eventCategory":"Management"}`, identity, time.Now().UTC().Format(time.RFC3339), h.Account)
}

// ran is how a command ended.
type ran struct {
	status    int
	out, errs string
}

func (r ran) String() string {
	return fmt.Sprintf("status %d\n--- stdout\n%s--- stderr\n%s", r.status, r.out, r.errs)
}

// want fails the test unless the command ended with the status and printed
// everything of the list, in any order.
func (r ran) want(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d", r.status, status)
	}
	for _, w := range words {
		if !strings.Contains(r.out+r.errs, w) {
			t.Errorf("not said: %s", w)
		}
	}
	if t.Failed() {
		t.Fatal(r)
	}
}

// env lets the binary call the twin with somebody's credentials.
func (h *hunt) env(key app.Key) []string {
	return []string{"HOME=" + h.home, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + h.Server.URL(),
		"AWS_ACCESS_KEY_ID=" + key.ID, "AWS_SECRET_ACCESS_KEY=" + key.Secret, "AWS_SESSION_TOKEN=" + key.Token}
}

// run runs the binary with somebody's credentials until it ends.
func (h *hunt) run(key app.Key, args ...string) ran {
	h.t.Helper()
	return h.runWith(h.env(key), args...)
}

func (h *hunt) runWith(env []string, args ...string) ran {
	h.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(h.t.Context(), h.binary, args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// guardArgs are those of a guard that acts.
func (h *hunt) guardArgs(more ...string) []string {
	return append([]string{"guard", "--queue", h.QueueURL, "--ledger", h.ledger, "--topic", h.TopicARN, "--apply"}, more...)
}

// guard lets the real guard deal with everything that is in the queue.
func (h *hunt) guard(more ...string) ran {
	h.t.Helper()
	return h.run(h.guardKey, h.guardArgs(append(more, "--until-empty")...)...)
}

// incidentOf is the incident of the first notification with the subject.
func (h *hunt) incidentOf(r ran, subject string) string {
	h.t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(subject) + `.* \(incident (inc-[0-9a-f]{16})\)`).FindStringSubmatch(r.out)
	if found == nil {
		h.t.Fatalf("nobody was told %q\n%s", subject, r)
	}
	return found[1]
}

// person is who gives back: an administrator of the company.
func (h *hunt) person() app.Key { return h.keyOf(h.Account, h.Truth.Administrator) }

// undo gives an incident back, as an administrator does.
func (h *hunt) undo(incident string, more ...string) ran {
	h.t.Helper()
	r := h.run(h.person(), append([]string{"undo", incident, "--apply", "--ledger", h.ledger}, more...)...)
	r.want(h.t, 0)
	return r
}

// state is everything in the account that undo has to give back to the byte:
// all but what use alone changes, and the deny policies, which the guard makes
// once and leaves.
func (h *hunt) state() string {
	h.t.Helper()
	s := h.Twin.Snapshot()
	s.CollectedAt = time.Time{}
	for i := range s.Users {
		u := &s.Users[i]
		if u.PasswordLastUsed = nil; u.Name == h.lost {
			u.LoginProfile = nil
		}
		for j := range u.AccessKeys {
			u.AccessKeys[j].LastUsed = nil
		}
		slices.Sort(u.Attached)
		slices.Sort(u.Groups)
		slices.SortFunc(u.Inline, func(a, b account.InlinePolicy) int { return strings.Compare(a.Name, b.Name) })
	}
	for i := range s.Groups {
		slices.Sort(s.Groups[i].Attached)
	}
	for i := range s.Roles {
		r := &s.Roles[i]
		r.LastUsed = nil
		slices.Sort(r.Attached)
		slices.SortFunc(r.Inline, func(a, b account.InlinePolicy) int { return strings.Compare(a.Name, b.Name) })
	}
	s.Policies = slices.DeleteFunc(s.Policies, func(p account.ManagedPolicy) bool { return p.Name == "DENY-IAM" || p.Name == "DENY-ALL" })
	for i := range s.Policies {
		s.Policies[i].UpdateDate = time.Time{} // setting a default back is an update too
	}
	slices.SortFunc(s.Policies, func(a, b account.ManagedPolicy) int { return strings.Compare(a.ARN, b.ARN) })
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// same fails the test unless the account is as it was.
func (h *hunt) same(was, when string) {
	h.t.Helper()
	is := h.state()
	if is == was {
		return
	}
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			from, to := max(0, i-12), min(len(a), len(b), i+8)
			h.t.Fatalf("%s the account differs from line %d\nwas\n%s\nis\n%s", when, i+1, strings.Join(a[from:min(to, len(a))], "\n"), strings.Join(b[from:to], "\n"))
		}
	}
	h.t.Fatalf("%s the account has more than before:\n%s", when, strings.Join(b[len(a):], "\n"))
}

// code is that of a refusal of AWS's.
func code(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// heard is what a running command prints.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (o *heard) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(p)
	select {
	case o.more <- struct{}{}:
	default:
	}
	return n, err
}

func (o *heard) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// daemon is a command that runs until it is stopped.
type daemon struct {
	h         *hunt
	cmd       *exec.Cmd
	out, errs *heard
	all       *heard
	ended     chan error
}

// start starts the binary and leaves it running.
func (h *hunt) start(key app.Key, args ...string) *daemon {
	h.t.Helper()
	return h.startWith(h.env(key), args...)
}

func (h *hunt) startWith(env []string, args ...string) *daemon {
	h.t.Helper()
	d := &daemon{h: h, cmd: exec.Command(h.binary, args...), ended: make(chan error, 1)}
	d.cmd.Env = env
	for _, o := range []**heard{&d.out, &d.errs, &d.all} {
		*o = &heard{more: make(chan struct{}, 1)}
	}
	d.cmd.Stdout, d.cmd.Stderr = io.MultiWriter(d.out, d.all), io.MultiWriter(d.errs, d.all)
	if err := d.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	h.t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill()
		}
	})
	return d
}

// hears waits until the command has printed something.
func (d *daemon) hears(words string) {
	d.h.t.Helper()
	late := time.After(time.Minute)
	for !strings.Contains(d.all.String(), words) {
		select {
		case <-d.all.more:
		case err := <-d.ended:
			d.ended <- err
			if strings.Contains(d.all.String(), words) {
				return
			}
			d.h.t.Fatalf("it ended (%v) and did not say %q:\n%s", err, words, d.all)
		case <-late:
			d.h.t.Fatalf("it does not say %q:\n%s", words, d.all)
		}
	}
}

// stop sends a signal and waits for the end.
func (d *daemon) stop(s syscall.Signal) ran {
	d.h.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.h.t.Fatal(err)
	}
	return d.end()
}

// end waits for the end.
func (d *daemon) end() ran {
	d.h.t.Helper()
	select {
	case err := <-d.ended:
		d.ended <- err
	case <-time.After(time.Minute):
		d.h.t.Fatalf("it does not end:\n%s", d.all)
	}
	return ran{d.cmd.ProcessState.ExitCode(), d.out.String(), d.errs.String()}
}

// incidents are those of callers, the newest first.
func (h *hunt) incidents() []string {
	h.t.Helper()
	r := h.run(app.Key{}, "ledger", "list", "-o", "json", "--ledger", h.ledger)
	var list []struct{ ID, Kind, Status string }
	if err := json.Unmarshal([]byte(r.out), &list); err != nil {
		h.t.Fatalf("%v: %s", err, r)
	}
	var ids []string
	for _, in := range slices.Backward(list) {
		if in.Kind != "warden" && in.Status != "open" {
			ids = append(ids, in.ID)
		}
	}
	return ids
}
