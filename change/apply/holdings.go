package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
	"warden/change"
	"warden/policy"
)

// HoldingsReader holds the calls that find every policy of an identity.
// *iam.Client implements it.
type HoldingsReader interface {
	Reader
	ListUserPolicies(context.Context, *iam.ListUserPoliciesInput, ...func(*iam.Options)) (*iam.ListUserPoliciesOutput, error)
	ListRolePolicies(context.Context, *iam.ListRolePoliciesInput, ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error)
	ListGroupPolicies(context.Context, *iam.ListGroupPoliciesInput, ...func(*iam.Options)) (*iam.ListGroupPoliciesOutput, error)
	GetGroupPolicy(context.Context, *iam.GetGroupPolicyInput, ...func(*iam.Options)) (*iam.GetGroupPolicyOutput, error)
	ListGroupsForUser(context.Context, *iam.ListGroupsForUserInput, ...func(*iam.Options)) (*iam.ListGroupsForUserOutput, error)
}

var _ HoldingsReader = (*iam.Client)(nil)

// holdings are the policies of one identity, by ARN or by the name of the
// inline policy, with their documents.
type holdings struct {
	id         string // unique id
	own, group map[string]string
	boundary   map[string]string // none or one
	managed    map[string]string // every managed policy read so far
}

func (h holdings) clone() holdings {
	h.own, h.group, h.boundary = maps.Clone(h.own), maps.Clone(h.group), maps.Clone(h.boundary)
	return h
}

// readHoldings reads what a user, role or group holds now.
func readHoldings(ctx context.Context, api HoldingsReader, identity string) (h holdings, err error) {
	arn, err := account.ParseARN(identity)
	if err != nil {
		return h, err
	}
	h = holdings{own: map[string]string{}, group: map[string]string{}, boundary: map[string]string{}, managed: map[string]string{}}
	name, kind := aws.String(arn.Name()), arn.Type()
	if err := h.attached(ctx, api, kind, name, h.own); err != nil {
		return h, err
	}
	bound := ""
	switch kind {
	case "user":
		out, err := api.GetUser(ctx, &iam.GetUserInput{UserName: name})
		if err != nil {
			return h, err
		}
		h.id = aws.ToString(out.User.UserId)
		if b := out.User.PermissionsBoundary; b != nil {
			bound = aws.ToString(b.PermissionsBoundaryArn)
		}
		if err := h.userInline(ctx, api, name); err != nil {
			return h, err
		}
		if err := h.groups(ctx, api, name, ""); err != nil {
			return h, err
		}
	case "role":
		out, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		if err != nil {
			return h, err
		}
		h.id = aws.ToString(out.Role.RoleId)
		if b := out.Role.PermissionsBoundary; b != nil {
			bound = aws.ToString(b.PermissionsBoundaryArn)
		}
		if err := h.roleInline(ctx, api, name); err != nil {
			return h, err
		}
	case "group":
		if err := h.groupInline(ctx, api, name, h.own); err != nil {
			return h, err
		}
	default:
		return h, fmt.Errorf("%s is no user, role or group", identity)
	}
	if bound != "" {
		h.boundary[bound], err = h.document(ctx, api, bound)
	}
	return h, err
}

// document returns the text of a managed policy that is in force.
func (h holdings) document(ctx context.Context, api Reader, policyARN string) (string, error) {
	if doc, ok := h.managed[policyARN]; ok {
		return doc, nil
	}
	st, err := Read(ctx, api, change.Setting{Kind: change.DefaultVersion, Target: policyARN})
	if err != nil {
		return "", err
	}
	h.managed[policyARN] = st.Text
	return st.Text, nil
}

