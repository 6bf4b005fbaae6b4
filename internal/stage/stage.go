// Package stage sets up the sample company on a twin with a guard at work. It
// serves the demo, the end-to-end tests and the benchmarks, so that all three
// see the same thing.
package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/respond"
	"warden/trail/source"
	"warden/twin"
)

// Options say what is played. The zero value is a well-behaved AWS and a
// guard that contains users and takes nothing back.
type Options struct {
	// Seed makes the company and the twin's faults repeatable, Random its
	// secrets and the ids of requests and events; see twin.Config.
	Seed   int64
	Random io.Reader
	Faults twin.Faults
	// Guard is what the guard's judgement is told; its own role is added.
	Guard guard.Config
	// Each is called with every result of the guard, one at a time.
	Each func(respond.Result)
	Log  *slog.Logger

	// Organization sets the sample company in the sample organisation: the
	// guard works from the security account, and has a service control policy
	// above the company's.
	Organization bool
	// Wire takes requests to the twin; nil means a loopback port.
	Wire func(http.Handler) aws.HTTPClient
	// Store holds the ledger; nil means SQLite in a temporary folder.
	Store ledger.Store
	// Sessions lets AssumeRole's events through to the guard too, so that it
	// knows who assumed which role.
	Sessions bool
	// Rights are the policies of the role that the guard works with in the
	// company's account, beside what it needs for queue and topic; none leaves
	// the sample's.
	Rights []string
	// Change changes the company's account before the twin is made of it.
	Change func(*account.Snapshot) error
}

// Stage is the sample company on a twin with a guard at work. Everything is
// this process, a loopback port and a temporary folder.
type Stage struct {
	Twin    *twin.Twin
	Server  *twin.Server // nil where Options.Wire is set
	Truth   twin.Truth
	Account string

	// Org is the organisation with Options.Organization, and Others says who is
	// who there.
	Org    *twin.Organization
	Others twin.OrganizationTruth

	// Admin and Guard are clients of an administrator of the company and of
	// the role that the guard works with in the company's account.
	Admin, Guard *app.Clients
	// Hands are what the guard works with.
	Hands Hands
	// QueueURL is where the rule delivers events; TopicARN is told of incidents.
	QueueURL, TopicARN string

	Ledger  *ledger.Ledger
	Applier *apply.Applier

	options Options
	wire    aws.HTTPClient
	dir     string
	store   ledger.Store
	stop    context.CancelFunc
	stopped chan error
}

// Set starts the twin and connects its events to a queue; Play starts the
// guard. The AWS configuration is made by hand: no profile and no environment
// variable is read.
func Set(ctx context.Context, o Options) (_ *Stage, err error) {
	st := &Stage{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.Close())
		}
	}()
	handler, err := st.load(time.Now())
	if err != nil {
		return nil, err
	}
	if o.Wire != nil {
		st.wire = o.Wire(handler)
	} else if st.Server, err = st.listen(); err != nil {
		return nil, err
	}
	if st.Admin, err = st.Clients(st.Truth.Administrator); err != nil {
		return nil, err
	}
	if err := st.connectEvents(ctx); err != nil {
		return nil, fmt.Errorf("lead events to the guard's queue: %w", err)
	}
	if st.Hands, err = st.NewHands(nil); err != nil {
		return nil, err
	}
	st.Guard = st.Hands.Account
	if st.store = o.Store; st.store == nil {
		if st.dir, err = os.MkdirTemp("", "warden-stage-"); err != nil {
			return nil, err
		}
		if st.store, err = ledger.OpenSQLite(ctx, st.LedgerPath()); err != nil {
			return nil, err
		}
	}
	st.Ledger = ledger.New(st.store, nil)
	st.Applier = st.Hands.Applier(st.Ledger, apply.Options{Account: st.Account})
	return st, nil
}

// listen serves the twin on a loopback port.
func (st *Stage) listen() (*twin.Server, error) {
	if st.Org != nil {
		return st.Org.Start("127.0.0.1:0")
	}
	return st.Twin.Start("127.0.0.1:0")
}

// LedgerPath is the file of the ledger.
func (st *Stage) LedgerPath() string { return filepath.Join(st.dir, "ledger.db") }

// Clients are AWS clients with a user's own access key.
func (st *Stage) Clients(user string) (*app.Clients, error) {
	return st.clientsIn(st.Account, user)
}

func (st *Stage) clientsIn(account, user string) (*app.Clients, error) {
	t := st.Twin
	if st.Org != nil {
		t = st.Org.Account(account)
	}
	id, secret, err := t.Credentials(user)
	if err != nil {
		return nil, err
	}
	return st.As(app.Key{ID: id, Secret: secret}), nil
}

// As are AWS clients with some credentials.
func (st *Stage) As(key app.Key) *app.Clients {
	if st.Server != nil {
		return app.Fixed(st.Server.URL(), key)
	}
	return app.Fixed("http://twin.invalid", key).With(func(c *aws.Config) { c.HTTPClient = st.wire })
}

// Responder is the guard's runtime on this stage, not yet started. opts may
// change its options.
func (st *Stage) Responder(opts ...func(*respond.Options)) (*respond.Responder, error) {
	return st.ResponderOf(st.Hands, st.Ledger, st.Applier, opts...)
}

// ResponderOf is one more runtime of the guard, with hands of its own.
func (st *Stage) ResponderOf(h Hands, l *ledger.Ledger, a respond.Applier, opts ...func(*respond.Options)) (*respond.Responder, error) {
	cfg := st.options.Guard
	cfg.Self = append([]string{h.Role}, cfg.Self...)
	cfg.Protected = append([]string{h.Role}, cfg.Protected...)
	o := respond.Options{
		Guard: cfg, Account: st.Account,
		Lookup:  respond.Live{Identities: collect.NewIdentities(h.Account.IAM), Reader: h.Reader()},
		Applier: a, Ledger: l, Notifier: notify.NewTopic(h.Hub.SNS, st.TopicARN), Log: st.options.Log,
	}
	if st.Org != nil {
		o.Guardrail = &respond.Guardrail{PolicyARN: st.Others.Guardrail}
	}
	for _, change := range opts {
		change(&o)
	}
	return respond.New(o)
}

// Queue is the queue that the guard reads.
func (st *Stage) Queue() *source.Queue { return source.NewQueue(st.Hands.Hub.SQS, st.QueueURL) }

// Play runs the guard on the queue until Close.
func (st *Stage) Play(ctx context.Context) error {
	r, err := st.Responder()
	if err != nil {
		return err
	}
	if err := r.Start(ctx); err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	st.stop, st.stopped = stop, make(chan error, 1)
	go func() {
		st.stopped <- r.Serve(serving, st.Queue(), respond.QueueOptions{Name: st.QueueURL, Each: st.options.Each})
	}()
	return nil
}

// Close stops guard and twin and removes the temporary folder.
func (st *Stage) Close() error {
	var errs []error
	if st.stop != nil {
		st.stop()
		errs = append(errs, <-st.stopped)
	}
	if st.store != nil {
		errs = append(errs, st.store.Close())
	}
	if st.Server != nil {
		errs = append(errs, st.Server.Close())
	}
	if st.dir != "" {
		errs = append(errs, os.RemoveAll(st.dir))
	}
	return errors.Join(errs...)
}
