package detect

import (
	"warden/finding"
)

var s3BucketExpire = Detection{
	ID:         "s3.bucket.expire",
	Title:      "Lifecycle of a bucket changed",
	Why:        "Lets the logs in the bucket of a trail expire within a day.",
	Techniques: []string{"T1485", "T1562.008"},
	Severity:   finding.Medium,
	Events:     on("s3", "PutBucketLifecycle"),
	Hits: []Example{
		{Call: "s3:PutBucketLifecycle", Request: `{"bucketName":"trail"}`},
	},
	Misses: []Example{
		{Call: "s3:GetBucketLifecycle"},
	},
}
