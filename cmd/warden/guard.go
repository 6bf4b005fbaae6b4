package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/respond"
	"warden/trail/source"
)

// guardOptions are the flags of warden guard.
type guardOptions struct {
	queue, folder string
	events        []string
	untilEmpty    bool

	snapshot, exemptions string
	adminGroups          []string
	adminRoles           []string
	protect, self        []string
	denyPolicy           string
	adminTag             string
	level                string
	budget               int
	containSessions      bool
	revokeSessions       bool
	undoActions          bool
	selfService          bool

	apply  bool
	ledger string
	output string
	aws    *app.Options

	channels *channels
}

func newGuardCmd(s *streams) *cobra.Command {
	o := &guardOptions{}
	cmd := &cobra.Command{
		Use:   "guard (--queue URL | --folder DIR | --events FILE)",
		Short: "Judge IAM calls as they happen; with --apply contain who must not make them",
		Long: `Judge every IAM and STS call in a stream of CloudTrail events. A user outside the
administrators' group who used an IAM API that writes is contained: the managed
policy DENY-IAM is attached to him, read back, and proved to deny IAM. Failed
attempts, role sessions, root and callers of other kinds are reported.

Nothing is changed without --apply. Events come from
  --queue URL     an SQS queue that an EventBridge rule delivers CloudTrail events to
  --folder DIR    a folder of CloudTrail files (.json, .json.gz, .ndjson), watched for new ones
  --events FILE   one file, or - for standard input: CloudTrail Records, NDJSON or
                  EventBridge envelopes, plain or gzip. Works with no account at all;
                  --snapshot supplies who exists and who is in which group.

A dry run leaves the queue's messages in the queue. What is not an event is
reported, counted, and kept in the ledger for inspection; it stops nothing.

EXIT STATUS
  0  all events were dealt with; nothing was at or above an alert (--events)
  1  an error
  2  wrong usage
  3  --events: some event is to be alerted, escalated or contained
  4  --events: some input could not be read, or some verdict is unknown
     (and nothing is worse)`,
		Example: `  # judge recorded attack logs, one JSON line an event
  warden guard --events trail.json.gz -o json

  # the same with facts from a snapshot
  warden guard --events trail.json.gz --snapshot account.json

  # guard an account: report only, then for real
  warden guard --queue https://sqs.us-east-1.amazonaws.com/111122223333/warden
  warden guard --queue https://sqs.us-east-1.amazonaws.com/111122223333/warden --apply --undo-actions`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return guardRun(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.queue, "queue", "", "URL of the SQS queue to read")
	f.StringVar(&o.folder, "folder", "", "folder of CloudTrail files to read and watch")
	f.StringSliceVar(&o.events, "events", nil, "CloudTrail file or folder to read, or - for standard input (repeatable)")
	f.BoolVar(&o.untilEmpty, "until-empty", false, "stop when the queue or folder has nothing more")
	f.StringVar(&o.snapshot, "snapshot", "", "snapshot file that supplies the facts instead of AWS")
	f.StringSliceVar(&o.adminGroups, "admin-group", []string{guard.DefaultAdminGroup}, "group whose members may change identities (repeatable)")
	f.StringSliceVar(&o.adminRoles, "admin-role", nil, "exact ARN of a role that may (repeatable)")
	f.StringVar(&o.adminTag, "admin-tag", "", "tag, as key=value, of users and roles that may; the tag of the IAM resource, never of a session")
	f.BoolVar(&o.selfService, "allow-self-service", false, "let everybody change his own password and enrol his own MFA devices")
	f.StringVar(&o.exemptions, "exemptions", "", "file of exemptions with owner, reason and expiry")
	f.StringSliceVar(&o.protect, "protect", nil, "exact ARN of a user or role that is never touched (repeatable)")
	f.StringSliceVar(&o.self, "self", nil, "exact ARN under which warden itself acts, besides that of its credentials (repeatable)")
	f.StringVar(&o.denyPolicy, "deny-policy", guard.DefaultDenyPolicy, "name of the managed policy that contains")
	f.StringVar(&o.level, "level", string(guard.DenyIAM), "what a containment denies: deny-iam, deny-all, or alert for nothing")
	f.IntVar(&o.budget, "budget", guard.DefaultBudget, "callers an hour that are contained with everything configured; above it DENY-IAM alone, the rest waits for approval")
	f.BoolVar(&o.revokeSessions, "revoke-sessions", false, "deny all sessions of a contained role that were issued before, not only the caller's")
	f.BoolVar(&o.containSessions, "contain-sessions", false, "contain role sessions too, each by a deny for that session alone")
	f.BoolVar(&o.undoActions, "undo-actions", false, "take back what a contained caller did: deactivate keys, detach policies, quarantine users and roles that he made")
	f.BoolVar(&o.apply, "apply", false, "act; without it nothing is changed")
	f.StringVar(&o.ledger, "ledger", "", "ledger (default "+ledgerHint+")")
	f.StringVarP(&o.output, "output", "o", "text", "text, or json for one line an event")
	o.channels = channelFlags(cmd)
	o.aws = awsFlags(cmd)
	cmd.MarkFlagsOneRequired("queue", "folder", "events")
	cmd.MarkFlagsMutuallyExclusive("queue", "folder", "events")
	return cmd
}

func guardRun(ctx context.Context, s *streams, o *guardOptions) (err error) {
	s = &streams{In: s.In, Out: &lineWriter{w: s.Out}, Err: &lineWriter{w: s.Err}}
	if o.output != "text" && o.output != "json" {
		return usageErrorf("--output %q: want text or json", o.output)
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelInfo}))
	opts := respond.Options{Guard: cfg, Log: log}
	if o.snapshot != "" {
		if opts.Snapshot, err = readSnapshot(o.snapshot); err != nil {
			return err
		}
	}
	var clients *app.Clients
	if o.queue != "" || o.apply {
		if clients, err = o.connect(ctx, &opts); err != nil {
			return err
		}
	}
	if o.apply {
		var store ledger.Store
		if store, err = openLedger(ctx, o.ledger, *o.aws); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		opts.Ledger = ledger.New(store, nil)
		if o.ledger != "" {
			opts.LedgerFlag = "--ledger " + o.ledger
		}
		opts.Applier = apply.New(clients.IAM, opts.Ledger, apply.Options{Account: opts.Account})
		told := notify.NewText(s.Out)
		if o.output == "json" {
			told = notify.NewText(s.Err) // standard output has a line an event
		}
		channels, err := o.channels.notifiers(clients, *o.aws)
		if err != nil {
			return err
		}
		opts.Notifier = append(notify.All{told}, channels...)
	}
	r, err := respond.New(opts)
	if err != nil {
		return err
	}
	if err := r.Start(ctx); err != nil {
		return err
	}
	out := &guardOutput{w: s.Out, json: o.output == "json"}
	switch {
	case o.queue != "":
		log.Info("guarding", "account", opts.Account, "queue", o.queue, "apply", o.apply)
		err = r.Serve(ctx, source.NewQueue(clients.SQS, o.queue), respond.QueueOptions{
			Name: o.queue, UntilEmpty: o.untilEmpty, Wait: pollWait(o.untilEmpty), Each: out.event,
			Bad: func(source.Message, error) { out.bad++ },
		})
	default:
		err = o.files(ctx, s, r, out)
	}
	fmt.Fprintln(s.Err, out.summary())
	if err != nil {
		return err
	}
	if out.err != nil {
		return fmt.Errorf("write results: %w", out.err)
	}
	if len(o.events) > 0 {
		return out.status()
	}
	return nil
}

