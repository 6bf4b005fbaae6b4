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
		"a list on top":     {`[]`, `exemptions: line 1, column 1: `},
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
