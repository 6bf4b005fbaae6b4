package detect

import (
	"warden/finding"
)

var accessAnalyzerWeaken = Detection{
	ID:         "accessanalyzer.weaken",
	Title:      "Access Analyzer deleted or told to look away",
	Why:        "Findings about outside access and unused rights end or are archived unseen.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("access-analyzer", "DeleteAnalyzer", "CreateArchiveRule", "UpdateArchiveRule"),
	Hits: []Example{
		{Call: "access-analyzer:DeleteAnalyzer"},
		{Call: "access-analyzer:CreateArchiveRule"},
	},
	Misses: []Example{
		{Call: "access-analyzer:ListFindings"},
	},
}
