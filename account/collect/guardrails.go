package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"warden/account"
)

// GuardrailClient holds the calls that read the control policies above an
// account. Only the management account of the organisation and its delegates
// may make them.
type GuardrailClient interface {
	ListParents(ctx context.Context, in *organizations.ListParentsInput, opts ...func(*organizations.Options)) (*organizations.ListParentsOutput, error)
	ListPoliciesForTarget(ctx context.Context, in *organizations.ListPoliciesForTargetInput, opts ...func(*organizations.Options)) (*organizations.ListPoliciesForTargetOutput, error)
	DescribePolicy(ctx context.Context, in *organizations.DescribePolicyInput, opts ...func(*organizations.Options)) (*organizations.DescribePolicyOutput, error)
}

// deepest bounds the levels above an account: the root and five of units.
// Source: AWS Organizations User Guide, "Quotas and service limits for AWS
// Organizations".
const deepest = 7

// guardrails reads the levels from the account up and gives them from the root
// down. Source: AWS Organizations User Guide, "SCP evaluation".
func (r *reader) guardrails(ctx context.Context) ([]account.GuardrailLevel, error) {
	documents := map[string]account.Guardrail{}
	level := account.GuardrailLevel{ID: r.Account, Kind: "ACCOUNT"}
	var out []account.GuardrailLevel
	for range deepest {
		var err error
		if level.SCPs, err = r.policiesAt(ctx, level.ID, types.PolicyTypeServiceControlPolicy, documents); err != nil {
			return nil, fmt.Errorf("service control policies at %s: %w", level.ID, err)
		}
		if level.RCPs, err = r.policiesAt(ctx, level.ID, types.PolicyTypeResourceControlPolicy, documents); err != nil {
			return nil, fmt.Errorf("resource control policies at %s: %w", level.ID, err)
		}
		out = append(out, level)
		if level.Kind == string(types.ParentTypeRoot) {
			slices.Reverse(out)
			return out, nil
		}
		parents, err := r.Guardrails.ListParents(ctx, &organizations.ListParentsInput{ChildId: aws.String(level.ID)})
		if err != nil {
			return nil, fmt.Errorf("what stands above %s: %w", level.ID, err)
		}
		if len(parents.Parents) != 1 {
			return nil, fmt.Errorf("%d parents stand above %s, want one", len(parents.Parents), level.ID)
		}
		level = account.GuardrailLevel{ID: aws.ToString(parents.Parents[0].Id), Kind: string(parents.Parents[0].Type)}
	}
	return nil, fmt.Errorf("more than %d levels stand above account %s", deepest-1, r.Account)
}

// policiesAt reads the policies of one kind that are attached to one level;
// nil where the organisation has not enabled the kind.
func (r *reader) policiesAt(ctx context.Context, id string, kind types.PolicyType, known map[string]account.Guardrail) ([]account.Guardrail, error) {
	out := []account.Guardrail{}
	pages := organizations.NewListPoliciesForTargetPaginator(r.Guardrails, &organizations.ListPoliciesForTargetInput{TargetId: aws.String(id), Filter: kind})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if failedWith(err, "PolicyTypeNotEnabled", "PolicyTypeNotAvailableForOrganization") {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, p := range page.Policies {
			id := aws.ToString(p.Id)
			g, ok := known[id]
			if !ok {
				text, err := r.Guardrails.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: p.Id})
				if err != nil {
					return nil, fmt.Errorf("policy %s: %w", id, err)
				}
				content := aws.ToString(text.Policy.Content)
				if !json.Valid([]byte(content)) {
					return nil, fmt.Errorf("policy %s is not JSON", id)
				}
				g = account.Guardrail{ID: id, Name: aws.ToString(p.Name), Document: json.RawMessage(content)}
				known[id] = g
			}
			out = append(out, g)
		}
	}
	return out, nil
}
