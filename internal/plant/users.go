package plant

import (
	"encoding/json"
	"fmt"
	"time"

	"warden/account"
)

// edges are ages on both sides of every threshold: a grace of 14 days, 45 and
// 90 days without use, 90 days of a key, 400 days that AWS tracks.
var edges = []time.Duration{
	5 * time.Hour, 3 * day, 14*day - time.Hour, 14 * day, 14*day + time.Hour, 45*day - time.Hour, 45 * day, 45*day + time.Hour, 60 * day,
	90*day - time.Hour, 90 * day, 90*day + time.Hour, 120 * day, 399 * day, 401 * day, 900 * day,
}

// age draws an age of at most the given one.
func (p *planter) age(most time.Duration) time.Duration {
	n := 0
	for n < len(edges) && edges[n] <= most {
		n++
	}
	if n == 0 {
		return most
	}
	return edges[p.IntN(n)]
}

// creds says what a user's credentials must be; the zero value leaves all to
// chance.
type creds struct {
	// plain: the evidence has them.
	plain bool
	// keys is how many he has, plus one; password likewise: 1 none, 2 one.
	keys, password int
}

// life is what was planted of a user's activity.
type life struct {
	newest time.Duration // the newest use that some evidence shows
	used   bool
	doubt  bool
}

func (l *life) use(ago time.Duration) {
	if !l.used || ago < l.newest {
		l.newest, l.used = ago, true
	}
}

// ends tells what an identity's life comes to.
func (l life) ends(age time.Duration) Want {
	switch {
	case l.used && l.newest < 90*day, age < 14*day:
		return Pass
	case l.doubt:
		return Unknown
	}
	return Fail
}

// disused is the answer about a credential that was not used for so long.
func (p *planter) disused(subject, part string, d time.Duration, plant string) {
	a := Answer{Control: "credential.unused", Subject: subject, Part: part, Want: Pass, Loose: Pass, Plant: plant}
	if d >= 45*day {
		a.Want = Fail
	}
	if d >= 90*day {
		a.Loose = Fail
	}
	p.answers = append(p.answers, a)
}

func (p *planter) name(kind string) string {
	p.sequence++
	return fmt.Sprintf("%s-%04d", kind, p.sequence)
}

// user plants a user with credentials, and what is to be said of them. The
// pointer holds until the next user.
func (p *planter) user(name string, c creds) *account.User {
	age := one(p, 14*day-time.Hour, 14*day, 14*day+time.Hour, 30*day, 500*day, 1000*day, 1000*day, 2000*day, 2000*day)
	path := one(p, "/", "/", "/team/")
	u := account.User{Path: path, Name: name, ID: "AIDA" + name, ARN: arn("user"+path[:len(path)-1], name), CreateDate: p.ago(age), Tags: map[string]string{"team": "blue"}}
	row := account.CredentialRow{User: name, ARN: u.ARN, Created: account.On(u.CreateDate), PasswordNextRotation: never()}
	var l life
	mark := len(p.answers)
	console := p.password(&row, &u, c, age, &l)
	switch p.keys(&row, &u, c, age, &l); {
	case p.lost.report:
		p.unseen(u.ARN, mark, "no credential report")
		l = life{doubt: true}
	case c.plain || p.o.Complete || p.IntN(14) > 0:
		p.rows = append(p.rows, row)
	default:
		switch p.IntN(3) {
		case 0:
			p.unseen(u.ARN, mark, "no line in the credential report")
		case 1:
			row.Created = account.On(u.CreateDate.Add(-100 * day))
			p.rows = append(p.rows, row)
			p.unseen(u.ARN, mark, "the line is about somebody who had the name before")
		default:
			age = p.now.Sub(p.reportAt) / 2
			u.CreateDate = p.ago(age)
			p.rows = append(p.rows, row)
			p.unseen(u.ARN, mark, "made after the credential report")
		}
		l = life{doubt: true}
	}
	if u.PasswordLastUsed != nil && console {
		l.use(p.now.Sub(*u.PasswordLastUsed))
	}
	p.otherWays(&u, age, &l)
	p.answer("user.inactive", u.ARN, "", l.ends(age), fmt.Sprintf("age %s, newest use %s (%v), in doubt %v", age, l.newest, l.used, l.doubt))
	p.s.Users = append(p.s.Users, u)
	return &p.s.Users[len(p.s.Users)-1]
}

