package finding_test

import (
	"strings"
	"testing"

	"warden/finding"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
		"kWcrlUX5JEDGM/LtmEENI/aVmYvHNif5zB+d9+ct",
		"hunter2hunter2",
		"IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ",
		"FwoGZXIvYXdzEPv//////////wEaDHxTZXNzaW9uVG9rZW4xMjM0",
		"ghp_0123456789abcdefghijABCDEFGHIJ012345",
		"xoxb-123456789012-abcdefghijkl",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
	} {
		for _, around := range []string{"password=%", `{"Password": "%"}`, `"aws_secret_access_key"="%"`, "SecretAccessKey=%&x=1", "https://x.example/?X-Amz-Security-Token=%&a=b"} {
			text := strings.Replace(around, "%", secret, 1)
			if got := finding.Redact(text); strings.Contains(got, secret) || !strings.Contains(got, "(secret removed)") {
				t.Errorf("%q became %q", text, got)
			}
		}
		if got := finding.Redact("is allowed by user/x/" + secret + ":2:6"); len(secret) == 40 && strings.Contains(got, secret) {
			t.Errorf("%q stayed in %q", secret, got)
		}
		if secret == "hunter2hunter2" {
			continue // nothing tells that it is one
		}
		if got := finding.Redact("the tag owner is " + secret + "."); strings.Contains(got, secret) || !strings.HasPrefix(got, "the tag owner is (") {
			t.Errorf("%q stayed in %q", secret, got)
		}
	}
	for _, stays := range []string{
		"",
		"AKIAIOSFODNN7EXAMPLE is active",
		"arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
		"whether he has a password: the credential report says N/A",
		"has a password and MFA; password: last used 2025-12-02",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"arn:aws:iam::111122223333:mfa/Device1234567890Device1234567890Ab",
		"arn:aws:iam::111122223333:role/aws/service1/AmazonEC2ContainerServiceforEC2Role/and/more/Paths1/in/it",
		"ProductionTeam1/ApplicationServerRole123",
		`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }`,
		"iam:GetAccountPasswordPolicy: AccessDenied: not authorized, request id 12345678-1234-1234-1234-123456789012",
	} {
		if got := finding.Redact(stays); got != stays {
			t.Errorf("%q became %q", stays, got)
		}
	}
}

// A secret is found whatever stands around it.
func FuzzRedact(f *testing.F) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	f.Add("owner", "")
	f.Add("password=", "&x=1")
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := finding.Redact(before + " " + secret + " " + after); strings.Contains(got, secret) && !strings.Contains(before+after, secret) {
			t.Errorf("%q", got)
		}
	})
}
