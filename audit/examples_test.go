package audit_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/audit"
	"warden/finding"
)

// example changes the good account and says what a control then answers.
type example struct {
	name   string
	change func(*account.Snapshot)
	status finding.Status
	// part of the answer that changed, as far as there are several; says is a
	// piece of its summary.
	part, says string
}

const (
	fail    = finding.Fail
	pass    = finding.Pass
	unknown = finding.Unknown
	none    = finding.NotApplicable
)

// examples has for each control what must fail, what must be unknown, and what
// must pass although it looks odd.
var examples = map[string][]example{
	"root.used": {
		{"password last week", func(s *account.Snapshot) { row(s, account.RootUser).PasswordLastUsed = at(7) }, fail, "", "by password (7 days ago)"},
		{"key today, password long ago", func(s *account.Snapshot) { row(s, account.RootUser).Keys[1].LastUsed = at(0) }, fail, "", "by access key 2 (today)"},
		{"never", func(s *account.Snapshot) { row(s, account.RootUser).PasswordLastUsed = account.Word("no_information") }, pass, "", "knows of no use"},
		{"no line", func(s *account.Snapshot) { s.CredentialReport.Rows = s.CredentialReport.Rows[1:] }, unknown, "", "no line for the root user"},
		{"no report", func(s *account.Snapshot) { s.CredentialReport = nil; lose(s, "iam:GetCredentialReport") }, unknown, "", "AccessDenied"},
		{"an old report", func(s *account.Snapshot) { s.CredentialReport.At = ago(20) }, unknown, "", "what came after"},
		{"an old report, used before it", func(s *account.Snapshot) {
			s.CredentialReport.At, row(s, account.RootUser).PasswordLastUsed = ago(20), at(21)
		}, fail, "", "21 days ago"},
		{"a word for the date", func(s *account.Snapshot) {
			row(s, account.RootUser).PasswordLastUsed = account.Word("not_supported")
		}, unknown, "", "not_supported"},
	},
	"root.keys": {
		{"the summary says so", func(s *account.Snapshot) { s.Summary.Value["AccountAccessKeysPresent"] = 1 }, fail, "", ""},
		{"only the report, and it has one", func(s *account.Snapshot) {
			s.Summary = nil
			row(s, account.RootUser).Keys[1] = account.ReportedKey{Active: "false", LastRotated: at(900), LastUsed: never()}
		}, fail, "", "key 2"},
		{"only the report", func(s *account.Snapshot) { s.Summary = nil }, pass, "", ""},
		{"an odd word", func(s *account.Snapshot) { s.Summary = nil; row(s, account.RootUser).Keys[0].Active = "not_supported" }, unknown, "", "not_supported"},
		{"nothing", func(s *account.Snapshot) { s.Summary = nil; s.CredentialReport = nil; lose(s, "iam:GetAccountSummary") }, unknown, "", "AccessDenied"},
	},
	"root.mfa": {
		{"none", func(s *account.Snapshot) { s.Summary.Value["AccountMFAEnabled"] = 0 }, fail, "", ""},
		{"none, says the report", func(s *account.Snapshot) { s.Summary = nil; row(s, account.RootUser).MFA = "false" }, fail, "", ""},
		{"managed centrally", func(s *account.Snapshot) {
			s.Summary.Value = map[string]int{"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 0}
		}, none, "", "no password and no keys"},
		{"no password but a key", func(s *account.Snapshot) {
			s.Summary.Value = map[string]int{"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1, "AccountPasswordPresent": 0}
		}, fail, "", ""},
		{"rootless, says the report", func(s *account.Snapshot) {
			s.Summary = nil
			row(s, account.RootUser).PasswordEnabled, row(s, account.RootUser).MFA = "FALSE", "FALSE"
		}, none, "", ""},
		{"nothing", func(s *account.Snapshot) { s.Summary, s.CredentialReport = nil, nil }, unknown, "", "GetAccountSummary"},
	},
	"root.mfa-hardware": {
		{"virtual", func(s *account.Snapshot) {
			s.VirtualMFA.Value = append(s.VirtualMFA.Value, account.MFADevice{Serial: arn("mfa/root-account-mfa-device"), User: arn("root"), Enabled: ptr(ago(9))})
		}, fail, "", "virtual"},
		{"virtual, not enabled", func(s *account.Snapshot) {
			s.VirtualMFA.Value = append(s.VirtualMFA.Value, account.MFADevice{Serial: arn("mfa/root-account-mfa-device"), User: arn("root")})
		}, pass, "", ""},
		{"no MFA at all", func(s *account.Snapshot) { s.Summary.Value["AccountMFAEnabled"] = 0 }, fail, "", "no MFA"},
		{"devices unknown", func(s *account.Snapshot) { s.VirtualMFA = nil; lose(s, "iam:ListVirtualMFADevices") }, unknown, "", "AccessDenied"},
	},
	"root.central": {
		{"off", func(s *account.Snapshot) { s.CentralRoot.Value.RootCredentialsManagement = false }, fail, "", ""},
		{"a member", func(s *account.Snapshot) {
			s.CentralRoot = nil
			s.Organization.Value.ManagementAccount = "999988887777"
		}, none, "", "999988887777"},
		{"no organisation", func(s *account.Snapshot) { s.CentralRoot = nil; s.Organization.Value = account.Organization{} }, none, "", ""},
		{"refused", func(s *account.Snapshot) { s.CentralRoot = nil; lose(s, "iam:ListOrganizationsFeatures") }, unknown, "", "AccessDenied"},
	},
	"user.mfa": {
		{"none", func(s *account.Snapshot) { row(s, "ann").MFA = "false" }, fail, "", "no MFA"},
		{"a newer list of devices", func(s *account.Snapshot) {
			row(s, "ann").MFA = "false"
			s.Users[0].MFADevices = known("iam:ListMFADevices", []account.MFADevice{{Serial: "GAHT1", Enabled: ptr(ago(0))}})
		}, pass, "", ""},
		{"a device that is not enabled", func(s *account.Snapshot) {
			s.Users[0].MFADevices = known("iam:ListMFADevices", []account.MFADevice{{Serial: arn("mfa/x")}})
		}, fail, "", ""},
		{"an odd word", func(s *account.Snapshot) { row(s, "ann").MFA = "" }, unknown, "", "(nothing)"},
		{"made after the report", func(s *account.Snapshot) { s.Users[0].CreateDate = now }, unknown, "", "after the credential report"},
		{"no line", func(s *account.Snapshot) { row(s, "ann").User = "Ann2" }, unknown, "", "no line"},
		{"made anew before the report", func(s *account.Snapshot) { s.Users[0].CreateDate = ago(3) }, unknown, "", "another user of that name"},
		{"deleted since the report", func(s *account.Snapshot) { s.Users = s.Users[1:] }, unknown, "", "deleted or renamed"},
		{"a virtual device since the report", func(s *account.Snapshot) {
			row(s, "ann").MFA = "false"
			s.VirtualMFA.Value[0].Enabled = ptr(now)
		}, pass, "", ""},
		{"a virtual device from before the report", func(s *account.Snapshot) { row(s, "ann").MFA = "false" }, fail, "", "no MFA"},
		{"no report", func(s *account.Snapshot) { s.CredentialReport = nil; lose(s, "iam:GenerateCredentialReport") }, unknown, "", "AccessDenied"},
	},
	"user.groups-only": {
		{"attached", func(s *account.Snapshot) { s.Users[0].Attached = []string{arn("policy/read")} }, fail, "", "of his own: 1"},
		{"inline", func(s *account.Snapshot) { s.Users[1].Inline = []account.InlinePolicy{{Name: "x"}} }, fail, "", ""},
		{"not read", func(s *account.Snapshot) { lose(s, "iam:GetAccountAuthorizationDetails") }, unknown, "", "AccessDenied"},
	},
	"user.setup-key": {
		{"never used", func(s *account.Snapshot) {
			row(s, "ann").Keys[0] = account.ReportedKey{Active: "true", LastRotated: at(500), LastUsed: never()}
		}, fail, "access key 1", "along with the user"},
		{"made later, never used", func(s *account.Snapshot) {
			row(s, "ann").Keys[1] = account.ReportedKey{Active: "true", LastRotated: at(5), LastUsed: never()}
		}, fail, "access key 2", "never used"},
		{"used", func(s *account.Snapshot) {
			row(s, "ann").Keys[0] = account.ReportedKey{Active: "true", LastRotated: at(500), LastUsed: at(3)}
		}, pass, "access key 1", ""},
		{"an odd word", func(s *account.Snapshot) {
			row(s, "ann").Keys[0] = account.ReportedKey{Active: "true", LastRotated: at(500), LastUsed: account.Word("later")}
		}, unknown, "access key 1", "later"},
	},
	"user.two-keys": {
		{"two", func(s *account.Snapshot) {
			row(s, "robot").Keys[1] = account.ReportedKey{Active: "true", LastRotated: at(1), LastUsed: never()}
		}, fail, "", "two active"},
		{"one switched off", func(s *account.Snapshot) {
			row(s, "robot").Keys[1] = account.ReportedKey{Active: "false", LastRotated: at(1), LastUsed: at(1)}
		}, pass, "", ""},
		{"an odd word", func(s *account.Snapshot) {
			row(s, "robot").Keys[1] = account.ReportedKey{Active: "", LastRotated: at(1), LastUsed: at(1)}
		}, unknown, "", ""},
	},
	"credential.unused": {
		{"password", func(s *account.Snapshot) { row(s, "ann").PasswordLastUsed = at(46) }, fail, "password", "46 days ago"},
		{"never signed in, set long ago", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed = account.Word("no_information")
		}, fail, "password", "no use is known"},
		{"made yesterday, never signed in", func(s *account.Snapshot) {
			row(s, "ann").PasswordLastUsed, row(s, "ann").PasswordLastChanged = account.Word("no_information"), at(1)
		}, pass, "password", "1 day ago"},
		{"key 1", func(s *account.Snapshot) { row(s, "robot").Keys[0].LastUsed = at(100) }, fail, "access key 1", "100 days"},
		{"key 1 never used", func(s *account.Snapshot) {
			row(s, "robot").Keys[0].LastUsed, row(s, "robot").Keys[0].LastRotated = never(), at(100)
		}, fail, "access key 1", "no use is known"},
		{"key 2 of yesterday", func(s *account.Snapshot) {
			row(s, "robot").Keys[1] = account.ReportedKey{Active: "true", LastRotated: at(1), LastUsed: never()}
		}, pass, "access key 2", ""},
		{"an odd word", func(s *account.Snapshot) { row(s, "ann").PasswordLastUsed = account.Word("not_supported") }, unknown, "password", "not_supported"},
		{"nobody knows", func(s *account.Snapshot) { s.CredentialReport = nil }, unknown, "password", ""},
		{"an odd word for a key that is switched off", func(s *account.Snapshot) {
			row(s, "ann").Keys[0] = account.ReportedKey{Active: "false", LastRotated: at(500), LastUsed: account.Word("not_supported")}
		}, pass, "", ""},
	},
	"key.age": {
		{"old", func(s *account.Snapshot) { row(s, "robot").Keys[0].LastRotated = at(200) }, fail, "access key 1", "200 days"},
		{"old and switched off", func(s *account.Snapshot) {
			row(s, "ann").Keys[0] = account.ReportedKey{Active: "false", LastRotated: at(200), LastUsed: at(100)}
		}, pass, "access key 1", ""},
		{"no date", func(s *account.Snapshot) { row(s, "robot").Keys[0].LastRotated = account.Word("odd") }, unknown, "access key 1", ""},
		{"an hour too old", func(s *account.Snapshot) { row(s, "robot").Keys[0].LastRotated = account.On(ago(90).Add(-time.Hour)) }, fail, "access key 1", "90 days"},
		{"nobody knows whether it is active", func(s *account.Snapshot) { row(s, "robot").Keys[0].Active = "" }, unknown, "access key 1", "whether it is active"},
	},
	"policy.full-admin": {
		{"AdministratorAccess", func(s *account.Snapshot) {
			s.Groups[0].Attached = append(s.Groups[0].Attached, "arn:aws:iam::aws:policy/AdministratorAccess")
		}, fail, "", "allows every action"},
		{"under another name, in two statements", func(s *account.Snapshot) {
			s.Policies[0] = managed(arn("policy/read"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}`)
		}, fail, "", "allows every action"},
		{"under a condition, but for a denial", func(s *account.Snapshot) {
			s.Policies[0] = managed(arn("policy/read"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`)
		}, fail, "", "under conditions, but for what it denies"},
		{"everything but IAM", func(s *account.Snapshot) {
			s.Policies[0] = managed(arn("policy/read"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}`)
		}, pass, "", ""},
		{"called AdministratorAccess", func(s *account.Snapshot) {
			s.Policies[0] = managed(arn("policy/AdministratorAccess"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
			s.Groups[0].Attached[0] = arn("policy/AdministratorAccess")
		}, pass, "", ""},
		{"inline", func(s *account.Snapshot) {
			s.Users[0].Inline = []account.InlinePolicy{{Name: "all", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)}}
		}, fail, "inline policy all", "allows every action"},
		{"AdministratorAccess without its document", func(s *account.Snapshot) {
			s.Policies = slices.DeleteFunc(s.Policies, account.ManagedPolicy.AWSManaged)
			s.Groups[0].Attached = append(s.Groups[0].Attached, "arn:aws:iam::aws:policy/AdministratorAccess")
		}, fail, "", "allows every action"},
		{"no document", func(s *account.Snapshot) { s.Groups[0].Attached = append(s.Groups[0].Attached, arn("policy/other")) }, unknown, "", "not in the evidence"},
		{"broken document", func(s *account.Snapshot) { s.Policies[0].Versions[0].Document = json.RawMessage(`{}`) }, unknown, "", "cannot be read"},
	},
	"policy.cloudshell": {
		{"attached", func(s *account.Snapshot) {
			s.Roles[0].Attached = append(s.Roles[0].Attached, "arn:aws:iam::aws:policy/AWSCloudShellFullAccess")
		}, fail, "", "role support"},
		{"not read", func(s *account.Snapshot) { lose(s, "iam:GetAccountAuthorizationDetails") }, unknown, "", ""},
	},
	"role.support": {
		{"none", func(s *account.Snapshot) { s.Roles[0].Attached = nil }, fail, "", ""},
		{"on a group alone", func(s *account.Snapshot) {
			s.Groups[0].Attached, s.Roles[0].Attached = append(s.Groups[0].Attached, s.Roles[0].Attached...), nil
		}, fail, "", ""},
		{"not read", func(s *account.Snapshot) { lose(s, "iam:GetAccountAuthorizationDetails") }, unknown, "", ""},
	},
	"resource.any-principal": {
		{"everybody", func(s *account.Snapshot) {
			s.Roles[0].Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)
		}, fail, "trust policy", "everybody"},
		{"everybody of the organisation", func(s *account.Snapshot) {
			s.Roles[0].Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`)
		}, pass, "trust policy", ""},
		{"anybody on GitHub", func(s *account.Snapshot) {
			s.Roles[0].Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}]}`)
		}, fail, "trust policy", "any customer of token.actions.githubusercontent.com"},
		{"one repository on GitHub", func(s *account.Snapshot) {
			s.Roles[0].Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:me/mine:*"}}}]}`)
		}, pass, "trust policy", ""},
		{"any pool of Cognito", func(s *account.Snapshot) {
			s.Roles[0].Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`)
		}, fail, "trust policy", "cognito-identity"},
		{"service accounts of one cluster", func(s *account.Snapshot) {
			s.Roles[0].Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`)
		}, pass, "trust policy", ""},
		{"broken", func(s *account.Snapshot) { s.Roles[0].Trust = json.RawMessage(`7`) }, unknown, "trust policy", "cannot be read"},
	},
	"certificate.expired": {
		{"expired", func(s *account.Snapshot) { s.ServerCertificates.Value[0].Expiration = ptr(now) }, fail, "", "expired"},
		{"none", func(s *account.Snapshot) { s.ServerCertificates.Value = nil }, none, "", ""},
		{"no date", func(s *account.Snapshot) { s.ServerCertificates.Value[0].Expiration = nil }, unknown, "", ""},
		{"refused", func(s *account.Snapshot) { s.ServerCertificates = nil; lose(s, "iam:ListServerCertificates") }, unknown, "", "AccessDenied"},
	},
	"analyzer.external": {
		{"none", func(s *account.Snapshot) { home(s).Analyzers.Value = nil }, fail, "eu-west-1", ""},
		{"of unused access", func(s *account.Snapshot) { home(s).Analyzers.Value[0].Type = "ACCOUNT_UNUSED_ACCESS" }, fail, "eu-west-1", ""},
		{"switched off", func(s *account.Snapshot) { home(s).Analyzers.Value[0].Status = "DISABLED" }, fail, "eu-west-1", ""},
		{"refused", func(s *account.Snapshot) { home(s).Analyzers = nil }, unknown, "eu-west-1", ""},
		{"a region not read", func(s *account.Snapshot) { s.Regions = s.Regions[1:] }, unknown, "regions not read", "ap-northeast-1"},
	},
	"securityhub.enabled": {
		{"off", func(s *account.Snapshot) { home(s).SecurityHub.Value.Enabled = false }, fail, "eu-west-1", "off"},
		{"refused", func(s *account.Snapshot) { home(s).SecurityHub = nil; lose(s, "securityhub:DescribeHub") }, unknown, "eu-west-1", ""},
		{"a region not read", func(s *account.Snapshot) { s.Regions = s.Regions[1:] }, unknown, "regions not read", "ap-northeast-1"},
	},
	"account.security-contact": {
		{"none", func(s *account.Snapshot) { s.SecurityContact.Value.Set = false }, fail, "", "no security contact"},
		{"refused", func(s *account.Snapshot) { s.SecurityContact = nil; lose(s, "account:GetAlternateContact") }, unknown, "", "AccessDenied"},
	},
	"s3.public-access-block": {
		{"none", func(s *account.Snapshot) { s.PublicAccessBlock.Value = account.PublicAccessBlock{} }, fail, "", "does not block"},
		{"three of four", func(s *account.Snapshot) { s.PublicAccessBlock.Value.IgnorePublicACLs = false }, fail, "", "does not block"},
		{"refused", func(s *account.Snapshot) { s.PublicAccessBlock = nil; lose(s, "s3:GetAccountPublicAccessBlock") }, unknown, "", "AccessDenied"},
	},
	"config.recorder": {
		{"none", func(s *account.Snapshot) { home(s).Recorders.Value = nil }, fail, "eu-west-1", "no recorder"},
		{"stopped", func(s *account.Snapshot) { home(s).Recorders.Value[0].Recording = false }, fail, "eu-west-1", "stopped"},
		{"nothing delivered yet", func(s *account.Snapshot) { home(s).Recorders.Value[0].LastStatus = "Pending" }, unknown, "eu-west-1", "last status is Pending"},
		{"no global types", func(s *account.Snapshot) { home(s).Recorders.Value[0].GlobalTypes = false }, fail, "global types", "users, roles"},
		{"global types in a region that was not read", func(s *account.Snapshot) { home(s).Recorders = nil }, unknown, "global types", ""},
		{"failing", func(s *account.Snapshot) { home(s).Recorders.Value[0].LastStatus = "Failure" }, fail, "eu-west-1", "cannot deliver"},
		{"some types", func(s *account.Snapshot) { home(s).Recorders.Value[0].AllSupported = false }, fail, "eu-west-1", "leaves out"},
		{"refused", func(s *account.Snapshot) { home(s).Recorders = nil }, unknown, "eu-west-1", ""},
	},
}

