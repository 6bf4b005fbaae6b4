package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"warden/internal/fixture"
)

// plain is a node as a value: a tagged one as a map of its tag. A text that
// is JSON but for what Fn::Sub puts into it is compared without its layout.
func plain(n *yaml.Node) any {
	var v any
	switch n.Kind {
	case yaml.ScalarNode:
		v = n.Value
		if strings.HasPrefix(n.Value, "{") {
			v = strings.Join(strings.Fields(strings.NewReplacer(`": `, `":`, ", ", ",").Replace(n.Value)), " ")
			v = strings.NewReplacer("{ ", "{", " }", "}", "[ ", "[", " ]", "]", ", ", ",").Replace(v.(string))
		}
		v = fmt.Sprint(n.ShortTag(), " ", v)
	case yaml.SequenceNode:
		list := []any{n.ShortTag()}
		for _, e := range n.Content {
			list = append(list, plain(e))
		}
		v = list
	case yaml.MappingNode:
		m := map[string]any{"tag": n.ShortTag()}
		for name, e := range pairs(n) {
			m[name] = plain(e)
		}
		v = m
	default:
		v = n.Kind
	}
	return v
}

// What is printed of a template fits into a request and says what the source
// says.
func TestPrintedTemplates(t *testing.T) {
	t.Parallel()
	for _, name := range Templates() {
		source, err := Source(name)
		if err != nil {
			t.Fatal(err)
		}
		printed, err := Template(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, of a source of %d", name, len(printed), len(source))
		// Whoever adds a setting should not have to begin with saving bytes.
		const spare = 1000
		if len(printed) > MaxBody-spare {
			t.Errorf("%s has %d bytes, a request holds %d: want %d to spare", name, len(printed), MaxBody, spare)
		}
		squeezed, err := compact(source)
		if err != nil {
			t.Fatal(err)
		}
		if len(source) > MaxBody && squeezed != printed {
			t.Errorf("%s: what is printed is not the compact form", name)
		}
		var want, got yaml.Node
		if err := yaml.Unmarshal([]byte(source), &want); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(squeezed), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		remove(want.Content[0], "Metadata")
		for _, r := range pairs(member(want.Content[0], "Resources")) {
			remove(r, "Metadata")
		}
		if diff := cmp.Diff(plain(want.Content[0]), plain(got.Content[0])); diff != "" {
			t.Errorf("%s (-source +compact):\n%s", name, diff)
		}
	}
}

// Both forms make the same stack, whatever is chosen.
func TestCompactMakesTheSameStack(t *testing.T) {
	t.Parallel()
	source, err := Source("guard")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"ResponseMode": "workflow", "Level": "deny-all", "UndoActions": "true", "CreateResponderRole": "true", "ContainSessions": "true",
		"AdminTag": "team=iam", "TrailDestS3BucketName": "trail-bucket", "NotificationEmail": "a@example.com",
		"OrganizationId": "o-abcdefghij", "MemberAccounts": "444455556666", "ProtectedArns": "arn:aws:iam::111122223333:user/break-glass",
		"GuardrailRoleArn": "arn:aws:iam::999988887777:role/warden-guardrail", "LambdaS3ObjectVersion": "v1",
	}
	in := Place{Partition: "aws-us-gov", Region: "us-gov-west-1", Account: "111122223333"}
	for _, parameters := range []map[string]string{nil, all} {
		want, err := resolveText("guard", source, in, parameters)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Resolve("guard", in, parameters)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Stack{want, got} {
			if machine, ok := s.Resources["StateMachine"]; ok {
				var definition any
				if err := json.Unmarshal([]byte(machine.Properties["DefinitionString"].(string)), &definition); err != nil {
					t.Fatal(err)
				}
				machine.Properties["DefinitionString"] = definition
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-source +compact):\n%s", slices.Sorted(maps.Keys(parameters)), diff)
		}
	}
}

// Texts that are hard to write in YAML survive.
func TestCompactScalars(t *testing.T) {
	t.Parallel()
	const source = `Resources:
  A:
    Properties:
      Texts: ["yes", "^(a.+)?$", "what?", 'off', "007", "1.0", "", "~", "a: b", "it's", "a #b", "- x", "*", "x,y", "{a}", 'say "hi"', "2026-01-01", "é", "AWS::NoValue"]
      Values: [true, 7, 1.5, null, !Ref AWS::NoValue, !If [C, {K: "no"}, !Sub "${A}: x"]]
      Empty: {}
      Long: {S: [{Sid: a, P: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, {Sid: b, P: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}, {Sid: c, P: [x, y]}]}
`
	squeezed, err := compact(source)
	if err != nil {
		t.Fatal(err)
	}
	var want, got yaml.Node
	if err := yaml.Unmarshal([]byte(source), &want); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(squeezed), &got); err != nil {
		t.Fatalf("%v\n%s", err, squeezed)
	}
	if diff := cmp.Diff(plain(want.Content[0]), plain(got.Content[0])); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, squeezed)
	}
	if _, err := compact("Resources: {A: &a {Type: x}, B: *a}"); err == nil {
		t.Error("an alias, which CloudFormation refuses, is taken")
	}
}

// The linter, which has a parser of its own, finds nothing in what is printed.
func TestPrintedCFNLint(t *testing.T) {
	t.Parallel()
	lint := fixture.Tool(t, "cfn-lint")
	text, err := Template("guard")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "guard.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(lint, "--non-zero-exit-code", "informational", "--regions", "us-east-1", "--", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}

// The AWS CLI deploys what is printed without a bucket for it, and not the
// source: the limit is the client's own.
func TestDeploysWithoutABucket(t *testing.T) {
	t.Parallel()
	cli := fixture.Tool(t, "aws")
	url := fixture.Moto(t)
	home := t.TempDir()
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), cli, append([]string{"--endpoint-url", url, "--region", "us-east-1"}, args...)...)
		cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AWS_ACCESS_KEY_ID=AKIA1111111111111111", "AWS_SECRET_ACCESS_KEY=any", "AWS_EC2_METADATA_DISABLED=true"}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := run(args...)
		if err != nil {
			t.Fatalf("aws %v: %v\n%s", args, err, out)
		}
		return out
	}
	write := func(name string, make func(string) (string, error)) string {
		t.Helper()
		text, err := make("guard")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(home, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	printed, source := write("printed.yaml", Template), write("source.yaml", Source)
	must("s3", "mb", "s3://code")
	must("s3", "cp", printed, "s3://code/warden-lambda-arm64.zip") // moto does not look into it
	deploy := []string{"cloudformation", "deploy", "--stack-name", "warden-guard", "--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", "LambdaS3BucketName=code", "--template-file"}
	if out, err := run(append(deploy, source)...); err == nil || !strings.Contains(out, "51,200") {
		t.Errorf("the source: %v, %s: want that it is too large", err, out)
	}
	must(append(deploy, printed)...)
	for _, made := range [][]string{
		{"iam", "get-role", "--role-name", "warden-guard"},
		{"lambda", "get-function-configuration", "--function-name", "warden-guard"},
	} {
		if out := must(made...); !strings.Contains(out, "warden-guard") {
			t.Errorf("%v: %s", made, out)
		}
	}
}
