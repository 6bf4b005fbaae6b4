// Command warden keeps AWS identities in check.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// streams are what a command reads and writes: findings go to Out, logs and
// progress to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// exitError carries the exit status of a command that has said all that it
// had to say (err nil) or still has an error to print.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageErrorf is a mistake in how the command was called: exit status 2.
func usageErrorf(format string, args ...any) error {
	return &exitError{code: 2, err: fmt.Errorf(format, args...)}
}

// noArgs refuses arguments as wrong usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("%s: %q is one argument too many", cmd.CommandPath(), args[0])
	}
	return nil
}

// grace is how long what was begun is gone on with when somebody stops the
// program.
const grace = 20 * time.Second

// errStopped says that a signal ended the command before its end.
var errStopped = errors.New("stopped")

// stoppedIn says in place of an error that only a signal caused that the
// command was stopped, and what follows from that.
func stoppedIn(ctx context.Context, err error, then string) error {
	switch {
	case err == nil || ctx.Err() == nil || errors.Is(err, errStopped) || !errors.Is(err, context.Canceled):
		return err
	case then == "":
		return errStopped
	}
	return fmt.Errorf("%w: %s", errStopped, then)
}

func newRoot(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "warden",
		Short: "Keep AWS identities in check: see, prove, stop and clean up IAM access",
		Long: `warden keeps AWS identities in check: see, prove, stop and clean up IAM access.

Nothing is changed in an account without --apply.`,
		Example: `  warden demo                      watch an intruder being stopped, on a twin of AWS
  warden twin                      run that twin to try things on
  warden guard --queue URL         judge what arrives, change nothing
  warden simulate --cases FILE     ask the policy engine`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{code: 2, err: err} })
	root.AddCommand(newSimulateCmd(s))
	root.AddCommand(newDemoCmd(s))
	root.AddCommand(newAuditCmd(s))
	root.AddCommand(newGuardCmd(s))
	root.AddCommand(newLedgerCmd(s))
	root.AddCommand(newLintCmd(s))
	root.AddCommand(newPolicyCmd(s))
	root.AddCommand(newUndoCmd(s))
	root.AddCommand(newApproveCmd(s))
	root.AddCommand(newTwinCmd(s))
	root.AddCommand(newWhoCanCmd(s))
	root.AddCommand(newCanCmd(s))
	root.AddCommand(newEscalateCmd(s))
	root.AddCommand(newCollectCmd(s))
	root.AddCommand(newDeployCmd(s))
	root.AddCommand(newDoctorCmd(s))
	return root
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	s := &streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	err := stoppedIn(ctx, newRoot(s).ExecuteContext(ctx), "")
	stop()
	os.Exit(exitStatus(s.Err, err))
}

// exitStatus prints what is left to say and returns the documented status.
func exitStatus(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := 1
	var e *exitError
	if errors.As(err, &e) {
		if e.err == nil {
			return e.code
		}
		code = e.code
	}
	fmt.Fprintf(w, "warden: %v\n", err)
	return code
}
