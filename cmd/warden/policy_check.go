package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"warden/policy"
	"warden/policy/reason"
)

func newPolicyCheckCmd(s *streams) *cobra.Command {
	var flags policyFlags
	var check checkFlags
	cmd := &cobra.Command{
		Use:   "check (--no-new-access EXISTING | --not-granted ACTION[,ACTION…] | --no-public) POLICY",
		Short: "Prove that a policy never allows something",
		Long: `Prove that a policy never allows something, or show a request that it does
allow. These are the custom policy checks of AWS IAM Access Analyzer, offline:

  --no-new-access EXISTING   POLICY allows nothing that EXISTING does not
                             (CheckNoNewAccess)
  --not-granted ACTION,…     POLICY allows none of the actions, on any of the
                             resources of --resource if there are any
                             (CheckAccessNotGranted); wildcards are welcome
  --no-public                POLICY, of a resource, grants nothing to everyone
                             (CheckNoPublicAccess)

Several checks may be given; all must pass. POLICY or EXISTING may be - for
standard input. docs/policy-compare.md says what can be decided, and what
"public" means.

With -o json the answer is an array with one object a check: check, result
(pass, fail or unknown), witness (the request that fails it), and reasons.

EXIT STATUS
  0  every check passes, or some are unknown and --strict is not given
  1  a file cannot be read or is no policy; the error names the place
  2  the command was called wrongly
  3  a check fails
  4  no check fails, some are unknown, and --strict is given`,
		Example: `  warden policy check --no-new-access deployed.json new.json --strict
  warden policy check --not-granted iam:CreateAccessKey,iam:PassRole role.json
  warden policy check --not-granted 's3:Delete*' --resource 'arn:aws:s3:::backups/*' role.json
  warden policy check --no-public bucket-policy.json -o json`,
		Args: exactArgs("policy check", "a policy"),
		RunE: func(_ *cobra.Command, args []string) error {
			opt, err := flags.options("policy check")
			if err == nil {
				err = check.validate(args[0])
			}
			if err != nil {
				return err
			}
			reports, err := check.run(s, args[0], opt)
			if err != nil {
				return fmt.Errorf("policy check: %w", err)
			}
			return printChecks(s, flags, reports)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&check.existing, "no-new-access", "", "fail if POLICY allows what this policy does not")
	cmd.Flags().StringSliceVar(&check.actions, "not-granted", nil, "fail if POLICY allows one of these actions")
	cmd.Flags().StringSliceVar(&check.resources, "resource", nil, "for --not-granted: only on these resources")
	cmd.Flags().BoolVar(&check.public, "no-public", false, "fail if POLICY grants something to everyone")
	return cmd
}

// checkFlags are the checks that were asked for.
type checkFlags struct {
	existing           string
	actions, resources []string
	public             bool
}

func (c *checkFlags) validate(name string) error {
	switch {
	case c.existing == "" && c.actions == nil && !c.public:
		return usageErrorf("policy check: which check? give --no-new-access EXISTING, --not-granted ACTION or --no-public")
	case c.resources != nil && c.actions == nil:
		return usageErrorf("policy check: --resource says where --not-granted looks; give that too (--not-granted '*' for any action)")
	case c.existing == "-" && name == "-":
		return usageErrorf("policy check: standard input can be only one of the policies")
	}
	return c.validateLists()
}

// validateLists checks actions and resources as those of a policy.
func (c *checkFlags) validateLists() error {
	if c.actions == nil {
		return nil
	}
	resources := c.resources
	if resources == nil {
		resources = []string{"*"}
	}
	text, err := json.Marshal(map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": c.actions, "Resource": resources}})
	if err == nil {
		_, err = policy.Parse("flags", text)
	}
	if err != nil {
		// Leave out the place, which is none of the caller's.
		_, what, _ := strings.Cut(err.Error(), ": ")
		return usageErrorf("policy check: --not-granted or --resource: %s", what)
	}
	return nil
}

// checkReport is the outcome of one check.
type checkReport struct {
	Check   string         `json:"check"`
	Result  string         `json:"result"` // pass, fail or unknown
	Witness *witnessReport `json:"witness,omitempty"`
	Reasons []string       `json:"reasons,omitempty"`
}

func (c *checkFlags) run(s *streams, name string, opt reason.Options) ([]checkReport, error) {
	names := []string{name}
	if c.existing != "" {
		names = append(names, c.existing)
	}
	docs, err := readPolicies(s, names)
	if err != nil {
		return nil, err
	}
	var reports []checkReport
	add := func(check string, a reason.Answer, pass reason.Verdict) {
		result := "fail"
		switch a.Verdict {
		case pass:
			result = "pass"
		case reason.Unknown:
			result = "unknown"
		}
		reports = append(reports, checkReport{check, result, newWitnessReport(a.Witness), a.Reasons})
	}
	if c.existing != "" {
		add("no-new-access", reason.NoNewAccess(docs[1:], docs[:1], opt), reason.Yes)
	}
	if c.actions != nil {
		add("not-granted", reason.NotGranted(docs[:1], c.actions, c.resources, opt), reason.Yes)
	}
	if c.public {
		add("no-public", reason.IsPublic(docs[0], opt), reason.No)
	}
	return reports, nil
}

func printChecks(s *streams, flags policyFlags, reports []checkReport) error {
	if flags.output == "json" {
		if err := writeJSON(s.Out, reports); err != nil {
			return err
		}
	} else {
		for _, r := range reports {
			fmt.Fprintf(s.Out, "%-7s %s\n", r.Result, r.Check)
			r.Witness.print(s.Out, "allowed")
			printReasons(s.Out, r.Reasons)
		}
	}
	result := func(want string) bool {
		return slices.ContainsFunc(reports, func(r checkReport) bool { return r.Result == want })
	}
	switch {
	case result("fail"):
		return &exitError{code: 3}
	case result("unknown") && flags.strict:
		return &exitError{code: 4}
	}
	return nil
}
