package report

import (
	"fmt"
	"strings"

	"warden/audit"
	"warden/finding"
	"warden/report/sarif"
)

// sarifRun is a report for code review: failures and unknowns, with All the
// rest too. GitHub shows every result as an alert whatever its kind, so that
// passes would be alerts.
//
// An accepted failure is suppressed; what an earlier report had has a baseline
// state. Fingerprints are the findings' ids.
func sarifRun(r *audit.Report, o Options) sarif.Run {
	run := sarif.NewRun("warden audit")
	run.Automation = &sarif.Automation{ID: "warden-audit/" + r.Account + "/"}
	run.Invocations = []sarif.Invocation{{ExecutionSuccessful: true}}
	run.Properties = map[string]any{"account": r.Account, "benchmark": r.Benchmark, "now": r.Now}
	index := map[string]int{}
	rule := func(f *finding.Finding) int {
		i, ok := index[f.Control]
		if !ok {
			i = len(run.Tool.Driver.Rules)
			index[f.Control] = i
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule(f))
		}
		return i
	}
	add := func(f *finding.Finding, state string) {
		i := rule(f)
		kind, level := sarifKind(f.Status)
		if kind == "" {
			level = sarifLevel(f.Severity)
		}
		suppressions := []sarif.Suppression{}
		if f.Exempt != nil {
			suppressions = append(suppressions, sarif.Suppression{Kind: "external", Status: "accepted",
				Justification: clean(fmt.Sprintf("%s (%s, until %s)", f.Exempt.Reason, f.Exempt.Owner, stamp(f.Exempt.Expires)))})
		}
		run.Results = append(run.Results, sarif.Result{
			RuleID: f.Control, RuleIndex: i, Kind: kind, Level: level,
			Message:      sarif.Text{Text: sarifText(r, f)},
			Locations:    []sarif.Location{sarif.At(orName(o.File), o.Lines[f.Subject], 0, sarif.Logical{Name: clean(f.Subject), Kind: "resource"})},
			Fingerprints: map[string]string{"wardenAudit/v1": f.ID},
			Suppressions: &suppressions, BaselineState: state,
			Properties: map[string]any{"status": f.Status, "severity": f.Severity, "evidence": facts(r, f, "; ")},
		})
	}
	changes := changesOf(o.Since)
	for i := range r.Findings {
		f := &r.Findings[i]
		rule(f) // each control that was asked is a rule, so that an alert that ended is closed
		if !o.All && f.Status != finding.Fail && f.Status != finding.Unknown || changes[f.ID] == gone {
			continue // what is gone follows, as it was
		}
		state := ""
		if o.Since != nil {
			state = "unchanged"
			switch changes[f.ID] {
			case isNew:
				state = "new"
			case changed:
				state = "updated"
			}
		}
		add(f, state)
	}
	if o.Since != nil {
		for i := range o.Since.Gone {
			add(&o.Since.Gone[i], "absent")
		}
	}
	return run
}

// orName is a name for evidence that has none.
func orName(file string) string {
	if file == "" {
		return "account.json"
	}
	return file
}

// sarifKind is what SARIF calls a status; for a failure the level says more.
// "open" is a rule that was evaluated with too little information to decide,
// "review" one that wants a person. Source: SARIF 2.1.0, 3.27.9.
func sarifKind(s finding.Status) (kind, level string) {
	switch s {
	case finding.Fail:
		return "", ""
	case finding.Unknown:
		return "open", "none"
	case finding.Manual:
		return "review", "none"
	case finding.Pass:
		return "pass", "none"
	}
	return "notApplicable", "none"
}

func sarifLevel(s finding.Severity) string {
	switch {
	case s >= finding.High:
		return "error"
	case s == finding.Medium:
		return "warning"
	}
	return "note"
}

// securitySeverity places a severity on GitHub's scale, which follows CVSS.
var securitySeverity = map[finding.Severity]string{
	finding.Critical: "9.5", finding.High: "8.0", finding.Medium: "5.5", finding.Low: "3.0", finding.Info: "0.1",
}

func sarifRule(f *finding.Finding) sarif.Rule {
	tags := []string{"security", "iam"}
	var asked []string
	for _, ref := range f.References {
		tags = append(tags, fmt.Sprintf("%s-%s/%s", ref.Benchmark, ref.Version, ref.ID))
		asked = append(asked, ref.Version+" "+ref.ID)
	}
	rule := sarif.Rule{
		ID: f.Control, Name: f.Control, ShortDescription: sarif.Text{Text: f.Title}, FullDescription: sarif.Text{Text: f.Title},
		Configuration: sarif.Configuration{Level: sarifLevel(f.Severity)}, Help: sarif.Text{Text: f.Title},
		Properties: map[string]any{"tags": tags, "security-severity": securitySeverity[f.Severity]},
	}
	if c := audit.Find(f.Control); c != nil {
		rule.FullDescription.Text = strings.TrimSpace(c.Title + ". " + c.Why)
		rule.Configuration.Level = sarifLevel(c.Severity)
		rule.Properties["security-severity"] = securitySeverity[c.Severity]
		var help []string
		for _, s := range []string{c.Why, c.Remedy, c.Manual, c.Source} {
			if s != "" {
				help = append(help, s)
			}
		}
		if asked != nil {
			help = append(help, "CIS AWS Foundations Benchmark: "+strings.Join(asked, ", "))
		}
		rule.Help.Text = strings.Join(help, "\n\n")
	}
	return rule
}

// sarifText is the message of a result. SARIF takes [text](target) for a link
// in plain text too (3.11.6), so that brackets are escaped.
func sarifText(r *audit.Report, f *finding.Finding) string {
	text := who(r, f) + ": " + f.Summary
	if f.Remedy != "" {
		text += ". " + f.Remedy
	}
	if f.Command != "" {
		text += " Command: " + f.Command
	}
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(clean(text))
}
