package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runGenerate runs policy generate with the account of the replay tests and
// these events.
func runGenerate(t *testing.T, events []string, args ...string) (status int, out, errs, dir string) {
	t.Helper()
	snapshot, _, trail := replayFiles(t, "", events...)
	dir = filepath.Dir(snapshot)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	var o, e bytes.Buffer
	s := &streams{In: strings.NewReader(""), Out: &o, Err: &e}
	root := newRoot(s)
	root.SetArgs(append([]string{"policy", "generate", "--snapshot", snapshot, "--trail", trail, "--principal", "ann"}, args...))
	status = exitStatus(s.Err, root.Execute())
	return status, o.String(), e.String(), dir
}

func TestGenerateReduce(t *testing.T) {
	t.Parallel()
	events := []string{
		recorded("1", byAnn, "iam", "GetUser", `,"requestParameters":{"userName":"ben"}`),
		recorded("1", byAnn, "iam", "GetUser", `,"requestParameters":{"userName":"ben"}`),
		recorded("2", byFormer, "iam", "DeleteUser", `,"requestParameters":{"userName":"ben"}`),
		recorded("3", byAnn, "iam", "DeleteRole", `,"requestParameters":{"roleName":"app"},"errorCode":"AccessDenied"`),
		recorded("4", byAnn, "rds", "DescribeDBInstances", ""),
		recorded("5", byAnn, "kms", "Decrypt", `,"resources":[{"ARN":"arn:aws:kms:eu-west-1:111122223333:key/k1","accountId":"111122223333","type":"AWS::KMS::Key"}]`),
		recorded("6", byAnn, "dynamodb", "DescribeTable", `,"requestParameters":{"tableName":"t"}`),
	}
	status, out, errs, dir := runGenerate(t, events, "--reduce", "--drop-unseen", "--out", "DIR/out")
	if status != 0 || out != "" {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	for _, want := range []string{
		"proved: all 3 observed permissions stay allowed", "proved: nothing new is allowed",
		"not of these policies: 1 observed permissions, which something else allowed; the first is rds:DescribeDBInstances",
		"left out: 1 events by somebody who had this name before",
		"arn:aws:iam::111122223333:policy/Shared gives permissions to user ben too",
		"arn:aws:iam::111122223333:policy/Shared: nothing of it was used",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("no word of %q in\n%s", want, errs)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", "user-ann-own.json"))
	if err != nil {
		t.Fatal(err)
	}
	for want, there := range map[string]bool{"iam:GetUser": true, "kms:Decrypt": true, "iam:DeleteUser": false, "iam:DeleteRole": false, "iam:*": false} {
		if strings.Contains(string(text), `"`+want+`"`) != there {
			t.Errorf("%s: want %v in\n%s", want, there, text)
		}
	}

	// What is there is left alone.
	snapshot, trail := filepath.Join(dir, "account.json"), filepath.Join(dir, "trail.json")
	again := func(more ...string) (int, string) {
		var o, e bytes.Buffer
		s := &streams{In: strings.NewReader(""), Out: &o, Err: &e}
		root := newRoot(s)
		root.SetArgs(append([]string{"policy", "generate", "--snapshot", snapshot, "--trail", trail, "--principal", "ann", "--reduce", "--out", filepath.Join(dir, "out")}, more...))
		return exitStatus(s.Err, root.Execute()), e.String()
	}
	if status, errs := again(); status != 1 || !strings.Contains(errs, "is there already; nothing was written") {
		t.Errorf("status %d\n%s", status, errs)
	}
	if status, errs := again("--overwrite"); status != 0 {
		t.Errorf("status %d\n%s", status, errs)
	}
}

func TestGenerateAnswers(t *testing.T) {
	t.Parallel()
	one := []string{recorded("1", byAnn, "iam", "GetUser", `,"requestParameters":{"userName":"ben"}`)}
	for _, tt := range []struct {
		name   string
		events []string
		args   []string
		status int
		errs   string
	}{
		{"nobody", []string{recorded("1", byApp, "iam", "GetUser", "")}, nil, 1, "no recorded call that succeeded is by arn:aws:iam::111122223333:user/eng/ann (1 events are by others)"},
		{"only refused", []string{recorded("1", byAnn, "iam", "GetUser", `,"errorCode":"AccessDenied"`)}, nil, 1, "no recorded call that succeeded"},
		{"standard input twice", one, []string{"--snapshot", "-", "--trail", "-"}, 2, "standard input (-) can be read once only"},
		{"a folder that cannot be made", one, []string{"--out", "DIR/account.json/x"}, 1, "not a directory"},
		{"sizes", one, []string{"--max-size", "10"}, 2, "--max-size"},
		{"overwrite what", one, []string{"--overwrite"}, 2, "--overwrite goes with --out"},
		{"what nobody knows", append([]string{recorded("9", byAnn, "madeup", "Do", "")}, one...), []string{"--strict"}, 4, "left out, because nobody knows its action: madeup.amazonaws.com Do (1 calls)"},
		{"too long to be cut", one, []string{"--max-size", "100"}, 1, "cannot be cut"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, out, errs, _ := runGenerate(t, tt.events, tt.args...)
			if status != tt.status || !strings.Contains(errs, tt.errs) {
				t.Errorf("status %d, want %d\n%s%s", status, tt.status, out, errs)
			}
		})
	}
}

// A policy of an account fits where it came from, whatever its wildcards
// become.
func TestGenerateSizes(t *testing.T) {
	t.Parallel()
	var events []string
	for i, name := range []string{"GetUser", "GetRole", "GetGroup", "ListUsers", "ListRoles", "ListGroups", "CreateAccessKey", "DeleteAccessKey"} {
		events = append(events, recorded(fmt.Sprint(i), byAnn, "iam", name, `,"requestParameters":{"userName":"ben","roleName":"app","groupName":"devs"}`))
	}
	status, out, errs, _ := runGenerate(t, events, "--reduce", "-o", "json")
	var g struct{ Policies []generatedPolicy }
	if err := json.Unmarshal([]byte(out), &g); err != nil || status != 0 {
		t.Fatalf("status %d, %v\n%s%s", status, err, out, errs)
	}
	for _, p := range g.Policies {
		text, err := json.Marshal(p.Document)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Name, "user/") && len(text) > 2048 {
			t.Errorf("%s has %d characters", p.Name, len(text))
		}
	}
}
