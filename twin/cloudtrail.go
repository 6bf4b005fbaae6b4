package twin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// lookBack is how far LookupEvents reaches (CloudTrail API Reference,
// LookupEvents).
const lookBack = 90 * 24 * time.Hour

func cloudtrailOperations() map[string]operation {
	all := trailOperations()
	all["LookupEvents"] = op(func(_ *call, in *cloudtrail.LookupEventsInput) ([]demand, error) {
		return []demand{{action: "cloudtrail:LookupEvents", resource: "*"}}, nil
	}, lookupEvents).alone()
	return all
}

// lookupEvents finds records, newest first. The call's own record comes after
// its answer.
func lookupEvents(c *call, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if !c.t.records.admit(c.t.faults.LookupRate, c.now) {
		return nil, refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	}
	q, err := newLookup(c, in)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.LookupEventsOutput{Events: []types.Event{}}
	var last int64
	c.t.records.newest(q.before, func(r *record) bool {
		if r.at.Before(q.start) || r.at.After(q.end) || r.region != c.region || !q.matches(r) {
			return true
		}
		if len(out.Events) == q.size {
			out.NextToken = ptr(q.token(last))
			return false
		}
		last = r.sequence
		out.Events = append(out.Events, r.event())
		return true
	})
	return out, nil
}

// lookup is a checked LookupEvents request.
type lookup struct {
	key        types.LookupAttributeKey
	value      string
	start, end time.Time
	size       int
	before     int64 // the sequence number after which to go on, 0 for the newest
	parameters string
}

func newLookup(c *call, in *cloudtrail.LookupEventsInput) (*lookup, error) {
	q := &lookup{start: c.now.Add(-lookBack), end: c.now.Add(time.Second), size: 50}
	bad := func(code, format string, args ...any) (*lookup, error) {
		return nil, fail(http.StatusBadRequest, code, format, args...)
	}
	if in.EventCategory != "" {
		return bad("InvalidEventCategoryException", "The twin keeps management events only, none of category %s.", in.EventCategory)
	}
	if in.StartTime != nil && in.StartTime.After(q.start) {
		q.start = *in.StartTime
	}
	if in.EndTime != nil && in.EndTime.Before(q.end) {
		q.end = *in.EndTime
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(*in.EndTime) {
		return bad("InvalidTimeRangeException", "The start time must be before the end time.")
	}
	if in.MaxResults != nil {
		if q.size = int(*in.MaxResults); q.size < 1 || q.size > 50 {
			return bad("InvalidMaxResultsException", "The maximum results must be between 1 and 50, it is %d.", q.size)
		}
	}
	switch len(in.LookupAttributes) {
	case 0:
	case 1:
		a := in.LookupAttributes[0]
		q.key, q.value = a.AttributeKey, deref(a.AttributeValue)
		if !isLookupKey(q.key) {
			return bad("InvalidLookupAttributesException", "%q is no lookup attribute.", string(q.key))
		}
		if q.value == "" {
			return bad("InvalidLookupAttributesException", "The lookup attribute %s has no value.", q.key)
		}
	default:
		return bad("InvalidLookupAttributesException", "You can specify only one lookup attribute, there are %d.", len(in.LookupAttributes))
	}
	// The token holds for the same parameters only.
	digest := sha256.Sum256(fmt.Appendf(nil, "%q %q %v %v %d", q.key, q.value, in.StartTime, in.EndTime, q.size))
	q.parameters = hex.EncodeToString(digest[:8])
	if in.NextToken != nil {
		raw, err := base64.RawURLEncoding.DecodeString(*in.NextToken)
		parameters, before, _ := strings.Cut(string(raw), ":")
		n, err2 := strconv.ParseInt(before, 10, 64)
		if err != nil || err2 != nil || n < 1 || parameters != q.parameters {
			return bad("InvalidNextTokenException", "The token is not valid, or belongs to other parameters.")
		}
		q.before = n
	}
	return q, nil
}

func isLookupKey(key types.LookupAttributeKey) bool {
	for _, k := range key.Values() {
		if k == key {
			return true
		}
	}
	return false
}

func (q *lookup) token(last int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(q.parameters + ":" + strconv.FormatInt(last, 10)))
}

func (q *lookup) matches(r *record) bool {
	switch q.key {
	case "":
		return true
	case types.LookupAttributeKeyEventId:
		return r.id == q.value
	case types.LookupAttributeKeyEventName:
		return r.name == q.value
	case types.LookupAttributeKeyReadOnly:
		return strconv.FormatBool(r.readOnly) == q.value
	case types.LookupAttributeKeyUsername:
		return r.username == q.value
	case types.LookupAttributeKeyEventSource:
		return r.source == q.value
	case types.LookupAttributeKeyAccessKeyId:
		return r.keyID == q.value
	}
	if q.key == types.LookupAttributeKeyResourceName && !strings.Contains(string(r.json), q.value) {
		return false // spares the decoding of most records
	}
	for _, x := range r.resources() {
		if q.key == types.LookupAttributeKeyResourceName && *x.ResourceName == q.value ||
			q.key == types.LookupAttributeKeyResourceType && *x.ResourceType == q.value {
			return true
		}
	}
	return false
}

// event is the record as LookupEvents gives it.
func (r *record) event() types.Event {
	return types.Event{
		EventId: ptr(r.id), EventName: ptr(r.name), EventSource: ptr(r.source), EventTime: ptr(r.at),
		ReadOnly: ptr(strconv.FormatBool(r.readOnly)), AccessKeyId: optional(r.keyID), Username: optional(r.username),
		Resources: r.resources(), CloudTrailEvent: ptr(string(r.json)),
	}
}

// resourceParameters are the request parameters that name a resource.
var resourceParameters = []struct{ parameter, kind string }{
	{"userName", "AWS::IAM::User"}, {"roleName", "AWS::IAM::Role"}, {"groupName", "AWS::IAM::Group"},
	{"policyArn", "AWS::IAM::Policy"}, {"accessKeyId", "AWS::IAM::AccessKey"}, {"roleArn", "AWS::IAM::Role"},
	{"queueName", "AWS::SQS::Queue"}, {"topicArn", "AWS::SNS::Topic"},
}

// resources are what a record is about, from its request parameters.
func (r *record) resources() []types.Resource {
	out := []types.Resource{}
	var detail struct {
		RequestParameters map[string]any `json:"requestParameters"`
	}
	if json.Unmarshal(r.json, &detail) != nil {
		return out
	}
	for _, p := range resourceParameters {
		if name, ok := detail.RequestParameters[p.parameter].(string); ok && name != "" {
			out = append(out, types.Resource{ResourceName: ptr(name), ResourceType: ptr(p.kind)})
		}
	}
	return out
}
