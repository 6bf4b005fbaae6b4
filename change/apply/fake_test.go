package apply_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"
)

const (
	acct    = "123456789012"
	denyARN = "arn:aws:iam::" + acct + ":policy/DENY-IAM"
	admin   = "arn:aws:iam::aws:policy/AdministratorAccess"
	ciARN   = "arn:aws:iam::" + acct + ":user/ci/deploy"
	ciID    = "AIDAEXAMPLECIDEPLOY00"
	roleARN = "arn:aws:iam::" + acct + ":role/app"
	roleID  = "AROAEXAMPLEAPP0000000"
	grpARN  = "arn:aws:iam::" + acct + ":group/dev"
	keyID   = "AKIAEXAMPLE000000001"
	denyDoc = `{"Version":"2012-10-17","Statement":[{"Sid":"Deny","Effect":"Deny","Action":"iam:*","Resource":"*"}]}`
	oldDoc  = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": []\n}"
)

// world is the part of an account that the fake keeps. Effects lists the
// calls that changed it, each as often as it did.
type world struct {
	Identities map[string]*identity // "user deploy", "role app", "group dev"
	Policies   map[string]*managed
	SCPs       map[string]string // by id
	Providers
	Effects []string
}

type identity struct {
	ID       string
	Attached []string
	Inline   map[string]string
	Keys     map[string]string
	Boundary string
	Credentials
}

type managed struct {
	Versions map[string]string
	Default  string
	Last     int
}

func newWorld() *world {
	w := &world{
		Identities: map[string]*identity{
			"user deploy": {ID: ciID, Attached: []string{admin}, Inline: map[string]string{"own": oldDoc}, Keys: map[string]string{keyID: "Active"}, Boundary: admin},
			"role app":    {ID: roleID, Inline: map[string]string{}},
			"group dev":   {ID: "AGPAEXAMPLEDEV0000000", Attached: []string{admin}},
		},
		Policies: map[string]*managed{
			admin: {Versions: map[string]string{"v1": oldDoc}, Default: "v1", Last: 1},
			teamP: {Versions: map[string]string{"v2": oldDoc}, Default: "v2", Last: 2},
		},
		SCPs: map[string]string{"p-example1": `{"Version":"2012-10-17","Statement":[{"Sid":"Pin","Effect":"Deny","Action":"iam:DeletePolicy","Resource":"*"}]}`},
	}
	w.addCredentials()
	return w
}

const teamP = "arn:aws:iam::" + acct + ":policy/team/team"

const scpARN = "arn:aws:organizations::999999999999:policy/o-exampleorg/service_control_policy/p-example1"

// fake is IAM and AWS Organizations in memory, or in a file where several processes use it one
// after the other. Lists have one entry to a page.
type fake struct {
	mu    sync.Mutex
	w     *world
	file  string
	calls []string
	// before runs before a call takes effect, after when it has; an error is
	// what the caller gets.
	before, after func(op string) error
}

