package audit

import (
	"fmt"
	"slices"
	"time"

	"warden/account"
	"warden/finding"
)

// person is an IAM user with what the evidence says of his credentials.
type person struct {
	name, arn, id string
	row           *account.CredentialRow // nil: the report has no line for him
	user          *account.User          // nil: only the report knows him
	doubt         string                 // why his credentials are not known
	report        account.Evidence
}

// people returns the users: those of the details, then those that only the
// credential report has. known is false where nobody can say who there is.
func (e *Evidence) people() (list []person, known bool) {
	rows := map[string]*account.CredentialRow{}
	var report account.Evidence
	if e.CredentialReport != nil {
		report = e.CredentialReport.Evidence
		for i := range e.CredentialReport.Rows {
			if r := &e.CredentialReport.Rows[i]; !r.IsRoot() {
				rows[r.User] = r
			}
		}
	}
	for i := range e.Users {
		u := &e.Users[i]
		p := person{name: u.Name, arn: u.ARN, id: u.ID, user: u, row: rows[u.Name], report: report}
		delete(rows, u.Name)
		switch {
		case e.CredentialReport == nil:
			p.doubt = e.gap("iam:GetCredentialReport", "iam:GenerateCredentialReport")
		case u.CreateDate.After(report.At) && !report.At.IsZero():
			// A line of that name is about somebody who had it before.
			p.row, p.doubt = nil, "he was created after the credential report was made"
		case p.row != nil && another(u, p.row):
			p.row, p.doubt = nil, "the credential report's line is about another user of that name, created "+p.row.Created.String()
		case p.row == nil:
			p.doubt = "the credential report has no line for him"
			if len(e.CredentialReport.Skipped) > 0 {
				p.doubt += "; some could not be read"
			}
		}
		list = append(list, p)
	}
	if e.CredentialReport != nil {
		for i := range e.CredentialReport.Rows {
			if r := &e.CredentialReport.Rows[i]; rows[r.User] == r {
				p := person{name: r.User, arn: r.ARN, row: r, report: report}
				if e.hasDetails() && !report.At.IsZero() && e.CollectedAt.After(report.At) {
					p.row, p.doubt = nil, "only the credential report has him, and the list of users is newer: he was deleted or renamed"
				}
				list = append(list, p)
			}
		}
	}
	return list, e.hasDetails() || e.CredentialReport != nil
}

// another tells whether a line of the report is about somebody else than the
// user who has the name now: AWS writes the same times of creation in both.
func another(u *account.User, row *account.CredentialRow) bool {
	made, dated := row.Created.Time()
	return dated && !u.CreateDate.IsZero() && made.Sub(u.CreateDate).Abs() > time.Minute
}

// others says who may be missing from people: one answer, or none.
func (e *Evidence) others() []Answer {
	if e.CredentialReport != nil && len(e.CredentialReport.Skipped) > 0 && !e.hasDetails() {
		return []Answer{{
			Part: "lines of the report", Status: finding.Unknown,
			Summary: fmt.Sprintf("%d lines of the credential report could not be read: %s", len(e.CredentialReport.Skipped), e.CredentialReport.Skipped[0]),
		}}
	}
	return nil
}

func (p person) fact(format string, args ...any) finding.Fact { return fact(p.report, format, args...) }

func (p person) answer(part string, s finding.Status, format string, args ...any) Answer {
	return Answer{Subject: p.arn, SubjectID: p.id, Part: part, Status: s, Summary: fmt.Sprintf(format, args...)}
}

// console tells whether the person has a console password.
func (p person) console() (yes bool, doubt string, f finding.Fact) {
	if p.row != nil {
		f = p.fact("password_enabled %s", word(string(p.row.PasswordEnabled)))
		switch {
		case p.row.PasswordEnabled.Yes():
			return true, "", f
		case p.row.PasswordEnabled.No():
			return false, "", f
		}
		return false, fmt.Sprintf("the credential report says %q of the password", string(p.row.PasswordEnabled)), f
	}
	if p.user != nil && p.user.LoginProfile != nil {
		return true, "", finding.Fact{Fact: "login profile of " + date(p.user.LoginProfile.CreateDate), Source: "iam:GetLoginProfile"}
	}
	return false, p.doubt, f
}

// key is an access key of a person, active or not.
type key struct {
	part   string // "access key 1", or "access key AKIA…" where its id is known
	id     string
	active bool
	// activeUnknown: nobody can tell whether it is active, as doubt says.
	activeUnknown bool
	made          time.Time // zero: not known
	used          *time.Time
	never         bool // AWS knows of no use
	doubt         string
	facts         []finding.Fact
}

// keys returns the person's access keys.
func (p person) keys() (list []key, doubt string) {
	if p.row == nil {
		if p.user == nil || len(p.user.AccessKeys) == 0 {
			return nil, p.doubt
		}
		for _, k := range p.user.AccessKeys {
			one := key{part: "access key " + k.ID, id: k.ID, active: k.Active, made: k.CreateDate}
			one.facts = append(one.facts, finding.Fact{Fact: "created " + date(k.CreateDate), Source: "iam:ListAccessKeys"})
			if k.LastUsed != nil {
				one.used = &k.LastUsed.Date
				one.facts = append(one.facts, finding.Fact{Fact: "last used " + date(k.LastUsed.Date) + " for " + k.LastUsed.Service, Source: "iam:GetAccessKeyLastUsed"})
			} else {
				one.never = true
			}
			list = append(list, one)
		}
		return list, ""
	}
	for i, k := range p.row.Keys {
		if !k.Exists() && k.Active.No() {
			continue
		}
		n := i + 1
		one := key{part: fmt.Sprintf("access key %d", n), active: k.Active.Yes()}
		if !k.Active.Yes() && !k.Active.No() {
			one.activeUnknown = true
			one.doubt = fmt.Sprintf("the credential report says %q of whether it is active", string(k.Active))
		}
		one.made, _ = k.LastRotated.Time()
		one.id = p.keyID(k)
		one.facts = append(one.facts, p.fact("access_key_%d_active %s, last_rotated %s, last_used_date %s", n, word(string(k.Active)), word(k.LastRotated.String()), word(k.LastUsed.String())))
		if t, ok := k.LastUsed.Time(); ok {
			one.used = &t
		} else if k.LastUsed.Never() {
			one.never = true
		} else if one.doubt == "" {
			one.doubt = fmt.Sprintf("the credential report says %q of its last use", k.LastUsed.String())
		}
		list = append(list, one)
	}
	return list, ""
}

// keyID finds the id of a key of the report, where exactly one of the user's
// keys has its date.
func (p person) keyID(k account.ReportedKey) string {
	made, ok := k.LastRotated.Time()
	if !ok || p.user == nil {
		return ""
	}
	at := slices.IndexFunc(p.user.AccessKeys, func(a account.AccessKey) bool {
		return a.CreateDate.Truncate(time.Second).Equal(made.Truncate(time.Second))
	})
	if at < 0 {
		return ""
	}
	return p.user.AccessKeys[at].ID
}

// deactivate is the command that switches a key off. Its id is not in the
// credential report.
func (k key) deactivate(user string) string {
	if k.id == "" {
		return "aws iam list-access-keys --user-name " + quote(user) + "; aws iam update-access-key --user-name " + quote(user) + " --status Inactive --access-key-id ID"
	}
	return "aws iam update-access-key --user-name " + quote(user) + " --status Inactive --access-key-id " + k.id
}

func word(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}
