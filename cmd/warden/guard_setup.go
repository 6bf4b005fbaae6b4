package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/account/collect"
	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// guardSetup are the flags of every command that judges and contains: who may
// change identities, how who may not is contained, and what with.
type guardSetup struct {
	exemptions      string
	adminGroups     []string
	adminRoles      []string
	protect, self   []string
	deny            denyPolicyFlags
	guardrail       guardrailFlags
	adminTag        string
	level           string
	budget          int
	containSessions bool
	revokeSessions  bool
	undoActions     bool
	selfService     bool

	apply  bool
	ledger string
	output string

	regions  []string
	channels *channels
	aws      *app.Options

	member   memberFlags
	operator string
}

func (o *guardSetup) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.adminGroups, "admin-group", []string{guard.DefaultAdminGroup}, "group whose members may change identities (repeatable)")
	f.StringSliceVar(&o.adminRoles, "admin-role", nil, "exact ARN of a role that may (repeatable)")
	f.StringVar(&o.adminTag, "admin-tag", "", "tag, as key=value, of users and roles that may; the tag of the IAM resource, never of a session")
	f.BoolVar(&o.selfService, "allow-self-service", false, "let everybody change his own password and enrol his own MFA devices")
	f.StringVar(&o.exemptions, "exemptions", "", "file of exemptions with owner, reason and expiry")
	f.StringSliceVar(&o.protect, "protect", nil, "exact ARN of a user or role that is never touched (repeatable)")
	f.StringSliceVar(&o.self, "self", nil, "exact ARN under which warden itself acts, besides that of its credentials (repeatable)")
	o.deny.flags(cmd)
	f.StringVar(&o.guardrail.policy, "guardrail-policy", "", "ARN of the organisation's service control policy in which callers are denied whom the account cannot deny, or who take off what denies them")
	o.guardrail.roleFlag(cmd)
	f.StringVar(&o.level, "level", string(guard.DenyIAM), "what a containment denies: deny-iam, deny-all, or alert for nothing")
	f.IntVar(&o.budget, "budget", guard.DefaultBudget, "callers an hour that are contained with everything configured; above it DENY-IAM alone, the rest waits for approval")
	f.BoolVar(&o.revokeSessions, "revoke-sessions", false, "deny all sessions of a contained role that were issued before, not only the caller's")
	f.BoolVar(&o.containSessions, "contain-sessions", false, "contain role sessions too, each by a deny for that session alone")
	f.BoolVar(&o.undoActions, "undo-actions", false, "take back what a contained caller did: deactivate keys, detach policies, quarantine users and roles that he made")
	f.BoolVar(&o.apply, "apply", false, "act; without it nothing is changed")
	f.StringVar(&o.ledger, "ledger", "", "ledger (default "+ledgerHint+")")
	f.StringSliceVar(&o.regions, "history-region", nil, "region whose event history is read (repeatable; default: IAM's own, and that of --region)")
	o.member.flags(cmd)
	f.StringVar(&o.operator, "operator-role", "", "ARN of the role, in the account that is guarded, by which people give back: notifications name it in the command for that")
	o.channels = channelFlags(cmd)
	o.aws = awsFlags(cmd)
}

// config is the judgement's part of the flags.
func (o *guardSetup) config() (guard.Config, error) {
	cfg := guard.Config{
		AdminGroups: o.adminGroups, AdminRoles: o.adminRoles, Protected: o.protect, Self: o.self,
		DenyPolicy: o.deny.iam, DenyAllPolicy: o.deny.all, ContainSessions: o.containSessions, UndoActions: o.undoActions,
		Budget: o.budget, RevokeSessions: o.revokeSessions, SelfService: o.selfService,
	}
	var err error
	if cfg.Level, err = guard.ParseLevel(o.level); err != nil {
		return cfg, usageErrorf("--level: %v", err)
	}
	if o.adminTag != "" {
		if cfg.AdminTag, err = guard.ParseTag(o.adminTag); err != nil {
			return cfg, usageErrorf("--admin-tag: %v", err)
		}
	}
	if err := o.channels.check(); err != nil {
		return cfg, err
	}
	if _, err := o.guardrail.options(); err != nil {
		return cfg, err
	}
	if err := o.deny.check(); err != nil {
		return cfg, err
	}
	if err := guard.CheckGroups(o.adminGroups); err != nil {
		return cfg, usageErrorf("--admin-group: %v", err)
	}
	if len(o.adminGroups) == 0 && len(o.adminRoles) == 0 && o.adminTag == "" {
		return cfg, usageErrorf("--admin-group is empty, and neither --admin-role nor --admin-tag names an administrator: everybody would be contained")
	}
	if o.budget < 1 {
		return cfg, usageErrorf("--budget %d: want at least 1", o.budget)
	}
	if o.revokeSessions && !o.containSessions {
		return cfg, usageErrorf("--revoke-sessions goes with --contain-sessions")
	}
	if err := o.member.check(); err != nil {
		return cfg, err
	}
	if o.operator != "" && !isRole(o.operator) {
		return cfg, usageErrorf("--operator-role %q: want the ARN of a role, such as arn:aws:iam::444455556666:role/warden-operator", o.operator)
	}
	for flag, arns := range map[string][]string{"--admin-role": o.adminRoles, "--protect": o.protect, "--self": o.self} {
		if err := checkARNs(flag, arns); err != nil {
			return cfg, err
		}
	}
	if o.exemptions == "" {
		return cfg, nil
	}
	f, err := os.Open(o.exemptions)
	if err != nil {
		return cfg, err
	}
	defer f.Close()
	if cfg.Exemptions, err = guard.ReadExemptions(f); err != nil {
		return cfg, fmt.Errorf("%s: %w", o.exemptions, err)
	}
	return cfg, nil
}

