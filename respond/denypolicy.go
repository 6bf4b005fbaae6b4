package respond

import (
	"context"
	"errors"
	"fmt"

	"warden/account/collect"
	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/policy"
)

func (r *Responder) partition() string {
	if r.Partition != "" {
		return r.Partition
	}
	return "aws"
}

// denyARN is the policy DENY-IAM in the guarded account.
func (r *Responder) denyARN() string { return r.denyARNOf(guard.DenyIAM) }

// denyARNOf is the deny policy of a level in the guarded account.
func (r *Responder) denyARNOf(level guard.Level) string {
	return "arn:" + r.partition() + ":iam::" + r.Account + ":policy/" + r.Guard.PolicyName(level)
}

func (r *Responder) hint(arn string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hints[arn]
}

func (r *Responder) setHint(arn, version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hints[arn] = version
}

// proveDenyPolicy shows that the version of the deny policy that is in force
// denies what its level denies to the principal.
func (r *Responder) proveDenyPolicy(ctx context.Context, level guard.Level, p policy.Principal) error {
	arn := r.denyARNOf(level)
	v, err := r.Lookup.Policy(ctx, arn, r.hint(arn))
	if err != nil {
		return err
	}
	if v == nil {
		return fmt.Errorf("policy %s does not exist", arn)
	}
	r.setHint(arn, v.ID)
	doc, err := policy.ParseStored(r.Guard.PolicyName(level), []byte(v.Document))
	if err != nil {
		return err
	}
	return level.Prove(policy.Policies{Identity: []*policy.Document{doc}}, p, nil)
}

// policyIncident is the id under which the ledger keeps what was done to a
// deny policy itself.
func policyIncident(account string) string { return "deny-policy-" + account }

// ensureDenyPolicy makes the deny policies ready that the level needs. It
// reports whether there was something to do. Without DENY-ALL there are other
// ways to deny all, so that its lack is only logged.
func (r *Responder) ensureDenyPolicy(ctx context.Context) (changed bool, err error) {
	if r.Guard.Level == guard.AlertOnly {
		return false, nil // nothing is changed
	}
	changed, err = r.ensurePolicy(ctx, guard.DenyIAM)
	if r.Guard.Level == guard.DenyAll {
		also, aerr := r.ensurePolicy(ctx, guard.DenyAll)
		if changed = changed || also; aerr != nil {
			r.Log.Error("the policy is not ready; all is denied in other ways", "policy", r.denyARNOf(guard.DenyAll), "error", aerr)
		}
	}
	return changed, err
}

// ensurePolicy makes a deny policy where it is missing, and puts a version
// with the right content in force where somebody changed it.
func (r *Responder) ensurePolicy(ctx context.Context, level guard.Level) (changed bool, err error) {
	arn, name := r.denyARNOf(level), r.Guard.PolicyName(level)
	v, err := r.Lookup.Policy(ctx, arn, "")
	if err != nil {
		return false, err
	}
	var steps []change.Step
	if v == nil {
		steps = []change.Step{change.CreatePolicy(arn, level.Document(), "Denies "+level.Text()+" to identities that warden contains").Because("the policy is missing")}
	} else {
		r.setHint(arn, v.ID)
		why := ready(level, name, v.Document)
		if why == nil {
			return false, nil
		}
		if steps, err = r.repair(ctx, level, *v); err != nil {
			return false, err
		}
		for i := range steps {
			steps[i].Reason = "it is not what it should be: " + oneLine(why)
		}
	}
	incident := policyIncident(r.Account)
	if _, err := r.Ledger.OpenIncident(ctx, incident, ledger.Opening{
		Account: r.Account, Caller: "warden", Kind: "warden", Severity: "info",
		Title: "keep the deny policies ready",
	}); err != nil {
		return false, err
	}
	in, err := r.Ledger.Incident(ctx, incident)
	if err != nil {
		return false, err
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "keep the policy " + name + " ready", Reason: steps[0].Reason, Steps: steps,
	})
	if err != nil {
		return false, err
	}
	if _, err := r.run(ctx, plan, plan.Steps[0].ID); err != nil {
		return false, fmt.Errorf("make the policy %s ready: %w", name, err)
	}
	if v == nil {
		r.setHint(arn, "v1") // the first version of every policy
	} else {
		r.setHint(arn, "")
	}
	r.Log.Info("the deny policy is ready", "policy", arn, "why", steps[0].Reason)
	return true, nil
}

func ready(level guard.Level, name, document string) error {
	doc, err := policy.ParseStored(name, []byte(document))
	if err != nil {
		return err
	}
	return level.Ready(doc)
}

// maxVersions is how many versions a managed policy has at most. Source: IAM
// User Guide, "IAM and AWS STS quotas".
const maxVersions = 5

// repair finds the steps that put the right content in force: an older
// version that has it, else a new one. Where there is no room for a new one,
// the oldest that is not in force makes room; its text stays in the ledger.
func (r *Responder) repair(ctx context.Context, level guard.Level, wrong collect.PolicyVersion) ([]change.Step, error) {
	arn := r.denyARNOf(level)
	former := change.Is(wrong.Document)
	former.Version = wrong.ID
	versions, err := r.Lookup.Versions(ctx, arn)
	if err != nil {
		// It may not be allowed to list them: a new version may still fit.
		r.Log.Warn("the versions of the deny policy could not be listed", "policy", arn, "error", err)
	}
	var oldest change.Step
	for _, v := range versions {
		if v.Default || v.ID == wrong.ID {
			continue
		}
		st, err := r.Lookup.Setting(ctx, change.Setting{Kind: change.PolicyVersion, Target: arn, Name: v.ID})
		if err != nil {
			return nil, err
		}
		if !st.Exists {
			continue
		}
		if ready(level, arn, st.Text) == nil {
			return []change.Step{change.SetDefaultPolicyVersion(arn, former, st)}, nil
		}
		oldest = change.DeletePolicyVersion(arn, v.ID, st.Text) // the newest come first
	}
	put := change.CreatePolicyVersion(arn, former, level.Document())
	if len(versions) < maxVersions {
		return []change.Step{put}, nil
	}
	if oldest.Action == "" {
		return nil, errors.New("the policy has five versions, and none can be deleted")
	}
	return []change.Step{oldest, put}, nil
}
