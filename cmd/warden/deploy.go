package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/deploy"
)

func newDeployCmd(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Print what puts warden into an AWS account: templates and policies",
		Long: `Print what puts warden into an AWS account. Nothing is called and nothing is changed.

EXIT STATUS
  0  printed
  2  wrong usage`,
		Example: `  warden deploy template guard > guard.yaml
  warden deploy policy guard --account 111122223333`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageErrorf("deploy what: want template or policy")
		},
	}
	cmd.AddCommand(newDeployTemplateCmd(s), newDeployPolicyCmd(s))
	return cmd
}

func newDeployTemplateCmd(s *streams) *cobra.Command {
	source := false
	cmd := &cobra.Command{
		Use:   "template (" + strings.Join(deploy.Templates(), " | ") + ")",
		Short: "Print a CloudFormation template",
		Long: `Print a CloudFormation template, in a form that fits into a request of 51,200 bytes:
it deploys without a bucket for the template. Comments are left out where they would make it
larger than that; --source prints them too.

  guard               the guard: rules, queue, function, ledger, topic, alarms; in us-east-1
  guard-forwarder     one in each other region: leads its sign-ins and STS calls to the guard
  guard-member        one in each other account of the organisation: lets the guard guard it
  guard-organisation  in the management account: service control policies that pin the quarantine
  guard-operator      a role for people who give back what the guard did, here and in other accounts
  guard-doctor        a role for warden doctor
  audit               a role for warden collect, a group for people who fetch the credential report;
                      with LambdaS3BucketName the audit by a schedule: function, bucket, topic, alarms

EXIT STATUS
  0  printed
  2  wrong usage`,
		Example: `  warden deploy template guard > guard.yaml
  aws cloudformation deploy --template-file guard.yaml --stack-name warden-guard --region us-east-1 \
    --capabilities CAPABILITY_NAMED_IAM --parameter-overrides LambdaS3BucketName=BUCKET`,
		Args:      exactName("template", deploy.Templates()),
		ValidArgs: deploy.Templates(),
		RunE: func(_ *cobra.Command, args []string) error {
			print := deploy.Template
			if source {
				print = deploy.Source
			}
			text, err := print(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(s.Out, text)
			return err
		},
	}
	cmd.Flags().BoolVar(&source, "source", false, "print the template as it was written, with comments and the notes for linters")
	return cmd
}

func newDeployPolicyCmd(s *streams) *cobra.Command {
	in := deploy.Place{}
	var protect []string
	cmd := &cobra.Command{
		Use:   "policy (" + strings.Join(deploy.Policies(), " | ") + ")",
		Short: "Print the identity policy of one of warden's roles",
		Long: `Print the identity policy of one of warden's roles, as it stands in the template,
for an account.

  guard               judge, contain users, append to the ledger
  guard-undo-actions  and deactivate keys, contain roles that a contained caller made
  responder           session denies, taking back, repair: as mighty as an administrator
  member              the guard in another account
  guardrail           write the one service control policy, in the management account
  doctor              read what warden doctor looks at
  audit               read what warden collect reads
  audit-push          tell Security Hub what an audit found
  audit-report        fetch the credential report, and nothing else
  audit-function      become the auditor, store reports, tell people
  audit-schedule      begin the audit, and nothing else

EXIT STATUS
  0  printed
  2  wrong usage`,
		Example: `  warden deploy policy guard --account 111122223333 --protect arn:aws:iam::111122223333:user/break-glass`,
		Args:    exactName("policy", deploy.Policies()), ValidArgs: deploy.Policies(),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, arn := range protect {
				if a, err := account.ParseARN(arn); err != nil || a.Service != "iam" || strings.ContainsAny(arn, "*?") {
					return usageErrorf("--protect %q: want the exact ARN of a user or role", arn)
				}
			}
			text, err := deploy.Policy(args[0], in, protect)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Account, "account", "111122223333", "id of the account")
	f.StringVar(&in.Region, "region", "us-east-1", "region of the guard")
	f.StringVar(&in.Partition, "partition", "aws", "partition")
	f.StringSliceVar(&protect, "protect", nil, "exact ARN of a user or role that is never touched (repeatable)")
	return cmd
}

// exactName wants one of some names as the only argument.
func exactName(what string, names []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1 {
			for _, n := range names {
				if n == args[0] {
					return nil
				}
			}
			return usageErrorf("there is no %s %q: want %s", what, args[0], strings.Join(names, ", "))
		}
		return usageErrorf("name one %s: %s", what, strings.Join(names, ", "))
	}
}
