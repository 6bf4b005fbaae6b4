package respond

import (
	"context"
	"fmt"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/policy"
)

// denyARN is the deny policy in the guarded account.
func (r *Responder) denyARN() string {
	partition := "aws"
	if r.Partition != "" {
		partition = r.Partition
	}
	return "arn:" + partition + ":iam::" + r.Account + ":policy/" + r.Guard.DenyPolicy
}

// proveDenyPolicy shows that the version of the deny policy that is in force
// denies IAM to the principal.
func (r *Responder) proveDenyPolicy(ctx context.Context, p policy.Principal) error {
	r.mu.Lock()
	hint := r.hint
	r.mu.Unlock()
	v, err := r.Lookup.Policy(ctx, r.denyARN(), hint)
	if err != nil {
		return err
	}
	if v == nil {
		return fmt.Errorf("policy %s does not exist", r.denyARN())
	}
	r.mu.Lock()
	r.hint = v.ID
	r.mu.Unlock()
	doc, err := policy.ParseStored(r.Guard.DenyPolicy, []byte(v.Document))
	if err != nil {
		return err
	}
	return guard.ProveDenied(doc, p, nil)
}

// policyIncident is the id under which the ledger keeps what was done to the
// deny policy itself.
const policyIncident = "deny-policy"

// ensureDenyPolicy makes the deny policy where it is missing, and puts a
// version with the right content in force where somebody changed it. It
// reports whether there was something to do.
func (r *Responder) ensureDenyPolicy(ctx context.Context) (changed bool, err error) {
	v, err := r.Lookup.Policy(ctx, r.denyARN(), "")
	if err != nil {
		return false, err
	}
	var step change.Step
	if v == nil {
		step = change.CreatePolicy(r.denyARN(), guard.DenyDocument(), "Denies IAM to identities that warden contains").Because("the policy is missing")
	} else {
		r.mu.Lock()
		r.hint = v.ID
		r.mu.Unlock()
		principal := policy.Principal{Type: policy.User, ARN: "arn:aws:iam::" + r.Account + ":user/probe", Account: r.Account}
		doc, err := policy.ParseStored(r.Guard.DenyPolicy, []byte(v.Document))
		if err == nil {
			err = guard.ProveDenied(doc, principal, nil)
		}
		if err == nil {
			return false, nil
		}
		former := change.Is(v.Document)
		former.Version = v.ID
		step = change.CreatePolicyVersion(r.denyARN(), former, guard.DenyDocument()).Because("its content does not deny IAM: " + oneLine(err))
	}
	if _, err := r.Ledger.OpenIncident(ctx, policyIncident, ledger.Opening{
		Account: r.Account, Caller: "warden", Kind: "warden", Severity: "info",
		Title: "keep the policy " + r.Guard.DenyPolicy + " ready",
	}); err != nil {
		return false, err
	}
	in, err := r.Ledger.Incident(ctx, policyIncident)
	if err != nil {
		return false, err
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: policyIncident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "keep the policy " + r.Guard.DenyPolicy + " ready", Reason: step.Reason, Steps: []change.Step{step},
	})
	if err != nil {
		return false, err
	}
	if _, err := r.run(ctx, plan, plan.Steps[0].ID); err != nil {
		return false, fmt.Errorf("make the policy %s ready: %w", r.Guard.DenyPolicy, err)
	}
	r.mu.Lock()
	if r.hint = ""; v == nil {
		r.hint = "v1" // the first version of every policy
	}
	r.mu.Unlock()
	r.Log.Info("the deny policy is ready", "policy", r.denyARN(), "why", step.Reason)
	return true, nil
}
