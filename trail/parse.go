package trail

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ParseEvent reads one CloudTrail record, bare or in the envelope in which
// EventBridge delivers it. The error says in one line what is missing or
// wrong: broken JSON, a key that occurs twice, a field of the wrong type, or
// no eventID, eventName, eventSource or userIdentity. The event shares no
// memory with data.
func ParseEvent(data []byte) (*Event, error) {
	var w wireRecord
	if err := unmarshal(data, &w); err != nil {
		return nil, err
	}
	if w.DetailType == "" && w.Detail == nil {
		return w.event(data)
	}
	if w.EventID != "" || w.EventName != "" || w.EventSource != "" {
		return nil, errors.New("both a CloudTrail record and an EventBridge envelope (it has detail)")
	}
	if !strings.HasSuffix(w.DetailType, " via CloudTrail") {
		return nil, fmt.Errorf("EventBridge event of detail-type %q carries no CloudTrail record", w.DetailType)
	}
	var inner wireRecord
	if err := unmarshal(w.Detail, &inner); err != nil {
		return nil, fmt.Errorf("detail: %w", err)
	}
	if inner.Detail != nil {
		return nil, errors.New("detail: an envelope in an envelope")
	}
	e, err := inner.event(w.Detail)
	if err != nil {
		return nil, fmt.Errorf("detail: %w", err)
	}
	e.Envelope = &Envelope{
		ID: w.EnvelopeID, Source: w.EnvelopeSource, DetailType: w.DetailType,
		Account: w.EnvelopeAccount, Region: w.EnvelopeRegion,
	}
	if e.Envelope.Time, err = parseTime(w.EnvelopeTime); err != nil {
		return nil, fmt.Errorf("time of the envelope: %w", err)
	}
	return e, nil
}

// wireRecord is a record, and an envelope, as JSON has them: they share no
// key but resources, which is read only of a record.
type wireRecord struct {
	EventID          string         `json:"eventID"`
	EventName        string         `json:"eventName"`
	EventSource      string         `json:"eventSource"`
	EventTime        string         `json:"eventTime"`
	Region           string         `json:"awsRegion"`
	SourceIP         string         `json:"sourceIPAddress"`
	UserAgent        string         `json:"userAgent"`
	ErrorCode        string         `json:"errorCode"`
	ErrorMessage     string         `json:"errorMessage"`
	EventType        string         `json:"eventType"`
	Category         string         `json:"eventCategory"`
	RecipientAccount string         `json:"recipientAccountId"`
	SharedID         string         `json:"sharedEventID"`
	RequestID        string         `json:"requestID"`
	Version          string         `json:"eventVersion"`
	ReadOnly         boolish        `json:"readOnly"`
	FromConsole      boolish        `json:"sessionCredentialFromConsole"`
	Identity         *wireIdentity  `json:"userIdentity"`
	Request          jsontext.Value `json:"requestParameters"`
	Response         jsontext.Value `json:"responseElements"`
	Additional       jsontext.Value `json:"additionalEventData"`
	Resources        jsontext.Value `json:"resources"`

	DetailType      string         `json:"detail-type"`
	Detail          jsontext.Value `json:"detail"`
	EnvelopeID      string         `json:"id"`
	EnvelopeSource  string         `json:"source"`
	EnvelopeAccount string         `json:"account"`
	EnvelopeRegion  string         `json:"region"`
	EnvelopeTime    string         `json:"time"`

	// DigestObject tells a CloudTrail digest file, which lies beside the
	// logs, from a record.
	DigestObject string `json:"digestS3Object"`
}

type wireIdentity struct {
	Type             string       `json:"type"`
	PrincipalID      string       `json:"principalId"`
	ARN              string       `json:"arn"`
	AccountID        string       `json:"accountId"`
	AccessKeyID      string       `json:"accessKeyId"`
	UserName         string       `json:"userName"`
	InvokedBy        string       `json:"invokedBy"`
	IdentityProvider string       `json:"identityProvider"`
	CredentialID     string       `json:"credentialId"`
	OnBehalfOf       *OnBehalfOf  `json:"onBehalfOf"`
	Session          *wireSession `json:"sessionContext"`
}

type wireSession struct {
	Issuer *struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
		ARN         string `json:"arn"`
		AccountID   string `json:"accountId"`
		UserName    string `json:"userName"`
	} `json:"sessionIssuer"`
	WebID *struct {
		Provider string `json:"federatedProvider"`
	} `json:"webIdFederationData"`
	Attributes *struct {
		MFA       boolish `json:"mfaAuthenticated"`
		CreatedAt string  `json:"creationDate"`
	} `json:"attributes"`
	SourceIdentity string  `json:"sourceIdentity"`
	EC2Delivery    string  `json:"ec2RoleDelivery"`
	AssumedRoot    boolish `json:"assumedRoot"`
}

// wireResource is a resource, or its ARN alone, as stores that carry events
// on may write it.
type wireResource Resource

// UnmarshalJSON reads either form.
func (r *wireResource) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &r.ARN, anyText)
	}
	return json.Unmarshal(data, (*Resource)(r), anyText)
}

// boolish is a boolean that records write as true or as "true"; null and ""
// say nothing.
type boolish struct{ set, value bool }

// UnmarshalJSON reads either form.
func (b *boolish) UnmarshalJSON(data []byte) error {
	switch strings.ToLower(strings.Trim(string(data), `"`)) {
	case "true":
		*b = boolish{true, true}
	case "false":
		*b = boolish{true, false}
	case "null", "":
		*b = boolish{}
	default:
		return fmt.Errorf("want true or false, found %s", data)
	}
	return nil
}

