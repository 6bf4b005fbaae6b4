package twin

import (
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func tagOperations() map[string]operation {
	return map[string]operation{
		"TagUser":        act(onUser, tagUser, "UserName", "Tags"),
		"UntagUser":      act(onUser, untagUser, "UserName", "TagKeys"),
		"ListUserTags":   act(onUser, listUserTags, "UserName"),
		"TagRole":        act(onRole, tagRole, "RoleName", "Tags"),
		"UntagRole":      act(onRole, untagRole, "RoleName", "TagKeys"),
		"ListRoleTags":   act(onRole, listRoleTags, "RoleName"),
		"TagPolicy":      act(onPolicy, tagPolicy, "PolicyArn", "Tags"),
		"UntagPolicy":    act(onPolicy, untagPolicy, "PolicyArn", "TagKeys"),
		"ListPolicyTags": act(onPolicy, listPolicyTags, "PolicyArn"),
	}
}

// newTags are the tags after a request has added some: keys differ in more
// than case. IAM User Guide, "Rules for tagging in IAM and AWS STS".
func (c *call) newTags(have map[string]string, add []types.Tag) (map[string]string, error) {
	out := maps.Clone(have)
	seen := map[string]bool{}
	for _, t := range add {
		key := text(t.Key)
		switch {
		case strings.HasPrefix(fold(key), "aws:"):
			return nil, fail(400, "InvalidInput", "Tag keys beginning with \"aws:\" are reserved for system use.")
		case seen[fold(key)]:
			return nil, fail(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[fold(key)] = true
		out = withoutTag(out, key)
		if out == nil {
			out = map[string]string{}
		}
		out[key] = text(t.Value)
	}
	if limit := c.state.quotas.tags; len(out) > limit {
		return nil, fail(409, "LimitExceeded", "The number of tags has reached the maximum limit of %d.", limit)
	}
	return out, nil
}

func withoutTag(tags map[string]string, key string) map[string]string {
	for k := range tags {
		if fold(k) == fold(key) {
			delete(tags, k)
		}
	}
	return tags
}

func withoutTags(have map[string]string, keys []string) map[string]string {
	out := maps.Clone(have)
	for _, k := range keys {
		out = withoutTag(out, k)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// tagPage is the page of tags that a list request asks for.
func tagPage(c *call, tags map[string]string, marker *string, max *int32) ([]types.Tag, *string, bool, error) {
	all := sortedTags(tags)
	if all == nil {
		all = []types.Tag{}
	}
	return page(c, all, func(t types.Tag) string { return *t.Key }, marker, max)
}

func tagUser(c *call, in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	old, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	u := old.clone()
	if u.Tags, err = c.newTags(old.Tags, in.Tags); err != nil {
		return nil, err
	}
	c.state.putUser(u)
	return &iam.TagUserOutput{}, nil
}

func untagUser(c *call, in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	old, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	u := old.clone()
	u.Tags = withoutTags(old.Tags, in.TagKeys)
	c.state.putUser(u)
	return &iam.UntagUserOutput{}, nil
}

func listUserTags(c *call, in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	tags, next, more, err := tagPage(c, u.Tags, in.Marker, in.MaxItems)
	return &iam.ListUserTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}

// taggedRole: people may tag service-linked roles too (IAM User Guide, "Using
// service-linked roles").
func (c *call) taggedRole(name *string) (*role, error) {
	return c.describedRole(name)
}

func tagRole(c *call, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	old, err := c.taggedRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	r := old.clone()
	if r.Tags, err = c.newTags(old.Tags, in.Tags); err != nil {
		return nil, err
	}
	c.state.putRole(r)
	return &iam.TagRoleOutput{}, nil
}

func untagRole(c *call, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	old, err := c.taggedRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	r := old.clone()
	r.Tags = withoutTags(old.Tags, in.TagKeys)
	c.state.putRole(r)
	return &iam.UntagRoleOutput{}, nil
}

func listRoleTags(c *call, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	tags, next, more, err := tagPage(c, r.Tags, in.Marker, in.MaxItems)
	return &iam.ListRoleTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}

func tagPolicy(c *call, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	old, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	p := old.clone()
	if p.Tags, err = c.newTags(old.Tags, in.Tags); err != nil {
		return nil, err
	}
	c.state.putPolicy(p)
	return &iam.TagPolicyOutput{}, nil
}

func untagPolicy(c *call, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	old, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	p := old.clone()
	p.Tags = withoutTags(old.Tags, in.TagKeys)
	c.state.putPolicy(p)
	return &iam.UntagPolicyOutput{}, nil
}

func listPolicyTags(c *call, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	p, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	tags, next, more, err := tagPage(c, p.Tags, in.Marker, in.MaxItems)
	return &iam.ListPolicyTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}
