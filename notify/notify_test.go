package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"warden/finding"
	"warden/notify"
)

type publisher struct {
	got []*sns.PublishInput
	err error
}

func (p *publisher) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	p.got = append(p.got, in)
	return &sns.PublishOutput{}, p.err
}

func TestText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := notify.NewText(&b).Notify(t.Context(), notify.Message{
		Incident: "inc-1", Severity: finding.Critical, Subject: "mallory\nwas\x1b[2J contained",
		Text: "agent: \x1b]0;owned\x07curl\nsecond line\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "[CRITICAL] mallory?was?[2J contained (incident inc-1)\n  agent: ?]0;owned?curl\n  second line\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestTopic(t *testing.T) {
	t.Parallel()
	p := &publisher{}
	m := notify.Message{Incident: "inc-1", Severity: finding.High, Subject: strings.Repeat("ä", 120), Text: "text"}
	if err := notify.NewTopic(p, "arn:aws:sns:us-east-1:111122223333:t").Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	in := p.got[0]
	if s := aws.ToString(in.Subject); len(s) != 100 || strings.Trim(s, "?.") != "" {
		t.Errorf("subject %q: SNS takes at most 100 ASCII characters", s)
	}
	if got := aws.ToString(in.MessageAttributes["incident"].StringValue); got != "inc-1" {
		t.Errorf("incident attribute %q", got)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(in.Message)), &body); err != nil || aws.ToString(in.MessageStructure) != "json" {
		t.Fatalf("message %q, structure %q: %v", aws.ToString(in.Message), aws.ToString(in.MessageStructure), err)
	}
	if body["default"] != "text" {
		t.Errorf("people get %q", body["default"])
	}
	var machine notify.Message
	if err := json.Unmarshal([]byte(body["sqs"]), &machine); err != nil || machine.Incident != "inc-1" || machine.Severity != finding.High {
		t.Errorf("queues get %q: %v", body["sqs"], err)
	}
}

func TestAllKeepsGoing(t *testing.T) {
	t.Parallel()
	broken, fine := &publisher{err: errors.New("no such topic")}, &publisher{}
	all := notify.All{notify.NewTopic(broken, "arn:a"), notify.NewTopic(fine, "arn:b")}
	err := all.Notify(context.Background(), notify.Message{Incident: "i"})
	if err == nil || !strings.Contains(err.Error(), "arn:a") || len(fine.got) != 1 {
		t.Errorf("err %v, second notifier got %d messages", err, len(fine.got))
	}
}

// What is too much for SNS goes without its details rather than not at all.
func TestTopicFits(t *testing.T) {
	t.Parallel()
	p := &publisher{}
	m := notify.Message{Incident: "inc-1", Details: &notify.Details{Who: "user mallory", Account: "111122223333", Agent: strings.Repeat("a", 300<<10)}}
	if err := notify.NewTopic(p, "arn:aws:sns:us-east-1:111122223333:t").Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	in := p.got[0]
	if n := len(aws.ToString(in.Message)); n > 256<<10 || !strings.Contains(aws.ToString(in.Message), "user mallory") {
		t.Errorf("%d bytes", n)
	}
	if got := aws.ToString(in.MessageAttributes["account"].StringValue); got != "111122223333" {
		t.Errorf("account attribute %q", got)
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	a, b, c := &publisher{}, &publisher{}, &publisher{}
	named := func(p *publisher, name string) notify.Channel {
		return notify.Channel{Name: name, Notifier: notify.NewTopic(p, name)}
	}
	for _, tt := range []struct {
		of   notify.Notifier
		want string
	}{
		{notify.NewTopic(a, "x"), "[]"},
		{notify.All{}, "[]"},
		{notify.All{notify.NewTopic(a, "x"), notify.NewTopic(b, "y")}, "[]"},
		{notify.All{named(a, "sns"), named(b, "slack")}, "[sns slack]"},
		{notify.All{named(a, "sns"), notify.NewTopic(b, "x"), named(c, "slack")}, "[ sns slack]"},
		{named(a, "sns"), "[sns]"},
	} {
		var names []string
		for _, ch := range notify.Channels(tt.of) {
			names = append(names, ch.Name)
		}
		if got := fmt.Sprint(names); got != tt.want {
			t.Errorf("%T: %s, want %s", tt.of, got, tt.want)
		}
	}
}
