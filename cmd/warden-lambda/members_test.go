package main

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/account"
	"warden/app"
	"warden/change/ledger"
	"warden/internal/fixture"
	"warden/internal/stage"
	"warden/twin"
)

// newMembers is the sample organisation on a twin: the function works in the
// security account, under the role that the guard has there, and guards the
// company as a member. What the other fields of world are for, the tests here
// do not use.
func newMembers(t *testing.T, moto string) *world {
	t.Helper()
	ctx := t.Context()
	rights, err := stage.StackRights(twin.SampleAccount, "arn:aws:iam::"+twin.SampleAccount+":role/security/warden-responder", nil)
	must(t, err)
	st, err := stage.Set(ctx, stage.Options{Seed: 7, Organization: true, Rights: rights, Change: func(*account.Snapshot) error { return nil }})
	must(t, err)
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Stage: st, t: t, gate: newGate(t, st.Server.URL())}
	id, secret, err := st.Org.Account(st.Others.Security).Credentials(st.Others.Guard)
	must(t, err)
	session, err := st.As(app.Key{ID: id, Secret: secret}).STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &st.Others.GuardRole, RoleSessionName: aws.String("warden-guard")})
	must(t, err)
	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(moto), Credentials: credentials.NewStaticCredentialsProvider("AKIA"+rand.Text()[:16], "any", ""),
	})
	table := "ledger-" + rand.Text()
	_, err = client.CreateTable(ctx, ledger.TableDefinition(table))
	must(t, err)
	_, err = client.CreateTable(ctx, ledger.ApprovalTableDefinition(table))
	must(t, err)
	w.store = ledger.NewDynamoDB(client, table)
	w.env = map[string]string{
		"_HANDLER": "guard", "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": *session.Credentials.AccessKeyId, "AWS_SECRET_ACCESS_KEY": *session.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN": *session.Credentials.SessionToken,
		"AWS_ENDPOINT_URL":  w.gate.server.URL, "AWS_ENDPOINT_URL_DYNAMODB": moto,
		"LEDGER_TABLE": table, "SNS_TOPIC_ARN": st.TopicARN, "QUEUE_URL": st.QueueURL,
		"MEMBER_ACCOUNTS": st.Account, "MEMBER_ROLE_NAME": "security/warden-responder",
		"GUARDRAIL_POLICY_ARN": st.Others.Guardrail, "GUARDRAIL_ROLE_ARN": st.Others.GuardrailRole,
	}
	return w
}

// What the function tells of a member's caller names the command that gives
// back, and that command does: with the operators' roles as it is printed,
// else with what it says has to be filled in.
func TestMembersAreGivenBack(t *testing.T) {
	t.Parallel()
	moto := fixture.Moto(t)
	program, warden := filepath.Join(t.TempDir(), "bootstrap"), fixture.Warden(t)
	must(t, build(program))
	undo := regexp.MustCompile(`(?m)^undo   warden (undo .*)$`)
	for name, operators := range map[string]bool{"by operators": true, "by a role of somebody's": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newMembers(t, moto)
			_, key, err := w.MakeOperators(t.Context())
			must(t, err)
			env := w.env
			if operators {
				env = w.with("OPERATOR_ROLE_NAME", stage.Operator)
			}
			w.intrude(w.Truth.Intruder, "backdoor")
			l := startFunction(t, program, env)
			<-l.polled
			// The operator of the stage was created too, in the security account.
			made := slices.DeleteFunc(w.delivered("CreateUser", 2), func(m events.SQSMessage) bool { return !strings.Contains(m.Body, `"userName":"backdoor"`) })
			if got := failures(t, l.invoke(batchOf(made...), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
				t.Fatalf("failures %v, contained: %v\n%s", got, w.contained(w.Truth.Intruder), l.out.String())
			}
			_, _, text, _ := w.told()
			command := undo.FindStringSubmatch(text)
			if command == nil {
				t.Fatalf("no command in\n%s", text)
			}
			ask := "with   ROLE: a role of account " + w.Account + " that you may take, and that may detach policies and change access keys; warden-responder is the guard's alone"
			if strings.Contains(text, ask) == operators || strings.Contains(command[1], "ROLE") == operators || strings.Contains(command[1], "warden-responder") {
				t.Errorf("told\n%s", text)
			}
			if !operators {
				// A person fills in what is asked for, with credentials of a role that
				// the other trusts.
				command[1] = strings.ReplaceAll(command[1], ":role/ROLE", ":role/"+stage.Operator) + " --role-arn arn:aws:iam::" + w.Others.Security + ":role/" + stage.Operator
			}
			cmd := exec.CommandContext(t.Context(), warden, strings.Fields(command[1])...)
			cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=" + w.Server.URL(), "AWS_ENDPOINT_URL_DYNAMODB=" + moto,
				"AWS_ACCESS_KEY_ID=" + key.ID, "AWS_SECRET_ACCESS_KEY=" + key.Secret, "AWS_SESSION_TOKEN=" + key.Token}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "gives back") || w.contained(w.Truth.Intruder) {
				t.Errorf("warden %s: %v, contained: %v\n%s", command[1], err, w.contained(w.Truth.Intruder), out)
			}
			_, err = w.Admin.IAM.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("backdoor")})
			must(t, err) // what he made is not what was done about him
		})
	}
}