func fileFake(t testing.TB, file string) *fake {
	f := &fake{file: file}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &f.w)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (w *world) save(file string) error {
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// state is the account without the record of effects.
func (f *fake) state() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := *f.w
	w.Effects = nil
	data, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func apiErr(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func (f *fake) do(op, what string, run func(w *world) (changed bool, err error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, op)
	if f.before != nil {
		if err := f.before(op); err != nil {
			return err
		}
	}
	changed, err := run(f.w)
	if err != nil {
		return err
	}
	if changed {
		f.w.Effects = append(f.w.Effects, op+" "+what)
		if f.file != "" {
			if err := f.w.save(f.file); err != nil {
				return err
			}
		}
	}
	if f.after != nil {
		return f.after(op)
	}
	return nil
}

func (f *fake) on(op, kind string, name *string, run func(i *identity) (bool, error)) error {
	return f.do(op, aws.ToString(name), func(w *world) (bool, error) {
		i := w.Identities[kind+" "+aws.ToString(name)]
		if i == nil {
			return false, apiErr("NoSuchEntity", "The %s with name %s cannot be found.", kind, aws.ToString(name))
		}
		return run(i)
	})
}

func (f *fake) attach(op, kind string, name, arn *string) error {
	return f.on(op, kind, name, func(i *identity) (bool, error) {
		if f.w.Policies[*arn] == nil {
			return false, apiErr("NoSuchEntity", "Policy %s does not exist or is not attachable.", *arn)
		}
		if slices.Contains(i.Attached, *arn) {
			return false, nil
		}
		if len(i.Attached) >= 10 {
			return false, apiErr("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10")
		}
		i.Attached = append(i.Attached, *arn)
		return true, nil
	})
}

func (f *fake) detach(op, kind string, name, arn *string) error {
	return f.on(op, kind, name, func(i *identity) (bool, error) {
		n := slices.Index(i.Attached, *arn)
		if n < 0 {
			return false, apiErr("NoSuchEntity", "Policy %s was not found.", *arn)
		}
		i.Attached = slices.Delete(i.Attached, n, n+1)
		if len(i.Attached) == 0 {
			i.Attached = nil
		}
		return true, nil
	})
}

func (f *fake) list(op, kind string, name, marker *string) (page []types.AttachedPolicy, next *string, err error) {
	err = f.on(op, kind, name, func(i *identity) (bool, error) {
		at, _ := strconv.Atoi(aws.ToString(marker))
		if at < len(i.Attached) {
			page = append(page, types.AttachedPolicy{PolicyArn: aws.String(i.Attached[at])})
		}
		if at+1 < len(i.Attached) {
			next = aws.String(strconv.Itoa(at + 1))
		}
		return false, nil
	})
	return page, next, err
}

func (f *fake) put(op, kind string, name, policy, doc *string) error {
	return f.on(op, kind, name, func(i *identity) (bool, error) {
		changed := i.Inline[*policy] != *doc
		i.Inline[*policy] = *doc
		return changed, nil
	})
}

func (f *fake) drop(op, kind string, name, policy *string) error {
	return f.on(op, kind, name, func(i *identity) (bool, error) {
		if _, ok := i.Inline[*policy]; !ok {
			return false, apiErr("NoSuchEntity", "The %s policy with name %s cannot be found.", kind, *policy)
		}
		delete(i.Inline, *policy)
		return true, nil
	})
}

func (f *fake) get(op, kind string, name, policy *string) (doc *string, err error) {
	err = f.on(op, kind, name, func(i *identity) (bool, error) {
		d, ok := i.Inline[*policy]
		if !ok {
			return false, apiErr("NoSuchEntity", "The %s policy with name %s cannot be found.", kind, *policy)
		}
		doc = aws.String(url.PathEscape(d))
		return false, nil
	})
	return doc, err
}

func (f *fake) managed(op string, arn *string, run func(p *managed) (bool, error)) error {
	return f.do(op, *arn, func(w *world) (bool, error) {
		p := w.Policies[*arn]
		if p == nil {
			return false, apiErr("NoSuchEntity", "Policy %s was not found.", *arn)
		}
		return run(p)
	})
}

type opts = func(*iam.Options)

func (f *fake) CreatePolicy(_ context.Context, in *iam.CreatePolicyInput, _ ...opts) (*iam.CreatePolicyOutput, error) {
	arn := "arn:aws:iam::" + acct + ":policy" + *in.Path + *in.PolicyName
	err := f.do("CreatePolicy", arn, func(w *world) (bool, error) {
		if w.Policies[arn] != nil {
			return false, apiErr("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
		}
		w.Policies[arn] = &managed{Versions: map[string]string{"v1": *in.PolicyDocument}, Default: "v1", Last: 1}
		return true, nil
	})
	return &iam.CreatePolicyOutput{Policy: &types.Policy{Arn: &arn, DefaultVersionId: aws.String("v1")}}, err
}

func (f *fake) DeletePolicy(_ context.Context, in *iam.DeletePolicyInput, _ ...opts) (*iam.DeletePolicyOutput, error) {
	return &iam.DeletePolicyOutput{}, f.managed("DeletePolicy", in.PolicyArn, func(p *managed) (bool, error) {
		for _, i := range f.w.Identities {
			if slices.Contains(i.Attached, *in.PolicyArn) || i.Boundary == *in.PolicyArn {
				return false, apiErr("DeleteConflict", "Cannot delete a policy attached to entities.")
			}
		}
		if len(p.Versions) > 1 {
			return false, apiErr("DeleteConflict", "This policy has more than one version.")
		}
		delete(f.w.Policies, *in.PolicyArn)
		return true, nil
	})
}

func (f *fake) CreatePolicyVersion(_ context.Context, in *iam.CreatePolicyVersionInput, _ ...opts) (*iam.CreatePolicyVersionOutput, error) {
	var id string
	err := f.managed("CreatePolicyVersion", in.PolicyArn, func(p *managed) (bool, error) {
		if len(p.Versions) >= 5 {
			return false, apiErr("LimitExceeded", "A managed policy can have up to 5 versions.")
		}
		p.Last++
		id = "v" + strconv.Itoa(p.Last)
		p.Versions[id], p.Default = *in.PolicyDocument, id
		return true, nil
	})
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &types.PolicyVersion{VersionId: &id}}, err
}

func (f *fake) SetDefaultPolicyVersion(_ context.Context, in *iam.SetDefaultPolicyVersionInput, _ ...opts) (*iam.SetDefaultPolicyVersionOutput, error) {
	return &iam.SetDefaultPolicyVersionOutput{}, f.managed("SetDefaultPolicyVersion", in.PolicyArn, func(p *managed) (bool, error) {
		if _, ok := p.Versions[*in.VersionId]; !ok {
			return false, apiErr("NoSuchEntity", "Policy version %s does not exist.", *in.VersionId)
		}
		changed := p.Default != *in.VersionId
		p.Default = *in.VersionId
		return changed, nil
	})
}

func (f *fake) DeletePolicyVersion(_ context.Context, in *iam.DeletePolicyVersionInput, _ ...opts) (*iam.DeletePolicyVersionOutput, error) {
	return &iam.DeletePolicyVersionOutput{}, f.managed("DeletePolicyVersion", in.PolicyArn, func(p *managed) (bool, error) {
		if p.Default == *in.VersionId {
			return false, apiErr("DeleteConflict", "Cannot delete the default version of a policy.")
		}
		if _, ok := p.Versions[*in.VersionId]; !ok {
			return false, apiErr("NoSuchEntity", "Policy version %s does not exist.", *in.VersionId)
		}
		delete(p.Versions, *in.VersionId)
		return true, nil
	})
}

func (f *fake) GetPolicy(_ context.Context, in *iam.GetPolicyInput, _ ...opts) (*iam.GetPolicyOutput, error) {
	out := &types.Policy{Arn: in.PolicyArn}
	err := f.managed("GetPolicy", in.PolicyArn, func(p *managed) (bool, error) {
		out.DefaultVersionId = aws.String(p.Default)
		return false, nil
	})
	return &iam.GetPolicyOutput{Policy: out}, err
}

func (f *fake) GetPolicyVersion(_ context.Context, in *iam.GetPolicyVersionInput, _ ...opts) (*iam.GetPolicyVersionOutput, error) {
	var doc string
	err := f.managed("GetPolicyVersion", in.PolicyArn, func(p *managed) (bool, error) {
		d, ok := p.Versions[*in.VersionId]
		if !ok {
			return false, apiErr("NoSuchEntity", "Policy version %s does not exist.", *in.VersionId)
		}
		doc = url.PathEscape(d)
		return false, nil
	})
	return &iam.GetPolicyVersionOutput{PolicyVersion: &types.PolicyVersion{Document: &doc}}, err
}

func (f *fake) AttachUserPolicy(_ context.Context, in *iam.AttachUserPolicyInput, _ ...opts) (*iam.AttachUserPolicyOutput, error) {
	return &iam.AttachUserPolicyOutput{}, f.attach("AttachUserPolicy", "user", in.UserName, in.PolicyArn)
}

func (f *fake) DetachUserPolicy(_ context.Context, in *iam.DetachUserPolicyInput, _ ...opts) (*iam.DetachUserPolicyOutput, error) {
	return &iam.DetachUserPolicyOutput{}, f.detach("DetachUserPolicy", "user", in.UserName, in.PolicyArn)
}

func (f *fake) AttachRolePolicy(_ context.Context, in *iam.AttachRolePolicyInput, _ ...opts) (*iam.AttachRolePolicyOutput, error) {
	return &iam.AttachRolePolicyOutput{}, f.attach("AttachRolePolicy", "role", in.RoleName, in.PolicyArn)
}

func (f *fake) DetachRolePolicy(_ context.Context, in *iam.DetachRolePolicyInput, _ ...opts) (*iam.DetachRolePolicyOutput, error) {
	return &iam.DetachRolePolicyOutput{}, f.detach("DetachRolePolicy", "role", in.RoleName, in.PolicyArn)
}

func (f *fake) AttachGroupPolicy(_ context.Context, in *iam.AttachGroupPolicyInput, _ ...opts) (*iam.AttachGroupPolicyOutput, error) {
	return &iam.AttachGroupPolicyOutput{}, f.attach("AttachGroupPolicy", "group", in.GroupName, in.PolicyArn)
}

func (f *fake) DetachGroupPolicy(_ context.Context, in *iam.DetachGroupPolicyInput, _ ...opts) (*iam.DetachGroupPolicyOutput, error) {
	return &iam.DetachGroupPolicyOutput{}, f.detach("DetachGroupPolicy", "group", in.GroupName, in.PolicyArn)
}

func (f *fake) PutUserPolicy(_ context.Context, in *iam.PutUserPolicyInput, _ ...opts) (*iam.PutUserPolicyOutput, error) {
	return &iam.PutUserPolicyOutput{}, f.put("PutUserPolicy", "user", in.UserName, in.PolicyName, in.PolicyDocument)
}

func (f *fake) DeleteUserPolicy(_ context.Context, in *iam.DeleteUserPolicyInput, _ ...opts) (*iam.DeleteUserPolicyOutput, error) {
	return &iam.DeleteUserPolicyOutput{}, f.drop("DeleteUserPolicy", "user", in.UserName, in.PolicyName)
}

func (f *fake) PutRolePolicy(_ context.Context, in *iam.PutRolePolicyInput, _ ...opts) (*iam.PutRolePolicyOutput, error) {
	return &iam.PutRolePolicyOutput{}, f.put("PutRolePolicy", "role", in.RoleName, in.PolicyName, in.PolicyDocument)
}

func (f *fake) DeleteRolePolicy(_ context.Context, in *iam.DeleteRolePolicyInput, _ ...opts) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, f.drop("DeleteRolePolicy", "role", in.RoleName, in.PolicyName)
}

func (f *fake) GetUserPolicy(_ context.Context, in *iam.GetUserPolicyInput, _ ...opts) (*iam.GetUserPolicyOutput, error) {
	doc, err := f.get("GetUserPolicy", "user", in.UserName, in.PolicyName)
	return &iam.GetUserPolicyOutput{PolicyDocument: doc}, err
}

func (f *fake) GetRolePolicy(_ context.Context, in *iam.GetRolePolicyInput, _ ...opts) (*iam.GetRolePolicyOutput, error) {
	doc, err := f.get("GetRolePolicy", "role", in.RoleName, in.PolicyName)
	return &iam.GetRolePolicyOutput{PolicyDocument: doc}, err
}

func (f *fake) UpdateAccessKey(_ context.Context, in *iam.UpdateAccessKeyInput, _ ...opts) (*iam.UpdateAccessKeyOutput, error) {
	return &iam.UpdateAccessKeyOutput{}, f.on("UpdateAccessKey", "user", in.UserName, func(i *identity) (bool, error) {
		old, ok := i.Keys[*in.AccessKeyId]
		if !ok {
			return false, apiErr("NoSuchEntity", "The Access Key with id %s cannot be found.", *in.AccessKeyId)
		}
		i.Keys[*in.AccessKeyId] = string(in.Status)
		return old != string(in.Status), nil
	})
}

func (f *fake) ListAccessKeys(_ context.Context, in *iam.ListAccessKeysInput, _ ...opts) (*iam.ListAccessKeysOutput, error) {
	out := &iam.ListAccessKeysOutput{}
	return out, f.on("ListAccessKeys", "user", in.UserName, func(i *identity) (bool, error) {
		for _, id := range slices.Sorted(maps.Keys(i.Keys)) {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, types.AccessKeyMetadata{AccessKeyId: aws.String(id), Status: types.StatusType(i.Keys[id])})
		}
		return false, nil
	})
}