func (w *wireRecord) event(data []byte) (*Event, error) {
	if err := w.complete(); err != nil {
		return nil, err
	}
	e := &Event{
		ID: w.EventID, Name: w.EventName, Source: w.EventSource, Region: w.Region,
		SourceIP: w.SourceIP, UserAgent: w.UserAgent,
		ErrorCode: w.ErrorCode, ErrorMessage: w.ErrorMessage,
		Type: w.EventType, Category: w.Category,
		RecipientAccount: w.RecipientAccount, SharedID: w.SharedID, RequestID: w.RequestID,
		Version: w.Version, ReadOnly: w.ReadOnly.value, HasReadOnly: w.ReadOnly.set, FromConsole: w.FromConsole.value,
		Request: notNull(w.Request), Response: notNull(w.Response), Additional: notNull(w.Additional),
		Raw: append(stdjson.RawMessage(nil), data...),
	}
	var err error
	if e.Time, err = parseTime(w.EventTime); err != nil {
		return nil, fmt.Errorf("event %s: eventTime: %w", w.EventID, err)
	}
	if raw := notNull(w.Resources); raw != nil {
		var list []wireResource
		if err := unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("event %s: resources: %w", w.EventID, err)
		}
		for _, r := range list {
			e.Resources = append(e.Resources, Resource(r))
		}
	}
	if e.Identity, err = w.Identity.identity(); err != nil {
		return nil, fmt.Errorf("event %s: userIdentity: %w", w.EventID, err)
	}
	return e, nil
}

// complete names every required field that is missing, at once.
func (w *wireRecord) complete() error {
	var missing []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"eventID", w.EventID != ""}, {"eventName", w.EventName != ""},
		{"eventSource", w.EventSource != ""}, {"userIdentity", w.Identity != nil},
	} {
		if !f.has {
			missing = append(missing, f.name)
		}
	}
	switch {
	case missing == nil:
		return nil
	case w.DigestObject != "":
		return errors.New("a CloudTrail digest file, which holds no events")
	case w.EventType == "AwsCloudTrailInsight":
		return errors.New("a CloudTrail Insights event, which names no caller")
	case w.EventID != "":
		return fmt.Errorf("event %s has no %s", w.EventID, strings.Join(missing, ", "))
	}
	return fmt.Errorf("not a CloudTrail record: it has no %s", strings.Join(missing, ", "))
}

func (w *wireIdentity) identity() (Identity, error) {
	id := Identity{
		Type: w.Type, PrincipalID: w.PrincipalID, ARN: w.ARN, AccountID: w.AccountID,
		AccessKeyID: w.AccessKeyID, UserName: w.UserName, InvokedBy: w.InvokedBy,
		IdentityProvider: w.IdentityProvider, CredentialID: w.CredentialID, OnBehalfOf: w.OnBehalfOf,
	}
	if w.Session == nil {
		return id, nil
	}
	s := &Session{
		SourceIdentity: w.Session.SourceIdentity, EC2Delivery: w.Session.EC2Delivery,
		AssumedRoot: w.Session.AssumedRoot.value,
	}
	// Records write empty objects for what a session does not have.
	if i := w.Session.Issuer; i != nil && (i.ARN != "" || i.PrincipalID != "") {
		s.IssuerType = i.Type
		s.Issuer = issuerOf(i.ARN, i.PrincipalID, i.UserName, i.AccountID)
	}
	if w.Session.WebID != nil {
		s.Provider = w.Session.WebID.Provider
	}
	if a := w.Session.Attributes; a != nil {
		if a.MFA.set {
			s.MFA = &a.MFA.value
		}
		var err error
		if s.CreatedAt, err = parseTime(a.CreatedAt); err != nil {
			return id, fmt.Errorf("sessionContext.attributes.creationDate: %w", err)
		}
	}
	id.Session = s
	return id, nil
}

// timeForms are the forms of time that trails and the stores behind them
// write; a time without a zone is UTC.
var timeForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "20060102T150405Z"}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time (want 2006-01-02T15:04:05Z)", s)
}

func notNull(v jsontext.Value) stdjson.RawMessage {
	if v == nil || v.Kind() == 'n' {
		return nil
	}
	return stdjson.RawMessage(v)
}

// anyText reads bytes that are no UTF-8, and halves of surrogate pairs, as
// U+FFFD. What a caller sends as his user agent must not keep his call from
// being seen; and no name becomes another's by it.
var anyText = jsontext.AllowInvalidUTF8(true)

// unmarshal refuses keys that occur twice, at every level, and says in one
// line what is wrong and where.
func unmarshal(data []byte, to any) error {
	err := json.Unmarshal(data, to, anyText)
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Errorf("key %s occurs twice, at byte %d", pointer(syntax.JSONPointer), syntax.ByteOffset)
	case errors.As(err, &syntax):
		return fmt.Errorf("broken JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	case errors.As(err, &semantic) && semantic.Err != nil:
		return fmt.Errorf("%s: %w", pointer(semantic.JSONPointer), semantic.Err)
	case errors.As(err, &semantic):
		return fmt.Errorf("%s: %s where %s belongs", pointer(semantic.JSONPointer), kindName(semantic.JSONKind), goName(semantic))
	}
	return err
}

func pointer(p jsontext.Pointer) string {
	if p == "" {
		return "the record"
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return k.String()
}

func goName(e *json.SemanticError) string {
	switch name := e.GoType.Kind().String(); name {
	case "struct", "map", "ptr":
		return "an object"
	case "slice":
		return "a list"
	default:
		return "a " + name
	}
}
