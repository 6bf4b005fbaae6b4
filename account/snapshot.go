// Package account holds an AWS account as data: who exists in it, what they
// may do, and what could not be read. It knows no AWS client and no clock; a
// Snapshot comes from account/collect, from the twin, or from a file.
package account

import (
	"encoding/json"
	"time"
)

// Version is the newest snapshot format that this program reads and the one
// that it writes.
const Version = 1

// Snapshot is one AWS account at one time. It holds no secret: access keys
// are listed by id, login profiles by their dates.
type Snapshot struct {
	// Version is the format of the file; see the constant Version.
	Version int `json:"version"`
	// Account is the twelve-digit account id.
	Account string `json:"account"`
	// Partition is "aws", "aws-cn" or "aws-us-gov".
	Partition string `json:"partition"`
	// Alias is the account alias, if it has one.
	Alias string `json:"alias,omitempty"`
	// CollectedAt is when the evidence was read; judgements use it as now
	// unless told otherwise.
	CollectedAt time.Time `json:"collectedAt"`

	Users    []User          `json:"users"`
	Groups   []Group         `json:"groups"`
	Roles    []Role          `json:"roles"`
	Policies []ManagedPolicy `json:"policies"`

	Facts

	// Gaps lists what could not be read. A fact inside a gap is unknown,
	// never absent.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Gap is evidence that is missing, and why.
type Gap struct {
	// What names the call or file, for example "iam:ListAccessKeys".
	What string `json:"what"`
	// Subject is the ARN or name that it was asked for, if one.
	Subject string `json:"subject,omitempty"`
	Reason  string `json:"reason"`
}

// User is an IAM user with its credentials' public facts. A snapshot that was
// collected tells of passwords and keys in its CredentialReport; LoginProfile
// and AccessKeys are those of a twin, or were read for each user.
type User struct {
	Path             string            `json:"path"`
	Name             string            `json:"name"`
	ID               string            `json:"id"` // AIDA…
	ARN              string            `json:"arn"`
	CreateDate       time.Time         `json:"createDate"`
	PasswordLastUsed *time.Time        `json:"passwordLastUsed,omitempty"`
	Groups           []string          `json:"groups,omitempty"` // group names
	Inline           []InlinePolicy    `json:"inline,omitempty"`
	Attached         []string          `json:"attached,omitempty"` // managed policy ARNs
	Boundary         string            `json:"boundary,omitempty"` // managed policy ARN
	Tags             map[string]string `json:"tags,omitempty"`
	LoginProfile     *LoginProfile     `json:"loginProfile,omitempty"`
	AccessKeys       []AccessKey       `json:"accessKeys,omitempty"`

	UserFacts
}

// LoginProfile says that a user may sign in to the console with a password.
type LoginProfile struct {
	CreateDate            time.Time `json:"createDate"`
	PasswordResetRequired bool      `json:"passwordResetRequired,omitempty"`
}

// AccessKey is a long-term access key without its secret.
type AccessKey struct {
	ID         string    `json:"id"` // AKIA…
	Active     bool      `json:"active"`
	CreateDate time.Time `json:"createDate"`
	LastUsed   *KeyUse   `json:"lastUsed,omitempty"`
}

// KeyUse is the last use of an access key that AWS has recorded.
type KeyUse struct {
	Date    time.Time `json:"date"`
	Region  string    `json:"region"`
	Service string    `json:"service"`
}

// Group is an IAM group; its members are the users that list it.
type Group struct {
	Path       string         `json:"path"`
	Name       string         `json:"name"`
	ID         string         `json:"id"` // AGPA…
	ARN        string         `json:"arn"`
	CreateDate time.Time      `json:"createDate"`
	Inline     []InlinePolicy `json:"inline,omitempty"`
	Attached   []string       `json:"attached,omitempty"`
}

// Role is an IAM role with its trust policy.
type Role struct {
	Path        string            `json:"path"`
	Name        string            `json:"name"`
	ID          string            `json:"id"` // AROA…
	ARN         string            `json:"arn"`
	Description string            `json:"description,omitempty"`
	CreateDate  time.Time         `json:"createDate"`
	MaxSession  int               `json:"maxSessionDuration"` // seconds
	Trust       json.RawMessage   `json:"trust"`
	Inline      []InlinePolicy    `json:"inline,omitempty"`
	Attached    []string          `json:"attached,omitempty"`
	Boundary    string            `json:"boundary,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	LastUsed    *RoleUse          `json:"lastUsed,omitempty"` // nil: not within the 400 days that AWS tracks
	// Profiles are the ARNs of the instance profiles that hold the role.
	Profiles []string `json:"profiles,omitempty"`
	// LastAccessed is nil when it was not asked for.
	LastAccessed *Fact[LastAccessed] `json:"lastAccessed,omitempty"`
}

// RoleUse is when and where a role's credentials were last used.
type RoleUse struct {
	Date   time.Time `json:"date"`
	Region string    `json:"region"`
}

// InlinePolicy is a policy that lives inside one user, group or role.
type InlinePolicy struct {
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"`
}

// ManagedPolicy is a customer-managed or AWS-managed policy with its versions.
type ManagedPolicy struct {
	Path        string            `json:"path"`
	Name        string            `json:"name"`
	ID          string            `json:"id"` // ANPA…
	ARN         string            `json:"arn"`
	Description string            `json:"description,omitempty"`
	CreateDate  time.Time         `json:"createDate"`
	UpdateDate  time.Time         `json:"updateDate"`
	Versions    []PolicyVersion   `json:"versions"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// AWSManaged reports whether AWS owns the policy; its ARN then names the
// account "aws".
func (p ManagedPolicy) AWSManaged() bool {
	a, err := ParseARN(p.ARN)
	return err == nil && a.Account == "aws"
}

// Default returns the version in force, or nil when the snapshot has none.
func (p ManagedPolicy) Default() *PolicyVersion {
	for i := range p.Versions {
		if p.Versions[i].Default {
			return &p.Versions[i]
		}
	}
	return nil
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	ID         string          `json:"id"` // v1, v2…
	Default    bool            `json:"default"`
	CreateDate time.Time       `json:"createDate"`
	Document   json.RawMessage `json:"document"`
}