func (f *fake) PutUserPermissionsBoundary(_ context.Context, in *iam.PutUserPermissionsBoundaryInput, _ ...opts) (*iam.PutUserPermissionsBoundaryOutput, error) {
	return &iam.PutUserPermissionsBoundaryOutput{}, f.on("PutUserPermissionsBoundary", "user", in.UserName, func(i *identity) (bool, error) {
		changed := i.Boundary != *in.PermissionsBoundary
		i.Boundary = *in.PermissionsBoundary
		return changed, nil
	})
}

func (f *fake) DeleteUserPermissionsBoundary(_ context.Context, in *iam.DeleteUserPermissionsBoundaryInput, _ ...opts) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	return &iam.DeleteUserPermissionsBoundaryOutput{}, f.on("DeleteUserPermissionsBoundary", "user", in.UserName, func(i *identity) (bool, error) {
		if i.Boundary == "" {
			return false, apiErr("NoSuchEntity", "no boundary")
		}
		i.Boundary = ""
		return true, nil
	})
}

func (f *fake) GetUser(_ context.Context, in *iam.GetUserInput, _ ...opts) (*iam.GetUserOutput, error) {
	u := &types.User{UserName: in.UserName}
	return &iam.GetUserOutput{User: u}, f.on("GetUser", "user", in.UserName, func(i *identity) (bool, error) {
		u.UserId = aws.String(i.ID)
		if i.Boundary != "" {
			u.PermissionsBoundary = &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(i.Boundary)}
		}
		return false, nil
	})
}

