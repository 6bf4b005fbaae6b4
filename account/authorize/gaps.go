package authorize

import (
	"slices"
	"strings"

	"warden/account"
)

// harmless are calls whose answers have no bearing on permissions.
var harmless = []string{
	"AccessKey", "LoginProfile", "CredentialReport", "MFADevice", "SSHPublicKey", "SigningCertificate", "ServiceSpecificCredential",
	"LastAccessed", "LastUsed", "AccountAlias", "AccountSummary", "PasswordPolicy", "InstanceProfile", "ServerCertificate", "OrganizationsFeatures",
}

// lists are calls that say who exists. A gap there leaves out whole
// principals; those that the snapshot has are complete.
var lists = map[string]bool{"iam:ListUsers": true, "iam:ListRoles": true}

// gaps are what the snapshot lacks, by what it concerns.
type gaps struct {
	subjects  map[string][]gap
	unplaced  []gap // without subject: they concern every principal of a kind
	listings  []string
	mentioned map[string]bool
}

type gap struct {
	kind Kind // "" for both
	text string
}

// sortGaps reads the gaps of the snapshot.
func (b *builder) sortGaps() *gaps {
	g := &gaps{subjects: map[string][]gap{}, mentioned: map[string]bool{}}
	for _, x := range b.snapshot.Gaps {
		switch {
		case isHarmless(x.What):
		case lists[x.What] && x.Subject == "":
			g.listings = append(g.listings, describe(x))
		case x.Subject == "":
			g.unplaced = append(g.unplaced, gap{kindOf(x.What), describe(x)})
		default:
			g.subjects[x.Subject] = append(g.subjects[x.Subject], gap{kindOf(x.What), describe(x)})
		}
	}
	return g
}

// isHarmless: what other services than IAM were asked for says nothing of
// permissions, but for the control policies of the organization. These can only
// take away, and NotConsidered tells that they do not count where they were not
// read.
func isHarmless(what string) bool {
	if service, _, call := strings.Cut(what, ":"); call && service != "iam" {
		return true
	}
	for _, h := range harmless {
		if strings.Contains(what, h) {
			return true
		}
	}
	return false
}

// kindOf tells which principals a call is about. Groups are about users.
func kindOf(what string) Kind {
	switch {
	case strings.Contains(what, "Role"):
		return Role
	case strings.Contains(what, "User"), strings.Contains(what, "Group"):
		return User
	}
	return ""
}

func describe(x account.Gap) string {
	if x.Subject == "" {
		return "not read: " + x.What + " (" + x.Reason + ")"
	}
	return "not read: " + x.What + " of " + x.Subject + " (" + x.Reason + ")"
}

// of returns the gaps that concern a principal who goes by these names, or
// whose groups and policies do.
func (g *gaps) of(kind Kind, subjects []string) []string {
	var out []string
	for _, x := range g.unplaced {
		if x.kind == "" || x.kind == kind {
			out = append(out, x.text)
		}
	}
	for _, s := range subjects {
		if s == "" {
			continue
		}
		for _, x := range g.subjects[s] {
			if x.kind == "" || x.kind == kind {
				g.mentioned[s] = true
				out = append(out, x.text)
			}
		}
	}
	return out
}

// incomplete returns the gaps that may hide principals: lists that were not
// read, and subjects that nobody goes by.
func (g *gaps) incomplete() []string {
	out := slices.Clone(g.listings)
	for s, found := range g.subjects {
		if g.mentioned[s] {
			continue
		}
		for _, x := range found {
			out = append(out, x.text)
		}
	}
	slices.Sort(out)
	return out
}
