package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/deploy"
	"warden/guard"
)

func TestReadConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"ADMIN_GROUP_NAME": "Administrators, Platform", "ADMIN_ROLES": "arn:aws:iam::111122223333:role/Admin",
		"PROTECTED": "arn:aws:iam::111122223333:user/break-glass", "DENY_POLICY_NAME": "NO-IAM", "CONTAIN_SESSIONS": "true",
		"LEDGER_TABLE": "t", "SNS_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:a", "AWS_REGION": "us-east-1",
		"MEMBER_ACCOUNTS": "444455556666,777788889999", "MEMBER_ROLE_NAME": "m",
		"RESPONDER_ROLE_ARN": "arn:aws:iam::111122223333:role/r", "HOLD_QUEUE_URL": "https://sqs/1/hold", "SWEEP_REGIONS": "eu-west-1, us-west-2",
		"ADMIN_TAG": "duty=identity admin", "LEVEL": "deny-all", "BUDGET": "3", "REVOKE_SESSIONS": "true", "ALLOW_SELF_SERVICE": "true",
		"EXEMPTIONS": `{"exemptions":[{"arn":"arn:aws:iam::111122223333:user/ci","id":"AIDACI","rule":"guard","reason":"pipeline","owner":"ops","expires":"2027-01-31"}]}`,
	}
	got, err := readConfig(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	want := config{
		guard: guard.Config{
			AdminGroups: []string{"Administrators", "Platform"}, AdminRoles: []string{"arn:aws:iam::111122223333:role/Admin"},
			Protected: []string{"arn:aws:iam::111122223333:user/break-glass"}, DenyPolicy: "NO-IAM", ContainSessions: true,
			AdminTag: guard.Tag{Key: "duty", Value: "identity admin"}, Level: guard.DenyAll, Budget: 3, RevokeSessions: true, SelfService: true,
			Exemptions: []guard.Exemption{{ARN: "arn:aws:iam::111122223333:user/ci", ID: "AIDACI", Rule: "guard", Reason: "pipeline", Owner: "ops",
				Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}},
		},
		table: "t", people: people{topic: "arn:aws:sns:us-east-1:111122223333:a"}, responder: "arn:aws:iam::111122223333:role/r",
		members: []string{"444455556666", "777788889999"}, memberRole: "m", holdURL: "https://sqs/1/hold", regions: []string{"eu-west-1", "us-west-2"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(config{}, people{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWrongConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"LEDGER_TABLE", "", "want the name of the ledger's table"},
		{"ADMIN_ROLES", "Admin", "want an exact ARN"},
		{"ADMIN_ROLES", "arn:aws:iam::111122223333:role/*", "wildcards are not allowed"},
		{"PROTECTED", "arn:aws:s3:::bucket", "want an exact ARN"},
		{"DENY_POLICY_NAME", "DENY IAM", "not the name of a policy"},
		{"CONTAIN_SESSIONS", "yes please", "want true or false"},
		{"SNS_TOPIC_ARN", "alerts", "want the ARN of an SNS topic"},
		{"SNS_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:a", "the topic is in eu-west-1, the function in us-east-1"},
		{"RESPONDER_ROLE_ARN", "arn:aws:iam::111122223333:role/a,arn:aws:iam::111122223333:role/b", "want one ARN"},
		{"MEMBER_ACCOUNTS", "12", "not an account id"},
		{"ADMIN_GROUP_NAME", "/Administrators", "is not the name of a group"},
		{"ADMIN_TAG", "admin", "want key=value"},
		{"LEVEL", "deny", "want deny-iam, deny-all or alert"},
		{"BUDGET", "none", "want a number"},
		{"BUDGET", "0", "1 or more"},
		{"REVOKE_SESSIONS", "true", "together with CONTAIN_SESSIONS"},
		{"EXEMPTIONS", `{"exemptions":[{}]}`, "arn, id, rule, reason, owner, expires missing"},
		{"MEMBER_ROLE_NAME", "m", "goes together with MEMBER_ACCOUNTS"},
	} {
		env := map[string]string{"LEDGER_TABLE": "t", "AWS_REGION": "us-east-1"}
		env[tt.name] = tt.value
		_, err := readConfig(func(name string) string { return env[name] })
		if err == nil || !strings.Contains(err.Error(), tt.name) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s=%q: error %v, want %q", tt.name, tt.value, err, tt.want)
		}
	}
	_, err := readConfig(func(name string) string { return map[string]string{"DRY_RUN": "x", "UNDO_ACTIONS": "y"}[name] })
	if err == nil || strings.Count(err.Error(), "environment variable") != 3 {
		t.Errorf("error %v, want all three that are wrong", err)
	}
}

// The template sets every variable that the function reads, to a value that
// it takes, and no other.
func TestTheTemplateConfiguresTheFunction(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]map[string]string{
		"guard, defaults": nil,
		"audit, defaults": {"LambdaS3BucketName": "code"},
		"audit, everything": {
			"LambdaS3BucketName": "code", "Benchmark": "cis-7.0", "Regions": "eu-west-1,us-east-1", "PerUser": "true", "Organization": "true",
			"ReportKmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k", "ExemptionsKey": "people/exemptions.json", "ReportPrefix": "a/b",
		},
		"guard, everything": {
			"AdminRoleArns": "arn:aws:iam::111122223333:role/Admin", "ProtectedArns": "arn:aws:iam::111122223333:user/a,arn:aws:iam::111122223333:user/b",
			"UndoActions": "true", "ContainSessions": "true", "CreateResponderRole": "true",
			"OrganizationId": "o-abcdefghij", "MemberAccounts": "444455556666",
		},
	} {
		template, _, _ := strings.Cut(name, ",")
		stack, err := deploy.Resolve(template, deploy.Place{Partition: "aws", Region: "us-east-1", Account: "111122223333"}, parameters)
		must(t, err)
		properties := stack.Resources["Function"].Properties
		set := properties["Environment"].(map[string]any)["Variables"].(map[string]any)
		read := map[string]bool{}
		_, err = function(func(name string) string {
			switch name {
			case "_HANDLER":
				return fmt.Sprint(properties["Handler"])
			case "AWS_REGION":
				return "us-east-1"
			}
			read[name] = true
			v, ok := set[name]
			if !ok {
				t.Errorf("%s: the template does not set %s", template, name)
				return ""
			}
			return fmt.Sprint(v)
		}, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for variable := range set {
			if !read[variable] {
				t.Errorf("%s: the function does not read %s", name, variable)
			}
		}
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	for receives, want := range map[string]int32{"": 5, "x": 5, "1": 5, "2": 10, "4": 40, "7": 300, "1000000": 300} {
		if got := pause(receives); got != want {
			t.Errorf("delivered %q times: %d s, want %d s", receives, got, want)
		}
	}
}
