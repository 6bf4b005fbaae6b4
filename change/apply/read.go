package apply

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/change"
)

// ErrGone: the user, role, group or policy that the setting belongs to does
// not exist, or another one has its name now.
var ErrGone = errors.New("no longer exists")

// Read returns the state of a setting in the live account. It makes one call
// where that is enough, two for the document of a managed policy and for an
// inline policy that is absent. The error wraps ErrGone when the identity or
// policy that would hold the setting does not exist.
func Read(ctx context.Context, api Reader, s change.Setting) (change.State, error) {
	st, err := read(ctx, api, s)
	if err != nil {
		return change.State{}, fmt.Errorf("read %s: %w", s, err)
	}
	return st, nil
}

func read(ctx context.Context, api Reader, s change.Setting) (change.State, error) {
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return change.State{}, err
	}
	name := aws.String(arn.Name())
	switch s.Kind {
	case change.Attachment:
		return readAttachment(ctx, api, arn.Type(), name, s.Name)
	case change.Inline:
		return readInline(ctx, api, arn.Type(), name, s.Name)
	case change.AccessKey:
		return readKey(ctx, api, name, s.Name)
	case change.Statement:
		return readStatement(ctx, api, s)
	case change.Boundary:
		if arn.Type() == "role" {
			out, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
			if err != nil {
				return change.State{}, gone(err)
			}
			return boundary(out.Role.PermissionsBoundary), nil
		}
		out, err := api.GetUser(ctx, &iam.GetUserInput{UserName: name})
		if err != nil {
			return change.State{}, gone(err)
		}
		return boundary(out.User.PermissionsBoundary), nil
	case change.Policy, change.DefaultVersion:
		p, err := api.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(s.Target)})
		if IsNotFound(err) && s.Kind == change.Policy {
			return change.Absent, nil
		}
		if err != nil {
			return change.State{}, gone(err)
		}
		st, err := readVersion(ctx, api, s.Target, aws.ToString(p.Policy.DefaultVersionId))
		st.Description = aws.ToString(p.Policy.Description)
		return st, gone(err)
	case change.PolicyVersion:
		st, err := readVersion(ctx, api, s.Target, s.Name)
		if IsNotFound(err) {
			return change.Absent, nil
		}
		return st, err
	}
	return readIdentity(ctx, api, s, name)
}

func boundary(b *types.AttachedPermissionsBoundary) change.State {
	if b == nil {
		return change.Absent
	}
	return change.Is(aws.ToString(b.PermissionsBoundaryArn))
}

// gone turns AWS's "no such entity" into ErrGone.
func gone(err error) error {
	if IsNotFound(err) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

func readAttachment(ctx context.Context, api Reader, kind string, name *string, policyARN string) (change.State, error) {
	var marker *string
	for {
		page, next, err := attachments(ctx, api, kind, name, marker)
		if err != nil {
			return change.State{}, gone(err)
		}
		for _, p := range page {
			if aws.ToString(p.PolicyArn) == policyARN {
				return change.Is(change.Attached), nil
			}
		}
		if next == nil {
			return change.Absent, nil
		}
		marker = next
	}
}

// attachments reads one page; next is nil after the last.
func attachments(ctx context.Context, api Reader, kind string, name, marker *string) (page []types.AttachedPolicy, next *string, err error) {
	var more bool
	switch kind {
	case "user":
		out, e := api.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: name, Marker: marker})
		if e != nil {
			return nil, nil, e
		}
		page, next, more = out.AttachedPolicies, out.Marker, out.IsTruncated
	case "role":
		out, e := api.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name, Marker: marker})
		if e != nil {
			return nil, nil, e
		}
		page, next, more = out.AttachedPolicies, out.Marker, out.IsTruncated
	case "group":
		out, e := api.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: name, Marker: marker})
		if e != nil {
			return nil, nil, e
		}
		page, next, more = out.AttachedPolicies, out.Marker, out.IsTruncated
	default:
		return nil, nil, fmt.Errorf("policies cannot be attached to a %q", kind)
	}
	if !more {
		return page, nil, nil
	}
	if next == nil {
		return nil, nil, errors.New("IAM says that there is more and gives no marker")
	}
	return page, next, nil
}

