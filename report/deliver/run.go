package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"warden/account/collect"
	"warden/notify"
)

// What Begin says where there is nothing to do.
var (
	// ErrTold: people were told of this run already.
	ErrTold = errors.New("this run has been told already")
	// ErrElsewhere: another invocation is at work on this run.
	ErrElsewhere = errors.New("another is at work on this run")
)

// Stamp is how keys and ids write the time of a run.
const Stamp = "20060102T150405Z"

// state is what the store knows of a run, in the object run.json.
type state struct {
	Version int    `json:"version"`
	Run     string `json:"run"`
	// State is "working", "failed" or "told".
	State string `json:"state"`
	// Until is how long whoever works on the run can be at work: after it, the
	// run is anybody's.
	Until time.Time `json:"until,omitzero"`
	// Failure is the hash of the last failure that people were told of.
	Failure string    `json:"failure,omitempty"`
	At      time.Time `json:"at"`
}

// Delivery is where reports go.
type Delivery struct {
	// Store may be nil: then nothing is stored, and runs are not told apart.
	Store *Store
	// Tell sends a message to people; nil for nobody.
	Tell notify.Notifier
	// Now is the clock; nil means the wall clock.
	Now func() time.Time
}

func (d *Delivery) now() time.Time {
	if d.Now != nil {
		return d.Now().UTC()
	}
	return time.Now().UTC()
}

// Run is one audit at a time, of an account or of many.
type Run struct {
	d     *Delivery
	scope string // account id, or "organization"
	at    time.Time
	state state
	tag   string
	// store is why the store could not be asked, nil where it was.
	store error
}

// Organization is the scope of a run that is about many accounts.
const Organization = "organization"

// Begin claims the run of a time for a scope: the id of an account, or
// [Organization]. The claim holds until the given time, or until the run ends.
// ErrTold and ErrElsewhere mean that there is nothing to do. A store that
// cannot be asked keeps nobody from being told: Run says so then.
func (d *Delivery) Begin(ctx context.Context, scope string, at, until time.Time) (*Run, error) {
	r := &Run{d: d, scope: scope, at: at.UTC()}
	if d.Store == nil {
		return r, nil
	}
	r.state = state{Version: 1, Run: r.ID(), State: "working", Until: until.UTC(), At: d.now()}
	tag, err := d.Store.putJSON(ctx, r.key("run.json"), r.state, condition{absent: true})
	if errors.Is(err, errTaken) {
		tag, err = r.takeOver(ctx)
	}
	if errors.Is(err, ErrTold) || errors.Is(err, ErrElsewhere) {
		return nil, err
	}
	r.tag, r.store = tag, err
	return r, nil
}

// takeOver claims a run that somebody began and did not end.
func (r *Run) takeOver(ctx context.Context) (tag string, err error) {
	var was state
	tag, err = r.d.Store.getJSON(ctx, r.key("run.json"), &was)
	switch {
	case err != nil:
		return "", err
	case was.State == "told":
		return "", ErrTold
	case was.State == "working" && r.d.now().Before(was.Until):
		return "", ErrElsewhere
	}
	r.state.Failure = was.Failure
	tag, err = r.d.Store.putJSON(ctx, r.key("run.json"), r.state, condition{tag: tag})
	if errors.Is(err, errTaken) {
		return "", ErrElsewhere
	}
	return tag, err
}

// ID names the run: the scope and the time.
func (r *Run) ID() string { return "audit-" + r.scope + "-" + r.at.Format(Stamp) }

// key is that of an object of the run.
func (r *Run) key(name string) string { return r.folder(r.scope, name) }

func (r *Run) folder(scope, name string) string {
	return r.d.Store.key(scope, r.at.Format("2006/01/02"), r.at.Format(Stamp), name)
}

// end writes down how the run ended.
func (r *Run) end(ctx context.Context, how string) error {
	if r.d.Store == nil || r.store != nil {
		return r.store
	}
	r.state.State, r.state.Until, r.state.At = how, time.Time{}, r.d.now()
	_, err := r.d.Store.putJSON(ctx, r.key("run.json"), r.state, condition{tag: r.tag})
	if err != nil {
		return fmt.Errorf("note that the run ended: %w", err)
	}
	return nil
}

// Fail tells people that there is no report and why, once for each reason, and
// leaves the run to the next invocation. It returns the reason, and what went
// wrong besides.
func (r *Run) Fail(ctx context.Context, reason error) error {
	// The reason without what differs from one call to the next.
	sum := sha256.Sum256([]byte(collect.Reason(reason)))
	hash := hex.EncodeToString(sum[:8])
	errs := []error{reason}
	if r.state.Failure != hash {
		if err := r.d.tell(ctx, r.failed(reason)); err != nil {
			errs = append(errs, fmt.Errorf("tell people: %w", err))
		} else {
			r.state.Failure = hash
		}
	}
	if err := r.end(ctx, "failed"); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (d *Delivery) tell(ctx context.Context, m notify.Message) error {
	if d.Tell == nil {
		return nil
	}
	return d.Tell.Notify(ctx, m)
}
