package audit

import (
	"fmt"
	"time"

	"warden/account"
	"warden/finding"
)

// counter reads a number of iam:GetAccountSummary.
func (e *Evidence) counter(name string) (n int, f finding.Fact, ok bool) {
	if e.Summary == nil {
		return 0, f, false
	}
	n, ok = e.Summary.Value[name]
	return n, fact(e.Summary.Evidence, "%s %d", name, n), ok
}

// rootless tells whether the root user has neither password nor keys, as in
// members of an organisation that manages them centrally. Source: IAM User
// Guide, "Centrally manage root access for member accounts".
func (e *Evidence) rootless() (yes bool, facts []finding.Fact) {
	keys, f1, ok1 := e.counter("AccountAccessKeysPresent")
	password, f2, ok2 := e.counter("AccountPasswordPresent")
	if ok1 && ok2 {
		return keys == 0 && password == 0, []finding.Fact{f1, f2}
	}
	row, ok := e.CredentialReport.Root()
	if !ok || !row.PasswordEnabled.No() || row.Keys[0].Exists() || row.Keys[1].Exists() {
		return false, nil
	}
	return true, []finding.Fact{fact(e.CredentialReport.Evidence, "the root user's password_enabled is false, and it has no key")}
}

// Use is a use of an identity that evidence shows.
type Use struct {
	At time.Time
	// What was used: "password", "access key 1", "role session".
	What   string
	Source account.Evidence
}

// rootUses returns what the evidence says of the root user's password and
// keys: the uses that have a date, and what is not known.
func (e *Evidence) rootUses() (uses []Use, facts []finding.Fact, doubts []string) {
	if seen, ok := e.Seen[e.RootARN()]; ok {
		uses = append(uses, seen)
		facts = append(facts, fact(seen.Source, "%s used %s", seen.What, date(seen.At)))
	}
	row, ok := e.CredentialReport.Root()
	if !ok {
		why := "the credential report has no line for the root user"
		if e.CredentialReport == nil {
			why = e.gap("iam:GetCredentialReport", "iam:GenerateCredentialReport")
		}
		return uses, facts, []string{why}
	}
	for _, c := range []struct {
		what string
		used account.Moment
	}{{"password", row.PasswordLastUsed}, {"access key 1", row.Keys[0].LastUsed}, {"access key 2", row.Keys[1].LastUsed}} {
		facts = append(facts, fact(e.CredentialReport.Evidence, "%s last used: %s", c.what, word(c.used.String())))
		if t, ok := c.used.Time(); ok {
			uses = append(uses, Use{At: t, What: c.what, Source: e.CredentialReport.Evidence})
		} else if !c.used.Never() {
			doubts = append(doubts, fmt.Sprintf("the credential report says %s of the last use of the %s", word(c.used.String()), c.what))
		}
	}
	return uses, facts, doubts
}
