package lint

import (
	"strings"

	"warden/policy"
)

var trustGitHubBranch = &Check{
	ID:       "trust.github-branch",
	Title:    "Any branch, tag or pull request of the repository is trusted",
	Severity: Warning,
	Why:      "With a wildcard in the subject every workflow that runs in the repository gets the role, also one from an unreviewed branch or pull request.",
	Fix:      "Write the branch or the environment: repo:ORG/REPO:ref:refs/heads/main, repo:ORG/REPO:environment:production.",
	Source:   "IAM User Guide: Create a role for OpenID Connect federation: GitHub",
	Codes:    []string{"SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED"},
	Kinds:    of(Trust),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:my-org/my-repo:*"}}}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:my-org/my-repo:*"},"StringEquals":{"token.actions.githubusercontent.com:ref":"refs/heads/main"}}}`),
	run: func(p *pass) {
		const issuer = "token.actions.githubusercontent.com"
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.allow || !strings.EqualFold(c.Key, issuer+":sub") || !o.like() || s.has(issuer+":ref", issuer+":environment", issuer+":job_workflow_ref") != nil {
				return
			}
			for j, v := range c.Values {
				if hasWildcard(v) {
					p.report(s.condition(c, j), "%s is every branch, tag and pull request that matches", short(v))
				}
			}
		})
	},
}
