package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/app"
	"warden/notify"
)

func TestChannelFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	slack, elsewhere := file("slack", "https://hooks.slack.com/services/T/B/verysecret\n"), file("else", "https://evil.example/verysecret")
	local := file("local", "http://127.0.0.1:9999/services/verysecret")
	password := file("password", "verysecret\n")
	clients := app.Fixed("http://127.0.0.1:9", app.Key{ID: "x", Secret: "x"})
	for _, tt := range []struct {
		name  string
		o     channels
		twin  bool
		told  string
		wrong string
	}{
		{"nobody", channels{}, false, "", ""},
		{"everybody", channels{topic: "arn:aws:sns:us-east-1:111122223333:t", slackFile: slack, smtp: "smtps://w@mail.example.com", mailFrom: "w@example.com", mailTo: []string{"a@example.com"}, passwordFile: password}, false, "sns slack mail", ""},
		{"Slack elsewhere", channels{slackFile: elsewhere}, false, "", "not of the form"},
		{"Slack on this machine", channels{slackFile: local}, false, "", "not of the form"},
		{"Slack on this machine, with a twin", channels{slackFile: local}, true, "slack", ""},
		{"no such file", channels{slackFile: dir + "/none"}, false, "", "no such file"},
		{"a password in the URL", channels{smtp: "smtps://w:verysecret@mail.example.com", mailFrom: "w@example.com", mailTo: []string{"a@example.com"}}, false, "", "holds a password"},
		{"no password file", channels{smtp: "smtps://w@mail.example.com", passwordFile: dir + "/none"}, false, "", "--smtp-password-file"},
	} {
		var aws app.Options
		if tt.twin {
			aws.EndpointURL = "http://127.0.0.1:9"
		}
		all, err := tt.o.notifiers(clients, aws)
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.wrong)
		}
		if err != nil && strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: the error tells the secret: %v", tt.name, err)
		}
		var names []string
		for _, n := range all {
			names = append(names, n.(notify.Channel).Name)
		}
		if got := strings.Join(names, " "); got != tt.told {
			t.Errorf("%s: told %q, want %q", tt.name, got, tt.told)
		}
	}
}
