package respond_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/app"
	"warden/guard"
	"warden/guard/lineage"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// brood lets the intruder make an administrator with a key, who makes another
// one, and returns the events in the order of the calls.
func (h *house) brood() []*trail.Event {
	h.t.Helper()
	ctx, by := h.t.Context(), h.intruder
	for _, name := range []string{"first", "second", "third"} {
		if err := func() error {
			if _, err := by.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)}); err != nil {
				return err
			}
			if _, err := by.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String(name), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}); err != nil {
				return err
			}
			key, err := by.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(name)})
			if err == nil {
				by = app.Fixed(h.Server.URL(), app.Key{ID: aws.ToString(key.AccessKey.AccessKeyId), Secret: aws.ToString(key.AccessKey.SecretAccessKey)})
			}
			return err
		}(); err != nil {
			h.t.Fatal(err)
		}
	}
	var out []*trail.Event
	for _, e := range h.lookup() {
		switch e.Actor().Name {
		case h.Truth.Intruder, "first", "second":
			out = append(out, e)
		}
	}
	return out
}

// The incidents of identities that a contained caller made name him, and do
// not count in the budget.
func TestChildrenAreNoOriginals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsNothing)
	h.r = h.responder(func(o *respond.Options) {
		o.Lookup, o.Applier, o.Guard.Budget = h.r.Lookup, h.r.Applier, 1
	})
	incidents := map[string]string{}
	for _, e := range h.brood() {
		r := h.r.Handle(t.Context(), e)
		if r.Err != nil || len(r.Proposed) > 0 {
			t.Errorf("%s by %s: proposed %v, %v", e.Name, r.Actor.Name, r.Proposed, r.Err)
		}
		incidents[r.Actor.Name] = r.Incident
	}
	for child, parent := range map[string]string{"first": h.Truth.Intruder, "second": "first", h.Truth.Intruder: ""} {
		in, err := h.Ledger.Incident(t.Context(), incidents[child])
		if err != nil || in.Parent != incidents[parent] {
			t.Errorf("the parent of %s is %q, want that of %q %q; %v", child, in.Parent, parent, incidents[parent], err)
		}
	}
}

// A freeze is one plan of the caller's incident, and one undo gives it back.
func TestFreeze(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	h := &house{play: p}
	h.r = h.responder(func(o *respond.Options) { *o = h.mighty(*o) })
	events := h.brood()
	if r := h.r.Handle(t.Context(), events[0]); r.Err != nil {
		t.Fatal(r.Err)
	}
	before := h.Twin.Snapshot()
	root := events[0].Actor()
	incident := guard.IncidentOf(h.Account, root)
	tree := lineage.Trace(events, lineage.Query{Caller: root.ID})
	plan, left, err := h.r.Freeze(t.Context(), incident, tree)
	if err != nil || len(plan.Steps) != 6 || len(left) != 0 {
		t.Fatalf("%d steps, left %q, %v", len(plan.Steps), left, err)
	}
	if rep, err := h.r.Applier.Run(t.Context(), plan); err != nil || !rep.OK() {
		t.Fatalf("%v %q", err, rep.Problems())
	}
	again, left, err := h.r.Freeze(t.Context(), incident, tree)
	if err != nil || len(again.Steps) != 0 || len(left) != 6 {
		t.Errorf("again: %d steps, left %q, %v", len(again.Steps), left, err)
	}
	h.giveBack(incident)
	for _, name := range []string{"first", "second", "third", h.Truth.Intruder} {
		if was, is := withoutUse(before, name), withoutUse(h.Twin.Snapshot(), name); name != h.Truth.Intruder && was != is {
			t.Errorf("%s\nwas %s\nis  %s", name, was, is)
		}
	}
}
