package scene

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
	"warden/app"
	"warden/change/ledger"
	"warden/internal/stage"
	"warden/twin"
)

// scene is a run and what is left of it.
type scene struct {
	*stage.Stage
	tb     testing.TB
	cfg    config
	memory *ledger.Memory
	turns  *turns
	line   wire
	before *account.Snapshot
	// protected are never touched.
	protected []string
	intruder  *intruder
	began     time.Time

	crashed atomic.Int64
	// swept is when the last sweep began that came to its end, since the
	// beginning.
	swept atomic.Int64
	// lost counts the publications whose answer the guard did not get.
	lost atomic.Int64

	mu       sync.Mutex
	told     []line // what happened
	failures []string
}

// line is one thing that happened.
type line struct {
	at        time.Duration
	who, what string
	quiet     bool // not told to people
}

func (l line) String() string { return fmt.Sprintf("%8.3fs  %-14s %s", l.at.Seconds(), l.who, l.what) }

// note keeps what happened. The first arguments are those of who.
func (s *scene) note(who, what string, args ...any) {
	if n := strings.Count(who, "%"); n > 0 {
		who, args = fmt.Sprintf(who, args[:n]...), args[n:]
	}
	s.tell(line{who: who, what: fmt.Sprintf(what, args...)})
}

// saw keeps what came over a wire.
func (s *scene) saw(who, what string) { s.tell(line{who: who, what: what, quiet: true}) }

func (s *scene) tell(l line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.at = time.Since(s.began)
	s.told = append(s.told, l)
}

