package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"warden/account"
	"warden/change"
)

// Organizations holds the calls on a service control policy, under a role of
// the management account or of a delegated administrator.
// *organizations.Client implements it.
type Organizations interface {
	DescribePolicy(context.Context, *organizations.DescribePolicyInput, ...func(*organizations.Options)) (*organizations.DescribePolicyOutput, error)
	UpdatePolicy(context.Context, *organizations.UpdatePolicyInput, ...func(*organizations.Options)) (*organizations.UpdatePolicyOutput, error)
}

var _ Organizations = (*organizations.Client)(nil)

// ErrNoOrganization: the step is about a service control policy, and there is
// no client that may change one.
var ErrNoOrganization = errors.New("no access to the organisation is configured")

// Guarded returns a Reader that also reads service control policies.
func Guarded(api Reader, org Organizations) Reader { return guarded{api, org} }

type guarded struct {
	Reader
	Organizations
}

// withOrganizations is an IAM that also reaches the organisation.
type withOrganizations struct {
	IAM
	Organizations
}

// readDocument returns the document that holds a statement, "" when there is
// none.
func readDocument(ctx context.Context, api Reader, s change.Setting) (string, error) {
	if change.IsGuardrail(s.Target) {
		org, ok := api.(Organizations)
		if !ok {
			return "", ErrNoOrganization
		}
		out, err := org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: aws.String(policyID(s.Target))})
		if is(err, "PolicyNotFound") {
			return "", fmt.Errorf("%w: %w", ErrGone, err)
		}
		if err != nil {
			return "", err
		}
		if out.Policy == nil || aws.ToString(out.Policy.Content) == "" {
			return "", fmt.Errorf("the organisation returned no content of %s", s.Target)
		}
		return aws.ToString(out.Policy.Content), nil
	}
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return "", err
	}
	policyName, _ := s.StatementPlace()
	st, err := readInline(ctx, api, arn.Type(), aws.String(arn.Name()), policyName)
	return st.Text, err
}

func policyID(guardrail string) string {
	arn, err := account.ParseARN(guardrail)
	if err != nil {
		return ""
	}
	return arn.Name()
}

func readStatement(ctx context.Context, api Reader, s change.Setting) (change.State, error) {
	text, err := readDocument(ctx, api, s)
	if err != nil {
		return change.State{}, err
	}
	_, sid := s.StatementPlace()
	return change.StatementIn(text, sid)
}

// statementTries is how often a statement is written that somebody who wrote
// the same document at the same time has overwritten.
const statementTries = 4

// writeStatement puts a statement into its document, or takes it away, and
// leaves all others: it reads, writes and reads again, because IAM has no
// write that fails when the document has changed. What an Applier writes of
// this kind it writes one after the other.
func (w worker) writeStatement(ctx context.Context, s change.Step) error {
	w.documents <- struct{}{}
	defer func() { <-w.documents }()
	pause := 50 * time.Millisecond
	for try := 1; ; try++ {
		err := w.rewrite(ctx, s)
		if err == nil {
			found, rerr := readStatement(ctx, w.api, s.Setting)
			if rerr != nil || found.Same(s.After) || try >= statementTries {
				return nil // the applier reads back on its own
			}
		} else if try >= statementTries || !is(err, "ConcurrentModification") {
			return err
		}
		if err := w.o.Sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// rewrite writes the document once; where it is too long, once more with
// denials merged.
func (w worker) rewrite(ctx context.Context, s change.Step) error {
	_, sid := s.StatementPlace()
	text, err := readDocument(ctx, w.api, s.Setting)
	if err != nil {
		return err
	}
	next, err := change.SetStatement(text, sid, s.After, w.o.Now())
	if err != nil {
		return err
	}
	err = w.writeDocument(ctx, s, next)
	if IsQuota(err) {
		if merged, shorter := change.MergeStatements(next); shorter {
			return w.writeDocument(ctx, s, merged)
		}
	}
	return err
}

// writeDocument writes the document of a statement; "" deletes it.
func (w worker) writeDocument(ctx context.Context, s change.Step, text string) error {
	if change.IsGuardrail(s.Target) {
		return w.writeGuardrail(ctx, s.Target, text)
	}
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return err
	}
	policyName, _ := s.StatementPlace()
	name, policy := aws.String(arn.Name()), aws.String(policyName)
	switch {
	case arn.Type() == "role" && text == "":
		_, err = w.api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: policy})
	case arn.Type() == "role":
		_, err = w.api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: policy, PolicyDocument: aws.String(text)})
	case text == "":
		_, err = w.api.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: policy})
	default:
		_, err = w.api.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: policy, PolicyDocument: aws.String(text)})
	}
	return err
}

func (w worker) writeGuardrail(ctx context.Context, guardrail, text string) error {
	org, ok := w.api.(Organizations)
	switch {
	case !ok:
		return ErrNoOrganization
	case text == "":
		return fmt.Errorf("%s would have no statement left, which no service control policy may", guardrail)
	case len([]rune(text)) > change.GuardrailSize:
		return &smithy.GenericAPIError{Code: "LimitExceeded", Fault: smithy.FaultClient,
			Message: fmt.Sprintf("%s would have %d characters, a service control policy holds %d", guardrail, len([]rune(text)), change.GuardrailSize)}
	}
	_, err := org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: aws.String(policyID(guardrail)), Content: aws.String(text)})
	var limit *orgtypes.ConstraintViolationException
	if errors.As(err, &limit) && limit.Reason == orgtypes.ConstraintViolationExceptionReasonPolicyContentLimitExceeded {
		return &smithy.GenericAPIError{Code: "LimitExceeded", Message: limit.ErrorMessage(), Fault: smithy.FaultClient}
	}
	return err
}
