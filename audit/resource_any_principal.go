package audit

import (
	"fmt"
	"slices"
	"strings"

	"warden/finding"
	"warden/policy"
	"warden/policy/lint"
	"warden/policy/reason"
)

var resourceAnyPrincipal = Control{
	ID:       "resource.any-principal",
	Title:    "No resource policy lets everybody in",
	Why:      "A role, bucket, queue or key whose policy names everybody is open to every AWS account.",
	Source:   "IAM User Guide: AWS JSON policy elements: Principal",
	Severity: finding.High,
	Actions:  []string{gaad},
	Manual:   "Trust policies of roles are judged here. For buckets, queues, topics, functions, keys, secrets, event buses and vaults: look at the findings of IAM Access Analyzer in every region, or check each policy with warden policy check --public.",
	Remedy:   "Name the principals, or add a condition that does (aws:PrincipalOrgID, aws:SourceArn).",
	Judge: func(e *Evidence) []Answer {
		if !e.hasDetails() {
			return []Answer{e.unknown("the trust policies of roles", gaad)}
		}
		out := []Answer{{Part: "other resources", Status: finding.Manual, Summary: "policies of other resources are not in the evidence"}}
		for i := range e.Roles {
			r := &e.Roles[i]
			a := Answer{Subject: r.ARN, SubjectID: r.ID, Part: "trust policy", Status: finding.Pass, Summary: "names who may assume the role", Facts: []finding.Fact{fact(e.details(), "trust policy of %s", r.Name)}}
			doc, err := policy.ParseStored(r.ARN, r.Trust)
			switch {
			case err != nil:
				a.Status, a.Summary = finding.Unknown, fmt.Sprintf("the trust policy cannot be read: %v", err)
			case strangers(doc) != "":
				a.Status, a.Summary = finding.Fail, "any customer of "+strangers(doc)+" may assume the role: no condition says whose tokens are meant"
				a.Remedy = "Add a condition on the provider's sub, or aud, that names your organisation, repository or application."
			case mayBePublic(doc):
				switch public := reason.IsPublic(doc, reason.Options{Kind: reason.Resource}); public.Verdict {
				case reason.Yes:
					a.Status, a.Summary = finding.Fail, "everybody may assume the role"
					if public.Witness != nil {
						a.Facts = append(a.Facts, fact(e.details(), "%s would be allowed to %s", first(public.Witness.Request.Principal.ARN, "anybody"), public.Witness.Request.Action))
					}
				case reason.Unknown:
					a.Status, a.Summary = finding.Unknown, fmt.Sprintf("whether everybody may assume the role could not be decided: %v", public.Reasons)
				}
			}
			out = append(out, a)
		}
		return out
	},
}

// shared are issuers of tokens that sign for everybody who has an account with
// them. Source: IAM User Guide, "Identity-provider controls for shared OIDC
// providers", and "Create a role for OpenID Connect federation".
var shared = []string{
	"cognito-identity.amazonaws.com", "accounts.google.com", "www.amazon.com", "graph.facebook.com",
	"token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "agent.buildkite.com", "api.pulumi.com/oidc", "oidc.codefresh.io", "scalr.io",
}

// strangers names the shared issuer any of whose customers a trust policy lets
// in, "" for none: lint knows which conditions say whose tokens are meant.
func strangers(d *policy.Document) string {
	for i := range d.Statements {
		for _, p := range d.Statements[i].Principals {
			issuer := p.Value
			if _, after, ok := strings.Cut(p.Value, ":oidc-provider/"); ok {
				issuer = after
			}
			if p.Type != "Federated" || !slices.Contains(shared, issuer) {
				continue
			}
			for _, f := range lint.Lint(d, lint.Options{Kind: lint.Trust}) {
				if f.Check == "trust.oidc-subject" && f.Statement == i {
					return issuer
				}
			}
		}
	}
	return ""
}

// mayBePublic tells whether a statement names principals by more than their
// ARN, so that the engine is to be asked.
func mayBePublic(d *policy.Document) bool {
	for _, s := range d.Statements {
		if s.Effect != "Allow" {
			continue
		}
		if len(s.NotPrincipals) > 0 {
			return true
		}
		for _, p := range s.Principals {
			if p.Type != "Service" && (p.Value == "*" || p.Type == "*" || p.Type == "Federated") {
				return true
			}
		}
	}
	return len(d.Defects) > 0
}
