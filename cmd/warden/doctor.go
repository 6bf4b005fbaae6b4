package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/app"
	"warden/deploy"
	"warden/doctor"
	"warden/doctor/look"
	"warden/finding"
)

type doctorOptions struct {
	regions          []string
	zip              string
	enough           string
	output           string
	organizationRole string
	operators        []string
	aws              *app.Options
}

func newDoctorCmd(s *streams) *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check in a live account that the guard can see, act and not be cut off",
		Long: `Check in a live account that the guard can see, act and not be cut off, and grade
its protection:

  A  the quarantine and the guard are out of reach of everybody in the account
  B  events lead to containments, and what would stop that is noticed; but an
     administrator of the account can stop it
  C  events lead to containments, but something that keeps it so is missing
  D  something on the way from an event to a containment is missing, or could
     not be seen

What cannot be read is unknown, and never a pass. Nothing is changed. What the
guard should look like is taken from the template of this version and from the
settings of its function. The rights that are needed:

  warden deploy policy doctor --account ID

The policies above an account can be read in the management account of its
organisation only: --organization-role-arn names a role there.

EXIT STATUS
  0  all checks passed, or the grade is at least that of --enough
  1  an error
  2  wrong usage
  3  some check failed
  4  some check could not be made, and none failed`,
		Example: `  warden doctor
  warden doctor --regions us-east-1,eu-west-1 --zip bin/warden-lambda-arm64.zip
  warden doctor --organization-role-arn arn:aws:iam::999988887777:role/warden-doctor --enough A -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return doctorRun(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.regions, "regions", nil, "all regions in use (default: the guard's alone)")
	f.StringVar(&o.zip, "zip", "", "zip that should run: compare its hash")
	f.StringVar(&o.enough, "enough", "", "grade that is enough for exit status 0: A, B, C or D")
	f.StringVar(&o.organizationRole, "organization-role-arn", "", "role of the management account, or of a delegate, that may read policies")
	f.StringSliceVar(&o.operators, "operator-role", nil, "ARN, with * for what varies, of a role that the organisation's policy excepts too, as OperatorRoleArn of guard-organisation (repeatable)")
	f.StringVarP(&o.output, "output", "o", "table", "table or json")
	o.aws = awsFlags(cmd)
	return cmd
}

func doctorRun(ctx context.Context, s *streams, o *doctorOptions) error {
	if o.output != "table" && o.output != "json" {
		return usageErrorf("--output %q: want table or json", o.output)
	}
	enough, ok := doctor.ParseGrade(o.enough)
	if o.enough != "" && !ok {
		return usageErrorf("--enough %q: want A, B, C or D", o.enough)
	}
	for _, arn := range o.operators {
		if a, err := account.ParseARN(arn); err != nil || a.Service != "iam" || a.Type() != "role" || a.Account == "" {
			return usageErrorf("--operator-role %q: want the ARN of a role, such as arn:aws:iam::*:role/security-operator", arn)
		}
	}
	hash, err := zipHash(o.zip)
	if err != nil {
		return err
	}
	clients, err := app.Connect(ctx, *o.aws)
	if err != nil {
		return err
	}
	facts, err := o.look(ctx, clients)
	if err != nil {
		return err
	}
	facts.ZipHash = hash
	report := doctor.Examine(facts)
	if o.output == "json" {
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = doctorTable(s.Out, report)
	}
	if err != nil {
		return err
	}
	switch {
	case o.enough != "" && report.Grade.AtLeast(enough):
		return nil
	case report.Count(finding.Fail) > 0:
		return &exitError{code: 3}
	case report.Count(finding.Unknown) > 0:
		return &exitError{code: 4}
	}
	return nil
}

// look reads the guard's function first, for its settings say what else to
// look for.
func (o *doctorOptions) look(ctx context.Context, clients *app.Clients) (*doctor.Facts, error) {
	id, arn, err := clients.Account(ctx)
	if err != nil {
		return nil, err
	}
	self, err := account.ParseARN(arn)
	if err != nil {
		return nil, fmt.Errorf("who doctor is: %w", err)
	}
	in := look.Place{Account: id, Partition: self.Partition, Home: clients.Region, Regions: []string{clients.Region}}
	for _, r := range o.regions {
		if !slices.Contains(in.Regions, r) {
			in.Regions = append(in.Regions, r)
		}
	}
	asked := look.Clients{
		CloudWatch: clients.CloudWatch, DynamoDB: clients.DynamoDB, IAM: clients.IAM, Lambda: app.Lambda(clients), SNS: clients.SNS, SQS: clients.SQS,
		Organization: clients.Organizations, Policies: clients.Organizations, Regions: map[string]look.Regional{},
	}
	if o.organizationRole != "" {
		asked.Policies = clients.Assume(o.organizationRole, "").Organizations
	}
	for _, r := range in.Regions {
		there := clients.In(r)
		asked.Regions[r] = look.Regional{CloudTrail: there.CloudTrail, EventBridge: there.EventBridge}
	}
	there := deploy.Place{Partition: in.Partition, Region: in.Home, Account: id}
	want, err := deploy.Wanted(there, nil)
	if err != nil {
		return nil, err
	}
	switch settings := asked.Function(ctx, want.Function); {
	case settings.Gap != "":
		want.Gap = settings.Gap
	case settings.Value == nil:
		want.Gap = "there is no function " + want.Function + " whose settings would say"
	default:
		if want, err = deploy.Wanted(there, settings.Value.Environment); err != nil {
			return nil, err
		}
	}
	want.Excepted = append(want.Excepted, o.operators...)
	return look.Look(ctx, asked, in, want, time.Now()), nil
}

// zipHash is the hash of a file as Lambda shows that of its code.
func zipHash(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("--zip: %w", err)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

var statusWords = map[finding.Status]string{
	finding.Pass: "pass", finding.Fail: "FAIL", finding.Unknown: "UNKNOWN", finding.NotApplicable: "-",
}

func doctorTable(w io.Writer, r doctor.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "account %s, regions %s, %s\n\n", r.Account, strings.Join(r.Regions, " "), r.At.UTC().Format("2006-01-02 15:04:05Z"))
	for _, res := range r.Results {
		where := res.Where
		if where != "" {
			where += ": "
		}
		fmt.Fprintf(&b, "%-8s %-18s %s%s\n", statusWords[res.Status], res.Check, printable(where), printable(res.Evidence))
	}
	fmt.Fprintf(&b, "\ngrade %s: %s\n", r.Grade, r.Grade.Meaning())
	fmt.Fprintf(&b, "%d passed, %d failed, %d unknown\n", r.Count(finding.Pass), r.Count(finding.Fail), r.Count(finding.Unknown))
	if len(r.Next) > 0 {
		b.WriteString("\nfor the next grade:\n")
		said := map[string]bool{}
		for _, res := range r.Next {
			line := fmt.Sprintf("  %-18s %s\n", res.Check, printable(res.Remedy))
			if !said[line] {
				b.WriteString(line)
			}
			said[line] = true
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