func (s *scene) fail(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

// logger notes the warnings and errors of a runtime, as long as that lives:
// which of its goroutines first learns of its end is chance.
func (s *scene) logger(alive context.Context, who string) *slog.Logger {
	return slog.New(slog.NewTextHandler(noter{alive, s, who}, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

type noter struct {
	alive context.Context
	s     *scene
	who   string
}

func (n noter) Write(p []byte) (int, error) {
	if n.alive.Err() == nil {
		n.s.note(n.who, "%s", strings.TrimSpace(string(p)))
	}
	return len(p), nil
}

// play runs a scene; it has to be called in a bubble of virtual time.
func play(tb testing.TB, cfg config) *scene {
	tb.Helper()
	ctx := tb.Context()
	time.Sleep(time.Until(time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)))
	s := &scene{tb: tb, cfg: cfg, memory: &ledger.Memory{}, began: time.Now(), turns: newTurns()}
	go s.turns.give(ctx)
	faults := cfg.faults
	faults.OnCall = s.trouble
	var err error
	now := time.Now()
	truth, role := whoIsWho(cfg, now)
	glass := "arn:aws:iam::" + twin.SampleAccount + ":user/emergency/" + truth.BreakGlass
	s.protected = []string{glass}
	s.Stage, err = stage.Set(ctx, stage.Options{
		Seed: cfg.seed, Random: rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), uint64(cfg.seed)))), Faults: faults, Guard: cfg.guard, Organization: cfg.organization, Store: s.memory, Sessions: true,
		Rights: rights(tb, twin.SampleAccount, role, s.protected),
		Wire: func(h http.Handler) aws.HTTPClient {
			s.line = wire{handler: h, turns: s.turns, saw: s.saw, seed: cfg.seed}
			people := s.line
			people.name = "people"
			return people
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	pause(ctx, 5*time.Second) // what was set up has spread
	s.before = s.Twin.Snapshot()
	s.intruder = newIntruder(s)

	guarding, stop := context.WithCancel(ctx)
	var workers, others sync.WaitGroup
	for n := range cfg.crashes {
		w := &worker{s: s, n: n}
		workers.Go(func() { w.run(guarding) })
	}
	pause(ctx, time.Second)
	fighting, end := context.WithTimeout(ctx, cfg.fight)
	others.Go(func() { s.intruder.fight(fighting) })
	others.Go(func() { s.work(fighting) })
	others.Wait()
	end()
	for range 2 {
		s.intruder.lastStand(ctx)
		pause(ctx, cfg.quiet/2)
	}
	// A sweep reads two pages a second, and may take longer than that.
	for stood := time.Since(s.began) - cfg.quiet/2; time.Duration(s.swept.Load()) < stood && time.Since(s.began) < stood+5*time.Minute; {
		pause(ctx, cfg.sweep)
	}
	pause(ctx, cfg.sweep)
	// Who dies while he tells people is followed when his claim is old.
	for began := time.Since(s.began); s.telling(ctx) && time.Since(s.began) < began+5*time.Minute; {
		pause(ctx, cfg.sweep)
	}
	stop()
	workers.Wait()
	return s
}

// telling reports whether somebody began to tell people something, and it is
// not known yet whether he did.
func (s *scene) telling(ctx context.Context) bool {
	open, ended := map[string]string{}, map[string]bool{}
	for e, err := range s.memory.Entries(ctx, ledger.Query{}) {
		switch {
		case err != nil:
			s.fail("the ledger: %v", err)
			return false
		case e.Kind == ledger.NotifyIntended:
			attempt := strings.TrimPrefix(e.Key, "telling:")
			open[attempt] = attempt[:strings.LastIndexByte(attempt, ':')]
		case e.Kind == ledger.NotifyFailed || e.Kind == ledger.Notified:
			_, what, _ := strings.Cut(e.Key, ":")
			ended[what] = true
		}
	}
	for attempt, what := range open {
		if !ended[attempt] && !ended[what] {
			return true
		}
	}
	return false
}

// whoIsWho is the truth of the company, and the role that the guard has in its
// account.
func whoIsWho(cfg config, now time.Time) (twin.Truth, string) {
	if cfg.organization {
		_, others := twin.SampleOrganization(cfg.seed, now)
		return others.Company, others.ResponderRole
	}
	_, truth := twin.Sample(cfg.seed, now)
	return truth, truth.GuardRole
}

// trouble is what AWS does to the guard's calls.
func (s *scene) trouble(c twin.Call) twin.Fault {
	if !strings.Contains(c.Caller, "assumed-role/warden-") || s.cfg.trouble == (config{}).trouble {
		return twin.Fault{}
	}
	r := rand.New(rand.NewPCG(uint64(s.cfg.seed), uint64(time.Since(s.began))^uint64(len(c.Operation))<<56))
	t, draw := s.cfg.trouble, r.Float64()
	after := func(f twin.Fault) twin.Fault {
		if c.Operation == "Publish" {
			s.lost.Add(1)
		}
		return f
	}
	switch {
	case draw < t.throttle && c.Service != "sqs":
		return twin.Fault{Code: map[bool]string{true: "Throttling", false: "ThrottlingException"}[c.Service == "iam" || c.Service == "sts" || c.Service == "sns"], Message: "Rate exceeded", Status: 400}
	case draw < t.throttle+t.before:
		return twin.Fault{Status: 500}
	case draw < t.throttle+t.before+t.after:
		return after(twin.Fault{After: true})
	case draw < t.throttle+t.before+t.after+t.cut:
		return after(twin.Fault{After: true, Cut: true})
	}
	return twin.Fault{}
}

// work is an administrator's day: new users in a group, now and then.
func (s *scene) work(ctx context.Context) {
	line := s.line
	line.name = "administrator"
	admin := s.Admin.With(hasty(line))
	for n := 1; pause(ctx, 17*time.Second+211*time.Millisecond); n++ {
		name := fmt.Sprintf("newcomer-%d", n)
		_, err := admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		if err == nil {
			_, err = admin.IAM.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &name, GroupName: aws.String("Developers")})
		}
		s.note("administrator", "hires %s: %v", name, errText(err))
	}
}

// clients are those of a credential of the intruder.
func (s *scene) clients(name string, key app.Key) *app.Clients {
	line := s.line
	line.name = name
	return s.As(key).With(hasty(line))
}

// text is the run for people, line by line.
func (s *scene) text() string {
	var b strings.Builder
	for _, l := range s.sorted() {
		if !l.quiet {
			fmt.Fprintln(&b, l)
		}
	}
	return b.String()
}

// recording is all of the run, to the nanosecond.
func (s *scene) recording() string {
	var b strings.Builder
	for _, l := range s.sorted() {
		fmt.Fprintf(&b, "%d\t%s\t%s\n", l.at, l.who, l.what)
	}
	return b.String()
}

// sorted are the things that happened, in the order of their time; those of
// one moment in the order of their words.
func (s *scene) sorted() []line {
	return slices.SortedStableFunc(slices.Values(s.told), func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who), cmp.Compare(a.what, b.what))
	})
}
