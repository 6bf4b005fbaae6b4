package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runPolicy runs a policy command with these files and returns its exit status
// and what it wrote.
func runPolicy(t *testing.T, files map[string]string, in string, args ...string) (status int, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range args {
		if _, ok := files[a]; ok {
			args[i] = filepath.Join(dir, a)
		}
	}
	var o, e bytes.Buffer
	s := &streams{In: strings.NewReader(in), Out: &o, Err: &e}
	root := newRoot(s)
	root.SetArgs(append([]string{"policy"}, args...))
	status = exitStatus(s.Err, root.Execute())
	return status, strings.ReplaceAll(o.String(), dir+"/", ""), strings.ReplaceAll(e.String(), dir+"/", "")
}

var policyFiles = map[string]string{
	"read.json":   `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}`,
	"write.json":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::a/*"}]}`,
	"mine.json":   `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"${s3:prefix}"}}}]}`,
	"any.json":    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"s3:prefix":false}}}]}`,
	"public.json": `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}`,
	"org.json":    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`,
	"broken.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Acton":"s3:GetObject","Resource":"*"}]}`,
}

func TestPolicyCommands(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args   string
		status int
		out    string // is in standard output
		errs   string // is in standard error
	}{
		{"diff read.json write.json", 3, "b-more: write.json allows all that read.json allows, and more\n\nonly write.json allows:\n  s3:PutObject on arn:aws:s3:::a/example\n", ""},
		{"diff write.json read.json", 3, "a-more: ", ""},
		{"diff read.json read.json", 0, "equivalent: ", ""},
		{"diff mine.json any.json", 0, "because: it depends on the value of ${s3:prefix}", ""},
		{"diff mine.json any.json --strict", 4, "unknown: ", ""},
		{"diff read.json public.json", 0, "has no Principal, against the grammar of resource policies", ""},
		{"diff public.json org.json", 3, "a-more", ""},
		{"diff read.json", 2, "", "give two policies"},
		{"diff - -", 2, "", "standard input can be only one"},
		{"diff read.json missing.json", 1, "", "missing.json"},
		{"diff read.json broken.json", 1, "", `broken.json:1:56: unknown element "Acton"`},
		{"diff read.json write.json -o yaml", 2, "", "-o yaml"},
		{"diff read.json write.json --kind x", 2, "", "--kind x"},
		{"check --no-new-access write.json read.json", 0, "pass    no-new-access", ""},
		{"check --no-new-access read.json write.json", 3, "fail    no-new-access\n\nallowed:\n  s3:PutObject", ""},
		{"check --no-new-access mine.json any.json --strict", 4, "unknown no-new-access", ""},
		{"check --not-granted s3:Delete*,iam:* write.json", 0, "pass    not-granted", ""},
		{"check --not-granted s3:P* write.json", 3, "s3:PutObject on arn:aws:s3:::a/example", ""},
		{"check --not-granted s3:* --resource arn:aws:s3:::b/*,arn:aws:s3:::b write.json", 0, "pass", ""},
		{"check --not-granted s3 write.json", 2, "", `Action "s3"`},
		{"check --resource arn:aws:s3:::b write.json", 2, "", "which check?"},
		{"check --no-public --resource arn:aws:s3:::b write.json", 2, "", "--resource says where"},
		{"check --no-public public.json", 3, "by     anonymous", ""},
		{"check --no-public --not-granted s3:PutObject org.json", 0, "pass    not-granted\npass    no-public", ""},
		{"check public.json", 2, "", "which check?"},
		{"check --no-public", 2, "", "give a policy"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			status, out, errs := runPolicy(t, policyFiles, "", strings.Fields(tt.args)...)
			if status != tt.status || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) || (tt.errs == "") != (errs == "") {
				t.Errorf("status %d, want %d\n%s\n%s", status, tt.status, out, errs)
			}
		})
	}
}

// TestPolicyDiffJSON: the request of the answer is one that simulate reads.
func TestPolicyDiffJSON(t *testing.T) {
	t.Parallel()
	status, out, errs := runPolicy(t, policyFiles, policyFiles["write.json"], "diff", "read.json", "-", "-o", "json")
	var name struct {
		Relation string
		OnlyB    struct{ Request json.RawMessage }
	}
	if err := json.Unmarshal([]byte(out), &name); err != nil || status != 3 || errs != "" || name.Relation != "b-more" {
		t.Fatalf("status %d, %v\n%s\n%s", status, err, out, errs)
	}
	line := `{"id":"w","request":` + string(name.OnlyB.Request) + `,"identityPolicies":[` + policyFiles["write.json"] + `],"expected":"Allowed"}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(line)); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := runSimulate(t, compact.String()+"\n", "--cases", "-"); status != 0 {
		t.Errorf("simulate: status %d\n%s\n%s", status, out, errs)
	}
}
