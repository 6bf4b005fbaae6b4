package twin

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 4, as the IAM User Guide describes it in "AWS Signature
// Version 4 for API requests". The canonical request is built from what the
// client sent.

const (
	algorithm = "AWS4-HMAC-SHA256"
	amzTime   = "20060102T150405Z"
	// clockSkew is how far a client's clock may be off ("Troubleshoot Signature
	// Version 4 signing", 15 minutes).
	clockSkew = 15 * time.Minute
)

// signature is what a request says about itself.
type signature struct {
	keyID         string
	scope         string // DATE/REGION/SERVICE/aws4_request
	date          string
	region        string
	service       string
	signedHeaders []string
	hex           string
	amzDate       string
	at            time.Time
	token         string
	// expires is how long a presigned URL is valid; 0 for a header.
	expires time.Duration
	query   string // the raw query to sign, without the signature
}

// authFault is a kind of failure to authenticate; each has a code in each
// protocol.
type authFault uint8

const (
	faultMissing authFault = iota + 1
	faultIncomplete
	faultInvalidToken
	faultMismatch
	faultExpired
)

// faultCodes are the codes of the query and of the JSON protocols.
// IAM API Reference, "Common Errors"; for JSON the codes that clients report.
var faultCodes = [...]struct {
	query       string
	queryStatus int
	json        string
}{
	faultMissing:      {"MissingAuthenticationToken", 403, "MissingAuthenticationTokenException"},
	faultIncomplete:   {"IncompleteSignature", 400, "IncompleteSignatureException"},
	faultInvalidToken: {"InvalidClientTokenId", 403, "UnrecognizedClientException"},
	faultMismatch:     {"SignatureDoesNotMatch", 403, "InvalidSignatureException"},
	faultExpired:      {"ExpiredToken", 403, "ExpiredTokenException"},
}

const (
	invalidToken = "The security token included in the request is invalid"
	expiredToken = "The security token included in the request is expired"
	mismatch     = "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// authError is a failure to authenticate.
type authError struct {
	fault   authFault
	message string
}

func (e *authError) Error() string { return e.message }

// in gives the error its code in a protocol.
func (e *authError) in(p protocol) *apiError {
	codes := faultCodes[e.fault]
	out := &apiError{Code: codes.json, Message: e.message, Status: http.StatusBadRequest, Fault: "Sender", unmodelled: true}
	switch p {
	case queryProtocol:
		out.Code, out.Status = codes.query, codes.queryStatus
	case restJSON:
		out.Status = http.StatusForbidden
	case ec2Protocol:
		f := ec2Faults[e.fault]
		out.Code, out.Message, out.Status = f.code, f.message, f.status
	case restXML:
		f := s3Faults[e.fault]
		out.Code, out.Message, out.Status = f.code, f.message, f.status
	}
	return out
}

// readSignature finds the signature in the header or in the URL.
func readSignature(r *http.Request) (*signature, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		if strings.Contains(r.URL.RawQuery, "X-Amz-Signature=") {
			return readPresigned(r)
		}
		return nil, &authError{faultMissing, "Request is missing Authentication Token"}
	}
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok || rest == "" || rest[0] != ' ' {
		return nil, &authError{faultIncomplete, "Authorization header requires the algorithm " + algorithm + "."}
	}
	s := &signature{token: r.Header.Get("X-Amz-Security-Token"), query: r.URL.RawQuery}
	var credential, signed string
	for part := range strings.SplitSeq(rest[1:], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			s.hex = value
		}
	}
	s.amzDate = r.Header.Get("X-Amz-Date")
	for _, p := range []struct{ name, value string }{{"Credential", credential}, {"Signature", s.hex}, {"SignedHeaders", signed}} {
		if p.value == "" {
			return nil, &authError{faultIncomplete, "Authorization header requires '" + p.name + "' parameter. Authorization=" + algorithm}
		}
	}
	if s.amzDate == "" {
		return nil, &authError{faultIncomplete, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=" + algorithm}
	}
	return s, s.complete(r, credential, signed)
}

// readPresigned reads the parameters of a presigned URL.
func readPresigned(r *http.Request) (*signature, error) {
	q := r.URL.Query()
	if q.Get("X-Amz-Algorithm") != algorithm {
		return nil, &authError{faultIncomplete, "AWS query-string parameters must include 'X-Amz-Algorithm'."}
	}
	s := &signature{hex: q.Get("X-Amz-Signature"), amzDate: q.Get("X-Amz-Date"), token: q.Get("X-Amz-Security-Token")}
	seconds, err := strconv.Atoi(cmp.Or(q.Get("X-Amz-Expires"), "900"))
	if err != nil || seconds < 1 || seconds > 7*24*3600 {
		return nil, &authError{faultIncomplete, "X-Amz-Expires must be between 1 and 604800 seconds"}
	}
	s.expires = time.Duration(seconds) * time.Second
	for _, name := range []string{"X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if q.Get(name) == "" {
			return nil, &authError{faultIncomplete, "AWS query-string parameters must include '" + name + "'. Re-examine the query-string parameters."}
		}
	}
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if !strings.HasPrefix(pair, "X-Amz-Signature=") {
			kept = append(kept, pair)
		}
	}
	s.query = strings.Join(kept, "&")
	return s, s.complete(r, q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"))
}

