package hub_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/smithy-go"

	"warden/audit"
	"warden/finding"
	"warden/notify/hub"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

var day = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// securityHub is a Security Hub in memory, as strict as AWS's documentation
// where it matters here.
type securityHub struct {
	t       *testing.T
	has     map[string]types.AwsSecurityFinding
	calls   []int // findings of each import
	refuse  map[string][]string
	pages   int
	failing error
}

func (h *securityHub) GetFindings(_ context.Context, in *securityhub.GetFindingsInput, _ ...func(*securityhub.Options)) (*securityhub.GetFindingsOutput, error) {
	if h.failing != nil {
		return nil, h.failing
	}
	h.pages++
	ids := slices.Sorted(maps.Keys(h.has))
	start := 0
	if in.NextToken != nil {
		start, _ = slices.BinarySearch(ids, *in.NextToken)
	}
	end := min(start+int(aws.ToInt32(in.MaxResults)), len(ids))
	out := &securityhub.GetFindingsOutput{}
	for _, id := range ids[start:end] {
		out.Findings = append(out.Findings, h.has[id])
	}
	if end < len(ids) {
		out.NextToken = aws.String(ids[end])
	}
	return out, nil
}

func (h *securityHub) BatchImportFindings(_ context.Context, in *securityhub.BatchImportFindingsInput, _ ...func(*securityhub.Options)) (*securityhub.BatchImportFindingsOutput, error) {
	if h.failing != nil {
		return nil, h.failing
	}
	h.calls = append(h.calls, len(in.Findings))
	if len(in.Findings) == 0 || len(in.Findings) > 100 {
		h.t.Errorf("%d findings in one call", len(in.Findings))
	}
	out := &securityhub.BatchImportFindingsOutput{}
	for _, f := range in.Findings {
		id := aws.ToString(f.Id)
		if codes := h.refuse[id]; len(codes) > 0 {
			h.refuse[id] = codes[1:]
			out.FailedFindings = append(out.FailedFindings, types.ImportFindingsError{Id: f.Id, ErrorCode: &codes[0], ErrorMessage: aws.String("no")})
			continue
		}
		if want := "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default"; aws.ToString(f.ProductArn) != want || aws.ToString(f.AwsAccountId) != account {
			h.t.Errorf("product %s of account %s", aws.ToString(f.ProductArn), aws.ToString(f.AwsAccountId))
		}
		if f.Workflow != nil || f.Note != nil || f.UserDefinedFields != nil || f.Severity != nil || f.Types != nil {
			h.t.Errorf("%s sets what belongs to people", id)
		}
		// One that is not newer changes nothing.
		if old, ok := h.has[id]; ok && aws.ToString(f.UpdatedAt) <= aws.ToString(old.UpdatedAt) {
			continue
		}
		f.Workflow = &types.Workflow{Status: types.WorkflowStatusNew}
		if f.ProductFields == nil {
			f.ProductFields = map[string]string{}
		}
		f.ProductFields = maps.Clone(f.ProductFields)
		f.ProductFields["aws/securityhub/FindingId"] = id
		h.has[id] = f
	}
	out.FailedCount = aws.Int32(int32(len(out.FailedFindings)))
	return out, nil
}

func fail(control, who string) finding.Finding {
	arn := "arn:aws:iam::" + account + ":" + who
	id := "AIDA" + who
	if who == "root" {
		id = ""
	}
	return finding.Finding{ID: finding.Identify(control, arn, id, ""), Control: control, Title: "t", Subject: arn, SubjectID: id, Status: finding.Fail, Severity: finding.High, Summary: "s"}
}

func with(f finding.Finding, s finding.Status) finding.Finding { f.Status = s; return f }

func reportOf(at time.Time, list ...finding.Finding) *audit.Report {
	return &audit.Report{Account: account, Now: at, CollectedAt: at, Benchmark: "all", Findings: list}
}

