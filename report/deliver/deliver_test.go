package deliver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/audit"
	"warden/finding"
	"warden/notify"
	"warden/report"
	"warden/report/deliver"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// bucket is S3 as far as a store asks it: objects with tags, conditional
// writes. fail, where set, decides about a call. The same on emulators is
// shown in cmd/warden-lambda.
type bucket struct {
	mu      sync.Mutex
	objects map[string]*s3.PutObjectInput
	data    map[string][]byte
	fail    func(operation, key string) error
}

func newBucket() *bucket {
	return &bucket{objects: map[string]*s3.PutObjectInput{}, data: map[string][]byte{}}
}

func (b *bucket) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := aws.ToString(in.Key)
	if b.fail != nil {
		if err := b.fail("PutObject", key); err != nil {
			return nil, err
		}
	}
	_, there := b.data[key]
	if there && in.IfNoneMatch != nil || in.IfMatch != nil && aws.ToString(in.IfMatch) != b.tag(key) {
		return nil, &smithy.GenericAPIError{Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold"}
	}
	data, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	b.objects[key], b.data[key] = in, data
	return &s3.PutObjectOutput{ETag: aws.String(b.tag(key))}, nil
}

func (b *bucket) tag(key string) string {
	return fmt.Sprintf("%q", fmt.Sprint(len(b.data[key]), b.data[key]))
}

func (b *bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := aws.ToString(in.Key)
	if b.fail != nil {
		if err := b.fail("GetObject", key); err != nil {
			return nil, err
		}
	}
	data, there := b.data[key]
	if !there {
		return nil, &smithy.GenericAPIError{Code: "NoSuchKey", Message: "The specified key does not exist."}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(data)), ETag: aws.String(b.tag(key))}, nil
}

// people are told.
type people struct {
	got  []notify.Message
	fail error
}

func (p *people) Notify(_ context.Context, m notify.Message) error {
	if p.fail != nil {
		return p.fail
	}
	p.got = append(p.got, m)
	return nil
}

const id = "111122223333"

var (
	monday  = time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
	denied  = &smithy.GenericAPIError{Code: "AccessDenied", Message: "Access Denied"}
)

func delivery(b *bucket, p *people) *deliver.Delivery {
	return &deliver.Delivery{
		Store: deliver.NewStore(b, deliver.Place{Bucket: "reports", Prefix: "audit", Owner: id, Partition: "aws", Region: "us-east-1"}),
		Tell:  p, Now: func() time.Time { return monday },
	}
}

func fail(control string, severity finding.Severity, subject, part, summary, remedy string) finding.Finding {
	f := finding.Finding{Control: control, Title: control, Subject: "arn:aws:iam::" + id + ":" + subject, Part: part, Status: finding.Fail, Severity: severity, Summary: summary, Remedy: remedy}
	f.ID = finding.Identify(f.Control, f.Subject, "", f.Part)
	return f
}

// of is a report in the order of reports.
func of(at time.Time, list ...finding.Finding) *audit.Report {
	return &audit.Report{Account: id, Alias: "halden", Now: at, CollectedAt: at, Benchmark: "cis-aws-7.0.0", Findings: list}
}

func unknown(f finding.Finding, why string) finding.Finding {
	f.Status, f.Summary, f.Remedy = finding.Unknown, why, ""
	return f
}

func good(f finding.Finding) finding.Finding {
	f.Status, f.Summary, f.Remedy = finding.Pass, "used today", ""
	return f
}

var (
	rootKey   = fail("root.keys", finding.Critical, "root", "", "the root user has an active access key", "Delete the key; use roles instead.")
	rootMFA   = fail("root.mfa", finding.Critical, "root", "", "the root user has no MFA device", "Enrol two hardware keys for the root user.")
	oldKey    = fail("key.age", finding.Medium, "user/ci", "access key 1", "not changed for 412 days", "Replace the key, or use a role.")
	oldKey2   = fail("key.age", finding.Medium, "user/backup", "access key 1", "not changed for 91 days", "Replace the key, or use a role.")
	noMFA     = fail("user.mfa", finding.High, "user/alice", "", "may sign in to the console without MFA", "Have her enrol a device.")
	unusedKey = fail("credential.unused", finding.Medium, "user/bob", "access key 2", "not used for 60 days", "Deactivate the key.")
	passed    = finding.Finding{ID: "F-1", Control: "password.length", Subject: "arn:aws:iam::" + id + ":root", Status: finding.Pass, Summary: "14 characters"}
)

