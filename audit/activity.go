package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/finding"
)

// Confidence says how much the evidence saw of an identity's activity.
type Confidence string

// The degrees of confidence.
const (
	// Sure: every way to act that the identity has was looked at.
	Sure Confidence = "sure"
	// Likely: what was not looked at is used by few, such as SSH keys for
	// CodeCommit.
	Likely Confidence = "likely"
	// Unsure: a way to act that the identity has was not looked at.
	Unsure Confidence = "unsure"
)

// State is what an activity comes to.
type State string

// The states of an identity.
const (
	Active State = "active"
	// New: without use, and younger than the grace.
	New      State = "new"
	Inactive State = "inactive"
	// Doubtful: no use is known, and something was not looked at: no data is
	// not "never".
	Doubtful State = "unknown"
)

// Activity is the one date of an identity.
type Activity struct {
	Kind    string    `json:"kind"` // "user" or "role"
	Name    string    `json:"name"`
	ARN     string    `json:"arn"`
	ID      string    `json:"id,omitempty"`
	Created time.Time `json:"created,omitzero"`
	// Last is the newest use; nil where none is known.
	Last *Use `json:"last,omitempty"`
	// Since is how far back the evidence sees; what is older is not known.
	Since      time.Time  `json:"since,omitzero"`
	State      State      `json:"state"`
	Confidence Confidence `json:"confidence"`
	// Missing is what was not looked at.
	Missing []string       `json:"missing,omitempty"`
	Facts   []finding.Fact `json:"facts,omitempty"`
}

// tracking is how long AWS keeps the last use of services and of roles.
// Source: IAM User Guide, "Refine permissions using last accessed information".
const tracking = 400 * day

// keysSince is since when AWS keeps the last use of keys; that of passwords it
// keeps since 2014-10-20. Source: IAM User Guide, "Generate credential reports
// for your AWS account".
var keysSince = time.Date(2015, 4, 22, 0, 0, 0, 0, time.UTC)

// Activities returns the users and roles with their one date each.
// Service-linked roles belong to their services and are left out.
func (e *Evidence) Activities() []Activity {
	people, _ := e.people()
	var out []Activity
	for _, p := range people {
		out = append(out, e.userActivity(p))
	}
	for i := range e.Roles {
		if !strings.HasPrefix(e.Roles[i].Path, "/aws-service-role/") {
			out = append(out, e.roleActivity(&e.Roles[i]))
		}
	}
	return out
}

// use takes a use into account.
func (a *Activity) use(at time.Time, what string, from account.Evidence) {
	if a.Last == nil || at.After(a.Last.At) {
		a.Last = &Use{At: at, What: what, Source: from}
	}
}

func (e *Evidence) userActivity(p person) Activity {
	a := Activity{Kind: "user", Name: p.name, ARN: p.arn, ID: p.id, Confidence: Sure}
	a.Created, _ = p.created()
	if p.row != nil {
		a.Since = keysSince
		if t, ok := p.row.PasswordLastUsed.Time(); ok {
			a.use(t, "password", p.report)
		} else if p.row.PasswordEnabled.Yes() && !p.row.PasswordLastUsed.Never() {
			a.Missing = append(a.Missing, "the last use of the password")
		}
		a.Facts = append(a.Facts, p.fact("password_last_used %s", word(p.row.PasswordLastUsed.String())))
	}
	if p.user != nil && p.user.PasswordLastUsed != nil {
		a.use(*p.user.PasswordLastUsed, "password", e.details())
	}
	keys, doubt := p.keys()
	if doubt != "" {
		a.Missing = append(a.Missing, "passwords and keys: "+doubt)
	}
	for _, k := range keys {
		a.Facts = append(a.Facts, k.facts...)
		if k.used != nil {
			a.use(*k.used, k.part, p.report)
		} else if !k.never {
			a.Missing = append(a.Missing, "the last use of "+k.part)
		}
	}
	e.otherWays(&a, p)
	e.settle(&a)
	return a
}

// otherWays looks at what a user acts with beside password and keys. Of these
// AWS tells no last use but that of services.
func (e *Evidence) otherWays(a *Activity, p person) {
	if seen, ok := e.seen(a.ID, a.ARN); ok {
		a.use(seen.At, seen.What, seen.Source)
		a.Facts = append(a.Facts, fact(seen.Source, "%s used %s", seen.What, date(seen.At)))
	}
	if p.row != nil && slices.ContainsFunc(p.row.Certificates[:], func(c account.ReportedCertificate) bool { return c.Active.Yes() }) {
		a.Confidence = Likely // AWS tells no last use of signing certificates; hardly anything takes them
	}
	if p.user != nil && p.user.LastAccessed != nil {
		if at := p.user.LastAccessed.At; !at.IsZero() {
			a.Since = later(a.Since, at.Add(-tracking))
		}
		if s, ok := p.user.LastAccessed.Value.Latest(); ok {
			a.use(*s.At, "service "+s.Service, p.user.LastAccessed.Evidence)
		}
		a.Facts = append(a.Facts, fact(p.user.LastAccessed.Evidence, "%d services, last accessed %s", len(p.user.LastAccessed.Value.Services), lastUse(p.user.LastAccessed.Value)))
		return
	}
	if e.ServiceCredentials == nil {
		a.Missing = append(a.Missing, "service-specific credentials")
	} else if slices.ContainsFunc(e.ServiceCredentials.Value, func(c account.ServiceCredential) bool { return c.User == p.name && c.Active && !e.longExpired(c) }) {
		a.Missing = append(a.Missing, "the use of an active service-specific credential")
	}
	switch {
	case p.user == nil || p.user.SSHKeys == nil:
		a.Confidence = Likely // SSH keys are for CodeCommit alone
	case slices.ContainsFunc(p.user.SSHKeys.Value, func(k account.SSHKey) bool { return k.Active }):
		a.Missing = append(a.Missing, "the use of an active SSH key")
	}
}

