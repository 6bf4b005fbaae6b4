package twin

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"warden/policy"
)

// AWS Organizations. Operations, errors and reasons are those of the AWS
// Organizations API Reference; messages are those that people have published.

// organizationsOperations lists the operations of AWS Organizations that the
// twin serves.
func organizationsOperations() map[string]operation {
	return map[string]operation{
		"DescribeOrganization": inOrganization(members, wholeOrganization, describeOrganization),
		"LeaveOrganization":    inOrganization(members, wholeOrganization, leaveOrganization),

		"ListAccounts":                     inOrganization(readers, wholeOrganization, listAccounts),
		"ListRoots":                        inOrganization(readers, wholeOrganization, listRoots),
		"DescribeAccount":                  inOrganization(readers, onDescribeAccount, describeAccount),
		"DescribeOrganizationalUnit":       inOrganization(readers, onDescribeUnit, describeUnit),
		"ListOrganizationalUnitsForParent": inOrganization(readers, onUnitsForParent, listUnitsForParent),
		"ListAccountsForParent":            inOrganization(readers, onAccountsForParent, listAccountsForParent),
		"ListChildren":                     inOrganization(readers, onListChildren, listChildren),
		"ListParents":                      inOrganization(readers, onListParents, listParents),
		"CreateOrganizationalUnit":         inOrganization(managers, onCreateUnit, createUnit),
		"DeleteOrganizationalUnit":         inOrganization(managers, onDeleteUnit, deleteUnit),
		"MoveAccount":                      inOrganization(managers, onMoveAccount, moveAccount),

		"CreatePolicy":          inOrganization(managers, onCreatePolicy, createControlPolicy),
		"UpdatePolicy":          inOrganization(managers, onUpdatePolicy, updateControlPolicy),
		"DeletePolicy":          inOrganization(managers, onDeletePolicy, deleteControlPolicy),
		"DescribePolicy":        inOrganization(readers, onDescribePolicy, describeControlPolicy),
		"ListPolicies":          inOrganization(readers, onListPolicies, listControlPolicies),
		"AttachPolicy":          inOrganization(managers, onAttachPolicy, attachControlPolicy),
		"DetachPolicy":          inOrganization(managers, onDetachPolicy, detachControlPolicy),
		"ListPoliciesForTarget": inOrganization(readers, onPoliciesForTarget, listPoliciesForTarget),
		"ListTargetsForPolicy":  inOrganization(readers, onTargetsForPolicy, listTargetsForPolicy),
		"EnablePolicyType":      inOrganization(managers, onEnablePolicyType, enablePolicyType),
		"DisablePolicyType":     inOrganization(managers, onDisablePolicyType, disablePolicyType),

		"RegisterDelegatedAdministrator":   inOrganization(managers, onRegister, registerDelegate),
		"DeregisterDelegatedAdministrator": inOrganization(managers, onDeregister, deregisterDelegate),
		"ListDelegatedAdministrators":      inOrganization(readers, onListDelegates, listDelegates),
		"ListDelegatedServicesForAccount":  inOrganization(readers, onListDelegatedServices, listDelegatedServices),
	}
}

// callers says which accounts an operation serves: "This operation can be
// called only from the organization's management account or by a member
// account that is a delegated administrator", and the like.
type callers uint8

const (
	members  callers = iota + 1 // any account of the organization
	readers                     // the management account and delegated administrators
	managers                    // the management account
)

