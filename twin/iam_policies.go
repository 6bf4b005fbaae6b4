package twin

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

func policyOperations() map[string]operation {
	return map[string]operation{
		"CreatePolicy":            act(onNew("policy", "PolicyName"), createPolicy, "PolicyName", "PolicyDocument"),
		"GetPolicy":               act(onPolicy, getPolicy, "PolicyArn"),
		"ListPolicies":            act(onAll, listPolicies),
		"DeletePolicy":            act(onPolicy, deletePolicy, "PolicyArn"),
		"CreatePolicyVersion":     act(onPolicy, createPolicyVersion, "PolicyArn", "PolicyDocument"),
		"GetPolicyVersion":        act(onPolicy, getPolicyVersion, "PolicyArn", "VersionId"),
		"ListPolicyVersions":      act(onPolicy, listPolicyVersions, "PolicyArn"),
		"SetDefaultPolicyVersion": act(onPolicy, setDefaultPolicyVersion, "PolicyArn", "VersionId"),
		"DeletePolicyVersion":     act(onPolicy, deletePolicyVersion, "PolicyArn", "VersionId"),
		"ListEntitiesForPolicy":   act(onPolicy, listEntitiesForPolicy, "PolicyArn"),
	}
}

func (c *call) policy(arn *string) (*managed, error) {
	if p := c.state.policies.get(text(arn)); p != nil {
		return p, nil
	}
	return nil, fail(404, "NoSuchEntity", "Policy %s was not found.", text(arn))
}

// ownPolicy is policy for a change: those of AWS belong to another account.
func (c *call) ownPolicy(arn *string) (*managed, error) {
	p, err := c.policy(arn)
	if err == nil && p.AWSManaged() {
		return nil, refuse(403, "AccessDenied", "User: %s is not authorized to perform: iam:%s on resource: policy %s", c.principal.arn, c.operation, p.ARN)
	}
	return p, err
}

