package apply_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change/apply"
)

// recorder notes which calls reach it.
type recorder struct {
	apply.IAM
	calls []string
}

func (r *recorder) AttachUserPolicy(_ context.Context, in *iam.AttachUserPolicyInput, _ ...func(*iam.Options)) (*iam.AttachUserPolicyOutput, error) {
	r.calls = append(r.calls, "attach "+aws.ToString(in.PolicyArn))
	return &iam.AttachUserPolicyOutput{}, nil
}

func (r *recorder) DetachUserPolicy(_ context.Context, in *iam.DetachUserPolicyInput, _ ...func(*iam.Options)) (*iam.DetachUserPolicyOutput, error) {
	r.calls = append(r.calls, "detach "+aws.ToString(in.PolicyArn))
	return &iam.DetachUserPolicyOutput{}, nil
}

// The guard's own role attaches its deny policies; everything else is the
// responder's, also attaching what an intruder detached.
func TestSplit(t *testing.T) {
	t.Parallel()
	own, responder := &recorder{}, &recorder{}
	api := apply.Split(own, responder, "DENY-IAM", "DENY-ALL")
	for _, arn := range []string{"arn:aws:iam::111122223333:policy/DENY-IAM", "arn:aws:iam::111122223333:policy/team/DENY-ALL", "arn:aws:iam::aws:policy/ReadOnlyAccess"} {
		if _, err := api.AttachUserPolicy(context.Background(), &iam.AttachUserPolicyInput{PolicyArn: aws.String(arn)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := api.DetachUserPolicy(context.Background(), &iam.DetachUserPolicyInput{PolicyArn: aws.String("arn:aws:iam::111122223333:policy/DENY-IAM")}); err != nil {
		t.Fatal(err)
	}
	if len(own.calls) != 2 || len(responder.calls) != 2 {
		t.Errorf("own %q, responder %q", own.calls, responder.calls)
	}
}
