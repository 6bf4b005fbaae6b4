package deploy_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/deploy"
	"warden/internal/fixture"
	"warden/policy"
	"warden/policy/catalog"
)

var here = deploy.Place{Partition: "aws", Region: "us-east-1", Account: "111122223333"}

const (
	breakGlass = "arn:aws:iam::111122223333:user/break-glass"
	denyIAM    = "arn:aws:iam::111122223333:policy/DENY-IAM"
)

// role is one of warden's roles with its identity policy. loose allows all
// that the policy allows, on anything and under any condition: what it does
// not allow needs no closer look.
type role struct {
	arn             string
	document, loose *policy.Document
}

func roleOf(t *testing.T, name, arn string) role {
	t.Helper()
	text, err := deploy.Policy(name, here, []string{breakGlass})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := policy.Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return role{arn, doc, loosen(t, text)}
}

func loosen(t *testing.T, text string) *policy.Document {
	t.Helper()
	var doc struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	doc.Statement = slices.DeleteFunc(doc.Statement, func(s map[string]any) bool { return s["Effect"] == "Deny" })
	for _, s := range doc.Statement {
		delete(s, "Condition")
		s["Resource"] = "*"
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	loose, err := policy.Parse("loose", data)
	if err != nil {
		t.Fatal(err)
	}
	return loose
}

func (r role) may(action, resource, attached string) bool {
	return may(r.document, r.arn, action, resource, attached)
}

func may(doc *policy.Document, arn, action, resource, attached string) bool {
	facts := policy.Context{}
	if attached != "" {
		facts.Set("iam:PolicyARN", policy.One(attached))
	}
	policies := policy.Policies{Identity: []*policy.Document{doc}}
	if strings.HasPrefix(resource, "arn:aws:kms:") {
		policies.Resource = keyPolicy()
	}
	res := policy.Evaluate(policy.Request{
		Principal: policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: arn, ARN: "arn:aws:sts::111122223333:assumed-role/r/s"},
		Action:    action, Resource: policy.Resource{ARN: resource, Account: here.Account}, Context: facts,
	}, policies)
	return res.Decision == policy.Allowed
}

