package respond_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"warden/guard"
	"warden/internal/stage"
	"warden/notify"
	"warden/respond"
	"warden/trail/source"
	"warden/twin"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// heard keeps messages.
type heard struct {
	mu  sync.Mutex
	all []notify.Message
}

func (h *heard) Notify(_ context.Context, m notify.Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, m)
	return nil
}

// with sends what a guard tells to h alone.
func (h *heard) with(o *respond.Options) { o.Notifier = h }

// masks hide what is another in every run.
var masks = []struct{ what, by string }{
	{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "EVENT"},
	{`inc-[0-9a-f]{16}`, "INCIDENT"},
	{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`, "TIME"},
	{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "TIME"},
	{`A[KS]IA[0-9A-Z]{16}`, "KEY"},
	{`Warden[AI]U[0-9a-f]{16}T\d+`, "SID"},
	{`A(ID|RO)A[0-9A-Z]{17}`, "ID"},
	{`DENY-IAM-session-[0-9a-f]{12}`, "DENY-IAM-session-HASH"},
	{`aws-sdk-go-v2/.*`, "AGENT"},
	{`(approve|proposed as) [0-9a-f]{12}`, "$1 PLAN"},
	{`[0-9a-f]{64}`, "PLAN"},
	{`, \d+s after it came`, ", 30m after it came"},
	{`RequestID: [0-9a-f-]+`, "RequestID: R"},
	{`\br-[0-9a-z]{4}\b`, "r-ROOT"}, {`\bo-[0-9a-z]{10}\b`, "o-ORG"},
}

// TestMessages shows what people are told of each kind of incident, in
// testdata/messages: on one screen, and whole in every channel.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*testing.T, *heard){
		"contained": func(t *testing.T, h *heard) {
			p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}}, h.with)
			if _, err := p.intruder.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("break-glass")}); err != nil {
				t.Fatal(err)
			}
			p.drain()
		},
		"partly": func(t *testing.T, h *heard) {
			p := newLeastPlay(t, stage.Options{Guard: guard.Config{Level: guard.DenyAll}})
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			p.responder(h.with).Handle(t.Context(), p.intruderEvents()[0])
		},
		"not-contained": func(t *testing.T, h *heard) {
			o, err := stage.Least(stage.Options{})
			if err != nil {
				t.Fatal(err)
			}
			o.Rights = []string{strings.NewReplacer("iam:AttachUserPolicy", "iam:TagUser", "iam:UpdateAccessKey", "iam:TagUser").Replace(o.Rights[0])}
			p := newPlay(t, o)
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			p.responder(h.with).Handle(t.Context(), p.intruderEvents()[0])
		},
		"session-not-contained": func(t *testing.T, h *heard) {
			p, told := hands(t, false)
			_, e := p.roleSession("build-a")
			p.r.Handle(t.Context(), e)
			h.all = told.all
		},
		"held-session-not-contained": func(t *testing.T, h *heard) {
			p, told := hands(t, false)
			p.r.Handle(t.Context(), p.heldSession())
			h.all = told.all[len(told.all)-1:] // that of the intruder is another test's
		},
		"held-key-not-contained": func(t *testing.T, h *heard) {
			p, told := hands(t, false, "iam:UpdateAccessKey")
			_, e := p.heldKey()
			p.r.Handle(t.Context(), e)
			h.all = told.all[len(told.all)-1:]
		},
		"attempt": func(t *testing.T, h *heard) {
			p := newPlay(t, stage.Options{}, h.with)
			agent, err := p.Clients("backup-agent")
			if err != nil {
				t.Fatal(err)
			}
			if err := p.createUser(agent, "x"); err == nil {
				t.Fatal("it was not refused")
			}
			p.drain()
		},
		"asks-and-carries-out": func(t *testing.T, h *heard) {
			p, a := asked(t)
			p.approve(a)
			if _, err := p.responder(h.with).RunWaiting(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"forged-and-release-refused": func(t *testing.T, h *heard) {
			p := newPlay(t, stage.Options{})
			if err := p.send(t.Context(), p.forge("00000000-1111-2222-3333-444444444444")); err != nil {
				t.Fatal(err)
			}
			p.drain()
			p.r = p.responder(h.with)
			l := source.NewLookup(map[string]source.LookupClient{"us-east-1": p.Admin.CloudTrail})
			p.sweep(l, respond.SweepOptions{ConfirmWithin: time.Nanosecond})
			all, err := p.Ledger.Proposals(t.Context())
			if err != nil || len(all) != 1 {
				t.Fatalf("%v: %d proposals", err, len(all))
			}
			p.approve(all[0])
			// The stack's roles may not take off DENY-IAM.
			if _, err := p.r.RunWaiting(t.Context()); err != nil {
				t.Log(err)
			}
		},
		"root-by-hand": func(t *testing.T, h *heard) {
			p := newOrgPlay(t, func(o *respond.Options) { o.Guardrail = nil; o.Notifier = h })
			if err := p.createUser(p.clients(p.truth.Workload, twin.RootUser), "by-root"); err != nil {
				t.Fatal(err)
			}
			p.r.Handle(t.Context(), p.creation("by-root"))
		},
		"identity-center-by-hand": func(t *testing.T, h *heard) {
			p := newOrgPlay(t, func(o *respond.Options) { o.Guardrail = nil; o.Notifier = h })
			p.r.Handle(t.Context(), p.identityCenter(t))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &heard{}
			play(t, h)
			if len(h.all) == 0 {
				t.Fatal("nobody was told")
			}
			var b bytes.Buffer
			text := notify.NewText(&b)
			for _, m := range h.all {
				oneScreen(t, m)
				if err := text.Notify(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			got := b.String()
			for _, m := range masks {
				got = regexp.MustCompile(m.what).ReplaceAllString(got, m.by)
			}
			path := filepath.Join("testdata", "messages", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s, to rewrite it: go test ./respond -run Messages -update (-want +got):\n%s", path, diff)
			}
		})
	}
}

// oneScreen asks of a message that it fits on a screen, and that Slack shows
// all of it, the way back last.
func oneScreen(t *testing.T, m notify.Message) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(m.Text), "\n")
	if len(lines) > 30 {
		t.Errorf("%q has %d lines", m.Subject, len(lines))
	}
	var posted []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { posted, _ = io.ReadAll(r.Body) }))
	defer s.Close()
	slack, err := notify.NewSlack(s.URL, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := slack.Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var body struct {
		Blocks []struct{ Text *struct{ Text string } }
	}
	if err := json.Unmarshal(posted, &body); err != nil || len(body.Blocks) < 2 {
		t.Fatalf("%v: %s", err, posted)
	}
	shown := body.Blocks[1].Text.Text
	if n := utf8.RuneCountInString(shown); n > 3000 {
		t.Errorf("%q: Slack takes 3000 characters, this has %d", m.Subject, n)
	}
	for _, l := range lines {
		if strings.HasPrefix(l, "undo ") || strings.HasPrefix(l, "next ") {
			if !strings.Contains(shown, strings.TrimSpace(l)[:20]) {
				t.Errorf("%q: Slack does not show %q", m.Subject, l)
			}
		}
	}
}
