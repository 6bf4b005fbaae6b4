package twin

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"

	"warden/policy"
	"warden/twin/wire"
)

// protocol is a wire protocol of AWS.
type protocol uint8

const (
	queryProtocol protocol = iota + 1
	json10
	json11
	rpcCBOR
	restXML
	restJSON
	ec2Protocol
)

// service is what the wire needs to know of an AWS service. The values are
// those of the service's API model.
type service struct {
	name     string // the signing name
	source   string // CloudTrail's eventSource
	protocol protocol
	target   string // prefix of X-Amz-Target, for JSON
	version  string // for query
	xmlns    string
	global   bool // signed for us-east-1 only
	// everywhere: in all regions at once, each with what is its own.
	everywhere bool
	// small: members of JSON begin with a small letter, but for those that
	// begin with large.
	small  bool
	large  string
	layout string
	routes []route // of the REST protocols
}

// services are told apart by target or version; the scope of the signature
// must agree.
var services = []*service{
	{name: "iam", source: "iam.amazonaws.com", protocol: queryProtocol, version: "2010-05-08", xmlns: "https://iam.amazonaws.com/doc/2010-05-08/", global: true, layout: "Jan 2, 2006 3:04:05 PM"},
	{name: "sts", source: "sts.amazonaws.com", protocol: queryProtocol, version: "2011-06-15", xmlns: "https://sts.amazonaws.com/doc/2011-06-15/", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "sns", source: "sns.amazonaws.com", everywhere: true, protocol: queryProtocol, version: "2010-03-31", xmlns: "http://sns.amazonaws.com/doc/2010-03-31/", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "sqs", source: "sqs.amazonaws.com", protocol: json10, target: "AmazonSQS.", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "events", source: "events.amazonaws.com", protocol: json11, target: "AWSEvents.", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "cloudtrail", source: "cloudtrail.amazonaws.com", everywhere: true, protocol: json11, target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "cloudtrail", source: "cloudtrail.amazonaws.com", everywhere: true, protocol: json11, target: "CloudTrail_20131101.", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "logs", source: "logs.amazonaws.com", protocol: json11, target: "Logs_20140328.", everywhere: true, small: true, layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "config", source: "config.amazonaws.com", protocol: json11, target: "StarlingDoveService.", everywhere: true, small: true, large: "ConfigurationRecorder", layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "kms", source: "kms.amazonaws.com", everywhere: true, protocol: json11, target: "TrentService.", layout: "Jan 2, 2006, 3:04:05 PM"},
	ec2Service,
	monitoringService,
	{name: "monitoring", source: "monitoring.amazonaws.com", protocol: json10, target: "GraniteServiceVersion20100801.", everywhere: true, layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "monitoring", source: "monitoring.amazonaws.com", protocol: queryProtocol, version: "2010-08-01", xmlns: "http://monitoring.amazonaws.com/doc/2010-08-01/", everywhere: true, layout: "Jan 2, 2006, 3:04:05 PM"},
	{name: "organizations", source: "organizations.amazonaws.com", protocol: json11, target: "AWSOrganizationsV20161128.", global: true, layout: "Jan 2, 2006 3:04:05 PM"},
}

// monitoringService is CloudWatch as clients of today call it.
var monitoringService = &service{name: "monitoring", source: "monitoring.amazonaws.com", protocol: rpcCBOR, everywhere: true, layout: "Jan 2, 2006, 3:04:05 PM"}

// cborPath is where its operations are.
const cborPath = "/service/GraniteServiceVersion20100801/operation/"

// maxBody is the largest request that is read. SQS and SNS take 1 MiB of
// message, which a query request may need three times over in escapes.
const maxBody = 4 << 20

// request is one HTTP request on its way through the twin.
type request struct {
	http    *http.Request
	body    []byte
	service *service
	query   *wire.Query
	rest    *restRequest
	call    *call
}

// serve answers one request.
func (t *Twin) serve(w http.ResponseWriter, r *http.Request) {
	q := &request{http: r, call: &call{t: t, requestID: t.random.uuid(), now: t.now(), done: r.Context().Done()}}
	t.bus.tick()
	var out any
	err := q.read(w)
	if err == nil {
		out, err = t.answer(q)
	}
	t.log.Debug("request", slog.String("service", q.call.service), slog.String("operation", q.call.operation), slog.Any("error", err))
	if errors.Is(err, errCut) && cut(w) {
		return
	}
	q.write(w, out, err)
}

