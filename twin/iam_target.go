package twin

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/policy"
)

// entity is what an IAM request acts on, as authorization needs it.
type entity struct {
	arn      string
	tags     map[string]string
	boundary string
}

// target finds the entity of a request. Authorization sees the stored ARN,
// with the real path and case; for what does not exist, the ARN that the name
// would have at the root path.
type target func(c *call, in reflect.Value) (entity, error)

// act builds an IAM operation that needs one permission, that of its own
// name, on what where finds. The members named as required, and the form of
// all others, are checked before.
func act[I, O any](where target, run func(c *call, in *I) (*O, error), required ...string) operation {
	return op(func(c *call, in *I) ([]demand, error) {
		if err := validate(c.operation, in, required...); err != nil {
			return nil, err
		}
		v := reflect.ValueOf(in).Elem()
		e, err := where(c, v)
		if err != nil {
			return nil, err
		}
		demands := []demand{{action: "iam:" + c.operation, resource: e.arn, context: iamContext(c.operation, v, e)}}
		return append(demands, c.more(v, e, demands[0].context)...), nil
	}, run)
}

// more lists the demands beyond an operation's own name: tags on creation
// need the permission to tag, a new name or path the permission on both ARNs,
// and a role in an instance profile that to pass it (IAM API Reference,
// UpdateUser, AddRoleToInstanceProfile; IAM User Guide, "Tagging IAM
// resources").
func (c *call) more(v reflect.Value, e entity, ctx policy.Context) []demand {
	switch c.operation {
	case "CreateUser", "CreateRole", "CreatePolicy", "CreateInstanceProfile", "CreateVirtualMFADevice", "CreateOpenIDConnectProvider", "CreateSAMLProvider":
		if v.FieldByName("Tags").Len() > 0 {
			kind := strings.TrimPrefix(strings.TrimPrefix(c.operation, "Create"), "Virtual")
			return []demand{{action: "iam:Tag" + kind, resource: e.arn, context: ctx}}
		}
	case "AddRoleToInstanceProfile":
		r, _ := onRole(c, v)
		return []demand{{action: "iam:PassRole", resource: r.arn, context: policy.Context{"iam:passedtoservice": policy.One("ec2.amazonaws.com")}}}
	case "UpdateUser", "UpdateGroup":
		kind := strings.TrimPrefix(c.operation, "Update")
		path, name := param(v, "NewPath"), param(v, "New"+kind+"Name")
		if path == "" && name == "" {
			return nil
		}
		if name == "" {
			name = nameOf(e.arn)
		}
		if path == "" {
			_, rest, _ := strings.Cut(e.arn, "/")
			path = "/" + rest[:strings.LastIndexByte("/"+rest, '/')]
		}
		return []demand{{action: "iam:" + c.operation, resource: c.state.arn(strings.ToLower(kind), path, name), context: ctx}}
	}
	return nil
}

// iamContext makes the condition keys of IAM. A parameter makes a key only
// where the operation has it (IAM User Guide, "IAM and AWS STS condition
// context keys"; Service Authorization Reference, IAM).
func iamContext(operation string, v reflect.Value, e entity) policy.Context {
	ctx := policy.Context{}
	for k, value := range e.tags {
		ctx.Set("iam:ResourceTag/"+k, policy.One(value))
		ctx.Set("aws:ResourceTag/"+k, policy.One(value))
	}
	if strings.HasPrefix(operation, "Attach") || strings.HasPrefix(operation, "Detach") {
		ctx.Set("iam:PolicyARN", policy.One(param(v, "PolicyArn")))
	}
	if boundaryOperation[operation] {
		if b := param(v, "PermissionsBoundary"); b != "" {
			ctx.Set("iam:PermissionsBoundary", policy.One(b))
		} else if e.boundary != "" {
			ctx.Set("iam:PermissionsBoundary", policy.One(e.boundary))
		}
	}
	var keys []string
	if f := v.FieldByName("Tags"); f.IsValid() {
		tags, _ := f.Interface().([]types.Tag)
		for _, t := range tags {
			ctx.Set("aws:RequestTag/"+text(t.Key), policy.One(text(t.Value)))
			keys = append(keys, text(t.Key))
		}
	}
	if f := v.FieldByName("TagKeys"); f.IsValid() {
		keys, _ = f.Interface().([]string)
	}
	if len(keys) > 0 {
		ctx.Set("aws:TagKeys", policy.Many(keys...))
	}
	return ctx
}

