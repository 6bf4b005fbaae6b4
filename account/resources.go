package account

// Key is a KMS key. Source: AWS KMS API Reference, KeyMetadata and
// GetKeyRotationStatus.
type Key struct {
	ID  string `json:"id"`
	ARN string `json:"arn"`
	// Description is what its maker wrote.
	Description string `json:"description,omitempty"`
	// Manager is CUSTOMER, or AWS for the keys of services. It is "" where the
	// key could not be described: the rest is then unknown.
	Manager string `json:"manager,omitempty"`
	State   string `json:"state,omitempty"`  // Enabled, Disabled, PendingDeletion…
	Spec    string `json:"spec,omitempty"`   // SYMMETRIC_DEFAULT, RSA_2048, HMAC_256…
	Origin  string `json:"origin,omitempty"` // AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE
	// Primary is the ARN of the primary key, of a multi-Region replica.
	Primary string `json:"primary,omitempty"`
	// Rotation is nil where it could not be read, and of keys that KMS does
	// not rotate by itself; see Rotates.
	Rotation *KeyRotation `json:"rotation,omitempty"`
}

// KeyRotation is whether KMS makes new key material by itself, and every how
// many days (90 to 2560).
type KeyRotation struct {
	Enabled bool `json:"enabled"`
	Period  int  `json:"period,omitempty"`
}

// The values that decide whether a key can rotate.
const (
	CustomerManaged   = "CUSTOMER"
	SymmetricKey      = "SYMMETRIC_DEFAULT"
	MaterialOfKMS     = "AWS_KMS"
	KeyEnabled        = "Enabled"
	KeyDisabled       = "Disabled"
	KeyPendingDelete  = "PendingDeletion"
	KeyReplicasRemain = "PendingReplicaDeletion"
)

// Rotates reports whether automatic rotation can be set: of customer managed
// keys for symmetric encryption whose material KMS made. Asymmetric and HMAC
// keys, imported material and custom key stores have none. Source: AWS KMS
// Developer Guide, "Rotate AWS KMS keys".
func (k Key) Rotates() bool {
	return k.Manager == CustomerManaged && k.Spec == SymmetricKey && k.Origin == MaterialOfKMS
}

// VPC is a virtual private cloud. Source: Amazon EC2 API Reference, Vpc.
type VPC struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // its tag Name
	// Owner is the account that the VPC belongs to: another one where it is
	// shared with this account.
	Owner   string `json:"owner,omitempty"`
	Default bool   `json:"default,omitempty"`
}

// FlowLog records the traffic of a VPC, a subnet or a network interface.
// Source: Amazon EC2 API Reference, FlowLog.
type FlowLog struct {
	ID       string `json:"id"`
	Resource string `json:"resource"`         // vpc-…, subnet-…, eni-…
	Traffic  string `json:"traffic"`          // ACCEPT, REJECT, ALL
	Status   string `json:"status,omitempty"` // ACTIVE
	// Delivery is SUCCESS or FAILED, with DeliveryError.
	Delivery      string `json:"delivery,omitempty"`
	DeliveryError string `json:"deliveryError,omitempty"`
	Destination   string `json:"destination,omitempty"` // ARN, or the name of a log group
}

// Instance is an EC2 instance. Source: Amazon EC2 API Reference, Instance.
type Instance struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"` // its tag Name
	State string `json:"state"`          // pending, running, stopping, stopped, shutting-down, terminated
	// Profile is the ARN of its instance profile, "" where it has none.
	Profile string `json:"profile,omitempty"`
}
