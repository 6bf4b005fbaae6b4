package twin

import (
	"net/http"
	"time"

	"warden/policy"
)

// AWS Security Hub CSPM: on or off in each region, with the findings that
// others import. It finds nothing itself. Errors are those of the AWS Security
// Hub API Reference.

var hubService = &service{name: "securityhub", source: "securityhub.amazonaws.com", protocol: restJSON, everywhere: true, layout: "Jan 2, 2006, 3:04:05 PM", routes: []route{
	{method: "GET", path: "/accounts", more: []string{"HubArn"}, operation: "DescribeHub"},
	{method: "POST", path: "/accounts", operation: "EnableSecurityHub"},
	{method: "DELETE", path: "/accounts", operation: "DisableSecurityHub"},
	{method: "POST", path: "/findings/import", operation: "BatchImportFindings"},
	{method: "POST", path: "/findings", operation: "GetFindings"},
}}

// hub is Security Hub in one region; the lock of the twin guards it.
type hub struct {
	since    time.Time
	auto     bool   // switch on new controls
	controls string // CONTROL_FINDING_GENERATOR
	findings []*hubFinding
}

func newHub(since time.Time) *hub {
	return &hub{since: since, auto: true, controls: "SECURITY_CONTROL"}
}

func hubOperations() map[string]operation {
	return map[string]operation{
		"DescribeHub":         op(authorizeDescribeHub, describeHub),
		"EnableSecurityHub":   op(onHub[enableHubRequest]("EnableSecurityHub"), enableHub),
		"DisableSecurityHub":  op(onHub[noMembers]("DisableSecurityHub"), disableHub),
		"BatchImportFindings": op(authorizeImport, importFindings),
		"GetFindings":         op(onHub[getFindingsRequest]("GetFindings"), getFindings),
	}
}

func (c *call) hubARN() string {
	return "arn:" + c.t.partition + ":securityhub:" + c.region + ":" + c.t.account + ":hub/default"
}

func onHub[I any](action string) func(*call, *I) ([]demand, error) {
	return func(c *call, _ *I) ([]demand, error) {
		return []demand{{action: "securityhub:" + action, resource: c.hubARN()}}, nil
	}
}

func hubInvalid(format string, args ...any) error {
	return fail(http.StatusBadRequest, "InvalidInputException", format, args...)
}

// hub is that of the call's region; everything but switching it on needs one
// (the words are *seen*).
func (c *call) hub() (*hub, error) {
	if h := c.t.hubs[c.region]; h != nil {
		return h, nil
	}
	return nil, fail(http.StatusUnauthorized, "InvalidAccessException", "Account %s is not subscribed to AWS Security Hub", c.t.account)
}

// noMembers is a request or an answer that says nothing.
type noMembers struct{}

type describeHubRequest struct{ HubArn string }

func (in *describeHubRequest) read(r *restRequest) error {
	in.HubArn = r.query.Get("HubArn")
	return nil
}

// describeHubAnswer tells times as text: SubscribedAt is a string in the API
// model.
type describeHubAnswer struct {
	HubArn, SubscribedAt    string
	AutoEnableControls      bool
	ControlFindingGenerator string
}

func authorizeDescribeHub(c *call, in *describeHubRequest) ([]demand, error) {
	if in.HubArn != "" && in.HubArn != c.hubARN() {
		return nil, fail(http.StatusNotFound, "ResourceNotFoundException", "The hub %s was not found", in.HubArn)
	}
	return []demand{{action: "securityhub:DescribeHub", resource: c.hubARN()}}, nil
}

func describeHub(c *call, _ *describeHubRequest) (*describeHubAnswer, error) {
	h, err := c.hub()
	if err != nil {
		return nil, err
	}
	return &describeHubAnswer{c.hubARN(), h.since.UTC().Format("2006-01-02T15:04:05.000Z"), h.auto, h.controls}, nil
}

type enableHubRequest struct {
	Tags                    map[string]string
	EnableDefaultStandards  *bool
	ControlFindingGenerator string
}

func enableHub(c *call, in *enableHubRequest) (*noMembers, error) {
	if c.t.hubs[c.region] != nil {
		return nil, fail(http.StatusConflict, "ResourceConflictException", "Account is already subscribed to Security Hub")
	}
	h := newHub(c.now)
	switch in.ControlFindingGenerator {
	case "":
	case "SECURITY_CONTROL", "STANDARD_CONTROL":
		h.controls = in.ControlFindingGenerator
	default:
		return nil, hubInvalid("Invalid parameter 'ControlFindingGenerator'")
	}
	c.t.hubs[c.region] = h
	return &noMembers{}, nil
}

// disableHub forgets the findings too (AWS keeps them for 90 days).
func disableHub(c *call, _ *noMembers) (*noMembers, error) {
	if _, err := c.hub(); err != nil {
		return nil, err
	}
	delete(c.t.hubs, c.region)
	return &noMembers{}, nil
}

// EnableSecurityHub switches Security Hub on in a region, as an administrator
// would.
func (t *Twin) EnableSecurityHub(region string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hubs[region] = newHub(t.now())
}

// Findings returns what was imported into Security Hub in a region, as JSON,
// in the order of arrival.
func (t *Twin) Findings(region string) [][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out [][]byte
	if h := t.hubs[region]; h != nil {
		for _, f := range h.findings {
			out = append(out, f.text)
		}
	}
	return out
}

// authorizeImport asks for the permission on each product that the findings
// are of. Service Authorization Reference, AWS Security Hub CSPM,
// BatchImportFindings.
func authorizeImport(c *call, in *importRequest) ([]demand, error) {
	if n := len(in.Findings); n < 1 || n > maxImport {
		return nil, hubInvalid("Invalid parameter 'Findings'. Should have between 1 and %d items, has %d", maxImport, n)
	}
	var out []demand
	seen := map[string]bool{}
	for _, f := range in.Findings {
		product, target := f.string("ProductArn"), f.string("AwsAccountId")
		if seen[product+" "+target] {
			continue
		}
		seen[product+" "+target] = true
		if !c.ownProduct(product) {
			return nil, hubInvalid("productArn: %q", product)
		}
		out = append(out, demand{
			action: "securityhub:BatchImportFindings", resource: product, resourceAccount: c.t.account,
			context: policy.Context{"securityhub:targetaccount": policy.One(target)},
		})
	}
	return out, nil
}

// ownProduct: without a partner's product the findings are of the account's
// own, in the region of the call. AWS Security Hub User Guide, "Using
// BatchImportFindings to create and update findings" (that others are refused
// as a whole: *seen*).
func (c *call) ownProduct(arn string) bool {
	return arn == "arn:"+c.t.partition+":securityhub:"+c.region+":"+c.t.account+":product/"+c.t.account+"/default"
}
