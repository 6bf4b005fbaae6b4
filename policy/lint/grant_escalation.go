package lint

import (
	"slices"
	"strings"
)

var grantEscalation = &Check{
	ID:       "grant.escalation",
	Title:    "Enough to become an administrator",
	Severity: Security,
	Why:      "With these actions on any resource somebody can give himself, or a machine that he controls, the rights of the strongest identity of the account.",
	Fix:      "Name the resources, require a permissions boundary (iam:PermissionsBoundary), and name the roles that may be passed.",
	Source:   "IAM User Guide: Permissions boundaries for IAM entities; paths after pathfinding.cloud (DataDog, Apache-2.0)",
	Kinds:    of(Identity),
	Match: statements(Identity,
		`{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*"}`,
		`[{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"},{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:Invoke*"],"Resource":"*"}]`,
		`{"Effect":"Allow","Action":"iam:*","Resource":"*"}`),
	Pass: statements(Identity,
		`{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::111122223333:policy/p"}}}`,
		`[{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app"},{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:Invoke*"],"Resource":"*"}]`,
		`[{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]`),
	run: func(p *pass) {
		var found []string
		first := -1
		for _, path := range escalationPaths {
			at := p.path(path)
			if at < 0 {
				continue
			}
			if first < 0 {
				first = at
			}
			found = append(found, strings.Join(strings.Fields(path), " with "))
		}
		if first >= 0 {
			p.report(p.statements[first].at(-1), "enough to become an administrator: %s", names(found))
		}
	},
}

// path finds the first statement of those that together grant all actions of
// a path on everything, unconditionally; -1 where they do not, and where a
// statement with * does, of which grant.admin speaks.
func (p *pass) path(path string) int {
	first := -1
	for action := range strings.FieldsSeq(path) {
		service, _, _ := strings.Cut(action, ":")
		lower := strings.ToLower(action)
		at := -1
		for i := range p.statements {
			s := &p.statements[i]
			if s.deny && len(s.Conditions) == 0 && s.Actions != nil && listed(s.Actions, lower) && slices.Contains(s.Resources, "*") {
				return -1
			}
			if at < 0 && len(s.Conditions) == 0 && s.grants(lower) && s.everywhere(service) && !slices.Contains(s.Actions, "*") {
				at = i
			}
		}
		if at < 0 {
			return -1
		}
		if first < 0 {
			first = at
		}
	}
	return first
}

// escalationPaths are sets of actions that suffice together.
var escalationPaths = []string{
	"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy",
	"iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:AddUserToGroup", "iam:UpdateAssumeRolePolicy",
	"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:DeleteUserPermissionsBoundary iam:DetachUserPolicy",
	"iam:PassRole apprunner:CreateService", "iam:PassRole cloudformation:CreateStack", "iam:PassRole cloudformation:UpdateStackSet",
	"iam:PassRole codebuild:CreateProject codebuild:StartBuild", "iam:PassRole datapipeline:CreatePipeline datapipeline:PutPipelineDefinition",
	"iam:PassRole ec2:RunInstances", "iam:PassRole ec2:RequestSpotInstances", "iam:PassRole ecs:RegisterTaskDefinition ecs:RunTask",
	"iam:PassRole glue:CreateDevEndpoint", "iam:PassRole glue:CreateJob glue:StartJobRun", "iam:PassRole lambda:CreateFunction lambda:InvokeFunction",
	"iam:PassRole lambda:CreateFunction lambda:CreateEventSourceMapping", "iam:PassRole sagemaker:CreateNotebookInstance",
	"iam:PassRole sagemaker:CreateTrainingJob", "iam:PassRole states:CreateStateMachine states:StartExecution",
	"lambda:UpdateFunctionCode", "glue:UpdateDevEndpoint", "cloudformation:UpdateStack", "ssm:SendCommand", "ssm:StartSession",
}
