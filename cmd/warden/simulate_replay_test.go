package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/change"
)

// replayAccount has a user under a path, in a group, with a boundary, and a
// role under a path.
const replayAccount = `{"version":1,"account":"111122223333","partition":"aws","collectedAt":"2026-02-01T00:00:00Z",
"users":[
 {"path":"/eng/","name":"ann","id":"AIDAANN","arn":"arn:aws:iam::111122223333:user/eng/ann","createDate":"2025-01-01T00:00:00Z","groups":["devs"],"tags":{"team":"a"},
  "inline":[{"name":"own","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","iam:*","kms:*","ec2:*","lambda:*","sts:*","sqs:*"],"Resource":"*"}]}}],
  "attached":["arn:aws:iam::111122223333:policy/Shared"],
  "accessKeys":[{"id":"AKIAANN","active":true,"createDate":"2025-01-01T00:00:00Z"}]},
 {"path":"/","name":"ben","id":"AIDABEN","arn":"arn:aws:iam::111122223333:user/ben","createDate":"2025-01-01T00:00:00Z","attached":["arn:aws:iam::111122223333:policy/Shared"]}],
"groups":[{"path":"/","name":"devs","id":"AGPADEVS","arn":"arn:aws:iam::111122223333:group/devs","createDate":"2025-01-01T00:00:00Z",
  "inline":[{"name":"team","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}}}]}],
"roles":[{"path":"/team/","name":"app","id":"AROAAPP","arn":"arn:aws:iam::111122223333:role/team/app","createDate":"2025-01-01T00:00:00Z","maxSessionDuration":3600,
  "trust":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}},
  "inline":[{"name":"own","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}}]}],
"policies":[{"path":"/","name":"Shared","id":"ANPASHARED","arn":"arn:aws:iam::111122223333:policy/Shared","createDate":"2025-01-01T00:00:00Z","updateDate":"2025-01-01T00:00:00Z",
  "versions":[{"id":"v1","default":true,"createDate":"2025-01-01T00:00:00Z","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:*","Resource":"*"}}}]}]}`

// The callers of the events.
const (
	byAnn     = `{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/eng/ann","accountId":"111122223333","userName":"ann","accessKeyId":"AKIAANN"}`
	byOldName = `{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/anna","accountId":"111122223333","userName":"anna","accessKeyId":"AKIAANN"}`
	byFormer  = `{"type":"IAMUser","principalId":"AIDAFORMER","arn":"arn:aws:iam::111122223333:user/eng/ann","accountId":"111122223333","userName":"ann","accessKeyId":"AKIAOLD"}`
	byToken   = `{"type":"FederatedUser","principalId":"111122223333:guest","arn":"arn:aws:sts::111122223333:federated-user/guest","accountId":"111122223333","accessKeyId":"ASIAG","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/eng/ann","accountId":"111122223333","userName":"ann"}}}`
	byApp     = `{"type":"AssumedRole","principalId":"AROAAPP:i-1","arn":"arn:aws:sts::111122223333:assumed-role/app/i-1","accountId":"111122223333","accessKeyId":"ASIAAPP"}`
	byAppLong = `{"type":"AssumedRole","principalId":"AROAAPP:i-2","arn":"arn:aws:sts::111122223333:assumed-role/app/i-2","accountId":"111122223333","accessKeyId":"ASIAAPP","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAPP","arn":"arn:aws:iam::111122223333:role/team/app","accountId":"111122223333","userName":"app"},"attributes":{"mfaAuthenticated":"false","creationDate":"2026-01-01T00:00:00Z"}}}`
)

// recorded is a CloudTrail record; source without its domain.
func recorded(id, by, source, name, rest string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","eventID":%q,"eventType":"AwsApiCall","eventSource":"%s.amazonaws.com","eventName":"%s","eventTime":"2026-01-02T03:04:05Z","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.9","userAgent":"x","recipientAccountId":"111122223333","userIdentity":%s%s}`,
		id, source, name, by, rest)
}

// replayFiles writes the account, the policies and the trail into a folder.
func replayFiles(t *testing.T, policy string, events ...string) (snapshot, document, trail string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("account.json", replayAccount), write("policy.json", policy), write("trail.json", `{"Records":[`+strings.Join(events, ",")+`]}`)
}

func statement(text string) string { return `{"Version":"2012-10-17","Statement":[` + text + `]}` }