// unseen replaces what was said of a user's credentials since the mark: nobody
// can tell.
func (p *planter) unseen(subject string, mark int, why string) {
	p.answers = p.answers[:mark]
	for _, x := range [][2]string{
		{"user.mfa", ""}, {"user.setup-key", ""}, {"user.two-keys", ""}, {"credential.unused", "password"}, {"credential.unused", "access keys"}, {"key.age", "access keys"},
	} {
		p.answer(x[0], subject, x[1], Unknown, why)
	}
}

func never() account.Moment { return account.Word("N/A") }

// yes is how a report says so; the guide writes it in capitals, live reports do
// not.
func (p *planter) yes() account.Flag {
	if p.o.Complete {
		return "true"
	}
	return one[account.Flag](p, "true", "true", "TRUE")
}

// password plants a password, or none, and a second factor.
func (p *planter) password(row *account.CredentialRow, u *account.User, c creds, age time.Duration, l *life) (console bool) {
	row.PasswordEnabled, row.PasswordLastUsed, row.PasswordLastChanged = "false", never(), never()
	row.MFA = "false"
	if c.password == 1 || c.password == 0 && p.IntN(3) == 0 {
		return false
	}
	odd := !c.plain && !p.o.Complete
	if odd && p.IntN(25) == 0 {
		row.PasswordEnabled = one[account.Flag](p, "", "not_supported")
		const what = "an odd word for whether he has a password"
		p.answer("user.mfa", u.ARN, "", Unknown, what)
		p.answer("credential.unused", u.ARN, "password", Unknown, what)
		p.answer("user.setup-key", u.ARN, "", Unknown, what)
		return false
	}
	row.PasswordEnabled = p.yes()
	set := p.age(age)
	row.PasswordLastChanged = account.On(p.ago(set))
	switch used := p.age(set); {
	case odd && p.IntN(25) == 0:
		row.PasswordLastUsed = account.Word("not_supported")
		p.answer("credential.unused", u.ARN, "password", Unknown, "an odd word for the last use of the password")
		l.doubt = true
	case p.IntN(4) == 0:
		row.PasswordLastUsed = account.Word("no_information")
		p.disused(u.ARN, "password", set, "password never used, set "+set.String()+" ago")
	default:
		row.PasswordLastUsed = account.On(p.ago(used))
		l.use(used)
		if odd && p.IntN(20) == 0 {
			// IAM itself knows of a newer sign-in than the report.
			used = 2 * time.Hour
			at := p.ago(used)
			u.PasswordLastUsed = &at
		}
		p.disused(u.ARN, "password", used, "password used "+used.String()+" ago")
	}
	p.mfa(row, u, odd)
	return true
}

func (p *planter) mfa(row *account.CredentialRow, u *account.User, odd bool) {
	want, plant := Fail, "no MFA"
	switch n := p.IntN(24); {
	case n < 12:
		row.MFA, want, plant = p.yes(), Pass, "MFA"
	case n == 12 && odd:
		at := p.ago(time.Minute)
		u.MFADevices = known(p, "iam:ListMFADevices", []account.MFADevice{{Serial: "GAHT12345678", User: u.ARN, Enabled: &at}})
		want, plant = Pass, "MFA since the report was made"
	case n == 13 && odd:
		u.MFADevices = known(p, "iam:ListMFADevices", []account.MFADevice{{Serial: arn("mfa", u.Name), User: u.ARN}})
		plant = "a device that is not enabled"
	case n == 14 && odd:
		row.MFA, want, plant = one[account.Flag](p, "", "not_supported"), Unknown, "an odd word for MFA"
	}
	p.answer("user.mfa", u.ARN, "", want, plant)
}