// boundaryOperation lists the actions that know iam:PermissionsBoundary.
var boundaryOperation = map[string]bool{
	"CreateUser": true, "CreateRole": true,
	"AttachUserPolicy": true, "DetachUserPolicy": true, "PutUserPolicy": true, "DeleteUserPolicy": true,
	"AttachRolePolicy": true, "DetachRolePolicy": true, "PutRolePolicy": true, "DeleteRolePolicy": true,
	"PutUserPermissionsBoundary": true, "DeleteUserPermissionsBoundary": true,
	"PutRolePermissionsBoundary": true, "DeleteRolePermissionsBoundary": true,
}

// param reads a text member of a request, "" where it is absent.
func param(v reflect.Value, name string) string {
	f := v.FieldByName(name)
	if !f.IsValid() {
		return ""
	}
	p, _ := f.Interface().(*string)
	return text(p)
}

// text is the string that p points to, "" for nil.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func onUser(c *call, v reflect.Value) (entity, error) {
	return c.userEntity(param(v, "UserName")), nil
}

// onCaller is onUser with the caller where no name is given.
func onCaller(c *call, v reflect.Value) (entity, error) {
	name := param(v, "UserName")
	if name == "" {
		if c.operation == "GetUser" && c.principal.isRoot() {
			return entity{arn: c.principal.arn}, nil
		}
		u, err := c.callingUser()
		if err != nil {
			return entity{}, err
		}
		name = u.Name
	}
	return c.userEntity(name), nil
}

// onSelf is the caller, whoever that is.
func onSelf(c *call, _ reflect.Value) (entity, error) {
	if c.principal.user != nil {
		return c.userEntity(c.principal.user.Name), nil
	}
	return entity{arn: c.principal.arn}, nil
}

func (c *call) userEntity(name string) entity {
	if u := c.state.users.get(name); u != nil {
		return entity{u.ARN, u.Tags, u.Boundary}
	}
	return entity{arn: c.state.arn("user", "/", name)}
}

func onGroup(c *call, v reflect.Value) (entity, error) {
	name := param(v, "GroupName")
	if g := c.state.groups.get(name); g != nil {
		return entity{arn: g.ARN}, nil
	}
	return entity{arn: c.state.arn("group", "/", name)}, nil
}

func onRole(c *call, v reflect.Value) (entity, error) {
	name := param(v, "RoleName")
	if r := c.state.roles.get(name); r != nil {
		return entity{r.ARN, r.Tags, r.Boundary}, nil
	}
	return entity{arn: c.state.arn("role", "/", name)}, nil
}

func onPolicy(c *call, v reflect.Value) (entity, error) {
	arn := param(v, "PolicyArn")
	if p := c.state.policies.get(arn); p != nil {
		return entity{arn: p.ARN, tags: p.Tags}, nil
	}
	if _, err := policyARN(arn); err != nil {
		return entity{}, err
	}
	return entity{arn: arn}, nil
}

// onNew is what a request creates.
func onNew(kind, name string) target {
	return func(c *call, v reflect.Value) (entity, error) {
		path := param(v, "Path")
		if path == "" {
			path = "/"
		}
		return entity{arn: c.state.arn(kind, path, param(v, name))}, nil
	}
}

// onKey is the user that has the access key of the request.
func onKey(c *call, v reflect.Value) (entity, error) {
	if u, _ := c.state.userOfKey(param(v, "AccessKeyId")); u != nil {
		return entity{arn: u.ARN, tags: u.Tags}, nil
	}
	return entity{arn: "*"}, nil
}

// onPath is what ListUsers, ListGroups and ListRoles are judged on: AWS's
// denials name "arn:aws:iam::ACCOUNT:user/".
func onPath(kind string) target {
	return func(c *call, v reflect.Value) (entity, error) {
		prefix := param(v, "PathPrefix")
		if prefix == "" {
			prefix = "/"
		}
		return entity{arn: c.state.arn(kind, prefix, "")}, nil
	}
}

func onAll(*call, reflect.Value) (entity, error) { return entity{arn: "*"}, nil }

// callingUser is the user that calls, in person or by a session token.
func (c *call) callingUser() (*user, error) {
	if c.principal.user != nil {
		if u := c.state.users.get(c.principal.user.Name); u != nil && u.ID == c.principal.user.ID {
			return u, nil
		}
	}
	return nil, refuse(400, "ValidationError", "Must specify userName when calling with non-User credentials")
}

func sortedTags(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		v := tags[k]
		out = append(out, types.Tag{Key: &k, Value: &v})
	}
	return out
}
