package twin

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
)

// Handler serves all services of all accounts on one endpoint. The account is
// the one whose key signs; a call of STS that needs no signature goes to the
// account of the role that it names.
func (o *Organization) Handler() http.Handler { return http.HandlerFunc(o.serve) }

// Start listens on addr, for example "127.0.0.1:0", and serves; see
// [Twin.Start].
func (o *Organization) Start(addr string) (*Server, error) { return start(o.Handler(), addr) }

func (o *Organization) serve(w http.ResponseWriter, r *http.Request) {
	for _, t := range o.accounts {
		t.bus.tick()
	}
	o.accountOf(w, r).serve(w, r)
}

// accountOf finds the account of a request. Who cannot be placed is the
// management account's to refuse.
func (o *Organization) accountOf(w http.ResponseWriter, r *http.Request) *Twin {
	if sig, err := readSignature(r); err == nil {
		if t := o.ownerOf(sig.keyID); t != nil {
			return t
		}
		return o.accounts[0]
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return o.accounts[0] // which reads it again, and fails as it should
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return o.accounts[0]
	}
	if t := o.Account(arnAccount(form.Get("RoleArn"), "")); t != nil {
		return t
	}
	return o.accounts[0]
}

// ownerOf finds the account that an access key belongs to, also one that is
// deleted or expired.
func (o *Organization) ownerOf(keyID string) *Twin {
	o.accounts[0].mu.Lock()
	defer o.accounts[0].mu.Unlock()
	for _, t := range o.accounts {
		if t.root.id == keyID || t.state.sessions[keyID] != nil || t.state.secrets.keys[keyID] != "" {
			return t
		}
	}
	return nil
}
