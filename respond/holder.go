package respond

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard/detect"
)

// holder finds the user to whom a call gave a credential. The record of the
// call has his name alone, which he may have changed since, and which another
// may have by now: so it is he who has the credential. Who bears the name is
// asked first, and then those who are, or were when they bore it, known as
// administrators. IAM has no list of credentials by which others are found
// without asking everybody. Where nobody has it, the bearer of the name is
// returned, nil for none: IAM may not show a new credential yet.
func (r *Responder) holder(ctx context.Context, name string, at time.Time, cred change.Setting, has func(change.State) bool) (*account.User, error) {
	asked := map[string]bool{"": true}
	ask := func(id, arn string) (bool, error) {
		if asked[id] {
			return false, nil
		}
		asked[id], cred.Target = true, arn
		st, err := r.Lookup.Setting(ctx, cred)
		if errors.Is(err, apply.ErrGone) {
			return false, nil
		}
		return err == nil && has(st), err
	}
	bearer, err := r.Lookup.User(ctx, name)
	if err != nil {
		return nil, err
	}
	if bearer != nil {
		if ok, err := ask(bearer.ID, bearer.ARN); err != nil || ok {
			return bearer, err
		}
	}
	for _, id := range r.bore(name, at) {
		if asked[id] {
			continue
		}
		u, err := r.Lookup.UserByID(ctx, id)
		if err != nil {
			return nil, err
		}
		if u == nil {
			continue
		}
		if ok, err := ask(u.ID, u.ARN); err != nil || ok {
			return u, err
		}
	}
	admins, _, err := r.adminsNow(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range admins {
		arn, err := account.ParseARN(m.ARN)
		if err != nil || arn.Type() != "user" {
			continue
		}
		if ok, err := ask(m.ID, m.ARN); err != nil {
			return nil, err
		} else if ok {
			return r.userWith(ctx, arn.Name(), m.ID)
		}
	}
	return bearer, nil
}

// bore are the unique ids of the users who were seen last, before a time, as
// administrators of a name.
func (r *Responder) bore(name string, at time.Time) (ids []string) {
	for _, m := range r.seenBefore(at) {
		arn, err := account.ParseARN(m.ARN)
		if err == nil && arn.Type() == "user" && strings.EqualFold(arn.Name(), name) && !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// seenBefore are the administrators of the last look before a time.
func (r *Responder) seenBefore(at time.Time) []ledger.AdminMember {
	r.admins.mu.Lock()
	defer r.admins.mu.Unlock()
	for _, look := range slices.Backward(r.admins.history.Seen) {
		if !look.At.After(at.Add(timeResolution)) {
			return look.Members
		}
	}
	return nil
}

// exists is what a credential is while its user has it.
func exists(s change.State) bool { return s.Exists }

// credentialKinds are the settings of the credentials that have an id.
var credentialKinds = map[detect.Undo]change.Kind{
	detect.DeactivateKey:        change.AccessKey,
	detect.ActivateKey:          change.AccessKey,
	detect.DeactivateSSHKey:     change.SSHKey,
	detect.DeactivateCert:       change.Certificate,
	detect.DeactivateCredential: change.ServiceCredential,
}

// userOf finds the user whom the effect of a call is about, under whatever
// name: by the unique id where the record has it, else by the credential.
func (r *Responder) userOf(ctx context.Context, f detect.Effect, at time.Time) (*account.User, error) {
	kind, ok := credentialKinds[f.Undo]
	switch {
	case f.ID != "":
		u, err := r.userWith(ctx, f.User, f.ID)
		if err != nil || u != nil {
			return u, err
		}
	case ok && f.Credential != "":
		return r.holder(ctx, f.User, at, change.Setting{Kind: kind, Name: f.Credential}, exists)
	case f.Undo == detect.RemoveLoginProfile:
		return r.holder(ctx, f.User, at, change.Setting{Kind: change.LoginProfile}, func(s change.State) bool {
			made, err := time.Parse(time.RFC3339, s.Text)
			return s.Exists && err == nil && madeBy(made, at)
		})
	}
	return r.Lookup.User(ctx, f.User)
}

// madeBy reports whether what IAM made at a time can be of a call.
func madeBy(made, call time.Time) bool {
	return !made.Before(call.Add(-timeResolution)) && !made.After(call.Add(madeWithin))
}