func (h holdings) attached(ctx context.Context, api Reader, kind string, name *string, into map[string]string) error {
	var marker *string
	for {
		page, next, err := attachments(ctx, api, kind, name, marker)
		if err != nil {
			return err
		}
		for _, p := range page {
			policyARN := aws.ToString(p.PolicyArn)
			if into[policyARN], err = h.document(ctx, api, policyARN); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		marker = next
	}
}

func (h holdings) userInline(ctx context.Context, api HoldingsReader, name *string) error {
	pages := iam.NewListUserPoliciesPaginator(api, &iam.ListUserPoliciesInput{UserName: name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.PolicyNames {
			st, err := readInline(ctx, api, "user", name, p)
			if err != nil {
				return err
			}
			h.own[p] = st.Text
		}
	}
	return nil
}

func (h holdings) roleInline(ctx context.Context, api HoldingsReader, name *string) error {
	pages := iam.NewListRolePoliciesPaginator(api, &iam.ListRolePoliciesInput{RoleName: name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.PolicyNames {
			st, err := readInline(ctx, api, "role", name, p)
			if err != nil {
				return err
			}
			h.own[p] = st.Text
		}
	}
	return nil
}

// groups reads what the user's groups hold, but for one.
func (h holdings) groups(ctx context.Context, api HoldingsReader, user *string, without string) error {
	pages := iam.NewListGroupsForUserPaginator(api, &iam.ListGroupsForUserInput{UserName: user})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, g := range page.Groups {
			if strings.EqualFold(aws.ToString(g.GroupName), without) {
				continue
			}
			if err := h.attached(ctx, api, "group", g.GroupName, h.group); err != nil {
				return err
			}
			if err := h.groupInline(ctx, api, g.GroupName, h.group); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h holdings) groupInline(ctx context.Context, api HoldingsReader, group *string, into map[string]string) error {
	pages := iam.NewListGroupPoliciesPaginator(api, &iam.ListGroupPoliciesInput{GroupName: group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.PolicyNames {
			out, err := api.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: group, PolicyName: aws.String(p)})
			if err != nil {
				return err
			}
			st, err := decoded(out.PolicyDocument)
			if err != nil {
				return err
			}
			into[aws.ToString(group)+"/"+p] = st.Text
		}
	}
	return nil
}

// after changes the holdings as the step would.
func (h *holdings) after(ctx context.Context, api HoldingsReader, s change.Step) error {
	set := func(m map[string]string, name, doc string) {
		delete(m, name)
		if s.After.Exists {
			m[name] = doc
		}
	}
	switch s.Kind {
	case change.Attachment:
		doc := ""
		if s.After.Exists {
			var err error
			if doc, err = h.document(ctx, api, s.Name); err != nil {
				return err
			}
		}
		set(h.own, s.Name, doc)
	case change.Inline:
		set(h.own, s.Name, s.After.Text)
	case change.Membership:
		if s.After.Exists {
			if err := h.attached(ctx, api, "group", aws.String(s.Name), h.group); err != nil {
				return err
			}
			return h.groupInline(ctx, api, aws.String(s.Name), h.group)
		}
		arn, err := account.ParseARN(s.Target)
		if err != nil {
			return err
		}
		clear(h.group)
		return h.groups(ctx, api, aws.String(arn.Name()), s.Name)
	case change.Statement:
		name, sid := s.StatementPlace()
		text, err := change.SetStatement(h.own[name], sid, s.After, time.Time{})
		if err != nil {
			return err
		}
		if delete(h.own, name); text != "" {
			h.own[name] = text
		}
	case change.Boundary:
		clear(h.boundary)
		if s.After.Exists {
			doc, err := h.document(ctx, api, s.After.Text)
			if err != nil {
				return err
			}
			h.boundary[s.After.Text] = doc
		}
	}
	return nil
}

// parse turns the holdings into policies. What cannot be parsed at all is
// named in unknown.
func (h holdings) parse() (p policy.Policies, unknown []string) {
	docs := func(m map[string]string) []*policy.Document {
		var out []*policy.Document
		for _, name := range slices.Sorted(maps.Keys(m)) {
			d, err := policy.ParseStored(name, []byte(m[name]))
			if err != nil {
				unknown = append(unknown, err.Error())
				continue
			}
			out = append(out, d)
		}
		return out
	}
	return policy.Policies{Identity: docs(h.own), Group: docs(h.group), Boundary: docs(h.boundary)}, unknown
}
