package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"warden/app"
	"warden/twin"
)

func runAudit(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	root := newRoot(&streams{In: strings.NewReader(""), Out: &o, Err: &e})
	root.SetArgs(append([]string{"audit", "--fail-on", "none"}, args...))
	status = exitStatus(&e, root.ExecuteContext(t.Context()))
	return status, o.String(), e.String()
}

// The command stores and tells as the function does: with --apply only, once
// for the same evidence, and compared with what was told before.
func TestAuditSends(t *testing.T) {
	ctx := t.Context()
	snapshot, truth := twin.Sample(1, time.Now())
	tw, err := twin.New(twin.Config{Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	id, secret, err := tw.Credentials(truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_PROFILE": "", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, v)
	}
	admin := app.Fixed(server.URL(), app.Key{ID: id, Secret: secret})
	if _, err := admin.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("reports")}); err != nil {
		t.Fatal(err)
	}
	topic, err := admin.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("audit")})
	if err != nil {
		t.Fatal(err)
	}
	stored := func() []string {
		out, err := admin.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("reports")})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, o := range out.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
		return keys
	}
	collected := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		if status, out, errs := runCollect(t, "--out", path, "--endpoint-url", server.URL()); status != 0 {
			t.Fatalf("status %d\n%s%s", status, out, errs)
		}
		return path
	}
	first := collected("first.json")
	send := []string{"--store", "s3://reports/audit", "--topic", aws.ToString(topic.TopicArn), "--endpoint-url", server.URL()}

	status, _, errs := runAudit(t, append(send, "--from", first)...)
	if status != 0 || !strings.Contains(errs, "nothing was stored or sent; --apply does both, under the subject\n  warden audit: ") || len(stored()) != 0 {
		t.Errorf("without --apply: status %d, %v\n%s", status, stored(), errs)
	}
	send = append(send, "--apply")
	status, _, errs = runAudit(t, append(send, "--from", first)...)
	if status != 0 || strings.Count(errs, "stored s3://reports/audit/"+snapshot.Account+"/") != 3 || !strings.Contains(errs, "told "+aws.ToString(topic.TopicArn)) {
		t.Errorf("status %d\n%s", status, errs)
	}
	before := len(stored())
	status, _, errs = runAudit(t, append(send, "--from", first)...)
	if status != 0 || !strings.Contains(errs, "nothing to send") || len(stored()) != before {
		t.Errorf("the same again: status %d, %d objects, before %d\n%s", status, len(stored()), before, errs)
	}
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // a run has its second
	status, _, errs = runAudit(t, append(send, "--from", collected("second.json"))...)
	if status != 0 || !strings.Contains(errs, "told ") {
		t.Errorf("status %d\n%s", status, errs)
	}
	newest := ""
	for _, key := range stored() {
		if strings.HasSuffix(key, "report.json") {
			newest = key // they are in the order of time
		}
	}
	out, err := admin.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("reports"), Key: aws.String(newest)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(out.Body)
	if err != nil || !strings.Contains(string(data), `"since":{"new":[`) {
		t.Errorf("the second is compared with nothing: %v %.400s", err, data)
	}

	for want, args := range map[string][]string{
		"want the ARN of an SNS topic":                              {"--topic", "audit"},
		"want s3://BUCKET/PREFIX":                                   {"--store", "reports"},
		"--store-kms-key goes with --store":                         {"--store-kms-key", "k"},
		"--apply goes with --push-security-hub, --store or --topic": {"--apply"},
		"--inventory has no findings to push, store or publish":     {"--inventory", "--topic", aws.ToString(topic.TopicArn)},
	} {
		if status, _, errs := runAudit(t, append(args, "--from", first)...); status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
	// A bucket that is not there: told all the same, with an error.
	status, _, errs = runAudit(t, "--from", first, "--store", "s3://no-such-bucket", "--topic", aws.ToString(topic.TopicArn), "--endpoint-url", server.URL(), "--apply")
	if status != 1 || !strings.Contains(errs, "NoSuchBucket") || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
		t.Errorf("no bucket: status %d\n%s", status, errs)
	}
}
