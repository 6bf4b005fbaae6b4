package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

// check holds JSON to the published schema.
func check(t *testing.T, data []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// Everything that the form json writes is as the schema says.
func TestSchema(t *testing.T) {
	t.Parallel()
	empty := &audit.Report{Account: account, Now: now, Benchmark: "all"}
	d := &audit.Diff{New: nasty().Findings[:1], Gone: nasty().Findings[1:2], Changed: []audit.Change{{Before: nasty().Findings[2], After: nasty().Findings[2]}}}
	for name, list := range map[string][]report.Audited{
		"one": {{Report: nasty()}}, "with a baseline": {{Report: nasty(), Options: report.Options{Since: d}}},
		"two": {{Report: nasty()}, {Report: empty, Options: report.Options{Since: &audit.Diff{}}}}, "nothing found": {{Report: empty}},
	} {
		var b bytes.Buffer
		if err := report.WriteAll(&b, report.JSON, list); err != nil {
			t.Fatal(err)
		}
		if err := check(t, b.Bytes()); err != nil {
			t.Errorf("%s: %v\n%s", name, err, &b)
		}
	}
	for _, items := range [][]audit.Item{nil, {{Kind: "user", Name: "=x", ARN: "arn", Created: now, MFA: "no", Account: account}}} {
		var b bytes.Buffer
		if err := report.Inventory(&b, report.JSON, items, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := check(t, b.Bytes()); err != nil {
			t.Errorf("%v\n%s", err, &b)
		}
	}
	// The schema refuses what does not belong.
	good := write(t, report.JSON, report.Options{})
	for from, to := range map[string]string{
		`"status":"fail"`: `"status":"ok"`, `"id":"F-0123456789abcdef"`: `"id":"F-1"`, `"severity":"high"`: `"severity":9`,
		`"accepted":1`: `"more":1,"accepted":1`, `"account":"111122223333",`: "", `"source":"r.csv"`: `"origin":"r.csv"`, `"source":0`: `"source":"x"`, `"1.2.0:1.2"`: `"1.2.0 1.2"`, `"facts":["-x"]`: `"facts":[]`, `"days":{`: `"days":{"x":1,`, `"at":"2026-01-31T09:00:00Z"`: `"at":"yesterday"`,
	} {
		bad := strings.Replace(good, from, to, 1)
		if bad == good {
			t.Fatalf("no %s in %s", from, good)
		}
		if err := check(t, []byte(bad)); err == nil {
			t.Errorf("%s is as the schema says", to)
		}
	}
}

// Every form takes every name and every summary, and stays what it is.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	other := nasty()
	other.Account, other.Alias = "444455556666", "=alias|\x1b[31m"
	list := []report.Audited{{Report: nasty()}, {Report: other}}
	for form, wants := range map[report.Form][]string{
		report.Table:    {"account 111122223333,", "account 444455556666 (=alias|", "2 accounts\naccount ", "critical", "444455556666 (=alias|\ufffd[31m)"},
		report.Markdown: {"# Summary of 2 accounts", "| 444455556666 \\(=alias\\|\ufffd\\[31m\\) | 0 | 1 | 0 | 0 | 0 | 1 | 1 |"},
		report.CSV:      {",111122223333,\r\n", ",444455556666,\r\n"},
		report.SARIF:    {`"id": "warden-audit/111122223333/"`, `"id": "warden-audit/444455556666/"`},
		report.OCSF:     {`"uid":"444455556666"`},
		report.ASFF:     {`"AwsAccountId":"444455556666"`, "warden/111122223333/F-0123456789abcdef"},
	} {
		var b bytes.Buffer
		if err := report.WriteAll(&b, form, list); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s has no %q:\n%s", form, want, &b)
			}
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s has an escape", form)
		}
	}
}

// big is a report with the longest of everything.
func big() *audit.Report {
	r := nasty()
	long := strings.Repeat("ä€😀 ", 3000)
	f := finding.Finding{ID: "F-000000000000000b", Control: "principal.escalation", Title: long, Subject: "arn:aws:iam::" + account + ":role/x", Status: finding.Fail, Severity: finding.Critical, Summary: long, Remedy: long, Command: long}
	for i := range 100 {
		f.Evidence = append(f.Evidence, finding.Fact{Fact: fmt.Sprint(i, long), Source: long})
		f.References = append(f.References, finding.Reference{Benchmark: "cis-aws", Version: fmt.Sprint(i), ID: "1.1", Status: finding.Fail})
	}
	r.Findings = append(r.Findings, f)
	return r
}