func readInline(ctx context.Context, api Reader, kind string, name *string, policy string) (change.State, error) {
	var doc *string
	var err error
	switch kind {
	case "role":
		var out *iam.GetRolePolicyOutput
		if out, err = api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String(policy)}); err == nil {
			doc = out.PolicyDocument
		}
	case "group":
		var out *iam.GetGroupPolicyOutput
		if out, err = api.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: name, PolicyName: aws.String(policy)}); err == nil {
			doc = out.PolicyDocument
		}
	default:
		var out *iam.GetUserPolicyOutput
		if out, err = api.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: name, PolicyName: aws.String(policy)}); err == nil {
			doc = out.PolicyDocument
		}
	}
	if IsNotFound(err) {
		// The same code is the answer for a missing user or role.
		if _, err := uniqueID(ctx, api, kind, name); err != nil {
			return change.State{}, gone(err)
		}
		return change.Absent, nil
	}
	if err != nil {
		return change.State{}, err
	}
	return decoded(doc)
}

func readKey(ctx context.Context, api Reader, user *string, id string) (change.State, error) {
	var marker *string
	for {
		out, err := api.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: user, Marker: marker})
		if err != nil {
			return change.State{}, gone(err)
		}
		for _, k := range out.AccessKeyMetadata {
			if aws.ToString(k.AccessKeyId) == id {
				return change.Is(string(k.Status)), nil
			}
		}
		if !out.IsTruncated {
			return change.Absent, nil
		}
		if out.Marker == nil {
			return change.State{}, errors.New("IAM says that there is more and gives no marker")
		}
		marker = out.Marker
	}
}

func readVersion(ctx context.Context, api Reader, policyARN, version string) (change.State, error) {
	out, err := api.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(policyARN), VersionId: aws.String(version)})
	if err != nil {
		return change.State{}, err
	}
	st, err := decoded(out.PolicyVersion.Document)
	st.Version = version
	return st, err
}

// decoded undoes the RFC 3986 encoding in which IAM returns documents.
// Source: IAM API Reference, GetPolicyVersion.
func decoded(doc *string) (change.State, error) {
	text, err := url.PathUnescape(aws.ToString(doc))
	if err != nil {
		return change.State{}, fmt.Errorf("the document that IAM returned: %w", err)
	}
	return change.Is(text), nil
}

func uniqueID(ctx context.Context, api Reader, kind string, name *string) (string, error) {
	switch kind {
	case "user":
		out, err := api.GetUser(ctx, &iam.GetUserInput{UserName: name})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.User.UserId), nil
	case "role":
		out, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.Role.RoleId), nil
	case "group":
		out, err := api.GetGroup(ctx, &iam.GetGroupInput{GroupName: name, MaxItems: aws.Int32(1)})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.Group.GroupId), nil
	}
	return "", fmt.Errorf("a %q has no unique id", kind)
}

// sameTarget reports whether the target is still the identity that the step
// was made for. It makes no call when the step names no unique id.
func sameTarget(ctx context.Context, api Reader, s change.Step) error {
	if s.TargetID == "" {
		return nil
	}
	arn, err := account.ParseARN(s.Target)
	if err != nil {
		return err
	}
	id, err := uniqueID(ctx, api, arn.Type(), aws.String(arn.Name()))
	if err != nil {
		return fmt.Errorf("%s: %w", s.Target, gone(err))
	}
	if id != s.TargetID {
		return &otherError{s.Target, id, s.TargetID}
	}
	return nil
}

// otherError says that the name of a step's target belongs to another
// identity by now. It is an ErrGone.
type otherError struct{ target, is, want string }

func (e *otherError) Error() string {
	return fmt.Sprintf("%s %v: another one has this name now (unique id %s, not %s)", e.target, ErrGone, e.is, e.want)
}

func (e *otherError) Unwrap() error { return ErrGone }
