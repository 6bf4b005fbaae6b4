package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/account"
	"warden/internal/stage"
	"warden/twin"
)

const ownBoundary = "arn:aws:iam::123456789012:policy/boundaries/ci-boundary"

// full fills what the intruder's user can hold, gives him a boundary, and
// forbids an "action on resource" to the guard's role.
func full(boundary string, forbidden string, places ...twin.Place) func(*account.Snapshot) error {
	return func(s *account.Snapshot) error {
		if boundary != "" {
			s.Policies = append(s.Policies, account.ManagedPolicy{
				Path: "/boundaries/", Name: "ci-boundary", ID: "ANPACIBOUNDARYCIBOUND", ARN: ownBoundary, CreateDate: s.CollectedAt.Add(-time.Hour), UpdateDate: s.CollectedAt.Add(-time.Hour),
				Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: s.CollectedAt.Add(-time.Hour), Document: json.RawMessage(boundary)}},
			})
		}
		for i := range s.Users {
			if u := &s.Users[i]; u.Name == "ci-deploy" {
				u.Inline = append(u.Inline, account.InlinePolicy{Name: "buckets", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`)})
				if boundary != "" {
					u.Boundary = ownBoundary
				}
			}
		}
		for i := range s.Roles {
			if r := &s.Roles[i]; r.Name == "warden-guard" && forbidden != "" {
				action, resource, _ := strings.Cut(forbidden, " on ")
				r.Inline = append(r.Inline, account.InlinePolicy{Name: "forbidden", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + action + `","Resource":"` + resource + `"}]}`)})
			}
		}
		return twin.Fill(s, "ci-deploy", places...)
	}
}

