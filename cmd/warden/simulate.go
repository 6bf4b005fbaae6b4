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
	request := requestFlags{command: "simulate"}
	cmd := &cobra.Command{
		Use:   "simulate (--action ACTION | --requests FILE | --replay TRAIL | --cases FILE)",
		Short: "Ask who may do what, also after a change that is not made yet",
		Long: `Ask the policy engine who may do what, without AWS.

WHO. --principal names a user or role of an account: of a file (--snapshot), or
of the account of the AWS credentials, which is read in one call (--live).
Without an account his policies are given in files: --policy, --boundary,
--session-policy, --scp, --rcp, --resource-policy. What his ARN says for certain
(aws:PrincipalArn, aws:PrincipalAccount, aws:username…) is added to the context.

WHAT. --action asks for one action or several, --requests for many at once: a
file with one JSON object a line, with action, resource, context (an object;
null is known to be absent) and expect (allowed or denied). The answer says which
statement decided, what would have to be different ("would be allowed if …"),
the smallest statement that would allow what nothing allows, and which context
keys it depends on that were not given.

AFTER A CHANGE. --with FILE makes a change in thought first, and the answer
shows before and after. FILE is a policy that the principal gets, or a plan of
warden's; POLICY=FILE puts a policy in the place of one that he has (its name or
ARN, or the name of its file).

--replay puts the calls that the principal made, as CloudTrail recorded them,
through the policies after the change. Each is allowed, denied, or "cannot tell"
with the condition key or resource that the trail does not carry. Only what
changes is shown, all of it with --all.

--compare-aws asks AWS's own policy simulator too, and shows differences.

--cases runs a file of requests, each with its policies and the decision that
is expected; docs/policy.md describes it.

With -o json the answer is one object. Requests: requests, a list of principal,
action, resource, decision, depends, deciding, layers, nearMisses, missing,
unknown, grant, before, expected and aws. Replay: principal, eventsOfOthers, unreadable
and replay with calls (action, resource, event, count, first, last, before,
after, needs, statement), events, from, to and notMapped. Cases: cases, agree,
wrongAllowed, wrongDenied and disagreements.

EXIT STATUS
  0  every answer is as expected, or nothing was expected; --replay: no recorded
     call would be denied
  1  a file or the account cannot be read; the error names the place
  2  the command was called wrongly
  3  an answer is not as expected, or not certain; --replay: a call that
     succeeded would be denied; --compare-aws: AWS's simulator says otherwise
  4  --strict, and an answer depends on what was not given`,
		Example: `  warden simulate --policy dev.json --action s3:GetObject --resource arn:aws:s3:::data/x --expect allowed
  warden simulate --policy dev.json --boundary edge.json --action 'iam:*' --context aws:MultiFactorAuthPresent=true
  warden simulate --snapshot account.json --principal ci-deploy --requests must-work.jsonl

  # may this policy take the place of the old one? Ask the last 90 days
  warden simulate --snapshot account.json --principal ci-deploy --with DeployPolicy=narrow.json --replay trail/

  # the same question to AWS
  warden simulate --live --principal ci-deploy --action iam:PassRole --resource arn:aws:iam::111122223333:role/app --compare-aws`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case output != "table" && output != "json":
				return usageErrorf("simulate: -o %s is not table or json", output)
			case file != "" && request.given():
				return usageErrorf("simulate: --cases is a question of its own; ask it without --action, --requests and --replay")
			case file != "":
				return simulate(s, file, output)
			case len(request.trails) > 0 && (len(request.actions) > 0 || request.requests != "" || request.compareAWS):
				return usageErrorf("simulate: --replay asks what the trail recorded; ask it without --action, --requests and --compare-aws")
			case len(request.trails) > 0:
				return simulateReplay(cmd.Context(), s, &request, output)
			case request.given():
				return simulateRequests(cmd.Context(), s, &request, output)
			}
			return usageErrorf("simulate: what? give --action ACTION, --requests FILE, --replay TRAIL or --cases FILE")
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