// longExpired tells whether a credential could not be used for as long as it
// takes to be inactive.
func (e *Evidence) longExpired(c account.ServiceCredential) bool {
	return c.Expires != nil && e.Now.Sub(*c.Expires) >= e.Options.inactive()
}

// later is the later of two times: of two windows, what both see.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func lastUse(l account.LastAccessed) string {
	if s, ok := l.Latest(); ok {
		return date(*s.At) + " (" + s.Service + ")"
	}
	return "never in the tracking period"
}

func (e *Evidence) roleActivity(r *account.Role) Activity {
	a := Activity{Kind: "role", Name: r.Name, ARN: r.ARN, ID: r.ID, Created: r.CreateDate, Confidence: Sure}
	if !e.CollectedAt.IsZero() {
		a.Since = e.CollectedAt.Add(-tracking)
	}
	if r.LastUsed != nil {
		a.use(r.LastUsed.Date, "role session in "+r.LastUsed.Region, e.details())
		a.Facts = append(a.Facts, fact(e.details(), "RoleLastUsed %s", date(r.LastUsed.Date)))
	} else {
		a.Facts = append(a.Facts, fact(e.details(), "RoleLastUsed is empty: not used in the %d days that AWS tracks", tracking/day))
	}
	if seen, ok := e.seen(r.ID, r.ARN); ok {
		a.use(seen.At, seen.What, seen.Source)
		a.Facts = append(a.Facts, fact(seen.Source, "%s used %s", seen.What, date(seen.At)))
	}
	if r.LastAccessed != nil {
		if s, ok := r.LastAccessed.Value.Latest(); ok {
			a.use(*s.At, "service "+s.Service, r.LastAccessed.Evidence)
		}
		a.Facts = append(a.Facts, fact(r.LastAccessed.Evidence, "%d services, last accessed %s", len(r.LastAccessed.Value.Services), lastUse(r.LastAccessed.Value)))
	}
	e.settle(&a)
	return a
}

// settle draws the conclusion.
func (e *Evidence) settle(a *Activity) {
	if len(a.Missing) > 0 {
		a.Confidence = Unsure
	}
	switch {
	case a.Last != nil && e.Now.Sub(a.Last.At) < e.Options.inactive():
		a.State = Active
	case !a.Created.IsZero() && e.Now.Sub(a.Created) < e.Options.grace():
		a.State = New
	case len(a.Missing) > 0:
		a.State = Doubtful
	default:
		a.State = Inactive
	}
}

// inactivity answers the question whether identities of a kind are used.
func (e *Evidence) inactivity(kind string) []Answer {
	var out []Answer
	for _, x := range e.Activities() {
		if x.Kind != kind {
			continue
		}
		a := Answer{Subject: x.ARN, SubjectID: x.ID, Facts: x.Facts, Status: finding.Pass}
		last := "no use is known"
		if x.Last != nil {
			last = fmt.Sprintf("last used %s by %s (%s)", date(x.Last.At), x.Last.What, e.ago(x.Last.At))
		}
		if x.Last == nil && !x.Created.IsZero() {
			last += "; created " + date(x.Created) + " (" + e.ago(x.Created) + ")"
		}
		a.Summary = fmt.Sprintf("%s: %s; %sconfidence: %s", x.State, last, x.window(), x.Confidence)
		switch x.State {
		case Inactive:
			a.Status = finding.Fail
		case Doubtful:
			a.Status = finding.Unknown
			a.Summary += "; not looked at: " + strings.Join(x.Missing, ", ")
		}
		out = append(out, a)
	}
	return out
}

// window says how far back the evidence sees.
func (a Activity) window() string {
	switch {
	case a.Since.IsZero():
		return ""
	case !a.Created.IsZero() && !a.Created.Before(a.Since):
		return "looked back to his creation; "
	}
	return "looked back to " + a.Since.UTC().Format(time.DateOnly) + "; "
}

var userInactive = Control{
	ID:       "user.inactive",
	Title:    "Users who do nothing are removed",
	Why:      "Nobody notices when the account of somebody who left is used again.",
	Source:   "IAM User Guide: Find unused AWS credentials; Refine permissions using last accessed information",
	Severity: finding.Medium,
	Actions:  append([]string{gaad, "iam:ListServiceSpecificCredentials"}, reportCalls...),
	Remedy:   "Ask the owner; then take the credentials away, and remove the user later.",
	Judge: func(e *Evidence) []Answer {
		if _, known := e.people(); !known {
			return e.noPeople()
		}
		return append(e.others(), e.inactivity("user")...)
	},
}

var roleInactive = Control{
	ID:       "role.inactive",
	Title:    "Roles that nobody assumes are removed",
	Why:      "A role that nobody uses is a way to its permissions that nobody watches.",
	Source:   "IAM User Guide: Refine permissions using last accessed information; IAM API Reference: RoleLastUsed",
	Severity: finding.Low,
	Actions:  []string{gaad},
	Remedy:   "Ask the owner; then deny its use, and remove the role later.",
	Judge: func(e *Evidence) []Answer {
		if !e.hasDetails() {
			return []Answer{e.unknown("which roles there are", gaad)}
		}
		return e.inactivity("role")
	},
}
