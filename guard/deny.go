package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"warden/policy"
)

// denyVersion is the policy language version in which variables exist.
const denyVersion = "2012-10-17"

// DenyDocument is the content of the managed policy that takes IAM away: an
// explicit deny without a condition, which no allow can outweigh. It leaves
// sts:AssumeRole open. Source: IAM User Guide, "Policy evaluation logic".
func DenyDocument() string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"WardenDenyIAM","Effect":"Deny","Action":"iam:*","Resource":"*"}]}`
}

// SessionPolicyName is the inline policy that holds the denied sessions of a
// role, one policy for all of them.
func SessionPolicyName(denyPolicy string) string { return denyPolicy + "-SESSIONS" }

type sessionStatement struct {
	Sid       string
	Effect    string
	Action    string
	Resource  string
	Condition map[string]map[string]string
}

type sessionDocument struct {
	Version   string
	Statement []sessionStatement
}

// DenySession returns the inline policy document that denies IAM to one role
// session, and to it alone: userID is its aws:userid (AROA…:session name),
// until the last issue time of the tokens that are denied. Sessions already
// denied by existing (empty where there is none) stay denied. It fails when
// existing is not a document that DenySession wrote, so that nothing a person
// wrote is lost.
//
// Source: IAM User Guide, "Revoking IAM role temporary security credentials"
// and "AWS global condition context keys" (aws:userid, aws:TokenIssueTime).
func DenySession(existing, userID string, until time.Time) (string, error) {
	doc := sessionDocument{Version: denyVersion}
	if existing != "" {
		dec := json.NewDecoder(strings.NewReader(existing))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&doc); err != nil {
			return "", fmt.Errorf("the role's session deny policy was changed by someone else: %w", err)
		}
	}
	sum := sha256.Sum256([]byte(userID))
	add := sessionStatement{
		Sid:      "WardenDeny" + hex.EncodeToString(sum[:8]),
		Effect:   "Deny",
		Action:   "iam:*",
		Resource: "*",
		Condition: map[string]map[string]string{
			"StringEquals":       {"aws:userid": strings.ReplaceAll(userID, "$", "${$}")},
			"DateLessThanEquals": {"aws:TokenIssueTime": until.UTC().Truncate(time.Second).Format(time.RFC3339)},
		},
	}
	kept := doc.Statement[:0]
	for _, s := range doc.Statement {
		if s.Sid != add.Sid {
			kept = append(kept, s)
		}
	}
	doc.Statement = append(kept, add)
	data, err := json.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("write the session deny policy: %w", err)
	}
	return string(data), nil
}

// probes are calls that would let a contained caller undo his containment or
// make himself a way back.
var probes = []string{
	"iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
	"iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:AddUserToGroup", "iam:CreateRole", "iam:UpdateAssumeRolePolicy",
	"iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:CreatePolicyVersion",
	"iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:PassRole",
}

// ProveDenied shows with the policy engine that the document alone denies IAM
// to the principal, whatever else it is allowed. It fails with the first call
// that the document does not surely deny.
func ProveDenied(document *policy.Document, principal policy.Principal, context policy.Context) error {
	for _, action := range probes {
		res := policy.Evaluate(policy.Request{
			Principal: principal,
			Action:    action,
			Resource:  policy.Resource{ARN: "arn:aws:iam::" + principal.Account + ":user/probe", Account: principal.Account},
			Context:   context,
		}, policy.Policies{Identity: []*policy.Document{document}})
		if len(res.Unknown) > 0 {
			return fmt.Errorf("whether %s is denied is unknown: %s", action, strings.Join(res.Unknown, "; "))
		}
		if res.Decision != policy.ExplicitlyDenied {
			return fmt.Errorf("%s is not denied by %s (%s)", action, document.Name, res.Decision)
		}
	}
	return nil
}
