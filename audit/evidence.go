package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/finding"
	"warden/policy"
)

// day is the unit of every threshold.
const day = 24 * time.Hour

// Evidence is what an audit rests on. It is for one goroutine.
type Evidence struct {
	*account.Snapshot
	// Now is the time that ages are counted to.
	Now     time.Time
	Options Options
	// Seen are the newest uses that a trail shows, by unique id and by ARN;
	// See adds to them.
	Seen map[string]Use
	// Exemptions are findings that people accepted.
	Exemptions []Exemption

	auth       *authorize.Authorizer // made when first asked for
	escalation *escalation.Report    // found when first asked for
	admins     map[string]bool       // by ARN, likewise
	named      map[*policy.Document]map[string]bool
}

// authorizer is the account ready to be asked who may do what.
func (e *Evidence) authorizer() *authorize.Authorizer {
	if e.auth == nil {
		e.auth = authorize.New(e.Snapshot)
	}
	return e.auth
}

// Options change how the account is judged; the zero value is good.
type Options struct {
	// RootWindow is how long ago the root user's last use must be; 0 means 90
	// days. CIS names none.
	RootWindow time.Duration
	// Inactive is after how long without use an identity is inactive; 0 means
	// 90 days.
	Inactive time.Duration
	// Grace is how long after its creation an identity is not called
	// inactive; 0 means 14 days.
	Grace time.Duration
}

func (o Options) rootWindow() time.Duration { return orDays(o.RootWindow, 90) }
func (o Options) inactive() time.Duration   { return orDays(o.Inactive, 90) }
func (o Options) grace() time.Duration      { return orDays(o.Grace, 14) }

func orDays(d time.Duration, days int) time.Duration {
	if d > 0 {
		return d
	}
	return time.Duration(days) * day
}

// NewEvidence judges a snapshot as of now, or as of when it was collected
// where now is zero.
func NewEvidence(s *account.Snapshot, now time.Time) *Evidence {
	if now.IsZero() {
		now = s.CollectedAt
	}
	return &Evidence{Snapshot: s, Now: now}
}

// RootARN is the ARN of the root user, which also stands for the account.
func (e *Evidence) RootARN() string {
	return "arn:" + e.partition() + ":iam::" + e.Account + ":root"
}

func (e *Evidence) partition() string {
	if e.Partition == "" {
		return "aws"
	}
	return e.Partition
}

// days is the whole days from t to now.
func (e *Evidence) days(t time.Time) int { return int(e.Now.Sub(t) / day) }

// gap returns the reason why a call gave nothing, or that it was not made.
func (e *Evidence) gap(actions ...string) string {
	for _, g := range e.Gaps {
		if slices.Contains(actions, g.What) && g.Subject == "" {
			return g.What + ": " + g.Reason
		}
	}
	for _, g := range e.Gaps {
		if slices.Contains(actions, g.What) {
			return g.What + " of " + g.Subject + ": " + g.Reason
		}
	}
	return "not in the evidence (" + strings.Join(actions, ", ") + ")"
}

// gapOf returns the reason why a call gave nothing about one subject.
func (e *Evidence) gapOf(subject string, actions ...string) string {
	for _, g := range e.Gaps {
		if g.Subject == subject && slices.Contains(actions, g.What) {
			return g.What + ": " + g.Reason
		}
	}
	return "not in the evidence (" + strings.Join(actions, ", ") + ")"
}

// unknown is the answer where evidence is missing.
func (e *Evidence) unknown(what string, actions ...string) Answer {
	return Answer{Status: finding.Unknown, Summary: what + ": " + e.gap(actions...), Remedy: "Collect it: allow " + strings.Join(actions, ", ")}
}

// fact is a piece of evidence from a source.
func fact(from account.Evidence, format string, args ...any) finding.Fact {
	f := finding.Fact{Fact: fmt.Sprintf(format, args...), Source: from.Source}
	if !from.At.IsZero() {
		at := from.At
		f.At = &at
	}
	return f
}

// gaad is the call that reads users, groups, roles and policies.
const gaad = "iam:GetAccountAuthorizationDetails"

// details says where users, groups, roles and policies come from.
func (e *Evidence) details() account.Evidence {
	return account.Evidence{Source: gaad, At: e.CollectedAt}
}

// hasDetails tells whether users, groups, roles and policies were read as a
// whole. A snapshot with none of them was made of other evidence.
func (e *Evidence) hasDetails() bool {
	for _, g := range e.Gaps {
		if g.What == gaad && g.Subject == "" {
			return false
		}
	}
	return len(e.Users)+len(e.Groups)+len(e.Roles)+len(e.Policies) > 0
}

// partial returns the reason why something of the details about a subject
// could not be read, "" where all could.
func (e *Evidence) partial(subjects ...string) string {
	for _, g := range e.Gaps {
		if g.What == gaad && slices.Contains(subjects, g.Subject) {
			return g.Reason
		}
	}
	return ""
}

// date writes a time for people.
func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// ago writes how long ago a time is in whole days.
func (e *Evidence) ago(t time.Time) string {
	switch n := e.days(t); {
	case n <= 0:
		return "today"
	case n == 1:
		return "1 day ago"
	default:
		return fmt.Sprintf("%d days ago", n)
	}
}

// span writes a time for people: in days where it is whole ones.
func span(d time.Duration) string {
	if d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// quote makes a word of a POSIX shell of any text, so that a command can be
// copied.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,.@:/") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
