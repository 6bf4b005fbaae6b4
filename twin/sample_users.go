package twin

import (
	"time"

	"warden/account"
)

var (
	firstNames = []string{"amara", "bruno", "chiara", "dmitri", "elena", "farid", "greta", "hugo", "ingrid", "jonas", "kaito", "leila", "marta", "noor", "oskar", "priya", "rafael", "sofia", "tomas", "yara"}
	lastNames  = []string{"abebe", "berg", "castillo", "dahl", "eriksen", "fontaine", "gupta", "hansen", "ivanova", "jensen", "kowalski", "lindqvist", "moreau", "nakamura", "okafor", "petrov", "quist", "rossi", "santos", "vogel"}
)

// person makes up a name that nobody has yet.
func (c *company) person() string {
	for {
		name := firstNames[c.ids.random.IntN(len(firstNames))] + "." + lastNames[c.ids.random.IntN(len(lastNames))]
		taken := false
		for _, u := range c.snap.Users {
			taken = taken || u.Name == name
		}
		if !taken {
			return name
		}
	}
}

// user adds a user made some days ago; more fills in what is special.
func (c *company) user(path, name, department string, age int, more func(u *account.User)) *account.User {
	u := account.User{
		Path: path, Name: name, ID: c.ids.make(prefixUser), ARN: c.arn("user", path, name), CreateDate: c.days(age),
		Tags: map[string]string{"department": department, "owner": name},
	}
	more(&u)
	c.snap.Users = append(c.snap.Users, u)
	return &c.snap.Users[len(c.snap.Users)-1]
}

// key gives u an access key; used is days since its last use, below zero for
// a key that was never used.
func (c *company) key(u *account.User, active bool, age, used int, service string) string {
	k := account.AccessKey{ID: c.ids.make(prefixKey), Active: active, CreateDate: c.days(age)}
	if used >= 0 {
		k.LastUsed = &account.KeyUse{Date: c.days(used), Region: "us-east-1", Service: service}
	}
	u.AccessKeys = append(u.AccessKeys, k)
	return k.ID
}

// console lets u sign in; seen is days since the last time.
func (c *company) console(u *account.User, seen int) {
	u.LoginProfile = &account.LoginProfile{CreateDate: u.CreateDate.Add(time.Hour)}
	at := c.days(seen)
	u.PasswordLastUsed = &at
}

func (c *company) users() {
	admin := c.user("/", c.person(), "platform", 760, func(u *account.User) {
		u.Groups = []string{"Administrators"}
		c.console(u, 1)
		c.key(u, true, 60, 1, "iam")
	})
	c.truth.Administrator = admin.Name
	c.plant("administrator", admin.ARN, "an administrator whose work must be left alone")

	c.user("/", c.person(), "security", 640, func(u *account.User) {
		u.Groups = []string{"Administrators", "Auditors"}
		c.console(u, 3)
	})

	glass := c.user("/emergency/", "break-glass", "security", 790, func(u *account.User) {
		u.Groups = []string{"Administrators"}
		u.Tags["owner"] = "head-of-security"
		u.LoginProfile = &account.LoginProfile{CreateDate: u.CreateDate}
	})
	c.truth.BreakGlass = glass.Name
	c.plant("break-glass", glass.ARN, "the emergency administrator: never used, and must stay")

	c.user("/engineering/", c.person(), "engineering", 520, func(u *account.User) {
		u.Groups = []string{"Developers"}
		u.Boundary = c.arn("policy", "/boundaries/", policyBoundary)
		c.console(u, 2)
		c.key(u, true, 75, 0, "s3")
		c.plant("bounded-developer", u.ARN, "PowerUserAccess within a permissions boundary")
	})
	c.user("/engineering/", c.person(), "engineering", 470, func(u *account.User) {
		u.Groups = []string{"Developers"}
		c.console(u, 5)
		c.plant("unused-key", c.key(u, true, 450, -1, ""), "an active access key that was never used")
		c.plant("old-key", c.key(u, true, 430, 4, "sqs"), "a key in use that was not rotated for more than a year")
	})
	c.user("/security/", c.person(), "audit", 330, func(u *account.User) {
		u.Groups = []string{"Auditors"}
		c.console(u, 6)
		c.plant("console-only", u.ARN, "a user with a password and no access key")
	})
	c.user("/finance/", c.person(), "finance", 400, func(u *account.User) {
		u.Attached = []string{c.arn("policy", "/finance/", policyLedger)}
		c.console(u, 140)
		c.plant("direct-attachment", u.ARN, "a policy attached to a user, not to a group")
		c.plant("stale-console", u.ARN, "has not signed in for 140 days")
	})

	c.user("/ci/", "ci-deploy", "platform", 610, func(u *account.User) {
		u.Groups = []string{"CI"}
		u.Tags["owner"] = admin.Name
		u.Attached = []string{"arn:aws:iam::aws:policy/IAMFullAccess"}
		u.Inline = []account.InlinePolicy{c.inline("assume-deploy", allow("arn:aws:iam::ACCOUNT:role/ci/deploy", "sts:AssumeRole"))}
		c.truth.Intruder = u.Name
		c.plant("leaked-key", c.key(u, true, 380, 0, "s3"), "the access key that has leaked from the build server")
		c.plant("excess-iam", u.ARN, "a CI user with every IAM permission, outside Administrators")
	})
	c.user("/service/", "backup-agent", "operations", 560, func(u *account.User) {
		u.Tags["owner"] = "operations"
		u.Inline = []account.InlinePolicy{c.inline("backup", allow("arn:aws:s3:::halden-backup/*", "s3:PutObject"))}
		c.plant("stale-user", u.ARN, "no password, its only key last used 210 days ago")
		c.key(u, true, 555, 210, "s3")
		c.plant("inactive-key", c.key(u, false, 556, 556, "s3"), "a key that was switched off and never removed")
	})
	c.user("/security/", "warden", "security", 45, func(u *account.User) {
		u.Tags["owner"] = "security"
		u.Inline = []account.InlinePolicy{c.inline("assume-guard", allow(c.arn("role", "/security/", guardRole), "sts:AssumeRole"))}
		c.key(u, true, 45, 0, "sts")
		c.truth.Guard = u.Name
		c.plant("guard-user", u.ARN, "may only assume the guard's role")
	})
}
