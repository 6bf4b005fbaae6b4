package audit

import (
	"time"

	"warden/account"
)

// Newest returns the latest thing that the evidence says has happened, and
// what that was. An age counted to a time before it is wrong, and would make
// what is old look new.
func (e *Evidence) Newest() (time.Time, string) {
	var newest time.Time
	var what string
	see := func(t time.Time, format string) {
		if t.After(newest) {
			newest, what = t, format
		}
	}
	see(e.CollectedAt, "the evidence was collected")
	for i := range e.Users {
		u := &e.Users[i]
		see(u.CreateDate, "user "+u.Name+" was made")
		if u.PasswordLastUsed != nil {
			see(*u.PasswordLastUsed, "user "+u.Name+" signed in")
		}
	}
	for i := range e.Groups {
		see(e.Groups[i].CreateDate, "group "+e.Groups[i].Name+" was made")
	}
	for i := range e.Roles {
		r := &e.Roles[i]
		see(r.CreateDate, "role "+r.Name+" was made")
		if r.LastUsed != nil {
			see(r.LastUsed.Date, "role "+r.Name+" was used")
		}
	}
	if e.CredentialReport == nil {
		return newest, what
	}
	see(e.CredentialReport.At, "the credential report was made")
	for i := range e.CredentialReport.Rows {
		row := &e.CredentialReport.Rows[i]
		for _, m := range []struct {
			account.Moment
			what string
		}{
			{row.Created, "was made"}, {row.PasswordLastUsed, "signed in"}, {row.PasswordLastChanged, "got a password"},
			{row.Keys[0].LastRotated, "got a key"}, {row.Keys[0].LastUsed, "used a key"}, {row.Keys[1].LastRotated, "got a key"}, {row.Keys[1].LastUsed, "used a key"},
		} {
			if t, ok := m.Time(); ok {
				see(t, "user "+row.User+" "+m.what)
			}
		}
	}
	return newest, what
}