// keys plants access keys, active, inactive, and empty places.
func (p *planter) keys(row *account.CredentialRow, u *account.User, c creds, age time.Duration, l *life) {
	console, active, doubt := row.PasswordEnabled.Yes(), 0, false
	places := []int{0, 1}
	for i := range row.Keys {
		row.Keys[i] = account.ReportedKey{Active: "false", LastRotated: never(), LastUsed: never(), Region: "N/A", Service: "N/A"}
	}
	switch n := p.IntN(6); {
	case c.keys == 1 || c.keys == 0 && n < 2:
		places = nil
	case c.keys == 2 || c.keys == 0 && n < 5:
		places = []int{p.IntN(2)}
	}
	for _, i := range places {
		k, part := &row.Keys[i], fmt.Sprintf("access key %d", i+1)
		made := p.age(age)
		used := p.age(made)
		k.LastRotated = account.On(p.ago(made))
		isUsed := p.IntN(3) > 0
		if isUsed {
			k.LastUsed, k.Service, k.Region = account.On(p.ago(used)), "s3", one(p, "N/A", "eu-west-1")
		}
		odd := !c.plain && !p.o.Complete
		switch n := p.IntN(30); {
		case n < 6: // switched off: its dates stay
			if isUsed {
				l.use(used)
			}
			continue
		case n == 6 && odd:
			k.Active = one[account.Flag](p, "", "not_supported")
			doubt = true
			const what = "an odd word for whether the key is active"
			if isUsed {
				l.use(used)
			}
			p.answer("credential.unused", u.ARN, part, Unknown, what)
			p.answer("key.age", u.ARN, part, Unknown, what)
			if console {
				p.answer("user.setup-key", u.ARN, part, Unknown, what)
			}
			continue
		case n == 7 && odd:
			k.Active, k.LastUsed = p.yes(), account.Word("not_supported")
			active++
			l.doubt = true
			const what = "an odd word for the last use of the key"
			p.answer("credential.unused", u.ARN, part, Unknown, what)
			if console {
				p.answer("user.setup-key", u.ARN, part, Unknown, what)
			}
		default:
			k.Active = p.yes()
			active++
			setup := Fail
			if isUsed {
				l.use(used)
				setup = Pass
				p.disused(u.ARN, part, used, "key used "+used.String()+" ago")
			} else {
				p.disused(u.ARN, part, made, "key never used, made "+made.String()+" ago")
			}
			if console {
				p.answer("user.setup-key", u.ARN, part, setup, fmt.Sprintf("console user with a key, used %v", isUsed))
			}
		}
		old := Pass
		if made > 90*day {
			old = Fail
		}
		p.answer("key.age", u.ARN, part, old, "key made "+made.String()+" ago")
	}
	switch {
	case active > 1:
		p.answer("user.two-keys", u.ARN, "", Fail, "two active keys")
	case doubt:
		p.answer("user.two-keys", u.ARN, "", Unknown, "whether a key is active, nobody can tell")
	default:
		p.answer("user.two-keys", u.ARN, "", Pass, fmt.Sprintf("%d active keys", active))
	}
}

// otherWays plants what a user acts with beside password and keys.
func (p *planter) otherWays(u *account.User, age time.Duration, l *life) {
	if p.IntN(12) == 0 {
		ago := p.age(age)
		l.use(ago)
		p.event(fmt.Sprintf(`{"type":"IAMUser","principalId":%q,"arn":%q,"accountId":%q,"userName":%q}`, u.ID, u.ARN, Number, u.Name), ago)
	}
	ssh, bedrock := p.IntN(10) == 0, p.IntN(12) == 0 && !p.lost.services
	if bedrock {
		c := account.ServiceCredential{ID: "ACCA" + u.Name, User: u.Name, Service: "bedrock.amazonaws.com", Active: p.IntN(3) > 0, CreateDate: u.CreateDate}
		bedrock = c.Active
		p.later = append(p.later, func() { p.s.ServiceCredentials.Value = append(p.s.ServiceCredentials.Value, c) })
	}
	if !p.o.Complete && p.IntN(4) > 0 || p.o.Complete {
		u.SSHKeys = known(p, "iam:ListSSHPublicKeys", []account.SSHKey{})
		if ssh {
			k := account.SSHKey{ID: "APKA" + u.Name, Active: p.IntN(2) == 0, UploadDate: u.CreateDate}
			u.SSHKeys.Value, ssh = append(u.SSHKeys.Value, k), k.Active
		}
	} else {
		ssh = false
	}
	if p.IntN(5) == 0 {
		u.LastAccessed = p.accessed(age, l)
		return
	}
	l.doubt = l.doubt || ssh || bedrock || p.lost.services
}

