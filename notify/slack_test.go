package notify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"warden/notify"
)

const secretPath = "/services/T000/B000/verysecret"

// webhook is a server that answers as Slack would.
func webhook(t *testing.T, answer http.HandlerFunc) (*notify.Slack, string) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	slack, err := notify.NewSlack(s.URL+secretPath, true)
	if err != nil {
		t.Fatal(err)
	}
	return slack, s.URL
}

func TestGoldenSlack(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]notify.Message{"contained.slack.json": contained(), "hostile.slack.json": hostile()} {
		var got []byte
		slack, _ := webhook(t, func(w http.ResponseWriter, r *http.Request) {
			got, _ = io.ReadAll(r.Body)
			fmt.Fprint(w, "ok")
		})
		if err := slack.Notify(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, got, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden(t, name, pretty.String()+"\n")
		var body struct {
			Text   string
			Blocks []struct{ Text *struct{ Text string } }
		}
		if err := json.Unmarshal(got, &body); err != nil {
			t.Fatal(err)
		}
		if n := len([]rune(body.Blocks[0].Text.Text)); n > 150 {
			t.Errorf("the header has %d characters, Slack takes 150", n)
		}
		if n := len([]rune(body.Blocks[1].Text.Text)); n > 3000 {
			t.Errorf("the text has %d characters, Slack takes 3000", n)
		}
		inside := strings.TrimSuffix(strings.TrimPrefix(body.Blocks[1].Text.Text, "```\n"), "\n```")
		if strings.ContainsAny(inside, "<>`") || strings.ContainsAny(body.Text, "<>`") {
			t.Errorf("%s: markup is left", name)
		}
	}
}

func TestSlackAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		status    int
		header    string
		permanent bool
		later     time.Duration
	}{
		{"busy", http.StatusTooManyRequests, "30", false, 30 * time.Second},
		{"busy, without a time", http.StatusTooManyRequests, "", false, time.Second},
		{"revoked", http.StatusForbidden, "", true, 0},
		{"gone", http.StatusGone, "", true, 0},
		{"elsewhere", http.StatusFound, "", true, 0},
		{"broken", http.StatusInternalServerError, "", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			slack, _ := webhook(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", tt.header)
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, "no_service\x1b[2J")
			})
			err := slack.Notify(t.Context(), contained())
			if err == nil || errors.Is(err, notify.ErrPermanent) != tt.permanent {
				t.Fatalf("%v, want permanent %v", err, tt.permanent)
			}
			later, ok := errors.AsType[*notify.LaterError](err)
			if ok != (tt.later > 0) || ok && later.After != tt.later {
				t.Errorf("%v, want to wait %s", err, tt.later)
			}
			if strings.Contains(err.Error(), "verysecret") || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("the error tells too much: %q", err)
			}
		})
	}
}

func TestSlackGoneKeepsTheSecret(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	slack, err := notify.NewSlack(s.URL+secretPath, true)
	s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := slack.Notify(t.Context(), contained()); err == nil || strings.Contains(err.Error(), "verysecret") {
		t.Errorf("%v", err)
	}
}

func TestSlackURL(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://hooks.slack.com/services/T/B/verysecret":            true,
		"https://hooks.slack-gov.com/services/T/B/verysecret\n":      true,
		"http://hooks.slack.com/services/T/B/verysecret":             false,
		"https://hooks.slack.com.evil.example/services/verysecret":   false,
		"https://hooks.slack.com:8443/services/verysecret":           false,
		"https://me@hooks.slack.com/services/verysecret":             false,
		"https://hooks.slack.com@evil.example/services/verysecret":   false,
		"https://169.254.169.254/latest/verysecret":                  false,
		"http://127.0.0.1:9000/services/verysecret":                  false,
		"https://hooks.slack.com":                                    false,
		"hooks.slack.com/services/verysecret":                        false,
		"https://hooks.slack.com/services/verysecret%zz\x7f[control": false,
	} {
		_, err := notify.NewSlack(url, false)
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "verysecret") {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}
