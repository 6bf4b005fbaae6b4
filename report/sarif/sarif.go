// Package sarif holds the parts of SARIF 2.1.0 (OASIS, "Static Analysis
// Results Interchange Format") that code review reads, for every command that
// writes it.
package sarif

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
)

// Log is a SARIF file.
type Log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []Run  `json:"runs"`
}

// Run is what one tool found in one place.
type Run struct {
	Tool struct {
		Driver Driver `json:"driver"`
	} `json:"tool"`
	// Automation tells runs of one tool apart, such as those on two accounts.
	Automation  *Automation    `json:"automationDetails,omitempty"`
	ColumnKind  string         `json:"columnKind"`
	Invocations []Invocation   `json:"invocations"`
	Results     []Result       `json:"results"`
	Properties  map[string]any `json:"properties,omitempty"`
}

// Automation names a run: what stands before the last slash of the id is its
// category, and GitHub keeps one set of results for each.
type Automation struct {
	ID string `json:"id"`
}

// Driver is the tool and its rules.
type Driver struct {
	Name            string `json:"name"`
	SemanticVersion string `json:"semanticVersion,omitempty"`
	Rules           []Rule `json:"rules"`
}

// Rule is what a result may be about.
type Rule struct {
	ID               string         `json:"id"`
	Name             string         `json:"name"`
	ShortDescription Text           `json:"shortDescription"`
	FullDescription  Text           `json:"fullDescription"`
	Help             Text           `json:"help"`
	Configuration    Configuration  `json:"defaultConfiguration"`
	Properties       map[string]any `json:"properties"`
}

// Configuration is how bad a rule's results are.
type Configuration struct {
	Level string `json:"level"`
}

// Text is a message.
type Text struct {
	Text string `json:"text"`
}

// Invocation says whether the tool did all that it was to do.
type Invocation struct {
	ExecutionSuccessful bool           `json:"executionSuccessful"`
	Notifications       []Notification `json:"toolExecutionNotifications,omitempty"`
}

// Notification is a remark about the run itself.
type Notification struct {
	Level   string `json:"level"`
	Message Text   `json:"message"`
}

// Result is one answer. Kind is "" for "fail"; for every other one the level
// must be "none". Suppressions and BaselineState stand in all results of a run
// or in none. Source: SARIF 2.1.0, 3.27.9, 3.27.10, 3.27.23 and 3.27.24.
type Result struct {
	RuleID        string            `json:"ruleId"`
	RuleIndex     int               `json:"ruleIndex"`
	Kind          string            `json:"kind,omitempty"`
	Level         string            `json:"level"`
	Message       Text              `json:"message"`
	Locations     []Location        `json:"locations"`
	Fingerprints  map[string]string `json:"partialFingerprints"`
	Suppressions  *[]Suppression    `json:"suppressions,omitempty"`
	BaselineState string            `json:"baselineState,omitempty"`
	Properties    map[string]any    `json:"properties,omitempty"`
}

// Suppression says that somebody accepted a result.
type Suppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

// Location is a place in a file, and what stands there.
type Location struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region Region `json:"region"`
	} `json:"physicalLocation"`
	Logical []Logical `json:"logicalLocations,omitempty"`
}

// Region is a place in a file, counted from 1.
type Region struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

// Logical names a thing whatever file it stands in.
type Logical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind,omitempty"`
}

// At returns the location of a line and column of a file; 0 is no column.
func At(file string, line, column int, logical ...Logical) Location {
	var l Location
	l.Physical.Artifact.URI = (&url.URL{Path: filepath.ToSlash(file)}).String()
	l.Physical.Region = Region{max(line, 1), column}
	l.Logical = logical
	return l
}

// NewRun returns a run without rules and results.
func NewRun(tool string) Run {
	r := Run{ColumnKind: "unicodeCodePoints", Results: []Result{}}
	r.Tool.Driver.Name, r.Tool.Driver.Rules = tool, []Rule{}
	return r
}

// Write writes runs as one file.
func Write(w io.Writer, runs ...Run) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(Log{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", runs})
}
