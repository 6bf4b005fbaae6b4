package respond

import (
	"context"
	"fmt"
	"strings"
	"time"

	"warden/change"
	"warden/guard"
	"warden/guard/detect"
)

// inverse finds what can be done about one effect.
func (r *Responder) inverse(ctx context.Context, res *Result, f detect.Effect) (answer, error) {
	switch f.Undo {
	case detect.ByHand:
		return told("%s: %s", res.Event.Name, f.Advice), nil
	case detect.RemoveClient:
		return atOnce(change.RemoveOIDCClient(f.ARN, f.Client)), nil
	case detect.DeleteProvider:
		return r.deleteProvider(ctx, f)
	case detect.RestorePolicy:
		return r.restorePolicy(ctx, res, f)
	case detect.RestoreVersion:
		return r.restoreVersion(ctx, res, f)
	}
	target, why, err := r.identity(ctx, res, f)
	if err != nil || why != "" {
		return told("%s", why), err
	}
	if r.protected(target.ARN) {
		return told("%s is protected", target.ARN), nil
	}
	switch f.Undo {
	case detect.QuarantineUser, detect.QuarantineRole:
		return atOnce(change.Attach(target, r.denyARN())), nil
	case detect.DeactivateKey:
		return atOnce(change.DeactivateKey(target, f.Credential)), nil
	case detect.DeactivateSSHKey:
		return atOnce(change.Deactivate(change.SSHKey, target, f.Credential)), nil
	case detect.DeactivateCert:
		return atOnce(change.Deactivate(change.Certificate, target, f.Credential)), nil
	case detect.DeactivateCredential:
		return atOnce(change.Deactivate(change.ServiceCredential, target, f.Credential)), nil
	case detect.RemoveFromProfile:
		return atOnce(change.LeaveProfile(target, f.Profile)), nil
	case detect.ActivateKey:
		return asked(change.ActivateKey(target, f.Credential), "the key was switched off; only its owner knows whether that was right"), nil
	case detect.RemoveLoginProfile:
		return r.removePassword(ctx, res, target)
	case detect.DetachPolicy:
		return r.detach(ctx, res, target, f)
	case detect.AttachPolicy:
		return r.attachAgain(ctx, res, target, f)
	case detect.RemoveFromGroup, detect.AddToGroup:
		return r.membership(ctx, res, target, f)
	case detect.RestoreInline:
		return r.restoreInline(ctx, res, target, f)
	case detect.RestoreTrust:
		return r.restoreTrust(ctx, res, target, f)
	case detect.RestoreBoundary:
		return r.restoreBoundary(ctx, res, target, f)
	}
	return told("%s has to be done by a person (%s)", f.Undo, res.Event.Name), nil
}

// identity finds the user, role or group that the effect is about, as it is
// now. A created one must be the very one that the call created, and a
// changed one no younger than the call.
func (r *Responder) identity(ctx context.Context, res *Result, f detect.Effect) (id change.Identity, why string, err error) {
	var made time.Time
	kind, name := "group", f.Group
	switch {
	case f.User != "":
		kind, name = "user", f.User
		u, err := r.userOf(ctx, f, res.Event.Time)
		if err != nil {
			return id, "", err
		}
		if u != nil {
			id, made = change.Identity{ARN: u.ARN, ID: u.ID}, u.CreateDate
		}
	case f.Role != "":
		kind, name = "role", f.Role
		role, err := r.Lookup.Role(ctx, name)
		if err != nil {
			return id, "", err
		}
		if role != nil {
			id, made = change.Identity{ARN: role.ARN, ID: role.ID}, role.CreateDate
		}
	default:
		g, err := r.Lookup.Group(ctx, name)
		if err != nil {
			return id, "", err
		}
		if g != nil {
			id, made = change.Identity{ARN: g.ARN, ID: g.ID}, g.CreateDate
		}
	}
	switch {
	case id.ARN == "":
		return id, fmt.Sprintf("%s %s does not exist any more", kind, name), nil
	case f.ID != "" && f.ID != id.ID:
		return id, fmt.Sprintf("%s was made anew since: the call made %s, now it is %s", id.ARN, f.ID, id.ID), nil
	case f.ID == "" && made.After(res.Event.Time.Add(timeResolution)):
		return id, fmt.Sprintf("%s was made anew since, at %s", id.ARN, made.UTC().Format(time.RFC3339)), nil
	}
	return id, "", nil
}

// removePassword takes away the console password that the call made, and no
// other.
func (r *Responder) removePassword(ctx context.Context, res *Result, user change.Identity) (answer, error) {
	set := change.Setting{Kind: change.LoginProfile, Target: user.ARN}
	now, err := r.Lookup.Setting(ctx, set)
	if err != nil || !now.Exists {
		return answer{}, err
	}
	made, err := time.Parse(time.RFC3339, now.Text)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", set, err)
	}
	if !madeBy(made, res.Event.Time) {
		return told("the %s was made at %s, not by this call", set, now.Text), nil
	}
	return atOnce(change.DeletePassword(user, now.Text)), nil
}

func (r *Responder) detach(ctx context.Context, res *Result, from change.Identity, f detect.Effect) (answer, error) {
	if r.denies(f.Policy) {
		return told("what is attached is the deny policy itself"), nil
	}
	step := change.Detach(from, f.Policy)
	before, err := r.before(ctx, step.Setting, from.ID, res.Event.Time)
	if err != nil {
		return answer{}, err
	}
	if before.fresh && before.state.Exists {
		return told("the %s was there before the call (%s)", step.Setting, before), nil
	}
	return atOnce(step), nil
}

