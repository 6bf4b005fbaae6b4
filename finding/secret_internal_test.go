package finding

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is not put to an expression is what it does not match.
func TestRedactSparesNothing(t *testing.T) {
	t.Parallel()
	slow := func(s string) string {
		if len(s) < 8 {
			return s
		}
		s = privateKey.ReplaceAllLiteralString(s, removed)
		s = named.ReplaceAllString(s, "${1}"+removed)
		s = known.ReplaceAllLiteralString(s, removed)
		return forty.ReplaceAllStringFunc(s, func(run string) string {
			if len(run) == 40 && random(run) {
				return removed
			}
			return run
		})
	}
	words := append([]string{
		"password", "Secret", "token", "api_key", "x-amz-signature", "=", " = ", ":", ": ", "\"", "'", " ", "\n", "hunter2hunter2", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "sk_live_", "rk_live_",
		"xoxb-", "xoxa-", "eyJhbGciOiJIUzI1NiJ9.", "0123456789abcdefghijABCDEFGHIJ012345", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "arn:aws:iam::111122223333:user/ann",
		"-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7",
	}, beginnings...)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(words), rapid.StringN(0, 6, -1)), 0, 12).Draw(t, "words"), "")
		if got, want := Redact(text), slow(text); got != want {
			t.Fatal(fmt.Sprintf("%q became %q, want %q", text, got, want))
		}
	})
}
