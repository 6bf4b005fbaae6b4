package twin

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"warden/account"
	"warden/policy"
)

// AWS KMS: which keys there are, in which state, and whether they rotate. They
// encrypt nothing. Errors are those of the AWS KMS API Reference.

// kmsKey is a key in one region; the lock of the twin guards it.
type kmsKey struct {
	account.Key
	usage   types.KeyUsageType // "" for the usual one of its spec
	made    time.Time
	deleted time.Time // when it will be, while its deletion is pending
	policy  *policy.Document
}

func kmsOperations() map[string]operation {
	return map[string]operation{
		"ListKeys": op(func(c *call, in *kms.ListKeysInput) ([]demand, error) {
			if in.Limit != nil && (*in.Limit < 1 || *in.Limit > 1000) {
				return nil, kmsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must be between 1 and 1000", *in.Limit)
			}
			return []demand{{action: "kms:ListKeys", resource: "*"}}, nil
		}, listKeys),
		"DescribeKey":          op(onKMSKey("DescribeKey", func(in *kms.DescribeKeyInput) *string { return in.KeyId }), describeKey),
		"GetKeyRotationStatus": op(onKMSKey("GetKeyRotationStatus", func(in *kms.GetKeyRotationStatusInput) *string { return in.KeyId }), getKeyRotationStatus),
		"EnableKeyRotation":    op(onKMSKey("EnableKeyRotation", func(in *kms.EnableKeyRotationInput) *string { return in.KeyId }), enableKeyRotation),
		"DisableKeyRotation":   op(onKMSKey("DisableKeyRotation", func(in *kms.DisableKeyRotationInput) *string { return in.KeyId }), disableKeyRotation),
		"DisableKey":           op(onKMSKey("DisableKey", func(in *kms.DisableKeyInput) *string { return in.KeyId }), disableKey),
		"ScheduleKeyDeletion":  op(onKMSKey("ScheduleKeyDeletion", func(in *kms.ScheduleKeyDeletionInput) *string { return in.KeyId }), scheduleKeyDeletion),
		"CreateKey": op(func(*call, *kms.CreateKeyInput) ([]demand, error) {
			return []demand{{action: "kms:CreateKey", resource: "*"}}, nil
		}, createKey),
	}
}

func kmsInvalid(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "ValidationException", format, args...)
}

// onKMSKey asks for the permission on a key. Its policy must let the account
// delegate before policies of identities count. AWS KMS Developer Guide, "Key
// policies in AWS KMS".
func onKMSKey[I any](operation string, id func(*I) *string) func(*call, *I) ([]demand, error) {
	return func(c *call, in *I) ([]demand, error) {
		k, err := c.key(deref(id(in)))
		if err != nil {
			return nil, err
		}
		c.resources = append(c.resources, recordResource{c.t.account, "AWS::KMS::Key", k.ARN})
		return []demand{{action: "kms:" + operation, resource: k.ARN, resourcePolicy: k.policy}}, nil
	}
}