// cut closes the connection without an answer; false where there is none to
// close, in tests without a socket and in HTTP/2.
func cut(w http.ResponseWriter) bool {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// read finds out which operation of which service is called.
func (q *request) read(w http.ResponseWriter) error {
	r := q.http
	var err error
	if q.body, err = readBody(w, r); err != nil {
		return err
	}
	if s := restService(r); s != nil {
		q.service, q.call.service = s, s.name
		q.readREST()
		return nil
	}
	if op, ok := strings.CutPrefix(r.URL.Path, cborPath); ok && r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		q.service, q.call.service, q.call.operation = monitoringService, monitoringService.name, op
		return nil
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		for _, s := range services {
			if op, ok := strings.CutPrefix(target, s.target); ok && s.target != "" {
				q.service, q.call.service, q.call.operation = s, s.name, op
				return nil
			}
		}
		q.service = &service{protocol: json11}
		return refuse(http.StatusBadRequest, "UnknownOperationException", "The twin serves no operation %s", target)
	}
	form := string(q.body)
	if r.Method == http.MethodGet {
		form = r.URL.RawQuery
	}
	if q.query, err = wire.ParseQuery(form); err != nil {
		return malformed(queryProtocol, err)
	}
	for _, s := range services {
		if s.version != "" && s.version == q.query.Version {
			q.service, q.call.service, q.call.operation = s, s.name, q.query.Action
			return nil
		}
	}
	return refuse(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", q.query.Action, q.query.Version)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	limit := int64(maxBody)
	if s := restService(r); s != nil && s.protocol == restXML {
		limit = maxObject
	}
	limited := http.MaxBytesReader(w, r.Body, limit)
	var body []byte
	var err error
	if n := r.ContentLength; n > 0 && n <= limit {
		body = make([]byte, n)
		_, err = io.ReadFull(limited, body)
	} else {
		body, err = io.ReadAll(limited)
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request body exceeds %d bytes", limit)
		}
		return nil, refuse(http.StatusBadRequest, "IncompleteBody", "The request body could not be read")
	}
	return body, nil
}

// malformed gives a request that cannot be read the code of its protocol.
func malformed(p protocol, err error) error {
	var m *wire.Malformed
	if !errors.As(err, &m) {
		return err
	}
	switch p {
	case queryProtocol:
		return refuse(http.StatusBadRequest, "MalformedInput", "%s", m.Error())
	case ec2Protocol:
		return refuse(http.StatusBadRequest, "InvalidParameterValue", "%s", m.Error())
	}
	return refuse(http.StatusBadRequest, "SerializationException", "%s", m.Error())
}

// answer authenticates, authorizes, runs and records.
func (t *Twin) answer(q *request) (any, error) {
	c := q.call
	var err error
	c.host, c.userAgent = q.http.Host, q.http.UserAgent()
	if c.sourceIP, _, err = net.SplitHostPort(q.http.RemoteAddr); err != nil {
		c.sourceIP = "127.0.0.1" // a test without a socket
	}
	operation, known := t.operations[c.service][c.operation]
	c.event = cmp.Or(operation.event, c.operation)
	if operation.identify != nil {
		c.region = t.region // no signature says another one
		return t.finish(q, operation, "")
	}
	sig, err := readSignature(q.http)
	if err != nil {
		return nil, err
	}
	if err := t.checkScope(q.service, sig); err != nil {
		return nil, err
	}
	c.region = sig.region

	secret, err := t.secretOf(sig, c)
	if err != nil {
		return nil, err
	}
	if err := sig.fresh(c.now); err != nil {
		return nil, err
	}
	if err := sig.verify(q.http, q.body, secret, q.service); err != nil {
		return nil, err
	}
	if !known {
		if q.service.protocol == restXML {
			return nil, refuse(http.StatusNotImplemented, "NotImplemented", "The twin's S3 does no %s %s?%s", q.http.Method, q.http.URL.Path, q.http.URL.RawQuery)
		}
		if q.service.version != "" {
			return nil, refuse(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", c.operation, q.service.version)
		}
		return nil, refuse(http.StatusBadRequest, "UnknownOperationException", "The twin serves no operation %s of %s", c.operation, c.service)
	}

	return t.finish(q, operation, sig.keyID)
}

// finish performs a call whose signature is good, or that needs none, and
// records it.
func (t *Twin) finish(q *request, o operation, keyID string) (any, error) {
	c := q.call
	in := o.newInput()
	decodeErr := q.decode(in)
	fault := t.trouble.of(c, func() string { return t.callerOf(c, keyID) })
	if fault != nil && !fault.After {
		// Whatever was wrong with the parameters, AWS did not get so far.
		decodeErr = fault.err(c.service)
	}
	out, err := t.perform(c, o, keyID, in, decodeErr)
	if c.principal != nil && !o.data && !errors.Is(err, errCut) {
		t.emit(q.service, c, in, out, err)
	}
	if fault != nil && fault.After && err == nil {
		return nil, fault.err(c.service)
	}
	return out, err
}

// callerOf is the ARN of who owns a key, "" for nobody.
func (t *Twin) callerOf(c *call, keyID string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.principalOf(t.view.at(c.now), keyID); ok {
		return p.arn
	}
	return ""
}

func (q *request) decode(in any) error {
	var err error
	switch q.service.protocol {
	case queryProtocol, ec2Protocol:
		err = q.query.Decode(in)
	case restXML, restJSON:
		err = q.rest.decode(in)
	case rpcCBOR:
		err = wire.DecodeCBOR(q.body, in)
	default:
		// CloudTrail's requests have members of both kinds.
		if q.service.small || q.service.name == "cloudtrail" {
			err = wire.DecodeSmall(q.body, in)
			break
		}
		err = wire.DecodeJSON(q.body, in)
	}
	if err != nil {
		return malformed(q.service.protocol, err)
	}
	return nil
}

// checkScope: the signature must be for the service that is called, and for a
// region in which it is.
func (t *Twin) checkScope(s *service, sig *signature) error {
	if sig.service != s.name {
		return &authError{faultMismatch, "Credential should be scoped to correct service: '" + s.name + "'. "}
	}
	switch {
	case s.name == "sts": // has an endpoint in every region
	case s.global && sig.region == "us-east-1":
	case !s.global && sig.region == t.region:
	case s.everywhere && t.serves(sig.region):
	default:
		return &authError{faultMismatch, "Credential should be scoped to a valid Region, not '" + sig.region + "'. "}
	}
	return nil
}

// secretOf finds the secret of the key that signed. A temporary key needs its
// token, a long-term key must have none.
func (t *Twin) secretOf(sig *signature, c *call) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.state.sessions[sig.keyID]; x != nil {
		switch {
		case sig.token != x.token:
			return "", &authError{faultInvalidToken, invalidToken}
		case !c.now.Before(x.expires):
			return "", &authError{faultExpired, expiredToken}
		}
		return x.secret, nil
	}
	if sig.token != "" {
		return "", &authError{faultInvalidToken, invalidToken}
	}
	if sig.keyID == t.root.id {
		return t.root.secret, nil
	}
	// Authorization's view decides which keys there are, and are active.
	secret := t.state.secrets.keys[sig.keyID]
	u, key := t.view.at(c.now).userOfKey(sig.keyID)
	if u == nil || !key.Active || secret == "" {
		return "", &authError{faultInvalidToken, invalidToken}
	}
	return secret, nil
}

