package twin

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"warden/account"
	"warden/twin/wire"
)

// IAM Access Analyzer: which analyzers there are. They find nothing. Errors
// are those of the IAM Access Analyzer API Reference.

var analyzerService = &service{name: "access-analyzer", source: "access-analyzer.amazonaws.com", protocol: restJSON, everywhere: true, small: true, layout: "Jan 2, 2006, 3:04:05 PM", routes: []route{
	{method: "GET", path: "/analyzer", more: []string{"maxResults", "nextToken", "type"}, operation: "ListAnalyzers"},
	{method: "PUT", path: "/analyzer", operation: "CreateAnalyzer"},
	{method: "DELETE", path: "/analyzer/{analyzerName}", more: []string{"clientToken"}, operation: "DeleteAnalyzer"},
}}

type analyzer struct {
	account.Analyzer
	made time.Time
}

func analyzerOperations() map[string]operation {
	return map[string]operation{
		"ListAnalyzers": op(func(*call, *listAnalyzersRequest) ([]demand, error) {
			return []demand{{action: "access-analyzer:ListAnalyzers", resource: "*"}}, nil
		}, listAnalyzers),
		"CreateAnalyzer": op(func(c *call, in *createAnalyzerRequest) ([]demand, error) {
			if in.AnalyzerName == "" || in.Type == "" {
				return nil, analyzerInvalid("analyzerName and type are required")
			}
			return []demand{{action: "access-analyzer:CreateAnalyzer", resource: c.analyzerARN(in.AnalyzerName)}}, nil
		}, createAnalyzer),
		"DeleteAnalyzer": op(func(c *call, in *deleteAnalyzerRequest) ([]demand, error) {
			return []demand{{action: "access-analyzer:DeleteAnalyzer", resource: c.analyzerARN(in.AnalyzerName)}}, nil
		}, deleteAnalyzer),
	}
}

func (c *call) analyzerARN(name string) string {
	return c.regionalARN("access-analyzer", "analyzer/"+name)
}

func analyzerInvalid(format string, args ...any) error {
	return fail(http.StatusBadRequest, "ValidationException", format, args...)
}

type listAnalyzersRequest struct {
	Type      string
	NextToken *string
	size      int32
}

func (in *listAnalyzersRequest) read(r *restRequest) error {
	in.Type, in.size = r.query.Get("type"), 100
	if r.query.Has("nextToken") {
		in.NextToken = ptr(r.query.Get("nextToken"))
	}
	if s := r.query.Get("maxResults"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 100 {
			return analyzerInvalid("maxResults must be between 1 and 100")
		}
		in.size = int32(n)
	}
	return nil
}

// analyzerSummary is the answer's. Its time is text. IAM Access Analyzer API
// Reference, AnalyzerSummary.
type analyzerSummary struct {
	Arn, Name, Type, Status, CreatedAt string
	Tags                               map[string]string
}

type listAnalyzersAnswer struct {
	Analyzers []analyzerSummary
	NextToken *string
}

func listAnalyzers(c *call, in *listAnalyzersRequest) (*listAnalyzersAnswer, error) {
	var found []analyzer
	for _, a := range c.monitored().analyzers {
		if in.Type == "" || a.Type == in.Type {
			found = append(found, a)
		}
	}
	part, next, _, err := page(c, found, func(a analyzer) string { return a.Name }, in.NextToken, &in.size)
	if err != nil {
		return nil, analyzerInvalid("nextToken is not valid")
	}
	out := &listAnalyzersAnswer{Analyzers: []analyzerSummary{}, NextToken: next}
	for _, a := range part {
		out.Analyzers = append(out.Analyzers, analyzerSummary{a.ARN, a.Name, a.Type, a.Status, a.made.UTC().Format(time.RFC3339), map[string]string{}})
	}
	return out, nil
}

type createAnalyzerRequest struct{ AnalyzerName, Type string }

func (in *createAnalyzerRequest) read(r *restRequest) error {
	if err := json.Unmarshal(r.body, in); err != nil { // whatever the case of names
		return &wire.Malformed{Reason: "the body is no request for an analyzer"}
	}
	return nil
}

type createAnalyzerAnswer struct{ Arn string }

// createAnalyzer makes one that looks for access from outside the account. An
// account has one of a kind in a region. IAM Access Analyzer API Reference,
// CreateAnalyzer.
func createAnalyzer(c *call, in *createAnalyzerRequest) (*createAnalyzerAnswer, error) {
	m := c.monitored()
	switch {
	case in.Type != "ACCOUNT":
		return nil, analyzerInvalid("The twin makes analyzers of type ACCOUNT, not %q", in.Type)
	case slices.ContainsFunc(m.analyzers, func(a analyzer) bool { return a.Name == in.AnalyzerName }):
		return nil, fail(http.StatusConflict, "ConflictException", "Analyzer with name %s already exists", in.AnalyzerName)
	case slices.ContainsFunc(m.analyzers, func(a analyzer) bool { return a.Type == in.Type }):
		return nil, fail(http.StatusPaymentRequired, "ServiceQuotaExceededException", "The account has an analyzer of type %s in this region", in.Type)
	}
	a := analyzer{account.Analyzer{Name: in.AnalyzerName, ARN: c.analyzerARN(in.AnalyzerName), Type: in.Type, Status: "ACTIVE"}, *when(c.now)}
	m.analyzers = append(m.analyzers, a)
	return &createAnalyzerAnswer{a.ARN}, nil
}

type deleteAnalyzerRequest struct{ AnalyzerName string }

func (in *deleteAnalyzerRequest) read(r *restRequest) error {
	in.AnalyzerName = r.labels["analyzerName"]
	return nil
}

func deleteAnalyzer(c *call, in *deleteAnalyzerRequest) (*noMembers, error) {
	m := c.monitored()
	n := len(m.analyzers)
	m.analyzers = slices.DeleteFunc(m.analyzers, func(a analyzer) bool { return a.Name == in.AnalyzerName })
	if len(m.analyzers) == n {
		return nil, fail(http.StatusNotFound, "ResourceNotFoundException", "Analyzer %s does not exist", in.AnalyzerName)
	}
	return &noMembers{}, nil
}