func TestReplayVerdicts(t *testing.T) {
	t.Parallel()
	const wide = `{"Effect":"Allow","Action":["s3:*","iam:*","kms:*","ec2:*","lambda:*","sts:*","sqs:*"],"Resource":"*"}`
	for _, tt := range []struct {
		name, who, policy, event string
		// want is the outcome of each request of the call, in the order of
		// their actions and resources.
		want string
	}{
		{"an object", "ann", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject allowed"},
		{"one version of an object needs another permission", "ann", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k","versionId":"v"}`), "s3:GetObjectVersion denied"},
		{"several instances", "ann", `{"Effect":"Allow","Action":"ec2:*","Resource":"arn:aws:ec2:*:*:instance/i-1"}`,
			recorded("1", byAnn, "ec2", "TerminateInstances", `,"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}`), "ec2:TerminateInstances allowed, ec2:TerminateInstances denied"},
		{"types that the record does not name", "ann", `{"Effect":"Allow","Action":"ec2:*","Resource":["arn:aws:ec2:*:*:subnet/*","arn:aws:ec2:*::image/*"]}`,
			recorded("1", byAnn, "ec2", "RunInstances", `,"requestParameters":{"subnetId":"subnet-1","instancesSet":{"items":[{"imageId":"ami-1"}]}}`),
			"ec2:RunInstances allowed, ec2:RunInstances allowed, ec2:RunInstances denied, ec2:RunInstances denied, ec2:RunInstances denied"},
		{"a type that is denied in part", "ann", wide + `,{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:security-group/sg-1"}`,
			recorded("1", byAnn, "ec2", "RunInstances", `,"requestParameters":{"subnetId":"subnet-1","instancesSet":{"items":[{"imageId":"ami-1"}]}}`),
			"ec2:RunInstances allowed, ec2:RunInstances allowed, ec2:RunInstances allowed, ec2:RunInstances allowed, ec2:RunInstances cannot tell"},
		{"the role of the instance profile", "ann", `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`,
			recorded("1", byAnn, "ec2", "AssociateIamInstanceProfile", `,"requestParameters":{"AssociateIamInstanceProfileRequest":{"InstanceId":"i-1"},"iamInstanceProfile":{"name":"p"}}`), "ec2:AssociateIamInstanceProfile allowed, iam:PassRole denied"},
		{"a key, which has a policy of its own", "ann", wide,
			recorded("1", byAnn, "kms", "Decrypt", `,"resources":[{"ARN":"arn:aws:kms:eu-west-1:111122223333:key/k1","accountId":"111122223333","type":"AWS::KMS::Key"}]`), "kms:Decrypt allowed"},
		{"a key, whose policy may name the user", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
			recorded("1", byAnn, "kms", "Decrypt", `,"resources":[{"ARN":"arn:aws:kms:eu-west-1:111122223333:key/k1","accountId":"111122223333","type":"AWS::KMS::Key"}]`), "kms:Decrypt cannot tell"},
		{"a key of another account needs the own account's word", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
			recorded("1", byAnn, "kms", "Decrypt", `,"resources":[{"ARN":"arn:aws:kms:eu-west-1:999999999999:key/k1","accountId":"999999999999","type":"AWS::KMS::Key"}]`), "kms:Decrypt denied"},
		{"a bucket of another account", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}}`,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"},"resources":[{"ARN":"arn:aws:s3:::b/k","type":"AWS::S3::Object"},{"ARN":"arn:aws:s3:::b","accountId":"999999999999","type":"AWS::S3::Bucket"}]`), "s3:GetObject denied"},
		{"a bucket of nobody knows whom", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}}`,
			recorded("1", byAnn, "s3", "PutBucketTagging", `,"requestParameters":{"bucketName":"b"}`), "s3:PutBucketTagging cannot tell"},
		{"the user has another name today", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::home/${aws:username}/*"}`,
			recorded("1", byOldName, "s3", "GetObject", `,"requestParameters":{"bucketName":"home","key":"anna/x"}`), "s3:GetObject denied"},
		{"a session that he passed on", "ann", `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`,
			recorded("1", byToken, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject denied"},
		{"a session that he passed on, within his policies", "ann", wide,
			recorded("1", byToken, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject allowed"},
		{"a tag of the user", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}}`,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject allowed"},
		{"a tag of the resource", "ann", `{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}`,
			recorded("1", byAnn, "ec2", "StartInstances", `,"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"}]}}`), "ec2:StartInstances cannot tell"},
		{"all but one action", "ann", `{"Effect":"Allow","NotAction":"s3:GetObject","Resource":"*"}`,
			recorded("1", byAnn, "s3", "HeadObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject denied"},
		{"all but one bucket", "ann", `{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"}`,
			recorded("1", byAnn, "s3", "DeleteObjects", `,"requestParameters":{"bucketName":"secret"}`), "s3:DeleteObject denied"},
		{"objects of a bucket, whichever", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}`,
			recorded("1", byAnn, "s3", "DeleteObjects", `,"requestParameters":{"bucketName":"b"}`), "s3:DeleteObject allowed"},
		{"objects of a bucket, some", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/tmp/*"}`,
			recorded("1", byAnn, "s3", "DeleteObjects", `,"requestParameters":{"bucketName":"b"}`), "s3:DeleteObject cannot tell"},
		{"by a service for the user", "ann", wide + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"false"}}}`,
			recorded("1", byAnn[:len(byAnn)-1]+`,"invokedBy":"athena.amazonaws.com"}`, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject allowed"},
		{"by something within AWS", "ann", wide + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"false"}}}`,
			recorded("1", byAnn[:len(byAnn)-1]+`,"invokedBy":"AWS Internal"}`, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject cannot tell"},
		{"without a word of TLS", "ann", wide + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject cannot tell"},
		{"over TLS", "ann", wide + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"},"tlsDetails":{"tlsVersion":"TLSv1.3"}`), "s3:GetObject allowed"},
		{"an encrypted object", "ann", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
			recorded("1", byAnn, "s3", "PutObject", `,"requestParameters":{"bucketName":"b","key":"k","x-amz-server-side-encryption":"aws:kms","x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:eu-west-1:111122223333:key/k1"}`), "kms:GenerateDataKey cannot tell, s3:PutObject allowed"},
		{"tags of a session", "ann", `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`,
			recorded("1", byAnn, "sts", "AssumeRole", `,"requestParameters":{"roleArn":"arn:aws:iam::999999999999:role/x","tags":[{"key":"a","value":"b"}]}`), "sts:AssumeRole allowed, sts:TagSession denied"},
		{"two roles that are passed", "ann", wide + `,{"Effect":"Deny","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/exec"}`,
			recorded("1", byAnn, "lambda", "CreateFunction20150331", `,"requestParameters":{"functionName":"f","role":"arn:aws:iam::111122223333:role/run","nested":{"invokeRoleArn":"arn:aws:iam::111122223333:role/exec"}}`), "iam:PassRole allowed, iam:PassRole denied, lambda:CreateFunction allowed"},
		{"a queue by its URL", "ann", `{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:eu-west-1:111122223333:jobs"}`,
			recorded("1", byAnn, "sqs", "PurgeQueue", `,"requestParameters":{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"}`), "sqs:PurgeQueue allowed"},
		{"it failed for another reason", "ann", wide,
			recorded("1", byAnn, "rds", "DescribeDBInstances", `,"errorCode":"DBInstanceNotFound"`), "rds:DescribeDBInstances cannot tell"},
		{"it was refused, although the policies allow it", "ann", wide,
			recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"},"errorCode":"AccessDenied"`), "s3:GetObject cannot tell"},
		{"a session of a role without its issuer", "app", `{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/team/app"}}}`,
			recorded("1", byApp, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`), "s3:GetObject allowed"},
		{"one session of a role", "arn:aws:sts::111122223333:assumed-role/app/i-2", `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`,
			recorded("1", byApp, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`) + "," + recorded("2", byAppLong, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"other"}`), "s3:GetObject denied"},
		{"a policy of the group stays", "ann", wide,
			recorded("1", byAnn, "dynamodb", "DeleteTable", `,"requestParameters":{"tableName":"t"}`), "dynamodb:DeleteTable allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			snapshot, document, trail := replayFiles(t, statement(tt.policy), tt.event)
			_, out, errs := runSimulate(t, "", "--snapshot", snapshot, "--principal", tt.who, "--with", "own="+document, "--replay", trail, "-o", "json")
			var got replayed
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v: %s%s", err, out, errs)
			}
			if words := outcomes(got); words != tt.want {
				t.Errorf("got  %s\nwant %s\n%s", words, tt.want, out)
			}
		})
	}
}

func outcomes(r replayed) string {
	var words []string
	for _, c := range r.Replay.Calls {
		words = append(words, c.Action+" "+string(c.After))
	}
	return strings.Join(sortedWords(words), ", ")
}

func sortedWords(words []string) []string {
	out := append([]string{}, words...)
	for i := range out {
		for j := i + 1; j < len(out); j++ {
			if out[j] < out[i] {
				out[i], out[j] = out[j], out[i]
			}
		}
	}
	return out
}

func TestReplayAnswers(t *testing.T) {
	t.Parallel()
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	object := func(id, by string) string {
		return recorded(id, by, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`)
	}
	for _, tt := range []struct {
		name, policy string
		args         []string
		events       []string
		status       int
		out, errs    string
	}{
		{"a record that is there twice counts once", all, nil, []string{object("1", byAnn), object("1", byAnn)}, 0, "1 recorded calls", ""},
		{"the records of two accounts count once", all, nil, []string{
			recorded("1", byAnn, "s3", "GetObject", `,"sharedEventID":"s","requestParameters":{"bucketName":"b","key":"k"}`),
			recorded("2", byAnn, "s3", "GetObject", `,"sharedEventID":"s","requestParameters":{"bucketName":"b","key":"k"}`)}, 0, "1 recorded calls", ""},
		{"somebody who had the name before", `{"Effect":"Deny","Action":"*","Resource":"*"}`, nil, []string{object("1", byFormer)}, 0, "left out: 1 events by somebody who had this name before", ""},
		{"nothing is no proof", all, []string{"--strict"}, []string{object("1", byFormer)}, 4, "no recorded call is by", ""},
		{"denied", `{"Effect":"Deny","Action":"*","Resource":"*"}`, nil, []string{object("1", byAnn)}, 3, "DENIED", ""},
		{"unknown calls are not certain", all, []string{"--strict"}, []string{recorded("1", byAnn, "madeup", `Do\u001b[31m`, "")}, 4, "nobody knows its action: madeup.amazonaws.com Do", ""},
		{"a key of the context", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/a":"b"}}}`, []string{"--context", "s3:ExistingObjectTag/a=b", "--strict"}, []string{object("1", byAnn)}, 0, "1 allowed", ""},
		{"one resource's policy", all, []string{"--resource-policy", "x.json"}, []string{object("1", byAnn)}, 2, "", "--resource-policy"},
		{"an expectation", all, []string{"--expect", "allowed"}, []string{object("1", byAnn)}, 2, "", "--expect"},
		{"a resource", all, []string{"--resource", "arn:aws:s3:::b/k"}, []string{object("1", byAnn)}, 2, "", "--resource"},
		{"standard input twice", all, []string{"--snapshot", "-", "--replay", "-"}, nil, 2, "", "standard input (-) can be read once only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			snapshot, document, trail := replayFiles(t, statement(tt.policy), tt.events...)
			args := append([]string{"--snapshot", snapshot, "--principal", "ann", "--with", "own=" + document, "--replay", trail}, tt.args...)
			status, out, errs := runSimulate(t, "", args...)
			if status != tt.status || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) || strings.Contains(out+errs, "\x1b") {
				t.Errorf("status %d, want %d\n%s%s", status, tt.status, out, errs)
			}
		})
	}
}

// A plan that makes a key inactive makes its calls impossible, whatever the
// policies say.
func TestReplayInactiveKey(t *testing.T) {
	t.Parallel()
	plan, err := change.NewPlan(change.Plan{Account: "111122223333", Incident: "i", Round: 1, Steps: []change.Step{change.DeactivateKey(change.Identity{ARN: "arn:aws:iam::111122223333:user/eng/ann", ID: "AIDAANN"}, "AKIAANN")}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, document, trail := replayFiles(t, string(text), recorded("1", byAnn, "s3", "GetObject", `,"requestParameters":{"bucketName":"b","key":"k"}`))
	status, out, errs := runSimulate(t, "", "--snapshot", snapshot, "--principal", "ann", "--with", document, "--replay", trail)
	if status != 3 || !strings.Contains(out, "the change makes the access key AKIAANN inactive") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

// A policy that others have too changes for them.
func TestWithSharedPolicy(t *testing.T) {
	t.Parallel()
	snapshot, document, _ := replayFiles(t, statement(`{"Effect":"Deny","Action":"*","Resource":"*"}`))
	_, _, errs := runSimulate(t, "", "--snapshot", snapshot, "--principal", "ann", "--with", "Shared="+document, "--action", "sns:Publish", "--resource", "arn:aws:sns:eu-west-1:111122223333:t")
	if !strings.Contains(errs, "changes for user ben too") {
		t.Errorf("%s", errs)
	}
}
