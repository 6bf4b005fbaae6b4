package twin

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"warden/account"
	"warden/policy"
)

// roleOf finds the role with that ARN, nil for a role of another account and
// for one that does not exist: AWS does not tell them apart. Roles of other
// accounts are looked for in the state of their own, see [call.inAccount].
func (s *state) roleOf(arn string) *role {
	a, err := account.ParseARN(arn)
	if err != nil || a.Service != "iam" || a.Type() != "role" || a.Account != s.account {
		return nil
	}
	r := s.roles.get(a.Name())
	if r == nil || fold(r.ARN) != fold(arn) {
		return nil
	}
	return r
}

// authorizeAssumeRole asks the caller's policies and the trust policy. Tags
// and a source identity, passed or inherited, need permissions of their own
// in both (IAM User Guide, "Pass session tags in AWS STS", "Monitor and
// control actions taken with assumed roles").
func authorizeAssumeRole(c *call, in *sts.AssumeRoleInput) ([]demand, error) {
	if err := validate(c.operation, in, "RoleArn", "RoleSessionName"); err != nil {
		return nil, err
	}
	if err := duration(in.DurationSeconds, 43200); err != nil {
		return nil, err
	}
	a, err := account.ParseARN(text(in.RoleArn))
	if err != nil || a.Service != "iam" || a.Type() != "role" {
		return nil, refuse(400, "ValidationError", "%s is invalid", text(in.RoleArn))
	}
	if c.principal.isRoot() {
		return nil, refuse(403, "AccessDenied", "Roles may not be assumed by root accounts.")
	}
	if c.mfa, err = c.secondFactor(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	home := c.inAccount(a.Account)
	r := home.authorized.roleOf(text(in.RoleArn))
	d := demand{action: "sts:AssumeRole", resource: text(in.RoleArn), context: stsContext(in, r), resourceAccount: a.Account}
	if r != nil {
		d.resource = r.ARN
		d.resourcePolicy, err = policy.ParseStored(r.ARN, home.authorized.trustToDecide(r.Trust))
		if err != nil {
			return nil, fail(500, "ServiceFailure", "trust policy of %s: %v", r.ARN, err)
		}
	}
	demands := []demand{d}
	x := c.principal.session
	if len(in.Tags) > 0 || x != nil && len(x.transitive) > 0 {
		d.action = "sts:TagSession"
		demands = append(demands, d)
	}
	if in.SourceIdentity != nil || x != nil && x.sourceIdentity != "" {
		d.action = "sts:SetSourceIdentity"
		demands = append(demands, d)
	}
	return demands, nil
}

// assumeRole makes a role session. AWS STS API Reference, AssumeRole.
func assumeRole(c *call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	home := c.inAccount(arnAccount(text(in.RoleArn), c.t.account))
	r := home.state.roleOf(text(in.RoleArn))
	if r == nil {
		// Authorization still saw a role that is gone.
		return nil, refuse(403, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.principal.arn, text(in.RoleArn))
	}
	seconds, err := c.roleSeconds(in.DurationSeconds, r)
	if err != nil {
		return nil, err
	}
	docs, arns, err := home.sessionPolicies(in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	tags, transitive, err := c.sessionTags(in.Tags, in.TransitiveTagKeys)
	if err != nil {
		return nil, err
	}
	packed, err := home.packedSize(text(in.Policy), arns, tags)
	if err != nil {
		return nil, err
	}
	identity := text(in.SourceIdentity)
	if x := c.principal.session; x != nil && x.sourceIdentity != "" {
		if identity != "" && identity != x.sourceIdentity {
			return nil, refuse(403, "AccessDenied", "The source identity %s is already set on the calling session and cannot be changed.", x.sourceIdentity)
		}
		identity = x.sourceIdentity
	}

	x := home.newSession(seconds)
	x.roleID, x.name = r.ID, text(in.RoleSessionName)
	x.arn = "arn:" + home.state.partition + ":sts::" + home.state.account + ":assumed-role/" + r.Name + "/" + x.name
	x.policies, x.policyARNs, x.passed = docs, arns, in.Policy != nil || len(arns) > 0
	x.tags, x.transitive, x.sourceIdentity = tags, transitive, identity

	c.resources = append(c.resources, recordResource{account: home.state.account, kind: "AWS::IAM::Role", arn: r.ARN})
	c.shareWith(home)
	out := &sts.AssumeRoleOutput{
		Credentials:     x.credentials(),
		AssumedRoleUser: &types.AssumedRoleUser{Arn: ptr(x.arn), AssumedRoleId: ptr(r.ID + ":" + x.name)},
		SourceIdentity:  optional(identity), SessionTokenSize: ptr(int32(len(x.token))),
	}
	//lint:ignore SA1019 clients that are older than its successor read it
	out.PackedPolicySize = packed
	return out, nil
}

// roleSeconds is how long the session lives: at most an hour by role
// chaining, else at most what the role allows.
func (c *call) roleSeconds(asked *int32, r *role) (int32, error) {
	if asked == nil {
		return 3600, nil
	}
	switch {
	case c.principal.kind == roleSession && *asked > 3600:
		return 0, refuse(400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case int(*asked) > r.MaxSession:
		return 0, refuse(400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return *asked, nil
}

// sessionPolicies reads the policies that a caller passes to limit his
// session.
func (c *call) sessionPolicies(inline *string, managed []types.PolicyDescriptorType) ([]*policy.Document, []string, error) {
	var docs []*policy.Document
	if inline != nil {
		d, err := parseIdentity("session policy", *inline)
		if err != nil {
			return nil, nil, err
		}
		docs = append(docs, d)
	}
	if limit := c.state.quotas.sessionPolicyARNs; len(managed) > limit {
		return nil, nil, refuse(400, "ValidationError", "Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", limit)
	}
	var arns []string
	for _, m := range managed {
		p := c.state.policies.get(text(m.Arn))
		if p == nil {
			return nil, nil, badPolicy("The policy %s does not exist or is not attachable.", text(m.Arn))
		}
		arns = append(arns, p.ARN)
	}
	return docs, arns, nil
}

// sessionTags are the tags of the new session: those passed over those that
// chaining inherits.
func (c *call) sessionTags(passed []types.Tag, transitiveKeys []string) (map[string]string, []string, error) {
	tags := map[string]string{}
	var transitive []string
	if x := c.principal.session; x != nil && x.roleID != "" {
		for _, k := range x.transitive {
			tags[k] = x.tags[k]
		}
		transitive = slices.Clone(x.transitive)
	}
	inherited := maps.Clone(tags)
	seen := map[string]bool{}
	for _, t := range passed {
		key := text(t.Key)
		switch {
		case strings.HasPrefix(fold(key), "aws:"):
			return nil, nil, refuse(400, "InvalidParameterValue", "Tag keys beginning with \"aws:\" are reserved for system use.")
		case seen[fold(key)]:
			return nil, nil, refuse(400, "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case hasKey(inherited, key):
			return nil, nil, refuse(400, "InvalidParameterValue", "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		seen[fold(key)] = true
		tags[key] = text(t.Value)
	}
	for _, k := range transitiveKeys {
		if !hasKey(tags, k) {
			return nil, nil, refuse(400, "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
		if !slices.Contains(transitive, k) {
			transitive = append(transitive, k)
		}
	}
	if len(tags) == 0 {
		tags = nil
	}
	return tags, transitive, nil
}

func hasKey(tags map[string]string, key string) bool {
	for k := range tags {
		if fold(k) == fold(key) {
			return true
		}
	}
	return false
}

// packedLimit is what policy, policy ARNs and tags of a session may take
// together. AWS packs them in a form of its own and tells the share that is
// used; ours is an estimate.
const packedLimit = 4096

// packedSize is the share of packedLimit in percent; nil when nothing was
// passed. Session policies have a limit of their own besides.
func (c *call) packedSize(document string, arns []string, tags map[string]string) (*int32, error) {
	n := len(document)
	for _, arn := range arns {
		n += len(arn)
	}
	for k, v := range tags {
		n += len(k) + len(v)
	}
	percent := int32((n*100 + packedLimit - 1) / packedLimit)
	if percent > 100 || len(document) > c.state.quotas.sessionPolicy {
		return nil, fail(400, "PackedPolicyTooLarge", "Packed policy consumes %d%% of allotted space, please use smaller policy.", max(percent, 101))
	}
	if n == 0 {
		return nil, nil
	}
	return &percent, nil
}
