package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"warden/account"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/twin"
)

// eventDelay is how long an event of the demo's twin takes to reach the
// guard. On AWS it takes seconds or more; without it the intruder would not
// get through his three calls.
const eventDelay = 1500 * time.Millisecond

// demoSeed makes every demo the same company.
const demoSeed = 7

// patience is how long the demo waits for what has to happen.
const patience = 15 * time.Second

func newDemoCmd(s *streams) *cobra.Command {
	var serve bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch an intruder being caught, contained and undone on a twin of AWS",
		Long: `Start a twin of AWS with a sample company and a guard, let an intruder in with
leaked CI credentials, and watch: he creates a user, a key for it and makes it
administrator; the guard contains him, takes back the three and tells people;
his next calls are denied; undo gives everything back.

Everything happens in this process, on 127.0.0.1, with credentials made for this
run. No AWS configuration, profile or environment variable is read.

EXIT STATUS
  0  every step really happened
  1  some step did not`,
		Example: `  warden demo
  warden demo --serve     then try it yourself with the AWS CLI`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return demoRun(cmd.Context(), s, serve) },
	}
	cmd.Flags().BoolVar(&serve, "serve", false, "afterwards leave twin and guard running and print the lines to paste")
	return cmd
}

func demoRun(ctx context.Context, s *streams, serve bool) (err error) {
	d := &demo{line: newTimeline(s.Out), results: make(chan respond.Result, 1024)}
	d.Stage, err = stage.Set(ctx, stage.Options{
		Seed: demoSeed, Faults: twin.Faults{EventDelay: eventDelay}, Guard: guard.Config{UndoActions: true},
		Log: slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Each: func(res respond.Result) {
			select {
			case d.results <- res:
			default: // --serve: nobody listens any more
			}
		},
	})
	if err != nil {
		return fmt.Errorf("set the stage: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Play(ctx); err != nil {
		return fmt.Errorf("start the guard: %w", err)
	}
	for _, act := range []func(context.Context) error{d.open, d.intrude, d.contained, d.denied, d.administrator, d.giveBack} {
		if err := act(ctx); err != nil {
			d.line.bad("the demo stops here: %v", err)
			return fmt.Errorf("a step did not happen: %w", err)
		}
	}
	d.line.head("Every step happened, in %.1f s.", time.Since(d.line.start).Seconds())
	if serve {
		d.serve(s.Out)
		<-ctx.Done()
		d.line.head("Stopping.")
	}
	return nil
}

// demo is the play.
type demo struct {
	*stage.Stage
	line    *timeline
	results chan respond.Result

	intruder      *app.Clients
	intruderARN   string
	before        account.User // the intruder as he was
	incident      string
	backdoor      *app.Clients // with the key that the intruder made
	backdoorKey   string
	firstCall     time.Time
	backdoorUser  string
	containedTime time.Time
}

func (d *demo) open(ctx context.Context) error {
	snap := d.Twin.Snapshot()
	d.line.head("A twin of AWS, account %s (%s): %d users, %d roles, %d groups", snap.Account, snap.Alias, len(snap.Users), len(snap.Roles), len(snap.Groups))
	d.line.say("twin", "listens on %s; every request is signed, decided by policy, and recorded", d.Server.URL())
	d.line.say("guard", "watches CloudTrail → EventBridge → SQS, as role %s", arnName(d.Truth.GuardRole))
	var err error
	if d.intruder, err = d.Clients(d.Truth.Intruder); err != nil {
		return err
	}
	_, d.intruderARN, err = d.intruder.Account(ctx)
	if err != nil {
		return err
	}
	d.before, err = d.user(d.Truth.Intruder)
	return err
}

// user is an IAM user as the twin holds him, without what use alone changes.
func (d *demo) user(name string) (account.User, error) {
	for _, u := range d.Twin.Snapshot().Users {
		if u.Name != name {
			continue
		}
		for i := range u.AccessKeys {
			u.AccessKeys[i].LastUsed = nil
		}
		return u, nil
	}
	return account.User{}, fmt.Errorf("user %s does not exist", name)
}

// intrude is what is done with the leaked key.
func (d *demo) intrude(ctx context.Context) error {
	d.backdoorUser = "svc-backup"
	d.line.head("An intruder with the leaked key of %s, who is in no administrators' group", d.Truth.Intruder)
	d.firstCall = time.Now()
	name := aws.String(d.backdoorUser)
	if _, err := d.intruder.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: name}); err != nil {
		return err
	}
	d.line.say("intruder", "CreateUser %s: done", d.backdoorUser)
	key, err := d.intruder.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		return err
	}
	d.backdoorKey = aws.ToString(key.AccessKey.AccessKeyId)
	d.backdoor = app.Fixed(d.Server.URL(), app.Key{ID: d.backdoorKey, Secret: aws.ToString(key.AccessKey.SecretAccessKey)})
	d.line.say("intruder", "CreateAccessKey for %s: %s", d.backdoorUser, d.backdoorKey)
	if _, err := d.intruder.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String(administratorAccess)}); err != nil {
		return err
	}
	d.line.say("intruder", "AttachUserPolicy AdministratorAccess to %s: done", d.backdoorUser)
	if _, err := d.backdoor.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
		return fmt.Errorf("the new key does not work: %w", err)
	}
	d.line.say("intruder", "the new key works: he has a second administrator now")
	return nil
}

const administratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"

// contained waits until the guard has contained the intruder and taken back
// the three calls.
func (d *demo) contained(ctx context.Context) error {
	d.line.head("The events arrive, and the guard acts")
	open := map[string]bool{"CreateUser": true, "CreateAccessKey": true, "AttachUserPolicy": true}
	for len(open) > 0 {
		res, err := d.next(ctx, func(r respond.Result) bool { return r.Actor.ARN == d.intruderARN && open[r.Event.Name] })
		if err != nil {
			return err
		}
		if res.Err != nil {
			return res.Err
		}
		delete(open, res.Event.Name)
		switch res.Action {
		case respond.Contained:
			d.incident, d.containedTime = res.Incident, time.Now()
			d.line.good("guard", "%s attached to %s and proved to deny IAM: %d ms after its event arrived, %.1f s after the first call",
				guard.DefaultDenyPolicy, d.Truth.Intruder, res.Took.Milliseconds(), d.containedTime.Sub(d.firstCall).Seconds())
		case respond.Joined:
		default:
			return fmt.Errorf("%s was answered with %q", res.Event.Name, res.Action)
		}
		if len(res.Taken) == 0 {
			return fmt.Errorf("%s was not taken back", res.Event.Name)
		}
		for _, t := range res.Taken {
			if strings.HasPrefix(t, "not taken back") {
				return errors.New(t)
			}
			d.line.good("guard", "takes back %s: %s", res.Event.Name, t)
		}
	}
	if d.incident == "" {
		return errors.New("the intruder was not contained")
	}
	for _, m := range d.Twin.Published() {
		d.line.good("people", "told by SNS: %s", m.Subject)
		d.line.note(m.Message)
	}
	if n := len(d.Twin.Published()); n != 1 {
		return fmt.Errorf("%d notifications were sent, want one for one incident", n)
	}
	return nil
}

// denied shows that the intruder and his second identity are locked out.
func (d *demo) denied(ctx context.Context) error {
	d.line.head("The intruder goes on, or tries to")
	_, err := d.intruder.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("svc-backup-2")})
	if err := d.mustRefuse("CreateUser svc-backup-2", err, "AccessDenied"); err != nil {
		return err
	}
	_, err = d.intruder.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{
		UserName: aws.String(d.Truth.Intruder), PolicyArn: aws.String("arn:aws:iam::" + d.Twin.Snapshot().Account + ":policy/" + guard.DefaultDenyPolicy)})
	if err := d.mustRefuse("DetachUserPolicy "+guard.DefaultDenyPolicy+" from himself", err, "AccessDenied"); err != nil {
		return err
	}
	_, err = d.backdoor.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err := d.mustRefuse("anything with the new key", err, "InvalidClientTokenId"); err != nil {
		return err
	}
	if _, err := d.next(ctx, func(r respond.Result) bool { return r.Actor.ARN == d.intruderARN && r.Action == respond.ObservedDenied }); err != nil {
		return err
	}
	in, err := d.Ledger.Incident(ctx, d.incident)
	if err != nil {
		return err
	}
	if in.Status != ledger.StatusObserved {
		return fmt.Errorf("the ledger says %q, not %q", in.Status, ledger.StatusObserved)
	}
	d.line.good("guard", "observed denied: CloudTrail shows that his calls are refused")
	return nil
}

func (d *demo) mustRefuse(what string, err error, code string) error {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		return fmt.Errorf("%s: want %s, got %w", what, code, err)
	}
	d.line.good("intruder", "%s: %s: %s", what, api.ErrorCode(), api.ErrorMessage())
	return nil
}

// administrator shows that who may change identities is left alone.
func (d *demo) administrator(ctx context.Context) error {
	d.line.head("An administrator does the same")
	if _, err := d.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("test-dummy-user")}); err != nil {
		return err
	}
	res, err := d.next(ctx, func(r respond.Result) bool {
		return r.Event.Name == "CreateUser" && r.Actor.Name == d.Truth.Administrator
	})
	if err != nil {
		return err
	}
	if res.Verdict != guard.Allowed || res.Action != respond.None {
		return fmt.Errorf("the administrator's call was judged %q (%s)", res.Verdict, res.Reason)
	}
	d.line.good("guard", "CreateUser test-dummy-user: %s (%s)", res.Verdict, res.Reason)
	return nil
}

