package audit

import (
	"warden/account"
	"warden/finding"
)

var trailAllRegions = Control{
	ID:       "trail.all-regions",
	Title:    "A trail records every call in every region",
	Why:      "What is not recorded cannot be found: an intruder works in the region that nobody looks at.",
	Source:   "CloudTrail User Guide: Security best practices in AWS CloudTrail",
	Severity: finding.High,
	Actions:  trailCalls,
	Remedy:   "Make one trail of all regions that records management events, reading and writing.",
	Judge: func(e *Evidence) []Answer {
		out := e.anyTrail("management events", management)
		if out[0].Status == finding.Fail {
			out[0].Command = "aws cloudtrail create-trail --name all-regions --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation && aws cloudtrail start-logging --name all-regions"
		}
		return out
	},
}

var trailObjectWrites = Control{
	ID:       "trail.object-writes",
	Title:    "Writing of S3 objects is recorded",
	Why:      "Without it nobody can say which objects an intruder replaced or deleted.",
	Source:   "CloudTrail User Guide: Logging data events",
	Severity: finding.Low,
	Actions:  trailCalls,
	Remedy:   "Add a selector of data events for all S3 objects to the trail of all regions. It costs by event.",
	Judge:    func(e *Evidence) []Answer { return e.anyTrail("writing of S3 objects", objects(false, true)) },
}

var trailObjectReads = Control{
	ID:       "trail.object-reads",
	Title:    "Reading of S3 objects is recorded",
	Why:      "Without it nobody can say which data an intruder took.",
	Source:   "CloudTrail User Guide: Logging data events",
	Severity: finding.Low,
	Actions:  trailCalls,
	Remedy:   "Add a selector of data events for all S3 objects to the trail of all regions. It costs by event.",
	Judge:    func(e *Evidence) []Answer { return e.anyTrail("reading of S3 objects", objects(true, false)) },
}

var trailBucketPublic = Control{
	ID:       "trail.bucket-public",
	Title:    "The bucket of a trail is not public",
	Why:      "The trail tells an outsider who works in the account, from where, and with what.",
	Source:   "Amazon S3 User Guide: Blocking public access to your Amazon S3 storage",
	Severity: finding.High,
	Actions:  append([]string{"s3:GetBucketPolicyStatus", "s3:GetBucketAcl", "s3:GetBucketPublicAccessBlock"}, trailCalls...),
	Remedy:   "Block public access to the bucket.",
	Judge: func(e *Evidence) []Answer {
		return e.perBucket("no public access", []string{"s3:GetBucketPolicyStatus", "s3:GetBucketAcl", "s3:GetBucketPublicAccessBlock"}, func(b account.Bucket) (bool, bool) {
			return b.Public != nil, b.Public != nil && !*b.Public
		})
	},
}

var trailBucketLogging = Control{
	ID:       "trail.bucket-logging",
	Title:    "Access to the bucket of a trail is logged",
	Why:      "Who reads or deletes the records of the trail leaves a trace only there.",
	Source:   "Amazon S3 User Guide: Logging requests with server access logging",
	Severity: finding.Low,
	Actions:  append([]string{"s3:GetBucketLogging"}, trailCalls...),
	Remedy:   "Enable server access logging of the bucket into another one.",
	Judge: func(e *Evidence) []Answer {
		return e.perBucket("access logging", []string{"s3:GetBucketLogging"}, func(b account.Bucket) (bool, bool) {
			return b.AccessLogging != nil, b.AccessLogging != nil && *b.AccessLogging
		})
	},
}