func (f *fake) PutRolePermissionsBoundary(_ context.Context, in *iam.PutRolePermissionsBoundaryInput, _ ...opts) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return &iam.PutRolePermissionsBoundaryOutput{}, f.on("PutRolePermissionsBoundary", "role", in.RoleName, func(i *identity) (bool, error) {
		changed := i.Boundary != *in.PermissionsBoundary
		i.Boundary = *in.PermissionsBoundary
		return changed, nil
	})
}

func (f *fake) DeleteRolePermissionsBoundary(_ context.Context, in *iam.DeleteRolePermissionsBoundaryInput, _ ...opts) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return &iam.DeleteRolePermissionsBoundaryOutput{}, f.on("DeleteRolePermissionsBoundary", "role", in.RoleName, func(i *identity) (bool, error) {
		if i.Boundary == "" {
			return false, apiErr("NoSuchEntity", "no boundary")
		}
		i.Boundary = ""
		return true, nil
	})
}

func (f *fake) GetRole(_ context.Context, in *iam.GetRoleInput, _ ...opts) (*iam.GetRoleOutput, error) {
	r := &types.Role{}
	return &iam.GetRoleOutput{Role: r}, f.on("GetRole", "role", in.RoleName, func(i *identity) (bool, error) {
		r.RoleId, r.AssumeRolePolicyDocument = aws.String(i.ID), aws.String(url.PathEscape(i.Trust))
		if i.Boundary != "" {
			r.PermissionsBoundary = &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(i.Boundary)}
		}
		return false, nil
	})
}

