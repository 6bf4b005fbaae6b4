package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
	"warden/policy/catalog"
)

// questionFlags are the flags of the commands that ask a snapshot.
type questionFlags struct {
	snapshot, owner, output string
	context                 []string
	strict                  bool
}

func (f *questionFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.snapshot, "snapshot", "", "file with the account, or - for standard input (required)")
	fs.StringArrayVar(&f.context, "context", nil, "condition key as KEY=VALUE, repeated for a multivalued key; KEY alone is known to be absent")
	fs.StringVar(&f.owner, "resource-account", "", "account that owns a resource whose ARN names none (default the snapshot's)")
	fs.StringVarP(&f.output, "output", "o", "table", "form of the answer: table, text (with the reasons) or json")
	fs.BoolVar(&f.strict, "strict", false, "exit with status 4 if something is unknown or depends on what was not given")
}

// authorizer checks the flags and reads the snapshot.
func (f *questionFlags) authorizer(s *streams, command string) (*authorize.Authorizer, policy.Context, error) {
	if f.snapshot == "" {
		return nil, nil, usageErrorf("%s: of which account? give --snapshot FILE, or --snapshot - for standard input", command)
	}
	if f.output != "table" && f.output != "text" && f.output != "json" {
		return nil, nil, usageErrorf("%s: -o %s is not table, text or json", command, f.output)
	}
	context, err := givenContext(command, f.context)
	if err != nil {
		return nil, nil, err
	}
	in, name := s.In, "standard input"
	if f.snapshot != "-" {
		file, err := os.Open(f.snapshot)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", command, err)
		}
		defer file.Close()
		in, name = file, f.snapshot
	}
	snapshot, err := account.ReadSnapshot(name, in)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", command, err)
	}
	return authorize.New(snapshot), context, nil
}

// givenContext reads --context.
func givenContext(command string, entries []string) (policy.Context, error) {
	context := policy.Context{}
	for _, entry := range entries {
		name, value, hasValue := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		key := strings.ToLower(name)
		have, again := context[key]
		known := catalog.ConditionKey(name)
		switch {
		case !strings.Contains(key, ":"):
			return nil, usageErrorf("%s: --context %s: a condition key reads service:Name, as in aws:SourceIp=203.0.113.7", command, entry)
		case !hasValue:
			context[key] = policy.Absent()
		case again || known != nil && known.Type.Multivalued():
			context[key] = policy.Many(append(have.Values, value)...)
		default:
			context[key] = policy.One(value)
		}
	}
	return context, nil
}

func newWhoCanCmd(s *streams) *cobra.Command {
	var flags questionFlags
	var fail bool
	cmd := &cobra.Command{
		Use:   "who-can ACTION [RESOURCE] --snapshot FILE",
		Short: "Tell which users and roles of an account may do something, and why",
		Long: `Tell which users and roles of an account may do something, and which statement
lets them. No network is needed: the account is a snapshot.

ACTION is service:Name, and may have wildcards after the colon: they stand for
the known actions that can act on RESOURCE. RESOURCE is an ARN, or * (the
default) for every resource and for actions that act on none in particular. A
wildcard in an ARN is taken as it stands: the policy must cover it.

Each user and role is one of
  allowed  a statement allows it, and nothing in the snapshot forbids it
  depends  it hangs on context keys; give them with --context
  unknown  it rests on what the snapshot does not hold, or on a policy of which
           nobody can be sure how AWS reads it
  denied   everyone else, who are only counted

docs/who-can.md says which context is assumed and what is not considered.

With -o json the answer is one object: requests, answers (principal, arn,
action, resource, state, decision, layers with the deciding statements,
dependsOn, why), denied, incomplete and notConsidered.

EXIT STATUS
  0  the question was answered; with --fail-on-any, nobody is allowed
  1  the snapshot or ACTION is not understood
  2  the command was called wrongly
  3  --fail-on-any, and somebody is allowed, or could be with the right context
  4  --strict, and somebody is unknown or depends, or principals may be missing`,
		Example: `  warden who-can iam:CreateAccessKey arn:aws:iam::123456789012:user/break-glass --snapshot account.json
  warden who-can 'iam:Create*' --snapshot account.json -o text
  warden who-can sts:AssumeRole arn:aws:iam::123456789012:role/ci/deploy --snapshot account.json --context sts:ExternalId=halden-deploy
  warden who-can s3:DeleteBucket arn:aws:s3:::backups --snapshot account.json --fail-on-any`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageErrorf("who-can: give an action and a resource; got %d words", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			a, context, err := flags.authorizer(s, "who-can")
			if err != nil {
				return err
			}
			resource := "*"
			if len(args) == 2 {
				resource = args[1]
			}
			requests, err := questions("who-can", args[:1], resource, flags.owner, context)
			if err != nil {
				return err
			}
			warnActions(s.Err, requests)
			return whoCan(s, a, requests, flags, fail)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&fail, "fail-on-any", false, "exit with status 3 if anybody is allowed, or could be")
	return cmd
}

// questions makes a request of each action, wildcards filled in.
func questions(command string, actions []string, resource, owner string, context policy.Context) ([]authorize.Request, error) {
	if resource != "*" {
		if _, err := account.ParseARN(resource); err != nil {
			return nil, fmt.Errorf("%s: %w; or * for every resource", command, err)
		}
	}
	var out []authorize.Request
	for _, pattern := range actions {
		names, err := authorize.Actions(pattern, resource)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", command, err)
		}
		for _, name := range names {
			out = append(out, authorize.Request{Action: name, Resource: resource, ResourceAccount: owner, Context: context})
		}
	}
	return out, nil
}

