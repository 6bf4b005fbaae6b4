package twin

import (
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// With a reader that says the same a run is the same, in one account and in an
// organization; without one secrets and ids are new, whatever the seed.
func TestRandom(t *testing.T) {
	t.Parallel()
	once := func(organization bool, random io.Reader) (secret, answer string) {
		t.Helper()
		snap, truth := founders(11)
		cfg := Config{Snapshot: snap, Seed: 11, Now: func() time.Time { return testNow }, Random: random}
		tw, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		handler := tw.Handler()
		if organization {
			o, err := NewOrganization(OrganizationConfig{Accounts: []OrganizationAccount{{Name: "a", Snapshot: snap}}, Seed: 11, Now: cfg.Now, Random: random})
			if err != nil {
				t.Fatal(err)
			}
			tw, handler = o.Account(snap.Account), o.Handler()
		}
		if _, secret, err = tw.Credentials(truth.Administrator); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15")))
		return secret, w.Body.String()
	}
	fixed := func() io.Reader { return rand.NewChaCha8([32]byte{1}) }
	for _, organization := range []bool{false, true} {
		secret, answer := once(organization, fixed())
		if s, a := once(organization, fixed()); s != secret || a != answer {
			t.Errorf("the same reader made %s and %s, and %s", secret, s, a)
		}
		if s, a := once(organization, nil); s == secret || a == answer {
			t.Errorf("without a reader the secret is %s, the answer %s", s, a)
		}
		if !strings.Contains(answer, "RequestId") {
			t.Errorf("the answer has no id of a request: %s", answer)
		}
	}
}
