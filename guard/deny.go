package guard

import (
	"fmt"
	"strings"
	"time"

	"warden/change"
	"warden/policy"
	"warden/policy/reason"
)

// DenyDocument is the content of the managed policy that takes IAM away: an
// explicit deny without a condition, which no allow can outweigh. It leaves
// sts:AssumeRole open. Source: IAM User Guide, "Policy evaluation logic".
func DenyDocument() string { return DenyIAM.Document() }

// Document is the content of the managed policy of a level.
func (l Level) Document() string {
	sid := "WardenDenyIAM"
	if l == DenyAll {
		sid = "WardenDenyAll"
	}
	return `{"Version":"2012-10-17","Statement":[{"Sid":"` + sid + `","Effect":"Deny","Action":"` + l.Actions() + `","Resource":"*"}]}`
}

// Actions are what a level denies, as a policy names them.
func (l Level) Actions() string {
	if l == DenyAll {
		return "*"
	}
	return "iam:*"
}

// Text says in words what a level denies.
func (l Level) Text() string {
	if l == DenyAll {
		return "every call"
	}
	return "every IAM call"
}

// PolicyName is the name of the managed policy of a level.
func (c Config) PolicyName(l Level) string {
	switch {
	case l == DenyAll && c.DenyAllPolicy != "":
		return c.DenyAllPolicy
	case l == DenyAll:
		return DefaultDenyAllPolicy
	case c.DenyPolicy != "":
		return c.DenyPolicy
	}
	return DefaultDenyPolicy
}

// SessionPolicyName is the inline policy that holds the denied sessions of a
// role, one policy for all of them.
func SessionPolicyName(denyPolicy string) string { return denyPolicy + "-SESSIONS" }

// Session is the denial of one role session, and of it alone: userID is its
// aws:userid (AROA…:session name), until the last issue time of the tokens
// that are denied.
//
// Source: IAM User Guide, "Revoking IAM role temporary security credentials"
// and "AWS global condition context keys" (aws:userid, aws:TokenIssueTime).
func (l Level) Session(userID string, until time.Time) change.Denial {
	return change.Denial{Action: l.Actions(), Key: change.UserID, Value: userID, Until: until.UTC().Truncate(time.Second)}
}

// Sessions is the denial of all sessions of a role whose tokens were issued
// until a time.
func (l Level) Sessions(until time.Time) change.Denial {
	return change.Denial{Action: l.Actions(), Until: until.UTC().Truncate(time.Second)}
}

// probes are calls that would let a contained caller undo his containment or
// make himself a way back.
var probes = []string{
	"iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
	"iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:AddUserToGroup", "iam:CreateRole", "iam:UpdateAssumeRolePolicy",
	"iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:CreatePolicyVersion",
	"iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:PassRole",
}

// allProbes are calls outside IAM that matter as much.
var allProbes = []string{
	"sts:AssumeRole", "sts:GetFederationToken", "s3:ListAllMyBuckets", "s3:GetObject", "s3:DeleteObject", "ec2:RunInstances",
	"lambda:InvokeFunction", "kms:Decrypt", "secretsmanager:GetSecretValue", "organizations:LeaveOrganization", "cloudtrail:StopLogging",
}

// ProveDenied shows with the policy engine that the document alone denies IAM
// to the principal, whatever else it is allowed. It fails with the first call
// that the document does not surely deny.
func ProveDenied(document *policy.Document, principal policy.Principal, context policy.Context) error {
	return DenyIAM.Prove(policy.Policies{Identity: []*policy.Document{document}}, principal, context)
}

// Prove shows with the policy engine that the policies deny to the principal
// what the level denies, whatever else it is allowed. It fails with the first
// call that is not surely denied.
func (l Level) Prove(p policy.Policies, principal policy.Principal, context policy.Context) error {
	asked := probes
	if l == DenyAll {
		asked = append(append([]string{}, probes...), allProbes...)
	}
	for _, action := range asked {
		res := policy.Evaluate(policy.Request{
			Principal: principal,
			Action:    action,
			Resource:  policy.Resource{ARN: "arn:aws:iam::" + principal.Account + ":user/probe", Account: principal.Account},
			Context:   context,
		}, p)
		if len(res.Unknown) > 0 {
			return fmt.Errorf("whether %s is denied is unknown: %s", action, strings.Join(res.Unknown, "; "))
		}
		if res.Decision != policy.ExplicitlyDenied {
			return fmt.Errorf("%s is not denied by %s (%s)", action, names(p), res.Decision)
		}
	}
	return nil
}

func names(p policy.Policies) string {
	var out []string
	for _, list := range [][]*policy.Document{p.Identity, p.Boundary} {
		for _, d := range list {
			out = append(out, d.Name)
		}
	}
	for _, level := range p.SCPs {
		for _, d := range level.Policies {
			out = append(out, d.Name)
		}
	}
	return strings.Join(out, ", ")
}

// AllowAll is a document that allows everything. It is never written to an
// account: proofs take it for what a caller may be allowed besides, and for
// the policy FullAWSAccess of an organisation.
const AllowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Ready reports what keeps a managed policy from being the deny policy of the
// level: something that it does not deny to everybody, or something that it
// allows.
func (l Level) Ready(document *policy.Document) error {
	everybody := policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/probe", Account: "111122223333"}
	if err := l.Prove(policy.Policies{Identity: []*policy.Document{document}}, everybody, nil); err != nil {
		return err
	}
	if a := reason.NotGranted([]*policy.Document{document}, []string{"*"}, nil, reason.Options{Kind: reason.Identity}); a.Verdict != reason.Yes {
		return fmt.Errorf("it allows something")
	}
	return nil
}
