package twin

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"warden/trail"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// volatile parts of a record differ from run to run.
var volatile = []struct {
	pattern *regexp.Regexp
	to      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`"userAgent":"[^"]*"`), `"userAgent":"AGENT"`},
	{regexp.MustCompile(`"clientProvidedHostHeader":"[^"]*"`), `"clientProvidedHostHeader":"HOST"`},
	{regexp.MustCompile(`"sessionToken":"[^"]*"`), `"sessionToken":"TOKEN"`},
	{regexp.MustCompile(`\b(A[A-Z]{3})[A-Z0-9]{16,17}\b`), "$1…"},
}

// TestRecords compares the records of calls of every kind with golden ones, as
// LookupEvents and a rule give them, and reads them with package trail.
func TestRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	admin := w.admin()
	url := w.tap("records", `{"source":["aws.iam","aws.sts"]}`, ebtypes.RuleStateEnabledWithAllCloudtrailManagementEvents)

	_, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new"), Path: aws.String("/dev/"), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
	w.must(err)
	_, err = admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("new"), PolicyName: aws.String("own"), PolicyDocument: aws.String(allowAll)})
	w.must(err)
	key, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("new")})
	w.must(err)
	_, err = admin.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("new"), Password: aws.String("Correct-Horse-7"), PasswordResetRequired: true})
	w.must(err)
	if _, err = admin.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("nobody")}); err == nil {
		t.Error("nobody was found")
	}
	deniedID, deniedSecret := w.newUser("weak", "")
	if _, err = w.iamWith(deniedID, deniedSecret, "").DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("new")}); err == nil {
		t.Error("a user without policies deleted another")
	}
	role := w.newRole("helper", w.arn("user", "/dev/new"), allowAll)
	session, err := w.stsWith(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "").
		AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("night"), ExternalId: aws.String("x-1")})
	w.must(err)
	_, err = w.iamBy(session.Credentials).DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: aws.String("new")})
	w.must(err)
	token, err := w.stsWith(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "").GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	_, err = w.stsBy(token.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	_, err = w.iam(RootUser).ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)

	var got strings.Builder
	bodies := w.receive(url)
	for _, m := range bodies {
		body := *m.Body
		e, err := trail.ParseEvent([]byte(body))
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if e.Envelope == nil || e.Actor().Kind == "unknown" {
			t.Errorf("trail does not understand %s", body)
		}
		for _, s := range []string{"Correct-Horse-7", *key.AccessKey.SecretAccessKey, *session.Credentials.SecretAccessKey} {
			if strings.Contains(body, s) {
				t.Errorf("a secret is in %s", body)
			}
		}
		for _, v := range volatile {
			body = v.pattern.ReplaceAllString(body, v.to)
		}
		got.WriteString(body + "\n")
	}
	golden(t, "records.ndjson", got.String())

	// LookupEvents has the same records, newest first.
	c := w.cloudtrail(w.truth.Administrator)
	p := cloudtrail.NewLookupEventsPaginator(c, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(7), StartTime: aws.Time(w.now().Add(-time.Hour))})
	var looked []cttypes.Event
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		w.must(err)
		if len(page.Events) > 7 {
			t.Errorf("a page has %d events", len(page.Events))
		}
		looked = append(looked, page.Events...)
	}
	byID := map[string]string{}
	for _, e := range looked {
		byID[*e.EventId] = *e.CloudTrailEvent
	}
	for _, m := range bodies {
		e, _ := trail.ParseEvent([]byte(*m.Body))
		if !strings.Contains(*m.Body, byID[e.ID]) || byID[e.ID] == "" {
			t.Errorf("LookupEvents does not have %s as the rule has it", e.ID)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s differs (run with -update to accept):\n%s", file, d)
	}
}

func TestUnauthenticatedAreNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	before := w.twin.records.last
	if _, err := w.iamWith("AKIAUNKNOWN000000000", "secret", "").ListUsers(ctx, &iam.ListUsersInput{}); err == nil {
		t.Error("an unknown key was let in")
	}
	if got := w.twin.records.last - before; got != 0 {
		t.Errorf("%d records of an unauthenticated call", got)
	}
}

func TestLookupEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	for _, name := range []string{"a", "b", "c"} {
		_, err := w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		w.must(err)
		w.pass(time.Minute)
	}
	c := w.cloudtrail(w.truth.Administrator)
	find := func(key cttypes.LookupAttributeKey, value string) []string {
		out, err := c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}})
		w.must(err)
		var found []string
		for _, e := range out.Events {
			found = append(found, *e.EventName+" "+*parsedName(t, e))
		}
		return found
	}
	creations := []string{"CreateUser c", "CreateUser b", "CreateUser a"}
	id, _ := w.key(w.truth.Administrator)
	tests := []struct {
		key   cttypes.LookupAttributeKey
		value string
		want  []string
	}{
		{"EventName", "CreateUser", creations},
		{"ResourceName", "b", creations[1:2]},
		{"ResourceType", "AWS::IAM::User", creations},
		{"EventSource", "iam.amazonaws.com", creations},
		{"Username", w.truth.Administrator, nil},
		{"AccessKeyId", id, nil},
		{"ReadOnly", "false", creations},
		{"EventName", "createuser", []string{}},
	}
	for _, tt := range tests {
		got := find(tt.key, tt.value)
		if tt.want == nil { // also the look-ups themselves
			if len(got) < 3 {
				t.Errorf("%s=%s: %v", tt.key, tt.value, got)
			}
			continue
		}
		if strings.Join(got, ",") != strings.Join(tt.want, ",") {
			t.Errorf("%s=%s: %v, want %v", tt.key, tt.value, got, tt.want)
		}
	}
	out, err := c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{StartTime: aws.Time(testNow.Add(30 * time.Second)), EndTime: aws.Time(testNow.Add(90 * time.Second))})
	w.must(err)
	if len(out.Events) != 1 || *parsedName(t, out.Events[0]) != "b" {
		t.Errorf("by time: %d events", len(out.Events))
	}

	name := []cttypes.LookupAttribute{{AttributeKey: "EventName", AttributeValue: aws.String("CreateUser")}}
	page, err := c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: name, MaxResults: aws.Int32(2)})
	w.must(err)
	if len(page.Events) != 2 || page.NextToken == nil {
		t.Fatalf("the first page has %d events", len(page.Events))
	}
	rest, err := c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: name, MaxResults: aws.Int32(2), NextToken: page.NextToken})
	w.must(err)
	if len(rest.Events) != 1 || rest.NextToken != nil {
		t.Errorf("the second page has %d events", len(rest.Events))
	}
	errs := []struct {
		in   cloudtrail.LookupEventsInput
		code string
	}{
		{cloudtrail.LookupEventsInput{MaxResults: aws.Int32(51)}, "InvalidMaxResultsException"},
		{cloudtrail.LookupEventsInput{MaxResults: aws.Int32(0)}, "InvalidMaxResultsException"},
		{cloudtrail.LookupEventsInput{LookupAttributes: append(name, name...)}, "InvalidLookupAttributesException"},
		{cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: "Colour", AttributeValue: aws.String("x")}}}, "InvalidLookupAttributesException"},
		{cloudtrail.LookupEventsInput{StartTime: aws.Time(testNow), EndTime: aws.Time(testNow.Add(-time.Hour))}, "InvalidTimeRangeException"},
		{cloudtrail.LookupEventsInput{NextToken: page.NextToken}, "InvalidNextTokenException"},
		{cloudtrail.LookupEventsInput{NextToken: aws.String("x")}, "InvalidNextTokenException"},
	}
	for _, tt := range errs {
		_, err := c.LookupEvents(ctx, &tt.in)
		wants(t, err, tt.code, "")
	}
}

// parsedName is the userName of an event's request, or "".
func parsedName(t *testing.T, e cttypes.Event) *string {
	t.Helper()
	request, _ := parsed(t, *e.CloudTrailEvent)["requestParameters"].(map[string]any)
	name, _ := request["userName"].(string)
	return &name
}

func TestRecordsAreBounded(t *testing.T) {
	t.Parallel()
	s := newRecords(3)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s.add(&record{id: id})
	}
	var got string
	s.newest(0, func(r *record) bool { got += r.id; return true })
	if got != "edc" {
		t.Errorf("kept %q, want the newest three, newest first", got)
	}
	got = ""
	s.newest(4, func(r *record) bool { got += r.id; return false })
	if got != "c" {
		t.Errorf("before the fourth: %q", got)
	}
}

func TestLookupRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{LookupRate: 2})
	c := w.cloudtrail(w.truth.Administrator)
	look := func() error { _, err := c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{}); return err }
	w.must(look())
	w.must(look())
	wants(t, look(), "ThrottlingException", "Rate exceeded")
	w.pass(time.Second)
	w.must(look())
}