// accessed plants the answer of a job about services.
func (p *planter) accessed(age time.Duration, l *life) *account.Fact[account.LastAccessed] {
	services := []account.ServiceUse{{Service: "ec2"}}
	if ago := p.age(age); ago < 400*day && p.IntN(3) > 0 {
		at := p.ago(ago)
		services = append(services, account.ServiceUse{Service: "s3", At: &at, Region: "eu-west-1"})
		l.use(ago)
	}
	return known(p, "iam:GetServiceLastAccessedDetails", account.LastAccessed{Services: services})
}

// event records a call.
func (p *planter) event(identity string, ago time.Duration) {
	p.sequence++
	p.events = append(p.events, json.RawMessage(fmt.Sprintf(
		`{"eventVersion":"1.11","eventTime":%q,"eventSource":"s3.amazonaws.com","eventName":"ListBuckets","eventType":"AwsApiCall","eventCategory":"Management","readOnly":true,`+
			`"awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","eventID":"plant-%d","recipientAccountId":%q,"requestParameters":null,"responseElements":null,"userIdentity":%s}`,
		p.ago(ago).Format(time.RFC3339), p.sequence, Number, identity)))
}

// role plants a role that somebody may assume, with a life of its own. The
// pointer holds until the next role.
func (p *planter) role(name, principal string) *account.Role {
	age := one(p, 14*day-time.Hour, 14*day, 500*day, 500*day, 1000*day)
	path := one(p, "/", "/", "/app/")
	r := account.Role{Path: path, Name: name, ID: "AROA" + name, ARN: arn("role"+path[:len(path)-1], name), CreateDate: p.ago(age), MaxSession: 3600,
		Trust: document(fmt.Sprintf(`{"Effect":"Allow","Principal":%s,"Action":"sts:AssumeRole"}`, principal))}
	var l life
	if ago := p.age(age); ago < 400*day && p.IntN(4) > 0 {
		r.LastUsed = &account.RoleUse{Date: p.ago(ago), Region: "eu-west-1"}
		l.use(ago)
	}
	if p.IntN(12) == 0 {
		r.LastAccessed = p.accessed(age, &l)
	}
	if p.IntN(12) == 0 {
		ago := p.age(age)
		l.use(ago)
		p.event(fmt.Sprintf(`{"type":"AssumedRole","principalId":"%s:me","arn":"arn:aws:sts::%s:assumed-role/%s/me","accountId":%q,"sessionContext":{"sessionIssuer":{"type":"Role","principalId":%q,"arn":%q,"accountId":%q,"userName":%q}}}`,
			r.ID, Number, r.Name, Number, r.ID, r.ARN, Number, r.Name), ago)
	}
	p.answer("role.inactive", r.ARN, "", l.ends(age), fmt.Sprintf("age %s, newest use %s (%v)", age, l.newest, l.used))
	p.s.Roles = append(p.s.Roles, r)
	return &p.s.Roles[len(p.s.Roles)-1]
}

func (p *planter) group(name string) *account.Group {
	p.s.Groups = append(p.s.Groups, account.Group{Path: "/", Name: name, ID: "AGPA" + name, ARN: arn("group", name), CreateDate: p.ago(700 * day)})
	return &p.s.Groups[len(p.s.Groups)-1]
}

// own gives a user a policy of his own, which he should have by a group.
func (p *planter) own(u *account.User) {
	u.Inline = append(u.Inline, account.InlinePolicy{Name: "own", Document: document(p.harmless(1)...)})
	p.direct(u)
}

// direct says that the user has policies of his own.
func (p *planter) direct(u *account.User) {
	if !p.owners[u.ARN] {
		p.owners[u.ARN] = true
		p.answer("user.groups-only", u.ARN, "", Fail, "a policy of his own")
	}
}
