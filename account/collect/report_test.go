package collect_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"warden/account/collect"
)

// reporter answers Generate- and GetCredentialReport by script and leaves the
// rest to the twin. The last answers are repeated.
type reporter struct {
	collect.CoreClient
	generate, get []string // states, error codes, and "" for a report
	generated     int
	got           int
}

func script(list []string, at *int) string {
	s := list[min(*at, len(list)-1)]
	*at++
	return s
}

func (r *reporter) GenerateCredentialReport(context.Context, *iam.GenerateCredentialReportInput, ...func(*iam.Options)) (*iam.GenerateCredentialReportOutput, error) {
	switch s := script(r.generate, &r.generated); s {
	case "STARTED", "INPROGRESS", "COMPLETE":
		return &iam.GenerateCredentialReportOutput{State: types.ReportStateType(s)}, nil
	default:
		return nil, &smithy.GenericAPIError{Code: s, Message: "no"}
	}
}

func (r *reporter) GetCredentialReport(context.Context, *iam.GetCredentialReportInput, ...func(*iam.Options)) (*iam.GetCredentialReportOutput, error) {
	if s := script(r.get, &r.got); s != "" {
		return nil, &smithy.GenericAPIError{Code: s, Message: "no"}
	}
	made := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &iam.GetCredentialReportOutput{GeneratedTime: &made, Content: []byte("user,arn\nann,arn:aws:iam::123456789012:user/ann\n")}, nil
}

// TestCredentialReportStates: what AWS may answer on the way to a report.
func TestCredentialReportStates(t *testing.T) {
	t.Parallel()
	w := sample(t)
	c, _ := w.as(t, w.truth.Administrator)
	for _, x := range []struct {
		name          string
		generate, get []string
		gap           string // "" where there is a report in the end
	}{
		{"at once", []string{"COMPLETE"}, []string{""}, ""},
		{"started, in progress, complete", []string{"STARTED", "INPROGRESS", "COMPLETE"}, []string{""}, ""},
		{"complete, and expired a moment later", []string{"COMPLETE", "STARTED", "COMPLETE"}, []string{"ReportExpired", ""}, ""},
		{"complete, and gone", []string{"COMPLETE", "COMPLETE"}, []string{"ReportNotPresent", ""}, ""},
		{"never complete", []string{"INPROGRESS"}, []string{"ReportInProgress"}, "not ready after 1m0s"},
		{"always expired", []string{"COMPLETE"}, []string{"ReportExpired"}, "not ready after 1m0s"},
		{"may not have one made, reads the last", []string{"AccessDenied"}, []string{""}, ""},
		{"may not have one made, and there is none", []string{"AccessDenied"}, []string{"ReportNotPresent"}, "ReportNotPresent"},
		{"too many of late, reads the last", []string{"LimitExceeded"}, []string{""}, ""},
		{"may have one made and not read it", []string{"COMPLETE"}, []string{"AccessDenied"}, "AccessDenied"},
		{"AWS fails", []string{"ServiceFailure"}, []string{""}, "ServiceFailure"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s, err := collect.Account(t.Context(), collect.Clients{IAM: &reporter{CoreClient: c.IAM, generate: x.generate, get: x.get}},
				collect.Options{Account: w.account, Partition: "aws", Patience: time.Minute, Sleep: impatient(new(time.Duration))})
			if err != nil {
				t.Fatal(err)
			}
			why := ""
			for _, g := range s.Gaps {
				if strings.Contains(g.What, "CredentialReport") {
					why = g.Reason
				}
			}
			if !strings.Contains(why, x.gap) || (why == "") != (x.gap == "") || (s.CredentialReport != nil) != (x.gap == "") {
				t.Errorf("report %v, gap %q", s.CredentialReport, why)
			}
			if s.CredentialReport != nil && (s.CredentialReport.At.IsZero() || len(s.CredentialReport.Rows) != 1) {
				t.Errorf("%+v", s.CredentialReport)
			}
		})
	}
}
