package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/twin"
)

// twinOptions are the flags of warden twin.
type twinOptions struct {
	listen, snapshot, save, credentials, account string
	seed                                         int64
	faults                                       twin.Faults
	throttle, fail                               []string
	verbose, organization, history               bool
}

func newTwinCmd(s *streams) *cobra.Command {
	var o twinOptions
	cmd := &cobra.Command{
		Use:   "twin",
		Short: "Run an AWS in one process, to try and rehearse things on",
		Long: `Run an AWS in one process: IAM, STS, CloudTrail, EventBridge, SQS and SNS for
one account, on a loopback address. It checks signatures, decides each request
by the policies, and makes CloudTrail events of all of it. The account is the
sample company, or a snapshot of your own.

Secrets are made anew in each run and written to the credentials file, mode
0600, with one profile for each user. No AWS configuration is read.

With --organization it is the sample organization instead: a management account,
the sample company as a member, and the security team's account, all on the one
address; the key that signs tells the account, and profiles are named
ALIAS.USER. Service control policies bind the members.

The events of calls, the changes of IAM and the pages of its lists are as
well-behaved as the fault flags leave them; all faults are drawn from --seed.

EXIT STATUS
  0  stopped by Ctrl-C or SIGTERM
  1  an error: the address is taken, the snapshot cannot be read, …
  2  a mistake in the flags`,
		Example: `  warden twin
  warden twin --snapshot account.json --credentials twin.ini --save after.json
  warden twin --organization --history
  warden twin --event-delay 2s --event-jitter 3s --duplicate 0.1 --reorder 0.2 --event-loss 0.1 --propagation 4s --page-size 3
  warden twin --throttle 'iam:*:0.2' --throttle 'sts:AssumeRole:5/s' --fail 'iam:AttachUserPolicy:2:after'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.trouble(); err != nil {
				return err
			}
			return o.run(cmd.Context(), s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:4580", "loopback address and port to listen on; port 0 takes a free one")
	f.StringVar(&o.snapshot, "snapshot", "", "account snapshot to begin with (default: the sample company)")
	f.StringVar(&o.save, "save", "", "file to save the account to on exit")
	f.StringVar(&o.credentials, "credentials", "", "file for the access keys, in the AWS credentials format (default: a temporary file)")
	f.StringVar(&o.account, "account", "", "account id of the sample company, or the one that the snapshot must have")
	f.BoolVar(&o.organization, "organization", false, "serve the sample organization, three accounts")
	f.BoolVar(&o.history, "history", false, "fill CloudTrail's event history with what the account tells of the last 90 days")
	f.Int64Var(&o.seed, "seed", 1, "seed of the sample company, of ids and of faults")
	f.DurationVar(&o.faults.EventDelay, "event-delay", 0, "time from a call to its event in the queues")
	f.DurationVar(&o.faults.EventJitter, "event-jitter", 0, "longest random addition to --event-delay")
	f.Float64Var(&o.faults.Duplicate, "duplicate", 0, "probability that an event comes twice")
	f.Float64Var(&o.faults.Reorder, "reorder", 0, "probability that an event comes after its successor")
	f.DurationVar(&o.faults.Propagation, "propagation", 0, "longest time until requests are judged by a change of IAM")
	f.IntVar(&o.faults.PageSize, "page-size", 0, "largest page of IAM's lists (default: AWS's own)")
	f.IntVar(&o.faults.LookupRate, "lookup-rate", 0, "LookupEvents calls a second, above which they are throttled (AWS: 2; default: no limit)")
	f.Float64Var(&o.faults.Loss, "event-loss", 0, "probability that an event never comes")
	f.StringArrayVar(&o.throttle, "throttle", nil, "SERVICE:OPERATION:P throttles calls with the probability P, SERVICE:OPERATION:N/s those above N a second; * means all")
	f.StringArrayVar(&o.fail, "fail", nil, "SERVICE:OPERATION:CALLS[:HOW] lets calls fail: CALLS is 2, 2-5, 2- or *; HOW is before (the default), after (the effect stays) or cut (and the answer is lost)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log every request")
	return cmd
}

func (o *twinOptions) run(ctx context.Context, s *streams) (err error) {
	if err := o.faults.Check(); err != nil {
		return usageErrorf("twin: %v", err)
	}
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: level}))
	if o.organization {
		return o.runOrganization(ctx, s, log)
	}
	cfg := twin.Config{Account: o.account, Seed: o.seed, History: o.history, Faults: o.faults, Log: log}
	if o.snapshot != "" {
		if cfg.Snapshot, err = readSnapshotFile(o.snapshot); err != nil {
			return err
		}
	}
	t, err := twin.New(cfg)
	if err != nil {
		return err
	}
	server, err := t.Start(o.listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	remove, err := o.credentialsFile()
	if err != nil {
		return err
	}
	defer remove()
	account := t.Snapshot()
	text, profile := profiles(t, account, "")
	if err := writeCredentials(o.credentials, text); err != nil {
		return err
	}
	introduce(s.Out, "account "+account.Account, server.URL(), o.credentials, profile)

	<-ctx.Done()
	if o.save == "" {
		return nil
	}
	if err := saveSnapshot(o.save, t.Snapshot()); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "saved the account to %s\n", o.save)
	return nil
}

// readSnapshotFile reads a snapshot from a file.
func readSnapshotFile(name string) (*account.Snapshot, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return account.ReadSnapshot(name, f)
}

// credentialsFile sees to it that there is a place for the credentials: a
// temporary one, which the returned function removes, where none is given.
func (o *twinOptions) credentialsFile() (remove func(), err error) {
	if o.credentials != "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "warden-twin-")
	if err != nil {
		return nil, err
	}
	o.credentials = filepath.Join(dir, "credentials")
	return func() { _ = os.RemoveAll(dir) }, nil
}

// profiles lists the active access keys in the format of the AWS credentials
// file: a profile for each user, and "root" for the root user, all behind a
// prefix. It returns the profile to begin with too.
func profiles(t *twin.Twin, s *account.Snapshot, prefix string) (text, profile string) {
	var b strings.Builder
	add := func(profile, user string) bool {
		id, secret, err := t.Credentials(user)
		if err != nil {
			return false // he has no active key
		}
		fmt.Fprintf(&b, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n\n", prefix+profile, id, secret)
		return true
	}
	for _, u := range s.Users {
		if u.Name != "root" && add(u.Name, u.Name) && (profile == "" || isAdministrator(u) && !isAdministrator(userNamed(s, profile))) {
			profile = u.Name
		}
	}
	add("root", twin.RootUser)
	if profile == "" {
		profile = "root"
	}
	return b.String(), prefix + profile
}

func writeCredentials(name, text string) error {
	return writePrivate(name, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func isAdministrator(u account.User) bool {
	for _, g := range u.Groups {
		if strings.EqualFold(g, "Administrators") {
			return true
		}
	}
	return false
}

func userNamed(s *account.Snapshot, name string) account.User {
	for _, u := range s.Users {
		if u.Name == name {
			return u
		}
	}
	return account.User{}
}

func saveSnapshot(name string, s *account.Snapshot) error {
	return writePrivate(name, func(w io.Writer) error { return account.WriteSnapshot(w, s) })
}

// writePrivate writes a file that only its owner can read, whole or not at
// all. What a link leads to is written; a device or a pipe is written to.
func writePrivate(name string, write func(io.Writer) error) error {
	target := name
	if info, err := os.Stat(name); err == nil {
		if !info.Mode().IsRegular() {
			return writeInto(name, write)
		}
		if target, err = filepath.EvalSymlinks(name); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".warden-") // mode 0600
	if path := new(fs.PathError); errors.As(err, &path) {
		return fmt.Errorf("%s: no file can be made in its folder: %w", name, path.Err)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err := os.Remove(f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			slog.Warn("a temporary file is left", slog.String("file", f.Name()), slog.Any("error", err))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.Rename(f.Name(), target)
}

// writeInto writes to what is no file, such as /dev/stdout.
func writeInto(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// introduce prints the lines to paste.
func introduce(w io.Writer, what, url, credentials, profile string) {
	if path, err := filepath.Abs(credentials); err == nil {
		credentials = path
	}
	fmt.Fprintf(w, `The twin of %s listens on %s since %s. Stop it with Ctrl-C.

To use it from another terminal:
  export AWS_ENDPOINT_URL=%[2]s AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE=/dev/null
  export AWS_SHARED_CREDENTIALS_FILE=%[4]s AWS_PROFILE=%[5]s
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  aws sts get-caller-identity
  aws iam list-users --query 'Users[].UserName'
  aws sqs list-queues --endpoint-url %[2]s    (for SQS, version 1 of the AWS CLI ignores the variable)
`, what, url, time.Now().Format(time.TimeOnly), credentials, profile)
}
