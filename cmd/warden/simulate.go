package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warden/policy"
	"warden/policy/cases"
)

func newSimulateCmd(s *streams) *cobra.Command {
	var file, output string
	var request requestFlags
	cmd := &cobra.Command{
		Use:   "simulate (--cases FILE | --action ACTION --policy FILE)",
		Short: "Ask the policy engine who may do what",
		Long: `Ask the policy engine who may do what, with no account and no network.

--action asks for one action, or for several, under the policies in the files
that are named. The answer says which statement decided, what would have to be
different ("would be allowed if …"), and which context keys it depends on that
were not given. What the ARN of --principal says for certain (aws:PrincipalArn,
aws:PrincipalAccount, aws:PrincipalType, aws:username) is added to the context.

--cases runs a file of requests, each with its policies and the decision that
is expected, and reports where the engine decides otherwise. FILE has one JSON
object a line, may be compressed with gzip, and may be - for standard input;
docs/policy.md describes it.

With -o json the answer is one object. For --action it has requests, a list of
principal, action, resource, decision, depends, deciding, layers, nearMisses,
missing and unknown. For --cases:
  cases         how many were run
  agree         how many were decided as expected
  wrongAllowed  the engine allows what should be denied
  wrongDenied   every other disagreement
  disagreements id, expected, got, the deciding statements, and what is unknown

EXIT STATUS
  0  every answer is as expected, or nothing was expected
  1  a file cannot be read; the error names the place
  2  the command was called wrongly
  3  at least one answer is not as expected
  4  an answer depends on what was not given, and --strict is given`,
		Example: `  warden simulate --policy dev.json --action s3:GetObject --resource arn:aws:s3:::data/x --expect allowed
  warden simulate --policy dev.json --boundary edge.json --action 'iam:*' --context aws:MultiFactorAuthPresent=true
  warden simulate --cases policy/testdata/cases/decisions.jsonl.gz
  generate-cases | warden simulate --cases - -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch {
			case output != "table" && output != "json":
				return usageErrorf("simulate: -o %s is not table or json", output)
			case file != "" && request.given():
				return usageErrorf("simulate: --cases and --action are two questions; ask one")
			case file != "":
				return simulate(s, file, output)
			case request.given():
				return simulateRequests(s, &request, output)
			}
			return usageErrorf("simulate: what? give --cases FILE, or --action ACTION with the policies that apply")
		},
	}
	cmd.Flags().StringVar(&file, "cases", "", "file of cases to run (.jsonl, .jsonl.gz, or - for standard input)")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "form of the answer: table or json")
	request.add(cmd)
	return cmd
}

// casesReport is the outcome of a file of cases.
type casesReport struct {
	Cases         int            `json:"cases"`
	Agree         int            `json:"agree"`
	WrongAllowed  int            `json:"wrongAllowed"`
	WrongDenied   int            `json:"wrongDenied"`
	Disagreements []disagreement `json:"disagreements"`
}

// disagreement is a case that was not decided as expected.
type disagreement struct {
	ID       string                `json:"id"`
	Expected policy.Decision       `json:"expected"`
	Got      policy.Decision       `json:"got"`
	Deciding []policy.StatementRef `json:"deciding"`
	Unknown  []string              `json:"unknown"`
}

func simulate(s *streams, file, output string) error {
	in, name := s.In, "standard input"
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		defer f.Close()
		in, name = f, file
	}
	report, err := runCases(in, name)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if output == "json" {
		enc := json.NewEncoder(s.Out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(report)
	} else {
		err = report.table(s.Out)
	}
	if err == nil && report.Agree < report.Cases {
		err = &exitError{code: 3}
	}
	return err
}

// runCases judges every case of in; name stands for it in errors.
func runCases(in io.Reader, name string) (*casesReport, error) {
	report := &casesReport{Disagreements: []disagreement{}}
	r, err := cases.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for {
		c, err := r.Read()
		if errors.Is(err, io.EOF) {
			if report.Cases == 0 {
				return nil, fmt.Errorf("%s: there is no case in it", name)
			}
			return report, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, r.Line(), err)
		}
		report.judge(c)
	}
}

func (r *casesReport) judge(c *cases.Case) {
	r.Cases++
	got := policy.Evaluate(c.Request, c.Policies)
	if got.Decision == c.Expected {
		r.Agree++
		return
	}
	if got.Decision == policy.Allowed {
		r.WrongAllowed++
	} else {
		r.WrongDenied++
	}
	d := disagreement{ID: c.ID, Expected: c.Expected, Got: got.Decision, Deciding: got.Deciding(), Unknown: got.Unknown}
	if d.Deciding == nil {
		d.Deciding = []policy.StatementRef{}
	}
	if d.Unknown == nil {
		d.Unknown = []string{}
	}
	r.Disagreements = append(r.Disagreements, d)
}

func (r *casesReport) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.Disagreements) > 0 {
		fmt.Fprintln(w, "CASE\tEXPECTED\tGOT\tDECIDED BY")
	}
	for _, d := range r.Disagreements {
		by := "no statement that allows"
		switch {
		case len(d.Unknown) > 0:
			by = "unknown: " + d.Unknown[0]
		case len(d.Deciding) > 0:
			by = d.Deciding[0].String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.ID, d.Expected, d.Got, by)
	}
	if len(r.Disagreements) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%d cases, %d agree, %d wrongly allowed, %d wrongly denied or denied for the wrong reason\n",
		r.Cases, r.Agree, r.WrongAllowed, r.WrongDenied)
	return w.Flush()
}
