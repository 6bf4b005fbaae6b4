package twin

import (
	"maps"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// Service control policies. Other types of policy are refused.

// policyView is a policy as the operations answer with it. It is the SDK's type,
// but that the record of a call says awsManaged also where it is false.
type (
	policyView struct {
		Content       *string
		PolicySummary *policySummary
	}
	policySummary struct {
		Arn, Description, Id, Name *string
		AwsManaged                 *bool
		Type                       types.PolicyType
	}
	policyOutput   struct{ Policy *policyView }
	policiesOutput struct {
		NextToken *string
		Policies  []*policySummary
	}
)

func (p *controlPolicy) summary() *policySummary {
	return &policySummary{
		Arn: ptr(p.arn), Description: ptr(p.description), Id: ptr(p.id), Name: ptr(p.name),
		AwsManaged: ptr(p.managed), Type: types.PolicyTypeServiceControlPolicy,
	}
}

func (p *controlPolicy) view() *policyOutput {
	return &policyOutput{&policyView{Content: ptr(p.content), PolicySummary: p.summary()}}
}

func controlPolicyID(p *controlPolicy) string { return p.id }

func summaries(policies []*controlPolicy) []*policySummary {
	out := make([]*policySummary, len(policies))
	for i, p := range policies {
		out[i] = p.summary()
	}
	return out
}

// onPolicy asks for the permission on a policy, which may be AWS's.
func (o *Organization) onPolicy(id *string) ([]demand, error) {
	if err := formed(badID, id, policyID); err != nil {
		return nil, err
	}
	arn := o.policyARN(*id)
	if p := o.tree.policies[*id]; p != nil {
		arn = p.arn
	}
	return []demand{{resource: arn, context: policyTypeKey(types.PolicyTypeServiceControlPolicy)}}, nil
}

// policy finds a policy of the tree.
func (t *tree) policy(id *string) (*controlPolicy, error) {
	if p := t.policies[*id]; p != nil {
		return p, nil
	}
	return nil, unknownThing("PolicyNotFoundException", "a policy")
}

// own finds a policy that may be changed.
func (t *tree) own(id *string) (*controlPolicy, error) {
	p, err := t.policy(id)
	if err == nil && p.managed {
		err = badInput(types.InvalidInputExceptionReasonImmutablePolicy, "You specified a policy that is managed by AWS and can't be modified.")
	}
	return p, err
}

// onlySCP refuses other types of policy.
func onlySCP(t types.PolicyType) error {
	switch {
	case t == types.PolicyTypeServiceControlPolicy:
		return nil
	case slices.Contains(t.Values(), t):
		return fail(http.StatusBadRequest, "PolicyTypeNotAvailableForOrganizationException", "You can't use the specified policy type with the feature set currently enabled for this organization.")
	}
	return badInput(types.InvalidInputExceptionReasonInvalidEnumPolicyType, "You specified an invalid value.")
}

// parse reads the text of a policy for an organization.
func (o *Organization) parse(id, content string) (*controlPolicy, error) {
	if len([]rune(content)) > o.quotas.policySize {
		return nil, violation(types.ConstraintViolationExceptionReasonPolicyContentLimitExceeded, "You have exceeded the maximum size of a policy document.")
	}
	p, err := newControlPolicy(id, o.policyARN(id), content)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "MalformedPolicyDocumentException", "The provided policy document does not meet the requirements of the specified policy type. (%v)", err)
	}
	return p, nil
}

// named refuses a name that another policy has.
func (t *tree) free(name, id string) error {
	for _, p := range t.policies {
		if p.name == name && p.id != id {
			return fail(http.StatusBadRequest, "DuplicatePolicyException", "A policy with the specified name and type already exists.")
		}
	}
	return nil
}

func onCreatePolicy(_ *call, o *Organization, in *organizations.CreatePolicyInput) ([]demand, error) {
	if in.Name == nil || in.Content == nil || in.Description == nil {
		return nil, formed(badID, nil)
	}
	if err := lengths(128, in.Name); err != nil {
		return nil, err
	}
	if len([]rune(*in.Description)) > 512 {
		return nil, lengths(512, in.Description)
	}
	if err := noTags(in.Tags); err != nil {
		return nil, err
	}
	return []demand{{resource: o.policyARN("*"), context: policyTypeKey(in.Type)}}, nil
}