// inOrganization builds an operation that needs an organization. ask checks the
// form and says what must be allowed; run does the work.
func inOrganization[I, O any](who callers, ask func(c *call, o *Organization, in *I) ([]demand, error), run func(c *call, o *Organization, in *I) (*O, error)) operation {
	return op(func(c *call, in *I) ([]demand, error) {
		o := c.t.org
		if o == nil {
			return []demand{{action: "organizations:" + c.operation, resource: "*"}}, nil
		}
		demands, err := ask(c, o, in)
		for i := range demands {
			demands[i].action = "organizations:" + c.operation
			// What is the organization's is judged by the caller's own
			// policies alone.
			demands[i].resourceAccount = c.t.account
		}
		return demands, err
	}, func(c *call, in *I) (*O, error) {
		o := c.t.org
		if o == nil || o.tree.nodes[c.t.account] == nil {
			return nil, fail(http.StatusBadRequest, "AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
		}
		manager := c.t.account == o.management
		if who == managers && !manager || who == readers && !manager && len(o.tree.delegated[c.t.account]) == 0 {
			return nil, refuse(http.StatusBadRequest, "AccessDeniedException", "You don't have permissions to access this resource.")
		}
		return run(c, o, in)
	})
}

// wholeOrganization asks for actions that have no resource.
func wholeOrganization[I any](*call, *Organization, *I) ([]demand, error) {
	return []demand{{resource: "*"}}, nil
}

// onNodes asks for the permission on nodes of the tree; each id must have one
// of the forms.
func (o *Organization) onNodes(reason types.InvalidInputExceptionReason, forms []*regexp.Regexp, ids ...*string) ([]demand, error) {
	var out []demand
	for _, id := range ids {
		if err := formed(reason, id, forms...); err != nil {
			return nil, err
		}
		out = append(out, demand{resource: o.nodeARN(*id)})
	}
	return out, nil
}

// nodeARN is the ARN of a node, also of one that does not exist.
func (o *Organization) nodeARN(id string) string {
	if n := o.tree.nodes[id]; n != nil {
		return n.arn
	}
	switch {
	case rootIDForm.MatchString(id):
		return o.named("root/" + o.id + "/" + id)
	case unitID.MatchString(id):
		return o.named("ou/" + o.id + "/" + id)
	}
	return o.named("account/" + o.id + "/" + id)
}

var (
	accountForm = regexp.MustCompile(`^\d{12}$`)

	parentForms  = []*regexp.Regexp{rootIDForm, unitID}
	accountForms = []*regexp.Regexp{accountForm}
	unitForms    = []*regexp.Regexp{unitID}
	rootForms    = []*regexp.Regexp{rootIDForm}
	targetForms  = []*regexp.Regexp{rootIDForm, unitID, accountForm}
)

// formed checks that an id is there and has one of the forms.
func formed(reason types.InvalidInputExceptionReason, id *string, forms ...*regexp.Regexp) error {
	if id == nil {
		return badInput(types.InvalidInputExceptionReasonInputRequired, "You must specify a value for all required parameters.")
	}
	if slices.ContainsFunc(forms, func(f *regexp.Regexp) bool { return f.MatchString(*id) }) {
		return nil
	}
	return badInput(reason, "You provided a value that does not match the required pattern.")
}

// lengths checks texts of 1 to max characters; nil ones are not given.
func lengths(max int, texts ...*string) error {
	for _, s := range texts {
		switch {
		case s == nil:
		case *s == "":
			return badInput(types.InvalidInputExceptionReasonMinLengthExceeded, "You provided a string that is shorter than the minimum length.")
		case len([]rune(*s)) > max:
			return badInput(types.InvalidInputExceptionReasonMaxLengthExceeded, "You provided a string that is longer than the maximum length.")
		}
	}
	return nil
}

// organizationError is an error with a reason.
func organizationError(code, reason, message string) error {
	e := newAPIError(http.StatusBadRequest, code, "%s", message)
	e.reason = reason
	return e
}

func badInput(reason types.InvalidInputExceptionReason, message string) error {
	return organizationError("InvalidInputException", string(reason), message)
}

func violation(reason types.ConstraintViolationExceptionReason, message string) error {
	return organizationError("ConstraintViolationException", string(reason), message)
}

// unknownThing is the answer to an id of nothing.
func unknownThing(code, what string) error {
	return fail(http.StatusBadRequest, code, "You specified %s that doesn't exist.", what)
}

// noTags: the twin keeps none for the organization's entities.
func noTags(tags []types.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	return badInput(types.InvalidInputExceptionReasonInvalidPattern, "The twin keeps no tags of policies and units.")
}

// pageOfNodes cuts a page out of items that are sorted by key: at most 20, and
// the token is of this operation.
func pageOfNodes[T any](c *call, o *Organization, items []T, key func(T) string, token *string, max *int32) ([]T, *string, error) {
	size := o.quotas.page
	if max != nil {
		switch n := int(*max); {
		case n < 1:
			return nil, nil, badInput(types.InvalidInputExceptionReasonMinValueExceeded, "You provided a numeric value that is less than the minimum value.")
		case n > o.quotas.page:
			return nil, nil, badInput(types.InvalidInputExceptionReasonMaxValueExceeded, "You provided a numeric value that is greater than the maximum value.")
		default:
			size = n
		}
	}
	if p := c.t.faults.PageSize; p > 0 {
		size = min(size, p)
	}
	if token != nil {
		raw, err := base64.RawURLEncoding.DecodeString(*token)
		of, last, ok := strings.Cut(string(raw), "\x00")
		if err != nil || !ok || of != c.operation {
			return nil, nil, badInput(types.InvalidInputExceptionReasonInvalidPaginationToken, "You specified a pagination token that isn't valid.")
		}
		items = slices.DeleteFunc(slices.Clone(items), func(x T) bool { return key(x) <= last })
	}
	if len(items) <= size {
		return items, nil, nil
	}
	next := sealMarker(c.operation, key(items[size-1]))
	return items[:size], &next, nil
}

func nodeID(n *node) string { return n.id }

// policyTypeKey is the condition key organizations:PolicyType.
func policyTypeKey(t types.PolicyType) policy.Context {
	return policy.Context{"organizations:policytype": policy.One(string(t))}
}
