package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"warden/app"
	"warden/change/ledger"
	"warden/internal/fixture"
)

const minute = time.Minute

// TestBootstrap runs the program that make lambda packs, under a runtime API
// of the test's, with the rights that the template gives it.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bootstrap")
	must(t, build(program))
	moto := fixture.Moto(t)
	for _, tt := range []struct {
		name       string
		test       func(*testing.T, *world, string)
		parameters map[string]string
	}{
		{"contains, once", containsOnce, nil},
		{"throttled and failing IAM", failingIAM, nil},
		{"time-outs", timeouts, nil},
		{"payloads that are no batch", wrongPayloads, nil},
		{"one message twice in a batch", sameIDTwice, nil},
		{"events as large as they can be", hugeEvents, nil},
		{"wrong settings", wrongSettings, nil},
		{"ended at work", endedAtWork, nil},
		{"not ready", notReady, nil},
		{"dry run", dryRun, nil},
		{"other accounts", otherAccounts, nil},
		{"the sweep", sweeps, nil},
		{"the sweep, throttled, failing and cut off", sweepsInTrouble, nil},
		{"looks again", looksAgain, nil},
		{"looks again, throttled, failing and cut off", looksInTrouble, nil},
		{"the steps of the workflow", asksFirst, map[string]string{"UndoActions": "true", "ResponseMode": "workflow"}},
		{"hands over to the workflow", handsOver, map[string]string{"ResponseMode": "workflow"}},
		{"with the responder's role", withResponder, map[string]string{"CreateResponderRole": "true", "ContainSessions": "true", "UndoActions": "true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, newWorld(t, moto, tt.parameters), program)
		})
	}
}

// create lets a user of the test's create another.
func (w *world) create(user, made string) {
	w.t.Helper()
	_, err := w.keyOf(user).IAM.CreateUser(w.t.Context(), &iam.CreateUserInput{UserName: aws.String(made)})
	must(w.t, err)
}