// key finds a key of the call's region by its id or ARN. Aliases there are
// none.
func (c *call) key(id string) (*kmsKey, error) {
	for _, k := range c.t.keys[c.region] {
		if id == k.ID || id == k.ARN {
			return k, nil
		}
	}
	if id == "" {
		return nil, kmsInvalid("1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
	}
	if !strings.HasPrefix(id, "arn:") {
		id = c.regionalARN("kms", "key/"+id)
	}
	return nil, fail(http.StatusBadRequest, "NotFoundException", "Key '%s' does not exist", id)
}

// keyPolicy is the policy that KMS gives a key that is made without one; those
// of AWS managed keys let the account look. AWS KMS Developer Guide, "Default
// key policy" and "Viewing the key policies of AWS managed keys".
func (t *Twin) keyPolicy(actions string) *policy.Document {
	d, err := policy.Parse("key policy", []byte(`{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:`+
		t.partition+`:iam::`+t.account+`:root"},"Action":`+actions+`,"Resource":"*"}]}`))
	if err != nil {
		panic(err) // the text is the twin's own
	}
	return d
}

// loadKeys takes over the keys of a region. A key that the snapshot could not
// describe may not be described here either.
func (t *Twin) loadKeys(r *account.Region, made time.Time) {
	if r.Keys == nil {
		return
	}
	for _, x := range r.Keys.Value {
		k := &kmsKey{Key: x, made: made}
		switch x.Manager {
		case account.CustomerManaged:
			k.policy = t.keyPolicy(`"kms:*"`)
		case "AWS":
			k.policy = t.keyPolicy(`["kms:Describe*","kms:Get*","kms:List*"]`)
		}
		if x.State == account.KeyPendingDelete {
			k.deleted = made.AddDate(0, 0, 30)
		}
		t.keys[r.Name] = append(t.keys[r.Name], k)
	}
}

// fact is the key as a snapshot keeps it: that one cannot rotate, or is not
// rotated now, says nothing about rotation.
func (k *kmsKey) fact() account.Key {
	out := k.Key
	if !k.Rotates() || k.State != account.KeyEnabled {
		out.Rotation = nil
	}
	return out
}

func listKeys(c *call, in *kms.ListKeysInput) (*kms.ListKeysOutput, error) {
	part, next, more, err := page(c, append([]*kmsKey{}, c.t.keys[c.region]...), func(k *kmsKey) string { return k.ID }, in.Marker, in.Limit)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "InvalidMarkerException", "Could not deserialize marker")
	}
	out := &kms.ListKeysOutput{Keys: []types.KeyListEntry{}, NextMarker: next, Truncated: more}
	for _, k := range part {
		out.Keys = append(out.Keys, types.KeyListEntry{KeyId: ptr(k.ID), KeyArn: ptr(k.ARN)})
	}
	return out, nil
}

func (c *call) metadata(k *kmsKey) *types.KeyMetadata {
	m := &types.KeyMetadata{
		//lint:ignore SA1019 clients that are older than its successor read it
		CustomerMasterKeySpec: types.CustomerMasterKeySpec(k.Spec),

		AWSAccountId: ptr(c.t.account), KeyId: ptr(k.ID), Arn: ptr(k.ARN), CreationDate: when(k.made), Enabled: k.State == account.KeyEnabled, Description: ptr(k.Description),
		KeyUsage: cmp.Or(k.usage, usageOf(k.Spec)), KeyState: types.KeyState(k.State), Origin: types.OriginType(k.Origin), KeyManager: types.KeyManagerType(k.Manager),
		KeySpec: types.KeySpec(k.Spec), MultiRegion: ptr(k.multiRegion()),
	}
	if !k.deleted.IsZero() {
		m.DeletionDate = when(k.deleted)
	}
	if k.multiRegion() {
		kind, primary := types.MultiRegionKeyTypePrimary, k.ARN
		if k.Primary != "" {
			kind, primary = types.MultiRegionKeyTypeReplica, k.Primary
		}
		m.MultiRegionConfiguration = &types.MultiRegionConfiguration{MultiRegionKeyType: kind, PrimaryKey: &types.MultiRegionKey{Arn: ptr(primary), Region: ptr(regionOfARN(primary))}}
	}
	return m
}

// multiRegion tells by the id. AWS KMS Developer Guide, "How multi-Region keys
// work".
func (k *kmsKey) multiRegion() bool { return strings.HasPrefix(k.ID, "mrk-") }

func regionOfARN(arn string) string {
	a, err := account.ParseARN(arn)
	if err != nil {
		return ""
	}
	return a.Region
}

func usageOf(spec string) types.KeyUsageType {
	switch {
	case strings.HasPrefix(spec, "HMAC_"):
		return types.KeyUsageTypeGenerateVerifyMac
	case strings.HasPrefix(spec, "ECC_"), strings.HasPrefix(spec, "ML_DSA_"):
		return types.KeyUsageTypeSignVerify
	}
	return types.KeyUsageTypeEncryptDecrypt
}

