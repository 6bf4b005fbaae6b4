package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// gaadCall is the source of what ReadGAAD reads.
const gaadCall = "iam:GetAccountAuthorizationDetails"

// ReadGAAD reads the answer of "aws iam get-account-authorization-details" as
// the AWS CLI prints it. Policy documents may be objects, or text, URL-encoded
// or not. The answer does not say when it was made: CollectedAt is zero. The
// name appears in errors.
//
// A document that cannot be read is a Gap; an answer that was cut off is an
// error, because half an account is none. Source: IAM API Reference,
// GetAccountAuthorizationDetails.
func ReadGAAD(name string, r io.Reader) (*Snapshot, error) {
	data, err := readAll(name, r)
	if err != nil {
		return nil, err
	}
	return parseGAAD(name, data)
}

func parseGAAD(name string, data []byte) (*Snapshot, error) {
	var in gaad
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("%s: %w", name, place(data, err))
	}
	if in.Users == nil && in.Groups == nil && in.Roles == nil {
		return nil, fmt.Errorf("%s: has no UserDetailList, GroupDetailList or RoleDetailList: this is not the answer of get-account-authorization-details", name)
	}
	if in.IsTruncated || in.NextToken != "" {
		return nil, fmt.Errorf("%s: is only the beginning of an account (IsTruncated or NextToken): take it without --max-items and --no-paginate", name)
	}
	s, err := in.snapshot()
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// gaad is the answer with the names that AWS gives.
type gaad struct {
	Users       []gaadUser   `json:"UserDetailList"`
	Groups      []gaadGroup  `json:"GroupDetailList"`
	Roles       []gaadRole   `json:"RoleDetailList"`
	Policies    []gaadPolicy `json:"Policies"`
	IsTruncated bool
	NextToken   string
}

type gaadUser struct {
	Path, UserName, UserId, Arn string
	CreateDate                  time.Time
	UserPolicyList              []gaadInline
	GroupList                   []string
	AttachedManagedPolicies     []gaadAttached
	PermissionsBoundary         gaadBoundary
	Tags                        []gaadTag
}

type gaadGroup struct {
	Path, GroupName, GroupId, Arn string
	CreateDate                    time.Time
	GroupPolicyList               []gaadInline
	AttachedManagedPolicies       []gaadAttached
}

type gaadRole struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  time.Time
	AssumeRolePolicyDocument    json.RawMessage
	RolePolicyList              []gaadInline
	AttachedManagedPolicies     []gaadAttached
	PermissionsBoundary         gaadBoundary
	Tags                        []gaadTag
	RoleLastUsed                struct {
		LastUsedDate *time.Time
		Region       string
	}
	InstanceProfileList []struct{ Arn string }
}

type gaadPolicy struct {
	Path, PolicyName, PolicyId, Arn, Description string
	CreateDate, UpdateDate                       time.Time
	PolicyVersionList                            []struct {
		VersionId        string
		IsDefaultVersion bool
		CreateDate       time.Time
		Document         json.RawMessage
	}
}

type (
	gaadInline struct {
		PolicyName     string
		PolicyDocument json.RawMessage
	}
	gaadAttached struct{ PolicyArn string }
	gaadBoundary struct{ PermissionsBoundaryArn string }
	gaadTag      struct{ Key, Value string }
)