func containsOnce(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	twice := message
	twice.MessageId += "-again"
	garbage := events.SQSMessage{MessageId: "garbage", Body: `{"eventID": tr`, EventSourceARN: message.EventSourceARN}

	l := startFunction(t, program, w.env)
	<-l.polled
	t.Logf("process start to first poll: %d ms", time.Since(l.started).Milliseconds())
	if got := failures(t, l.invoke(batchOf(message, garbage, twice), minute)); len(got) != 0 && !cmp.Equal(got, []string{twice.MessageId}) && !cmp.Equal(got, []string{message.MessageId}) {
		t.Errorf("failures %v", got)
	}
	if got := failures(t, l.invoke(batchOf(message, twice, garbage), minute)); len(got) != 0 {
		t.Errorf("delivered again: failures %v, want none", got)
	}
	if !w.contained(w.Truth.Intruder) {
		t.Error("the intruder is not contained")
	}
	for kind, want := range map[ledger.Kind]int{
		ledger.PlanRecorded: 1, ledger.StepEnded: 1, ledger.Verified: 1, ledger.Notified: 4, ledger.BadInput: 1, ledger.EventJoined: 1,
	} {
		if got := w.entries(kind); got != want {
			t.Errorf("%d entries %s, want %d", got, kind, want)
		}
	}
	if n, _ := w.gate.called("AttachUserPolicy"); n != 1 {
		t.Errorf("AttachUserPolicy was called %d times", n)
	}
	if n, _ := w.gate.called("Publish"); n != 2 { // of the containment, and of what could not be read
		t.Errorf("Publish was called %d times", n)
	}
	log := l.out.String()
	for _, want := range []string{`"verdict":"contain"`, `"requestId":"request-1"`, `"requestId":"request-2"`, "warden contained user " + w.Truth.Intruder} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	for _, secret := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		if strings.Contains(log, w.env[secret]) {
			t.Errorf("the log has %s", secret)
		}
	}
	if got := failures(t, l.invoke(batchOf(), minute)); len(got) != 0 {
		t.Errorf("an empty batch: failures %v", got)
	}

	// A person gives it back from his own machine, by the same ledger.
	id, secret, err := w.Twin.Credentials(w.Truth.Administrator)
	must(t, err)
	warden := func(args ...string) string {
		cmd := exec.Command(fixture.Warden(t), append(args, "--ledger", "dynamodb:"+w.env["LEDGER_TABLE"])...)
		cmd.Env = []string{
			"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret,
			"AWS_ENDPOINT_URL=" + w.Server.URL(), "AWS_ENDPOINT_URL_DYNAMODB=" + w.env["AWS_ENDPOINT_URL_DYNAMODB"],
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("warden %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := warden("ledger", "verify"); !strings.HasPrefix(out, "intact: ") {
		t.Errorf("warden ledger verify: %s", out)
	}
	warden("undo", "inc-", "--apply")
	if w.contained(w.Truth.Intruder) {
		t.Error("undo left the intruder contained")
	}
}

func failingIAM(t *testing.T, w *world, program string) {
	users := w.users(3)
	for _, u := range users {
		w.create(u, "made-by-"+u)
	}
	byUser := map[string]events.SQSMessage{}
	for _, m := range w.delivered("CreateUser", 2*len(users)) {
		for _, u := range users {
			if strings.Contains(m.Body, `user/`+u+`"`) && strings.Contains(m.Body, "made-by-"+u) {
				byUser[u] = m
			}
		}
	}
	l := startFunction(t, program, w.env)
	<-l.polled

	// Throttling that ends is not noticed.
	w.gate.failing(func(operation string, n int) fault {
		if operation == "AttachUserPolicy" && n <= 2 {
			return throttle
		}
		return pass
	})
	if got := failures(t, l.invoke(batchOf(byUser[users[0]]), minute)); len(got) != 0 || !w.contained(users[0]) {
		t.Errorf("after throttling: failures %v, contained %v", got, w.contained(users[0]))
	}

	// A failure that stays gives back this message, and this one only.
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "AttachUserPolicy" {
			return broken
		}
		return pass
	})
	if got := failures(t, l.invoke(batchOf(byUser[users[1]], byUser[users[0]]), minute)); !cmp.Equal(got, []string{byUser[users[1]].MessageId}) {
		t.Errorf("failures %v, want %s", got, byUser[users[1]].MessageId)
	}
	if n, body := w.gate.called("ChangeMessageVisibilityBatch"); n != 1 || strings.Count(body, `"VisibilityTimeout":5`) != 1 || !strings.Contains(body, byUser[users[1]].ReceiptHandle) {
		t.Errorf("%d calls to make the message visible soon: %s", n, body)
	}
	// People know that he is free.
	if !strings.Contains(l.out.String(), "warden could NOT contain user "+users[1]) {
		t.Error("nobody was told that the containment failed")
	}

	// A look-up that fails says nothing about the caller.
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "ListGroupsForUser" {
			return throttle
		}
		return pass
	})
	if got := failures(t, l.invoke(batchOf(byUser[users[2]]), minute)); !cmp.Equal(got, []string{byUser[users[2]].MessageId}) || w.contained(users[2]) {
		t.Errorf("failures %v, contained %v: want the message back, and nobody contained on a guess", got, w.contained(users[2]))
	}

	// All is well again.
	w.gate.failing(nil)
	if got := failures(t, l.invoke(batchOf(byUser[users[1]], byUser[users[2]]), minute)); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
	for _, u := range users {
		if !w.contained(u) {
			t.Errorf("%s is not contained", u)
		}
	}
}