func (f *fake) GetGroup(_ context.Context, in *iam.GetGroupInput, _ ...opts) (*iam.GetGroupOutput, error) {
	g := &types.Group{}
	return &iam.GetGroupOutput{Group: g}, f.on("GetGroup", "group", in.GroupName, func(i *identity) (bool, error) {
		g.GroupId = aws.String(i.ID)
		return false, nil
	})
}

func (f *fake) ListAttachedUserPolicies(_ context.Context, in *iam.ListAttachedUserPoliciesInput, _ ...opts) (*iam.ListAttachedUserPoliciesOutput, error) {
	page, next, err := f.list("ListAttachedUserPolicies", "user", in.UserName, in.Marker)
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: page, Marker: next, IsTruncated: next != nil}, err
}

func (f *fake) ListAttachedRolePolicies(_ context.Context, in *iam.ListAttachedRolePoliciesInput, _ ...opts) (*iam.ListAttachedRolePoliciesOutput, error) {
	page, next, err := f.list("ListAttachedRolePolicies", "role", in.RoleName, in.Marker)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: page, Marker: next, IsTruncated: next != nil}, err
}

func (f *fake) ListAttachedGroupPolicies(_ context.Context, in *iam.ListAttachedGroupPoliciesInput, _ ...opts) (*iam.ListAttachedGroupPoliciesOutput, error) {
	page, next, err := f.list("ListAttachedGroupPolicies", "group", in.GroupName, in.Marker)
	return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: page, Marker: next, IsTruncated: next != nil}, err
}

func (f *fake) DescribePolicy(_ context.Context, in *organizations.DescribePolicyInput, _ ...func(*organizations.Options)) (*organizations.DescribePolicyOutput, error) {
	p := &orgtypes.Policy{}
	return &organizations.DescribePolicyOutput{Policy: p}, f.do("DescribePolicy", *in.PolicyId, func(w *world) (bool, error) {
		text, ok := w.SCPs[*in.PolicyId]
		if !ok {
			return false, apiErr("PolicyNotFoundException", "You specified a policy that doesn't exist.")
		}
		p.Content = &text
		return false, nil
	})
}

func (f *fake) UpdatePolicy(_ context.Context, in *organizations.UpdatePolicyInput, _ ...func(*organizations.Options)) (*organizations.UpdatePolicyOutput, error) {
	return &organizations.UpdatePolicyOutput{}, f.do("UpdatePolicy", *in.PolicyId, func(w *world) (bool, error) {
		old, ok := w.SCPs[*in.PolicyId]
		if !ok {
			return false, apiErr("PolicyNotFoundException", "You specified a policy that doesn't exist.")
		}
		w.SCPs[*in.PolicyId] = *in.Content
		return old != *in.Content, nil
	})
}
