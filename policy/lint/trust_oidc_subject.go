package lint

import (
	"slices"
	"strings"

	"warden/policy"
)

var trustOIDCSubject = &Check{
	ID:       "trust.oidc-subject",
	Title:    "The trust in an OIDC provider does not say whose tokens",
	Severity: Security,
	Why: "A provider such as GitHub or GitLab signs tokens for all its customers. Without a condition on the subject any repository of anybody, and with a loose one " +
		"any branch or fork, can assume the role.",
	Fix:    `Add StringEquals (or a StringLike that fixes owner and repository) on the provider's sub, for example "token.actions.githubusercontent.com:sub": "repo:ORG/REPO:ref:refs/heads/main".`,
	Source: "IAM User Guide: Create a role for OpenID Connect federation",
	Codes:  []string{"MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", "MISSING_GITHUB_REPO_CONDITION_KEY"},
	Kinds:  of(Trust),
	Match: statements(Trust,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}}}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAllValues:StringEquals":{"gitlab.com:sub":"project_path:g/p:ref_type:branch:ref:main"}}}`),
	Pass: statements(Trust,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:my-org/my-repo:*"}}}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":"sts:AssumeRoleWithSAML"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow {
				continue
			}
			for _, e := range s.Principals {
				issuer, ok := oidcIssuer(e)
				if !ok {
					continue
				}
				switch fixed, key := pinned(s, issuer); {
				case key == "":
					p.report(s.at(-1, "Condition"), "any token that %s signs may assume the role: no condition on its subject", issuer)
				case !fixed:
					p.report(s.at(-1, "Condition"), "the condition on %s lets through tokens of any customer of %s", short(key), issuer)
				}
			}
		}
	},
}

// oidcIssuer returns the issuer of an OIDC provider.
func oidcIssuer(e policy.PrincipalEntry) (string, bool) {
	if e.Type != "Federated" {
		return "", false
	}
	if _, issuer, ok := strings.Cut(e.Value, ":oidc-provider/"); ok {
		return issuer, !isOpen(issuer)
	}
	switch e.Value {
	case "accounts.google.com", "www.amazon.com", "graph.facebook.com", "cognito-identity.amazonaws.com":
		return e.Value, true
	}
	return "", false
}

// subjects are the claims, beside sub, that say whose token it is.
var subjects = []string{
	":sub", ":oaud", ":repository", ":repository_id", ":repository_owner_id", ":job_workflow_ref", ":project_id", ":namespace_id", ":app_id", ":user_id",
	":id", ":pipeline_id", ":pipeline_slug", ":enterprise_id", ":actor_id",
}

// pinned tells whether a condition fixes whose tokens are meant, and names the
// key of the last that tries. Google, Amazon, Facebook and Cognito issue
// tokens for one application, which aud names.
func pinned(s *statement, issuer string) (fixed bool, key string) {
	for i := range s.Conditions {
		c := &s.Conditions[i]
		lower := strings.ToLower(c.Key)
		claim, ok := strings.CutPrefix(lower, strings.ToLower(issuer))
		social := !strings.Contains(issuer, "/") && (strings.HasSuffix(issuer, "google.com") || strings.HasSuffix(issuer, "amazon.com") || strings.HasPrefix(issuer, "cognito-identity"))
		if !ok || !slices.Contains(subjects, claim) && !(social && claim == ":aud") {
			continue
		}
		o := operatorOf(c.Operator)
		key = c.Key
		good := !o.negated && !o.ifExists && o.set != "ForAllValues" && o.family == "String" && len(c.Values) > 0
		for _, v := range c.Values {
			good = good && (isOpen(v) || !loose(v, o.like()))
		}
		if good {
			return true, key
		}
	}
	return false, key
}

// loose tells whether a pattern leaves open who the customer is: a wildcard
// before the first slash ("repo:*", "repo:my-org*/…").
func loose(v string, like bool) bool {
	if !like || !hasWildcard(v) {
		return false
	}
	owner, _, ok := strings.Cut(v, "/")
	return !ok && !strings.HasPrefix(v, "system:serviceaccount:") || hasWildcard(owner)
}
