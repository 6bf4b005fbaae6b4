package guard

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/guard/detect"
	"warden/internal/fixture"
	"warden/trail"
	"warden/trail/source"
)

// judgeRecorded judges what is relevant in a folder of recorded trails. The
// facts are those of an account in which everybody exists and nobody is in a
// group.
func judgeRecorded(t *testing.T, folder string, each func(file string, j Judgement)) trail.Stats {
	t.Helper()
	root := filepath.Join(fixture.Shared(t), "data", "cloudtrail", folder)
	files, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", root, err)
	}
	s := &trail.Scanner{Relevant: Relevant, Bad: func(b trail.BadRecord) { t.Errorf("bad: %s", b) }}
	for _, file := range files {
		err := source.Files(context.Background(), s, []string{file}, nil, func(e *trail.Event) error {
			by := e.Actor()
			f := &Facts{Account: e.RecipientAccount}
			if by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession {
				f.User = &UserFacts{Exists: true, ID: by.ID, ARN: by.ARN, Name: by.Name}
			}
			each(strings.TrimSuffix(filepath.Base(file), ".json.gz"), Judge(Config{}, e, f, e.Time))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s.Stats()
}

// TestRecordedSANS: every record of the training account that names a write
// to IAM or STS gets a verdict with its caller's kind.
func TestRecordedSANS(t *testing.T) {
	t.Parallel()
	got := map[string]int{}
	stats := judgeRecorded(t, "sans504-s3-ransomware", func(_ string, j Judgement) {
		if !detect.IAMWrite(j.Event.Source, j.Event.Name) && !detect.STSWrite(j.Event.Source, j.Event.Name) &&
			j.Event.Source != "signin.amazonaws.com" {
			return
		}
		var ids []string
		for _, d := range j.Detections {
			ids = append(ids, d.ID)
		}
		got[strings.Join([]string{j.Event.Name, string(j.Actor.Kind), string(j.Verdict), strings.Join(ids, "+")}, " ")]++
	})
	want := map[string]int{
		"AssumeRole aws-service allowed ":                                    181,
		"AttachRolePolicy root alert iam.policy.attach":                      2,
		"CreatePolicy root alert iam.policy.create":                          2,
		"CreateRole root alert iam.role.create":                              2,
		"CreateAccessKey iam-user contain iam.access-key.create":             1,
		"PutUserPolicy iam-user contain iam.policy.put-inline":               1,
		"ConsoleLogin root alert signin.console.no-mfa+signin.console.root":  4,
		"ConsoleLogin root alert signin.console.root+signin.console.failure": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if stats.Records != 30477 || stats.Bad != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// identityTechniques are those of the Stratus Red Team logs that attack
// identities, and what has to be detected in each. The other logs are of
// techniques that touch no identity API; some are detected nevertheless.
var identityTechniques = map[string]string{
	"aws.initial-access.console-login-without-mfa":           "signin.console.no-mfa",
	"aws.persistence.iam-backdoor-role":                      "iam.role.trust-outsider",
	"aws.persistence.iam-backdoor-user":                      "iam.access-key.create-other",
	"aws.persistence.iam-create-admin-user":                  "iam.policy.attach-admin",
	"aws.persistence.iam-create-backdoor-role":               "iam.role.trust-outsider",
	"aws.persistence.iam-create-user-login-profile":          "iam.login-profile.create",
	"aws.persistence.lambda-layer-extension":                 "lambda.code.update",
	"aws.persistence.lambda-overwrite-code":                  "lambda.code.update",
	"aws.persistence.rolesanywhere-create-trust-anchor":      "rolesanywhere.anchor.create",
	"aws.privilege-escalation.iam-update-user-login-profile": "iam.login-profile.update",
	"aws.credential-access.ec2-get-password-data":            "sts.role.refused",
	"aws.discovery.ec2-download-user-data":                   "sts.role.refused",
}

func TestRecordedStratus(t *testing.T) {
	t.Parallel()
	found := map[string]map[string]bool{}
	verdicts := map[string]int{}
	stats := judgeRecorded(t, "stratus-red-team", func(file string, j Judgement) {
		if found[file] == nil {
			found[file] = map[string]bool{}
		}
		for _, d := range j.Detections {
			found[file][d.ID] = true
		}
		verdicts[string(j.Actor.Kind)+" "+string(j.Verdict)]++
	})
	for technique, id := range identityTechniques {
		if !found[technique][id] {
			t.Errorf("%s: found %v, want %s", technique, found[technique], id)
		}
	}
	want := map[string]int{"assumed-role ignored": 1, "iam-user alert": 4, "iam-user contain": 9, "iam-user ignored": 13}
	if diff := cmp.Diff(want, verdicts); diff != "" || stats.Records != 114 || stats.Bad != 0 {
		t.Errorf("stats %+v, verdicts -want +got\n%s", stats, diff)
	}
}

// BenchmarkJudge judges one write with facts.
func BenchmarkJudge(b *testing.B) {
	e := event(b, mallory, "iam:AttachUserPolicy", `,"requestParameters":{"userName":"mallory","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)
	f := FactsFromSnapshot(&account.Snapshot{Account: acct, Users: []account.User{{Name: "mallory", ID: userID}}}, e.Actor())
	for b.Loop() {
		if j := Judge(Config{}, e, &f, now); j.Verdict != Contain {
			b.Fatal(j.Reason)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func TestLineIsStable(t *testing.T) {
	t.Parallel()
	j := Judge(Config{}, event(t, service, "sts:AssumeRole"), nil, now)
	got, err := json.Marshal(j.Line())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"eventID":"e1","eventName":"AssumeRole","eventSource":"sts.amazonaws.com","eventTime":"2026-01-02T03:04:05Z",` +
		`"caller":{"kind":"aws-service","arn":"","account":"","id":""},"detections":[],"verdict":"allowed","severity":"info",` +
		`"reason":"AWS service ec2.amazonaws.com acts for itself","failed":false}`
	if string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