// giveBack undoes the incident and compares with the state before it.
func (d *demo) giveBack(ctx context.Context) error {
	d.line.head("An administrator looks, and gives it all back: warden undo %s --apply", d.incident)
	// He does it as an administrator: the guard's own role may not grant what
	// the intruder had granted.
	person := apply.New(d.Admin.IAM, d.Ledger, apply.Options{Account: d.Account})
	undo, err := person.UndoPlan(ctx, d.incident, "", apply.UndoOptions{Reason: "the demo"})
	if err != nil {
		return err
	}
	report, err := person.Undo(ctx, undo)
	if err != nil {
		return err
	}
	if problems := report.Problems(); len(problems) > 0 {
		return errors.New(problems[0])
	}
	for _, s := range report.Steps {
		d.line.good("undo", "%s", s.Step)
	}
	after, err := d.user(d.Truth.Intruder)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(d.before, after) {
		return fmt.Errorf("%s is not as before: was %+v, is %+v", d.Truth.Intruder, d.before, after)
	}
	if _, err := d.intruder.IAM.ListUsers(ctx, &iam.ListUsersInput{}); err != nil {
		return fmt.Errorf("%s cannot use IAM again: %w", d.Truth.Intruder, err)
	}
	if _, err := d.backdoor.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
		return fmt.Errorf("the key that was made does not work again: %w", err)
	}
	made, err := d.user(d.backdoorUser)
	if err != nil {
		return err
	}
	if !slices.Equal(made.Attached, []string{administratorAccess}) {
		return fmt.Errorf("%s has %v attached, not what the intruder attached", made.Name, made.Attached)
	}
	d.line.good("undo", "%s is exactly as before, and may use IAM again; the ledger keeps what happened", d.Truth.Intruder)
	return nil
}

// next waits for a result of the guard that fits; others are passed over.
func (d *demo) next(ctx context.Context, fits func(respond.Result) bool) (respond.Result, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case <-ctx.Done():
			return respond.Result{}, ctx.Err()
		case <-timeout.C:
			return respond.Result{}, fmt.Errorf("the guard did not react within %s", patience)
		case r := <-d.results:
			if fits(r) {
				return r, nil
			}
		}
	}
}

// serve prints how to go on by hand.
func (d *demo) serve(w io.Writer) {
	credentials := func(user string) string {
		id, secret, err := d.Twin.Credentials(user)
		if err != nil {
			return "# " + err.Error()
		}
		return fmt.Sprintf("export AWS_ENDPOINT_URL=%s AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_SESSION_TOKEN=", d.Server.URL(), id, secret)
	}
	fmt.Fprintf(w, `
Twin and guard keep running until Ctrl-C. In another terminal, as the intruder:
  %s
  aws iam create-user --user-name test-dummy-user
  sleep 3; aws iam create-user --user-name test-dummy-user-2     # AccessDenied now
As an administrator:
  %s
  aws iam list-attached-user-policies --user-name %s
What warden remembers, and how to give it back (as the administrator):
  warden ledger list --ledger %s
  warden undo INCIDENT --ledger %s --apply
`, credentials(d.Truth.Intruder), credentials(d.Truth.Administrator), d.Truth.Intruder, d.LedgerPath(), d.LedgerPath())
}

func arnName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// timeline prints what happens, with the seconds since it began.
type timeline struct {
	w      io.Writer
	start  time.Time
	colour bool
}

func newTimeline(w io.Writer) *timeline {
	return &timeline{w: w, start: time.Now(), colour: colour(w)}
}

func (t *timeline) paint(code, text string) string {
	if !t.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *timeline) head(format string, args ...any) {
	fmt.Fprintf(t.w, "\n%s\n", t.paint("1", fmt.Sprintf(format, args...)))
}

func (t *timeline) row(code, who, text string) {
	fmt.Fprintf(t.w, "%7.3fs  %-9s %s\n", time.Since(t.start).Seconds(), who, t.paint(code, text))
}

func (t *timeline) say(who, format string, args ...any) {
	t.row("0", who, fmt.Sprintf(format, args...))
}

func (t *timeline) good(who, format string, args ...any) {
	t.row("32", who, fmt.Sprintf(format, args...))
}

func (t *timeline) bad(format string, args ...any) {
	t.row("31", "failed", fmt.Sprintf(format, args...))
}

// note prints a text indented under the row above it.
func (t *timeline) note(text string) {
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(t.w, "%20s%s\n", "", t.paint("2", l))
	}
}
