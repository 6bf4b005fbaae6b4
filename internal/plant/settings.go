package plant

import (
	"encoding/json"
	"fmt"
	"time"

	"warden/account"
)

// whole is the answer of a control about the account as a whole.
func (p *planter) whole(control string, want Want, plant string) {
	p.answer(control, rootARN, "", want, plant)
}

// settings plants what an account has once: password policy, certificates,
// organisation.
func (p *planter) settings() {
	p.passwordPolicy()
	p.certificates()
	p.organization()
	p.contact()
	p.accessBlock()
	if !p.lost.services {
		p.s.ServiceCredentials = known(p, "iam:ListServiceSpecificCredentials", []account.ServiceCredential{})
	}
}

func (p *planter) passwordPolicy() {
	questions := []string{"length", "reuse", "uppercase", "lowercase", "symbol", "digit", "expiry", "change"}
	all := func(want Want, plant string) {
		for _, q := range questions {
			p.whole("password-policy."+q, want, plant)
		}
	}
	switch n := p.turn("password policy", 5); {
	case n == 0 && !p.o.Complete:
		p.gap("iam:GetAccountPasswordPolicy", "", "AccessDenied")
		all(Unknown, "the password policy was not read")
		return
	case n == 1:
		p.s.PasswordPolicy = known(p, "iam:GetAccountPasswordPolicy", account.PasswordPolicy{})
		all(Fail, "no password policy")
		return
	}
	v := account.PasswordPolicy{Set: true, ExpirePasswords: true}
	say := func(question string, good bool, is any) bool {
		want := Fail
		if good {
			want = Pass
		}
		p.whole("password-policy."+question, want, fmt.Sprint(question, " is ", is))
		return good
	}
	v.MinimumLength = one(p, 6, 13, 14, 15, 128)
	say("length", v.MinimumLength > 13, v.MinimumLength)
	v.ReusePrevention = one(p, 0, 1, 23, 24)
	say("reuse", v.ReusePrevention == 24, v.ReusePrevention)
	v.MaxAge = one(p, 0, 1, 89, 90, 91, 1095)
	v.ExpirePasswords = v.MaxAge > 0
	say("expiry", v.MaxAge > 0 && v.MaxAge < 91, v.MaxAge)
	yes := func() bool { return p.IntN(2) == 0 }
	v.RequireUppercase = say("uppercase", yes(), "required or not")
	v.RequireLowercase = say("lowercase", yes(), "required or not")
	v.RequireSymbols = say("symbol", yes(), "required or not")
	v.RequireNumbers = say("digit", yes(), "required or not")
	v.AllowUsersToChangePassword = say("change", yes(), "allowed or not")
	p.s.PasswordPolicy = known(p, "iam:GetAccountPasswordPolicy", v)
}

func (p *planter) contact() {
	const c, call = "account.security-contact", "account:GetAlternateContact"
	switch n := p.turn(c, 3); {
	case n == 0 && !p.o.Complete:
		p.gap(call, "", "AccessDenied")
		p.whole(c, Unknown, "the contact was not read")
	case n == 1:
		p.s.SecurityContact = known(p, call, account.Contact{})
		p.whole(c, Fail, "no contact")
	default:
		p.s.SecurityContact = known(p, call, account.Contact{Set: true})
		p.whole(c, Pass, "a contact")
	}
}

func (p *planter) accessBlock() {
	const c, call = "s3.public-access-block", "s3:GetAccountPublicAccessBlock"
	all := account.PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
	switch n := p.turn(c, 4); {
	case n == 0 && !p.o.Complete:
		p.gap(call, "", "AccessDenied")
		p.whole(c, Unknown, "the block was not read")
	case n == 1:
		p.s.PublicAccessBlock = known(p, call, account.PublicAccessBlock{})
		p.whole(c, Fail, "no block")
	case n == 2:
		all.RestrictPublicBuckets = false
		p.s.PublicAccessBlock = known(p, call, all)
		p.whole(c, Fail, "three settings of four")
	default:
		p.s.PublicAccessBlock = known(p, call, all)
		p.whole(c, Pass, "all four settings")
	}
}

