package trail

import "errors"

// ParseDelivered reads an event as a rule of EventBridge delivers it to a
// queue. It refuses a record without the envelope, which nobody but
// EventBridge puts around it on that way.
func ParseDelivered(data []byte) (*Event, error) {
	e, err := ParseEvent(data)
	if err == nil && e.Envelope == nil {
		return nil, errors.New("a record without EventBridge's envelope: no rule delivered it")
	}
	return e, err
}
