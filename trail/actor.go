package trail

import (
	"strings"
	"time"
)

// Kind is what kind of caller made a call.
type Kind string

// The kinds of callers.
const (
	IAMUser        Kind = "iam-user"            // with a long-term key, or signing in
	IAMUserSession Kind = "iam-user-session"    // console or GetSessionToken credentials of a user
	AssumedRole    Kind = "assumed-role"        // a session of a role, whoever assumed it
	Root           Kind = "root"                // the account root user, also by AssumeRoot
	Service        Kind = "aws-service"         // an AWS service for itself
	ServiceLinked  Kind = "service-linked-role" // a session of a role that a service owns
	FederatedUser  Kind = "federated-user"      // GetFederationToken credentials
	WebIdentity    Kind = "web-identity"        // an OIDC identity that assumes a role
	SAML           Kind = "saml"                // a SAML identity that assumes a role
	IdentityCenter Kind = "identity-center"     // a permission set's role, or an Identity Center user
	OtherAccount   Kind = "aws-account"         // somebody of another account, whom the trail does not name
	Unknown        Kind = "unknown"
)

// Paths of roles that AWS reserves for itself. Nobody else can make a role
// under them, so the path, not the name, proves what a role is.
// Source: IAM User Guide, "Using service-linked roles"; IAM Identity Center
// User Guide, "Referencing permission sets in resource policies".
const (
	serviceLinkedPath  = "/aws-service-role/"
	identityCenterPath = "/aws-reserved/sso.amazonaws.com/"
	identityCenterName = "AWSReservedSSO_"
)

// Actor is who a call's caller really was: behind a session the user or role
// that it belongs to.
type Actor struct {
	Kind    Kind
	ARN     string // as the record has it; of a session, the session's
	Account string // the caller's own account
	// ID is the unique id that outlives a rename and changes when a name is
	// made anew: AIDA… of a user, AROA… of a role, the account id of root.
	ID string
	// UserID is what policies see as aws:userid; for a role session
	// "AROA…:session".
	UserID    string
	Name      string // user or role name, without path
	AccessKey string
	// SessionName is the caller-chosen name of a role or federated session.
	SessionName string
	// InvokedBy is the service that made the call, on its own or for the
	// caller.
	InvokedBy string
	// SourceIdentity is set at the first AssumeRole of a chain and kept
	// through it.
	SourceIdentity string
	// Provider is the identity provider through which a session or federated
	// caller came.
	Provider string
	// AssumedRoot marks a root session that AssumeRoot made.
	AssumedRoot bool
	MFA         *bool     // nil when the record does not say
	IssuedAt    time.Time // when session credentials were issued, zero if not said
	// Role is the role behind a session.
	Role *Issuer
	// Parent is the user, or root, who issued a federated session.
	Parent *Issuer
}

// Issuer is the entity behind a session.
type Issuer struct {
	ARN, ID, Name, Path, Account string
}

// Actor derives who made the call from userIdentity.
func (e *Event) Actor() Actor {
	id := e.Identity
	a := Actor{
		ARN: id.ARN, Account: id.AccountID, UserID: id.PrincipalID, Name: id.UserName,
		AccessKey: id.AccessKeyID, InvokedBy: id.InvokedBy, Provider: id.IdentityProvider,
	}
	a.ID, _, _ = strings.Cut(id.PrincipalID, ":")
	if a.Account == "" {
		a.Account = arnAccount(id.ARN)
	}
	session := id.Session
	if session == nil {
		session = &Session{}
	}
	a.AssumedRoot = session.AssumedRoot
	a.MFA, a.IssuedAt, a.SourceIdentity = session.MFA, session.CreatedAt, session.SourceIdentity
	if a.Provider == "" {
		a.Provider = session.Provider
	}

	switch identityType(id) {
	case "Root":
		a.Kind = Root
		if a.ID == "" {
			a.ID = a.Account
		}
	case "IAMUser":
		a.Kind = IAMUser
		// Session credentials have keys that begin with ASIA (IAM User
		// Guide, "IAM identifiers", unique identifiers).
		if strings.HasPrefix(id.AccessKeyID, "ASIA") || !session.CreatedAt.IsZero() {
			a.Kind = IAMUserSession
		}
		if a.Name == "" {
			a.Name = lastPart(id.ARN)
		}
	case "AssumedRole", "Role":
		roleSession(&a, session)
	case "FederatedUser":
		a.Kind, a.ID = FederatedUser, id.PrincipalID
		a.Parent = session.Issuer
		_, a.SessionName, _ = strings.Cut(id.PrincipalID, ":")
		if a.Name == "" {
			a.Name = a.SessionName
		}
	case "SAMLUser":
		a.Kind, a.ID = SAML, id.PrincipalID
	case "WebIdentityUser":
		a.Kind, a.ID = WebIdentity, id.PrincipalID
	case "IdentityCenterUser":
		a.Kind = IdentityCenter
		if id.OnBehalfOf != nil {
			a.ID, a.UserID = id.OnBehalfOf.UserID, id.OnBehalfOf.UserID
			a.Provider = id.OnBehalfOf.IdentityStoreARN
		}
	case "AWSService":
		a.Kind = Service
	case "AWSAccount":
		a.Kind = OtherAccount
	default:
		a.Kind = Unknown
	}
	return a
}

// identityType is userIdentity.type, or what the rest implies where a record
// has none: service events and calls of other accounts may lack it.
func identityType(id Identity) string {
	switch {
	case id.Type != "":
		return id.Type
	case id.ARN == "" && id.InvokedBy != "":
		return "AWSService"
	case id.ARN == "" && id.AccountID != "":
		return "AWSAccount"
	}
	return ""
}

// roleSession fills in the role behind an assumed-role session. Without a
// session issuer the role's name comes from the session's ARN, which lacks
// the role's path and cannot prove that AWS owns the role.
func roleSession(a *Actor, s *Session) {
	a.Kind = AssumedRole
	_, a.SessionName, _ = strings.Cut(a.UserID, ":")
	if s.Issuer != nil {
		role := *s.Issuer
		a.Role = &role
		a.Name = role.Name
		if role.ID != "" {
			a.ID = role.ID
		}
	} else if _, rest, ok := strings.Cut(a.ARN, ":assumed-role/"); ok {
		a.Name, _, _ = strings.Cut(rest, "/")
	}
	if a.SessionName == "" && strings.Contains(a.ARN, ":assumed-role/") {
		a.SessionName = lastPart(a.ARN)
	}
	switch {
	case a.Role != nil && strings.HasPrefix(a.Role.Path, serviceLinkedPath):
		a.Kind = ServiceLinked
	case a.Role != nil && strings.HasPrefix(a.Role.Path, identityCenterPath),
		a.Role == nil && strings.HasPrefix(a.Name, identityCenterName):
		a.Kind = IdentityCenter
	}
}

// issuerOf completes a session issuer's path from its ARN.
func issuerOf(arn, id, name, acct string) *Issuer {
	i := &Issuer{ARN: arn, ID: id, Name: name, Account: acct}
	if i.Account == "" {
		i.Account = arnAccount(arn)
	}
	if i.Name == "" {
		i.Name = lastPart(arn)
	}
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		if _, rest, ok := strings.Cut(parts[5], "/"); ok {
			i.Path = "/" + rest[:strings.LastIndexByte(rest, '/')+1]
		}
	}
	return i
}

func arnAccount(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
