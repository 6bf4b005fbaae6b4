package apply

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Code returns the error code that AWS answered with, or "".
// Source: IAM API Reference, "Common Errors" and the errors of each operation.
func Code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return strings.TrimSuffix(e.ErrorCode(), "Exception")
	}
	return ""
}

func is(err error, codes ...string) bool {
	code := Code(err)
	for _, c := range codes {
		if code == c {
			return true
		}
	}
	return false
}

// IsNotFound: the entity, or the policy asked for, does not exist.
func IsNotFound(err error) bool { return is(err, "NoSuchEntity") }

// IsExists: an entity of this name exists already.
func IsExists(err error) bool { return is(err, "EntityAlreadyExists") }

// IsConflict: the entity is still in use (DeleteConflict).
func IsConflict(err error) bool { return is(err, "DeleteConflict") }

// IsQuota: a quota is full; another means of containment may still work.
func IsQuota(err error) bool { return is(err, "LimitExceeded") }

// IsDenied: the credentials may not make the call.
func IsDenied(err error) bool {
	return is(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")
}

// IsUnmodifiable: only AWS can change the entity (service-linked and Identity
// Center roles).
func IsUnmodifiable(err error) bool { return is(err, "UnmodifiableEntity") }

// IsThrottle: AWS asks to come back later.
func IsThrottle(err error) bool {
	return is(err, "Throttling", "ThrottledException", "Throttled", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled", "SlowDown")
}

// IsAmbiguous: it cannot be told from the answer whether the call was carried
// out: no answer came, or the service failed while at it. Only reading tells.
func IsAmbiguous(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var e smithy.APIError
	if !errors.As(err, &e) {
		return true
	}
	if IsThrottle(err) {
		return false
	}
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	return e.ErrorFault() == smithy.FaultServer
}