func (p *planter) certificates() {
	if p.turn("certificates", 4) == 0 && !p.o.Complete {
		p.gap("iam:ListServerCertificates", "", "AccessDenied")
		p.whole("certificate.expired", Unknown, "certificates were not read")
		return
	}
	var list []account.ServerCertificate
	for range p.IntN(4) {
		c := account.ServerCertificate{Name: p.name("www"), UploadDate: p.ago(500 * day)}
		c.ID, c.ARN = "ASCA"+c.Name, arn("server-certificate", c.Name)
		left := one(p, -400*day, -time.Second, 0, time.Second, time.Hour, 300*day)
		ends := p.now.Add(left)
		c.Expiration = &ends
		want := Pass
		switch {
		case p.IntN(8) == 0 && !p.o.Complete:
			c.Expiration, want = nil, Unknown
		case left <= 0:
			want = Fail
		}
		p.answer("certificate.expired", c.ARN, "", want, "expires in "+left.String())
		list = append(list, c)
	}
	p.s.ServerCertificates = known(p, "iam:ListServerCertificates", list)
}

// organization plants where the account stands, and so who is asked about
// central root access and about events of the organisation.
func (p *planter) organization() {
	const other = "999988887777"
	o := account.Organization{ID: "o-planted", ManagementAccount: Number, AllFeatures: true}
	central := func(on bool) {
		p.s.CentralRoot = known(p, "iam:ListOrganizationsFeatures", account.CentralRoot{RootCredentialsManagement: on, RootSessions: !on})
	}
	n := p.turn("organisation", 7)
	if p.o.Complete {
		n = 4 // emulators know of no features
	}
	switch n {
	case 0:
		central(true)
		p.whole("root.central", Pass, "managed centrally")
	case 1:
		central(false)
		p.whole("root.central", Fail, "not managed centrally")
	case 2:
		p.gap("iam:ListOrganizationsFeatures", "", "AccessDenied")
		p.whole("root.central", Unknown, "features were not read")
	case 3:
		o.ManagementAccount = other
		p.whole("root.central", Pass, "a member")
		p.guardrails()
	case 4:
		o = account.Organization{}
		p.whole("root.central", Pass, "in no organisation")
	case 5:
		p.gap("organizations:DescribeOrganization", "", "AccessDenied")
		p.whole("root.central", Unknown, "the organisation was not read")
		return
	default:
		central(true)
		// They do not bind the management account.
		p.guardrails()
		p.noSCP = false
		p.whole("root.central", Pass, "managed centrally, with control policies")
	}
	p.s.Organization = known(p, "organizations:DescribeOrganization", o)
}

// guardrails plants a control policy that forbids to read secrets.
func (p *planter) guardrails() {
	p.noSCP = true
	full := json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	p.s.Guardrails = known(p, "organizations:ListPoliciesForTarget", []account.GuardrailLevel{
		{ID: "r-1", Kind: "ROOT", SCPs: []account.Guardrail{{ID: "p-FullAWSAccess", Name: "FullAWSAccess", Document: full}}},
		{ID: Number, Kind: "ACCOUNT", SCPs: []account.Guardrail{{ID: "p-FullAWSAccess", Name: "FullAWSAccess", Document: full},
			{ID: "p-secrets", Name: "no-secrets", Document: document(`{"Effect":"Deny","Action":["secretsmanager:GetSecretValue","ssm:GetParameter"],"Resource":"*"}`)}}},
	})
}

