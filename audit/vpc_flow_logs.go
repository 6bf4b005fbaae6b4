package audit

import (
	"cmp"

	"warden/account"
	"warden/finding"
)

// flowLogCalls read the networks of a region.
var flowLogCalls = []string{"ec2:DescribeVpcs", "ec2:DescribeFlowLogs"}

// vpcFlowLogs asks each VPC of the account for a flow log of its own that is
// active, delivers, and records at least rejected traffic, as every version of
// the benchmark asks. Flow logs of subnets and network interfaces do not
// count: what is made in the VPC tomorrow is in none of them, whereas "if you
// create a flow log for a subnet or VPC, each network interface in that subnet
// or VPC is monitored" (Amazon VPC User Guide, "Flow logs basics"). The status
// of a flow log is ACTIVE also where nothing arrives: DeliverLogsStatus is then
// FAILED (Amazon EC2 API Reference, FlowLog). A VPC that another account shares
// is that account's to log.
var vpcFlowLogs = Control{
	ID:       "vpc.flow-logs",
	Title:    "VPC flow logs are on",
	Why:      "Without them nobody can say where data went.",
	Source:   "Amazon VPC User Guide: Logging IP traffic using VPC Flow Logs, Flow logs basics; Amazon EC2 API Reference: FlowLog, Vpc",
	Severity: finding.Low,
	Actions:  flowLogCalls,
	Remedy:   "Make a flow log of the whole VPC. One that exists cannot be changed, but what keeps it from delivering can: the policy of its bucket, or its role.",
	Judge: func(e *Evidence) []Answer {
		return e.ofEveryRegion("flow logs of VPCs", flowLogCalls, func(r *account.Region) []Answer {
			if r.VPCs == nil {
				return []Answer{e.regionUnknown(r, "which VPCs there are", "ec2:DescribeVpcs")}
			}
			var out []Answer
			for _, v := range r.VPCs.Value {
				out = append(out, e.flowLogs(r, v))
			}
			return out
		})
	},
}

func (e *Evidence) flowLogs(r *account.Region, v account.VPC) Answer {
	owner := cmp.Or(v.Owner, e.Account)
	a := Answer{
		Subject: "arn:" + e.partition() + ":ec2:" + r.Name + ":" + owner + ":vpc/" + v.ID,
		Facts:   []finding.Fact{fact(r.VPCs.Evidence, "owner %s, name %s, default %v", owner, word(v.Name), v.Default)},
	}
	if owner != e.Account {
		a.Status, a.Summary = finding.NotApplicable, "shared by account "+owner+", which logs it or does not"
		return a
	}
	if r.FlowLogs == nil {
		u := e.regionUnknown(r, "whether the VPC is logged", "ec2:DescribeFlowLogs")
		a.Status, a.Summary, a.Remedy = u.Status, u.Summary, u.Remedy
		return a
	}
	a.Status, a.Summary = finding.Fail, "no flow log"
	a.Command = "aws ec2 create-flow-logs --resource-type VPC --resource-ids " + quote(v.ID) +
		" --traffic-type REJECT --log-destination-type s3 --log-destination arn:aws:s3:::BUCKET --region " + quote(r.Name)
	for _, f := range r.FlowLogs.Value {
		if f.Resource != v.ID {
			continue
		}
		a.Facts = append(a.Facts, fact(r.FlowLogs.Evidence, "%s: traffic %s, %s, delivery %s %s, to %s", f.ID, f.Traffic, word(f.Status), word(f.Delivery), f.DeliveryError, word(f.Destination)))
		switch {
		case f.Traffic != "REJECT" && f.Traffic != "ALL":
			if a.Status == finding.Fail {
				a.Summary = f.ID + " does not record what was rejected"
			}
		case f.Status != "ACTIVE":
			if a.Status == finding.Fail {
				a.Summary = f.ID + " is not active"
			}
		case f.Delivery == "SUCCESS":
			a.Status, a.Summary, a.Command, a.Remedy = finding.Pass, "logged by "+f.ID, "", ""
			return a
		case f.Delivery == "FAILED" || f.DeliveryError != "":
			if a.Status == finding.Fail {
				a.Summary = f.ID + " cannot deliver: " + word(f.DeliveryError)
			}
		default:
			a.Status, a.Summary, a.Command = finding.Unknown, "whether "+f.ID+" delivers: AWS has not said yet", ""
			a.Remedy = "Collect again: a new flow log needs some minutes"
		}
	}
	return a
}
