package twin

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// The structure of an organization: accounts, units, and where they are.

const badID = types.InvalidInputExceptionReasonInvalidPattern

func describeOrganization(_ *call, o *Organization, _ *organizations.DescribeOrganizationInput) (*organizations.DescribeOrganizationOutput, error) {
	m := o.tree.nodes[o.management]
	return &organizations.DescribeOrganizationOutput{Organization: &types.Organization{
		Arn: ptr(o.arn), Id: ptr(o.id), FeatureSet: types.OrganizationFeatureSetAll,
		MasterAccountArn: ptr(m.arn), MasterAccountEmail: ptr(m.email), MasterAccountId: ptr(m.id),
		AvailablePolicyTypes: []types.PolicyTypeSummary{{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled}},
	}}, nil
}

// leaveOrganization: an account that was created in the organization has no
// means of payment of its own and cannot leave.
func leaveOrganization(c *call, o *Organization, _ *organizations.LeaveOrganizationInput) (*organizations.LeaveOrganizationOutput, error) {
	id := c.t.account
	switch {
	case id == o.management:
		return nil, fail(http.StatusBadRequest, "MasterCannotLeaveOrganizationException", "You can't remove a management account from an organization.")
	case !o.tree.nodes[id].invited:
		return nil, violation(types.ConstraintViolationExceptionReasonMemberAccountPaymentInstrumentRequired,
			"The member account is missing one or more of the prerequisites required to operate as a standalone account. To add what is missing, sign-in to the member account using the AWS Organizations console, then select to leave the organization. You will then be prompted to enter any missing information.")
	case len(o.tree.delegated[id]) > 0:
		return nil, violation(types.ConstraintViolationExceptionReasonCannotRemoveDelegatedAdministratorFromOrg,
			"You can't remove an account that is a delegated administrator from the organization.")
	}
	return &organizations.LeaveOrganizationOutput{}, o.edit(c.now, func(t *tree) error {
		delete(t.nodes, id)
		return nil
	})
}

func (n *node) account() types.Account {
	joined := types.AccountJoinedMethodCreated
	if n.invited {
		joined = types.AccountJoinedMethodInvited
	}
	return types.Account{
		Arn: ptr(n.arn), Email: ptr(n.email), Id: ptr(n.id), Name: ptr(n.name), JoinedMethod: joined, JoinedTimestamp: ptr(n.joined),
		State: types.AccountStateActive, Status: types.AccountStatusActive,
	}
}

func (n *node) unit() *types.OrganizationalUnit {
	return &types.OrganizationalUnit{Arn: ptr(n.arn), Id: ptr(n.id), Name: ptr(n.name)}
}

func (t *tree) root(n *node) *types.Root {
	r := &types.Root{Arn: ptr(n.arn), Id: ptr(n.id), Name: ptr(n.name), PolicyTypes: []types.PolicyTypeSummary{}}
	if t.enabled {
		r.PolicyTypes = []types.PolicyTypeSummary{{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled}}
	}
	return r
}

func accountsOf(nodes []*node) []types.Account {
	out := make([]types.Account, len(nodes))
	for i, n := range nodes {
		out[i] = n.account()
	}
	return out
}

func listAccounts(c *call, o *Organization, in *organizations.ListAccountsInput) (*organizations.ListAccountsOutput, error) {
	nodes, next, err := pageOfNodes(c, o, o.tree.all(accountNode), nodeID, in.NextToken, in.MaxResults)
	return &organizations.ListAccountsOutput{Accounts: accountsOf(nodes), NextToken: next}, err
}

func listRoots(c *call, o *Organization, in *organizations.ListRootsInput) (*organizations.ListRootsOutput, error) {
	nodes, next, err := pageOfNodes(c, o, o.tree.all(rootNode), nodeID, in.NextToken, in.MaxResults)
	out := &organizations.ListRootsOutput{Roots: []types.Root{}, NextToken: next}
	for _, n := range nodes {
		out.Roots = append(out.Roots, *o.tree.root(n))
	}
	return out, err
}

func onDescribeAccount(_ *call, o *Organization, in *organizations.DescribeAccountInput) ([]demand, error) {
	return o.onNodes(badID, accountForms, in.AccountId)
}

