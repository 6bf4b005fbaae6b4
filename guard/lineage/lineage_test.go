package lineage_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"warden/guard/lineage"
	"warden/trail"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// call is a record in short.
type call struct {
	at                int // seconds after start
	name              string
	by                string // "mallory KEY", "role SESSION KEY" or "bob KEY"
	request, response string
	failed            bool
}

func (c call) event(t testing.TB, n int) *trail.Event {
	t.Helper()
	source := "iam"
	if strings.HasPrefix(c.name, "Assume") || strings.HasSuffix(c.name, "Token") {
		source = "sts"
	}
	f := strings.Fields(c.by)
	identity := fmt.Sprintf(`{"type":"IAMUser","principalId":"AIDA%s","arn":"arn:aws:iam::111122223333:user/%s","accountId":"111122223333","accessKeyId":%q,"userName":%q}`,
		strings.ToUpper(f[0]), f[0], f[len(f)-1], f[0])
	if len(f) == 3 {
		identity = fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROA%s:%s","arn":"arn:aws:sts::111122223333:assumed-role/%s/%s","accountId":"111122223333","accessKeyId":%q,
			"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%s","arn":"arn:aws:iam::111122223333:role/%s","accountId":"111122223333","userName":%q}}}`,
			strings.ToUpper(f[0]), f[1], f[0], f[1], f[2], strings.ToUpper(f[0]), f[0], f[0])
	}
	or := func(s string) string {
		if s == "" {
			return "null"
		}
		return s
	}
	code := ""
	if c.failed {
		code = `"errorCode":"AccessDenied",`
	}
	e, err := trail.ParseEvent(fmt.Appendf(nil, `{%s"eventID":"e%d","eventName":%q,"eventSource":"%s.amazonaws.com","eventTime":%q,"recipientAccountId":"111122223333","userIdentity":%s,"requestParameters":%s,"responseElements":%s}`,
		code, n, c.name, source, start.Add(time.Duration(c.at)*time.Second).Format(time.RFC3339), identity, or(c.request), or(c.response)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func user(name string) string {
	return fmt.Sprintf(`{"user":{"userName":%q,"userId":"AIDA%s","arn":"arn:aws:iam::111122223333:user/%s"}}`, name, strings.ToUpper(name), name)
}

func key(user, id string) string {
	return fmt.Sprintf(`{"accessKey":{"userName":%q,"accessKeyId":%q}}`, user, id)
}

func session(role, name, id string) string {
	return fmt.Sprintf(`{"credentials":{"accessKeyId":%q,"expiration":"Nov 23, 2026, 11:00:00 AM"},"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/%s/%s"}}`, id, role, name)
}

// story is what mallory and what she made did, with strangers around.
var story = []call{
	{0, "CreateUser", "mallory AKIAM", `{"userName":"eve"}`, user("eve"), false},
	{1, "CreateAccessKey", "mallory AKIAM", `{"userName":"eve"}`, key("eve", "AKIAEVE"), false},
	{2, "CreateUser", "eve AKIAEVE", `{"userName":"trent"}`, user("trent"), false},
	{2, "CreateAccessKey", "eve AKIAEVE", `{"userName":"trent"}`, key("trent", "AKIATRENT"), false},
	{3, "CreateRole", "trent AKIATRENT", `{"roleName":"door"}`, `{"role":{"roleName":"door","roleId":"AROADOOR","arn":"arn:aws:iam::111122223333:role/door"}}`, false},
	{4, "AttachRolePolicy", "trent AKIATRENT", `{"roleName":"door","policyArn":"arn:p"}`, "", false},
	{5, "CreateUser", "trent AKIATRENT", `{"userName":"nobody"}`, "", true},
	{6, "AssumeRole", "mallory AKIAM", `{"roleArn":"arn:aws:iam::111122223333:role/ops","roleSessionName":"m"}`, session("ops", "m", "ASIAOPS"), false},
	{7, "CreateAccessKey", "ops m ASIAOPS", `{"userName":"bob"}`, key("bob", "AKIABOB2"), false},
	{8, "CreatePolicy", "bob AKIABOB2", `{"policyName":"p"}`, `{"policy":{"policyName":"p","policyId":"ANPAP","arn":"arn:aws:iam::111122223333:policy/p"}}`, false},
	// Bob himself, and another session of ops, are not of the lineage.
	{9, "CreateUser", "bob AKIABOB1", `{"userName":"bobs"}`, user("bobs"), false},
	{10, "CreateUser", "ops other ASIAOTHER", `{"userName":"opss"}`, user("opss"), false},
	// A session of the created role is, whoever assumed it.
	{11, "CreateLoginProfile", "door s ASIADOOR", `{"userName":"bob"}`, `{"loginProfile":{"userName":"bob"}}`, false},
	// An administrator cleans up, and a user of that name is made again.
	{12, "UpdateUser", "eve AKIAEVE", `{"userName":"trent","newUserName":"backup"}`, "", false},
	{13, "DeleteUser", "bob AKIABOB1", `{"userName":"Backup"}`, "", false},
	{14, "CreateUser", "bob AKIABOB1", `{"userName":"backup"}`, user("backup"), false},
	{15, "DeleteAccessKey", "bob AKIABOB1", `{"userName":"eve","accessKeyId":"AKIAEVE"}`, "", false},
}

const tree = `caller AIDAMALLORY mallory: 3 calls
  user AIDAEVE eve: 0 calls
  access-key AKIAEVE (of eve): 3 calls gone 10:00:15
    user AIDATRENT backup: 0 calls gone 10:00:13
    access-key AKIATRENT (of backup): 2 calls 1 refused
      role AROADOOR door: 1 calls
        password (of bob): 0 calls
      changed AttachRolePolicy door arn:p
    changed UpdateUser trent
  session ASIAOPS m (of arn:aws:iam::111122223333:role/ops): 1 calls until 11:00:00
    access-key AKIABOB2 (of bob): 1 calls
      policy ANPAP p: 0 calls
