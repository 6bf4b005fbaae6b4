package main

import (
	"context"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/app"
)

// memberFlags name a role in another account, a member of the organisation,
// on which a command works then instead of the account of its credentials.
type memberFlags struct{ role, externalID string }

func (m *memberFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.role, "member-role", "", "ARN of a role in another account, on which to work instead: assumed for all that is done there, while queue, topic, ledger and the organisation's policy are reached with the credentials themselves")
	f.StringVar(&m.externalID, "member-external-id", "", "external id that --member-role asks for")
}

func (m *memberFlags) check() error {
	if m.role == "" {
		if m.externalID != "" {
			return usageErrorf("--member-external-id goes with --member-role")
		}
		return nil
	}
	if !isRole(m.role) {
		return usageErrorf("--member-role %q: want the ARN of a role, such as arn:aws:iam::444455556666:role/warden-operator", m.role)
	}
	return nil
}

// isRole tells whether a text is the ARN of a role.
func isRole(arn string) bool {
	a, err := account.ParseARN(arn)
	return err == nil && a.Service == "iam" && a.Type() == "role" && a.Account != ""
}

// places are where a command works: the account that it is about, and that of
// its credentials, where queue, topic and ledger are. Both are the same
// without a member's role.
type places struct{ account, home *app.Clients }

func (m *memberFlags) connect(ctx context.Context, o app.Options) (at places, err error) {
	if at.home, err = app.Connect(ctx, o); err != nil {
		return at, err
	}
	if at.account = at.home; m.role != "" {
		at.account = at.home.Assume(m.role, m.externalID)
	}
	return at, nil
}
