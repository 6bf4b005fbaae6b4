package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// longestPause bounds the time between two questions after the report.
const longestPause = 15 * time.Second

// errNotReady: a report is being made, or has just gone.
var errNotReady = errors.New("the credential report is not ready")

// credentialReport has a report made, waits for it and reads it. AWS gives out
// a report of the last four hours again, and its time with it. Whoever may not
// have one made may still read one that is there. Source: IAM User Guide,
// "Generate credential reports for your AWS account"; IAM API Reference,
// GenerateCredentialReport and GetCredentialReport.
func (r *reader) credentialReport(ctx context.Context) (*account.CredentialReport, error) {
	var waited time.Duration
	for pause := time.Second; ; pause = min(2*pause, longestPause) {
		out, err := r.IAM.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		switch {
		case failedWith(err, "AccessDenied", "LimitExceeded", "ReportGenerationLimitExceeded"):
			report, getErr := r.readReport(ctx)
			if getErr != nil {
				return nil, fmt.Errorf("iam:GenerateCredentialReport: %s; iam:GetCredentialReport: %s", Reason(err), Reason(getErr))
			}
			return report, nil
		case err != nil:
			return nil, err
		case out.State == types.ReportStateTypeComplete:
			report, err := r.readReport(ctx)
			if !errors.Is(err, errNotReady) {
				return report, err
			}
		}
		if waited >= r.Patience {
			return nil, fmt.Errorf("the report was not ready after %s", waited)
		}
		r.Progress("credential report: waiting until AWS has made it")
		if err := r.Sleep(ctx, pause); err != nil {
			return nil, err
		}
		waited += pause
	}
}

func (r *reader) readReport(ctx context.Context) (*account.CredentialReport, error) {
	out, err := r.IAM.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	if failedWith(err, "ReportNotPresent", "ReportExpired", "ReportInProgress",
		"CredentialReportNotPresent", "CredentialReportExpired", "CredentialReportNotReady") {
		return nil, fmt.Errorf("%w: %s", errNotReady, Reason(err))
	}
	if err != nil {
		return nil, err
	}
	report, err := account.ReadCredentialReport("iam:GetCredentialReport", bytes.NewReader(out.Content))
	if err != nil {
		return nil, err
	}
	report.At = aws.ToTime(out.GeneratedTime).UTC()
	return report, nil
}
