package hub

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// The limits of one call. Source: AWS Security Hub Partner Integration Guide,
// "Guidelines for using the BatchImportFindings API".
const (
	maxBatch   = 100
	maxFinding = 240 << 10
	maxBytes   = 6 << 20
)

// How often a finding is sent that Security Hub could not take, and how long
// to wait before the second time; then twice as long. Calls that fail as a
// whole are repeated by the SDK.
const (
	sendAttempts = 3
	sendFirst    = time.Second
)

// Refused is a finding that Security Hub did not take.
type Refused struct{ ID, Code, Message string }

// Send sends a plan. It returns how many findings Security Hub took, and those
// that it did not take. After an error, what was taken stays: the next plan
// goes on from there.
func (h *Hub) Send(ctx context.Context, p *Plan) (taken int, refused []Refused, err error) {
	for _, batch := range batches(p.Send) {
		pause := sendFirst
		for attempt := 1; ; attempt++ {
			out, err := h.client.BatchImportFindings(ctx, &securityhub.BatchImportFindingsInput{Findings: batch})
			if err != nil {
				return taken, refused, h.explain("import findings", err)
			}
			failed, again := h.sort(batch, out.FailedFindings)
			taken += len(batch) - len(out.FailedFindings)
			if len(again) == 0 || attempt == sendAttempts {
				refused = append(refused, failed...)
				break
			}
			for _, f := range failed {
				if !repeats(f.Code) {
					refused = append(refused, f)
				}
			}
			if err := h.wait(ctx, pause); err != nil {
				return taken, refused, err
			}
			batch, pause = again, 2*pause
		}
	}
	return taken, refused, nil
}

// sort lists what was refused, and of that what is worth another attempt.
func (h *Hub) sort(batch []types.AwsSecurityFinding, failures []types.ImportFindingsError) (failed []Refused, again []types.AwsSecurityFinding) {
	for _, f := range failures {
		one := Refused{aws.ToString(f.Id), aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage)}
		failed = append(failed, one)
		if !repeats(one.Code) {
			continue
		}
		for i := range batch {
			if aws.ToString(batch[i].Id) == one.ID {
				again = append(again, batch[i])
			}
		}
	}
	return failed, again
}

// repeats tells whether an error may go away by itself: one of what was sent
// does not.
func repeats(code string) bool {
	switch code {
	case "InvalidInput", "InvalidInputException", "InvalidAccess", "InvalidAccessException", "AccessDenied", "AccessDeniedException":
		return false
	}
	return true
}

// batches splits findings into what one call takes.
func batches(list []types.AwsSecurityFinding) [][]types.AwsSecurityFinding {
	var out [][]types.AwsSecurityFinding
	size, start := 0, 0
	for i := range list {
		n := sizeOf(&list[i])
		if n > maxFinding {
			list[i].ProductFields = nil
			n = sizeOf(&list[i])
		}
		if i > start && (i-start == maxBatch || size+n > maxBytes) {
			out = append(out, list[start:i:i])
			size, start = 0, i
		}
		size += n
	}
	if start < len(list) {
		out = append(out, list[start:])
	}
	return out
}

// sizeOf is what a finding takes on the wire, or a little more: fields that
// are not set are not sent.
func sizeOf(f *types.AwsSecurityFinding) int {
	data, err := json.Marshal(f)
	if err != nil {
		return maxFinding
	}
	return len(data)
}
