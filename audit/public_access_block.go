package audit

import "warden/finding"

var publicAccessBlock = Control{
	ID:       "s3.public-access-block",
	Title:    "S3 blocks public access in the whole account",
	Why:      "One policy too wide opens a bucket to the world.",
	Source:   "Amazon S3 User Guide: Blocking public access to your Amazon S3 storage; S3 Control: GetPublicAccessBlock",
	Severity: finding.Medium,
	Actions:  []string{"s3:GetAccountPublicAccessBlock"},
	Remedy:   "Set all four settings for the account, once no bucket needs to be public. Buckets with a block of their own are protected either way.",
	Judge: func(e *Evidence) []Answer {
		b := e.PublicAccessBlock
		if b == nil {
			return []Answer{e.unknown("the account's public access block", "s3:GetAccountPublicAccessBlock")}
		}
		v := b.Value
		a := Answer{
			Status: finding.Pass, Summary: "public access is blocked",
			Facts: []finding.Fact{fact(b.Evidence, "BlockPublicAcls %v, IgnorePublicAcls %v, BlockPublicPolicy %v, RestrictPublicBuckets %v", v.BlockPublicACLs, v.IgnorePublicACLs, v.BlockPublicPolicy, v.RestrictPublicBuckets)},
		}
		if !v.All() {
			a.Status, a.Summary = finding.Fail, "the account does not block public access to all of its buckets"
			a.Command = "aws s3control put-public-access-block --account-id " + e.Account + " --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
		}
		return []Answer{a}
	},
}