// root plants the root user: what he has, and what the evidence shows of it.
func (p *planter) root() {
	row := account.CredentialRow{User: account.RootUser, ARN: rootARN, Created: account.On(p.ago(3000 * day)),
		PasswordEnabled: "not_supported", PasswordLastChanged: account.Word("not_supported"), PasswordNextRotation: account.Word("not_supported"), MFA: "false"}
	rootless := p.turn("rootless", 5) == 0
	// What he used when: the newest decides, whichever it was.
	var l life
	oddWord := false
	moment := func(choice string) account.Moment {
		n := p.turn(choice, 6)
		switch {
		case n < 3:
			ago := one(p, 5*time.Hour, 90*day-time.Hour, 90*day, 90*day+time.Hour, 400*day)
			l.use(ago)
			return account.On(p.ago(ago))
		case n == 3 && !p.o.Complete:
			oddWord = true
			return account.Word("not_supported")
		}
		return account.Word(one(p, "no_information", "N/A"))
	}
	row.PasswordLastUsed = moment("root password")
	keys := [2]bool{}
	oddKey := false
	for i := range row.Keys {
		row.Keys[i] = account.ReportedKey{Active: "false", LastRotated: never(), LastUsed: never()}
		if rootless {
			continue
		}
		switch n := p.turn(fmt.Sprint("root key ", i), 7); {
		case n < 2: // active or not, it is there
			keys[i] = true
			row.Keys[i].Active, row.Keys[i].LastRotated = one[account.Flag](p, "true", "false"), account.On(p.ago(1000*day))
			row.Keys[i].LastUsed = moment(fmt.Sprint("root key used ", i))
		case n == 2 && !p.o.Complete:
			oddKey = true
			row.Keys[i].Active = "not_supported"
		}
	}
	device := p.turn("root MFA", 4) // none, virtual, hardware twice
	if rootless {
		row.PasswordEnabled, row.PasswordLastUsed, device, oddWord = one[account.Flag](p, "false", "FALSE"), never(), 0, false
		l = life{}
	} else if p.turn("root enabled", 3) == 0 {
		row.PasswordEnabled = "true"
	}
	if device > 0 {
		row.MFA = p.yes()
	}
	anyKey := keys[0] || keys[1]
	// What the evidence shows.
	hasRow := p.o.Complete || p.turn("root row", 6) > 0
	seen := hasRow && !p.lost.report
	if hasRow {
		p.rows = append(p.rows, row)
	}
	summary := p.o.Complete || p.turn("summary", 3) > 0
	if summary {
		count := func(b bool) int {
			if b {
				return 1
			}
			return 0
		}
		p.s.Summary = known(p, "iam:GetAccountSummary", map[string]int{"AccountMFAEnabled": count(device > 0), "AccountAccessKeysPresent": count(anyKey), "AccountPasswordPresent": count(!rootless)})
	} else {
		p.gap("iam:GetAccountSummary", "", "AccessDenied")
	}
	if p.turn("root in trail", 8) == 0 {
		ago := one(p, 90*day-time.Hour, 90*day)
		p.event(`{"type":"Root","principalId":"`+Number+`","arn":"`+rootARN+`","accountId":"`+Number+`"}`, ago)
		if !seen {
			l = life{}
		}
		l.use(ago)
	} else if !seen {
		l = life{}
	}
	what := fmt.Sprintf("root: rootless %v, keys %v, device %d, newest use %s (%v); row seen %v, summary %v", rootless, keys, device, l.newest, l.used, seen, summary)
	switch {
	case l.used && l.newest < 90*day:
		p.whole("root.used", Fail, what)
	case !seen || oddWord:
		p.whole("root.used", Unknown, what)
	default:
		p.whole("root.used", Pass, what)
	}
	switch {
	case summary && anyKey, seen && !summary && anyKey:
		p.whole("root.keys", Fail, what)
	case summary, seen && !oddKey:
		p.whole("root.keys", Pass, what)
	default:
		p.whole("root.keys", Unknown, what)
	}
	mfa := Fail
	switch {
	case !summary && !seen:
		mfa = Unknown
	case rootless || device > 0:
		mfa = Pass
	}
	p.whole("root.mfa", mfa, what)
	if p.turn("devices", 4) == 0 && !p.o.Complete {
		p.gap("iam:ListVirtualMFADevices", "", "AccessDenied")
		if mfa == Pass && !rootless {
			mfa = Unknown
		}
		p.whole("root.mfa-hardware", mfa, what+"; devices were not read")
		return
	}
	at := p.ago(60 * day)
	devices := []account.MFADevice{{Serial: arn("mfa", "somebody"), User: arn("user", "somebody"), Enabled: &at}}
	if device == 1 {
		devices = append(devices, account.MFADevice{Serial: arn("mfa", "root-account-mfa-device"), User: rootARN, Enabled: &at})
		if mfa == Pass {
			mfa = Fail
		}
	}
	p.s.VirtualMFA = known(p, "iam:ListVirtualMFADevices", devices)
	p.whole("root.mfa-hardware", mfa, what)
}