// pollWait is short where somebody waits for the end.
func pollWait(untilEmpty bool) time.Duration {
	if untilEmpty {
		return 2 * time.Second
	}
	return 20 * time.Second
}

// config is the judgement's part of the flags.
func (o *guardOptions) config() (guard.Config, error) {
	cfg := guard.Config{
		AdminGroups: o.adminGroups, AdminRoles: o.adminRoles, Protected: o.protect, Self: o.self,
		DenyPolicy: o.denyPolicy, ContainSessions: o.containSessions, UndoActions: o.undoActions,
		Budget: o.budget, RevokeSessions: o.revokeSessions, SelfService: o.selfService,
	}
	var err error
	if cfg.Level, err = guard.ParseLevel(o.level); err != nil {
		return cfg, usageErrorf("--level: %v", err)
	}
	if o.adminTag != "" {
		if cfg.AdminTag, err = guard.ParseTag(o.adminTag); err != nil {
			return cfg, usageErrorf("--admin-tag: %v", err)
		}
	}
	if o.budget < 1 {
		return cfg, usageErrorf("--budget %d: want at least 1", o.budget)
	}
	if o.revokeSessions && !o.containSessions {
		return cfg, usageErrorf("--revoke-sessions goes with --contain-sessions")
	}
	for flag, arns := range map[string][]string{"--admin-role": o.adminRoles, "--protect": o.protect, "--self": o.self} {
		for _, arn := range arns {
			if a, err := account.ParseARN(arn); err != nil || a.Account == "" {
				return cfg, usageErrorf("%s %q: want an exact ARN such as arn:aws:iam::111122223333:role/Admin", flag, arn)
			}
			if strings.ContainsAny(arn, "*?") {
				return cfg, usageErrorf("%s %q: wildcards are not allowed, name each identity", flag, arn)
			}
		}
	}
	if o.exemptions == "" {
		return cfg, nil
	}
	f, err := os.Open(o.exemptions)
	if err != nil {
		return cfg, err
	}
	defer f.Close()
	if cfg.Exemptions, err = guard.ReadExemptions(f); err != nil {
		return cfg, fmt.Errorf("%s: %w", o.exemptions, err)
	}
	return cfg, nil
}

