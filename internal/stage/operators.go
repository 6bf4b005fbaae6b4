package stage

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/app"
	"warden/deploy"
)

// Operator is the name of the role by which the people of a stage give back.
const Operator = "warden-operator"

// MakeOperators puts the stack guard-operator into the accounts of the
// organisation, and into the trust of the keeper of the guardrail what the
// stack guard-organisation gives the operators. It returns clients of the one
// person whom the role in the account of the guard trusts, with his own key,
// and the credentials of a session of his with MFA, which that role asks for.
func (st *Stage) MakeOperators(ctx context.Context) (person *app.Clients, session app.Key, err error) {
	of := st.Others
	security, err := st.clientsIn(of.Security, of.SecurityAdministrator)
	if err != nil {
		return nil, session, err
	}
	const name = "on-call"
	made, err := security.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)})
	if err != nil {
		return nil, session, err
	}
	if _, err := security.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String(name), PolicyName: aws.String("operator"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::` + of.Security + `:role/` + Operator + `"}}`)}); err != nil {
		return nil, session, err
	}
	key, err := security.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	if err != nil {
		return nil, session, err
	}
	person = st.As(app.Key{ID: *key.AccessKey.AccessKeyId, Secret: *key.AccessKey.SecretAccessKey})
	if session, err = MFASession(ctx, security, person, name); err != nil {
		return nil, session, err
	}
	return person, session, st.makeOperators(ctx, security, *made.User.Arn)
}

func (st *Stage) makeOperators(ctx context.Context, security *app.Clients, person string) error {
	of := st.Others
	home := map[string]string{
		"GuardAccountId": of.Security, "OrganizationId": of.OrganizationID, "GuardrailRoleArn": of.GuardrailRole, "TrustedArns": person,
	}
	if err := makeOperator(ctx, security, of.Security, home); err != nil {
		return err
	}
	member := map[string]string{
		"GuardAccountId": of.Security, "OrganizationId": of.OrganizationID, "RequireMfa": "false",
		"TrustedArns": "arn:aws:iam::" + of.Security + ":role/" + Operator,
	}
	if err := makeOperator(ctx, st.Admin, st.Account, member); err != nil {
		return err
	}
	management, err := st.clientsIn(of.Management, of.ManagementAdministrator)
	if err != nil {
		return err
	}
	stack, err := resolveIn("guard-organisation", of.Management, map[string]string{"GuardAccountId": of.Security, "OrganizationId": of.OrganizationID})
	if err != nil {
		return err
	}
	trust, err := stack.Document("GuardrailRole", "AssumeRolePolicyDocument")
	if err != nil {
		return err
	}
	// The sample's guard has a path.
	trust = strings.ReplaceAll(trust, "arn:aws:iam::"+of.Security+":role/warden-guard\"", of.GuardRole+"\"")
	_, err = management.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("warden-guardrail"), PolicyDocument: &trust})
	return err
}

func resolveIn(template, acct string, parameters map[string]string) (*deploy.Stack, error) {
	return deploy.Resolve(template, deploy.Place{Partition: "aws", Region: "us-east-1", Account: acct}, parameters)
}

// makeOperator makes the role of the stack guard-operator in an account.
func makeOperator(ctx context.Context, admin *app.Clients, acct string, parameters map[string]string) error {
	stack, err := resolveIn("guard-operator", acct, parameters)
	if err != nil {
		return err
	}
	trust, err := stack.Document("OperatorRole", "AssumeRolePolicyDocument")
	if err != nil {
		return err
	}
	rights, err := stack.Document("OperatorRolePolicy", "PolicyDocument")
	if err != nil {
		return err
	}
	if _, err := admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(Operator), AssumeRolePolicyDocument: &trust}); err != nil {
		return fmt.Errorf("make the operators' role in %s: %w", acct, err)
	}
	_, err = admin.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(Operator), PolicyName: aws.String("operator"), PolicyDocument: &rights})
	return err
}