// push plans, compares the counts, and sends.
func push(t *testing.T, h *securityHub, now time.Time, r *audit.Report, want string) {
	t.Helper()
	x := hub.New(h, account, region, func() time.Time { return now })
	p, err := x.Plan(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%d new %d updated %d closed %d archived %d left %d newer", p.New, p.Updated, p.Closed, p.Archived, p.Left, p.Newer); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	before := len(h.calls)
	if taken, refused, err := x.Send(t.Context(), p); err != nil || refused != nil || taken != len(p.Send) || len(h.calls)-before != p.Calls() {
		t.Errorf("%d of %d taken in %d calls, refused %v, %v", taken, len(p.Send), len(h.calls)-before, refused, err)
	}
}

func (h *securityHub) state(f finding.Finding) string {
	x, ok := h.has["warden/"+account+"/"+f.ID]
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%s %s since %s", x.Compliance.Status, x.RecordState, aws.ToString(x.CreatedAt)[:10])
}

func TestLife(t *testing.T) {
	t.Parallel()
	h := &securityHub{t: t, has: map[string]types.AwsSecurityFinding{}}
	bob, eve, root, age := fail("user.mfa", "user/bob"), fail("user.mfa", "user/eve"), fail("root.keys", "root"), fail("key.age", "user/bob")
	next := func(n int) time.Time { return day.Add(time.Duration(n) * 24 * time.Hour) }

	push(t, h, next(0), reportOf(next(0), bob, eve, with(root, finding.Pass), with(age, finding.Unknown)), "3 new 0 updated 0 closed 0 archived 0 left 0 newer")
	if got := h.state(root); got != "none" {
		t.Errorf("a pass that was nothing else before is there: %s", got)
	}
	// Again: the same findings, with their date.
	push(t, h, next(1), reportOf(next(1), bob, eve, with(root, finding.Pass), with(age, finding.Unknown)), "0 new 3 updated 0 closed 0 archived 0 left 0 newer")
	// Bob has MFA now, Eve is gone, and of keys nobody knows anything.
	blind := fail("key.age", "root")
	push(t, h, next(2), reportOf(next(2), with(bob, finding.Pass), root, with(blind, finding.Unknown)), "2 new 0 updated 1 closed 1 archived 1 left 0 newer")
	for f, want := range map[*finding.Finding]string{
		&bob: "PASSED ACTIVE since 2026-01-31", &eve: "NOT_AVAILABLE ARCHIVED since 2026-01-31", &root: "FAILED ACTIVE since 2026-02-02",
		&age: "WARNING ACTIVE since 2026-01-31", &blind: "WARNING ACTIVE since 2026-02-02",
	} {
		if got := h.state(*f); got != want {
			t.Errorf("%s of %s: %s, want %s", f.Control, f.Subject, got, want)
		}
	}
	// What has passed is told once. A control that is not asked keeps its own.
	push(t, h, next(3), reportOf(next(3), with(bob, finding.Pass)), "0 new 0 updated 0 closed 0 archived 0 left 0 newer")
	// It fails again, and root's key is accepted.
	accepted := root
	accepted.Exempt = &finding.Exempt{Reason: "r", Owner: "o", Expires: next(9)}
	push(t, h, next(4), reportOf(next(4), bob, accepted), "0 new 1 updated 1 closed 0 archived 0 left 0 newer")
	if got := h.state(bob) + ", " + h.state(root); got != "FAILED ACTIVE since 2026-01-31, FAILED ARCHIVED since 2026-02-02" {
		t.Error(got)
	}
	push(t, h, next(5), reportOf(next(5), root), "0 new 1 updated 0 closed 0 archived 0 left 0 newer")
	// Evidence that is older than what Security Hub has changes nothing.
	push(t, h, next(6), reportOf(next(1), with(root, finding.Pass), with(bob, finding.Pass)), "0 new 0 updated 0 closed 0 archived 0 left 2 newer")
	if got := h.state(root); got != "FAILED ACTIVE since 2026-02-02" {
		t.Error(got)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	h := &securityHub{t: t, has: map[string]types.AwsSecurityFinding{}}
	var list []finding.Finding
	for i := range 250 {
		list = append(list, fail("user.mfa", fmt.Sprintf("user/u%d", i)))
	}
	// Those of another account and region, as an administrator's has them.
	h.has["warden/111122223333/F-x"] = types.AwsSecurityFinding{Id: aws.String("warden/111122223333/F-x"), GeneratorId: aws.String("warden/user.mfa"), ProductArn: aws.String("arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default")}
	h.has["warden/999988887777/F-x"] = types.AwsSecurityFinding{Id: aws.String("warden/999988887777/F-x"), GeneratorId: aws.String("warden/user.mfa"), ProductArn: aws.String("arn:aws:securityhub:eu-west-1:999988887777:product/999988887777/default")}
	push(t, h, day, reportOf(day, list...), "250 new 0 updated 0 closed 0 archived 0 left 0 newer")
	if !slices.Equal(h.calls, []int{100, 100, 50}) {
		t.Error(h.calls)
	}
	h.pages = 0
	push(t, h, day.Add(time.Hour), reportOf(day, list[0]), "0 new 1 updated 0 closed 249 archived 0 left 0 newer")
	if h.pages != 3 {
		t.Errorf("%d pages read", h.pages)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	bob, eve, ann := fail("user.mfa", "user/bob"), fail("user.mfa", "user/eve"), fail("user.mfa", "user/ann")
	id := func(f finding.Finding) string { return "warden/" + account + "/" + f.ID }
	h := &securityHub{t: t, has: map[string]types.AwsSecurityFinding{}, refuse: map[string][]string{
		id(bob): {"InvalidInput", "InvalidInput"}, id(eve): {"InternalFailure"}, id(ann): {"Throttled", "Throttled", "Throttled", "Throttled"},
	}}
	x := hub.Quick(hub.New(h, account, region, func() time.Time { return day }))
	p, err := x.Plan(t.Context(), reportOf(day, bob, eve, ann))
	if err != nil {
		t.Fatal(err)
	}
	taken, refused, err := x.Send(t.Context(), p)
	if err != nil || taken != 1 || len(refused) != 2 || !slices.Equal(h.calls, []int{3, 2, 1}) {
		t.Errorf("%d taken, refused %v, %v, calls %v", taken, refused, err, h.calls)
	}
	if h.state(eve) != "FAILED ACTIVE since 2026-01-31" || refused[0].ID != id(bob) || refused[0].Code != "InvalidInput" {
		t.Errorf("%v", refused)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"InvalidAccessException": "no Security Hub is enabled in account 111122223333, region eu-west-1: enable it there, or name another --region",
		"AccessDeniedException":  "access denied: the rights are those of warden deploy policy audit-push",
		"InternalException":      "region eu-west-1: InternalException: why",
	} {
		h := &securityHub{t: t, failing: &smithy.GenericAPIError{Code: code, Message: "why"}}
		x := hub.New(h, account, region, func() time.Time { return day })
		_, err := x.Plan(t.Context(), reportOf(day))
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, hub.ErrNotEnabled) != (code == "InvalidAccessException") {
			t.Errorf("%s: %v", code, err)
		}
		if _, _, err := x.Send(t.Context(), &hub.Plan{Send: []types.AwsSecurityFinding{{}}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := hub.New(&securityHub{t: t}, "999988887777", region, time.Now).Plan(t.Context(), reportOf(day)); err == nil {
		t.Error("the report of another account was planned")
	}
}
