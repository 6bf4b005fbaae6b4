package notify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"warden/finding"
	"warden/notify"
)

// A report of any size is published within what SNS takes: people lose the end
// of the long text, machines lose nothing as long as there is room.
func TestTopicCutsLongTexts(t *testing.T) {
	t.Parallel()
	line := "critical  key.age  user/Zoë \"quoted\" \\ path & <tag>\n"
	for _, lines := range []int{10, 5_000, 100_000} {
		for _, report := range []int{1, 2_000, 100_000} {
			p := &publisher{}
			m := notify.Message{
				Incident: "audit-1", Kind: "audit", Severity: finding.Critical, Subject: "warden audit", Account: "111122223333",
				Text: "first line\n", Full: "first line\n" + strings.Repeat(line, lines), Report: strings.Repeat("é\"", report),
				Attributes: map[string]string{"new": "3", "nothing": ""},
			}
			if err := notify.NewTopic(p, "arn:aws:sns:us-east-1:111122223333:t").Notify(t.Context(), m); err != nil {
				t.Fatalf("%d lines, %d of the report: %v", lines, report, err)
			}
			in := p.got[0]
			size := len(aws.ToString(in.Message))
			for name, a := range in.MessageAttributes {
				size += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue))
			}
			if size > 262_144 {
				t.Errorf("%d bytes", size)
			}
			var body map[string]string
			if err := json.Unmarshal([]byte(aws.ToString(in.Message)), &body); err != nil {
				t.Fatal(err)
			}
			people := body["default"]
			if !utf8.ValidString(people) || !strings.HasPrefix(people, "first line\n") {
				t.Errorf("people get %d bytes that begin with %.40q", len(people), people)
			}
			if whole := people == m.Full; whole == strings.HasSuffix(people, "\n[cut here]\n") || whole != (lines == 10) {
				t.Errorf("%d lines, %d of the report: whole %v, ends %q", lines, report, whole, people[max(0, len(people)-40):])
			}
			if lines == 100_000 && size < 230_000 {
				t.Errorf("only %d bytes of what there is room for", size)
			}
			for _, l := range strings.Split(strings.TrimSuffix(people, "\n[cut here]\n"), "\n")[1:] {
				if l != "" && l+"\n" != line {
					t.Errorf("a line was cut in itself: %q", l)
				}
			}
			var machine notify.Message
			if err := json.Unmarshal([]byte(body["sqs"]), &machine); err != nil || machine.Kind != "audit" || machine.Account != "111122223333" || machine.Text != "first line\n" {
				t.Errorf("machines get %.200s: %v", body["sqs"], err)
			}
			if kept := machine.Report != nil; kept != (report < 100_000) {
				t.Errorf("%d of the report: kept %v", report, kept)
			}
			for name, want := range map[string]string{"incident": "audit-1", "kind": "audit", "account": "111122223333", "severity": "critical", "new": "3"} {
				if got := aws.ToString(in.MessageAttributes[name].StringValue); got != want {
					t.Errorf("attribute %s is %q, want %q", name, got, want)
				}
			}
			if _, there := in.MessageAttributes["nothing"]; there {
				t.Error("SNS takes no empty attribute")
			}
		}
	}
}
