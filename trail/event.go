// Package trail holds CloudTrail events as data: what happened (Event) and
// who it really was (Actor), read from single records, from EventBridge
// envelopes, and by Scanner from files of any size.
//
// It makes no judgement, reads no clock and knows no AWS client. A record
// that cannot be read is never dropped: it is an error with its reason, and
// the scanner hands over its bytes.
//
// Source: AWS CloudTrail User Guide, "CloudTrail record contents" and
// "CloudTrail userIdentity element".
package trail

import (
	"encoding/json"
	"time"
)

// Event is one CloudTrail record. Fields that the record does not have, or
// has as null, are zero.
type Event struct {
	ID     string // eventID
	Name   string // eventName, for example "CreateUser"
	Source string // eventSource, for example "iam.amazonaws.com"
	// Time is eventTime, zero when the record has none.
	Time time.Time
	// Region is awsRegion as written; anonymised trails hold names that no
	// region has.
	Region       string
	SourceIP     string // an address, or the host name of an AWS service
	UserAgent    string
	ErrorCode    string // "" when the call succeeded
	ErrorMessage string
	Type         string // eventType: AwsApiCall, AwsConsoleSignIn, AwsServiceEvent…
	Category     string // eventCategory: Management, Data…
	// RecipientAccount is the account whose trail holds the record.
	RecipientAccount string
	// SharedID is the same in the records that one call leaves in several
	// accounts; each has an ID of its own.
	SharedID  string
	RequestID string
	Version   string // eventVersion
	// ReadOnly is AWS's own word on whether the call reads. HasReadOnly is
	// false when the record does not say.
	ReadOnly, HasReadOnly bool
	// FromConsole says that the call was made with the credentials of a
	// console session (sessionCredentialFromConsole).
	FromConsole bool

	Identity Identity
	// Request, Response and Additional are requestParameters,
	// responseElements and additionalEventData as written; nil when absent or
	// null.
	Request, Response, Additional json.RawMessage
	Resources                     []Resource

	// Raw is the whole record, without the envelope.
	Raw json.RawMessage
	// Envelope is what EventBridge wrapped around the record, nil when the
	// record came bare.
	Envelope *Envelope
}

// Failed reports whether the call was refused or failed. A failed sign-in
// carries no errorCode; its responseElements say so under its own name.
func (e *Event) Failed() bool {
	return e.ErrorCode != "" || e.Source == "signin.amazonaws.com" && e.ResponseString(e.Name) == "Failure"
}

// Identity is the record's userIdentity element as written. Actor says what
// it means.
type Identity struct {
	Type             string
	PrincipalID      string
	ARN              string
	AccountID        string
	AccessKeyID      string
	UserName         string
	InvokedBy        string
	IdentityProvider string
	CredentialID     string
	OnBehalfOf       *OnBehalfOf
	Session          *Session
}

// OnBehalfOf is the Identity Center user for whom a call was made.
type OnBehalfOf struct {
	UserID           string `json:"userId"`
	IdentityStoreARN string `json:"identityStoreArn"`
}

// Session is userIdentity.sessionContext.
type Session struct {
	IssuerType string // sessionIssuer.type: Role, IAMUser, Root
	Issuer     *Issuer
	// MFA is whether the session was made with MFA; nil when not said.
	MFA *bool
	// CreatedAt is when the credentials were issued; policies see it as
	// aws:TokenIssueTime.
	CreatedAt time.Time
	// Provider is webIdFederationData.federatedProvider.
	Provider       string
	SourceIdentity string
	EC2Delivery    string // ec2RoleDelivery
	AssumedRoot    bool
}

// Resource is one entry of the record's resources.
type Resource struct {
	ARN     string `json:"ARN"`
	Account string `json:"accountId"`
	Type    string `json:"type"`
}

// Envelope is what EventBridge says of the event that it delivers.
// Source: EventBridge User Guide, "AWS service events delivered via
// CloudTrail".
type Envelope struct {
	ID         string
	Source     string // "aws.iam"
	DetailType string
	Account    string
	Region     string
	Time       time.Time
}
