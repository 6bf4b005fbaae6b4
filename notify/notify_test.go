package notify_test

import (
	"bytes"
	"context"
	"errors"
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
	if aws.ToString(in.Message) != "text" {
		t.Errorf("message %q", aws.ToString(in.Message))
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
