package twin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/twin/wire"
)

// maxImport is how many findings one call takes, maxFinding the size of one in
// bytes. AWS Security Hub API Reference, BatchImportFindings.
const (
	maxImport  = 100
	maxFinding = 240 << 10
)

// asff is a finding in the AWS Security Finding Format.
type asff map[string]any

func (f asff) string(name string) string { s, _ := f[name].(string); return s }

// within finds a text that is nested in objects.
func (f asff) within(names ...string) string {
	m := map[string]any(f)
	for _, n := range names[:len(names)-1] {
		m, _ = m[n].(map[string]any)
	}
	s, _ := m[names[len(names)-1]].(string)
	return s
}

// hubFinding is a finding that was imported, with its JSON.
type hubFinding struct {
	asff
	text []byte
}

// importRequest keeps findings as they come. A record shows none of them.
type importRequest struct{ Findings []asff }

func (in *importRequest) read(r *restRequest) error {
	if err := json.Unmarshal(r.body, in); err != nil {
		return &wire.Malformed{Reason: "the body is no list of findings"}
	}
	return nil
}

type importFailure struct{ Id, ErrorCode, ErrorMessage string }

type importAnswer struct {
	FailedCount, SuccessCount int32
	FailedFindings            []importFailure
}

// importFindings adds or replaces findings by product and id; each fails by
// itself. What only the customer may change stays as he set it. AWS Security
// Hub API Reference, BatchImportFindings.
func importFindings(c *call, in *importRequest) (*importAnswer, error) {
	h, err := c.hub()
	if err != nil {
		return nil, err
	}
	out := &importAnswer{FailedFindings: []importFailure{}}
	for _, f := range in.Findings {
		if why := f.faulty(c.t.account); why != "" {
			out.FailedFindings = append(out.FailedFindings, importFailure{f.string("Id"), "InvalidInput", "Finding does not adhere to Amazon Finding Format. " + why + "."})
			continue
		}
		out.SuccessCount++
		h.put(f, c)
	}
	out.FailedCount = int32(len(out.FailedFindings))
	return out, nil
}

// customers are the members that the finder cannot update.
var customers = []string{"Note", "UserDefinedFields", "VerificationState", "Workflow"}

func (h *hub) put(f asff, c *call) {
	f["ProcessedAt"] = c.now.UTC().Format("2006-01-02T15:04:05.000Z")
	f["Region"] = c.region
	for name, value := range map[string]string{"RecordState": "ACTIVE", "ProductName": "Default", "CompanyName": "Personal"} {
		if f.string(name) == "" {
			f[name] = value
		}
	}
	i := slices.IndexFunc(h.findings, func(o *hubFinding) bool {
		return o.string("Id") == f.string("Id") && o.string("ProductArn") == f.string("ProductArn")
	})
	if i >= 0 {
		for _, name := range customers {
			delete(f, name)
			if v, ok := h.findings[i].asff[name]; ok {
				f[name] = v
			}
		}
	}
	if f["Workflow"] == nil {
		f["Workflow"] = map[string]any{"Status": "NEW"}
	}
	text, _ := json.Marshal(f) // it was read from JSON
	if i < 0 {
		h.findings = append(h.findings, &hubFinding{f, text})
		return
	}
	h.findings[i] = &hubFinding{f, text}
}

// asffMembers are those of a finding. AWS Security Hub API Reference,
// AwsSecurityFinding.
var asffMembers = strings.Fields(`SchemaVersion Id ProductArn ProductName CompanyName Region GeneratorId AwsAccountId Types FirstObservedAt
	LastObservedAt CreatedAt UpdatedAt Severity Confidence Criticality Title Description Remediation SourceUrl ProductFields
	UserDefinedFields Malware Network NetworkPath Process Threats ThreatIntelIndicators Resources Compliance VerificationState
	WorkflowState Workflow RecordState RelatedFindings Note Vulnerabilities PatchSummary Action FindingProviderFields Sample
	GeneratorDetails ProcessedAt AwsAccountName Detection`)

