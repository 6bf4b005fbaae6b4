package twin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"warden/account"
	"warden/twin/wire"
)

// Services with paths instead of names of operations: Amazon S3 (Smithy, "AWS
// restXml protocol") and the restJson1 ones. Which service is called is told
// by the scope of the signature.

// restServices are found by their signing name.
var restServices = []*service{s3Service, hubService, analyzerService, contactService}

// route leads from method and path to an operation.
type route struct {
	method string
	// path is matched piece by piece: {Name} is one piece, {Name+} the rest.
	path string
	// query must be in the URL: the name of a sub-resource, or "name=value".
	query string
	// more are the other names that the URL may have; what is asked beyond
	// them is not served, rather than ignored.
	more      []string
	operation string
}

// restRequest is a request of such a service, taken apart.
type restRequest struct {
	labels map[string]string // of the path
	query  url.Values
	header http.Header
	body   []byte
}

// restInput reads itself from a request; other inputs are JSON bodies.
type restInput interface{ read(*restRequest) error }

// freeAnswer is an output that writes itself, as those of S3 do that are no
// XML.
type freeAnswer interface {
	answer(http.Header) (status int, body []byte)
}

// restService is the REST service that a request is signed for, nil for none.
func restService(r *http.Request) *service {
	scope := r.Header.Get("Authorization")
	if scope == "" {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	for _, s := range restServices {
		if strings.Contains(scope, "/"+s.name+"/aws4_request") {
			return s
		}
	}
	return nil
}

// readREST finds the operation in method, path and query. A request that fits
// no route has none.
func (q *request) readREST() {
	q.rest = &restRequest{query: q.http.URL.Query(), header: q.http.Header, body: q.body}
	q.call.received = len(q.body)
	for i := range q.service.routes {
		if r := &q.service.routes[i]; r.method == q.http.Method && r.asked(q.rest.query) {
			if labels, ok := r.labels(q.http.URL.Path); ok {
				q.rest.labels, q.call.operation = labels, r.operation
				return
			}
		}
	}
}

// asked compares the query with what the route wants and allows.
func (r *route) asked(query url.Values) bool {
	name, value, _ := strings.Cut(r.query, "=")
	if r.query != "" && (!query.Has(name) || query.Get(name) != value) {
		return false
	}
	for k := range query {
		if k != name && k != "x-id" && !strings.HasPrefix(k, "X-Amz-") && !slices.Contains(r.more, k) {
			return false
		}
	}
	return true
}

func (r *route) labels(path string) (map[string]string, bool) {
	labels := map[string]string{}
	want, have := strings.TrimPrefix(r.path, "/"), strings.TrimPrefix(path, "/")
	for {
		piece, rest, more := strings.Cut(want, "/")
		if name, ok := strings.CutSuffix(piece, "+}"); ok {
			labels[name[1:]] = have
			return labels, have != ""
		}
		got, left, slash := strings.Cut(have, "/")
		switch {
		case strings.HasPrefix(piece, "{"):
			labels[strings.Trim(piece, "{}")] = got
			if got == "" {
				return nil, false
			}
		case piece != got:
			return nil, false
		}
		if !more {
			return labels, !slash || left == "" && piece != ""
		}
		want, have = rest, left
	}
}

// decode fills the input of an operation.
func (r *restRequest) decode(in any) error {
	if x, ok := in.(restInput); ok {
		return x.read(r)
	}
	return wire.DecodeJSON(r.body, in)
}

// serves tells whether a service that is everywhere has an endpoint in a
// region: in those that every account has switched on, and the twin's own.
func (t *Twin) serves(region string) bool {
	return region == t.region || slices.Contains(account.DefaultRegions(t.partition), region)
}
