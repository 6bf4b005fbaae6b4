package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"warden/policy"
	"warden/policy/reason"
)

func newPolicyCmd(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Compare policies, check what they can ever allow, write ones that grant less",
		Long: `Compare policies and check what they can ever allow: by proof, not by trying
requests. No account and no network are needed.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyDiffCmd(s), newPolicyCheckCmd(s), newPolicyGenerateCmd(s))
	return cmd
}

// policyFlags are the flags that the policy commands share.
type policyFlags struct {
	kind, output string
	strict       bool
}

func (f *policyFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kind, "kind", "auto", "kind of policy: identity, resource, or auto (resource if a statement names a principal)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "form of the answer: text or json")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit with status 4 if the answer is unknown")
}

// options checks the flags.
func (f *policyFlags) options(command string) (reason.Options, error) {
	if f.output != "text" && f.output != "json" {
		return reason.Options{}, usageErrorf("%s: -o %s is not text or json", command, f.output)
	}
	kinds := map[string]reason.Kind{"auto": reason.Either, "identity": reason.Identity, "resource": reason.Resource}
	kind, ok := kinds[f.kind]
	if !ok {
		return reason.Options{}, usageErrorf("%s: --kind %s is not identity, resource or auto", command, f.kind)
	}
	return reason.Options{Kind: kind}, nil
}

func newPolicyDiffCmd(s *streams) *cobra.Command {
	var flags policyFlags
	cmd := &cobra.Command{
		Use:   "diff A.json B.json",
		Short: "Tell which of two policies allows more, and show a request",
		Long: `Tell which of two policies allows more, and show a request that makes the
difference. The answer is a proof over all requests, or a request that the
policy engine confirms; docs/policy-compare.md says what can be decided.

The relation is one of
  equivalent    both allow the same requests
  a-more        A allows all that B allows, and more
  b-more        B allows all that A allows, and more
  incomparable  each allows something that the other does not
  unknown       it could not be decided; the reasons are given

A or B may be - for standard input. With -o json the answer is one object:
relation, onlyA and onlyB (a request each, with the statements that allow and
deny it), and reasons.

EXIT STATUS
  0  the policies are equivalent, or it is unknown and --strict is not given
  1  a file cannot be read or is no policy; the error names the place
  2  the command was called wrongly
  3  the policies differ
  4  it is unknown, and --strict is given`,
		Example: `  warden policy diff before.json after.json
  git show HEAD:policy.json | warden policy diff - policy.json --strict -o json`,
		Args: exactArgs("policy diff", "two policies"),
		RunE: func(_ *cobra.Command, args []string) error {
			opt, err := flags.options("policy diff")
			if err != nil {
				return err
			}
			docs, err := readPolicies(s, args)
			if err != nil {
				return fmt.Errorf("policy diff: %w", err)
			}
			return policyDiff(s, flags, args, reason.Compare(docs[:1], docs[1:], opt))
		},
	}
	flags.add(cmd)
	return cmd
}

// exactArgs asks for as many policies as the words "a" or "two" say.
func exactArgs(command, what string) cobra.PositionalArgs {
	want := 1
	if strings.HasPrefix(what, "two") {
		want = 2
	}
	return func(_ *cobra.Command, args []string) error {
		if len(args) != want {
			return usageErrorf("%s: give %s, as files or - for standard input; got %d", command, what, len(args))
		}
		if want == 2 && args[0] == "-" && args[1] == "-" {
			return usageErrorf("%s: standard input can be only one of the policies", command)
		}
		return nil
	}
}

// readPolicies reads policies that people wrote.
func readPolicies(s *streams, names []string) ([]*policy.Document, error) {
	var docs []*policy.Document
	for _, name := range names {
		var data []byte
		var err error
		if name == "-" {
			name = "standard input"
			data, err = io.ReadAll(io.LimitReader(s.In, policy.MaxSize+1))
		} else {
			data, err = readPolicyFile(name)
		}
		if err != nil {
			return nil, err
		}
		d, err := policy.Parse(name, data)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// readPolicyFile reads at most what a policy may have.
func readPolicyFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, policy.MaxSize+1))
}

// diffReport is the answer of policy diff.
type diffReport struct {
	Relation reason.Relation `json:"relation"`
	OnlyA    *witnessReport  `json:"onlyA,omitempty"`
	OnlyB    *witnessReport  `json:"onlyB,omitempty"`
	Reasons  []string        `json:"reasons,omitempty"`
}

func policyDiff(s *streams, flags policyFlags, names []string, c reason.Comparison) error {
	report := diffReport{c.Relation, newWitnessReport(c.OnlyA), newWitnessReport(c.OnlyB), c.Reasons}
	if flags.output == "json" {
		if err := writeJSON(s.Out, report); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(s.Out, map[reason.Relation]string{
			reason.Equivalent:   "equivalent: both allow the same requests",
			reason.AMore:        "a-more: " + names[0] + " allows all that " + names[1] + " allows, and more",
			reason.BMore:        "b-more: " + names[1] + " allows all that " + names[0] + " allows, and more",
			reason.Incomparable: "incomparable: each allows something that the other does not",
			reason.Undecided:    "unknown: it could not be decided",
		}[c.Relation])
		report.OnlyA.print(s.Out, "only "+names[0]+" allows")
		report.OnlyB.print(s.Out, "only "+names[1]+" allows")
		printReasons(s.Out, c.Reasons)
	}
	switch {
	case c.Relation == reason.Equivalent:
		return nil
	case c.Relation != reason.Undecided || c.OnlyA != nil || c.OnlyB != nil:
		return &exitError{code: 3}
	case flags.strict:
		return &exitError{code: 4}
	}
	return nil
}

func printReasons(w io.Writer, reasons []string) {
	for _, r := range reasons {
		fmt.Fprintf(w, "  because: %s\n", r)
	}
}
