package audit

import (
	"fmt"
	"time"

	"warden/finding"
)

var credentialUnused = Control{
	ID:       "credential.unused",
	Title:    "Passwords and access keys that nobody uses are switched off",
	Why:      "Nobody notices when a forgotten credential is used by somebody else.",
	Source:   "IAM User Guide: Generate credential reports for your AWS account; Find unused AWS credentials",
	Severity: finding.Medium,
	Actions:  append([]string{gaad}, reportCalls...),
	Remedy:   "Switch the credential off, and remove it when nobody misses it.",
	Reached:  true,
	Judge: func(e *Evidence) []Answer {
		people, known := e.people()
		if !known {
			return e.noPeople()
		}
		out := e.others()
		for _, p := range people {
			out = append(out, e.passwordUse(p)...)
			keys, doubt := p.keys()
			if doubt != "" {
				out = append(out, p.answer("access keys", finding.Unknown, "which keys he has: %s", doubt))
			}
			for _, k := range keys {
				if !k.active && !k.activeUnknown {
					continue // switched off already
				}
				a := p.answer(k.part, finding.Unknown, "%s", k.doubt)
				a.Facts = k.facts
				if k.doubt == "" {
					e.disuse(&a, k.used, k.made, "the key was made or last changed")
					a.Command = k.deactivate(p.name)
				}
				out = append(out, a)
			}
		}
		return out
	},
}

// passwordUse says how long a user has not signed in with his password.
func (e *Evidence) passwordUse(p person) []Answer {
	yes, doubt, f := p.console()
	if doubt != "" {
		return []Answer{p.answer("password", finding.Unknown, "whether he has a password: %s", doubt)}
	}
	if !yes {
		return nil
	}
	a := p.answer("password", finding.Unknown, "when the password was last used: %s", p.doubt)
	a.Facts = append(a.Facts, f)
	a.Command = "aws iam delete-login-profile --user-name " + quote(p.name)
	var used *time.Time
	var changed time.Time
	never := false
	switch {
	case p.row != nil:
		a.Facts = append(a.Facts, p.fact("password_last_used %s, password_last_changed %s", word(p.row.PasswordLastUsed.String()), word(p.row.PasswordLastChanged.String())))
		if t, ok := p.row.PasswordLastUsed.Time(); ok {
			used = &t
		}
		// IAM itself may know of a sign-in since the report was made.
		if p.user != nil && p.user.PasswordLastUsed != nil && (used == nil || p.user.PasswordLastUsed.After(*used)) {
			used = p.user.PasswordLastUsed
			a.Facts = append(a.Facts, fact(e.details(), "PasswordLastUsed %s", date(*used)))
		}
		never = p.row.PasswordLastUsed.Never()
		changed, _ = p.row.PasswordLastChanged.Time()
		if changed.IsZero() {
			changed, _ = p.created()
		}
		if used == nil && !never {
			a.Summary = "the credential report says " + word(p.row.PasswordLastUsed.String()) + " of its last use"
		}
	case p.user != nil && p.user.LoginProfile != nil:
		used, never, changed = p.user.PasswordLastUsed, true, p.user.LoginProfile.CreateDate
	}
	if used != nil || never {
		e.disuse(&a, used, changed, "the password was set")
	}
	return []Answer{a}
}

// disuse sets the measure: the time since the last use, or, where AWS knows of
// none, since the credential exists. So the threshold is also the grace of
// what is new.
func (e *Evidence) disuse(a *Answer, used *time.Time, since time.Time, when string) {
	var age time.Duration
	switch {
	case used != nil:
		age = e.Now.Sub(*used)
		a.Summary = fmt.Sprintf("last used %s (%s)", date(*used), e.ago(*used))
	case since.IsZero():
		a.Status, a.Summary = finding.Unknown, "never used, and since when it exists is not known"
		return
	default:
		age = e.Now.Sub(since)
		a.Summary = fmt.Sprintf("no use is known; %s %s (%s)", when, date(since), e.ago(since))
	}
	a.Age = &age
}