// perform decides and runs an operation.
func (t *Twin) perform(c *call, o operation, keyID string, in any, decodeErr error) (any, error) {
	out, err := t.underLock(c, o, keyID, in, decodeErr)
	if err == nil && o.outside {
		return o.run(c, in)
	}
	return out, err
}

func (t *Twin) underLock(c *call, o operation, keyID string, in any, decodeErr error) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.admit(c, o, keyID, in, decodeErr); err != nil || o.outside {
		return nil, err
	}
	return o.run(c, in)
}

// admit decides whether the call may run.
func (t *Twin) admit(c *call, o operation, keyID string, in any, decodeErr error) error {
	c.state, c.authorized = t.state, t.view.at(c.now)
	if o.identify != nil {
		return c.admitToken(o, in, decodeErr)
	}
	p, ok := t.principalOf(c.authorized, keyID)
	if !ok {
		return &authError{faultInvalidToken, invalidToken}
	}
	refused := p.mayCall(c.service, c.operation)
	var auth *authError
	if errors.As(refused, &auth) {
		return refused // as if he were nobody: no record is made
	}
	t.bind(p, c.now)
	c.principal = p
	t.state.recordUse(keyID, c.service, c.region, c.now)
	if decodeErr != nil {
		return decodeErr
	}
	if refused != nil {
		return refused
	}
	demands, err := o.authorize(c, in)
	if err != nil {
		return err
	}
	return c.allow(demands)
}

// allow decides each demand by the policies of the caller.
func (c *call) allow(demands []demand) error {
	if len(demands) == 0 {
		return nil
	}
	ctx := c.conditions()
	for i := range demands {
		d := &demands[i]
		req := policy.Request{
			Principal: c.principal.caller, Action: d.action, Context: ctx,
			Resource: policy.Resource{ARN: d.resource, Account: d.resourceAccount},
		}
		if len(d.context) > 0 {
			req.Context = make(policy.Context, len(ctx)+len(d.context))
			for k, v := range ctx {
				req.Context[k] = v
			}
			for k, v := range d.context {
				req.Context.Set(k, v)
			}
		}
		if req.Resource.Account == "" {
			req.Resource.Account = arnAccount(d.resource, c.principal.account)
		}
		req.Context["aws:resourceaccount"] = policy.One(req.Resource.Account)
		c.t.organizationKeys(req.Context, "aws:resource", req.Resource.Account, c.now)
		policies := c.principal.policies
		policies.Resource = d.resourcePolicy
		if policy.Decide(&req, &policies) != policy.Allowed {
			return denied(c, d, policy.Evaluate(req, policies))
		}
	}
	return nil
}

