package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"warden/policy/lint"
	"warden/report/sarif"
)

// sarifLevel is how SARIF calls a severity.
func sarifLevel(s lint.Severity) string {
	switch s {
	case lint.Error, lint.Security:
		return "error"
	case lint.Warning:
		return "warning"
	}
	return "note"
}

// writeSARIF prints the report for code review. Fingerprints do not hang on
// lines, so that a finding stays the same one when the file around it changes.
func writeSARIF(out io.Writer, r *lintReport) error {
	run := sarif.NewRun("warden lint")
	index := map[string]int{}
	for i, c := range lint.Checks() {
		index[c.ID] = i
		rule := sarif.Rule{
			ID: c.ID, Name: c.ID, ShortDescription: sarif.Text{Text: c.Title}, FullDescription: sarif.Text{Text: c.Why},
			Help: sarif.Text{Text: c.Fix + "\n\n" + c.Source}, Configuration: sarif.Configuration{Level: sarifLevel(c.Severity)},
			Properties: map[string]any{"tags": []string{"iam", c.Severity.String()}},
		}
		if c.Severity == lint.Security {
			rule.Properties["security-severity"] = "7.0"
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
	}
	invocation := sarif.Invocation{ExecutionSuccessful: len(r.Errors) == 0}
	for _, e := range r.Errors {
		invocation.Notifications = append(invocation.Notifications, sarif.Notification{Level: "error", Message: sarif.Text{Text: e}})
	}
	run.Invocations = []sarif.Invocation{invocation}
	seen := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		var logical []sarif.Logical
		if name := strings.Trim(f.Policy+"."+f.Path, "."); name != "" {
			logical = []sarif.Logical{{Name: name}}
		}
		run.Results = append(run.Results, sarif.Result{
			RuleID: f.Check, RuleIndex: index[f.Check], Level: sarifLevel(f.Severity), Message: sarif.Text{Text: f.Message + ". " + f.Fix},
			Locations: []sarif.Location{sarif.At(f.File, f.Line, f.Column, logical...)}, Fingerprints: map[string]string{"wardenLint/v1": fingerprint(f, seen)},
		})
	}
	return sarif.Write(out, run)
}

// fingerprint names a finding by what it is about. The same remark a second
// time in a policy gets a number.
func fingerprint(f *lintFinding, seen map[string]int) string {
	statement := f.Sid
	if statement == "" {
		statement = "-"
	}
	key := strings.Join([]string{f.Check, filepath.ToSlash(f.File), f.Policy, statement, f.Message}, "\x00")
	n := seen[key]
	seen[key]++
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s\x00%d", key, n)))
	return hex.EncodeToString(sum[:16])
}
