package audit

import (
	"fmt"
	"strings"

	"warden/account/authorize"
	"warden/finding"
	"warden/policy"
)

// excess is a question about what users and roles may do: too much, if the
// engine allows one of the calls on every resource of its kind in the account.
// Control policies of the organisation count where the evidence has them; they
// can only take away.
type excess struct {
	id, title, why, remedy string
	severity               finding.Severity
	actions                []string
}

// excesses are the questions, each about all policies that apply to a
// principal together: his own, those of his groups, his boundary, and what
// they deny. Administrators, of whom principal.admin tells, are left out.
var excesses = []excess{
	{
		id: "changes-iam", title: "Few may change the permissions of others", severity: finding.High,
		why:    "Who writes policies for every identity writes his own.",
		remedy: "Limit the call to the identities it is for, or require a boundary for what it makes (iam:PermissionsBoundary).",
		actions: []string{
			"iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:AttachGroupPolicy", "iam:PutUserPolicy", "iam:PutRolePolicy", "iam:PutGroupPolicy",
			"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:AddUserToGroup", "iam:UpdateAssumeRolePolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile",
		},
	},
	{
		id: "reads-secrets", title: "Few may read every secret", severity: finding.High,
		why:     "One stolen session then gives every password that the account keeps.",
		remedy:  "Name the secrets, or their tags, in the policy.",
		actions: []string{"secretsmanager:GetSecretValue", "ssm:GetParameter"},
	},
	{
		id: "reads-data", title: "Few may read all data", severity: finding.Medium,
		why:     "One stolen session then gives every object and table.",
		remedy:  "Name the buckets and tables in the policy.",
		actions: []string{"s3:GetObject", "dynamodb:Scan", "rds-data:ExecuteStatement"},
	},
	{
		id: "pass-role", title: "Nobody may pass every role", severity: finding.High,
		why:     "Passing any role to a service is acting as any role.",
		remedy:  "Name the roles and the service (iam:PassedToService) in the policy.",
		actions: []string{"iam:PassRole"},
	},
}

func (x excess) control() *Control {
	return &Control{
		ID: "principal." + x.id, Title: x.title, Why: x.why, Severity: x.severity, Remedy: x.remedy,
		Source:  "IAM User Guide: Policy evaluation logic; Security best practices in IAM: Apply least-privilege permissions",
		Actions: []string{gaad},
		Judge:   x.judge,
	}
}

// judge answers for those who may, and those of whom it is not known; where
// there are none, once for the account. Calls that hang on a condition count,
// and the answer names it: conditions are met by those whom they are for.
func (x excess) judge(e *Evidence) []Answer {
	if !e.hasDetails() {
		return []Answer{e.unknown("who may do what", gaad)}
	}
	auth := e.authorizer()
	var out []Answer
	admins := 0
	for _, p := range auth.Principals() {
		switch {
		case own(p):
		case e.administrators()[p.ARN]:
			admins++
		default:
			if a := x.ask(e, auth, p); a.Status != finding.Pass {
				out = append(out, a)
			}
		}
	}
	return e.orNobody(out, admins)
}

func (x excess) ask(e *Evidence, auth *authorize.Authorizer, p *authorize.Principal) Answer {
	a := Answer{Subject: p.ARN, SubjectID: p.ID, Status: finding.Pass}
	var may, doubtful, keys []string
	var why string
	for _, action := range x.actions {
		if !e.names(p, action) {
			continue
		}
		r := auth.Ask(p, authorize.Request{Action: action, Resource: e.every(action)})
		switch r.State {
		case authorize.Allowed, authorize.Depends:
			may = append(may, action)
			keys = append(keys, r.DependsOn...)
			if ref, ok := r.Granting(); ok {
				a.Facts = append(a.Facts, fact(e.details(), "%s on %s is allowed by %s", action, e.every(action), ref))
			} else {
				a.Facts = append(a.Facts, fact(e.details(), "%s on %s hangs on %s", action, e.every(action), strings.Join(r.DependsOn, ", ")))
			}
		case authorize.Unknown:
			doubtful = append(doubtful, action)
			if len(r.Why) > 0 {
				why = r.Why[0]
			}
		}
	}
	switch {
	case len(may) > 0:
		a.Status = finding.Fail
		a.Summary = "may on every resource: " + strings.Join(may, ", ")
		if len(keys) > 0 {
			a.Summary += "; under conditions on " + strings.Join(unique(keys), ", ")
		}
	case len(doubtful) > 0:
		a.Status, a.Summary = finding.Unknown, "whether he may "+strings.Join(doubtful, ", ")+": "+why
	}
	return a
}

// names tells whether a statement of a principal's policies may allow an
// action, so that the engine is to be asked: most principals have none.
func (e *Evidence) names(p *authorize.Principal, action string) bool {
	if len(p.Doubts) > 0 {
		return true
	}
	for _, d := range p.Documents() {
		known := e.named[d]
		may, ok := known[action]
		if !ok {
			may = naming(d, action)
			if known == nil {
				known = map[string]bool{}
				if e.named == nil {
					e.named = map[*policy.Document]map[string]bool{}
				}
				e.named[d] = known
			}
			known[action] = may
		}
		if may {
			return true
		}
	}
	return false
}

// naming tells whether a statement that allows may match an action. Statements
// with NotAction, and defective ones, are left to the engine.
func naming(d *policy.Document, action string) bool {
	if len(d.Defects) > 0 {
		return true
	}
	for _, s := range d.Statements {
		if s.Effect != "Allow" {
			continue
		}
		if s.NotActions != nil {
			return true
		}
		for _, pattern := range s.Actions {
			// What stands before the first wildcard must be the beginning.
			fixed, _, wild := strings.Cut(strings.ToLower(pattern), "*")
			fixed, _, one := strings.Cut(fixed, "?")
			if name := strings.ToLower(action); name == fixed || (wild || one) && strings.HasPrefix(name, fixed) {
				return true
			}
		}
	}
	return false
}

// every is an ARN with the wildcards of a policy as its letters: what allows it
// allows every resource that the action acts on. Actions that are not listed
// act on none in particular.
func (e *Evidence) every(action string) string {
	here := "arn:" + e.partition() + ":%s:%s:" + e.Account + ":%s"
	service, name, _ := strings.Cut(action, ":")
	switch service {
	case "iam":
		kind := "user/*"
		switch {
		case strings.Contains(name, "Role"):
			kind = "role/*"
		case strings.Contains(name, "Group"):
			kind = "group/*"
		case strings.Contains(name, "PolicyVersion"):
			kind = "policy/*"
		}
		return fmt.Sprintf(here, "iam", "", kind)
	case "s3":
		if name == "GetObject" {
			return "arn:" + e.partition() + ":s3:::*/*"
		}
		return "arn:" + e.partition() + ":s3:::*"
	case "ec2":
		return fmt.Sprintf(here, "ec2", "*", "instance/*")
	case "cloudtrail":
		return fmt.Sprintf(here, "cloudtrail", "*", "trail/*")
	case "secretsmanager":
		return fmt.Sprintf(here, "secretsmanager", "*", "secret:*")
	case "ssm":
		return fmt.Sprintf(here, "ssm", "*", "parameter/*")
	case "dynamodb":
		return fmt.Sprintf(here, "dynamodb", "*", "table/*")
	case "rds-data":
		return fmt.Sprintf(here, "rds", "*", "cluster:*")
	}
	return "*"
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
