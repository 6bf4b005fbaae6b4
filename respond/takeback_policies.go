package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"warden/account/collect"
	"warden/change"
	"warden/change/apply"
	"warden/guard/detect"
	"warden/policy"
	"warden/policy/reason"
)

// restorePolicy makes a deleted managed policy again, where its text is
// known. Nobody holds it then.
func (r *Responder) restorePolicy(ctx context.Context, res *Result, f detect.Effect) (answer, error) {
	if r.denies(f.Policy) {
		return told("the deny policy is the guard's own; it looks after it"), nil
	}
	set := change.Setting{Kind: change.Policy, Target: f.Policy}
	now, err := r.Lookup.Setting(ctx, set)
	if err != nil {
		return answer{}, err
	}
	if now.Exists {
		return told("%s exists again", f.Policy), nil
	}
	before, err := r.wasBefore(ctx, res, set, "")
	if err != nil {
		return answer{}, err
	}
	if !before.known || !before.state.Exists {
		return told("%s was deleted, and its text is in no snapshot, no ledger and no event", f.Policy), nil
	}
	return atOnce(change.CreatePolicy(f.Policy, before.state.Text, before.state.Description)), nil
}

// restoreVersion puts the version of a managed policy in force that was so
// before the call. Where that is not known it is, after a new version, the
// newest one before it; one that was in force before and is not the newest
// is put back when a person has looked, unless it grants nothing more than
// what is in force now.
func (r *Responder) restoreVersion(ctx context.Context, res *Result, f detect.Effect) (answer, error) {
	if r.denies(f.Policy) {
		return told("the deny policy is the guard's own; it looks after it"), nil
	}
	set := change.Setting{Kind: change.DefaultVersion, Target: f.Policy}
	now, err := r.Lookup.Setting(ctx, set)
	switch {
	case errors.Is(err, apply.ErrGone):
		return told("%s does not exist any more", f.Policy), nil
	case err != nil:
		return answer{}, err
	case now.Version != f.Version:
		return told("%s: version %s is in force now, the call put %s in force", f.Policy, now.Version, f.Version), nil
	}
	versions, err := r.Lookup.Versions(ctx, f.Policy)
	if err != nil {
		return answer{}, err
	}
	before, err := r.wasBefore(ctx, res, set, "")
	if err != nil {
		return answer{}, err
	}
	has := func(id string) bool {
		return slices.ContainsFunc(versions, func(v collect.VersionDate) bool { return v.ID == id })
	}
	if before.known && before.state.Version == f.Version {
		return answer{}, nil
	}
	if before.known && has(before.state.Version) {
		step, err := r.setVersion(ctx, f.Policy, now, before.state.Version)
		if err != nil {
			return answer{}, err
		}
		if before.fresh || grantsNoMore(now.Text, step.After.Text) {
			return atOnce(step), nil
		}
		return asked(step, "the version in force before is that of %s; look whether it was still so", before), nil
	}
	others, err := r.earlier(ctx, res, versions, f)
	if err != nil {
		return answer{}, err
	}
	if len(others) == 0 {
		return told("%s has no version from before the caller's calls", f.Policy), nil
	}
	step, err := r.setVersion(ctx, f.Policy, now, others[0].ID)
	if err != nil {
		return answer{}, err
	}
	if f.Document != "" && len(others) == 1 || grantsNoMore(now.Text, step.After.Text) {
		return atOnce(step), nil
	}
	return asked(step, "which version was in force before is not known; %s is the newest other one", others[0].ID), nil
}

// earlier lists the versions that may have been in force before, the newest
// first: those from before the caller's first call.
func (r *Responder) earlier(ctx context.Context, res *Result, versions []collect.VersionDate, f detect.Effect) ([]collect.VersionDate, error) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return nil, err
	}
	first := res.Event.Time
	for _, e := range in.Events {
		if e.Time.Before(first) {
			first = e.Time
		}
	}
	var out []collect.VersionDate
	for _, v := range versions {
		if v.ID != f.Version && v.Created.Before(first) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (r *Responder) setVersion(ctx context.Context, policyARN string, now change.State, id string) (change.Step, error) {
	to, err := r.Lookup.Setting(ctx, change.Setting{Kind: change.PolicyVersion, Target: policyARN, Name: id})
	if err != nil {
		return change.Step{}, err
	}
	if !to.Exists {
		return change.Step{}, fmt.Errorf("version %s of %s is gone", id, policyARN)
	}
	to.Version, to.Description, now.Description = id, "", ""
	return change.SetDefaultPolicyVersion(policyARN, now, to), nil
}

// grantsNoMore reports whether it is proved that a document allows nothing
// that another does not.
func grantsNoMore(existing, updated string) bool {
	a, err := policy.ParseStored("in force", []byte(existing))
	if err != nil {
		return false
	}
	b, err := policy.ParseStored("to be put back", []byte(updated))
	if err != nil {
		return false
	}
	return reason.NoNewAccess([]*policy.Document{a}, []*policy.Document{b}, reason.Options{}).Verdict == reason.Yes
}

// onlyDenies reports whether every statement of a managed policy denies.
func (r *Responder) onlyDenies(ctx context.Context, policyARN string) (bool, error) {
	v, err := r.Lookup.Policy(ctx, policyARN, "")
	if err != nil || v == nil {
		return false, err
	}
	doc, err := policy.ParseStored(policyARN, []byte(v.Document))
	if err != nil {
		return false, nil // what cannot be read may grant
	}
	return len(doc.Statements) > 0 && !slices.ContainsFunc(doc.Statements, func(s policy.Statement) bool { return !strings.EqualFold(s.Effect, "Deny") }), nil
}