// warnActions tells of actions that are not known, and of resources that an
// action does not act on.
func warnActions(w io.Writer, requests []authorize.Request) {
	for _, r := range requests {
		switch x := catalog.Lookup(r.Action); {
		case x == nil:
			hint := ""
			if near := catalog.Nearest(r.Action); near != "" {
				hint = "; did you mean " + near + "?"
			}
			fmt.Fprintf(w, "warden: %s is no action that is known%s\n", r.Action, hint)
		case r.Resource != "*" && !authorize.ActsOn(x, r.Resource):
			fmt.Fprintf(w, "warden: %s does not act on resources such as %s\n", x, r.Resource)
		}
	}
}

func whoCan(s *streams, a *authorize.Authorizer, requests []authorize.Request, flags questionFlags, fail bool) error {
	report := a.WhoCan(requests...)
	var err error
	switch flags.output {
	case "json":
		err = writeJSON(s.Out, newWhoCanReport(requests, report))
	case "text":
		err = answersText(s.Out, a, report.Answers)
	default:
		err = answersTable(s.Out, report.Answers)
	}
	if err != nil {
		return err
	}
	if flags.output != "json" {
		whoCanSummary(s.Out, report)
	}
	open := report.Count(authorize.Unknown) + report.Count(authorize.Depends) + len(report.Incomplete)
	switch {
	case fail && report.Count(authorize.Allowed)+report.Count(authorize.Depends) > 0:
		return &exitError{code: 3}
	case flags.strict && open > 0:
		return &exitError{code: 4}
	}
	return nil
}

func whoCanSummary(w io.Writer, r authorize.Report) {
	fmt.Fprintf(w, "%d allowed, %d depend on the context, %d unknown, %d denied\n",
		r.Count(authorize.Allowed), r.Count(authorize.Depends), r.Count(authorize.Unknown), r.Denied)
	for _, x := range r.Incomplete {
		fmt.Fprintf(w, "principals may be missing: %s\n", x)
	}
	printNotConsidered(w)
}

func printNotConsidered(w io.Writer) {
	fmt.Fprintf(w, "not considered: %s\n", strings.Join(authorize.NotConsidered, "; "))
}

// whoCanReport is the JSON form of who-can.
type whoCanReport struct {
	Requests      []requestReport `json:"requests"`
	Answers       []answerReport  `json:"answers"`
	Denied        int             `json:"denied"`
	Incomplete    []string        `json:"incomplete"`
	NotConsidered []string        `json:"notConsidered"`
}

type requestReport struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
}

func newWhoCanReport(requests []authorize.Request, r authorize.Report) whoCanReport {
	out := whoCanReport{Requests: []requestReport{}, Answers: newAnswerReports(r.Answers), Denied: r.Denied,
		Incomplete: orEmpty(r.Incomplete), NotConsidered: authorize.NotConsidered}
	for _, q := range requests {
		out.Requests = append(out.Requests, requestReport{q.Action, q.Resource})
	}
	return out
}

// answerReport is one answer in JSON.
type answerReport struct {
	Principal string               `json:"principal"`
	ARN       string               `json:"arn"`
	Action    string               `json:"action"`
	Resource  string               `json:"resource"`
	State     authorize.State      `json:"state"`
	Decision  policy.Decision      `json:"decision"`
	Layers    []policy.LayerResult `json:"layers"`
	DependsOn []string             `json:"dependsOn"`
	Why       []string             `json:"why"`
}

func newAnswerReports(answers []authorize.Answer) []answerReport {
	out := []answerReport{}
	for _, x := range answers {
		out = append(out, answerReport{x.Principal.String(), x.Principal.ARN, x.Request.Action, x.Request.Resource, x.State,
			x.Result.Decision, orEmpty(x.Result.Layers), orEmpty(x.DependsOn), orEmpty(x.Why)})
	}
	return out
}

func answersTable(out io.Writer, answers []authorize.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PRINCIPAL\tACTION\tANSWER\tBECAUSE")
	for _, x := range answers {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Principal, x.Request.Action, x.State, because(x))
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// because is the reason that fits on a line.
func because(x authorize.Answer) string {
	switch x.State {
	case authorize.Unknown:
		return strings.Join(x.Why, "; ")
	case authorize.Depends:
		text := "hangs on " + strings.Join(x.DependsOn, ", ")
		if ref, ok := x.Granting(); ok {
			text += "; " + ref.String()
		}
		return text
	case authorize.Allowed:
		if ref, ok := x.Granting(); ok {
			return ref.String()
		}
		return "needs no permission"
	}
	if ref, ok := x.Denying(); ok {
		return ref.String()
	}
	return "nothing allows it"
}

// answersText gives every layer, and what would have to be different.
func answersText(w io.Writer, a *authorize.Authorizer, answers []authorize.Answer) error {
	for _, x := range answers {
		fmt.Fprintf(w, "%s: %s on %s: %s\n", x.Principal, x.Request.Action, x.Request.Resource, x.State)
		for _, l := range x.Result.Layers {
			fmt.Fprintf(w, "  %-9s %s\n", l.Layer, l.Decision)
			for _, d := range l.Deciding {
				fmt.Fprintf(w, "            %s\n", d)
			}
		}
		if len(x.DependsOn) > 0 {
			fmt.Fprintf(w, "  hangs on: %s\n", strings.Join(x.DependsOn, ", "))
			req, p := a.Explain(x.Principal, x.Request)
			for _, n := range policy.NearMisses(req, p) {
				fmt.Fprintf(w, "  %s\n", n)
			}
		}
		for _, why := range x.Why {
			fmt.Fprintf(w, "  because: %s\n", why)
		}
	}
	if len(answers) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}