func timeouts(t *testing.T, w *world, program string) {
	users := w.users(1)
	w.create(users[0], "made")
	var message events.SQSMessage
	for _, m := range w.delivered("CreateUser", 2) {
		if strings.Contains(m.Body, `user/`+users[0]+`"`) && strings.Contains(m.Body, `"made"`) {
			message = m
		}
	}
	ignored := events.SQSMessage{MessageId: "ignored", Body: strings.Replace(message.Body, `"eventName":"CreateUser"`, `"eventName":"ListUsers"`, 1)}
	l := startFunction(t, program, w.env)
	<-l.polled
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "GetUser" {
			return hang
		}
		return pass
	})
	const timeout = 6 * time.Second
	start := time.Now()
	a := l.invoke(batchOf(message, ignored), timeout)
	if got := failures(t, a); !cmp.Equal(got, []string{message.MessageId}) {
		t.Errorf("failures %v, want %s", got, message.MessageId)
	}
	t.Logf("given back after %s of %s", a.at.Sub(start).Round(10*time.Millisecond), timeout)
	w.gate.failing(nil)
	if got := failures(t, l.invoke(batchOf(message), minute)); len(got) != 0 || !w.contained(users[0]) {
		t.Errorf("delivered again: failures %v, contained %v", got, w.contained(users[0]))
	}
}

func notReady(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "GetCallerIdentity" {
			return broken
		}
		return pass
	})
	l := startFunction(t, program, w.env)
	if a := l.invoke(batchOf(message), minute); !a.failed || !strings.Contains(a.body, "not ready") {
		t.Errorf("answer %+v, want an error, so that the errors of the function are alarmed", a)
	}
	w.gate.failing(nil)
	if got := failures(t, l.invoke(batchOf(message), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Errorf("ready again: failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
}

func dryRun(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	l := startFunction(t, program, w.with("DRY_RUN", "true"))
	if got := failures(t, l.invoke(batchOf(message), minute)); len(got) != 0 || w.contained(w.Truth.Intruder) {
		t.Errorf("failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
	if !strings.Contains(l.out.String(), `"action":"would contain"`) {
		t.Error("the log does not say what would have been done")
	}
	if n := w.entries(ledger.EventJoined); n != 0 {
		t.Errorf("%d entries in the ledger", n)
	}
}

// What needs the mightier role is done by it, and nothing else is.
func withResponder(t *testing.T, w *world, program string) {
	ctx := t.Context()
	w.role("app", "arn:aws:iam::"+w.Account+":root", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	out, err := w.Admin.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.Account + ":role/app"), RoleSessionName: aws.String("worker")})
	must(t, err)
	worker := app.Fixed(w.Server.URL(), app.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Token: *out.Credentials.SessionToken})
	_, err = worker.IAM.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("hidden")})
	must(t, err)
	friend := w.users(2)
	intruder := w.keyOf(friend[0])
	_, err = intruder.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String(friend[1]), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	must(t, err)

	l := startFunction(t, program, w.env)
	if got := failures(t, l.invoke(batchOf(w.delivered("CreateGroup", 1)...), minute)); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
	if _, err := worker.IAM.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("again")}); err == nil {
		t.Error("the session still reaches IAM")
	}
	// The test's own preparations are attachments too, by an administrator.
	if got := failures(t, l.invoke(batchOf(w.delivered("AttachUserPolicy", 3)...), minute)); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
	if !w.contained(friend[0]) || w.contained(friend[1]) {
		t.Errorf("contained: %v, his friend: %v; want him alone", w.contained(friend[0]), w.contained(friend[1]))
	}
	held, err := w.Admin.IAM.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: aws.String(friend[1])})
	must(t, err)
	for _, p := range held.AttachedPolicies {
		if aws.ToString(p.PolicyName) == "AdministratorAccess" {
			t.Error("what he attached is still attached")
		}
	}
}

// An event of a member account is dealt with by that account's role, and one
// of any other account is only told; neither touches the own account, where a
// user of that name is.
func otherAccounts(t *testing.T, w *world, program string) {
	const member, stranger = "444455556666", "777788889999"
	w.intrude(w.Truth.Intruder, "backdoor")
	own := w.delivered("CreateUser", 1)[0]
	of := func(account string) events.SQSMessage {
		m := own
		m.MessageId, m.Body = account, strings.ReplaceAll(own.Body, w.Account, account)
		return m
	}
	env := w.with("MEMBER_ACCOUNTS", member)
	env["MEMBER_ROLE_NAME"] = "warden-guard-member"
	l := startFunction(t, program, env)
	<-l.polled
	if got := failures(t, l.invoke(batchOf(of(stranger)), minute)); len(got) != 0 || !strings.Contains(l.out.String(), "account not ours") {
		t.Errorf("an account that is no member: failures %v", got)
	}
	w.gate.failing(nil)
	// The twin is one account: the member's role cannot be assumed.
	if got := failures(t, l.invoke(batchOf(of(member)), minute)); !cmp.Equal(got, []string{member}) {
		t.Errorf("a member whose role cannot be assumed: failures %v, want %s", got, member)
	}
	if _, body := w.gate.called("AssumeRole"); !strings.Contains(body, url.QueryEscape("arn:aws:iam::"+member+":role/warden-guard-member")) {
		t.Errorf("assumed %s", body)
	}
	if n, _ := w.gate.called("AttachUserPolicy"); n != 0 || w.contained(w.Truth.Intruder) {
		t.Errorf("AttachUserPolicy was called %d times", n)
	}
}