func describeAccount(_ *call, o *Organization, in *organizations.DescribeAccountInput) (*organizations.DescribeAccountOutput, error) {
	n := o.tree.nodes[*in.AccountId]
	if n == nil {
		return nil, unknownThing("AccountNotFoundException", "an account")
	}
	a := n.account()
	return &organizations.DescribeAccountOutput{Account: &a}, nil
}

func onDescribeUnit(_ *call, o *Organization, in *organizations.DescribeOrganizationalUnitInput) ([]demand, error) {
	return o.onNodes(badID, unitForms, in.OrganizationalUnitId)
}

func describeUnit(_ *call, o *Organization, in *organizations.DescribeOrganizationalUnitInput) (*organizations.DescribeOrganizationalUnitOutput, error) {
	n := o.tree.nodes[*in.OrganizationalUnitId]
	if n == nil {
		return nil, unknownThing("OrganizationalUnitNotFoundException", "an organizational unit")
	}
	return &organizations.DescribeOrganizationalUnitOutput{OrganizationalUnit: n.unit()}, nil
}

// parent finds a root or a unit that a request names as a parent.
func (t *tree) parent(id *string) (*node, error) {
	if n := t.nodes[*id]; n != nil {
		return n, nil
	}
	return nil, unknownThing("ParentNotFoundException", "parent")
}

func onUnitsForParent(_ *call, o *Organization, in *organizations.ListOrganizationalUnitsForParentInput) ([]demand, error) {
	return o.onNodes(badID, parentForms, in.ParentId)
}

func listUnitsForParent(c *call, o *Organization, in *organizations.ListOrganizationalUnitsForParentInput) (*organizations.ListOrganizationalUnitsForParentOutput, error) {
	p, err := o.tree.parent(in.ParentId)
	if err != nil {
		return nil, err
	}
	nodes, next, err := pageOfNodes(c, o, o.tree.children(p.id, unitNode), nodeID, in.NextToken, in.MaxResults)
	out := &organizations.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: []types.OrganizationalUnit{}, NextToken: next}
	for _, n := range nodes {
		out.OrganizationalUnits = append(out.OrganizationalUnits, *n.unit())
	}
	return out, err
}

func onAccountsForParent(_ *call, o *Organization, in *organizations.ListAccountsForParentInput) ([]demand, error) {
	return o.onNodes(badID, parentForms, in.ParentId)
}

func listAccountsForParent(c *call, o *Organization, in *organizations.ListAccountsForParentInput) (*organizations.ListAccountsForParentOutput, error) {
	p, err := o.tree.parent(in.ParentId)
	if err != nil {
		return nil, err
	}
	nodes, next, err := pageOfNodes(c, o, o.tree.children(p.id, accountNode), nodeID, in.NextToken, in.MaxResults)
	return &organizations.ListAccountsForParentOutput{Accounts: accountsOf(nodes), NextToken: next}, err
}

func onListChildren(_ *call, o *Organization, in *organizations.ListChildrenInput) ([]demand, error) {
	if in.ChildType != types.ChildTypeAccount && in.ChildType != types.ChildTypeOrganizationalUnit {
		return nil, badInput(types.InvalidInputExceptionReasonInvalidEnum, "You specified an invalid value.")
	}
	return o.onNodes(badID, parentForms, in.ParentId)
}

func listChildren(c *call, o *Organization, in *organizations.ListChildrenInput) (*organizations.ListChildrenOutput, error) {
	p, err := o.tree.parent(in.ParentId)
	if err != nil {
		return nil, err
	}
	kind := accountNode
	if in.ChildType == types.ChildTypeOrganizationalUnit {
		kind = unitNode
	}
	nodes, next, err := pageOfNodes(c, o, o.tree.children(p.id, kind), nodeID, in.NextToken, in.MaxResults)
	out := &organizations.ListChildrenOutput{Children: []types.Child{}, NextToken: next}
	for _, n := range nodes {
		out.Children = append(out.Children, types.Child{Id: ptr(n.id), Type: in.ChildType})
	}
	return out, err
}

func onListParents(_ *call, o *Organization, in *organizations.ListParentsInput) ([]demand, error) {
	return o.onNodes(badID, targetForms, in.ChildId)
}

func listParents(_ *call, o *Organization, in *organizations.ListParentsInput) (*organizations.ListParentsOutput, error) {
	n := o.tree.nodes[*in.ChildId]
	if n == nil || n.kind == rootNode {
		return nil, unknownThing("ChildNotFoundException", "child")
	}
	kind := types.ParentTypeOrganizationalUnit
	if n.parent == o.rootID {
		kind = types.ParentTypeRoot
	}
	return &organizations.ListParentsOutput{Parents: []types.Parent{{Id: ptr(n.parent), Type: kind}}}, nil
}

