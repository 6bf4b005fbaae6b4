package source

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"warden/policy"
	"warden/policy/lint"
)

// show writes what was found, one policy a line.
func show(t *testing.T, found []Policy) string {
	t.Helper()
	var b strings.Builder
	for i := range found {
		p := &found[i]
		if !json.Valid(p.Text) {
			t.Errorf("%s: not JSON: %s", p.Name, p.Text)
		}
		line, column := p.Place(1, 1)
		fmt.Fprintf(&b, "%d:%d %s kind=%s holder=%s owner=%s\n", line, column, p.Name, p.Kind, p.Holder, p.Owner)
	}
	return b.String()
}

func TestFind(t *testing.T) {
	t.Parallel()
	const doc = `{"Statement":[]}`
	for _, c := range []struct{ name, in, want string }{
		{"a policy", doc, "1:1  kind=auto holder= owner=\n"},
		{"a policy with a byte order mark", "\ufeff" + doc, "1:1  kind=auto holder= owner=\n"},
		{"a policy in YAML", "Version: 2012-10-17\nStatement:\n- Effect: Allow\n", "1:1  kind=auto holder= owner=\n"},
		{"nothing", `{"a":[1,true,null,{"Statement":"text"}]}`, ""},
		{"CLI: get-role", `{"Role":{"RoleName":"r","AssumeRolePolicyDocument":` + doc + `}}`, "1:52 Role.AssumeRolePolicyDocument kind=trust holder= owner=\n"},
		{
			"CLI: account details",
			`{"UserDetailList":[{"UserName":"u","UserPolicyList":[{"PolicyName":"p","PolicyDocument":` + doc + `}]}],
"Policies":[{"PolicyName":"m","Arn":"arn:aws:iam::111122223333:policy/m","PolicyVersionList":[{"Document":` + doc + `,"IsDefaultVersion":true},{"Document":` + doc + `,"IsDefaultVersion":false}]},
{"PolicyName":"a","Arn":"arn:aws:iam::aws:policy/a","PolicyVersionList":[{"Document":` + doc + `,"IsDefaultVersion":true}]}]}`,
			"1:89 UserDetailList.u.UserPolicyList.p.PolicyDocument kind=identity holder=user owner=UserDetailList.u\n" +
				"2:107 Policies.m.PolicyVersionList.0.Document kind=identity holder=managed owner=Policies.m.PolicyVersionList.0\n",
		},
		{
			"CloudFormation",
			`
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: []
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: []}
        - !If [C, {PolicyName: q, PolicyDocument: {Statement: []}}, !Ref AWS::NoValue]
  M:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: []}}
  S:
    Type: AWS::Organizations::Policy
    Properties: {Type: SERVICE_CONTROL_POLICY, Content: {Statement: []}}
  E:
    Type: AWS::EC2::VPCEndpoint
    Properties: {PolicyDocument: !Sub '{"Statement":[{"Resource":"${X}"}]}'}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - AWSLambdaExecute
        - Statement: [{Effect: Allow}]
  B:
    Type: AWS::S3::BucketPolicy
    Properties: {PolicyDocument: {Statement: []}}
`,
			"7:9 Resources.R.AssumeRolePolicyDocument kind=trust holder= owner=R\n" +
				"10:27 Resources.R.Policies.p.PolicyDocument kind=identity holder=role owner=R\n" +
				"11:51 Resources.R.Policies.q.PolicyDocument kind=identity holder=role owner=R\n" +
				"14:34 Resources.M.PolicyDocument kind=identity holder=managed owner=M\n" +
				"17:57 Resources.S.Content kind=scp holder= owner=S\n" +
				"20:34 Resources.E.PolicyDocument kind=endpoint holder= owner=E\n" +
				"26:11 Resources.F.Policies.1 kind=identity holder=role owner=F\n" +
				"29:34 Resources.B.PolicyDocument kind=resource holder= owner=B\n",
		},
		{
			"Terraform",
			`{"format_version":"1.2","planned_values":{"root_module":{"resources":[
{"address":"aws_iam_role.r","type":"aws_iam_role","values":{"name":"r","assume_role_policy":"{\"Statement\":[]}","inline_policy":[{"name":"i","policy":"{\"Statement\":[]}"}]}},
{"address":"data.x","mode":"data","type":"aws_iam_policy_document","values":{"json":"{\"Statement\":[]}"}},
{"address":"aws_organizations_policy.o","type":"aws_organizations_policy","values":{"content":"{\"Statement\":[]}"}}],
"child_modules":[{"resources":[{"address":"module.m.aws_iam_user_policy.p","type":"aws_iam_user_policy","values":{"user":"u","policy":"{\"Statement\":[]}"}},
{"address":"aws_s3_bucket_policy.b","type":"aws_s3_bucket_policy","values":{"policy":"{\"Statement\":[]}"}}]}]}},
"resource_changes":[]}`,
			"2:93 aws_iam_role.r.assume_role_policy kind=trust holder= owner=aws_iam_role.r\n" +
				"2:152 aws_iam_role.r.inline_policy.i.policy kind=identity holder=role owner=aws_iam_role.r\n" +
				"4:95 aws_organizations_policy.o.content kind=scp holder= owner=aws_organizations_policy.o\n" +
				"5:135 module.m.aws_iam_user_policy.p.policy kind=identity holder=user owner=user u\n" +
				"6:86 aws_s3_bucket_policy.b.policy kind=auto holder= owner=aws_s3_bucket_policy.b\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, err := Find("f", []byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, found); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestFunctions resolves what a template says, and leaves open what it does
// not.
func TestFunctions(t *testing.T) {
	t.Parallel()
	const in = `
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - !If
            - Extra
            - {Effect: Deny, Action: "s3:DeleteBucket", Resource: "*"}
            - !Ref AWS::NoValue
          - Effect: Allow
            Action: !If [Write, ["s3:PutObject", "s3:GetObject"], "s3:GetObject"]
            Resource:
              - !Sub arn:${AWS::Partition}:s3:::${Bucket}/${!aws:username}/*
              - !Sub ["arn:aws:s3:::${B}", {B: !Ref Bucket}]
              - Fn::Join: ["", ["arn:aws:s3:::", !Ref Bucket, "/*"]]
              - !GetAtt Queue.Arn
              - !If [X, "arn:aws:s3:::x/*", !Ref "AWS::NoValue"]
            Condition: !If [Y, {Bool: {"aws:SecureTransport": true}}, !Ref "AWS::NoValue"]
            NotPrincipal: !Ref AWS::NoValue
`
	found, err := Find("t.yaml", []byte(in))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d policies, %v", len(found), err)
	}
	doc, err := policy.ParseStored("t.yaml", found[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"},` +
		`{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:GetObject"],"Resource":["arn:?:s3:::?/${aws:username}/*","arn:aws:s3:::?",` +
		`"arn:aws:s3:::?/*","?","arn:aws:s3:::x/*"],"Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}`
	if got := strings.ReplaceAll(string(text), lint.Unknown, "?"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Places lead back to the template.
	s := doc.Statements[1]
	if line, column := found[0].Place(s.Line, s.Column); line != 13 || column != 13 {
		t.Errorf("the statement is at %d:%d", line, column)
	}
	for _, f := range lint.Lint(doc, lint.Options{Source: found[0].Text, Kind: found[0].Kind}) {
		line, _ := found[0].Place(f.Line, f.Column)
		if f.Check == "action.redundant" && line == 14 {
			continue // either branch of the choice may hold it
		}
		t.Errorf("line %d: %s: %s", line, f.Check, f.Message)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "f: the file is empty",
		"{\n \"Statement\": [\n":     "f:3:1: the JSON ends too early",
		"{\n \"Statement\": [,]\n}":  "f:2:",
		`{"Statement":[]} x`:         "f:1:18: there is more text",
		"a: [\n":                     "f: not valid YAML: line",
		strings.Repeat("[", 300):     "f:",
		"a: &a [*a]":                 "f: nested deeper",
		bomb():                       "f: more than",
		"{\"a\":\"\x80\xff\"}":       "f:1:",
		`{"Resources":{"A":"text"}}`: "",
		"- 1\n- {Statement: text}\n": "",
	} {
		found, err := Find("f", []byte(in))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want == "" && (err != nil || len(found) != 0) || want != "" && !strings.HasPrefix(got, want) {
			t.Errorf("Find(%.40q): %d policies, error %q, want %q", in, len(found), got, want)
		}
	}
}

// bomb is YAML whose aliases unfold to 10^9 values.
func bomb() string {
	b := strings.Builder{}
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return b.String()
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"Resources":{"A":{"Type":"AWS::IAM::Role","Properties":{"Policies":[{"Fn::If":["C",{"PolicyDocument":{"Statement":[]}},{"Ref":"AWS::NoValue"}]}]}}}}`))
	f.Add([]byte("Resources:\n  A:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies: !If [a, [{Statement: []}], !Ref AWS::NoValue]\n"))
	f.Add([]byte(`{"planned_values":{"root_module":{"resources":[{"address":"a","type":"aws_iam_policy","values":{"policy":"{\"Statement\":[]}"}}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := Find("f", data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		for i := range found {
			p := &found[i]
			if !p.Whole() && !json.Valid(p.Text) {
				t.Errorf("not JSON: %s", p.Text)
			}
			if line, _ := p.Place(1<<30, 1); line < 0 {
				t.Errorf("line %d", line)
			}
		}
	})
}