func (in gaad) snapshot() (*Snapshot, error) {
	s := &Snapshot{Version: Version, Users: []User{}, Groups: []Group{}, Roles: []Role{}, Policies: []ManagedPolicy{}}
	for _, u := range in.Users {
		s.owner(u.Arn)
		s.Users = append(s.Users, User{
			Path: u.Path, Name: u.UserName, ID: u.UserId, ARN: u.Arn, CreateDate: u.CreateDate, Groups: u.GroupList,
			Inline: s.inline(u.Arn, u.UserPolicyList), Attached: attachedARNs(u.AttachedManagedPolicies),
			Boundary: u.PermissionsBoundary.PermissionsBoundaryArn, Tags: tagMap(u.Tags),
		})
	}
	for _, g := range in.Groups {
		s.owner(g.Arn)
		s.Groups = append(s.Groups, Group{
			Path: g.Path, Name: g.GroupName, ID: g.GroupId, ARN: g.Arn, CreateDate: g.CreateDate,
			Inline: s.inline(g.Arn, g.GroupPolicyList), Attached: attachedARNs(g.AttachedManagedPolicies),
		})
	}
	for _, r := range in.Roles {
		s.owner(r.Arn)
		role := Role{
			Path: r.Path, Name: r.RoleName, ID: r.RoleId, ARN: r.Arn, CreateDate: r.CreateDate,
			Trust: s.document(r.Arn, "trust policy", r.AssumeRolePolicyDocument), Inline: s.inline(r.Arn, r.RolePolicyList),
			Attached: attachedARNs(r.AttachedManagedPolicies), Boundary: r.PermissionsBoundary.PermissionsBoundaryArn, Tags: tagMap(r.Tags),
		}
		if at := r.RoleLastUsed.LastUsedDate; at != nil {
			role.LastUsed = &RoleUse{Date: *at, Region: r.RoleLastUsed.Region}
		}
		for _, p := range r.InstanceProfileList {
			role.Profiles = append(role.Profiles, p.Arn)
		}
		s.Roles = append(s.Roles, role)
	}
	for _, p := range in.Policies {
		policy := ManagedPolicy{Path: p.Path, Name: p.PolicyName, ID: p.PolicyId, ARN: p.Arn, Description: p.Description, CreateDate: p.CreateDate, UpdateDate: p.UpdateDate}
		if policy.Name == "" {
			policy.Name = PolicyName(p.Arn)
		}
		if !policy.AWSManaged() {
			s.owner(p.Arn)
		}
		for _, v := range p.PolicyVersionList {
			policy.Versions = append(policy.Versions, PolicyVersion{
				ID: v.VersionId, Default: v.IsDefaultVersion, CreateDate: v.CreateDate, Document: s.document(p.Arn, v.VersionId, v.Document),
			})
		}
		s.Policies = append(s.Policies, policy)
	}
	if s.Account == "" {
		return nil, errors.New("has no user, group, role or policy of an account")
	}
	return s, nil
}

// PolicyName is the name at the end of a policy's ARN, "" if there is none.
// Some emulators leave the name out of their answers.
func PolicyName(arn string) string {
	a, err := ParseARN(arn)
	if err != nil {
		return ""
	}
	return a.Name()
}

// owner takes account and partition from the first ARN that has them.
func (s *Snapshot) owner(arn string) {
	if a, err := ParseARN(arn); err == nil && s.Account == "" {
		s.Account, s.Partition = a.Account, a.Partition
	}
}

func (s *Snapshot) inline(arn string, list []gaadInline) []InlinePolicy {
	var out []InlinePolicy
	for _, p := range list {
		out = append(out, InlinePolicy{Name: p.PolicyName, Document: s.document(arn, p.PolicyName, p.PolicyDocument)})
	}
	return out
}

// document takes a policy that is an object, or the text of one.
func (s *Snapshot) document(arn, name string, raw json.RawMessage) json.RawMessage {
	out, err := document(raw)
	if err != nil {
		s.Gaps = append(s.Gaps, Gap{What: gaadCall, Subject: arn, Reason: fmt.Sprintf("the document of %s cannot be read: %v", name, err)})
	}
	return out
}

func document(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, errors.New("it is missing")
	}
	if raw[0] != '"' {
		return raw, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		decoded, err := url.PathUnescape(text)
		if err != nil {
			return nil, err
		}
		text = decoded
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("it is not JSON")
	}
	return json.RawMessage(text), nil
}

func attachedARNs(list []gaadAttached) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.PolicyArn)
	}
	return out
}

func tagMap(list []gaadTag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, t := range list {
		out[t.Key] = t.Value
	}
	return out
}
