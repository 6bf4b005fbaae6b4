package audit

import (
	"fmt"

	"warden/finding"
)

var trailValidation = Control{
	ID:       "trail.validation",
	Title:    "Log files of trails are validated",
	Why:      "Without digests nobody can tell whether records were changed or taken away.",
	Source:   "CloudTrail User Guide: Validating CloudTrail log file integrity",
	Severity: finding.Medium,
	Actions:  trailCalls,
	Remedy:   "Switch on log file validation, and check the digests now and then: aws cloudtrail validate-logs.",
	Judge: func(e *Evidence) []Answer {
		return e.perTrail("log file validation", func(t knownTrail) Answer {
			a := Answer{Status: finding.Pass, Summary: "log files are validated", Facts: []finding.Fact{fact(t.from, "LogFileValidationEnabled %v", t.LogValidation)}}
			if !t.LogValidation {
				a.Status, a.Summary, a.Command = finding.Fail, "log files are not validated", t.update("--enable-log-file-validation")
			}
			return a
		})
	},
}

var trailKMS = Control{
	ID:       "trail.kms",
	Title:    "Trails are encrypted with a KMS key",
	Why:      "With a key of one's own, reading the bucket is not enough to read the trail.",
	Source:   "CloudTrail User Guide: Encrypting CloudTrail log files with AWS KMS keys (SSE-KMS)",
	Severity: finding.Low,
	Actions:  trailCalls,
	Remedy:   "Give the trail a customer managed key whose policy lets CloudTrail encrypt and few people decrypt.",
	Judge: func(e *Evidence) []Answer {
		return e.perTrail("encryption", func(t knownTrail) Answer {
			a := Answer{Status: finding.Pass, Summary: "encrypted with a KMS key", Facts: []finding.Fact{fact(t.from, "KmsKeyId %s", word(t.KMSKey))}}
			if t.KMSKey == "" {
				a.Status, a.Summary, a.Command = finding.Fail, "not encrypted with a KMS key", t.update("--kms-key-id KEY-ARN")
			}
			return a
		})
	},
}

// freshLogs is how old the newest delivery to a log group may be.
const freshLogs = day

var trailLogs = Control{
	ID:       "trail.logs",
	Title:    "Trails are delivered to CloudWatch Logs",
	Why:      "Alarms need events within minutes; what lies in a bucket alarms nobody.",
	Source:   "CloudTrail User Guide: Sending events to CloudWatch Logs; CloudTrail API Reference: GetTrailStatus",
	Severity: finding.Low,
	Actions:  trailCalls,
	Remedy:   "Deliver the trail to a log group, with a role that may write to it, and look why nothing arrives.",
	Judge: func(e *Evidence) []Answer {
		return e.perTrail("delivery to CloudWatch Logs", func(t knownTrail) Answer {
			a := Answer{Status: finding.Fail, Facts: []finding.Fact{fact(t.from, "CloudWatchLogsLogGroupArn %s", word(t.LogGroup))}}
			switch {
			case t.LogGroup == "":
				a.Summary = "delivered to no log group"
				a.Command = t.update("--cloud-watch-logs-log-group-arn ARN --cloud-watch-logs-role-arn ARN")
			case t.Status == nil:
				a.Status, a.Summary = finding.Unknown, "when it was delivered last could not be read"
			case t.Status.LastLogsDelivery == nil:
				a.Summary = "nothing was delivered yet"
			default:
				last := *t.Status.LastLogsDelivery
				a.Facts = append(a.Facts, fact(t.from, "LatestCloudWatchLogsDeliveryTime %s", date(last)))
				a.Summary = fmt.Sprintf("delivered last %s (%s)", date(last), e.ago(last))
				asked := t.from.At
				if asked.IsZero() {
					asked = e.Now
				}
				if asked.Sub(last) <= freshLogs {
					a.Status = finding.Pass
				}
			}
			return a
		})
	},
}