// attachable is policy for AttachUserPolicy and its like.
func (c *call) attachable(arn string) (*managed, error) {
	if p := c.state.policies.get(arn); p != nil {
		return p, nil
	}
	return nil, fail(404, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
}

func (c *call) checkManagedSize(document string) error {
	if limit := c.state.quotas.managedPolicy; size(document) > limit {
		return exceeded("PolicySize", limit)
	}
	return nil
}

func createPolicy(c *call, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	s, name, path := c.state, text(in.PolicyName), pathOr(in.Path)
	own := 0
	for _, p := range s.policies.rows {
		if p.value.AWSManaged() {
			continue
		}
		own++
		if fold(p.value.Name) == fold(name) {
			return nil, fail(409, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	if own >= s.quotas.policies {
		return nil, exceeded("PoliciesPerAccount", s.quotas.policies)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.checkManagedSize(text(in.PolicyDocument)); err != nil {
		return nil, err
	}
	arn := s.arn("policy", path, name)
	doc, err := parseIdentity(arn, text(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	now := *when(c.now)
	p := &managed{
		ManagedPolicy: account.ManagedPolicy{
			Path: path, Name: name, ID: s.next.make(prefixPolicy), ARN: arn, Description: text(in.Description), CreateDate: now, UpdateDate: now, Tags: tags,
			Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: now, Document: json.RawMessage(*in.PolicyDocument)}},
		},
		document: doc, next: 2, saved: true,
	}
	s.putPolicy(p)
	out := p.full(usage{})
	out.Description = nil // IAM API Reference, Policy: in GetPolicy only
	return &iam.CreatePolicyOutput{Policy: out}, nil
}

func getPolicy(c *call, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: p.full(c.state.usage())}, nil
}

// policyKey sorts policies by name, the account's before AWS's.
func policyKey(p *managed) string {
	owner := "1"
	if p.AWSManaged() {
		owner = "2"
	}
	return fold(p.Name) + "/" + owner
}

func listPolicies(c *call, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	used := c.state.usage()
	var all []*managed
	for _, p := range listed(c.state.policies.all(), in.PathPrefix, func(p *managed) string { return p.Path }) {
		if in.Scope == types.PolicyScopeTypeAws && !p.AWSManaged() || in.Scope == types.PolicyScopeTypeLocal && p.AWSManaged() {
			continue
		}
		count := used.attached[p.ARN]
		if in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary {
			count = used.boundary[p.ARN]
		}
		if in.OnlyAttached && count == 0 {
			continue
		}
		all = append(all, p)
	}
	part, next, more, err := page(c, all, policyKey, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesOutput{Policies: []types.Policy{}, IsTruncated: more, Marker: next}
	for _, p := range part {
		out.Policies = append(out.Policies, p.brief(used))
	}
	return out, nil
}

func deletePolicy(c *call, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	p, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	used := c.state.usage()
	if used.attached[p.ARN]+used.boundary[p.ARN] > 0 {
		return nil, fail(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	if len(p.Versions) > 1 {
		return nil, fail(409, "DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	c.state.removePolicy(p.ARN)
	return &iam.DeletePolicyOutput{}, nil
}

func createPolicyVersion(c *call, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	old, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if limit := c.state.quotas.versionsPerPolicy; len(old.Versions) >= limit {
		return nil, fail(409, "LimitExceeded", "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", limit)
	}
	if err := c.checkManagedSize(text(in.PolicyDocument)); err != nil {
		return nil, err
	}
	doc, err := parseIdentity(old.ARN, text(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	p := old.clone()
	v := account.PolicyVersion{ID: fmt.Sprintf("v%d", p.next), CreateDate: *when(c.now), Document: json.RawMessage(*in.PolicyDocument)}
	p.next++
	p.UpdateDate = v.CreateDate
	p.Versions = append(p.Versions, v)
	if in.SetAsDefault {
		p.setDefault(v.ID)
		p.document = doc
	}
	c.state.putPolicy(p)
	out := wireVersion(p.Versions[len(p.Versions)-1], false)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &out}, nil
}

func (m *managed) setDefault(id string) {
	for i := range m.Versions {
		m.Versions[i].Default = m.Versions[i].ID == id
	}
}

// version finds one version of p; -1 and an error when it has none such.
func (m *managed) version(id string) (int, error) {
	for i, v := range m.Versions {
		if v.ID == id {
			return i, nil
		}
	}
	return -1, fail(404, "NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", m.ARN, id)
}

func getPolicyVersion(c *call, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	i, err := p.version(text(in.VersionId))
	if err != nil {
		return nil, err
	}
	out := wireVersion(p.Versions[i], true)
	return &iam.GetPolicyVersionOutput{PolicyVersion: &out}, nil
}

// versionKey sorts versions from the newest to the oldest, as AWS lists them.
func versionKey(v account.PolicyVersion) string {
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(v.ID, "v"), "%d", &n); err != nil {
		return v.ID
	}
	return fmt.Sprintf("%09d", 999_999_999-n)
}

func listPolicyVersions(c *call, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	part, next, more, err := page(c, p.clone().Versions, versionKey, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPolicyVersionsOutput{Versions: []types.PolicyVersion{}, IsTruncated: more, Marker: next}
	for _, v := range part {
		out.Versions = append(out.Versions, wireVersion(v, false))
	}
	return out, nil
}

func setDefaultPolicyVersion(c *call, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	old, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	i, err := old.version(text(in.VersionId))
	if err != nil {
		return nil, err
	}
	p := old.clone()
	p.setDefault(p.Versions[i].ID)
	p.UpdateDate = *when(c.now)
	parsed, err := newManaged(p.ManagedPolicy)
	if err != nil {
		return nil, fail(500, "ServiceFailure", "%v", err)
	}
	p.document = parsed.document
	c.state.putPolicy(p)
	return &iam.SetDefaultPolicyVersionOutput{}, nil
}

func deletePolicyVersion(c *call, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	old, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	i, err := old.version(text(in.VersionId))
	if err != nil {
		return nil, err
	}
	if old.Versions[i].Default {
		return nil, fail(409, "DeleteConflict", "Cannot delete the default version of a policy.")
	}
	p := old.clone()
	p.Versions = append(p.Versions[:i], p.Versions[i+1:]...)
	c.state.putPolicy(p)
	return &iam.DeletePolicyVersionOutput{}, nil
}
