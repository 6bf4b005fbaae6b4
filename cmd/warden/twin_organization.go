package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"warden/twin"
)

// runOrganization serves the sample organization.
func (o *twinOptions) runOrganization(ctx context.Context, s *streams, log *slog.Logger) (err error) {
	if o.snapshot != "" || o.save != "" || o.account != "" {
		return usageErrorf("twin: --organization goes with neither --snapshot nor --save nor --account, which are of one account")
	}
	org, err := twin.NewOrganization(twin.OrganizationConfig{Seed: o.seed, History: o.history, Faults: o.faults, Log: log})
	if err != nil {
		return err
	}
	server, err := org.Start(o.listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	remove, err := o.credentialsFile()
	if err != nil {
		return err
	}
	defer remove()

	var all, accounts strings.Builder
	var first string
	for _, id := range org.Accounts() {
		t := org.Account(id)
		snapshot := t.Snapshot()
		text, profile := profiles(t, snapshot, snapshot.Alias+".")
		all.WriteString(text)
		fmt.Fprintf(&accounts, "  %s  %-16s --profile %s\n", id, snapshot.Alias, profile)
		if first == "" {
			first = profile
		}
	}
	if err := writeCredentials(o.credentials, all.String()); err != nil {
		return err
	}
	introduce(s.Out, "organization "+org.ID(), server.URL(), o.credentials, first)
	fmt.Fprintf(s.Out, "\nAccounts, the management account first, and an administrator of each:\n%s", accounts.String())
	<-ctx.Done()
	return nil
}
