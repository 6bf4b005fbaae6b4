package main

import (
	"regexp"

	"github.com/spf13/cobra"

	"warden/guard"
)

// denyPolicyFlags are the names of the managed policies that contain.
type denyPolicyFlags struct{ iam, all string }

func (d *denyPolicyFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.iam, "deny-policy", guard.DefaultDenyPolicy, "name of the managed policy that contains")
	f.StringVar(&d.all, "deny-all-policy", guard.DefaultDenyAllPolicy, "name of the managed policy that denies everything, for --level deny-all")
}

// policyName is what IAM takes. Source: IAM API Reference, CreatePolicy.
var policyName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)

func (d *denyPolicyFlags) check() error {
	for _, f := range []struct{ flag, name string }{{"--deny-policy", d.iam}, {"--deny-all-policy", d.all}} {
		if !policyName.MatchString(f.name) {
			return usageErrorf("%s %q: want the name of a policy, without a path", f.flag, f.name)
		}
	}
	return nil
}
