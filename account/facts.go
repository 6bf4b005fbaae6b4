package account

import (
	"strings"
	"time"
)

// Evidence says where a part of a snapshot comes from and when it was true.
type Evidence struct {
	// Source names the call ("iam:GetAccountSummary") or the file.
	Source string    `json:"source"`
	At     time.Time `json:"at"`
}

// Fact is a part of a snapshot with its evidence. A *Fact that is nil was not
// read: unknown, and a Gap says why where it was tried.
type Fact[T any] struct {
	Evidence
	Value T `json:"value"`
}

// Facts are the parts of a snapshot beside users, groups, roles and policies.
// All are optional.
type Facts struct {
	CredentialReport *CredentialReport `json:"credentialReport,omitempty"`
	// Summary holds the counters of iam:GetAccountSummary, such as
	// AccountMFAEnabled and AccountAccessKeysPresent, which are of now where
	// the report may be four hours old.
	Summary            *Fact[map[string]int]      `json:"summary,omitempty"`
	PasswordPolicy     *Fact[PasswordPolicy]      `json:"passwordPolicy,omitempty"`
	VirtualMFA         *Fact[[]MFADevice]         `json:"virtualMFA,omitempty"` // those assigned to somebody
	ServiceCredentials *Fact[[]ServiceCredential] `json:"serviceCredentials,omitempty"`
	ServerCertificates *Fact[[]ServerCertificate] `json:"serverCertificates,omitempty"`
	Organization       *Fact[Organization]        `json:"organization,omitempty"`
	// CentralRoot is known to the organisation's management account and to
	// its delegate for IAM only.
	CentralRoot *Fact[CentralRoot] `json:"centralRoot,omitempty"`
	// Guardrails are the service and resource control policies above the
	// account, from the root of the organisation down.
	Guardrails *Fact[[]GuardrailLevel] `json:"guardrails,omitempty"`
	// Regions are those whose configuration was asked for.
	Regions []Region `json:"regions,omitempty"`
	// Buckets are those that trails write to.
	Buckets *Fact[[]Bucket] `json:"buckets,omitempty"`
	// SecurityContact is whom AWS writes to about security.
	SecurityContact *Fact[Contact] `json:"securityContact,omitempty"`
	// PublicAccessBlock is S3's, of the account: it holds for every bucket.
	PublicAccessBlock *Fact[PublicAccessBlock] `json:"publicAccessBlock,omitempty"`
}

// Contact is an alternate contact of the account, without name and address.
// Source: AWS Account Management API Reference, GetAlternateContact.
type Contact struct {
	Set bool `json:"set"`
}

// PublicAccessBlock is what S3 refuses or ignores, whatever policies and
// access control lists say. Source: Amazon S3 API Reference,
// PublicAccessBlockConfiguration.
type PublicAccessBlock struct {
	BlockPublicACLs       bool `json:"blockPublicAcls"`
	IgnorePublicACLs      bool `json:"ignorePublicAcls"`
	BlockPublicPolicy     bool `json:"blockPublicPolicy"`
	RestrictPublicBuckets bool `json:"restrictPublicBuckets"`
}

// All reports whether nothing public is let through.
func (b PublicAccessBlock) All() bool {
	return b.BlockPublicACLs && b.IgnorePublicACLs && b.BlockPublicPolicy && b.RestrictPublicBuckets
}

// PasswordPolicy is the account's rule for passwords of IAM users. Source: IAM
// API Reference, PasswordPolicy.
type PasswordPolicy struct {
	// Set is false where the account has none, and AWS's own minimum holds.
	Set                        bool `json:"set"`
	MinimumLength              int  `json:"minimumLength,omitempty"`
	RequireSymbols             bool `json:"requireSymbols,omitempty"`
	RequireNumbers             bool `json:"requireNumbers,omitempty"`
	RequireUppercase           bool `json:"requireUppercase,omitempty"`
	RequireLowercase           bool `json:"requireLowercase,omitempty"`
	AllowUsersToChangePassword bool `json:"allowUsersToChangePassword,omitempty"`
	ExpirePasswords            bool `json:"expirePasswords,omitempty"`
	MaxAge                     int  `json:"maxAge,omitempty"`          // days, 0 = no expiry
	ReusePrevention            int  `json:"reusePrevention,omitempty"` // passwords remembered, 0 = none
	HardExpiry                 bool `json:"hardExpiry,omitempty"`
}