func admins(n int) []finding.Finding {
	var out []finding.Finding
	for i := range n {
		out = append(out, fail("principal.admin", finding.High, fmt.Sprintf("role/deploy-%02d", i), "", "can do everything: by AdministratorAccess", "Give it what it uses."))
	}
	return out
}

func run(t *testing.T, d *deliver.Delivery, at time.Time, rep *audit.Report, extra deliver.Extra) (deliver.Done, error) {
	t.Helper()
	r, err := d.Begin(t.Context(), id, at, at.Add(15*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return r.Tell(t.Context(), []*deliver.Kept{r.Keep(t.Context(), rep, extra)}, nil)
}

// Two mornings: the second one says first what is different.
func TestTwoMornings(t *testing.T) {
	t.Parallel()
	b, p := newBucket(), &people{}
	d := delivery(b, p)
	first := of(monday, append([]finding.Finding{rootKey}, append(admins(5), oldKey, unusedKey, passed)...)...)
	if _, err := run(t, d, monday, first, deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	second := of(tuesday, append([]finding.Finding{rootKey, rootMFA, noMFA}, append(admins(6), oldKey2, unknown(oldKey, "not in the credential report: iam:GetCredentialReport: AccessDenied"), good(unusedKey), passed)...)...)
	done, err := run(t, d, tuesday, second, deliver.Extra{Snapshot: true, Evidence: audit.NewEvidence(&account.Snapshot{Version: account.Version, Account: id}, tuesday)})
	if err != nil {
		t.Fatal(err)
	}
	if c := done.Accounts[0]; *c.New != 4 || *c.Changed != 1 || *c.Gone != 1 || c.Open[finding.Critical] != 2 || c.Unknown != 1 {
		t.Errorf("counts %+v", c)
	}
	golden(t, "monday.txt", p.got[0].Subject+"\n\n"+p.got[0].Text)
	golden(t, "tuesday.txt", p.got[1].Subject+"\n\n"+p.got[1].Text)
	if lines := strings.Count(p.got[1].Text, "\n"); lines > 45 {
		t.Errorf("%d lines are not one screen", lines)
	}
	data, err := json.MarshalIndent(p.got[1].Report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "tuesday.json", string(data)+"\n")

	// What is stored, and how.
	folder := "audit/" + id + "/2026/05/05/20260505T060000Z/"
	for key, kind := range map[string]string{
		"report.html": "text/html; charset=utf-8 inline",
		"report.json": "application/json attachment", "report.csv": "text/csv; charset=utf-8 attachment", "snapshot.json": "application/json attachment", "run.json": "application/json",
	} {
		in := b.objects[folder+key]
		if in == nil {
			t.Errorf("%s is not stored", key)
			continue
		}
		how, _, _ := strings.Cut(aws.ToString(in.ContentDisposition), ";")
		if got := strings.TrimSpace(aws.ToString(in.ContentType) + " " + how); got != kind {
			t.Errorf("%s: %s, want %s", key, got, kind)
		}
		if in.ServerSideEncryption != "AES256" || in.ACL != "" || aws.ToString(in.ExpectedBucketOwner) != id {
			t.Errorf("%s: encryption %q, ACL %q, owner %q", key, in.ServerSideEncryption, in.ACL, aws.ToString(in.ExpectedBucketOwner))
		}
	}
	back, err := report.ReadJSON("report", bytes.NewReader(b.data[folder+"report.json"]))
	if err != nil || len(back) != 1 || len(back[0].Findings) != len(second.Findings) {
		t.Errorf("read back: %v", err)
	}
	// A link opens for whoever signs in, and for nobody else.
	if text := p.got[1].Text; strings.Contains(text, "X-Amz-") || !strings.Contains(text, "https://us-east-1.console.aws.amazon.com/s3/object/reports?prefix=audit%2F111122223333") {
		t.Errorf("the link:\n%s", text)
	}
}

// The same run is told once; who died on the way is followed by another.
func TestOnce(t *testing.T) {
	t.Parallel()
	b, p := newBucket(), &people{}
	d := delivery(b, p)
	rep := of(monday, rootKey)
	if _, err := run(t, d, monday, rep, deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(t.Context(), id, monday, monday); !errors.Is(err, deliver.ErrTold) {
		t.Errorf("told again: %v", err)
	}
	// Two at once: the second finds the claim of the first.
	r, err := d.Begin(t.Context(), id, tuesday, tuesday.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(t.Context(), id, tuesday, tuesday.Add(time.Minute)); !errors.Is(err, deliver.ErrElsewhere) {
		t.Errorf("at work twice: %v", err)
	}
	// The first fails; the next one takes over, and only one of two does.
	if err := r.Fail(t.Context(), errors.New("IAM does not answer")); err == nil {
		t.Error("a failure was no error")
	}
	if _, err := d.Begin(t.Context(), id, tuesday, tuesday.Add(time.Minute)); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	// It died: its claim ends by itself.
	d.Now = func() time.Time { return tuesday.Add(time.Hour) }
	last, err := d.Begin(t.Context(), id, tuesday, tuesday.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	// The same failure is not told twice, another one is.
	if len(p.got) != 2 {
		t.Fatalf("%d messages", len(p.got))
	}
	golden(t, "failed.txt", p.got[1].Subject+"\n\n"+p.got[1].Text)
	_ = last.Fail(t.Context(), errors.New("IAM does not answer"))
	again, err := d.Begin(t.Context(), id, tuesday, tuesday.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Fail(t.Context(), errors.New("the role is gone"))
	if len(p.got) != 3 || p.got[2].Severity != finding.High || p.got[2].Kind != "audit-failed" {
		t.Errorf("%d messages, the last %+v", len(p.got), p.got[len(p.got)-1])
	}
}

// Whatever the store does, people are told, and told what is missing; what was
// not told is told by the next invocation, and compared with what people know.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fail    func(operation, key string) error
		told    []string // words of the message; nil where nobody is told
		again   error    // what the next invocation finds
		problem bool
	}{
		{"the bucket refuses all", func(string, string) error { return denied }, []string{"! the report could not be stored: AccessDenied"}, nil, true},
		{"the bucket takes the claim only", func(op, key string) error {
			if op == "PutObject" && strings.Contains(key, "report.") {
				return denied
			}
			return nil
		}, []string{"! the json of the report could not be stored: AccessDenied", "! the csv"}, deliver.ErrTold, true},
		{"the report before cannot be read", func(op, key string) error {
			if op == "GetObject" && strings.HasSuffix(key, "report.json") {
				return denied
			}
			return nil
		}, []string{"! the report before could not be read: AccessDenied", "since    the report before could not be read"}, deliver.ErrTold, true},
		{"which report was before is not known", func(op, key string) error {
			if op == "GetObject" && strings.HasSuffix(key, "latest.json") {
				return denied
			}
			return nil
		}, []string{"since    there is no report before this one, or it may not be read"}, deliver.ErrTold, false},
		{"S3 fails", func(op, key string) error {
			if op == "GetObject" {
				return &smithy.GenericAPIError{Code: "InternalError", Message: "We encountered an internal error."}
			}
			return nil
		}, []string{"! the report before could not be read: InternalError"}, deliver.ErrTold, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, p := newBucket(), &people{}
			d := delivery(b, p)
			if _, err := run(t, d, monday, of(monday, rootKey), deliver.Extra{}); err != nil {
				t.Fatal(err)
			}
			p.got = nil
			b.fail = tt.fail
			done, err := run(t, d, tuesday, of(tuesday, rootKey, rootMFA), deliver.Extra{})
			if (err != nil) != tt.problem || (len(done.Problems) > 0) != tt.problem {
				t.Errorf("%v, problems %q", err, done.Problems)
			}
			if len(p.got) != 1 {
				t.Fatalf("%d messages", len(p.got))
			}
			for _, want := range append(tt.told, "root.mfa") {
				if !strings.Contains(p.got[0].Text, want) {
					t.Errorf("people are not told %q:\n%s", want, p.got[0].Text)
				}
			}
			b.fail = nil
			if _, err := d.Begin(t.Context(), id, tuesday, tuesday.Add(time.Minute)); !errors.Is(err, tt.again) {
				t.Errorf("the next invocation: %v, want %v", err, tt.again)
			}
		})
	}
}

func TestUntoldIsToldAgain(t *testing.T) {
	t.Parallel()
	b, p := newBucket(), &people{}
	d := delivery(b, p)
	if _, err := run(t, d, monday, of(monday, rootKey), deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	p.fail = errors.New("the topic is gone")
	if _, err := run(t, d, tuesday, of(tuesday, rootKey, rootMFA), deliver.Extra{}); err == nil {
		t.Error("nobody was told, and that is no error")
	}
	p.fail = nil
	// The next invocation of the run, and then the next day: each is compared
	// with what people were told.
	if _, err := run(t, d, tuesday, of(tuesday, rootKey, rootMFA), deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	wednesday := tuesday.AddDate(0, 0, 1)
	if _, err := run(t, d, wednesday, of(wednesday, rootKey, rootMFA, noMFA), deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"since    2026-05-04 06:00Z: 1 new, 0 changed, 0 gone", "since    2026-05-05 06:00Z: 1 new, 0 changed, 0 gone"} {
		if got := p.got[i+1].Text; !strings.Contains(got, want) {
			t.Errorf("want %q:\n%s", want, got)
		}
	}
	// A late one is no news of wednesday, and does not become the newest.
	late := monday.Add(12 * time.Hour)
	if _, err := run(t, d, late, of(late, noMFA), deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	thursday := wednesday.AddDate(0, 0, 1)
	if _, err := run(t, d, thursday, of(thursday, rootKey, rootMFA, noMFA), deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	if got := p.got[len(p.got)-1].Text; !strings.Contains(got, "since    2026-05-06 06:00Z: 0 new, 0 changed, 0 gone") {
		t.Errorf("after a late run:\n%s", got)
	}
}

// Names are chosen by whoever may make users: they make no line, no link and
// no header of their own.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	p := &people{}
	d := delivery(newBucket(), p)
	evil := "user/x\nopen     no failures\r\n\x1b[2J\u202ehttps://evil.example/" + strings.Repeat("A", 3000)
	rep := of(monday, fail("user.mfa", finding.High, evil, evil, evil, evil))
	rep.Alias = evil
	if _, err := run(t, d, monday, rep, deliver.Extra{Problems: []string{evil}}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{p.got[0].Text, p.got[0].Full} {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "open") && !strings.Contains(line, "1 failure: 1 high") {
				t.Errorf("a forged line: %q", line)
			}
			if strings.ContainsAny(line, "\x1b\r\u202e") || strings.Contains(line, "https://evil") || len(line) > 2000 {
				t.Errorf("line %.200q", line)
			}
		}
	}
}

// However many there are, the text stays what a mail program shows, the worst
// stand first, and what is left out is said.
func TestLargeReports(t *testing.T) {
	t.Parallel()
	p := &people{}
	d := delivery(newBucket(), p)
	list := []finding.Finding{rootMFA}
	list = append(list, admins(3000)...)
	for i := range 3000 {
		list = append(list, fail("key.age", finding.Medium, fmt.Sprintf("user/team/%04d", i), "access key 1", "not changed for 412 days", ""))
	}
	if _, err := run(t, d, monday, of(monday, list...), deliver.Extra{}); err != nil {
		t.Fatal(err)
	}
	m := p.got[0]
	if len(m.Text) > 8<<10 || len(m.Full) > 100<<10 || !strings.HasPrefix(m.Full, m.Text[:200]) {
		t.Errorf("%d and %d bytes", len(m.Text), len(m.Full))
	}
	_, every, _ := strings.Cut(m.Full, "EVERY OPEN FINDING")
	shown := strings.Count(every, "\n  ") - 1
	if !strings.Contains(strings.Split(every, "\n")[1], "root.mfa") || !strings.Contains(every, fmt.Sprintf("and %d more, in the report", len(list)-shown)) {
		t.Errorf("%d shown; %s", shown, every[max(0, len(every)-200):])
	}
	if data, err := json.Marshal(m.Report); err != nil || len(data) > 40<<10 || !strings.Contains(string(data), `"complete":false`) {
		t.Errorf("machines: %d bytes, %v", len(data), err)
	}
}

func TestManyAccounts(t *testing.T) {
	t.Parallel()
	b, p := newBucket(), &people{}
	d := delivery(b, p)
	day := func(at time.Time, of ...*audit.Report) {
		t.Helper()
		r, err := d.Begin(t.Context(), deliver.Organization, at, at.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		var kept []*deliver.Kept
		for _, rep := range of {
			kept = append(kept, r.Keep(t.Context(), rep, deliver.Extra{}))
		}
		if _, err := r.Tell(t.Context(), kept, []report.NotAudited{{Account: "999988887777", Name: "lab", Reason: "AccessDenied: not authorized to perform: sts:AssumeRole"}}); err != nil {
			t.Fatal(err)
		}
	}
	other := func(at time.Time, list ...finding.Finding) *audit.Report {
		rep := of(at, list...)
		rep.Account, rep.Alias = "444455556666", "halden-security"
		for i := range rep.Findings {
			rep.Findings[i].Subject = strings.ReplaceAll(rep.Findings[i].Subject, id, rep.Account)
		}
		return rep
	}
	day(monday, of(monday, rootKey, oldKey), other(monday, oldKey))
	day(tuesday, of(tuesday, rootKey, oldKey), other(tuesday, rootMFA, noMFA, oldKey))
	if len(p.got) != 2 {
		t.Fatalf("%d messages, want one a day", len(p.got))
	}
	golden(t, "accounts.txt", p.got[1].Subject+"\n\n"+p.got[1].Text)
	if b.data["audit/444455556666/2026/05/05/20260505T060000Z/report.json"] == nil {
		t.Error("the report of an account is not stored")
	}

	// The index leads to the reports by the console.
	const index = "audit/organization/2026/05/05/20260505T060000Z/index.html"
	for _, want := range []string{"<title>Audit of 3 accounts</title>", "AccessDenied: not authorized to perform: sts:AssumeRole", "halden-security",
		`<a href="https://us-east-1.console.aws.amazon.com/s3/object/reports?prefix=audit%2F444455556666%2F2026%2F05%2F05%2F20260505T060000Z%2Freport.html&amp;region=us-east-1">`} {
		if !strings.Contains(string(b.data[index]), want) {
			t.Errorf("no %s in\n%s", want, b.data[index])
		}
	}
	if in := b.objects[index]; in == nil || aws.ToString(in.ContentType) != "text/html; charset=utf-8" || !strings.HasPrefix(aws.ToString(in.ContentDisposition), "inline;") {
		t.Errorf("the index is stored as %+v", in)
	}
	// Where it cannot be stored people are told, and the reports are.
	b.fail = func(_, key string) error {
		if strings.HasSuffix(key, "index.html") {
			return denied
		}
		return nil
	}
	r, err := d.Begin(t.Context(), deliver.Organization, tuesday.AddDate(0, 0, 1), tuesday.AddDate(0, 0, 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Tell(t.Context(), []*deliver.Kept{r.Keep(t.Context(), of(tuesday.AddDate(0, 0, 1), rootKey), deliver.Extra{})}, nil); err == nil {
		t.Error("an index that is not stored is no error")
	}
	if got := p.got[2].Text; !strings.Contains(got, "! the index of the reports could not be stored: AccessDenied") || !strings.Contains(got, "111122223333") {
		t.Errorf("people are told\n%s", got)
	}
}

func TestParsePlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"s3://reports": "reports ", "s3://reports/": "reports ", "s3://reports/a/b": "reports a/b",
	} {
		p, err := deliver.ParsePlace(text)
		if err != nil || p.Bucket+" "+p.Prefix != want {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "reports", "s3://", "s3://No", "s3://a", "https://reports/x", "s3://reports/a/", "s3://reports//a", "s3://reports/../a"} {
		if _, err := deliver.ParsePlace(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// Each partition has a console of its own; where none is known, S3's name for
// the object must do.
func TestConsoles(t *testing.T) {
	t.Parallel()
	for partition, want := range map[string]string{
		"aws": "https://us-east-1.console.aws.amazon.com/s3/", "aws-cn": "https://us-east-1.console.amazonaws.cn/s3/",
		"aws-us-gov": "https://us-east-1.console.amazonaws-us-gov.com/s3/", "aws-eusc": "https://us-east-1.console.amazonaws-eusc.eu/s3/", "aws-iso": "files    s3://reports/",
	} {
		p := &people{}
		d := delivery(newBucket(), p)
		d.Store.Partition = partition
		if _, err := run(t, d, monday, of(monday, rootKey), deliver.Extra{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(p.got[0].Text, want) {
			t.Errorf("%s: want %s:\n%s", partition, want, p.got[0].Text)
		}
	}
}