// arnAccount is the account of an ARN, or fallback where it has none.
func arnAccount(arn, fallback string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[4] != "" && parts[4] != "aws" {
		return parts[4]
	}
	return fallback
}

// write sends the answer in the form of the protocol.
func (q *request) write(w http.ResponseWriter, out any, err error) {
	s := q.service
	if s == nil {
		s = &service{protocol: queryProtocol, xmlns: "https://webservices.amazon.com/"}
	}
	h := w.Header()
	h.Set("X-Amzn-Requestid", q.call.requestID)
	h.Set("Date", q.call.now.UTC().Format(http.TimeFormat))
	status := http.StatusOK
	buf := make([]byte, 0, 1024)
	free, _ := out.(freeAnswer)
	if err != nil {
		e := asAPIError(err, s.protocol)
		status = e.Status
		switch s.protocol {
		case restXML:
			buf = appendS3(buf, nil, e, q.call)
			if r, ok := q.call.redirect(); ok {
				h.Set("X-Amz-Bucket-Region", r)
			}
		case queryProtocol:
			buf = wire.AppendXMLError(buf, s.xmlns, e.Fault, e.Code, e.Message, q.call.requestID)
		case ec2Protocol:
			buf = appendEC2(buf, s, nil, e, q.call)
		case rpcCBOR:
			buf = wire.AppendCBORError(buf, e.Code, e.Message)
		default:
			buf = q.jsonError(buf, h, s, e)
		}
	} else {
		switch s.protocol {
		case restXML:
			if free == nil {
				buf = appendS3(buf, out, nil, q.call)
			}
		case queryProtocol:
			buf = wire.AppendXML(buf, s.xmlns, q.call.operation, q.call.requestID, out)
		case ec2Protocol:
			buf = appendEC2(buf, s, out, nil, q.call)
		case rpcCBOR:
			buf = wire.AppendCBOR(buf, out)
		default:
			if s.small {
				buf = wire.AppendSmall(buf, out, s.large)
			} else {
				buf = wire.AppendJSON(buf, out)
			}
		}
	}
	switch s.protocol {
	case restXML:
		h.Set("Content-Type", "application/xml")
		h.Set("X-Amz-Request-Id", q.call.requestID)
		h.Set("X-Amz-Id-2", q.call.hostID())
	case queryProtocol, ec2Protocol:
		h.Set("Content-Type", "text/xml")
	case json10:
		h.Set("Content-Type", "application/x-amz-json-1.0")
	case json11:
		h.Set("Content-Type", "application/x-amz-json-1.1")
	case restJSON:
		h.Set("Content-Type", "application/json")
	case rpcCBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	if err == nil && free != nil {
		status, buf = free.answer(h)
	}
	if h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.Itoa(len(buf)))
	}
	w.WriteHeader(status)
	// A client that has gone away does not want to be told of it.
	_, _ = w.Write(buf)
}

// jsonError: SQS and CloudWatch keep the codes of their former query protocol in a header
// (Smithy, "awsQueryCompatible trait").
func (q *request) jsonError(buf []byte, h http.Header, s *service, e *apiError) []byte {
	code := e.Code
	if s.name == "monitoring" {
		h.Set("X-Amzn-Query-Error", code+";"+e.Fault)
	}
	if s.name == "sqs" {
		old, ok := sqsQueryCodes[code]
		if !ok {
			old = code
		}
		h.Set("X-Amzn-Query-Error", old+";"+e.Fault)
		if ok {
			code = "com.amazonaws.sqs#" + code
		}
	}
	if s.protocol == restJSON {
		// Smithy, "AWS restJson1 protocol", operation error serialization.
		h.Set("X-Amzn-Errortype", code)
		buf = append(buf, `{"Code":`...)
		buf = wire.AppendString(buf, code)
		buf = append(buf, `,"Message":`...)
		buf = wire.AppendString(buf, e.Message)
		return append(buf, '}')
	}
	buf = append(buf, `{"__type":`...)
	buf = wire.AppendString(buf, code)
	if s.name == "organizations" {
		return append(appendReason(buf, e), '}')
	}
	buf = append(buf, `,"message":`...)
	buf = wire.AppendString(buf, e.Message)
	return append(buf, '}')
}

// asAPIError gives every error a code. An error without one is a fault of the
// twin.
func asAPIError(err error, p protocol) *apiError {
	var api *apiError
	if errors.As(err, &api) {
		return api
	}
	var auth *authError
	if errors.As(err, &auth) {
		return auth.in(p)
	}
	e := newAPIError(http.StatusInternalServerError, "InternalFailure", "%s", fmt.Sprint(err))
	e.unmodelled = true
	return e
}
