package twin

import (
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// serviceCredential is a name and password, or a bearer token, for one
// service. The secret is shown once and not kept: nothing here takes it.
type serviceCredential struct {
	id, userID, service, alias string
	active                     bool
	created, expires           time.Time
}

// credentialServices are the services that have credentials of their own, by
// whether these are tokens that may expire. IAM User Guide, "Service-specific
// credentials for IAM users".
var credentialServices = map[string]bool{
	"codecommit.amazonaws.com": false, "cassandra.amazonaws.com": false, "bedrock.amazonaws.com": true,
}

func serviceCredentialOperations() map[string]operation {
	return map[string]operation{
		"CreateServiceSpecificCredential": act(onUser, createServiceSpecificCredential, "UserName", "ServiceName"),
		"ListServiceSpecificCredentials":  act(onCallerOrAll, listServiceSpecificCredentials),
		"UpdateServiceSpecificCredential": act(onCaller, updateServiceSpecificCredential, "ServiceSpecificCredentialId", "Status"),
		"ResetServiceSpecificCredential":  act(onCaller, resetServiceSpecificCredential, "ServiceSpecificCredentialId"),
		"DeleteServiceSpecificCredential": act(onCaller, deleteServiceSpecificCredential, "ServiceSpecificCredentialId"),
	}
}

func (b *belongings) credentialsOf(u *user, service string) []*serviceCredential {
	all := of(&b.credentials, u.ID, func(x *serviceCredential) string { return x.userID })
	return slices.DeleteFunc(all, func(x *serviceCredential) bool { return service != "" && x.service != service })
}

// createServiceSpecificCredential makes a credential; two for each user and
// service are allowed (IAM API Reference, CreateServiceSpecificCredential).
func createServiceSpecificCredential(c *call, in *iam.CreateServiceSpecificCredentialInput) (*iam.CreateServiceSpecificCredentialOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	service := text(in.ServiceName)
	token, known := credentialServices[service]
	if !known {
		return nil, fail(404, "NotSupportedService", "The service %s has no service-specific credentials.", service)
	}
	if limit := c.state.quotas.credentialsPerService; len(c.state.belongings.credentialsOf(u, service)) >= limit {
		return nil, exceeded("ServiceSpecificCredentialsPerUser", limit)
	}
	x := &serviceCredential{id: c.state.next.make(prefixCredential), userID: u.ID, service: service, active: true, created: *when(c.now)}
	x.alias = u.Name + "-at-" + c.state.account
	if token && in.CredentialAgeDays != nil {
		x.expires = x.created.AddDate(0, 0, int(*in.CredentialAgeDays))
	}
	c.state.belongings.credentials.put(x.id, x)
	return &iam.CreateServiceSpecificCredentialOutput{ServiceSpecificCredential: x.fresh(u, c.t.random.secret())}, nil
}

// fresh shows a credential with a new secret.
func (x *serviceCredential) fresh(u *user, secret string) *types.ServiceSpecificCredential {
	m := x.wire(u)
	out := &types.ServiceSpecificCredential{
		CreateDate: m.CreateDate, ExpirationDate: m.ExpirationDate, ServiceName: m.ServiceName, ServiceSpecificCredentialId: m.ServiceSpecificCredentialId,
		Status: m.Status, UserName: m.UserName, ServiceUserName: m.ServiceUserName, ServiceCredentialAlias: m.ServiceCredentialAlias,
	}
	if credentialServices[x.service] {
		out.ServiceCredentialSecret = ptr(secret)
	} else {
		out.ServicePassword = ptr(secret)
	}
	return out
}

// wire shows a credential without its secret.
func (x *serviceCredential) wire(u *user) types.ServiceSpecificCredentialMetadata {
	out := types.ServiceSpecificCredentialMetadata{
		CreateDate: when(x.created), ServiceName: ptr(x.service), ServiceSpecificCredentialId: ptr(x.id), Status: status(x.active), UserName: ptr(u.Name),
	}
	if !x.expires.IsZero() {
		out.ExpirationDate = when(x.expires)
	}
	if credentialServices[x.service] {
		out.ServiceCredentialAlias = ptr(x.alias)
	} else {
		out.ServiceUserName = ptr(x.alias)
	}
	return out
}

// onCallerOrAll is onCaller, or everybody where the request asks for that.
func onCallerOrAll(c *call, v reflect.Value) (entity, error) {
	if all, _ := v.FieldByName("AllUsers").Interface().(*bool); all != nil && *all {
		return onAll(c, v)
	}
	return onCaller(c, v)
}

// listServiceSpecificCredentials lists those of a user, or of all users. IAM
// API Reference, ListServiceSpecificCredentials.
func listServiceSpecificCredentials(c *call, in *iam.ListServiceSpecificCredentialsInput) (*iam.ListServiceSpecificCredentialsOutput, error) {
	b := c.state.belongings
	var all []*serviceCredential
	switch everybody := in.AllUsers != nil && *in.AllUsers; {
	case everybody && in.UserName != nil:
		return nil, refuse(400, "ValidationError", "UserName and AllUsers cannot be specified together.")
	case everybody:
		all = slices.DeleteFunc(b.credentials.all(), func(x *serviceCredential) bool { return in.ServiceName != nil && x.service != *in.ServiceName })
	default:
		u, err := c.userOrCaller(in.UserName)
		if err != nil {
			return nil, err
		}
		all = b.credentialsOf(u, text(in.ServiceName))
	}
	part, next, more, err := page(c, all, func(x *serviceCredential) string { return x.id }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListServiceSpecificCredentialsOutput{ServiceSpecificCredentials: []types.ServiceSpecificCredentialMetadata{}, IsTruncated: more, Marker: next}
	for _, x := range part {
		if u := c.state.users.get(c.state.nameOfUser(x.userID)); u != nil {
			out.ServiceSpecificCredentials = append(out.ServiceSpecificCredentials, x.wire(u))
		}
	}
	return out, nil
}

// ownCredential finds a credential of a user, or of the caller.
func (c *call) ownCredential(userName, id *string) (*user, *serviceCredential, error) {
	u, err := c.userOrCaller(userName)
	if err != nil {
		return nil, nil, err
	}
	x := c.state.belongings.credentials.get(text(id))
	if x == nil || x.userID != u.ID {
		return nil, nil, fail(404, "NoSuchEntity", "No such credential %s exists", text(id))
	}
	return u, x, nil
}

func updateServiceSpecificCredential(c *call, in *iam.UpdateServiceSpecificCredentialInput) (*iam.UpdateServiceSpecificCredentialOutput, error) {
	_, x, err := c.ownCredential(in.UserName, in.ServiceSpecificCredentialId)
	if err != nil {
		return nil, err
	}
	x.active = in.Status == types.StatusTypeActive
	return &iam.UpdateServiceSpecificCredentialOutput{}, nil
}

func resetServiceSpecificCredential(c *call, in *iam.ResetServiceSpecificCredentialInput) (*iam.ResetServiceSpecificCredentialOutput, error) {
	u, x, err := c.ownCredential(in.UserName, in.ServiceSpecificCredentialId)
	if err != nil {
		return nil, err
	}
	return &iam.ResetServiceSpecificCredentialOutput{ServiceSpecificCredential: x.fresh(u, c.t.random.secret())}, nil
}

func deleteServiceSpecificCredential(c *call, in *iam.DeleteServiceSpecificCredentialInput) (*iam.DeleteServiceSpecificCredentialOutput, error) {
	_, x, err := c.ownCredential(in.UserName, in.ServiceSpecificCredentialId)
	if err != nil {
		return nil, err
	}
	c.state.belongings.credentials.remove(x.id)
	return &iam.DeleteServiceSpecificCredentialOutput{}, nil
}
