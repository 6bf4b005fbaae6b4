package main

import (
	"github.com/spf13/cobra"

	"warden/app"
	"warden/change/apply"
	"warden/respond"
)

// guardrailFlags say how the organisation's service control policy is reached.
type guardrailFlags struct {
	policy, role, externalID string
}

// roleFlag adds the flag of the role, which giving back needs too.
func (g *guardrailFlags) roleFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.role, "guardrail-role", "", "ARN of the role in the management account that may read and update the organisation's policy (default: the credentials themselves)")
	cmd.Flags().StringVar(&g.externalID, "guardrail-external-id", "", "external id that --guardrail-role asks for")
}

// used reports whether the organisation's policy is to be reached at all.
func (g *guardrailFlags) used() bool { return g.policy != "" || g.role != "" }

// options are those of the responder, nil where there is no policy.
func (g *guardrailFlags) options() (*respond.Guardrail, error) {
	if g.policy == "" {
		if g.role != "" {
			return nil, usageErrorf("--guardrail-role goes with --guardrail-policy")
		}
		return nil, nil
	}
	if err := respond.CheckGuardrail(g.policy); err != nil {
		return nil, usageErrorf("--guardrail-policy: %v", err)
	}
	return &respond.Guardrail{PolicyARN: g.policy, Role: g.role}, nil
}

// organizations is the client of the organisation, nil where it is not used.
func (g *guardrailFlags) organizations(clients *app.Clients) apply.Organizations {
	if !g.used() {
		return nil
	}
	return g.reached(clients)
}

// reached is the client of the organisation, by the role where there is one.
func (g *guardrailFlags) reached(clients *app.Clients) apply.Organizations {
	if g.role == "" {
		return clients.Organizations
	}
	return clients.Assume(g.role, g.externalID).Organizations
}

// reader reads the account, and the organisation's policy where it is used.
func (g *guardrailFlags) reader(at places) apply.Reader {
	if org := g.organizations(at.home); org != nil {
		return apply.Guarded(at.account.IAM, org)
	}
	return at.account.IAM
}
