package respond

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"warden/change"
	"warden/guard/detect"
)

// restoreTrust puts the trust policy of a role back where the former one is
// known. Else the role is quarantined at once, and denying the outsiders in
// its trust policy is proposed: who else has to assume the role, only its
// owner knows.
func (r *Responder) restoreTrust(ctx context.Context, res *Result, role change.Identity, f detect.Effect) (answer, error) {
	set := change.Setting{Kind: change.Trust, Target: role.ARN}
	now, err := r.Lookup.Setting(ctx, set)
	if err != nil {
		return answer{}, err
	}
	if f.Document != "" && !now.Same(change.Is(f.Document)) {
		return told("the %s is not as the call left it: somebody changed it since", set), nil
	}
	before, err := r.wasBefore(ctx, res, set, role.ID)
	if err != nil {
		return answer{}, err
	}
	switch {
	case before.known && before.state.Same(now):
		return answer{}, nil
	case before.known && before.fresh:
		return atOnce(change.PutTrust(role, now.Text, before.state.Text)), nil
	}
	var a answer
	if slices.Contains(r.Guard.AdminRoles, role.ARN) {
		a = told("role %s is an administrator's, so it was not quarantined: look at its trust policy now", role.ARN)
	} else {
		a = atOnce(change.Attach(role, r.denyARN()))
	}
	if before.known {
		return a.and(asked(change.PutTrust(role, now.Text, before.state.Text), "the former trust policy is that of %s; look whether it was still so", before)), nil
	}
	if !f.Outsiders {
		return a.and(told("the former trust policy of %s is in no snapshot, no ledger and no event: put it back by hand", role.ARN)), nil
	}
	denied, err := denyOutsiders(now.Text, r.Account)
	if err != nil {
		return a.and(told("the trust policy of %s lets in somebody of another account: %v", role.ARN, err)), nil
	}
	return a.and(asked(change.PutTrust(role, now.Text, denied),
		"the trust policy lets in somebody of another account, and the former one is not known: callers of other accounts can be denied in it")), nil
}

// denyOutsiders adds a statement to a trust policy that keeps out callers of
// other accounts. AWS services, which have no account, still come in.
// Source: IAM User Guide, "AWS global condition context keys",
// aws:PrincipalAccount and aws:PrincipalIsAWSService.
func denyOutsiders(trust, acct string) (string, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(trust), &doc); err != nil {
		return "", fmt.Errorf("read the trust policy: %w", err)
	}
	var statements []json.RawMessage
	if json.Unmarshal(doc["Statement"], &statements) != nil {
		statements = []json.RawMessage{doc["Statement"]}
	}
	deny, err := json.Marshal(map[string]any{
		"Sid": "WardenDenyOutsiders", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
		"Condition": map[string]any{
			"StringNotEquals": map[string]string{"aws:PrincipalAccount": acct},
			"BoolIfExists":    map[string]string{"aws:PrincipalIsAWSService": "false"},
		},
	})
	if err != nil {
		return "", err
	}
	if doc["Statement"], err = json.Marshal(append(statements, deny)); err != nil {
		return "", err
	}
	out, err := json.Marshal(doc)
	return string(out), err
}
