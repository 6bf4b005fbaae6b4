package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"warden/policy/lint"
)

// The parts of SARIF 2.1.0 (OASIS) that code review reads.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind  string            `json:"columnKind"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string         `json:"id"`
		Name             string         `json:"name"`
		ShortDescription sarifText      `json:"shortDescription"`
		FullDescription  sarifText      `json:"fullDescription"`
		Help             sarifText      `json:"help"`
		Configuration    sarifConfig    `json:"defaultConfiguration"`
		Properties       map[string]any `json:"properties"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine   int `json:"startLine"`
				StartColumn int `json:"startColumn"`
			} `json:"region"`
		} `json:"physicalLocation"`
		Logical []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
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
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver.Name = "warden lint"
	index := map[string]int{}
	for i, c := range lint.Checks() {
		index[c.ID] = i
		rule := sarifRule{
			ID: c.ID, Name: c.ID, ShortDescription: sarifText{c.Title}, FullDescription: sarifText{c.Why},
			Help: sarifText{c.Fix + "\n\n" + c.Source}, Configuration: sarifConfig{sarifLevel(c.Severity)},
			Properties: map[string]any{"tags": []string{"iam", c.Severity.String()}},
		}
		if c.Severity == lint.Security {
			rule.Properties["security-severity"] = "7.0"
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
	}
	invocation := sarifInvocation{ExecutionSuccessful: len(r.Errors) == 0}
	for _, e := range r.Errors {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"error", sarifText{e}})
	}
	run.Invocations = []sarifInvocation{invocation}
	seen := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		var where sarifLocation
		uri := url.URL{Path: filepath.ToSlash(f.File)}
		where.Physical.Artifact.URI = uri.String()
		where.Physical.Region.StartLine, where.Physical.Region.StartColumn = f.Line, f.Column
		if name := strings.Trim(f.Policy+"."+f.Path, "."); name != "" {
			where.Logical = []sarifLogical{{name}}
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Check, RuleIndex: index[f.Check], Level: sarifLevel(f.Severity), Message: sarifText{f.Message + ". " + f.Fix},
			Locations: []sarifLocation{where}, Fingerprints: map[string]string{"wardenLint/v1": fingerprint(f, seen)},
		})
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
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
