package twin

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"warden/policy"
)

// Delegated administrators: member accounts that may read the organization, and
// administer one service in it.

var serviceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.amazonaws\.com$`)

// onDelegate needs the permission on the account.
func (o *Organization) onDelegate(accountID, service *string) ([]demand, error) {
	if err := formed(types.InvalidInputExceptionReasonUnrecognizedServicePrincipal, service, serviceForm); err != nil {
		return nil, err
	}
	demands, err := o.onNodes(badID, accountForms, accountID)
	for i := range demands {
		demands[i].context = policy.Context{"organizations:serviceprincipal": policy.One(*service)}
	}
	return demands, err
}

func onRegister(_ *call, o *Organization, in *organizations.RegisterDelegatedAdministratorInput) ([]demand, error) {
	return o.onDelegate(in.AccountId, in.ServicePrincipal)
}

func registerDelegate(c *call, o *Organization, in *organizations.RegisterDelegatedAdministratorInput) (*organizations.RegisterDelegatedAdministratorOutput, error) {
	return &organizations.RegisterDelegatedAdministratorOutput{}, o.edit(c.now, func(t *tree) error {
		id, service := *in.AccountId, *in.ServicePrincipal
		if t.nodes[id] == nil {
			return unknownThing("AccountNotFoundException", "an account")
		}
		if id == o.management {
			return violation(types.ConstraintViolationExceptionReasonCannotRegisterMasterAsDelegatedAdministrator, "You cannot register master account/yourself as delegated administrator for your organization.")
		}
		services := maps.Clone(t.delegated[id])
		if _, ok := services[service]; ok {
			return fail(http.StatusBadRequest, "AccountAlreadyRegisteredException", "The provided account is already a delegated administrator for your organization.")
		}
		if services == nil {
			services = map[string]time.Time{}
		}
		services[service] = c.now
		t.delegated[id] = services
		return nil
	})
}

func onDeregister(_ *call, o *Organization, in *organizations.DeregisterDelegatedAdministratorInput) ([]demand, error) {
	return o.onDelegate(in.AccountId, in.ServicePrincipal)
}

func deregisterDelegate(c *call, o *Organization, in *organizations.DeregisterDelegatedAdministratorInput) (*organizations.DeregisterDelegatedAdministratorOutput, error) {
	return &organizations.DeregisterDelegatedAdministratorOutput{}, o.edit(c.now, func(t *tree) error {
		id, service := *in.AccountId, *in.ServicePrincipal
		if t.nodes[id] == nil {
			return unknownThing("AccountNotFoundException", "an account")
		}
		services := maps.Clone(t.delegated[id])
		if _, ok := services[service]; !ok {
			return notRegistered()
		}
		delete(services, service)
		t.delegated[id] = services
		return nil
	})
}

func notRegistered() error {
	return fail(http.StatusBadRequest, "AccountNotRegisteredException", "The provided account is not a registered delegated administrator for your organization.")
}

func onListDelegates(_ *call, _ *Organization, in *organizations.ListDelegatedAdministratorsInput) ([]demand, error) {
	d := demand{resource: "*"}
	if in.ServicePrincipal != nil {
		if err := formed(types.InvalidInputExceptionReasonUnrecognizedServicePrincipal, in.ServicePrincipal, serviceForm); err != nil {
			return nil, err
		}
		d.context = policy.Context{"organizations:serviceprincipal": policy.One(*in.ServicePrincipal)}
	}
	return []demand{d}, nil
}

func listDelegates(c *call, o *Organization, in *organizations.ListDelegatedAdministratorsInput) (*organizations.ListDelegatedAdministratorsOutput, error) {
	since := func(n *node) (first time.Time, ok bool) {
		for service, at := range o.tree.delegated[n.id] {
			if (in.ServicePrincipal == nil || *in.ServicePrincipal == service) && (!ok || at.Before(first)) {
				first, ok = at, true
			}
		}
		return first, ok
	}
	nodes := slices.DeleteFunc(o.tree.all(accountNode), func(n *node) bool { _, ok := since(n); return !ok })
	nodes, next, err := pageOfNodes(c, o, nodes, nodeID, in.NextToken, in.MaxResults)
	out := &organizations.ListDelegatedAdministratorsOutput{DelegatedAdministrators: []types.DelegatedAdministrator{}, NextToken: next}
	for _, n := range nodes {
		at, _ := since(n)
		a := n.account()
		out.DelegatedAdministrators = append(out.DelegatedAdministrators, types.DelegatedAdministrator{
			Arn: a.Arn, DelegationEnabledDate: ptr(at), Email: a.Email, Id: a.Id, JoinedMethod: a.JoinedMethod,
			JoinedTimestamp: a.JoinedTimestamp, Name: a.Name, State: a.State, Status: a.Status,
		})
	}
	return out, err
}

func onListDelegatedServices(_ *call, o *Organization, in *organizations.ListDelegatedServicesForAccountInput) ([]demand, error) {
	return o.onNodes(badID, accountForms, in.AccountId)
}

func listDelegatedServices(c *call, o *Organization, in *organizations.ListDelegatedServicesForAccountInput) (*organizations.ListDelegatedServicesForAccountOutput, error) {
	id := *in.AccountId
	if o.tree.nodes[id] == nil {
		return nil, unknownThing("AccountNotFoundException", "an account")
	}
	services := o.tree.delegated[id]
	if len(services) == 0 {
		return nil, notRegistered()
	}
	names, next, err := pageOfNodes(c, o, slices.Sorted(maps.Keys(services)), func(s string) string { return s }, in.NextToken, in.MaxResults)
	out := &organizations.ListDelegatedServicesForAccountOutput{DelegatedServices: []types.DelegatedService{}, NextToken: next}
	for _, name := range names {
		out.DelegatedServices = append(out.DelegatedServices, types.DelegatedService{ServicePrincipal: ptr(name), DelegationEnabledDate: ptr(services[name])})
	}
	return out, err
}
