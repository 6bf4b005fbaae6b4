package twin

import (
	"fmt"
	"net/http"
	"time"

	"warden/policy"
)

// call is one authenticated request while it is being served.
type call struct {
	t         *Twin
	service   string // the signing name: "iam", "sts", "sqs", "sns", "events", "cloudtrail"
	operation string
	event     string // CloudTrail's name of the operation
	region    string // of the signature's scope; us-east-1 for IAM
	principal *principal
	now       time.Time // one time for the whole call
	requestID string

	sourceIP, userAgent, host string
	received                  int // bytes of the request's body

	// mfa: the call itself carries a code of an MFA device, which its own
	// authorization sees.
	mfa bool

	// state is the account as IAM shows it; authorized is the account as
	// authorization sees it, which follows with Faults.Propagation.
	state, authorized *state

	// done is closed when the client goes away.
	done <-chan struct{}

	// sharedWith is the account that a successful call is recorded in as
	// well, under one sharedEventID; nil for most calls.
	sharedWith    *Twin
	sharedEventID string

	// What an operation may add to the CloudTrail record.
	// parameters, where set, are requestParameters as CloudTrail shows them
	// even when the call is refused.
	parameters []byte
	resources  []recordResource
	additional map[string]string // additionalEventData
	elsewhere  string            // the region of a bucket that was asked for in another
}

// demand is one permission that a request needs: all of its demands must be
// allowed, by the policies of the caller and the policy of the resource.
type demand struct {
	action   string // "iam:CreateUser"
	resource string // the stored ARN, or "*"
	// context holds the condition keys that this action adds to those of
	// the caller; keys are lower case.
	context policy.Context
	// resourcePolicy is the queue, topic or trust policy, nil where the
	// resource has none.
	resourcePolicy *policy.Document
	// resourceAccount owns the resource; "" means the ARN's account, or the
	// caller's where the ARN names none.
	resourceAccount string
}

// operation is one action of a service.
type operation struct {
	// outside operations run outside the twin's lock: they look after their
	// own state, and may wait.
	outside bool
	// data marks data events, which CloudTrail does not record as
	// management events (CloudTrail User Guide, "Logging data events").
	data bool

	// event is CloudTrail's name of the operation where it differs.
	event string

	// identify finds the caller of operations that nobody signs.
	identify func(c *call, in any) (*identityToken, error)

	newInput  func() any
	authorize func(c *call, in any) ([]demand, error)
	run       func(c *call, in any) (any, error)
}

// op builds an operation from two functions over the SDK's own types. authz
// checks the form of the request, which AWS does before it authorizes, and
// says what must be allowed; nil asks for nothing. run does the work.
//
// Both run under the twin's lock, unless the operation is [operation.alone].
func op[I, O any](authz func(c *call, in *I) ([]demand, error), run func(c *call, in *I) (*O, error)) operation {
	return operation{
		newInput: func() any { return new(I) },
		authorize: func(c *call, in any) ([]demand, error) {
			if authz == nil {
				return nil, nil
			}
			return authz(c, in.(*I))
		},
		run: func(c *call, in any) (any, error) {
			out, err := run(c, in.(*I))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// alone lets run work outside the twin's lock.
func (o operation) alone() operation { o.outside = true; return o }

// dataEvent keeps the operation out of CloudTrail's management events.
func (o operation) dataEvent() operation { o.data = true; return o }

// as names the operation as CloudTrail does.
func (o operation) as(event string) operation { o.event = event; return o }

// apiError is an error that the client sees.
type apiError struct {
	Code, Message string
	Status        int
	// Fault is "Sender" or "Receiver".
	Fault string
	// reason says more than the code, in the services that do so.
	reason string
	// unmodelled errors keep their code in the CloudTrail record; the codes
	// that a service's model declares get the suffix Exception there.
	unmodelled bool
}

// Error gives code and message.
func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// fail is an error of the service's own model, for example
// fail(404, "NoSuchEntity", "The user with name %s cannot be found.", name).
func fail(status int, code, format string, args ...any) error {
	return newAPIError(status, code, format, args...)
}

// refuse is an error that every service has in common: one of authentication,
// authorization or form.
func refuse(status int, code, format string, args ...any) error {
	e := newAPIError(status, code, format, args...)
	e.unmodelled = true
	return e
}

func newAPIError(status int, code, format string, args ...any) *apiError {
	e := &apiError{Code: code, Message: format, Status: status, Fault: "Sender"}
	if len(args) > 0 {
		e.Message = fmt.Sprintf(format, args...)
	}
	if status >= http.StatusInternalServerError {
		e.Fault = "Receiver"
	}
	return e
}

// registry lists every operation that the twin serves: service, operation.
func registry() map[string]map[string]operation {
	return map[string]map[string]operation{
		"iam":         iamOperations(),
		"sts":         stsOperations(),
		"sqs":         sqsOperations(),
		"sns":         snsOperations(),
		"events":      eventsOperations(),
		"cloudtrail":  cloudtrailOperations(),
		"s3":          s3Operations(),
		"securityhub": hubOperations(),
		"logs":        logsOperations(),
		"monitoring":  monitoringOperations(),
		"config":      configOperations(),
		"kms":         kmsOperations(),
		"ec2":         ec2Operations(),

		"account":         contactOperations(),
		"access-analyzer": analyzerOperations(),
		"organizations":   organizationsOperations(),
	}
}
