package twin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"warden/twin/wire"
)

// maxRecords is how many CloudTrail records are kept for LookupEvents; the
// oldest go first. A record takes 1 to 2 kB.
const maxRecords = 100_000

// record is one CloudTrail record.
type record struct {
	id, name, source, username, keyID string
	region                            string
	at                                time.Time
	readOnly                          bool
	sequence                          int64
	json                              []byte
}

// recordResource is an entry of a record's resources.
type recordResource struct {
	account, kind, arn string
}

// records keeps the newest records in the order of their arrival.
type records struct {
	mu   sync.Mutex
	ring []*record
	last int64 // the sequence number of the newest

	lookups []time.Time // of the last second, for Faults.LookupRate
}

func newRecords(limit int) *records { return &records{ring: make([]*record, limit)} }

// add numbers and keeps r.
func (s *records) add(r *record) {
	s.last++
	r.sequence = s.last
	s.ring[r.sequence%int64(len(s.ring))] = r
}

// admit counts a look-up and tells whether it is within the rate.
func (s *records) admit(rate int, now time.Time) bool {
	if rate == 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups = slices.DeleteFunc(s.lookups, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(s.lookups) >= rate {
		return false
	}
	s.lookups = append(s.lookups, now)
	return true
}

// newest walks from the record before the given sequence number (0: from the
// newest) to older ones while yield returns true.
func (s *records) newest(before int64, yield func(*record) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.last
	if before > 0 && before-1 < from {
		from = before - 1
	}
	for n := from; n > 0 && n > s.last-int64(len(s.ring)); n-- {
		if !yield(s.ring[n%int64(len(s.ring))]) {
			return
		}
	}
}

// emit records a call and passes the record on to the rules. Both happen
// before the client has its answer, so that what it does next comes later.
func (t *Twin) emit(s *service, c *call, in, out any, err error) {
	if c.sharedWith != nil && err == nil {
		c.sharedEventID = t.random.uuid()
	}
	t.keep(c.record(s, in, out, err))
	if c.sharedEventID != "" {
		there := *c
		there.t = c.sharedWith
		there.t.keep(there.record(s, in, out, nil))
	}
}

// keep files a record of this account and passes it on to the rules.
func (t *Twin) keep(r *record) {
	t.records.mu.Lock()
	defer t.records.mu.Unlock()
	t.records.add(r)
	t.bus.management(r)
}

// isRead tells what CloudTrail calls read-only: also AssumeRole, but not the
// two calls that hand out tokens (seen in public logs).
func isRead(operation string) bool {
	switch operation {
	case "GetSessionToken", "GetFederationToken":
		return false
	}
	for _, prefix := range []string{"Get", "List", "Describe", "Lookup", "AssumeRole", "Simulate", "Generate"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}

// record builds the record of a call. The form is that of the CloudTrail User
// Guide, "CloudTrail record contents for management, data, and network activity
// events".
func (c *call) record(s *service, in, out any, err error) *record {
	event := cmp.Or(c.event, c.operation)
	r := &record{
		id: c.t.random.uuid(), name: event, source: s.source, region: c.region,
		username: c.principal.username(), keyID: c.principal.keyID, at: c.now.UTC().Truncate(time.Second), readOnly: isRead(event),
	}
	var failure *apiError
	if err != nil {
		failure = asAPIError(err, s.protocol)
	}
	b := make([]byte, 0, 1536)
	b = append(b, `{"eventVersion":"1.11","userIdentity":`...)
	if c.t == c.sharedWith {
		r.username, r.keyID = "", ""
		b = c.principal.appendForeign(b)
	} else {
		b = c.principal.appendIdentity(b)
	}
	b = append(b, `,"eventTime":"`...)
	b = r.at.AppendFormat(b, time.RFC3339)
	b = append(b, '"')
	b = member(b, "eventSource", s.source)
	b = member(b, "eventName", event)
	b = member(b, "awsRegion", c.region)
	b = member(b, "sourceIPAddress", c.sourceIP)
	b = member(b, "userAgent", c.userAgent)
	if failure != nil {
		b = member(b, "errorCode", recordCode(c, failure))
		b = member(b, "errorMessage", recordMessage(c, failure))
	}
	b = append(b, `,"requestParameters":`...)
	switch {
	case c.parameters != nil:
		b = append(b, c.parameters...)
	case failure != nil && isDenial(failure) || silent[c.operation]:
		b = append(b, "null"...)
	default:
		b = wire.AppendRecord(b, in, s.layout)
	}
	b = append(b, `,"responseElements":`...)
	if failure != nil || r.readOnly && !strings.HasPrefix(c.operation, "AssumeRole") {
		b = append(b, "null"...)
	} else {
		b = wire.AppendRecord(b, out, s.layout)
	}
	if s.protocol == restXML {
		b = c.appendTransfer(b, answerSize(out, failure, c))
	} else {
		b = c.appendAdditional(b)
	}
	b = member(b, "requestID", c.requestID)
	b = member(b, "eventID", r.id)
	b = append(b, `,"readOnly":`...)
	b = strconv.AppendBool(b, r.readOnly)
	if failure == nil && len(c.resources) > 0 {
		b = append(b, `,"resources":[`...)
		for i, x := range c.resources {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"accountId":`...)
			b = wire.AppendString(b, x.account)
			b = member(b, "type", x.kind)
			b = member(b, "ARN", x.arn)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	b = append(b, `,"eventType":"AwsApiCall","managementEvent":true`...)
	b = member(b, "recipientAccountId", c.t.account)
	if c.sharedEventID != "" {
		b = member(b, "sharedEventID", c.sharedEventID)
	}
	// The protocol and cipher are those that AWS's endpoints agree on with
	// today's clients; the twin itself speaks plain HTTP on loopback.
	b = append(b, `,"eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256"`...)
	b = member(b, "clientProvidedHostHeader", c.host)
	r.json = append(b, '}', '}')
	return r
}

// recordMessage is the message as CloudTrail writes it: that of a refused token
// says nothing (seen).
func recordMessage(c *call, e *apiError) string {
	if c.principal.kind == tokenBearer && isDenial(e) {
		return "An unknown error occurred"
	}
	return e.Message
}

// silent operations show no parameters at all: they are all secrets, or are
// too many.
var silent = map[string]bool{"ChangePassword": true, "BatchImportFindings": true}

// recordCode is the code as CloudTrail writes it: those of a service's model
// get the suffix Exception, those of EC2 the prefix Client (seen in public
// logs).
func recordCode(c *call, e *apiError) string {
	switch {
	case c.service == "ec2" && e.Fault == "Receiver":
		return "Server." + e.Code
	case c.service == "ec2":
		return "Client." + e.Code
	case isDenial(e):
		return deniedCode
	case e.unmodelled, e.Code == "ValidationError", strings.HasSuffix(e.Code, "Exception"):
		return e.Code
	}
	return e.Code + "Exception"
}

// member appends a member that is not the first.
func member(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return wire.AppendString(b, value)
}

// appendAdditional: since 2025 STS says which endpoint served a call.
func (c *call) appendAdditional(b []byte) []byte {
	if c.service != "sts" && len(c.additional) == 0 {
		return b
	}
	b = append(b, `,"additionalEventData":{`...)
	n := len(b)
	if c.service == "sts" {
		b = append(b, `,"RequestDetails":{"endpointType":"regional"`...)
		b = member(b, "awsServingRegion", c.region)
		b = append(b, '}')
	}
	for _, name := range sortedNames(c.additional) {
		b = member(b, name, c.additional[name])
	}
	// The first member has no comma before it.
	b = slices.Delete(b, n, n+1)
	return append(b, '}')
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// username is what LookupEvents calls the user: the session's name for roles.
func (p *principal) username() string {
	switch {
	case p.isRoot():
		return "root"
	case p.role != nil:
		return p.session.name
	}
	return p.name
}

// appendForeign appends userIdentity as the account sees it that a caller from
// elsewhere has reached: no name, no key (CloudTrail User Guide, "CloudTrail
// userIdentity element", type AWSAccount).
func (p *principal) appendForeign(b []byte) []byte {
	id := p.id
	if p.role != nil {
		id = p.userID
	}
	b = append(b, `{"type":"AWSAccount"`...)
	b = member(b, "principalId", id)
	b = member(b, "accountId", p.account)
	return append(b, '}')
}

// appendIdentity appends userIdentity. CloudTrail User Guide, "CloudTrail
// userIdentity element".
func (p *principal) appendIdentity(b []byte) []byte {
	kind, id := "IAMUser", p.id
	switch {
	case p.token != nil:
		return p.token.appendIdentity(b)
	case p.kind == federatedSession:
		kind, id = "FederatedUser", p.userID
	case p.isRoot():
		kind = "Root"
	case p.role != nil:
		kind, id = "AssumedRole", p.userID
	}
	b = append(b, `{"type":"`...)
	b = append(b, kind...)
	b = append(b, '"')
	b = member(b, "principalId", id)
	b = member(b, "arn", p.arn)
	b = member(b, "accountId", p.account)
	b = member(b, "accessKeyId", p.keyID)
	if p.user != nil {
		b = member(b, "userName", p.name)
	}
	if x := p.session; x != nil {
		b = append(b, `,"sessionContext":{`...)
		if p.role != nil {
			b = append(b, `"sessionIssuer":{"type":"Role"`...)
			b = member(b, "principalId", p.role.ID)
			b = member(b, "arn", p.role.ARN)
			b = member(b, "accountId", p.account)
			b = member(b, "userName", p.role.Name)
			b = append(b, `},`...)
		}
		if p.parent != nil {
			b = p.parent.appendIssuer(b, p.account)
		}
		if x.provider != "" && isOIDC(x.provider) {
			b = append(b, `"webIdFederationData":{"federatedProvider":`...)
			b = wire.AppendString(b, x.provider)
			b = append(b, `,"attributes":{}},`...)
		}
		b = append(b, `"attributes":{"creationDate":"`...)
		b = x.issued.UTC().AppendFormat(b, time.RFC3339)
		b = append(b, '"')
		b = member(b, "mfaAuthenticated", strconv.FormatBool(x.mfa))
		b = append(b, '}')
		if x.sourceIdentity != "" {
			b = member(b, "sourceIdentity", x.sourceIdentity)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}