// keyPolicy is the one that KMS gives a key that is made without one: policies
// of the account count. AWS KMS Developer Guide, "Default key policy".
var keyPolicy = sync.OnceValue(func() *policy.Document {
	d, err := policy.Parse("key policy", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`))
	if err != nil {
		panic(err)
	}
	return d
})

// The things that an intruder in a role would reach for, by what they are.
var targets = map[string]string{
	"its queue":       "arn:aws:sqs:us-east-1:111122223333:warden-guard",
	"its hold queue":  "arn:aws:sqs:us-east-1:111122223333:warden-guard-hold",
	"its approvals":   "arn:aws:dynamodb:us-east-1:111122223333:table/warden-ledger-approvals",
	"its sweep log":   "arn:aws:logs:us-east-1:111122223333:log-group:/warden/sweep:log-stream:x",
	"its step log":    "arn:aws:logs:us-east-1:111122223333:log-group:/warden/workflow:log-stream:x",
	"its steps":       "arn:aws:lambda:us-east-1:111122223333:function:warden-guard-workflow",
	"its machine":     "arn:aws:states:us-east-1:111122223333:stateMachine:warden-guard",
	"other machine":   "arn:aws:states:us-east-1:111122223333:stateMachine:orders",
	"an execution":    "arn:aws:states:us-east-1:111122223333:execution:warden-guard:event-1",
	"workflow role":   "arn:aws:iam::111122223333:role/warden-guard-workflow",
	"approver policy": "arn:aws:iam::111122223333:policy/warden-approver",
	"other queue":     "arn:aws:sqs:us-east-1:111122223333:orders",
	"its ledger":      "arn:aws:dynamodb:us-east-1:111122223333:table/warden-ledger",
	"ledger index":    "arn:aws:dynamodb:us-east-1:111122223333:table/warden-ledger/index/incident",
	"other table":     "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
	"its topic":       "arn:aws:sns:us-east-1:111122223333:warden-alerts",
	"other topic":     "arn:aws:sns:us-east-1:111122223333:orders",
	"its log":         "arn:aws:logs:us-east-1:111122223333:log-group:/warden/guard:log-stream:x",
	"other log":       "arn:aws:logs:us-east-1:111122223333:log-group:/other:log-stream:x",
	"its function":    "arn:aws:lambda:us-east-1:111122223333:function:warden-guard",
	"other function":  "arn:aws:lambda:us-east-1:111122223333:function:orders",
	"its rule":        "arn:aws:events:us-east-1:111122223333:rule/warden-guard-identity",
	"trail":           "arn:aws:cloudtrail:us-east-1:111122223333:trail/warden",
	"bucket":          "arn:aws:s3:::trail-bucket",
	"object":          "arn:aws:s3:::trail-bucket/AWSLogs/x",
	"key":             "arn:aws:kms:us-east-1:111122223333:key/k",
	"secret":          "arn:aws:secretsmanager:us-east-1:111122223333:secret:s",
	"instance":        "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
	"user":            "arn:aws:iam::111122223333:user/team/alice",
	"protected user":  breakGlass,
	"role":            "arn:aws:iam::111122223333:role/team/app",
	"guard role":      "arn:aws:iam::111122223333:role/warden-guard",
	"responder role":  "arn:aws:iam::111122223333:role/warden-guard-responder",
	"member role":     "arn:aws:iam::111122223333:role/warden-guard-member",
	"provider":        "arn:aws:iam::111122223333:oidc-provider/token.example.com",
	"SAML provider":   "arn:aws:iam::111122223333:saml-provider/corp",
	"profile":         "arn:aws:iam::111122223333:instance-profile/app",
	"session denial":  denyIAM + "-session-0123456789ab",
	"group":           "arn:aws:iam::111122223333:group/Administrators",
	"DENY-IAM":        denyIAM,
	"other policy":    "arn:aws:iam::111122223333:policy/team",
	"AWS policy":      "arn:aws:iam::aws:policy/AdministratorAccess",
	"stack":           "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1",
	"other account":   "arn:aws:iam::444455556666:role/warden-guard-member",
	"identity of SSO": "arn:aws:sso:::instance/i",
	"the guardrail":   "arn:aws:organizations::111122223333:policy/o-PLACEHOLDER/service_control_policy/WardenGuardrail",
	"the pin":         "arn:aws:organizations::111122223333:policy/o-PLACEHOLDER/service_control_policy/WardenPin",
	"everything else": "*",
}

var attachments = map[string]string{"": "", "DENY-IAM": denyIAM, "AdministratorAccess": "arn:aws:iam::aws:policy/AdministratorAccess", "session denial": denyIAM + "-session-0123456789ab", "DENY-ALL": "arn:aws:iam::111122223333:policy/DENY-ALL"}

// reach asks the policy engine about every action that AWS documents, on
// every target, whatever policy is attached, and returns what is allowed, but
// for what IAM calls reading.
func reach(r role) map[string][]string { return reachAmong(r, targets) }

func reachAmong(r role, targets map[string]string) map[string][]string {
	got := map[string]map[string]bool{}
	for _, service := range catalog.Services() {
		for _, action := range catalog.Matching(service.Prefix + ":*") {
			if service.Prefix == "iam" && (action.Level == catalog.Read || action.Level == catalog.List) {
				continue
			}
			name := service.Prefix + ":" + action.Name
			if !may(r.loose, r.arn, name, "*", "") || name == "sts:GetCallerIdentity" || name == "sts:GetSessionToken" { // which need no permission
				continue
			}
			reachable := targets
			if len(action.Resources) == 0 {
				reachable = map[string]string{"everything else": "*"} // it knows no resource
			}
			for target, arn := range reachable {
				if service.Prefix == "iam" && len(action.Resources) > 0 && !slices.ContainsFunc(action.Resources, func(u catalog.Use) bool { return u.Type.Fits(arn) }) {
					continue // of a kind that the action does not act on
				}
				for attached, policyARN := range attachments {
					if !r.may(name, arn, policyARN) {
						continue
					}
					what := target
					if strings.HasPrefix(action.Name, "Attach") || strings.HasPrefix(action.Name, "Detach") {
						if attached == "" {
							continue // such a call always names a policy
						}
						what += " <- " + attached
					}
					if got[name] == nil {
						got[name] = map[string]bool{}
					}
					got[name][what] = true
				}
			}
		}
	}
	out := map[string][]string{}
	for name, set := range got {
		out[name] = slices.Sorted(maps.Keys(set))
	}
	return out
}

// Every row is everything that the role can do besides reading IAM: whatever
// is not in it is denied.
func TestWhatTheRolesCanDo(t *testing.T) {
	t.Parallel()
	own := map[string][]string{
		"sqs:ReceiveMessage": {"its hold queue", "its queue"}, "sqs:DeleteMessage": {"its hold queue", "its queue"},
		"sqs:GetQueueAttributes": {"its hold queue", "its queue"}, "sqs:ChangeMessageVisibility": {"its hold queue", "its queue"},
		"sqs:SendMessage":      {"its hold queue"},
		"logs:CreateLogStream": {"its log", "its sweep log"}, "logs:PutLogEvents": {"its log", "its sweep log"},
		"cloudtrail:LookupEvents": {"everything else"}, "dynamodb:Scan": {"its approvals"},
		"dynamodb:GetItem": {"its ledger", "ledger index"}, "dynamodb:Query": {"its ledger", "ledger index"},
		"dynamodb:PutItem": {"its ledger", "ledger index"},
		"sns:Publish":      {"its topic"},
	}
	ownWorkflow := map[string][]string{
		"logs:CreateLogStream": {"its log", "its step log", "its sweep log"}, "logs:PutLogEvents": {"its log", "its step log", "its sweep log"},
		"states:StartExecution":  {"its machine"},
		"states:SendTaskSuccess": {"everything else"}, "states:SendTaskFailure": {"everything else"},
	}
	steps := map[string][]string{"lambda:InvokeFunction": {"its steps"}, "sns:Publish": {"its topic"}}
	approve := map[string][]string{
		"dynamodb:GetItem": {"its ledger", "ledger index"}, "dynamodb:Query": {"its ledger", "ledger index"},
		"dynamodb:PutItem":       {"its approvals"},
		"states:SendTaskSuccess": {"everything else"}, "states:SendTaskFailure": {"everything else"},
	}
	contain := map[string][]string{"iam:AttachUserPolicy": {"user <- DENY-IAM"}, "iam:UpdateAccessKey": {"user"}}
	// The other role's name is not the member stack's to protect: there is
	// no such role in a member account.
	containMember := map[string][]string{"iam:AttachUserPolicy": {"user <- DENY-IAM"}, "iam:UpdateAccessKey": {"user"}, "cloudtrail:LookupEvents": {"everything else"}}
	takeBack := map[string][]string{"iam:AttachRolePolicy": {"role <- DENY-IAM"}}
	both := []string{"DENY-IAM", "session denial"}
	respond := map[string][]string{
		"iam:PutRolePolicy":    {"role"},
		"iam:DeleteRolePolicy": {"role"},
		"iam:PutUserPolicy":    {"user"}, "iam:DeleteUserPolicy": {"user"},
		"iam:PutUserPermissionsBoundary": {"user"},
		"iam:DetachUserPolicy":           {"user <- AdministratorAccess"},
		"iam:DetachRolePolicy":           {"role <- AdministratorAccess"},
		"iam:DetachGroupPolicy":          {"group <- AdministratorAccess"},
		"iam:CreatePolicy":               both, "iam:CreatePolicyVersion": both, "iam:DeletePolicyVersion": both,
		"iam:SetDefaultPolicyVersion": {"DENY-IAM", "other policy", "session denial"},
		"iam:DeleteLoginProfile":      {"user"},
		"iam:UpdateSSHPublicKey":      {"user"}, "iam:UpdateSigningCertificate": {"user"}, "iam:UpdateServiceSpecificCredential": {"user"},
		"iam:PutRolePermissionsBoundary": {"role"}, "iam:UpdateAssumeRolePolicy": {"role"},
		"iam:PutGroupPolicy": {"group"}, "iam:DeleteGroupPolicy": {"group"}, "iam:RemoveUserFromGroup": {"group"},
		"iam:RemoveRoleFromInstanceProfile": {"profile"},
		"iam:DeleteOpenIDConnectProvider":   {"provider"}, "iam:DeleteSAMLProvider": {"SAML provider"}, "iam:RemoveClientIDFromOpenIDConnectProvider": {"provider"},
	}
	withResponder := map[string][]string{
		"iam:AttachRolePolicy": {"role <- session denial"},
	}
	var releasedRoles []string
	for _, role := range []string{"guard role", "member role", "responder role", "role", "workflow role"} {
		releasedRoles = append(releasedRoles, role+" <- DENY-ALL", role+" <- DENY-IAM", role+" <- session denial")
	}
	containAll := map[string][]string{"iam:AttachUserPolicy": {"user <- DENY-ALL", "user <- DENY-IAM"}, "iam:UpdateAccessKey": {"user"}}
	for _, tt := range []struct {
		policy, arn string
		want        []map[string][]string
	}{
		{"guard", targets["guard role"], []map[string][]string{own, contain}},
		{"guard-deny-all", targets["guard role"], []map[string][]string{own, containAll}},
		{"guard-with-responder", targets["guard role"], []map[string][]string{own, contain, withResponder}},
		{"guard-workflow", targets["guard role"], []map[string][]string{own, ownWorkflow, contain}},
		{"workflow", targets["workflow role"], []map[string][]string{steps}},
		{"approver", targets["role"], []map[string][]string{approve}},
		{"guard-undo-actions", targets["guard role"], []map[string][]string{own, contain, takeBack}},
		{"responder", targets["responder role"], []map[string][]string{respond}},
		{"member", targets["member role"], []map[string][]string{containMember}},
		// Undone it is by this role: releasing, and no more.
		{"operator", targets["role"], []map[string][]string{{
			"iam:DetachRolePolicy": releasedRoles,
			"iam:DetachUserPolicy": {"user <- DENY-ALL", "user <- DENY-IAM", "user <- session denial"},
			"iam:UpdateAccessKey":  {"user"},
		}}},
		{"guardrail", targets["role"], []map[string][]string{{
			"organizations:DescribePolicy": {"the guardrail"}, "organizations:UpdatePolicy": {"the guardrail"},
		}}},
	} {
		t.Run(tt.policy, func(t *testing.T) {
			t.Parallel()
			want := map[string][]string{}
			for _, part := range tt.want {
				maps.Copy(want, part)
			}
			if diff := cmp.Diff(want, reach(roleOf(t, tt.policy, tt.arn))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What reading the roles can do is exactly what the guard's code calls.
func TestWhatTheRolesCanRead(t *testing.T) {
	t.Parallel()
	want := []string{
		"iam:GetGroup", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy",
		"iam:ListAccessKeys", "iam:ListAttachedRolePolicies", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser", "iam:ListUsers",
	}
	for _, name := range []string{"guard", "member"} {
		r := roleOf(t, name, targets["guard role"])
		var got []string
		for _, action := range catalog.Matching("iam:*") {
			if action.Level != catalog.Read && action.Level != catalog.List {
				continue
			}
			for _, arn := range targets {
				if r.may("iam:"+action.Name, arn, "") {
					got = append(got, "iam:"+action.Name)
					break
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The search walks the published ways from some rights to more rights
// (pathfinding.cloud): the guard's roles have none, and the responder has
// those that the documentation admits.
func TestNoWayUp(t *testing.T) {
	t.Parallel()
	data := filepath.Join(fixture.Shared(t), "data", "escalation-paths.csv")
	f, err := os.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	paths := map[string][]string{}
	for in := bufio.NewScanner(f); in.Scan(); {
		fields := strings.Split(in.Text(), ",")
		if len(fields) == 3 && strings.Contains(fields[2], ":") {
			paths[fields[0]] = strings.Fields(fields[2])
		}
	}
	if len(paths) < 60 {
		t.Fatalf("%d paths in %s", len(paths), data)
	}
	for _, tt := range []struct {
		policy string
		open   []string
	}{
		{"guard", nil},
		{"guard-undo-actions", nil},
		{"guard-workflow", nil},
		{"guard-deny-all", nil},
		{"workflow", nil},
		{"approver", nil},
		{"member", nil},
		{"operator", nil},
		{"guardrail", nil},
		{"doctor", nil},
		{"audit", nil},
		{"audit-report", nil},
		{"audit-function", nil},
		{"audit-schedule", nil},
		{"audit-push", nil},
		// On others than itself: an inline policy, a version of DENY-IAM that
		// says something else, a trust policy.
		{"responder", []string{
			"iam-001: iam:CreatePolicyVersion", "iam-005: iam:PutRolePolicy", "iam-007: iam:PutUserPolicy", "iam-011: iam:PutGroupPolicy",
			"iam-012: iam:UpdateAssumeRolePolicy", "iam-020: iam:CreatePolicyVersion iam:UpdateAssumeRolePolicy",
			"iam-021: iam:PutRolePolicy iam:UpdateAssumeRolePolicy",
		}},
	} {
		r := roleOf(t, tt.policy, targets["guard role"])
		var open []string
		for id, actions := range paths {
			if !slices.ContainsFunc(actions, func(a string) bool { return !r.mayAnywhere(a) }) {
				open = append(open, fmt.Sprintf("%s: %s", id, strings.Join(actions, " ")))
			}
		}
		slices.Sort(open)
		if diff := cmp.Diff(tt.open, open); diff != "" {
			t.Errorf("%s: ways up (-want +got):\n%s", tt.policy, diff)
		}
	}
}

// mayAnywhere reports whether the role may do this to anything at all, with
// any policy but the one that denies.
func (r role) mayAnywhere(action string) bool {
	for _, arn := range targets {
		if r.may(action, arn, attachments["AdministratorAccess"]) || r.may(action, arn, "") {
			return true
		}
	}
	return false
}

// Nobody can become one of the roles but whom its trust policy names.
func TestTrust(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ template, resource, want string }{
		{"guard", "GuardRole", `{"Service":"lambda.amazonaws.com"}`},
		{"guard", "WorkflowRole", `{"Service":"states.amazonaws.com"}`},
		{"guard", "ResponderRole", `{"AWS":"arn:aws:iam::111122223333:role/warden-guard"}`},
		{"guard-member", "MemberRole", `{"AWS":"arn:aws:iam::999988887777:role/warden-guard"}`},
		{"guard-member", "ForwarderRole", `{"Service":"events.amazonaws.com"}`},
		{"guard-forwarder", "ForwarderRole", `{"Service":"events.amazonaws.com"}`},
		{"audit", "FunctionRole", `{"Service":"lambda.amazonaws.com"}`},
		{"audit", "ScheduleRole", `{"Service":"scheduler.amazonaws.com"}`},
	} {
		parameters := map[string]string{}
		switch tt.template {
		case "guard":
			parameters["CreateResponderRole"], parameters["ResponseMode"] = "true", "workflow"
		case "audit":
			parameters["LambdaS3BucketName"] = "code"
		case "guard-member":
			parameters["GuardAccountId"] = "999988887777"
		}
		doc := document(t, resolve(t, tt.template, parameters), tt.resource, "AssumeRolePolicyDocument")
		if n := strings.Count(doc, `"Effect"`); n != 1 {
			t.Errorf("%s %s: %d statements, want one", tt.template, tt.resource, n)
		}
		if compact := strings.Join(strings.Fields(doc), ""); !strings.Contains(compact, `"Principal":`+tt.want) {
			t.Errorf("%s %s: trusts %s, want %s", tt.template, tt.resource, compact, tt.want)
		}
	}
}