// checkARNs refuses what is not the ARN of one identity.
func checkARNs(flag string, arns []string) error {
	for _, arn := range arns {
		if a, err := account.ParseARN(arn); err != nil || a.Account == "" {
			return usageErrorf("%s %q: want an exact ARN such as arn:aws:iam::111122223333:role/Admin", flag, arn)
		}
		if strings.ContainsAny(arn, "*?") {
			return usageErrorf("%s %q: wildcards are not allowed, name each identity", flag, arn)
		}
	}
	return nil
}

// connect reaches AWS and learns which account is guarded and who warden is
// there.
func (o *guardSetup) connect(ctx context.Context, opts *respond.Options) (at places, err error) {
	if at, err = o.member.connect(ctx, *o.aws); err != nil {
		return at, err
	}
	acct, arn, id, err := at.account.Caller(ctx)
	if err != nil {
		return at, err
	}
	opts.Account = acct
	opts.Guard.Self, opts.Guard.SelfIDs = append(opts.Guard.Self, arn), map[string]string{arn: id}
	if a, err := account.ParseARN(o.operator); err == nil && a.Account != acct {
		return at, usageErrorf("--operator-role %q: is not of the account that is guarded, %s", o.operator, acct)
	}
	opts.Operators.Role = o.operator
	if at.account != at.home {
		_, own, id, err := at.home.Caller(ctx) // who assumes the member's role
		if err != nil {
			return at, err
		}
		opts.Guard.Self, opts.MemberRole = append(opts.Guard.Self, own), o.member.role
		opts.Guard.SelfIDs[own] = id
	}
	if a, err := account.ParseARN(arn); err == nil {
		opts.Partition = a.Partition
	}
	if opts.Snapshot != nil && !o.apply {
		return at, nil // the facts were supplied
	}
	opts.Lookup = respond.Live{Identities: collect.NewIdentities(at.account.IAM), Reader: o.guardrail.reader(at)}
	opts.Guardrail, err = o.guardrail.options()
	return at, err
}

// act adds to the options what --apply needs. done ends it.
func (o *guardSetup) act(ctx context.Context, s *streams, at places, opts *respond.Options) (done func() error, err error) {
	store, err := openLedger(ctx, o.ledger, *o.aws)
	if err != nil {
		return nil, err
	}
	opts.Ledger = ledger.New(store, nil)
	if o.ledger != "" {
		opts.LedgerFlag = "--ledger " + word(o.ledger)
	}
	opts.Applier = apply.New(at.account.IAM, opts.Ledger, apply.Options{Account: opts.Account, Grace: grace, Organizations: o.guardrail.organizations(at.home)})
	opts.Past = o.history(at.account, nil)
	told := notify.NewText(s.Out)
	if o.output == "json" {
		told = notify.NewText(s.Err) // standard output is for a program
	}
	channels, err := o.channels.notifiers(at.home, *o.aws)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	opts.Notifier = append(notify.All{told}, channels...)
	return store.Close, nil
}

// plainWord is a word that no shell reads anything into.
var plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// word is a text as one word of a shell.
func word(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// history is the event history of the account, in the regions that the flags
// name. bad is told of records that cannot be read.
func (o *guardSetup) history(clients *app.Clients, bad func(trail.BadRecord)) *source.Lookup {
	of := map[string]source.LookupClient{}
	for _, region := range o.historyRegions(clients) {
		of[region] = clients.In(region).CloudTrail
	}
	h := source.NewLookup(of)
	h.Relevant, h.Bad = guard.Relevant, bad
	return h
}

func (o *guardSetup) historyRegions(clients *app.Clients) []string {
	if len(o.regions) > 0 {
		return o.regions
	}
	home := identityRegion(clients.Region)
	if home == clients.Region {
		return []string{home}
	}
	return []string{home, clients.Region}
}

// identityRegion is where the calls of IAM are recorded in the partition of a
// region. Source: AWS General Reference, "AWS Identity and Access Management
// endpoints and quotas".
func identityRegion(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "cn-north-1"
	case strings.HasPrefix(region, "us-gov-"):
		return "us-gov-west-1"
	}
	return app.HomeRegion
}
