package audit

import (
	"slices"

	"warden/account"
	"warden/finding"
)

// instanceRoles asks each instance for a role, by the instance profile that
// carries it: "we designed IAM roles so that your applications can securely
// make API requests from your instances, without requiring you to manage the
// security credentials that the applications use" (Amazon EC2 User Guide, "IAM
// roles for Amazon EC2"). Nothing tells from outside whether a machine calls
// AWS at all; an instance without a role that never does is accepted by an
// exemption. A profile may be empty, and gives no credentials then (IAM User
// Guide, "Use instance profiles"). Instances that are stopped count, because
// they come back; those that are shutting down or terminated do not.
var instanceRoles = Control{
	ID:       "instance.roles",
	Title:    "Instances use IAM roles",
	Why:      "A key on an instance is copied with its image; a role's credentials expire.",
	Source:   "Amazon EC2 User Guide: IAM roles for Amazon EC2; IAM User Guide: Use instance profiles",
	Severity: finding.Low,
	Actions:  []string{"ec2:DescribeInstances", gaad},
	Remedy:   "Give it an instance profile whose role may do what the machine does, and take keys off it. If it calls nothing of AWS, accept the finding.",
	Judge: func(e *Evidence) []Answer {
		held := map[string]string{}
		for i := range e.Roles {
			for _, p := range e.Roles[i].Profiles {
				held[p] = e.Roles[i].ARN
			}
		}
		return e.ofEveryRegion("roles of instances", []string{"ec2:DescribeInstances"}, func(r *account.Region) []Answer {
			if r.Instances == nil {
				return []Answer{e.regionUnknown(r, "which instances there are", "ec2:DescribeInstances")}
			}
			var out []Answer
			for _, i := range r.Instances.Value {
				if !slices.Contains([]string{"shutting-down", "terminated"}, i.State) {
					out = append(out, e.instanceRole(r, i, held))
				}
			}
			return out
		})
	},
}

func (e *Evidence) instanceRole(r *account.Region, i account.Instance, held map[string]string) Answer {
	a := Answer{
		Subject: "arn:" + e.partition() + ":ec2:" + r.Name + ":" + e.Account + ":instance/" + i.ID,
		Facts:   []finding.Fact{fact(r.Instances.Evidence, "%s, name %s, instance profile %s", word(i.State), word(i.Name), word(i.Profile))},
	}
	role := held[i.Profile]
	switch {
	case i.Profile == "":
		a.Status, a.Summary = finding.Fail, "no role"
		a.Command = "aws ec2 associate-iam-instance-profile --instance-id " + quote(i.ID) + " --iam-instance-profile Name=PROFILE --region " + quote(r.Name)
	case !e.hasDetails():
		u := e.unknown("whether its instance profile has a role", gaad)
		a.Status, a.Summary, a.Remedy = u.Status, u.Summary, u.Remedy
	case role == "":
		a.Status, a.Summary = finding.Fail, "its instance profile has no role"
		if p, err := account.ParseARN(i.Profile); err == nil {
			a.Command = "aws iam add-role-to-instance-profile --instance-profile-name " + quote(p.Name()) + " --role-name ROLE"
		}
	default:
		a.Status, a.Summary = finding.Pass, "has a role"
		a.Facts = append(a.Facts, fact(e.details(), "the profile holds %s", role))
	}
	return a
}