// attachAgain puts back a policy that was detached: at once where it only
// denies, or where it is known that it was there.
func (r *Responder) attachAgain(ctx context.Context, res *Result, to change.Identity, f detect.Effect) (answer, error) {
	step := change.Attach(to, f.Policy)
	if r.denies(f.Policy) {
		return atOnce(step), nil
	}
	before, err := r.wasBefore(ctx, res, step.Setting, to.ID)
	switch {
	case err != nil:
		return answer{}, err
	case before.known && !before.state.Exists:
		return told("the %s was not there before the caller came (%s)", step.Setting, before), nil
	case before.fresh:
		return atOnce(step), nil
	}
	only, err := r.onlyDenies(ctx, f.Policy)
	if err != nil {
		return answer{}, err
	}
	if only {
		return atOnce(step), nil
	}
	return asked(step, "the policy was detached; attaching it again may grant something, and nothing shows that it was there before the caller came"), nil
}

// membership takes a user out of a group that he was put into, and proposes
// to put him back into one that he was taken out of.
func (r *Responder) membership(ctx context.Context, res *Result, user change.Identity, f detect.Effect) (answer, error) {
	step := change.RemoveMember(user, f.Group)
	if f.Undo == detect.AddToGroup {
		step = change.AddMember(user, f.Group)
	}
	before, err := r.before(ctx, step.Setting, user.ID, res.Event.Time)
	if err == nil && f.Undo == detect.AddToGroup {
		before, err = r.wasBefore(ctx, res, step.Setting, user.ID)
	}
	switch {
	case err != nil:
		return answer{}, err
	case f.Undo == detect.AddToGroup && before.known && !before.state.Exists,
		f.Undo == detect.RemoveFromGroup && before.fresh && before.state.Exists:
		return told("the %s is as it was before the caller came (%s)", step.Setting, before), nil
	case f.Undo == detect.RemoveFromGroup || before.fresh:
		return atOnce(step), nil
	}
	return asked(step, "the user was taken out of the group; putting him back may grant something, and nothing shows that he was in it before the caller came"), nil
}

// restoreInline puts an inline policy back that was written over or deleted.
func (r *Responder) restoreInline(ctx context.Context, res *Result, on change.Identity, f detect.Effect) (answer, error) {
	set := change.Setting{Kind: change.Inline, Target: on.ARN, Name: f.Name}
	if strings.EqualFold(f.Name, r.Guard.DenyPolicy) || strings.EqualFold(f.Name, guard.SessionPolicyName(r.Guard.DenyPolicy)) {
		return told("the %s is the guard's own; it looks after it", set), nil
	}
	left := change.Absent
	if f.Document != "" {
		left = change.Is(f.Document)
	}
	now, err := r.Lookup.Setting(ctx, set)
	if err != nil {
		return answer{}, err
	}
	if !now.Same(left) {
		return told("the %s is not as the call left it: somebody changed it since", set), nil
	}
	before, err := r.wasBefore(ctx, res, set, on.ID)
	switch {
	case err != nil:
		return answer{}, err
	case before.known && before.state.Same(now):
		return answer{}, nil
	case before.known:
		step := change.Transition(set, on.ID, now, before.state)
		if before.fresh || !before.state.Exists {
			return atOnce(step), nil
		}
		return asked(step, "the former text is that of %s; look whether it was still so", before), nil
	case !now.Exists:
		return told("the %s was deleted, and its text is in no snapshot, no ledger and no event", set), nil
	}
	return asked(change.DeleteInline(on, f.Name, now.Text),
		"the call wrote this policy; whether it made it or wrote over another is not known, so deleting it may take what the identity needs"), nil
}

// restoreBoundary puts a permissions boundary back.
func (r *Responder) restoreBoundary(ctx context.Context, res *Result, on change.Identity, f detect.Effect) (answer, error) {
	set := change.Setting{Kind: change.Boundary, Target: on.ARN}
	left := change.Absent
	if f.Boundary != "" {
		left = change.Is(f.Boundary)
	}
	now, err := r.Lookup.Setting(ctx, set)
	if err != nil {
		return answer{}, err
	}
	if !now.Same(left) {
		return told("the %s is not as the call left it: somebody changed it since", set), nil
	}
	before, err := r.wasBefore(ctx, res, set, on.ID)
	switch {
	case err != nil:
		return answer{}, err
	case before.known && before.state.Same(now):
		return answer{}, nil
	case before.known:
		step := change.Transition(set, on.ID, now, before.state)
		// A boundary only takes away, so putting one where there is none is
		// done at once.
		if before.fresh || !now.Exists {
			return atOnce(step), nil
		}
		return asked(step, "the former boundary is that of %s; look whether it was still so", before), nil
	}
	return asked(change.Attach(on, r.denyARN()),
		"the former boundary is in no snapshot, no ledger and no event; until somebody puts it back, the identity can be denied IAM"), nil
}

// deleteProvider proposes to delete an identity provider that was created.
func (r *Responder) deleteProvider(ctx context.Context, f detect.Effect) (answer, error) {
	kind := change.SAMLProvider
	if strings.Contains(f.ARN, ":oidc-provider/") {
		kind = change.OIDCProvider
	}
	now, err := r.Lookup.Setting(ctx, change.Setting{Kind: kind, Target: f.ARN})
	if err != nil || !now.Exists {
		return answer{}, err
	}
	return asked(change.DeleteProvider(kind, f.ARN, now.Text), "whoever owns the provider signs himself into every role that trusts it; look which do"), nil
}

// denies reports whether a policy is one of the guard's own deny policies.
func (r *Responder) denies(policyARN string) bool {
	return strings.EqualFold(policyARN, r.denyARN()) || strings.EqualFold(policyARN, r.denyARNOf(guard.DenyAll))
}
