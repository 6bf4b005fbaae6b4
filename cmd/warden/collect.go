package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/account/collect"
	"warden/app"
)

type collectOptions struct {
	out, resume      string
	perUser, strict  bool
	org              bool
	memberRole       string
	regions          []string
	patience         time.Duration
	organizationRole string
	aws              *app.Options
}

func newCollectCmd(s *streams) *cobra.Command {
	o := &collectOptions{}
	cmd := &cobra.Command{
		Use:   "collect --out FILE",
		Short: "Read an account into one file, with few calls",
		Long: `Read an account into one file, which audit, who-can, simulate and twin take with
--snapshot. It holds no secret, and is written whole or not at all, mode 0600,
compressed where its name ends with .gz.

Read with about seventeen calls, however many users there are: users, groups,
roles and policies, the credential report, account summary, password policy,
virtual MFA devices, service-specific credentials, server certificates, and the
organisation. What takes more calls is asked for:

  --per-user                six calls and more for each user: ids of access keys,
                            MFA devices of every kind, SSH keys, certificates,
                            services last accessed
  --regions                 eleven calls and more for each region: trails and who
                            reaches their buckets, metric filters, alarms and
                            who they tell, the recorder of AWS Config, Access
                            Analyzer, Security Hub, VPCs with their flow logs,
                            EC2 instances; one or two for each KMS key
  --organization-role-arn   the control policies above the account, read in the
                            management account of the organisation

--org reads every active account of the organisation, several at a time, into the
folder that --out names, one file each: the credentials are of the management
account or a delegate, and the role --member-role is assumed in the others, with
--external-id. One that cannot be reached does not stop the others: the file
organization.json in the folder names it, and audit says that nothing is known of it.

What cannot be read becomes a gap in the file, with the reason, and is unknown to
whoever judges it. Interrupted by Ctrl-C, it leaves FILE.partial, with which
--resume goes on. The rights that are needed:

  warden deploy policy audit --account ID

EXIT STATUS
  0  written
  1  an error: no access, nothing could be read, the file cannot be written
  2  wrong usage
  4  written, with gaps or without an account, and --strict`,
		Example: `  warden collect --out account.json
  warden collect --out account.json.gz --role-arn arn:aws:iam::111122223333:role/IAM-Auditor-role --external-id halden
  warden collect --out account.json --regions us-east-1,eu-west-1 --per-user
  warden collect --out accounts/ --org --external-id halden
  warden collect --out account.json --per-user --resume account.json.partial`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), s) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, with --org a folder")
	f.BoolVar(&o.org, "org", false, "read every account of the organisation")
	f.StringVar(&o.memberRole, "member-role", "IAM-Auditor-role", "name of the role to assume in the accounts of the organisation")
	f.BoolVar(&o.perUser, "per-user", false, "read what takes calls for each user")
	f.StringSliceVar(&o.regions, "regions", nil, "read monitoring, keys, networks and instances of these regions")
	f.StringVar(&o.organizationRole, "organization-role-arn", "", "role of the management account, or of a delegate, that may read control policies")
	f.StringVar(&o.resume, "resume", "", "earlier snapshot: take from it what was read of each user within the last hour")
	f.DurationVar(&o.patience, "report-patience", 3*time.Minute, "how long to wait for the credential report")
	f.BoolVar(&o.strict, "strict", false, "exit status 4 when something could not be read")
	o.aws = awsFlags(cmd)
	return cmd
}

func (o *collectOptions) run(ctx context.Context, s *streams) error {
	if o.out == "" {
		return usageErrorf("collect: where to? give --out FILE")
	}
	if o.patience < 0 {
		return usageErrorf("collect: --report-patience %s: want a time that is not negative", o.patience)
	}
	if o.org && o.resume != "" {
		return usageErrorf("collect: --resume is of one account, --org reads many")
	}
	var before *account.Snapshot
	if o.resume != "" {
		var err error
		if before, err = readSnapshot(o.resume); err != nil {
			return err
		}
	}
	connected, err := app.Connect(ctx, *o.aws)
	if err != nil {
		return err
	}
	if o.org {
		return o.organization(ctx, s, connected)
	}
	calls := new(collect.Calls)
	clients := connected.Gentle(calls)
	id, arn, err := clients.Account(ctx)
	if err != nil {
		return err
	}
	if before != nil && before.Account != id {
		return usageErrorf("collect: --resume %s is of account %s, the credentials are of %s", o.resume, before.Account, id)
	}
	ask := app.WithHub(clients, clients.Sources(o.perUser, o.regions))
	if o.organizationRole != "" {
		ask.Guardrails = clients.Assume(o.organizationRole, "").Organizations
	}
	var mu sync.Mutex
	started := time.Now()
	snapshot, ended := collect.Account(ctx, ask, collect.Options{
		Account: id, Partition: partitionOf(arn), Patience: o.patience, Before: before,
		Progress: func(what string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(s.Err, "%3d calls  %s\n", calls.Total(), what)
		},
	})
	if ended != nil {
		return o.interrupted(s, snapshot, ended)
	}
	if err := collect.Nothing(snapshot); err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	if err := writeSnapshotFile(o.out, snapshot); err != nil {
		return err
	}
	summary(s.Out, o.out, snapshot, calls, time.Since(started))
	if o.strict && len(snapshot.Gaps) > 0 {
		return &exitError{code: 4}
	}
	return nil
}

func partitionOf(arn string) string {
	if a, err := account.ParseARN(arn); err == nil {
		return a.Partition
	}
	return "aws"
}

// interrupted keeps what was read so far.
func (o *collectOptions) interrupted(s *streams, snapshot *account.Snapshot, cause error) error {
	name := o.out + ".partial"
	if err := saveSnapshot(name, snapshot); err != nil {
		return errors.Join(cause, err)
	}
	fmt.Fprintf(s.Err, "interrupted; go on with --resume %s\n", name)
	return fmt.Errorf("collect: %w", cause)
}

// writeSnapshotFile compresses where the name asks for it.
func writeSnapshotFile(name string, snapshot *account.Snapshot) error {
	if !strings.HasSuffix(name, ".gz") {
		return saveSnapshot(name, snapshot)
	}
	return writePrivate(name, func(w io.Writer) error {
		zip := gzip.NewWriter(w)
		return errors.Join(account.WriteSnapshot(zip, snapshot), zip.Close())
	})
}

// summary says what was read, what was not, and what it took.
func summary(w io.Writer, name string, s *account.Snapshot, calls *collect.Calls, took time.Duration) {
	fmt.Fprintf(w, "account %s: %d users, %d groups, %d roles, %d policies, %d calls in %s\n",
		s.Account, len(s.Users), len(s.Groups), len(s.Roles), len(s.Policies), calls.Total(), took.Round(10*time.Millisecond))
	fmt.Fprintf(w, "  %s\n", calls)
	if r := s.CredentialReport; r != nil {
		fmt.Fprintf(w, "  credential report of %s\n", r.At.Format(time.RFC3339))
	}
	for _, g := range s.Gaps {
		fmt.Fprintf(w, "  not read: %s", g.What)
		if g.Subject != "" {
			fmt.Fprintf(w, " of %s", g.Subject)
		}
		fmt.Fprintf(w, ": %s\n", g.Reason)
	}
	fmt.Fprintf(w, "written to %s\n", name)
}