// TestExamples: each example changes one thing about the good account.
func TestExamples(t *testing.T) {
	t.Parallel()
	for control, list := range examples {
		for _, x := range list {
			t.Run(control+"/"+x.name, func(t *testing.T) {
				t.Parallel()
				s := good()
				x.change(s)
				check(t, of(t, s, control), x)
			})
		}
	}
}

// check looks for the answer that an example changed: the worst one.
func check(t *testing.T, list []finding.Finding, x example) {
	t.Helper()
	for _, f := range list {
		if x.part != "" && f.Part != x.part || f.Status != x.status || !strings.Contains(f.Summary, x.says) {
			continue
		}
		if x.status == fail && f.Remedy == "" && f.Command == "" {
			t.Errorf("a failure without a remedy: %+v", f)
		}
		if x.status != pass {
			return
		}
	}
	worst := list[0] // failures come first
	if x.status == pass && worst.Status != fail && worst.Status != unknown {
		return
	}
	for _, f := range list {
		t.Errorf("%s %s: %s: %s", f.Subject, f.Part, f.Status, f.Summary)
	}
	t.Errorf("want %s %s %q", x.part, x.status, x.says)
}

// TestEveryControlHasExamples: a control that is judged shows a failure and an
// unknown.
func TestEveryControlHasExamples(t *testing.T) {
	t.Parallel()
	for _, c := range audit.All() {
		if c.Judge == nil {
			continue
		}
		has := map[finding.Status]bool{}
		for _, list := range [][]example{examples[c.ID], trailExamples[c.ID], monitorExamples[c.ID], passwordExamples[c.ID], activityExamples[c.ID], excessExamples[c.ID], estateExamples[c.ID]} {
			for _, x := range list {
				has[x.status] = true
			}
		}
		if !has[fail] || !has[unknown] {
			t.Errorf("%s: examples of %v only", c.ID, has)
		}
	}
}
