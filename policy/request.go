package policy

import "strings"

// Value is the value of one context key.
type Value struct {
	Values []string
	// Multi marks a multivalued key, also when it has no value or one.
	// IAM User Guide, "Single-valued vs. multivalued context keys".
	Multi bool
}

// One is the value of a single-valued key.
func One(v string) Value { return Value{Values: []string{v}} }

// Many is the value of a multivalued key.
func Many(v ...string) Value { return Value{Values: v, Multi: true} }

// Absent is the value of a key that the request is known not to have. A key
// that is not in the Context at all is absent too, but then the result names
// it where it matters; see [Result].Missing.
func Absent() Value { return Value{} }

// present tells whether the request has the key.
func (v Value) present() bool { return v.Multi || len(v.Values) > 0 }

// Context holds the condition keys of a request. Keys are lower case: the
// names of condition keys are not case-sensitive (IAM User Guide, "IAM JSON
// policy elements: Condition").
type Context map[string]Value

// Set stores v under key in lower case.
func (c Context) Set(key string, v Value) { c[strings.ToLower(key)] = v }

// PrincipalType says what kind of caller makes a request.
type PrincipalType string

// The kinds of caller.
const (
	// User is an IAM user, also with credentials from GetSessionToken.
	User PrincipalType = "user"
	// Session is an assumed-role session.
	Session PrincipalType = "session"
	// Federated is a session from GetFederationToken. With the ARN or name
	// of an identity provider as its ARN, and no account, it is somebody who
	// presents that provider's token to AssumeRoleWithWebIdentity or
	// AssumeRoleWithSAML.
	Federated PrincipalType = "federated"
	// Service is an AWS service principal.
	Service PrincipalType = "service"
	// Anonymous is a caller without credentials.
	Anonymous PrincipalType = "anonymous"
	// Root is the root user of an account.
	Root PrincipalType = "root"
)

// Principal is the caller.
type Principal struct {
	Type PrincipalType
	// ARN is the IAM user, the sts assumed-role session, the sts
	// federated-user or the account root; the service's name for a service.
	ARN string
	// Account is the twelve-digit id; taken from ARN where it is empty.
	Account string
	// RoleARN is the role of a session, with its path.
	RoleARN string
	// UserARN is the IAM user behind a federated session.
	UserARN string
	// CanonicalID is the S3 canonical user id of the account, if known.
	CanonicalID string
	// ServiceLinkedRole marks a session of a service-linked role.
	ServiceLinkedRole bool
	// InManagementAccount marks a principal of the organization's
	// management account.
	InManagementAccount bool
}

// Resource is what the request acts on.
type Resource struct {
	// ARN is "*" for actions that have no resource types.
	ARN string
	// Account owns the resource, also where the ARN names none (S3); taken
	// from the ARN where it is empty.
	Account string
	// InManagementAccount marks a resource of the organization's management
	// account.
	InManagementAccount bool
}

// Request is one call to be judged. Its Context is taken as complete: a key
// that it does not hold is absent from the request.
type Request struct {
	Principal Principal
	Action    string // "service:Name", in any case
	Resource  Resource
	Context   Context
}

// Level is one level of an organization: the root, a unit, the account.
type Level struct {
	Name     string
	Policies []*Document
}

// Policies are the documents that apply to one request.
type Policies struct {
	// Identity and Group grant together. For a federated session they are
	// those of the user behind it.
	Identity, Group []*Document
	// Boundary is the permissions boundary; empty means none.
	Boundary []*Document
	// Session holds the session policies; SessionPassed tells "none passed"
	// from "an empty list passed".
	Session       []*Document
	SessionPassed bool
	// SCPs and RCPs go from the root to the account; nil means that there
	// is no organization. RCPFullAWSAccess is implied at every level and
	// need not be listed.
	SCPs, RCPs []Level
	// Resource is the policy of the bucket, queue, key or topic, or the
	// trust policy of the role that is assumed.
	Resource *Document
	// Endpoint holds the policies of the VPC endpoint that the request came
	// through, if ViaEndpoint.
	Endpoint    []*Document
	ViaEndpoint bool
}