func describeKey(c *call, in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
	k, err := c.key(*in.KeyId)
	if err != nil {
		return nil, err
	}
	return &kms.DescribeKeyOutput{KeyMetadata: c.metadata(k)}, nil
}

// getKeyRotationStatus: keys that do not rotate say no, but those with material
// from outside and of custom key stores, which are not supported; a key whose
// deletion is pending says no whatever it said before. AWS KMS API Reference,
// GetKeyRotationStatus; AWS KMS Developer Guide, "Key states of AWS KMS keys".
func getKeyRotationStatus(c *call, in *kms.GetKeyRotationStatusInput) (*kms.GetKeyRotationStatusOutput, error) {
	k, err := c.key(*in.KeyId)
	if err != nil {
		return nil, err
	}
	out := &kms.GetKeyRotationStatusOutput{KeyId: ptr(k.ARN)}
	switch {
	case k.Manager == "AWS":
		out.KeyRotationEnabled, out.RotationPeriodInDays = true, ptr(int32(defaultRotation))
	case k.Origin != account.MaterialOfKMS:
		return nil, unsupportedKey(k)
	case k.State == account.KeyPendingDelete:
	case k.Rotation != nil && k.Rotation.Enabled:
		out.KeyRotationEnabled, out.RotationPeriodInDays = true, ptr(int32(k.Rotation.Period))
	}
	return out, nil
}

// defaultRotation is the period of a key for which nobody has said one.
const defaultRotation = 365

func unsupportedKey(k *kmsKey) error {
	return fail(http.StatusBadRequest, "UnsupportedOperationException", "%s origin is %s which is not valid for this operation.", k.ARN, k.Origin)
}

// rotatable checks what must be true before rotation can be set. AWS KMS API
// Reference, EnableKeyRotation, errors.
func (c *call) rotatable(id string) (*kmsKey, error) {
	k, err := c.key(id)
	switch {
	case err != nil:
		return nil, err
	case k.Manager == "AWS":
		return nil, fail(http.StatusBadRequest, "AccessDeniedException", "AWS managed keys cannot be changed")
	case k.State == account.KeyDisabled:
		return nil, fail(http.StatusBadRequest, "DisabledException", "%s is disabled.", k.ARN)
	case k.State != account.KeyEnabled:
		return nil, invalidState(k)
	case k.Origin != account.MaterialOfKMS:
		return nil, unsupportedKey(k)
	case !k.Rotates() || k.Primary != "":
		return nil, fail(http.StatusBadRequest, "UnsupportedOperationException", "%s does not support this operation.", k.ARN)
	}
	return k, nil
}

func invalidState(k *kmsKey) error {
	state := k.State
	if k.State == account.KeyPendingDelete {
		state = "pending deletion"
	}
	return fail(http.StatusBadRequest, "KMSInvalidStateException", "%s is %s.", k.ARN, state)
}

func enableKeyRotation(c *call, in *kms.EnableKeyRotationInput) (*kms.EnableKeyRotationOutput, error) {
	period := defaultRotation
	if in.RotationPeriodInDays != nil {
		if period = int(*in.RotationPeriodInDays); period < 90 || period > 2560 {
			return nil, kmsInvalid("1 validation error detected: Value '%d' at 'rotationPeriodInDays' failed to satisfy constraint: Member must be between 90 and 2560", period)
		}
	}
	k, err := c.rotatable(*in.KeyId)
	if err != nil {
		return nil, err
	}
	c.share(k, &account.KeyRotation{Enabled: true, Period: period})
	return &kms.EnableKeyRotationOutput{}, nil
}

func disableKeyRotation(c *call, in *kms.DisableKeyRotationInput) (*kms.DisableKeyRotationOutput, error) {
	k, err := c.rotatable(*in.KeyId)
	if err != nil {
		return nil, err
	}
	c.share(k, &account.KeyRotation{})
	return &kms.DisableKeyRotationOutput{}, nil
}

