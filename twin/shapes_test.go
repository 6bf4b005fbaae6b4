package twin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"warden/internal/fixture"
	"warden/trail"
)

// paths lists the keys of JSON with their places; those of the free-form
// members, tags by name, are one.
func paths(at string, v any) []string {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return []string{at + "{}"}
		}
		var out []string
		for k, x := range v {
			if strings.HasSuffix(at, "principalTags") {
				k = "*"
			}
			out = append(out, paths(at+"."+k, x)...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, paths(at+"[]", x)...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	case nil:
		return []string{at + " null"}
	}
	return []string{at}
}

// newerThanTheExamples are members that AWS writes today and that the examples
// are too old for.
func newerThanTheExamples(path string) bool {
	return strings.HasPrefix(path, ".RequestDetails") || path == ".sessionTokenSize"
}

// compare checks that a record has the members that an example has, at the
// same places.
func compare(t *testing.T, source string, example, got map[string]any) {
	t.Helper()
	for _, k := range []string{"eventName", "eventSource", "readOnly", "errorCode", "errorMessage"} {
		if want, ok := example[k]; ok && got[k] != want {
			t.Errorf("%s\n%s: %v, want %v", source, k, got[k], want)
		}
	}
	for _, k := range []string{"userIdentity", "requestParameters", "responseElements", "additionalEventData", "resources"} {
		if _, ok := example[k]; !ok {
			continue
		}
		have := slices.DeleteFunc(paths("", got[k]), newerThanTheExamples)
		if d := cmp.Diff(paths("", example[k]), have); d != "" {
			t.Errorf("%s\n%s of %s: -example +twin\n%s", source, k, got["eventName"], d)
		}
	}
}

// recorded are the twin's records of one operation, oldest first.
func (w *world) recorded(operation string) []map[string]any {
	var out []map[string]any
	w.twin.records.newest(0, func(r *record) bool {
		if r.name == operation {
			var m map[string]any
			w.must(json.Unmarshal(r.json, &m))
			out = append(out, m)
		}
		return true
	})
	slices.Reverse(out)
	return out
}

// everyKind makes one call of each kind that the examples have.
func (w *world) everyKind() {
	w.Helper()
	a := w.admin()
	id, secret := w.newUser("proxy", allowAll)
	guest, err := federate(w.stsWith(id, secret, ""), "guest", allowAll)
	w.must(err)
	_, err = w.stsBy(guest.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)

	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + w.arn("oidc-provider", "/token.actions.githubusercontent.com") + `"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]},` +
		`{"Effect":"Allow","Principal":{"Federated":"` + w.arn("saml-provider", "/AWSSSO_8f2d1c9be07a4563_DO_NOT_DELETE") + `"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]}]}`
	role, err := a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("federated"), AssumeRolePolicyDocument: &trust})
	w.must(err)
	web, err := w.byGitHub("/federated", WebIdentity{Subject: "me", Tags: map[string]string{"team": "blue"}, Transitive: []string{"team"}, SourceIdentity: "alice"})
	w.must(err)
	stranger, err := w.twin.WebIdentityToken(WebIdentity{Provider: github, Subject: "somebody", Audience: "sts.amazonaws.com"})
	w.must(err)
	_, err = w.anonymous().AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(w.arn("role", "/ci/github-actions")), RoleSessionName: aws.String("x1"), WebIdentityToken: &stranger})
	wants(w.T, err, "AccessDenied", "")
	sso := w.arn("saml-provider", "/AWSSSO_8f2d1c9be07a4563_DO_NOT_DELETE")
	text, err := w.twin.SAMLAssertion(SAMLIdentity{Provider: sso, Role: *role.Role.Arn, Subject: "alice", Tags: map[string]string{"team": "blue"}, Transitive: []string{"team"}, SourceIdentity: "alice"})
	w.must(err)
	saml, err := w.anonymous().AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{RoleArn: role.Role.Arn, PrincipalArn: &sso, SAMLAssertion: &text, DurationSeconds: aws.Int32(1800)})
	w.must(err)
	for _, c := range []*sts.Client{w.stsBy(web.Credentials), w.stsBy(saml.Credentials)} {
		_, err = c.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		w.must(err)
	}
	w.device("proxy", "phone")
	_, err = a.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("p")})
	w.must(err)
	for range 2 {
		_, err = a.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("p"), RoleName: aws.String("federated")})
	}
	wants(w.T, err, "LimitExceeded", "")
	_, err = w.s3With(id, secret, "").ListBuckets(ctx, &s3.ListBucketsInput{})
	w.must(err)
	id, secret = w.newUser("weak", "")
	_, err = w.s3With(id, secret, "").ListBuckets(ctx, &s3.ListBucketsInput{})
	wants(w.T, err, "AccessDenied", "is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action")
}

