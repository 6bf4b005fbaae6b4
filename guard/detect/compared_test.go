package detect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"warden/internal/fixture"
	"warden/trail"
)

// counterparts are the detections that say what a rule of another project
// says.
var counterparts = map[string][]string{
	"AWS.CloudTrail.IAMAnythingChanged":            {"iam.policy.attach", "iam.write"},
	"AWS.CloudTrail.IAMCompromisedKeyQuarantine":   {"iam.key.leaked"},
	"AWS.CloudTrail.LoginProfileCreatedOrModified": {"iam.login-profile.create", "iam.login-profile.update"},
	"AWS.CloudTrail.PasswordSpraying":              {"signin.console.failure"},
	"AWS.CloudTrail.RootPasswordChanged":           {"signin.password.recover"},
	"AWS.CloudTrail.SecurityConfigurationChange":   {"cloudtrail.logging.stop"},
	"AWS.Console.GetSigninToken.Abuse":             {"signin.token.get"},
	"AWS.Console.RootLogin":                        {"signin.console.root"},
	"AWS.IAM.AccessKeyCompromised":                 {"iam.key.leaked"},
	"AWS.IAM.AttachAdminRolePolicy":                {"iam.policy.attach-admin"},
	"AWS.IAM.Backdoor.User.Keys":                   {"iam.access-key.create-other"},
	"AWS.IAM.CreateRole":                           {"iam.role.create"},
	"AWS.IAM.CreateUser":                           {"iam.user.create"},
	"AWS.STS.GetCallerIdentity.TruffleHog":         {"sts.identity.scanner"},
	"AWS.STS.GetSessionToken.Misuse":               {"sts.session-token.get"},
	"AWS.Unsuccessful.MFA.attempt":                 {"signin.console.failure"},
	"Standard.BruteForceByIP":                      {"signin.console.failure"},
	"Standard.BruteForceByUser":                    {"signin.console.failure"},
}

// apart are the rules that concern identity calls and have no detection of
// their own here, with the reason.
var apart = map[string]string{
	"AWS.CloudTrail.IAMAssumeRoleBlacklistIgnored": "a list of the owner's of roles that nobody should assume; here such a role is watched through `sts.role.cross-account` and `sts.role.chain`",
	"AWS.CloudTrail.UnauthorizedAPICall":           "every refused call of any service; here a refused identity call that writes is reported as a failed attempt of its own detection",
	"AWS.Console.Sign-In":                          "every Identity Center sign-in; a successful one is normal life",
	"AWS.EC2.ManyPasswordReadAttempts":             "counts reads of machine passwords, which are no identity calls",
	"AWS.IAMUser.ReconAccessDenied":                "every refused read of an IAM user; reads change nothing and are not judged",
	"Retrieve.SSO.access.token":                    "every token of Identity Center's portal, which each of its sign-ins brings",
	"Role.Assumed.by.User":                         "every role that a user assumes; it is noted where it crosses accounts, comes from a role, or is refused",
	"Standard.ImpossibleTravel.Login":              "compares sign-ins of days by their places",
	"Standard.SignInFromRogueState":                "a list of the owner's of countries",
}

// concerned are the event sources whose rules are compared.
var concerned = []string{IAM, STS, SignIn, "sso.amazonaws.com"}

// difference is a test of such a rule with another result than ours.
type difference struct {
	rule, test string
	ours       bool // we detect, the rule does not
	why        string
}

const attempts = "a failed attempt is detected too, and marked as failed"

var differences = []difference{
	{"AWS.CloudTrail.IAMAnythingChanged", "Error Making IAM Change", true, attempts},
	{"AWS.CloudTrail.LoginProfileCreatedOrModified", "ChangeOwnPassword", true, "the caller is a session of a role; that its name is the user's proves nothing"},
	{"AWS.CloudTrail.RootPasswordChanged", "Root Password Change Failed", true, attempts},
	{"AWS.CloudTrail.SecurityConfigurationChange", "Security Configuration Not Changed - Error", true, attempts},
	{"AWS.STS.GetSessionToken.Misuse", "GetSessionToken Failed", true, attempts},
	{"AWS.STS.GetSessionToken.Misuse", "GetSessionToken by Assumed Role", true, "AWS refuses the call to a role's session; one that succeeds is no less remarkable"},
}

// TestComparedRules compares detections with the unit tests of another
// project's rules, one by one. Events are completed with an id where the test
// left it out.
func TestComparedRules(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(fixture.Shared(t), "data", "cloudtrail", "panther_rule_tests.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, 1<<20)
	compared, explained := 0, map[string]bool{}
	for lines.Scan() {
		var test struct {
			Rule, Name string
			Event      map[string]any
			Expected   bool
		}
		if err := json.Unmarshal(lines.Bytes(), &test); err != nil {
			t.Fatal(err)
		}
		ids := counterparts[test.Rule]
		if source, _ := test.Event["eventSource"].(string); slices.Contains(concerned, source) && ids == nil && apart[test.Rule] == "" {
			t.Errorf("%s is about %s, and is neither compared nor set apart", test.Rule, source)
		}
		if ids == nil || test.Event["eventName"] == nil {
			continue
		}
		if test.Event["eventID"] == nil {
			test.Event["eventID"] = "e"
		}
		raw, err := json.Marshal(test.Event)
		if err != nil {
			t.Fatal(err)
		}
		e, err := trail.ParseEvent(raw)
		if err != nil {
			t.Errorf("%s, %s: %v", test.Rule, test.Name, err)
			continue
		}
		compared++
		got := slices.ContainsFunc(Match(e, e.Actor()), func(d *Detection) bool { return slices.Contains(ids, d.ID) })
		if got == test.Expected {
			continue
		}
		known := slices.ContainsFunc(differences, func(d difference) bool {
			return d.rule == test.Rule && d.test == test.Name && d.ours == got
		})
		if !known {
			t.Errorf("%s, %s: detected is %v, the rule says %v", test.Rule, test.Name, got, test.Expected)
		}
		explained[test.Rule+test.Name] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(explained) != len(differences) {
		t.Errorf("%d differences found, %d explained", len(explained), len(differences))
	}
	if compared != 50 {
		t.Errorf("compared %d tests", compared)
	}
}
