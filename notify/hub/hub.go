// Package hub tells AWS Security Hub what an audit found.
//
// A [Plan] compares a report with what Security Hub has from before, and says
// what would be sent: failures and unknowns, as new findings or as updates that
// keep their date; what Security Hub has and passes now, as passed; and what is
// gone, archived. Only [Hub.Send] writes.
package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/smithy-go"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

// Client is what is called of Security Hub.
type Client interface {
	GetFindings(context.Context, *securityhub.GetFindingsInput, ...func(*securityhub.Options)) (*securityhub.GetFindingsOutput, error)
	BatchImportFindings(context.Context, *securityhub.BatchImportFindingsInput, ...func(*securityhub.Options)) (*securityhub.BatchImportFindingsOutput, error)
}

// Hub is the Security Hub of one account in one region.
type Hub struct {
	client          Client
	account, region string
	now             func() time.Time
	wait            func(context.Context, time.Duration) error
}

// New returns the Security Hub that a client reaches.
func New(client Client, account, region string, now func() time.Time) *Hub {
	return &Hub{client: client, account: account, region: region, now: now, wait: sleep}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// ErrNotEnabled is the answer of an account without Security Hub.
var ErrNotEnabled = errors.New("no Security Hub is enabled")

// Plan is what would be sent.
type Plan struct {
	// New, Updated, Closed and Archived count what Send holds: findings that
	// Security Hub does not have; those that it has; those that pass now, are
	// accepted or do not apply; those that are gone.
	New, Updated, Closed, Archived int
	// Left counts findings of a control that is unknown now as a whole: nobody
	// saw that they ended. Newer counts those of which Security Hub has newer
	// evidence.
	Left, Newer int
	Send        []types.AwsSecurityFinding
}

// Calls is how many calls sending takes.
func (p *Plan) Calls() int { return len(batches(p.Send)) }

// Plan asks Security Hub what it has and compares.
func (h *Hub) Plan(ctx context.Context, r *audit.Report) (*Plan, error) {
	if r.Account != h.account {
		return nil, fmt.Errorf("the report is of account %s, Security Hub of %s", r.Account, h.account)
	}
	before, err := h.before(ctx)
	if err != nil {
		return nil, err
	}
	now := stamp(h.now())
	p := new(Plan)
	asked, doubt := map[string]bool{}, map[string]bool{}
	seen := map[string]bool{}
	var observed string
	list := report.SecurityFindings(r, report.Options{Region: h.region})
	for i := range list {
		f, judged := &list[i], &r.Findings[i]
		asked[f.GeneratorID], observed = true, f.LastObservedAt
		doubt[f.GeneratorID] = doubt[f.GeneratorID] || judged.Status == finding.Unknown && judged.SubjectID == ""
		seen[f.ID] = true
		old, had := before[f.ID]
		open := f.RecordState == "ACTIVE" && (judged.Status == finding.Fail || judged.Status == finding.Unknown)
		switch {
		case had && later(aws.ToString(old.LastObservedAt), f.LastObservedAt):
			p.Newer++
			continue
		case !had && !open, had && !open && settled(&old, f):
			continue
		case !had:
			p.New++
		case open:
			p.Updated++
		default:
			p.Closed++
		}
		f.UpdatedAt = now
		if had {
			f.CreatedAt, f.FirstObservedAt = aws.ToString(old.CreatedAt), aws.ToString(old.FirstObservedAt)
			if f.FirstObservedAt == "" {
				f.FirstObservedAt = f.CreatedAt
			}
		} else {
			f.CreatedAt = now
		}
		sent, err := convert(f)
		if err != nil {
			return nil, err
		}
		p.Send = append(p.Send, sent)
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		old := before[id]
		generator := aws.ToString(old.GeneratorId)
		switch {
		case seen[id] || old.RecordState == types.RecordStateArchived || !asked[generator]:
		case doubt[generator]:
			p.Left++
		case later(aws.ToString(old.LastObservedAt), observed):
			p.Newer++
		default:
			p.Archived++
			p.Send = append(p.Send, archived(old, now, observed))
		}
	}
	return p, nil
}

// settled tells whether Security Hub already says what a finding that wants
// nobody says.
func settled(old *types.AwsSecurityFinding, f *report.SecurityFinding) bool {
	return string(old.RecordState) == f.RecordState && old.Compliance != nil && string(old.Compliance.Status) == f.Compliance.Status
}

// later compares two times as Security Hub writes them.
func later(a, b string) bool {
	x, errX := time.Parse(time.RFC3339, a)
	y, errY := time.Parse(time.RFC3339, b)
	return errX == nil && errY == nil && x.After(y)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// maxPages bounds how much is read of what Security Hub has: 100 findings a
// page.
const maxPages = 2000

// before reads what Security Hub has of warden's findings on the account.
func (h *Hub) before(ctx context.Context) (map[string]types.AwsSecurityFinding, error) {
	prefix := report.SecurityPrefix(h.account)
	in := &securityhub.GetFindingsInput{MaxResults: aws.Int32(100), Filters: &types.AwsSecurityFindingFilters{
		AwsAccountId: []types.StringFilter{{Comparison: types.StringFilterComparisonEquals, Value: aws.String(h.account)}},
		Id:           []types.StringFilter{{Comparison: types.StringFilterComparisonPrefix, Value: aws.String(prefix)}},
		Region:       []types.StringFilter{{Comparison: types.StringFilterComparisonEquals, Value: aws.String(h.region)}},
	}}
	out := map[string]types.AwsSecurityFinding{}
	for range maxPages {
		page, err := h.client.GetFindings(ctx, in)
		if err != nil {
			return nil, h.explain("ask what Security Hub has", err)
		}
		for _, f := range page.Findings {
			// An administrator's Security Hub has those of others too, and one
			// that aggregates those of other regions.
			id := aws.ToString(f.Id)
			if strings.HasPrefix(id, prefix) && strings.Contains(aws.ToString(f.ProductArn), ":securityhub:"+h.region+":"+h.account+":product/") {
				out[id] = f
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
	return nil, fmt.Errorf("account %s has more than %d findings of warden in Security Hub: nothing was sent", h.account, maxPages*100)
}

// explain says in one line what an error of Security Hub means.
func (h *Hub) explain(what string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "InvalidAccessException":
			return fmt.Errorf("%w in account %s, region %s: enable it there, or name another --region", ErrNotEnabled, h.account, h.region)
		case "AccessDeniedException", "AccessDenied":
			return fmt.Errorf("%s in account %s, region %s: access denied: the rights are those of warden deploy policy audit-push", what, h.account, h.region)
		}
		return fmt.Errorf("%s in account %s, region %s: %s: %s", what, h.account, h.region, api.ErrorCode(), finding.Redact(api.ErrorMessage()))
	}
	return fmt.Errorf("%s in account %s, region %s: %w", what, h.account, h.region, err)
}

// convert makes the SDK's form of a finding, whose fields have the same names.
func convert(f *report.SecurityFinding) (types.AwsSecurityFinding, error) {
	var out types.AwsSecurityFinding
	data, err := json.Marshal(f)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("finding %s: %w", f.ID, err)
	}
	return out, nil
}

// archived is a finding that Security Hub has and that is gone: what a
// provider of findings sets, and nothing that people or Security Hub added.
// Source: AWS Security Hub API Reference, BatchImportFindings.
func archived(old types.AwsSecurityFinding, now, observed string) types.AwsSecurityFinding {
	fields := maps.Clone(old.ProductFields)
	maps.DeleteFunc(fields, func(name, _ string) bool { return !strings.HasPrefix(name, "warden/") })
	compliance := types.Compliance{
		Status:        types.ComplianceStatusNotAvailable,
		StatusReasons: []types.StatusReason{{ReasonCode: aws.String("WARDEN_GONE"), Description: aws.String("The evidence of " + observed + " does not have it any more")}},
	}
	if old.Compliance != nil {
		compliance.RelatedRequirements = old.Compliance.RelatedRequirements
	}
	return types.AwsSecurityFinding{
		SchemaVersion: old.SchemaVersion, Id: old.Id, ProductArn: old.ProductArn, ProductName: old.ProductName, CompanyName: old.CompanyName,
		Region: old.Region, GeneratorId: old.GeneratorId, AwsAccountId: old.AwsAccountId, AwsAccountName: old.AwsAccountName,
		FirstObservedAt: old.FirstObservedAt, LastObservedAt: old.LastObservedAt, CreatedAt: old.CreatedAt, UpdatedAt: aws.String(now),
		Title: old.Title, Description: old.Description, Remediation: old.Remediation, ProductFields: fields, Resources: old.Resources,
		FindingProviderFields: old.FindingProviderFields, Compliance: &compliance, RecordState: types.RecordStateArchived,
	}
}