func TestWrongConfigurationIsReported(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bootstrap")
	must(t, build(program))
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"handler", map[string]string{"_HANDLER": "report"}, `no function \"report\"`},
		{"nowhere to", map[string]string{"_HANDLER": "audit", "BENCHMARK": "cis-9"}, "SNS_TOPIC_ARN"},
		{"benchmark", map[string]string{"_HANDLER": "audit", "REPORT_BUCKET": "reports", "BENCHMARK": "cis-9"}, "BENCHMARK"},
		{"value", map[string]string{"_HANDLER": "guard", "UNDO_ACTIONS": "maybe", "LEDGER_TABLE": "t"}, "UNDO_ACTIONS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := startFunction(t, program, tt.env)
			select {
			case got := <-l.initErr:
				if !strings.HasPrefix(got, "Warden.Configuration ") || !strings.Contains(got, tt.want) {
					t.Errorf("the runtime was told %s, want %s", got, tt.want)
				}
			case <-time.After(minute):
				t.Fatal("the runtime was not told")
			}
			var exit *exec.ExitError
			if err := <-l.exited; !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("the program ended with %v, want status 1", err)
			}
		})
	}
}

// The same source makes the same zip, which is small enough for a quick start.
func TestZip(t *testing.T) {
	t.Parallel()
	var sums []string
	for i := range 2 {
		program := filepath.Join(t.TempDir(), fmt.Sprint("elsewhere", i))
		must(t, build(program))
		packed := zipOf(t, program)
		data, err := os.ReadFile(packed)
		must(t, err)
		z, err := zip.OpenReader(packed)
		must(t, err)
		if f := z.File[0]; len(z.File) != 1 || f.Name != "bootstrap" || f.Mode() != 0o755 {
			t.Errorf("the zip has %d files, %s with mode %s; want bootstrap that can be run", len(z.File), f.Name, f.Mode())
		}
		must(t, z.Close())
		sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(data)))
		const goal = 10.5e6
		if len(data) > goal {
			t.Errorf("the zip has %d bytes, the goal is %.0f", len(data), goal)
		}
		if i == 0 {
			t.Logf("zip: %.1f MB", float64(len(data))/1e6)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds: %v", sums)
	}
}

// Nothing in the program looks a method up by a name that only it knows: the
// linker would have to keep every exported method of every type, all operations
// of every AWS client among them, and the zip would be nearly twice as large.
// text/template and html/template do, when a template is executed; that a
// package imports them does not matter. Source: cmd/link/internal/ld/deadcode.go.
func TestNoMethodIsLookedUp(t *testing.T) {
	t.Parallel()
	flags := slices.Clone(buildFlags)
	flags[len(flags)-1] += " -dumpdep"
	edges, err := buildCommand(filepath.Join(t.TempDir(), "bootstrap"), flags).CombinedOutput()
	must(t, err)
	if !bytes.Contains(edges, []byte("main.main -> ")) {
		t.Fatalf("the linker told nothing: %.300s", edges)
	}
	for line := range bytes.Lines(edges) {
		if _, who, ok := bytes.Cut(line, []byte(" -> ")); ok && bytes.Contains(who, []byte("<ReflectMethod>")) {
			t.Errorf("reached: %s", bytes.TrimSpace(line))
		}
	}
}