// longest are the texts with a limit, in characters. AWS Security Hub User
// Guide, "Required top-level ASFF attributes" and "Optional top-level ASFF
// attributes".
var longest = []struct {
	at    []string
	limit int
}{
	{[]string{"Id"}, 512}, {[]string{"GeneratorId"}, 512}, {[]string{"Title"}, 256}, {[]string{"Description"}, 1024},
	{[]string{"Remediation", "Recommendation", "Text"}, 512}, {[]string{"ProductName"}, 128}, {[]string{"CompanyName"}, 128}, {[]string{"Note", "Text"}, 512},
}

// enumerated are the texts that must be one of a few.
var enumerated = []struct {
	at     []string
	values []string
}{
	{[]string{"Severity", "Label"}, []string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}},
	{[]string{"FindingProviderFields", "Severity", "Label"}, []string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}},
	{[]string{"Compliance", "Status"}, []string{"PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"}},
	{[]string{"RecordState"}, []string{"ACTIVE", "ARCHIVED"}},
	{[]string{"Workflow", "Status"}, []string{"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"}},
}

// findingType is a path of a namespace and up to two more levels. AWS Security
// Hub User Guide, "Types taxonomy for ASFF".
var findingType = regexp.MustCompile(`^(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(/[^/]+){0,2}$`)

// faulty says what is wrong with a finding, in the words of Security Hub where
// those are *seen*.
func (f asff) faulty(accountID string) string {
	if text, err := json.Marshal(f); err != nil || len(text) > maxFinding {
		return fmt.Sprintf("data should NOT be larger than %d bytes", maxFinding)
	}
	for name := range f {
		if !slices.Contains(asffMembers, name) {
			return "data should NOT have additional properties"
		}
	}
	for _, name := range []string{"SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt", "UpdatedAt", "Title", "Description"} {
		if f[name] == nil {
			return "data should have required property '" + name + "'"
		}
		if s, ok := f[name].(string); !ok || s == "" {
			return "data." + name + " should NOT be shorter than 1 characters"
		}
	}
	if f["FindingProviderFields"] == nil && (f["Severity"] == nil || f["Types"] == nil) {
		return "data should have required property 'FindingProviderFields', data should match some schema in anyOf"
	}
	for _, x := range longest {
		if s := f.within(x.at...); len([]rune(s)) > x.limit {
			return fmt.Sprintf("data.%s should NOT be longer than %d characters", strings.Join(x.at, "."), x.limit)
		}
	}
	for _, x := range enumerated {
		if s := f.within(x.at...); s != "" && !slices.Contains(x.values, s) {
			return "data." + strings.Join(x.at, ".") + " should be equal to one of the allowed values"
		}
	}
	for _, name := range []string{"CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"} {
		if s := f.string(name); f[name] != nil {
			if _, err := time.Parse(time.RFC3339, s); err != nil {
				return "data." + name + " should match format \"date-time\""
			}
		}
	}
	if f.string("SchemaVersion") != "2018-10-08" {
		return "data.SchemaVersion should be equal to one of the allowed values"
	}
	if f.string("AwsAccountId") != accountID {
		return "data.AwsAccountId should be the account that imports the finding"
	}
	types, _ := f["Types"].([]any)
	if len(types) > 50 {
		return "data.Types should NOT have more than 50 items"
	}
	for i, t := range types {
		if s, _ := t.(string); !findingType.MatchString(s) {
			return fmt.Sprintf("data.Types[%d] should match pattern \"namespace/category/classifier\"", i)
		}
	}
	if fields, _ := f["ProductFields"].(map[string]any); len(fields) > 50 {
		return "data.ProductFields should NOT have more than 50 properties"
	}
	return f.faultyResources()
}

func (f asff) faultyResources() string {
	list, ok := f["Resources"].([]any)
	switch {
	case !ok:
		return "data should have required property 'Resources'"
	case len(list) < 1:
		return "data.Resources should NOT have fewer than 1 items"
	case len(list) > 32:
		return "data.Resources should NOT have more than 32 items"
	}
	for i, x := range list {
		r, _ := x.(map[string]any)
		for _, name := range []string{"Type", "Id"} {
			if s, _ := r[name].(string); s == "" {
				return fmt.Sprintf("data.Resources[%d] should have required property '%s'", i, name)
			}
		}
	}
	return ""
}

// getFindingsRequest: filters by text alone, no sorting.
type getFindingsRequest struct {
	Filters      map[string][]textFilter
	SortCriteria []map[string]string
	NextToken    string
	MaxResults   *int
}

