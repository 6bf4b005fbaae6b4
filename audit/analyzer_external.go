package audit

import (
	"warden/account"
	"warden/finding"
)

var analyzerExternal = Control{
	ID:       "analyzer.external",
	Title:    "Access Analyzer looks for external access in every region",
	Why:      "A bucket, role or key that was opened to another account stays open until somebody looks.",
	Source:   "IAM User Guide: Using AWS IAM Access Analyzer; IAM Access Analyzer API Reference: AnalyzerSummary",
	Severity: finding.Medium,
	Actions:  []string{"access-analyzer:ListAnalyzers"},
	Remedy:   "Create an analyzer of type ACCOUNT, or ORGANIZATION in the management account; it costs nothing.",
	Judge: func(e *Evidence) []Answer {
		return e.inEveryRegion("Access Analyzer", []string{"access-analyzer:ListAnalyzers"}, func(r *account.Region) Answer {
			if r.Analyzers == nil {
				return e.regionUnknown(r, "which analyzers there are", "access-analyzer:ListAnalyzers")
			}
			a := Answer{Status: finding.Fail, Summary: "no active analyzer of external access", Command: "aws accessanalyzer create-analyzer --analyzer-name external --type ACCOUNT --region " + r.Name}
			for _, x := range r.Analyzers.Value {
				a.Facts = append(a.Facts, fact(r.Analyzers.Evidence, "%s, type %s, %s", x.Name, x.Type, x.Status))
				if (x.Type == "ACCOUNT" || x.Type == "ORGANIZATION") && x.Status == "ACTIVE" {
					a.Status, a.Summary, a.Command = finding.Pass, "analyzer "+x.Name, ""
				}
			}
			if len(r.Analyzers.Value) == 0 {
				a.Facts = append(a.Facts, fact(r.Analyzers.Evidence, "no analyzers"))
			}
			return a
		})
	},
}
