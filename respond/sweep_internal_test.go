package respond

import (
	"strings"
	"testing"

	"warden/change/ledger"
	"warden/guard"
	"warden/trail"
)

func TestContradiction(t *testing.T) {
	t.Parallel()
	const record = `{"eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-11-23T10:00:00Z",
		"userIdentity":{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"}}`
	const federated = `{"eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-11-23T10:00:00Z",
		"userIdentity":{"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob","accountId":"111122223333",
		"sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"}}}}`
	acted := ledger.Event{ID: "e", Name: "CreateUser", Source: "iam.amazonaws.com"}
	for _, tt := range []struct {
		name, record string
		ev           func(*ledger.Event)
		caller, want string
	}{
		{"the same", record, nil, "AIDAMALLORY", ""},
		{"a federated session of the caller", federated, nil, "AIDAMALLORY", ""},
		{"a caller without an id", record, nil, "", ""},
		{"another caller", record, nil, "AIDAVICTIM", "made the call, not"},
		{"another call", record, func(e *ledger.Event) { e.Name = "DeleteUser" }, "AIDAMALLORY", "CloudTrail has CreateUser"},
		{"another outcome", strings.Replace(record, `"eventID"`, `"errorCode":"AccessDenied","eventID"`, 1), nil, "AIDAMALLORY", `ended with "AccessDenied"`},
	} {
		e, err := trail.ParseEvent([]byte(tt.record))
		if err != nil {
			t.Fatal(err)
		}
		ev := acted
		if tt.ev != nil {
			tt.ev(&ev)
		}
		in := ledger.Incident{Opening: ledger.Opening{Caller: "arn", CallerID: tt.caller}}
		if got := contradiction(in, ev, e); got == "" != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Who died before he acted or told is followed by a sweep; what is done is left.
func TestSettled(t *testing.T) {
	t.Parallel()
	told := func(channels ...string) (in ledger.Incident) {
		in.Status = ledger.StatusConfigured
		for _, c := range channels {
			in.Notifications = append(in.Notifications, ledger.Notification{Channel: c})
		}
		return in
	}
	doubtful, givenBack := told("contained"), told()
	doubtful.Events = []ledger.Event{{ID: "e", Verdict: string(guard.Escalate)}}
	givenBack.Status = ledger.StatusGivenBack
	for name, tt := range map[string]struct {
		in      ledger.Incident
		verdict guard.Verdict
		want    bool
	}{
		"contained and told":                {told("contained/slack"), guard.Contain, true},
		"approved and told":                 {told("carried out"), guard.Contain, true},
		"contained, nobody told":            {told(), guard.Contain, false},
		"seen and told before, contained":   {told("alerted 2026-09-01 medium", "escalated 2026-09-01 high"), guard.Contain, false},
		"contained for another event, seen": {told("contained"), guard.Alert, true},
		"given back":                        {givenBack, guard.Contain, true},
		"doubtful, and not any more":        {doubtful, guard.Contain, false},
		"doubtful still":                    {doubtful, guard.Escalate, true},
	} {
		if got := settled(tt.in, "e", tt.verdict); got != tt.want {
			t.Errorf("%s: settled %v", name, got)
		}
	}
}
