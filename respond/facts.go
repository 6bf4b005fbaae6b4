package respond

import (
	"context"

	"warden/account"
	"warden/guard"
	"warden/trail"
)

// knownFacts are what is known before any look-up: which account is ours.
// They are nil when nothing can be looked up, so that the verdict says so.
func (r *Responder) knownFacts() *guard.Facts {
	switch {
	case r.Lookup != nil && r.Account != "":
		return &guard.Facts{Account: r.Account}
	case r.Snapshot != nil:
		return &guard.Facts{Account: r.Snapshot.Account}
	}
	return nil
}

// together adds to the facts what was known before they were looked up.
func together(f, known *guard.Facts) {
	if known != nil {
		f.Hands, f.Gaps = known.Hands, append(f.Gaps, known.Gaps...)
	}
}

// facts looks up what the judgement of an actor needs, nil when there is nowhere to look. A
// look-up that fails, after the client's own retries, becomes a gap.
func (r *Responder) facts(ctx context.Context, a trail.Actor) *guard.Facts {
	if r.Lookup == nil {
		if r.Snapshot == nil {
			return nil
		}
		f := guard.FactsFromSnapshot(r.Snapshot, a)
		return &f
	}
	f := &guard.Facts{Account: r.Account}
	if a.Kind == trail.AssumedRole {
		r.roleFacts(ctx, f, guard.Subject(a))
	} else {
		r.userFacts(ctx, f, guard.Subject(a))
	}
	r.baseline(ctx, f)
	return f
}

func (r *Responder) userFacts(ctx context.Context, f *guard.Facts, of trail.Issuer) {
	user, err := r.Lookup.User(ctx, of.Name)
	if err != nil {
		f.Gaps = append(f.Gaps, account.Gap{What: "iam:GetUser", Subject: of.ARN, Reason: oneLine(err)})
		return
	}
	if of.ID != "" && (user == nil || user.ID != of.ID) {
		// Who renames himself after each call is still the same.
		renamed, err := r.Lookup.UserByID(ctx, of.ID)
		if err != nil {
			f.Gaps = append(f.Gaps, account.Gap{What: "iam:ListUsers", Subject: of.ARN, Reason: oneLine(err)})
			return
		}
		if renamed != nil {
			user = renamed
		}
	}
	r.factsOf(ctx, f, user)
}

// factsOf adds what is known of a user who was looked up, nil for none.
func (r *Responder) factsOf(ctx context.Context, f *guard.Facts, user *account.User) {
	f.User = &guard.UserFacts{}
	if user == nil {
		return
	}
	groups, err := r.Lookup.Groups(ctx, user.Name)
	if err != nil {
		f.Gaps = append(f.Gaps, account.Gap{What: "iam:ListGroupsForUser", Subject: user.ARN, Reason: oneLine(err)})
	}
	f.User = &guard.UserFacts{Exists: true, ID: user.ID, ARN: user.ARN, Name: user.Name, Groups: groups, Tags: user.Tags}
}

func (r *Responder) roleFacts(ctx context.Context, f *guard.Facts, of trail.Issuer) {
	role, err := r.Lookup.Role(ctx, of.Name)
	if err != nil {
		f.Gaps = append(f.Gaps, account.Gap{What: "iam:GetRole", Subject: of.ARN, Reason: oneLine(err)})
		return
	}
	f.Role = &guard.RoleFacts{}
	if role != nil {
		f.Role = &guard.RoleFacts{Exists: true, ID: role.ID, ARN: role.ARN, Name: role.Name, Tags: role.Tags}
	}
}