func createControlPolicy(c *call, o *Organization, in *organizations.CreatePolicyInput) (*policyOutput, error) {
	if err := onlySCP(in.Type); err != nil {
		return nil, err
	}
	var made *controlPolicy
	err := o.edit(c.now, func(t *tree) error {
		if err := t.free(*in.Name, ""); err != nil {
			return err
		}
		if len(t.policies) >= o.quotas.policies {
			return violation(types.ConstraintViolationExceptionReasonPolicyNumberLimitExceeded, "You have exceeded the number of policies allowed.")
		}
		var err error
		if made, err = o.parse("p-"+o.ids.draw(8), *in.Content); err != nil {
			return err
		}
		made.name, made.description = *in.Name, *in.Description
		t.policies[made.id] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made.view(), nil
}

func onUpdatePolicy(_ *call, o *Organization, in *organizations.UpdatePolicyInput) ([]demand, error) {
	if err := lengths(128, in.Name); err != nil {
		return nil, err
	}
	return o.onPolicy(in.PolicyId)
}

// updateControlPolicy: what is not given stays as it was.
func updateControlPolicy(c *call, o *Organization, in *organizations.UpdatePolicyInput) (*policyOutput, error) {
	var made *controlPolicy
	err := o.edit(c.now, func(t *tree) error {
		old, err := t.own(in.PolicyId)
		if err != nil {
			return err
		}
		v := *old
		made = &v
		if in.Content != nil {
			if made, err = o.parse(old.id, *in.Content); err != nil {
				return err
			}
			made.name, made.description = old.name, old.description
		}
		if in.Name != nil {
			if err := t.free(*in.Name, old.id); err != nil {
				return err
			}
			made.name = *in.Name
		}
		if in.Description != nil {
			made.description = *in.Description
		}
		t.policies[made.id] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made.view(), nil
}

func onDeletePolicy(_ *call, o *Organization, in *organizations.DeletePolicyInput) ([]demand, error) {
	return o.onPolicy(in.PolicyId)
}

func deleteControlPolicy(c *call, o *Organization, in *organizations.DeletePolicyInput) (*organizations.DeletePolicyOutput, error) {
	return &organizations.DeletePolicyOutput{}, o.edit(c.now, func(t *tree) error {
		p, err := t.own(in.PolicyId)
		if err != nil {
			return err
		}
		if len(t.targets(p.id)) > 0 {
			return fail(http.StatusBadRequest, "PolicyInUseException", "This policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.")
		}
		delete(t.policies, p.id)
		return nil
	})
}

func onDescribePolicy(_ *call, o *Organization, in *organizations.DescribePolicyInput) ([]demand, error) {
	return o.onPolicy(in.PolicyId)
}

func describeControlPolicy(_ *call, o *Organization, in *organizations.DescribePolicyInput) (*policyOutput, error) {
	p, err := o.tree.policy(in.PolicyId)
	if err != nil {
		return nil, err
	}
	return p.view(), nil
}

func onListPolicies(_ *call, _ *Organization, in *organizations.ListPoliciesInput) ([]demand, error) {
	return []demand{{resource: "*", context: policyTypeKey(in.Filter)}}, nil
}

func listControlPolicies(c *call, o *Organization, in *organizations.ListPoliciesInput) (*policiesOutput, error) {
	if err := onlySCP(in.Filter); err != nil {
		return nil, err
	}
	all := make([]*controlPolicy, 0, len(o.tree.policies))
	for _, id := range slices.Sorted(maps.Keys(o.tree.policies)) {
		all = append(all, o.tree.policies[id])
	}
	page, next, err := pageOfNodes(c, o, all, controlPolicyID, in.NextToken, in.MaxResults)
	return &policiesOutput{Policies: summaries(page), NextToken: next}, err
}