// TestDocumentedShapes compares the twin's records with AWS's documented
// examples and with records that others have published.
func TestDocumentedShapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	w.everyKind()
	data, err := os.ReadFile(filepath.Join("testdata", "documented.json"))
	w.must(err)
	var examples []struct {
		Source string         `json:"source"`
		Event  map[string]any `json:"event"`
	}
	w.must(json.Unmarshal(data, &examples))
	for _, e := range examples {
		found := false
		for _, got := range w.recorded(e.Event["eventName"].(string)) {
			want, _ := e.Event["userIdentity"].(map[string]any)
			have, _ := got["userIdentity"].(map[string]any)
			if (want == nil || want["type"] == have["type"]) && (e.Event["errorCode"] == got["errorCode"]) {
				compare(t, e.Source, e.Event, got)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("%s: the twin made no such record", e.Source)
		}
	}
}

// TestRecordedShapes compares them with records of real accounts.
func TestRecordedShapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	w.everyKind()
	real := map[string]map[string]any{} // by error code
	root := filepath.Join(fixture.Shared(t), "data", "cloudtrail", "sans504-s3-ransomware")
	s := &trail.Scanner{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "us-west-1_202107") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return s.Scan(path, f, func(e *trail.Event) error {
			if e.Name == "ListBuckets" && e.Identity.Type == "IAMUser" && e.Identity.Session == nil {
				var m map[string]any
				if err := json.Unmarshal(e.Raw, &m); err != nil {
					return err
				}
				real[e.ErrorCode] = m
			}
			return nil
		})
	})
	w.must(err)
	if len(real) != 2 {
		t.Fatalf("recorded ListBuckets: %d kinds", len(real))
	}
	for _, got := range w.recorded("ListBuckets") {
		code, _ := got["errorCode"].(string)
		example := real[code]
		delete(example, "errorMessage") // it says more today
		compare(t, "ListBuckets as recorded, error "+code, example, got)
	}
}

// TestTrailKnowsWhoCalled reads the twin's records with package trail: each
// kind of caller is told, and who is behind a session.
func TestTrailKnowsWhoCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	w.everyKind()
	token, err := w.sts(w.truth.Guard).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	_, err = w.stsBy(token.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	rootGuest, err := federate(w.sts(RootUser), "heir", allowAll)
	w.must(err)
	_, err = w.stsBy(rootGuest.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)

	type seen struct {
		Kind                                trail.Kind
		Name, Session, Parent, Role, Source string
		Provider                            string
	}
	github := w.arn("oidc-provider", "/token.actions.githubusercontent.com")
	got := map[seen]bool{}
	w.twin.records.newest(0, func(r *record) bool {
		e, err := trail.ParseEvent(r.json)
		if err != nil {
			t.Errorf("%v in %s", err, r.json)
			return true
		}
		a := e.Actor()
		x := seen{Kind: a.Kind, Name: a.Name, Session: a.SessionName, Provider: a.Provider, Source: a.SourceIdentity}
		if a.Parent != nil {
			x.Parent = a.Parent.ARN
		}
		if a.Role != nil {
			x.Role = a.Role.ARN
		}
		if x.Kind == trail.SAML {
			x.Provider = "" // a hash
		}
		got[x] = true
		return true
	})
	for _, want := range []seen{
		{Kind: trail.FederatedUser, Name: "guest", Session: "guest", Parent: w.arn("user", "/proxy")},
		{Kind: trail.FederatedUser, Name: "heir", Session: "heir", Parent: w.arn("root", "")},
		{Kind: trail.WebIdentity, Name: "me", Provider: github},
		{Kind: trail.WebIdentity, Name: "somebody", Provider: github},
		{Kind: trail.SAML, Name: "alice"},
		{Kind: trail.AssumedRole, Name: "federated", Session: "build", Role: w.arn("role", "/federated"), Source: "alice", Provider: github},
		{Kind: trail.AssumedRole, Name: "federated", Session: "alice", Role: w.arn("role", "/federated"), Source: "alice"},
		{Kind: trail.IAMUserSession, Name: w.truth.Guard},
		{Kind: trail.IAMUser, Name: "proxy"},
		{Kind: trail.Root},
	} {
		if !got[want] {
			t.Errorf("nobody was seen as %+v", want)
		}
		delete(got, want)
	}
	for x := range got {
		if x.Kind != trail.IAMUser {
			t.Errorf("also seen: %+v", x)
		}
	}
}