// UserFacts are what only a call for each user tells; each is nil when it was
// not asked for.
type UserFacts struct {
	MFADevices   *Fact[[]MFADevice]          `json:"mfaDevices,omitempty"` // of every kind
	SSHKeys      *Fact[[]SSHKey]             `json:"sshKeys,omitempty"`
	Certificates *Fact[[]SigningCertificate] `json:"signingCertificates,omitempty"`
	LastAccessed *Fact[LastAccessed]         `json:"lastAccessed,omitempty"`
}

// MFADevice is a device that a user signs in with.
type MFADevice struct {
	Serial string `json:"serial"`
	// User is the ARN of the user it belongs to, the root user's
	// (arn:aws:iam::ACCOUNT:root) too.
	User string `json:"user,omitempty"`
	// Enabled is nil for a device that is not active.
	Enabled *time.Time `json:"enabled,omitempty"`
}

// The kinds of MFA devices.
const (
	VirtualMFA  = "virtual"
	PasskeyMFA  = "passkey or security key"
	HardwareMFA = "hardware token"
)

// Kind tells the kind by the serial number: an ARN of type mfa for an
// authenticator app, of type u2f for a passkey or security key, and the
// maker's own number for a hardware token. Source: IAM API Reference,
// EnableMFADevice, and IAM User Guide, "Check MFA status".
func (d MFADevice) Kind() string {
	a, err := ParseARN(d.Serial)
	switch {
	case err != nil:
		return HardwareMFA
	case a.Type() == "mfa":
		return VirtualMFA
	case a.Type() == "u2f":
		return PasskeyMFA
	}
	return HardwareMFA
}

// OfRoot reports whether the device is the root user's: his ARN ends with
// root, his virtual device is called root-account-mfa-device.
func (d MFADevice) OfRoot() bool {
	return strings.HasSuffix(d.User, ":root") || strings.HasSuffix(d.Serial, ":mfa/root-account-mfa-device")
}

// ServiceCredential is a credential for one service, without its secret:
// CodeCommit, Keyspaces, Bedrock. Source: IAM API Reference,
// ServiceSpecificCredentialMetadata.
type ServiceCredential struct {
	ID         string     `json:"id"`
	User       string     `json:"user"` // name
	Service    string     `json:"service"`
	Active     bool       `json:"active"`
	CreateDate time.Time  `json:"createDate"`
	Expires    *time.Time `json:"expires,omitempty"`
}

// SSHKey is a public key for CodeCommit.
type SSHKey struct {
	ID         string    `json:"id"`
	Active     bool      `json:"active"`
	UploadDate time.Time `json:"uploadDate"`
}

// SigningCertificate is an X.509 certificate with which a user signs requests.
type SigningCertificate struct {
	ID         string    `json:"id"`
	Active     bool      `json:"active"`
	UploadDate time.Time `json:"uploadDate"`
}

// ServerCertificate is a TLS certificate kept in IAM.
type ServerCertificate struct {
	Name       string     `json:"name"`
	ID         string     `json:"id"`
	ARN        string     `json:"arn"`
	UploadDate time.Time  `json:"uploadDate"`
	Expiration *time.Time `json:"expiration,omitempty"`
}

// LastAccessed is which services an identity tried to use within AWS's
// tracking period (400 days at most), denied attempts included; it lists those
// that its policies allow now. Source: IAM User Guide, "Refine permissions
// using last accessed information".
type LastAccessed struct {
	Services []ServiceUse `json:"services"`
}

// ServiceUse is the last use of one service; At is nil when there was none in
// the tracking period.
type ServiceUse struct {
	Service string     `json:"service"` // the prefix of its actions, "s3"
	At      *time.Time `json:"at,omitempty"`
	Region  string     `json:"region,omitempty"`
}

// Latest returns the newest use, if there was one.
func (l LastAccessed) Latest() (ServiceUse, bool) {
	var latest ServiceUse
	for _, s := range l.Services {
		if s.At != nil && (latest.At == nil || s.At.After(*latest.At)) {
			latest = s
		}
	}
	return latest, latest.At != nil
}
