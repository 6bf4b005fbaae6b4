package app_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/app"
)

// identity answers GetCallerIdentity and remembers who asked.
func identity(t *testing.T) (endpoint string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
			`<Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>AIDAX</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// stray is an environment of somebody else's AWS configuration.
func stray(t *testing.T) {
	t.Helper()
	for _, v := range []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"} {
		t.Setenv(v, "stray")
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
	t.Setenv("AWS_CA_BUNDLE", "/nowhere/ca.pem")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
}

func TestFixedLooksAtNothingElse(t *testing.T) {
	stray(t)
	endpoint, asked := identity(t)
	c := app.Fixed(endpoint, app.Key{ID: "AKIAFIXED", Secret: "secret"})
	account, arn, err := c.Account(t.Context())
	if err != nil || account != "111122223333" || arn != "arn:aws:iam::111122223333:user/a" {
		t.Fatalf("%s %s %v", account, arn, err)
	}
	if len(*asked) != 1 || !strings.Contains((*asked)[0], "Credential=AKIAFIXED/") || !strings.Contains((*asked)[0], "/"+app.HomeRegion+"/") {
		t.Errorf("signed as %q", *asked)
	}
}

func TestConnectReadsTheEnvironment(t *testing.T) {
	stray(t)
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
	// A CA bundle of the caller's is taken, not refused.
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, []byte(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	endpoint, asked := identity(t)
	c, err := app.Connect(t.Context(), app.Options{EndpointURL: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(*asked) != 1 || !strings.Contains((*asked)[0], "Credential=AKIAENVIRONMENT/") || c.Region != app.HomeRegion {
		t.Errorf("region %s, signed as %q", c.Region, *asked)
	}
	if _, err := app.Connect(t.Context(), app.Options{Profile: "no-such-profile"}); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("an unknown profile: %v", err)
	}
}

// certificate is a self-signed CA for the test, with nothing behind it.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUbu33XklCU+FKJB3T9Xb9vC40MtMwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMyMTAwMTlaGA8yMTI2MTAzMDIxMDAx
OVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMcU
Zy/a7zOVgojWwEbVeIaROMpRfjpi5ABgPXBkbcwUhqFPkr66z1+3JZizU3cqtKlP
zFe6NBP9/03XXP8gr32jUzBRMB0GA1UdDgQWBBSv3wV9qOYo6YI3D52oHW0klDLr
8jAfBgNVHSMEGDAWgBSv3wV9qOYo6YI3D52oHW0klDLr8jAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIBFmTyGSU0J3+R/jhI4222+GATuCdX6YZOuO
rFqdErx8AiEA8/iWXIr298vaEUL0ftItEOIQcwj+iG6Pfz7aAbZuqPE=
-----END CERTIFICATE-----
`