// connect reaches AWS and learns whose account it is and who warden is there.
func (o *guardOptions) connect(ctx context.Context, opts *respond.Options) (*app.Clients, error) {
	clients, err := app.Connect(ctx, *o.aws)
	if err != nil {
		return nil, err
	}
	acct, arn, err := clients.Account(ctx)
	if err != nil {
		return nil, err
	}
	opts.Account = acct
	opts.Guard.Self = append(opts.Guard.Self, arn)
	if a, err := account.ParseARN(arn); err == nil {
		opts.Partition = a.Partition
	}
	if opts.Snapshot != nil && !o.apply {
		return clients, nil // the facts were supplied
	}
	opts.Lookup = respond.Live{Identities: collect.NewIdentities(clients.IAM), Reader: clients.IAM}
	return clients, nil
}

func readSnapshot(path string) (*account.Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return account.ReadSnapshot(path, f)
}

// lineWriter keeps lines whole that several goroutines write.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// guardOutput prints results and counts them.
type guardOutput struct {
	w    io.Writer
	json bool
	err  error

	events, ignored, bad int
	verdicts             map[guard.Verdict]int
	actions              map[respond.Action]int
}

// resultLine is the machine form of a result.
type resultLine struct {
	guard.Line
	Action respond.Action `json:"action"`
	Taken  []string       `json:"taken,omitempty"`
	Error  string         `json:"error,omitempty"`
	TookMS float64        `json:"tookMs"`
}

func (g *guardOutput) event(res respond.Result) {
	if g.verdicts == nil {
		g.verdicts, g.actions = map[guard.Verdict]int{}, map[respond.Action]int{}
	}
	g.events++
	g.verdicts[res.Verdict]++
	g.actions[res.Action]++
	if g.err != nil {
		return
	}
	if g.json {
		line := resultLine{Line: res.Line(), Action: res.Action, Taken: res.Taken, TookMS: float64(res.Took.Microseconds()) / 1000}
		if res.Err != nil {
			line.Error = res.Err.Error()
		}
		g.err = json.NewEncoder(g.w).Encode(line)
		return
	}
	if res.Verdict == guard.Ignored {
		return
	}
	_, g.err = fmt.Fprintln(g.w, res.Text())
}

func (g *guardOutput) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "warden: %d events", g.events+g.ignored)
	for _, v := range []guard.Verdict{guard.Ignored, guard.Allowed, guard.Unknown, guard.Alert, guard.Escalate, guard.Contain} {
		n := g.verdicts[v]
		if v == guard.Ignored {
			n += g.ignored
		}
		if n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, v)
		}
	}
	if g.bad > 0 {
		fmt.Fprintf(&b, "; %d could not be read", g.bad)
	}
	return b.String()
}

func (g *guardOutput) status() error {
	switch {
	case g.verdicts[guard.Alert]+g.verdicts[guard.Escalate]+g.verdicts[guard.Contain] > 0:
		return &exitError{code: 3}
	case g.bad > 0 || g.verdicts[guard.Unknown] > 0:
		return &exitError{code: 4}
	}
	return nil
}