func onCreateUnit(_ *call, o *Organization, in *organizations.CreateOrganizationalUnitInput) ([]demand, error) {
	if in.Name == nil {
		return nil, formed(badID, nil)
	}
	if err := lengths(128, in.Name); err != nil {
		return nil, err
	}
	if err := noTags(in.Tags); err != nil {
		return nil, err
	}
	return o.onNodes(badID, parentForms, in.ParentId)
}

// createUnit: a new unit has FullAWSAccess attached.
func createUnit(c *call, o *Organization, in *organizations.CreateOrganizationalUnitInput) (*organizations.CreateOrganizationalUnitOutput, error) {
	var made *node
	err := o.edit(c.now, func(t *tree) error {
		p, err := t.parent(in.ParentId)
		if err != nil {
			return err
		}
		for _, n := range t.children(p.id, unitNode) {
			if n.name == *in.Name {
				return fail(http.StatusBadRequest, "DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
			}
		}
		switch {
		case t.depth(p.id) >= o.quotas.unitDepth:
			return violation(types.ConstraintViolationExceptionReasonOuDepthLimitExceeded, "You have exceeded the maximum organizational unit depth.")
		case len(t.all(unitNode)) >= o.quotas.units:
			return violation(types.ConstraintViolationExceptionReasonOuNumberLimitExceeded, "You have exceeded the number of organizational units allowed.")
		}
		made = o.newUnit("ou-"+o.rootID[len("r-"):]+"-"+o.ids.draw(8), *in.Name, p.id)
		if !t.enabled {
			made.attached = nil
		}
		t.nodes[made.id] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &organizations.CreateOrganizationalUnitOutput{OrganizationalUnit: made.unit()}, nil
}

func onDeleteUnit(_ *call, o *Organization, in *organizations.DeleteOrganizationalUnitInput) ([]demand, error) {
	return o.onNodes(badID, unitForms, in.OrganizationalUnitId)
}

func deleteUnit(c *call, o *Organization, in *organizations.DeleteOrganizationalUnitInput) (*organizations.DeleteOrganizationalUnitOutput, error) {
	return &organizations.DeleteOrganizationalUnitOutput{}, o.edit(c.now, func(t *tree) error {
		id := *in.OrganizationalUnitId
		switch {
		case t.nodes[id] == nil:
			return unknownThing("OrganizationalUnitNotFoundException", "an organizational unit")
		case len(t.children(id, unitNode))+len(t.children(id, accountNode)) > 0:
			return fail(http.StatusBadRequest, "OrganizationalUnitNotEmptyException", "You can't delete an OU that contains accounts or other OUs.")
		}
		delete(t.nodes, id)
		return nil
	})
}

// onMoveAccount needs the permission on the account and on both parents.
func onMoveAccount(_ *call, o *Organization, in *organizations.MoveAccountInput) ([]demand, error) {
	demands, err := o.onNodes(badID, accountForms, in.AccountId)
	if err != nil {
		return nil, err
	}
	parents, err := o.onNodes(badID, parentForms, in.SourceParentId, in.DestinationParentId)
	return append(demands, parents...), err
}

func moveAccount(c *call, o *Organization, in *organizations.MoveAccountInput) (*organizations.MoveAccountOutput, error) {
	return &organizations.MoveAccountOutput{}, o.edit(c.now, func(t *tree) error {
		n := t.nodes[*in.AccountId]
		switch {
		case n == nil:
			return unknownThing("AccountNotFoundException", "an account")
		case t.nodes[*in.DestinationParentId] == nil:
			return unknownThing("DestinationParentNotFoundException", "a destination parent")
		case t.nodes[*in.SourceParentId] == nil:
			return unknownThing("SourceParentNotFoundException", "a source parent")
		case n.parent == *in.DestinationParentId:
			return fail(http.StatusBadRequest, "DuplicateAccountException", "That account is already present in the specified destination.")
		case n.parent != *in.SourceParentId:
			return unknownThing("AccountNotFoundException", "an account")
		}
		t.edited(n.id).parent = *in.DestinationParentId
		return nil
	})
}