// share sets the rotation of a key and of its replicas, which follow. AWS KMS
// API Reference, ReplicateKey.
func (c *call) share(k *kmsKey, r *account.KeyRotation) {
	k.Rotation = r
	for _, list := range c.t.keys {
		for _, other := range list {
			if other.Primary == k.ARN {
				other.Rotation = r
			}
		}
	}
}

// mutable finds a key of the customer's own that is not about to be deleted.
func (c *call) mutable(id string) (*kmsKey, error) {
	k, err := c.key(id)
	switch {
	case err != nil:
		return nil, err
	case k.Manager == "AWS":
		return nil, fail(http.StatusBadRequest, "AccessDeniedException", "AWS managed keys cannot be changed")
	case k.State == account.KeyPendingDelete:
		return nil, invalidState(k)
	}
	return k, nil
}

func disableKey(c *call, in *kms.DisableKeyInput) (*kms.DisableKeyOutput, error) {
	k, err := c.mutable(*in.KeyId)
	if err != nil {
		return nil, err
	}
	k.State = account.KeyDisabled
	return &kms.DisableKeyOutput{}, nil
}

// scheduleKeyDeletion: 7 to 30 days, 30 where nobody says how many. AWS KMS
// API Reference, ScheduleKeyDeletion.
func scheduleKeyDeletion(c *call, in *kms.ScheduleKeyDeletionInput) (*kms.ScheduleKeyDeletionOutput, error) {
	days := int32(30)
	if in.PendingWindowInDays != nil {
		if days = *in.PendingWindowInDays; days < 7 || days > 30 {
			return nil, kmsInvalid("PendingWindowInDays must be between 7 and 30")
		}
	}
	k, err := c.mutable(*in.KeyId)
	if err != nil {
		return nil, err
	}
	k.State, k.deleted = account.KeyPendingDelete, c.now.AddDate(0, 0, int(days))
	return &kms.ScheduleKeyDeletionOutput{KeyId: ptr(k.ARN), KeyState: types.KeyStatePendingDeletion, DeletionDate: when(k.deleted), PendingWindowInDays: ptr(days)}, nil
}

// createKey makes keys in KMS, and keys that wait for material. It does not
// look whether the policy locks its maker out.
func createKey(c *call, in *kms.CreateKeyInput) (*kms.CreateKeyOutput, error) {
	k := &kmsKey{Key: account.Key{
		ID: c.t.random.uuid(), Description: deref(in.Description), Manager: account.CustomerManaged, State: account.KeyEnabled,
		Spec: account.SymmetricKey, Origin: account.MaterialOfKMS, Rotation: &account.KeyRotation{},
	}, usage: in.KeyUsage, made: c.now, policy: c.t.keyPolicy(`"kms:*"`)}
	if in.KeySpec != "" {
		k.Spec = string(in.KeySpec)
	}
	switch in.Origin {
	case "", types.OriginTypeAwsKms:
	case types.OriginTypeExternal:
		k.Origin, k.State = string(in.Origin), string(types.KeyStatePendingImport)
	default:
		return nil, fail(http.StatusBadRequest, "UnsupportedOperationException", "The twin has no custom key stores")
	}
	if in.MultiRegion != nil && *in.MultiRegion {
		k.ID = "mrk-" + strings.ReplaceAll(k.ID, "-", "")
	}
	k.ARN = c.regionalARN("kms", "key/"+k.ID)
	if in.Policy != nil {
		d, err := policy.Parse("key policy", []byte(*in.Policy))
		if err != nil {
			return nil, fail(http.StatusBadRequest, "MalformedPolicyDocumentException", "%s", err.Error())
		}
		k.policy = d
	}
	c.t.keys[c.region] = append(c.t.keys[c.region], k)
	c.resources = append(c.resources, recordResource{c.t.account, "AWS::KMS::Key", k.ARN})
	return &kms.CreateKeyOutput{KeyMetadata: c.metadata(k)}, nil
}
