package twin

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"warden/policy"
)

// settings are the attributes of a queue that can be set. SQS API Reference,
// SetQueueAttributes.
type settings struct {
	visibility, delay, retention, wait time.Duration
	maxSize                            int
	policy                             *policy.Document
	deadLetter                         string // ARN
	maxReceives                        int
	text                               map[string]string // as set, for those that are not numbers
}

func defaultSettings() settings {
	return settings{visibility: 30 * time.Second, retention: 4 * 24 * time.Hour, maxSize: 1 << 20, text: map[string]string{}}
}

// sqsQueryCodes are the codes of SQS's errors in its former query protocol,
// which clients still see in a header.
var sqsQueryCodes = map[string]string{
	"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":              "QueueAlreadyExists",
	"ReceiptHandleIsInvalid":       "ReceiptHandleIsInvalid",
	"InvalidAttributeName":         "InvalidAttributeName",
	"InvalidAttributeValue":        "InvalidAttributeValue",
	"InvalidMessageContents":       "InvalidMessageContents",
	"MessageNotInflight":           "AWS.SimpleQueueService.MessageNotInflight",
	"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"UnsupportedOperation":         "AWS.SimpleQueueService.UnsupportedOperation",
}

func sqsError(code, format string, args ...any) error {
	return fail(http.StatusBadRequest, code, format, args...)
}

// sqsInvalid is SQS's answer to a parameter that is out of range.
func sqsInvalid(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "InvalidParameterValue", format, args...)
}

func badHandle(handle string) error {
	return sqsError("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
}

// set changes attributes; on error nothing is changed.
func (s *settings) set(attributes map[string]string) error {
	out := *s
	out.text = maps.Clone(s.text)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := out.setOne(name, attributes[name]); err != nil {
			return err
		}
	}
	*s = out
	return nil
}

func (s *settings) setOne(name, value string) error {
	switch name {
	case "VisibilityTimeout":
		return seconds(&s.visibility, name, value, 0, 43200)
	case "DelaySeconds":
		return seconds(&s.delay, name, value, 0, 900)
	case "MessageRetentionPeriod":
		return seconds(&s.retention, name, value, 60, 1209600)
	case "ReceiveMessageWaitTimeSeconds":
		return seconds(&s.wait, name, value, 0, 20)
	case "MaximumMessageSize":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1024 || n > 1<<20 {
			return badAttribute(name)
		}
		s.maxSize = n
	case "Policy":
		s.policy = nil
		if value != "" {
			d, err := policy.ParseStored("queue policy", []byte(value))
			if err != nil || len(d.Defects) > 0 {
				return badAttribute(name)
			}
			s.policy = d
		}
		s.text[name] = value
	case "RedrivePolicy":
		return s.setRedrive(value)
	case "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "RedriveAllowPolicy":
		s.text[name] = value // kept and shown, without effect
	default:
		return sqsError("InvalidAttributeName", "Unknown Attribute %s.", name)
	}
	return nil
}

func (s *settings) setRedrive(value string) error {
	s.deadLetter, s.maxReceives = "", 0
	s.text["RedrivePolicy"] = value
	if value == "" {
		return nil
	}
	var p struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
		MaxReceiveCount     any    `json:"maxReceiveCount"` // a number or text
	}
	if json.Unmarshal([]byte(value), &p) != nil || p.DeadLetterTargetArn == "" {
		return badAttribute("RedrivePolicy")
	}
	switch n := p.MaxReceiveCount.(type) {
	case float64:
		s.maxReceives = int(n)
	case string:
		s.maxReceives, _ = strconv.Atoi(n)
	}
	if s.maxReceives < 1 || s.maxReceives > 1000 {
		return badAttribute("RedrivePolicy")
	}
	s.deadLetter = p.DeadLetterTargetArn
	return nil
}

func badAttribute(name string) error {
	return sqsError("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

func seconds(to *time.Duration, name, value string, least, most int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return badAttribute(name)
	}
	*to = time.Duration(n) * time.Second
	return nil
}

// all are the attributes as GetQueueAttributes shows them.
func (s *settings) all() map[string]string {
	out := map[string]string{
		"VisibilityTimeout":             inSeconds(s.visibility),
		"DelaySeconds":                  inSeconds(s.delay),
		"MessageRetentionPeriod":        inSeconds(s.retention),
		"ReceiveMessageWaitTimeSeconds": inSeconds(s.wait),
		"MaximumMessageSize":            strconv.Itoa(s.maxSize),
		"SqsManagedSseEnabled":          "true",
	}
	for name, value := range s.text {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

func inSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
