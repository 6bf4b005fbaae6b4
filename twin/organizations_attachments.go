package twin

import (
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// What service control policies are attached to, and whether they are in force
// at all.

const badTarget = types.InvalidInputExceptionReasonInvalidPatternTargetId

// onAttachment needs the permission on the policy and on the target.
func (o *Organization) onAttachment(policyID, targetID *string) ([]demand, error) {
	demands, err := o.onPolicy(policyID)
	if err != nil {
		return nil, err
	}
	targets, err := o.onNodes(badTarget, targetForms, targetID)
	for i := range targets {
		targets[i].context = policyTypeKey(types.PolicyTypeServiceControlPolicy)
	}
	return append(demands, targets...), err
}

// attachment finds a policy and a target, for a change.
func (t *tree) attachment(policyID, targetID *string) (*controlPolicy, *node, error) {
	p, err := t.policy(policyID)
	if err != nil {
		return nil, nil, err
	}
	n := t.nodes[*targetID]
	if n == nil {
		return nil, nil, unknownThing("TargetNotFoundException", "a target")
	}
	if !t.enabled {
		return nil, nil, notEnabled()
	}
	return p, n, nil
}

func notEnabled() error {
	return fail(http.StatusBadRequest, "PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
}

func onAttachPolicy(_ *call, o *Organization, in *organizations.AttachPolicyInput) ([]demand, error) {
	return o.onAttachment(in.PolicyId, in.TargetId)
}

func attachControlPolicy(c *call, o *Organization, in *organizations.AttachPolicyInput) (*organizations.AttachPolicyOutput, error) {
	return &organizations.AttachPolicyOutput{}, o.edit(c.now, func(t *tree) error {
		p, n, err := t.attachment(in.PolicyId, in.TargetId)
		switch {
		case err != nil:
			return err
		case slices.Contains(n.attached, p.id):
			return fail(http.StatusBadRequest, "DuplicatePolicyAttachmentException", "A policy with the specified name and type already exists.")
		case len(n.attached) >= o.quotas.policiesPerTarget:
			return violation(types.ConstraintViolationExceptionReasonMaxPolicyTypeAttachmentLimitExceeded, "You have attached the maximum number of policies to the specified target.")
		}
		n = t.edited(n.id)
		n.attached = append(n.attached, p.id)
		return nil
	})
}

func onDetachPolicy(_ *call, o *Organization, in *organizations.DetachPolicyInput) ([]demand, error) {
	return o.onAttachment(in.PolicyId, in.TargetId)
}

// detachControlPolicy: everything keeps at least one policy.
func detachControlPolicy(c *call, o *Organization, in *organizations.DetachPolicyInput) (*organizations.DetachPolicyOutput, error) {
	return &organizations.DetachPolicyOutput{}, o.edit(c.now, func(t *tree) error {
		p, n, err := t.attachment(in.PolicyId, in.TargetId)
		switch {
		case err != nil:
			return err
		case !slices.Contains(n.attached, p.id):
			return fail(http.StatusBadRequest, "PolicyNotAttachedException", "The policy isn't attached to the specified target.")
		case len(n.attached) == 1:
			return violation(types.ConstraintViolationExceptionReasonMinPolicyTypeAttachmentLimitExceeded, "You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.")
		}
		n = t.edited(n.id)
		n.attached = slices.DeleteFunc(n.attached, func(id string) bool { return id == p.id })
		return nil
	})
}

func onPoliciesForTarget(_ *call, o *Organization, in *organizations.ListPoliciesForTargetInput) ([]demand, error) {
	demands, err := o.onNodes(badTarget, targetForms, in.TargetId)
	for i := range demands {
		demands[i].context = policyTypeKey(in.Filter)
	}
	return demands, err
}

func listPoliciesForTarget(c *call, o *Organization, in *organizations.ListPoliciesForTargetInput) (*policiesOutput, error) {
	if err := onlySCP(in.Filter); err != nil {
		return nil, err
	}
	n := o.tree.nodes[*in.TargetId]
	if n == nil {
		return nil, unknownThing("TargetNotFoundException", "a target")
	}
	attached := make([]*controlPolicy, 0, len(n.attached))
	for _, id := range slices.Sorted(slices.Values(n.attached)) {
		attached = append(attached, o.tree.policies[id])
	}
	page, next, err := pageOfNodes(c, o, attached, controlPolicyID, in.NextToken, in.MaxResults)
	return &policiesOutput{Policies: summaries(page), NextToken: next}, err
}

func onTargetsForPolicy(_ *call, o *Organization, in *organizations.ListTargetsForPolicyInput) ([]demand, error) {
	return o.onPolicy(in.PolicyId)
}

var targetTypes = map[nodeKind]types.TargetType{
	rootNode: types.TargetTypeRoot, unitNode: types.TargetTypeOrganizationalUnit, accountNode: types.TargetTypeAccount,
}

func listTargetsForPolicy(c *call, o *Organization, in *organizations.ListTargetsForPolicyInput) (*organizations.ListTargetsForPolicyOutput, error) {
	p, err := o.tree.policy(in.PolicyId)
	if err != nil {
		return nil, err
	}
	nodes, next, err := pageOfNodes(c, o, o.tree.targets(p.id), nodeID, in.NextToken, in.MaxResults)
	out := &organizations.ListTargetsForPolicyOutput{Targets: []types.PolicyTargetSummary{}, NextToken: next}
	for _, n := range nodes {
		out.Targets = append(out.Targets, types.PolicyTargetSummary{Arn: ptr(n.arn), Name: ptr(n.name), TargetId: ptr(n.id), Type: targetTypes[n.kind]})
	}
	return out, err
}

// onPolicyType asks for the permission on a root.
func (o *Organization) onPolicyType(rootID *string, t types.PolicyType) ([]demand, error) {
	demands, err := o.onNodes(badID, rootForms, rootID)
	for i := range demands {
		demands[i].context = policyTypeKey(t)
	}
	return demands, err
}

// switchType turns service control policies on or off. Off detaches all of
// them; on attaches FullAWSAccess everywhere (AWS Organizations User Guide,
// "Disabling a policy type").
func (o *Organization) switchType(c *call, rootID *string, kind types.PolicyType, on bool) (*types.Root, error) {
	if err := onlySCP(kind); err != nil {
		return nil, err
	}
	err := o.edit(c.now, func(t *tree) error {
		switch {
		case *rootID != o.rootID:
			return unknownThing("RootNotFoundException", "a root")
		case on && t.enabled:
			return fail(http.StatusBadRequest, "PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
		case !on && !t.enabled:
			return notEnabled()
		}
		t.enabled = on
		for id := range t.nodes {
			n := t.edited(id)
			n.attached = nil
			if on {
				n.attached = []string{fullAccessID}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return o.tree.root(o.tree.nodes[o.rootID]), nil
}

func onEnablePolicyType(_ *call, o *Organization, in *organizations.EnablePolicyTypeInput) ([]demand, error) {
	return o.onPolicyType(in.RootId, in.PolicyType)
}

func enablePolicyType(c *call, o *Organization, in *organizations.EnablePolicyTypeInput) (*organizations.EnablePolicyTypeOutput, error) {
	root, err := o.switchType(c, in.RootId, in.PolicyType, true)
	return &organizations.EnablePolicyTypeOutput{Root: root}, err
}

func onDisablePolicyType(_ *call, o *Organization, in *organizations.DisablePolicyTypeInput) ([]demand, error) {
	return o.onPolicyType(in.RootId, in.PolicyType)
}

func disablePolicyType(c *call, o *Organization, in *organizations.DisablePolicyTypeInput) (*organizations.DisablePolicyTypeOutput, error) {
	root, err := o.switchType(c, in.RootId, in.PolicyType, false)
	return &organizations.DisablePolicyTypeOutput{Root: root}, err
}