// mighty gives the guard's role what the stack gives it with Level=deny-all.
func mighty(more func(*account.Snapshot) error) func(*account.Snapshot) error {
	return func(s *account.Snapshot) error {
		for i := range s.Roles {
			if r := &s.Roles[i]; r.Name == "warden-guard" {
				r.Inline = append(r.Inline, account.InlinePolicy{Name: "deny-all", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[` +
					`{"Effect":"Allow","Action":["iam:CreatePolicy","iam:GetPolicyVersion"],"Resource":"arn:aws:iam::123456789012:policy/DENY-ALL"},` +
					`{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::123456789012:policy/DENY-ALL"}}},` +
					`{"Effect":"Allow","Action":"iam:PutUserPermissionsBoundary","Resource":"*","Condition":{"ArnEquals":{"iam:PermissionsBoundary":"arn:aws:iam::123456789012:policy/DENY-ALL"}}}]}`)})
			}
		}
		return more(s)
	}
}

// TestWaysToContain fills one quota after the other: the guard takes the next
// way, says which, denies what the level says, and undo gives back exactly.
func TestWaysToContain(t *testing.T) {
	t.Parallel()
	const wide = `{"Version":"2012-10-17","Statement":[{"Sid":"Most","Effect":"Allow","Action":["iam:*","s3:*","sts:*"],"Resource":"*"}]}`
	long := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","s3:*","sts:*"],"Resource":"*"},{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:` + strings.Repeat("x", 5900) + `"}]}`
	const denied, open = "AccessDenied", ""
	for _, tc := range []struct {
		name    string
		change  func(*account.Snapshot) error
		args    []string
		says    []string
		subject string
		buckets string // what becomes of a call of another service
	}{
		{"a managed policy", full("", ""), nil, []string{"done   AttachUserPolicy: policy/DENY-IAM to user/ci/ci-deploy"}, "warden contained user", open},
		{"an inline policy", full("", "", twin.ManagedPlaces), nil, []string{"done   PutUserPolicy: inline policy DENY-IAM of user/ci/ci-deploy"}, "warden contained user", open},
		{
			"beside his boundary", full(wide, "", twin.ManagedPlaces, twin.InlinePlaces), nil,
			[]string{"done   CreatePolicy: policy/DENY-IAM-boundary-", "done   PutUserPermissionsBoundary: permissions boundary of user/ci/ci-deploy from policy/boundaries/ci-boundary to policy/DENY-IAM-boundary-"},
			"warden contained user", open,
		},
		{
			"a boundary without room", full(long, "", twin.ManagedPlaces, twin.InlinePlaces), nil,
			[]string{"done   PutUserPermissionsBoundary: permissions boundary of user/ci/ci-deploy from policy/boundaries/ci-boundary to policy/DENY-IAM"}, "warden contained user", denied,
		},
		{
			"no right to deny everything", full(wide, "", twin.ManagedPlaces, twin.InlinePlaces), []string{"--level", "deny-all"},
			[]string{"state  PARTLY contained", "from policy/boundaries/ci-boundary to policy/DENY-IAM", "open   everything but IAM"}, "warden could contain user ci-deploy only partly", denied,
		},
		{
			"no right to make a boundary", full(wide, "iam:CreatePolicy on arn:aws:iam::123456789012:policy/DENY-IAM-boundary-*", twin.ManagedPlaces, twin.InlinePlaces), nil,
			[]string{"done   PutUserPermissionsBoundary: permissions boundary of user/ci/ci-deploy from policy/boundaries/ci-boundary to policy/DENY-IAM\n", "his permissions boundary allows nothing else either"}, "warden contained user", denied,
		},
		{
			"no boundary", full("", "", twin.ManagedPlaces, twin.InlinePlaces), nil,
			[]string{"done   PutUserPermissionsBoundary: permissions boundary of user/ci/ci-deploy", "to policy/DENY-IAM"}, "warden contained user", denied,
		},
		{
			"his keys", full("", "iam:PutUserPermissionsBoundary on *", twin.ManagedPlaces, twin.InlinePlaces), nil,
			[]string{"[partly contained]", "done   UpdateAccessKey: access key AKIA", "from Active to Inactive", "state  PARTLY contained", "open   "}, "warden could contain user ci-deploy only partly", "InvalidAccessKeyId",
		},
		{"everything, by a managed policy", mighty(full("", "")), []string{"--level", "deny-all"}, []string{"done   AttachUserPolicy: policy/DENY-ALL to user/ci/ci-deploy", "proves that every call is denied now"}, "warden contained user", denied},
		{"everything, by an inline policy", mighty(full("", "", twin.ManagedPlaces)), []string{"--level", "deny-all"}, []string{"done   PutUserPolicy: inline policy DENY-ALL of user/ci/ci-deploy"}, "warden contained user", denied},
		{"everything, by a boundary", mighty(full(wide, "", twin.ManagedPlaces, twin.InlinePlaces)), []string{"--level", "deny-all"}, []string{"done   PutUserPermissionsBoundary: permissions boundary of user/ci/ci-deploy from policy/boundaries/ci-boundary to policy/DENY-ALL"}, "warden contained user", denied},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHunt(t, stage.Options{Change: tc.change})
			by := h.intruder()
			h.must(nil, h.crime(by, "backdoor"))
			before := h.state()
			r := h.guard(tc.args...)
			r.want(t, 0, tc.says...)
			if err := h.crime(by, "again"); err == nil {
				t.Errorf("he creates a user still\n%s", r)
			}
			if _, err := by.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); code(err) != tc.buckets {
				t.Errorf("listing buckets: %v, want %q", err, tc.buckets)
			}
			h.undo(h.incidentOf(r, tc.subject)).want(t, 0, "gives back")
			h.same(before, "after undo")
			if _, err := by.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil {
				t.Errorf("given back, and cannot list buckets: %v", err)
			}
			// What was given back stays given back when the events come again.
			h.guard(tc.args...)
			h.same(before, "at the next run")
		})
	}
}

// Without --apply nothing is changed, and nothing is taken from the queue; at
// the level alert nothing is changed either. Both say what happened.
func TestNothingIsChanged(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		args func(h *hunt) []string
		says []string
		left string // messages in the queue
	}{
		{"a dry run", func(h *hunt) []string {
			return []string{"guard", "--queue", h.QueueURL, "--until-empty", "--undo-actions"}
		},
			[]string{"user ci-deploy is no administrator and called CreateUser  [would contain]", "    would CreatePolicy: policy/DENY-IAM", "    would AttachUserPolicy: policy/DENY-IAM to user/ci/ci-deploy", "    would take back: AttachUserPolicy: policy/DENY-IAM to user/backdoor", "1 contain; nothing was changed, --apply contains"}, "1"},
		{"the level alert", func(h *hunt) []string { return h.guardArgs("--until-empty", "--level", "alert", "--undo-actions") },
			[]string{"warden saw user ci-deploy call CreateUser", "level alert: nothing is changed", "state  nothing was changed"}, "0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHunt(t, stage.Options{})
			h.must(nil, h.crime(h.intruder(), "backdoor"))
			before := h.state()
			h.run(h.guardKey, tc.args(h)...).want(t, 0, tc.says...)
			h.same(before, "afterwards")
			for _, p := range h.Twin.Snapshot().Policies {
				if strings.HasPrefix(p.Name, "DENY-") {
					t.Errorf("%s was made", p.Name)
				}
			}
			// What was received and not deleted is hidden for a while.
			out, err := h.Admin.SQS.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(h.QueueURL), AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}})
			if err != nil {
				t.Fatal(err)
			}
			all := out.Attributes["ApproximateNumberOfMessages"] + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
			if empty := strings.Trim(all, "0") == ""; empty != (tc.left == "0") {
				t.Errorf("%s messages are in the queue", all)
			}
		})
	}
}
