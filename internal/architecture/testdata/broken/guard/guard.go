// Package guard is a judgement that has a client and passes the clock on.
package guard

import (
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam" // want: guard imports github.com/aws/aws-sdk-go-v2/service/iam: the AWS SDK is not for this room
)

// Client is a value of the SDK.
var Client *iam.Client

// Address is data, though its package stands below net.
var Address netip.Addr

// Clock hands the clock on without calling it.
var Clock = time.Now // want: guard uses time.Now

// Deadline is fine.
func Deadline() time.Time { return time.Time{} }