type textFilter struct{ Value, Comparison string }

func (in *getFindingsRequest) read(r *restRequest) error {
	if len(r.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.body, in); err != nil {
		return &wire.Malformed{Reason: "the body is no request for findings, or has a filter that the twin does not serve"}
	}
	return nil
}

// filtered is where the text of each filter stands.
var filtered = map[string][]string{
	"ProductArn": {"ProductArn"}, "AwsAccountId": {"AwsAccountId"}, "Id": {"Id"}, "GeneratorId": {"GeneratorId"}, "Region": {"Region"}, "Title": {"Title"},
	"Description": {"Description"}, "ProductName": {"ProductName"}, "CompanyName": {"CompanyName"}, "RecordState": {"RecordState"}, "SeverityLabel": {"Severity", "Label"},
	"ComplianceStatus": {"Compliance", "Status"}, "ComplianceSecurityControlId": {"Compliance", "SecurityControlId"}, "WorkflowStatus": {"Workflow", "Status"},
}

type getFindingsAnswer struct {
	findings  []*hubFinding
	nextToken string
}

func (a *getFindingsAnswer) answer(http.Header) (int, []byte) {
	b := []byte(`{"Findings":[`)
	for i, f := range a.findings {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, f.text...)
	}
	b = append(b, ']')
	if a.nextToken != "" {
		b = member(b, "NextToken", a.nextToken)
	}
	return http.StatusOK, append(b, '}')
}

func getFindings(c *call, in *getFindingsRequest) (*getFindingsAnswer, error) {
	h, err := c.hub()
	if err != nil {
		return nil, err
	}
	size := 100
	if in.MaxResults != nil {
		if size = *in.MaxResults; size < 1 || size > 100 {
			return nil, hubInvalid("Invalid parameter 'MaxResults'. Should be between 1 and 100")
		}
	}
	if len(in.SortCriteria) > 0 {
		return nil, hubInvalid("The twin sorts no findings")
	}
	for name := range in.Filters {
		if filtered[name] == nil && name != "ResourceId" && name != "ResourceType" && name != "Type" {
			return nil, hubInvalid("The twin has no filter %s", name)
		}
	}
	from := 0
	if in.NextToken != "" {
		if from, err = strconv.Atoi(in.NextToken); err != nil || from < 0 || from > len(h.findings) {
			return nil, hubInvalid("Invalid parameter 'NextToken'")
		}
	}
	out := &getFindingsAnswer{findings: []*hubFinding{}}
	for i := from; i < len(h.findings); i++ {
		if !h.findings[i].passes(in.Filters) {
			continue
		}
		if len(out.findings) == size {
			out.nextToken = strconv.Itoa(i)
			break
		}
		out.findings = append(out.findings, h.findings[i])
	}
	return out, nil
}

// texts are what a filter of that name looks at.
func (f asff) texts(filter string) []string {
	switch filter {
	case "Type":
		var out []string
		types, _ := f["Types"].([]any)
		for _, t := range types {
			s, _ := t.(string)
			out = append(out, s)
		}
		return out
	case "ResourceId", "ResourceType":
		var out []string
		list, _ := f["Resources"].([]any)
		for _, x := range list {
			r, _ := x.(map[string]any)
			s, _ := r[strings.TrimPrefix(filter, "Resource")].(string)
			out = append(out, s)
		}
		return out
	}
	return []string{f.within(filtered[filter]...)}
}

// passes: all filters must hold; of the values of one, any that is wanted and
// none that is not. AWS Security Hub API Reference, StringFilter.
func (f asff) passes(filters map[string][]textFilter) bool {
	for name, values := range filters {
		texts := f.texts(name)
		wanted, found := false, false
		for _, v := range values {
			hit := slices.ContainsFunc(texts, v.matches)
			if strings.Contains(v.Comparison, "NOT") {
				if hit {
					return false
				}
				continue
			}
			wanted, found = true, found || hit
		}
		if wanted && !found {
			return false
		}
	}
	return true
}

func (v textFilter) matches(s string) bool {
	switch v.Comparison {
	case "PREFIX", "PREFIX_NOT_EQUALS":
		return strings.HasPrefix(s, v.Value)
	case "CONTAINS", "NOT_CONTAINS":
		return strings.Contains(s, v.Value)
	}
	return s == v.Value
}
