package lint

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"warden/policy"
	"warden/policy/cases"
)

func TestFix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, out string }{
		{"version", "{\n  \"Statement\": []\n}", "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": []\n}"},
		{"version, dense", `{"Statement":[]}`, `{"Version":"2012-10-17","Statement":[]}`},
		{"version stays because of a variable", `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}}`, ""},
		{"old version", `{"Version":"2008-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":[]}`},
		{
			"values",
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject", "s3:Get*", "S3:getobject", "sqs:*", "sqs:SendMessage"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/a","arn:aws:s3:::b"]}}`,
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*", "sqs:*"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"]}}`,
		},
		{
			"statements",
			"{\"Version\":\"2012-10-17\",\"Statement\":[\n  {\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"},\n  {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"},\n  {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}\n]}",
			"{\"Version\":\"2012-10-17\",\"Statement\":[\n  {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}\n]}",
		},
		{
			"Sids",
			`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Sid":"A2","Effect":"Deny","Action":"sns:*","Resource":"*"}]}`,
			`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"A3","Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Sid":"A2","Effect":"Deny","Action":"sns:*","Resource":"*"}]}`,
		},
		{"NotResource with a variable stays", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::b/*","arn:aws:s3:::b/${aws:username}"]}}`, ""},
		{"a defective policy stays", `{"Statement":{"Effect":"allow","Action":["s3:*","s3:GetObject"],"Resource":"*"}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, err := policy.ParseStored("p", []byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			want := c.out
			if want == "" {
				want = c.in
			}
			got, done := Fix(doc, []byte(c.in), Options{})
			if string(got) != want || (len(done) > 0) != (c.out != "") {
				t.Errorf("got  %s\nwant %s\n%v", got, want, done)
			}
			// What was fixed is not found again, and needs no fix.
			doc, err = policy.ParseStored("p", got)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range Lint(doc, Options{Source: got}) {
				if f.Fixable && len(doc.Defects) == 0 {
					t.Errorf("still there: %+v", f)
				}
			}
		})
	}
}

// spoil prints a policy with statements and values that change nothing.
func spoil(t *testing.T, d *policy.Document) []byte {
	t.Helper()
	text, err := d.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if !usesVariables(d) && m["Version"] == "2012-10-17" {
		delete(m, "Version")
	}
	list, _ := m["Statement"].([]any)
	for _, s := range list {
		s := s.(map[string]any)
		for _, name := range []string{"Action", "NotAction", "Resource", "NotResource"} {
			var values []any
			switch v := s[name].(type) {
			case string:
				values = []any{v}
			case []any:
				values = v
			default:
				continue
			}
			for _, v := range values[:len(values):len(values)] {
				v := v.(string)
				values = append(values, v)
				if strings.HasSuffix(v, "*") && v != "*" && !strings.Contains(v, "${") {
					values = append([]any{v + "x", strings.TrimSuffix(v, "*") + "?*"}, values...)
				}
			}
			s[name] = values
		}
	}
	for i, s := range list {
		if i%2 == 0 {
			list = append(list, s)
		} else {
			list = append([]any{s}, list...)
		}
	}
	m["Statement"] = list
	text, err = json.Marshal(m, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestFixChangesNothing spoils the policies of the recorded requests, fixes
// them, and compares the decisions, which must be what was recorded.
func TestFixChangesNothing(t *testing.T) {
	t.Parallel()
	fixes, decisions := 0, 0
	for _, name := range []string{"decisions.jsonl.gz", "edge.jsonl.gz", "disputed.jsonl"} {
		file, err := os.Open(filepath.Join("..", "testdata", "cases", name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		r, err := cases.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		for {
			c, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			want := policy.Evaluate(c.Request, c.Policies)
			each(&c.Policies, func(d *policy.Document) *policy.Document {
				if d == nil || len(d.Defects) > 0 {
					return d
				}
				text := spoil(t, d)
				spoiled, err := policy.ParseStored(d.Name, text)
				if err != nil {
					t.Fatal(err)
				}
				text, done := Fix(spoiled, text, Options{})
				fixed, err := policy.ParseStored(d.Name, text)
				if err != nil {
					t.Fatalf("%s: %v in %s", c.ID, err, text)
				}
				if len(done) > 0 {
					fixes++
				}
				if len(fixed.Statements) > len(d.Statements) && len(spoiled.Defects) == 0 {
					t.Errorf("%s: %d statements became %d: %s", c.ID, len(d.Statements), len(fixed.Statements), text)
				}
				return fixed
			})
			got := policy.Evaluate(c.Request, c.Policies)
			if got.Decision != want.Decision || len(got.Unknown) != len(want.Unknown) {
				t.Errorf("%s: %s became %s", c.ID, want.Decision, got.Decision)
			}
			decisions++
		}
	}
	if fixes < decisions {
		t.Errorf("only %d policies of %d requests were fixed", fixes, decisions)
	}
	t.Logf("%d policies fixed, %d decisions compared", fixes, decisions)
}

// each replaces every document.
func each(p *policy.Policies, f func(*policy.Document) *policy.Document) {
	list := func(docs []*policy.Document) {
		for i := range docs {
			docs[i] = f(docs[i])
		}
	}
	list(p.Identity)
	list(p.Group)
	list(p.Boundary)
	list(p.Session)
	list(p.Endpoint)
	for _, l := range p.SCPs {
		list(l.Policies)
	}
	for _, l := range p.RCPs {
		list(l.Policies)
	}
	p.Resource = f(p.Resource)
}