`

func show(n *lineage.Thing, indent string) string {
	var b strings.Builder
	b.WriteString(indent + string(n.Kind))
	for _, s := range []string{n.ID, n.Name} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if n.Of != "" {
		b.WriteString(" (of " + n.Of + ")")
	}
	fmt.Fprintf(&b, ": %d calls", n.Calls)
	if n.Refused > 0 {
		fmt.Fprintf(&b, " %d refused", n.Refused)
	}
	if !n.Gone.IsZero() {
		b.WriteString(" gone " + n.Gone.Format("15:04:05"))
	}
	if !n.Expires.IsZero() {
		b.WriteString(" until " + n.Expires.Format("15:04:05"))
	}
	b.WriteString("\n")
	for _, m := range n.Made {
		b.WriteString(show(m, indent+"  "))
	}
	for _, c := range n.Changed {
		b.WriteString(indent + "  changed " + c.Call + " " + c.Target + "\n")
	}
	return b.String()
}

func events(t testing.TB, calls []call) []*trail.Event {
	out := make([]*trail.Event, len(calls))
	for i, c := range calls {
		out[i] = c.event(t, i)
	}
	return out
}

// The tree is the same in whatever order the events come, and however often.
func TestTrace(t *testing.T) {
	t.Parallel()
	list := events(t, story)
	got := lineage.Trace(list, lineage.Query{Caller: "AIDAMALLORY"})
	if s := show(got, ""); s != tree {
		t.Fatalf("got:\n%s\nwant:\n%s", s, tree)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		twice := append(events(t, story), list...)
		random.Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
		if s := show(lineage.Trace(twice, lineage.Query{Caller: "AIDAMALLORY"}), ""); s != tree {
			t.Fatalf("shuffled:\n%s", s)
		}
	}
}

func TestRoots(t *testing.T) {
	t.Parallel()
	list := events(t, story)
	for caller, want := range map[string]string{
		"arn:aws:iam::111122223333:user/mallory": "user access-key user access-key role password session access-key policy",
		"AKIAM":                                  "user access-key user access-key role password session access-key policy",
		"AKIAEVE":                                "user access-key role password",
		"ASIAOPS":                                "access-key policy",
		"AROAOPS:m":                              "access-key policy",
		"arn:aws:sts::111122223333:assumed-role/ops/m": "access-key policy",
		"AROAOPS":                            "access-key policy user",
		"arn:aws:iam::111122223333:role/ops": "access-key policy user",
		"mallory":                            "", // a name proves nothing
		"":                                   "",
		"AIDANOBODY":                         "",
	} {
		var kinds []string
		for n := range lineage.Trace(list, lineage.Query{Caller: caller}).All() {
			kinds = append(kinds, string(n.Kind))
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("%s: %s, want %s", caller, got, want)
		}
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	list := events(t, story)
	got := lineage.Trace(list, lineage.Query{Caller: "AIDAMALLORY", Since: start.Add(time.Second), Until: start.Add(3 * time.Second)})
	var names []string
	for n := range got.All() {
		names = append(names, n.ID)
	}
	// What eve's key made is known; that eve herself was made lies before.
	if s := strings.Join(names, " "); s != "AKIAEVE AIDATRENT AKIATRENT" {
		t.Errorf("made %s", s)
	}
	for n := range lineage.Trace(list, lineage.Query{Caller: "AIDAMALLORY"}).All() {
		if n.Kind != lineage.User {
			t.Errorf("the first thing is %s", n.Kind)
		}
		break // stops
	}
}

// Records that make each other, which AWS does not write, end the search.
func TestForged(t *testing.T) {
	t.Parallel()
	list := events(t, []call{
		{0, "CreateAccessKey", "mallory AKIAM", "", key("mallory", "AKIA1"), false},
		{1, "CreateAccessKey", "mallory AKIA1", "", key("mallory", "AKIA2"), false},
		{2, "CreateAccessKey", "mallory AKIA2", "", key("mallory", "AKIA1"), false},
		{2, "CreateAccessKey", "mallory AKIA2", "", key("mallory", "AKIAM"), false},
		{3, "AssumeRole", "mallory AKIAM", "", "", false},
		{3, "CreateUser", "mallory AKIAM", "", `{"user":7}`, false},
	})
	got := show(lineage.Trace(list, lineage.Query{Caller: "AIDAMALLORY"}), "")
	if n := strings.Count(got, "access-key"); n != 4 {
		t.Errorf("%d keys:\n%s", n, got)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add([]byte(`{"eventID":"a","eventName":"CreateUser","eventSource":"iam.amazonaws.com","userIdentity":{"type":"IAMUser","principalId":"A"},"responseElements":{"user":{"userId":"A"}}}`), "A")
	f.Fuzz(func(_ *testing.T, data []byte, caller string) {
		e, err := trail.ParseEvent(data)
		if err != nil {
			return
		}
		for range lineage.Trace([]*trail.Event{e, e}, lineage.Query{Caller: caller}).All() {
		}
	})
}

func ExampleTrace() {
	record := []byte(`{"eventID":"1","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-11-23T10:00:00Z",
		"userIdentity":{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"},
		"responseElements":{"user":{"userName":"eve","userId":"AIDAEVE","arn":"arn:aws:iam::111122223333:user/eve"}}}`)
	e, err := trail.ParseEvent(record)
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := range lineage.Trace([]*trail.Event{e}, lineage.Query{Caller: "AIDAMALLORY"}).All() {
		fmt.Println(n.Kind, n.ID, n.ARN, n.Call)
	}
	// Output:
	// user AIDAEVE arn:aws:iam::111122223333:user/eve CreateUser
}
