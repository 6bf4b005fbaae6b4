package respond

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/finding"
	"warden/notify"
	"warden/policy"
	"warden/trail"
)

// holdAt are the ages of a containment at which it is looked at again. IAM
// takes seconds to spread a change, and an intruder who is still let through
// in that time takes the containment off before anything else.
var holdAt = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, 2 * time.Minute}

// holder looks again at containments until their last look or the end of the
// context.
type holder struct {
	r       *Responder
	each    func(incident string, again Recheck, err error)
	looking sync.WaitGroup
	mu      sync.Mutex
	held    map[string]bool
}

// hold begins to look after an incident, unless that is under way.
func (h *holder) hold(ctx context.Context, incident string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[string]bool{}
	}
	if h.held[incident] {
		return
	}
	h.held[incident] = true
	h.looking.Go(func() {
		defer func() {
			h.mu.Lock()
			delete(h.held, incident)
			h.mu.Unlock()
		}()
		start := time.Now()
		for _, age := range holdAt {
			if !wait(ctx, age-time.Since(start)) {
				return
			}
			again, err := h.r.Recheck(ctx, incident)
			h.each(incident, again, err)
		}
	})
}

// Recheck is what a second look at a containment found.
type Recheck struct {
	// Stripped lists the settings that contained the caller and were gone.
	Stripped []change.Setting
	// Times is how often the incident was stripped so far, this time included.
	Times int
	// Restored says that what was gone is there again, and proved.
	Restored bool
}

// Recheck looks whether what contains the caller of an incident is still
// there, and puts back what somebody took away. What a person gave back by
// undo is left alone. From the second time on people are told: somebody
// fights the containment, and only an organisation's policy is out of his
// reach.
func (r *Responder) Recheck(ctx context.Context, incident string) (Recheck, error) {
	unlock := r.callers.lock(incident)
	defer unlock()
	in, err := r.Ledger.Incident(ctx, incident)
	if err != nil {
		return Recheck{}, err
	}
	var again Recheck
	var steps []change.Step
	for _, s := range containing(in) {
		found, err := r.Lookup.Setting(ctx, s.Step.Setting)
		if errors.Is(err, apply.ErrGone) {
			continue // the identity itself is gone
		}
		if err != nil {
			return again, err
		}
		if found.Same(s.Step.After) {
			continue
		}
		again.Stripped = append(again.Stripped, s.Step.Setting)
		steps = append(steps, change.Transition(s.Step.Setting, s.Step.TargetID, found, s.Step.After).Because(restoreReason))
	}
	if len(steps) == 0 {
		return again, nil
	}
	again.Times = 1
	for _, p := range in.Plans {
		if p.Reason == restoreReason {
			again.Times++
		}
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "contain again: " + in.Title, Reason: restoreReason, Steps: steps,
	})
	if err != nil {
		return again, err
	}
	_, err = r.run(ctx, plan, plan.Steps[0].ID)
	if err == nil && in.Kind != string(trail.AssumedRole) {
		err = r.proveDenyPolicy(ctx, policy.Principal{Type: policy.User, ARN: in.Caller, Account: r.Account})
	}
	if err == nil {
		_, err = r.Ledger.RecordVerification(ctx, incident, plan.Round, ledger.Verification{
			Level: ledger.Configured, Evidence: []string{fmt.Sprintf("put back after somebody took it away: %s", settings(again.Stripped))},
		})
	}
	again.Restored = err == nil
	if again.Times > 1 || err != nil {
		res := Result{}
		res.Incident = incident
		r.tell(ctx, &res, plan.Round, "stripped", r.strippedMessage(in, again, err))
		err = errors.Join(err, res.Err)
	}
	return again, err
}

// restoreReason marks the plans that put a containment back.
const restoreReason = "somebody took the containment away"

// containing are the steps in force that deny something to the caller: what
// the incident's first plan, or a later way to contain, put on its target.
func containing(in ledger.Incident) []ledger.StepState {
	latest := map[change.Setting]int{}
	var out []ledger.StepState
	for _, s := range in.Steps {
		if s.Undo || !s.Step.After.Exists || !s.Ended() {
			continue
		}
		switch s.Step.Kind {
		case change.Attachment, change.Inline, change.Boundary:
		default:
			continue
		}
		if i, ok := latest[s.Step.Setting]; ok {
			out[i] = s
			continue
		}
		latest[s.Step.Setting] = len(out)
		out = append(out, s)
	}
	kept := out[:0]
	for _, s := range out {
		if s.UndoneBy == "" {
			kept = append(kept, s)
		}
	}
	return kept
}

func settings(list []change.Setting) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.String()
	}
	return strings.Join(words, ", ")
}

func (r *Responder) strippedMessage(in ledger.Incident, again Recheck, err error) notify.Message {
	state := "it was put back"
	if err != nil {
		state = "it could NOT be put back: " + oneLine(err)
	}
	return notify.Message{
		Incident: in.ID, Severity: finding.Critical,
		Subject: "the containment of " + in.Caller + " is being taken away",
		Text: fmt.Sprintf("who    %s\ngone   %s\nhow    %d times so far; %s\n"+
			"next   somebody fights the containment: deny him by an organisation policy, and look for the identity he does it with\n%s",
			in.Caller, settings(again.Stripped), again.Times, state, r.undoLine(in.ID)),
	}
}