// complete takes the credential apart and checks that what must be signed is.
func (s *signature) complete(r *http.Request, credential, signed string) error {
	var ok bool
	if s.keyID, s.scope, ok = strings.Cut(credential, "/"); !ok {
		return &authError{faultIncomplete, "Credential must have at least 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + credential + "'"}
	}
	parts := strings.Split(s.scope, "/")
	if len(parts) != 4 {
		return &authError{faultIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + credential + "'"}
	}
	s.date, s.region, s.service = parts[0], parts[1], parts[2]
	if parts[3] != "aws4_request" {
		return &authError{faultMismatch, "Credential should be scoped with a valid terminator: 'aws4_request', not '" + parts[3] + "'."}
	}
	at, err := time.Parse(amzTime, s.amzDate)
	if err != nil {
		return &authError{faultIncomplete, "Date must be in ISO-8601 'basic format'. Got '" + s.amzDate + "'. See http://en.wikipedia.org/wiki/ISO_8601"}
	}
	s.at = at
	if !strings.HasPrefix(s.amzDate, s.date+"T") {
		return &authError{faultMismatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" + s.date + "' != '" + s.amzDate[:8] + "', from '" + s.amzDate + "'."}
	}
	s.signedHeaders = strings.Split(strings.ToLower(signed), ";")
	if !slices.Contains(s.signedHeaders, "host") {
		return &authError{faultMismatch, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Signature."}
	}
	for _, name := range []string{"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Target"} {
		if r.Header.Get(name) != "" && !slices.Contains(s.signedHeaders, strings.ToLower(name)) {
			return &authError{faultMismatch, "'" + name + "' must be a 'SignedHeader' in the AWS Signature."}
		}
	}
	return nil
}

// fresh checks the time of the signature against the clock.
func (s *signature) fresh(now time.Time) error {
	window := clockSkew
	if s.expires > 0 {
		window = s.expires
	}
	now = now.UTC()
	switch {
	case s.at.Add(window).Before(now):
		return &authError{faultMismatch, "Signature expired: " + s.amzDate + " is now earlier than " + now.Add(-window).Format(amzTime) +
			" (" + now.Format(amzTime) + " - " + strconv.Itoa(int(window/time.Minute)) + " min.)"}
	case s.at.Add(-clockSkew).After(now):
		return &authError{faultMismatch, "Signature not yet current: " + s.amzDate + " is still later than " + now.Add(clockSkew).Format(amzTime) +
			" (" + now.Format(amzTime) + " + 15 min.)"}
	}
	return nil
}

// verify compares the signature with the one that the secret gives.
func (s *signature) verify(r *http.Request, body []byte, secret string, of *service) error {
	hash, err := s.payloadHash(r, body, of)
	if err != nil {
		return err
	}
	canonical := s.canonicalRequest(r, hash, of)
	digest := sha256.Sum256(canonical)
	toSign := algorithm + "\n" + s.amzDate + "\n" + s.scope + "\n" + hex.EncodeToString(digest[:])
	key := mac([]byte("AWS4"+secret), s.date)
	key = mac(key, s.region)
	key = mac(key, s.service)
	key = mac(key, "aws4_request")
	want := hex.EncodeToString(mac(key, toSign))
	if !hmac.Equal([]byte(want), []byte(s.hex)) {
		return &authError{faultMismatch, mismatch}
	}
	return nil
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

// payloadHash is the hash of the body that the client signed. S3 lets it be
// left open, always in a presigned URL, and wants it in a header else. Amazon
// S3 API Reference, "Authenticating Requests: Using the Authorization Header"
// and "Using Query Parameters".
func (s *signature) payloadHash(r *http.Request, body []byte, of *service) (string, error) {
	const unsigned = "UNSIGNED-PAYLOAD"
	digest := sha256.Sum256(body)
	actual := hex.EncodeToString(digest[:])
	if of.protocol != restXML {
		return actual, nil
	}
	if s.expires > 0 {
		return unsigned, nil
	}
	switch said := r.Header.Get("X-Amz-Content-Sha256"); {
	case said == "":
		return "", refuse(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	case said == unsigned:
		return unsigned, nil
	case strings.HasPrefix(said, "STREAMING-"):
		return "", refuse(http.StatusNotImplemented, "NotImplemented", "The twin reads no body in signed chunks")
	case said != actual:
		return "", refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return actual, nil
}

func (s *signature) canonicalRequest(r *http.Request, hash string, of *service) []byte {
	b := make([]byte, 0, 1024)
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, canonicalPath(r.URL, of)...)
	b = append(b, '\n')
	b = append(b, canonicalQuery(s.query)...)
	b = append(b, '\n')
	for _, name := range s.signedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, r, name)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, strings.Join(s.signedHeaders, ";")...)
	b = append(b, '\n')
	return append(b, hash...)
}

// canonicalPath encodes the path once more: only S3 does not.
func canonicalPath(u *url.URL, of *service) string {
	path := u.EscapedPath()
	if of.protocol == restXML {
		path = u.Path
	}
	if path == "" || path == "/" {
		return "/"
	}
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; unreserved(c) || c == '/' {
			b.WriteByte(c)
		} else {
			writeEscaped(&b, c)
		}
	}
	return b.String()
}

func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, reescape(name)+"="+reescape(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// reescape brings what a client escaped to the canonical form.
func reescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		plain = s
	}
	var b strings.Builder
	for i := range len(plain) {
		if unreserved(plain[i]) {
			b.WriteByte(plain[i])
		} else {
			writeEscaped(&b, plain[i])
		}
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func writeEscaped(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

// appendHeader appends the canonical value of a header: trimmed, runs of
// spaces made one, several values joined by commas.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	switch name {
	case "host":
		return append(b, r.Host...)
	case "content-length":
		// net/http takes it out of the header.
		return strconv.AppendInt(b, r.ContentLength, 10)
	}
	for i, value := range r.Header.Values(name) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, value)
	}
	return b
}

func appendTrimmed(b []byte, value string) []byte {
	value = strings.Trim(value, " ")
	space := false
	for i := range len(value) {
		if value[i] == ' ' && space {
			continue
		}
		space = value[i] == ' '
		b = append(b, value[i])
	}
	return b
}
