package guard

import (
	"strings"
	"testing"
	"time"
)

const goodExemption = `{
  "arn": "arn:aws:iam::111122223333:user/mallory", "id": "AIDAMALLORY",
  "rule": "guard:iam.user.create", "reason": "sets up the pipeline", "owner": "ops",
  "expires": "2026-12-31"
}`

func TestReadExemptions(t *testing.T) {
	t.Parallel()
	got, err := ReadExemptions(strings.NewReader(`{"exemptions":[` + goodExemption + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Exemption{
		ARN: "arn:aws:iam::111122223333:user/mallory", ID: "AIDAMALLORY", Rule: "guard:iam.user.create",
		Reason: "sets up the pipeline", Owner: "ops", Expires: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("read %+v", got)
	}
}

func TestReadExemptionsErrors(t *testing.T) {
	t.Parallel()
	with := func(old, new string) string {
		return `{"exemptions":[` + strings.Replace(goodExemption, old, new, 1) + `]}`
	}
	const entry = "exemptions: entry 1 (arn:aws:iam::111122223333:user/mallory): "
	for name, tt := range map[string][2]string{
		"unknown key":       {with(`"owner"`, `"onwer"`), `exemptions: line 3, column 70: unknown key "onwer"`},
		"key twice":         {with(`"owner"`, `"reason"`), `exemptions: line 3, column 70: key "reason" occurs twice`},
		"wrong type":        {with(`"AIDAMALLORY"`, `7`), `exemptions: line 2, column`},
		"broken":            {"{\n\"exemptions\": [}", `exemptions: line 2, column 16: `},
		"empty file":        {"", `exemptions: the file is empty: `},
		"no list":           {"{}", `exemptions: there is no list "exemptions"`},
		"no expiry":         {with(`"2026-12-31"`, `""`), entry + `expires missing`},
		"no owner, reason":  {with(`"sets up the pipeline", "owner": "ops"`, `" "`), entry + `reason, owner missing`},
		"no ARN":            {with(`arn:aws:iam::111122223333:user/mallory`, ``), `exemptions: entry 1 ((none)): arn missing`},
		"wildcard":          {with(`user/mallory`, `user/*`), `exemptions: entry 1 (arn:aws:iam::111122223333:user/*): arn: want the exact ARN`},
		"a bucket":          {with(`arn:aws:iam::111122223333:user/mallory`, `arn:aws:s3:::b`), `exemptions: entry 1 (arn:aws:s3:::b): arn: want the exact ARN of an IAM user or role`},
		"not an ARN":        {with(`arn:aws:iam::111122223333:user/mallory`, `mallory`), `exemptions: entry 1 (mallory): arn: "mallory" is not an ARN`},
		"no such detection": {with(`iam.user.create`, `iam.user.make`), entry + `rule: there is no detection "iam.user.make"`},
		"not a date":        {with(`2026-12-31`, `soon`), entry + `expires: "soon" is not a date`},
		"twice": {`{"exemptions":[` + goodExemption + `,` + strings.Replace(goodExemption, "2026", "2027", 1) + `]}`,
			`exemptions: entry 2 (arn:aws:iam::111122223333:user/mallory): entry 1 has the same arn, id and rule`},
		"a list on top": {`[]`, `exemptions: line 1, column 1: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadExemptions(strings.NewReader(tt[0]))
			if err == nil || !strings.HasPrefix(err.Error(), tt[1]) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v\nwant  %s", err, tt[1])
			}
		})
	}
}

// An exemption lets go whom it names, by exact ARN and unique id, until the
// second in which it ends, and nobody and nothing else.
func TestExemptionHolds(t *testing.T) {
	t.Parallel()
	with := func(old, new string) string { return strings.Replace(goodExemption, old, new, 1) }
	for name, tt := range map[string]struct {
		file, call string
		want       Verdict
		says       string
	}{
		"in force":                     {goodExemption, "iam:CreateUser", Allowed, "exempt until 2026-12-31"},
		"from all of the guard's":      {with("guard:iam.user.create", "guard"), "iam:AttachUserPolicy", Allowed, "exempt until"},
		"another rule's":               {goodExemption, "iam:AttachUserPolicy", Contain, "no administrator"},
		"another judgement's":          {with("guard:iam.user.create", "audit:key.age"), "iam:CreateUser", Contain, "no administrator"},
		"ends in a second":             {with("2026-12-31", "2026-01-02T04:00:01Z"), "iam:CreateUser", Allowed, "exempt until"},
		"ends now":                     {with("2026-12-31", "2026-01-02T04:00:00Z"), "iam:CreateUser", Contain, "his exemption ran out on 2026-01-02"},
		"ended a second ago":           {with("2026-12-31", "2026-01-02T03:59:59Z"), "iam:CreateUser", Contain, "his exemption ran out"},
		"ends today, so it has":        {with("2026-12-31", "2026-01-02"), "iam:CreateUser", Contain, "his exemption ran out"},
		"ends later, by its zone":      {with("2026-12-31", "2026-01-02T03:00:00-05:00"), "iam:CreateUser", Allowed, "exempt until"},
		"ended, by its zone":           {with("2026-12-31", "2026-01-02T05:00:00+05:00"), "iam:CreateUser", Contain, "his exemption ran out"},
		"another's unique id":          {with("AIDAMALLORY", "AIDAOTHER"), "iam:CreateUser", Contain, "is for AIDAOTHER, not AIDAMALLORY"},
		"an id in other case":          {with("AIDAMALLORY", "aidamallory"), "iam:CreateUser", Contain, "no administrator"},
		"the ARN in other case":        {with("user/mallory", "user/Mallory"), "iam:CreateUser", Contain, "no administrator"},
		"the ARN with a path":          {with("user/mallory", "user/x/mallory"), "iam:CreateUser", Contain, "no administrator"},
		"of another account":           {with("111122223333", "444455556666"), "iam:CreateUser", Contain, "no administrator"},
		"of another partition":         {with("arn:aws:", "arn:aws-cn:"), "iam:CreateUser", Contain, "no administrator"},
		"of one whose name begins so":  {with("user/mallory", "user/mal"), "iam:CreateUser", Contain, "no administrator"},
		"an ARN with blanks around it": {with("user/mallory", "user/mallory "), "iam:CreateUser", Contain, "no administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := ReadExemptions(strings.NewReader(`{"exemptions":[` + tt.file + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			j := Judge(Config{Exemptions: list}, event(t, mallory, tt.call), user(), now)
			if j.Verdict != tt.want || !strings.Contains(j.Reason, tt.says) {
				t.Errorf("%s, want %s …%s…: %s", j.Verdict, tt.want, tt.says, j.Reason)
			}
		})
	}
}
