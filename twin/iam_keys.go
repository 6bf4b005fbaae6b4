package twin

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

func keyOperations() map[string]operation {
	return map[string]operation{
		"CreateAccessKey":      act(onCaller, createAccessKey),
		"UpdateAccessKey":      act(onCaller, updateAccessKey, "AccessKeyId", "Status"),
		"DeleteAccessKey":      act(onCaller, deleteAccessKey, "AccessKeyId"),
		"ListAccessKeys":       act(onCaller, listAccessKeys),
		"GetAccessKeyLastUsed": act(onKey, getAccessKeyLastUsed, "AccessKeyId"),
	}
}

func status(active bool) types.StatusType {
	if active {
		return types.StatusTypeActive
	}
	return types.StatusTypeInactive
}

// createAccessKey makes a key whose secret is shown this once. Inactive keys
// count in the quota.
func createAccessKey(c *call, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	old, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	if limit := c.state.quotas.keysPerUser; len(old.AccessKeys) >= limit {
		return nil, exceeded("AccessKeysPerUser", limit)
	}
	k := account.AccessKey{ID: c.state.next.make(prefixKey), Active: true, CreateDate: *when(c.now)}
	secret := c.t.random.secret()
	c.state.secrets.keys[k.ID] = secret
	u := old.clone()
	u.AccessKeys = append(u.AccessKeys, k)
	c.state.putUser(u)
	return &iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{
		AccessKeyId: ptr(k.ID), SecretAccessKey: ptr(secret), Status: status(true), UserName: ptr(u.Name), CreateDate: ptr(k.CreateDate),
	}}, nil
}

// ownKey finds a key of a user in a clone of him.
func (c *call) ownKey(userName, keyID *string) (*user, int, error) {
	old, err := c.userOrCaller(userName)
	if err != nil {
		return nil, 0, err
	}
	u := old.clone()
	at := slices.IndexFunc(u.AccessKeys, func(k account.AccessKey) bool { return k.ID == text(keyID) })
	if at < 0 {
		return nil, 0, fail(404, "NoSuchEntity", "The Access Key with id %s cannot be found.", text(keyID))
	}
	return u, at, nil
}

func updateAccessKey(c *call, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	u, at, err := c.ownKey(in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	u.AccessKeys[at].Active = in.Status == types.StatusTypeActive
	c.state.putUser(u)
	return &iam.UpdateAccessKeyOutput{}, nil
}

func deleteAccessKey(c *call, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	u, at, err := c.ownKey(in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	id := u.AccessKeys[at].ID
	u.AccessKeys = slices.Delete(u.AccessKeys, at, at+1)
	c.state.putUser(u)
	delete(c.state.keyUse, id)
	return &iam.DeleteAccessKeyOutput{}, nil
}

func listAccessKeys(c *call, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	part, next, more, err := page(c, slices.Clone(u.AccessKeys), func(k account.AccessKey) string { return k.ID }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAccessKeysOutput{AccessKeyMetadata: []types.AccessKeyMetadata{}, IsTruncated: more, Marker: next}
	for _, k := range part {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, types.AccessKeyMetadata{
			AccessKeyId: ptr(k.ID), Status: status(k.Active), UserName: ptr(u.Name), CreateDate: when(k.CreateDate),
		})
	}
	return out, nil
}

// getAccessKeyLastUsed: a key that was never used has no date, and N/A for
// region and service. IAM API Reference, AccessKeyLastUsed.
func getAccessKeyLastUsed(c *call, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	u, k := c.state.userOfKey(text(in.AccessKeyId))
	if u == nil {
		return nil, fail(404, "NoSuchEntity", "The Access Key with id %s cannot be found.", text(in.AccessKeyId))
	}
	last := &types.AccessKeyLastUsed{Region: ptr("N/A"), ServiceName: ptr("N/A")}
	if use := c.state.lastUse(k); use != nil {
		last = &types.AccessKeyLastUsed{LastUsedDate: when(use.Date), Region: ptr(use.Region), ServiceName: ptr(use.Service)}
	}
	return &iam.GetAccessKeyLastUsedOutput{UserName: ptr(u.Name), AccessKeyLastUsed: last}, nil
}
