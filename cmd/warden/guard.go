package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/guard"
	"warden/respond"
	"warden/trail/source"
)

// guardOptions are the flags of warden guard.
type guardOptions struct {
	guardSetup

	queue, folder string
	events        []string
	untilEmpty    bool
	snapshot      string
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

The stream may lose events: run warden guard sweep beside it every few minutes.

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
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return guardRun(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.queue, "queue", "", "URL of the SQS queue to read")
	f.StringVar(&o.folder, "folder", "", "folder of CloudTrail files to read and watch")
	f.StringSliceVar(&o.events, "events", nil, "CloudTrail file or folder to read, or - for standard input (repeatable)")
	f.BoolVar(&o.untilEmpty, "until-empty", false, "stop when the queue or folder has nothing more")
	f.StringVar(&o.snapshot, "snapshot", "", "snapshot file: supplies the facts instead of AWS; with --apply, says what was there before the calls that --undo-actions takes back")
	f.StringVarP(&o.output, "output", "o", "text", "text, or json for one line an event")
	o.flags(cmd)
	cmd.AddCommand(newGuardSweepCmd(s), newGuardLineageCmd(s))
	return cmd
}

func guardRun(ctx context.Context, s *streams, o *guardOptions) (ended error) {
	s = &streams{In: s.In, Out: &lineWriter{w: s.Out}, Err: &lineWriter{w: s.Err}}
	if o.output != "text" && o.output != "json" {
		return usageErrorf("--output %q: want text or json", o.output)
	}
	if err := o.source(); err != nil {
		return err
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
		opts.Before = opts.Snapshot
	}
	var at places
	if o.queue != "" || o.apply {
		if at, err = o.connect(ctx, &opts); err != nil {
			return err
		}
	}
	if o.apply {
		done, err := o.act(ctx, s, at, &opts)
		if err != nil {
			return err
		}
		defer func() { ended = errors.Join(ended, done()) }()
	}
	r, err := respond.New(opts)
	if err != nil {
		return err
	}
	if err := r.Start(ctx); err != nil {
		return stoppedIn(ctx, err, "the same command finishes what was begun")
	}
	defer context.AfterFunc(ctx, func() {
		fmt.Fprintln(s.Err, "warden: stopping when what is in hand is finished; once more ends at once")
	})()
	out := &guardOutput{w: s.Out, json: o.output == "json", dry: !o.apply}
	switch {
	case o.queue != "":
		log.Info("guarding", "account", opts.Account, "queue", o.queue, "apply", o.apply)
		err = r.Serve(ctx, source.NewQueue(at.home.SQS, o.queue), respond.QueueOptions{
			Name: o.queue, UntilEmpty: o.untilEmpty, Wait: pollWait(o.untilEmpty), Grace: grace, Each: out.event,
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

// source checks that one place is named where events come from.
func (o *guardOptions) source() error {
	n := 0
	for _, named := range []bool{o.queue != "", o.folder != "", len(o.events) > 0} {
		if named {
			n++
		}
	}
	if n != 1 {
		return usageErrorf("want one of --queue, --folder and --events")
	}
	if u, err := url.Parse(o.queue); o.queue != "" && (err != nil || u.Host == "" || len(u.Path) < 2) {
		return usageErrorf("--queue %q: want the URL of a queue, such as https://sqs.us-east-1.amazonaws.com/111122223333/warden", o.queue)
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
	w         io.Writer
	json, dry bool
	err       error

	events, ignored, bad int
	verdicts             map[guard.Verdict]int
	actions              map[respond.Action]int
}

// resultLine is the machine form of a result.
type resultLine struct {
	guard.Line
	Action respond.Action `json:"action"`
	Taken  []string       `json:"taken,omitempty"`
	Would  []string       `json:"would,omitempty"`
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
		line := resultLine{Line: res.Line(), Action: res.Action, Taken: res.Taken, Would: res.Would, TookMS: float64(res.Took.Microseconds()) / 1000}
		if res.Err != nil {
			line.Error = res.Err.Error()
		}
		g.err = json.NewEncoder(g.w).Encode(line)
		return
	}
	if res.Verdict == guard.Ignored || res.Reason == guard.OwnCall {
		return // nothing that people read
	}
	var b strings.Builder
	b.WriteString(res.Text() + "\n")
	for _, w := range res.Would {
		fmt.Fprintf(&b, "    would %s\n", printable(w))
	}
	for _, t := range res.Taken {
		fmt.Fprintf(&b, "    %s\n", printable(t))
	}
	_, g.err = io.WriteString(g.w, b.String())
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
	if g.dry && g.actions[respond.WouldContain] > 0 {
		b.WriteString("; nothing was changed, --apply contains")
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
