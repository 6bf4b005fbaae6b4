package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"warden/finding"
	"warden/guard/detect"
	"warden/trail"
)

// OwnCall is the reason of the verdict on what warden itself did.
const OwnCall = "warden's own call"

// Relevant reports whether events of this source and name have to be judged;
// all others are ignored unseen. It never looks at what an event says of
// itself, such as readOnly.
func Relevant(source, name string) bool {
	return detect.IAMWrite(source, name) || detect.STSWrite(source, name) || detect.Names(source, name)
}

// Judge decides what is to be done about the event. f nil means that no facts
// are supplied: detections, caller and failure are then reported, and the
// verdict is Unknown where facts would decide.
func Judge(cfg Config, e *trail.Event, f *Facts, now time.Time) Judgement {
	by := e.Actor()
	j := Judgement{Event: e, Actor: by, Failed: e.Failed(), Detections: detect.Match(e, by), Subject: Subject(by)}
	for _, d := range j.Detections {
		j.Severity = max(j.Severity, d.Severity)
	}
	c := &caseFile{cfg: cfg, e: e, by: by, facts: f, now: now, j: &j}
	j.Held = c.held()
	v, reason := c.verdict()
	if j.Standing == "" {
		j.Standing = c.standing(v)
	}
	switch {
	case v == Contain || v == Escalate:
		j.Severity = max(j.Severity, finding.High)
	case v == Alert && by.Kind == trail.Root:
		j.Severity = finding.Critical
	}
	if v == Contain && cfg.Level == AlertOnly {
		v, reason = Alert, reason+"; level alert: nothing is changed"
	}
	if v != Ignored && v != Allowed && j.Standing != NotOurs && c.selfMade() == "" {
		for _, change := range cfg.AdminChanges(e) {
			reason += "; " + change.String()
		}
	}
	j.Verdict, j.Reason = v, oneLine(c.date(reason))
	switch v {
	case Ignored, Allowed:
	default:
		j.Incident = incident(trailAccount(e), by, j.Subject, j.Credential)
	}
	return j
}

// standing says what the caller was when he acted, for what he granted to
// others.
func (c *caseFile) standing(v Verdict) Standing {
	switch {
	case c.j.Held != nil:
		return Outsider
	case v == Allowed:
		return Entitled
	case c.by.Kind == trail.Root || v == Unknown || c.isOne(c.cfg.Protected):
		return Doubtful
	case v == Escalate:
		// He may be gone; what was known of him may still tell.
		if c.facts != nil && c.facts.Baseline != nil && len(c.facts.Gaps) == 0 && c.j.Subject.ID != "" && !c.j.Settling {
			switch s := c.facts.Baseline.of(c.j.Subject.ID, c.when()); s.state {
			case trusted:
				return Entitled
			case never, young, planted:
				return Outsider
			}
		}
		return Doubtful
	}
	return Outsider
}

// caseFile is what one judgement works with.
type caseFile struct {
	cfg   Config
	e     *trail.Event
	by    trail.Actor
	facts *Facts
	now   time.Time
	j     *Judgement
}

// iamWrite reports whether the call writes to IAM: the one class of calls
// for which a caller is contained.
func (c *caseFile) iamWrite() bool { return detect.IAMWrite(c.e.Source, c.e.Name) }

// matters reports whether somebody who is not allowed to do this has to be
// noticed: any write to IAM, and what a detection of at least medium severity
// names. The rest, such as taking a role that trusts the caller, is normal
// life and stands in the output with its detections only.
func (c *caseFile) matters() bool { return c.iamWrite() || c.j.Severity >= finding.Medium }

// verdict asks the questions in the order of their certainty: first what
// needs no facts, last what only IAM's present state can tell.
func (c *caseFile) verdict() (Verdict, string) {
	identity := detect.STSWrite(c.e.Source, c.e.Name)
	if !c.iamWrite() && !identity && c.j.Detections == nil {
		return Ignored, c.e.Name + " neither writes to IAM or STS nor matches a detection"
	}
	if c.isSelf() && c.j.Held == nil {
		return Allowed, OwnCall
	}
	if reason := c.foreign(); reason != "" {
		c.j.Standing = NotOurs
		return Alert, reason
	}
	switch c.by.Kind {
	case trail.Service:
		return Allowed, "AWS service " + first(c.by.InvokedBy, c.e.SourceIP) + " acts for itself"
	case trail.ServiceLinked:
		return Allowed, "service-linked role " + c.by.Name + ", which only its service can use"
	case trail.Root:
		return Alert, "root " + c.did() + "; root cannot be denied inside its account"
	}
	if v, reason := c.exempt(); v != "" && c.j.Held == nil {
		return v, reason
	}
	switch c.by.Kind {
	case trail.IAMUser, trail.IAMUserSession:
		return c.user()
	case trail.FederatedUser:
		if c.j.Subject.ARN != "" {
			return c.user()
		}
	case trail.AssumedRole:
		return c.role()
	case trail.IdentityCenter:
		return c.identityCenter()
	}
	who := kindText(c.by.Kind) + " " + c.who()
	if c.by.Kind == trail.OtherAccount && c.by.Account != "" {
		who += " (" + c.by.Account + ")"
	}
	if c.matters() {
		return Alert, fmt.Sprintf("%s %s; callers of this kind are reported, not contained", who, c.did())
	}
	return Ignored, c.noted(who)
}

// noted is the reason for what is no alarm.
func (c *caseFile) noted(who string) string {
	switch {
	case c.j.Failed:
		return fmt.Sprintf("%s %s; a single refusal is no alarm", who, c.did())
	case c.j.Detections != nil:
		return fmt.Sprintf("%s %s: noted, of %s severity only", who, c.did(), c.j.Severity)
	}
	return fmt.Sprintf("%s %s, which is normal life", who, c.did())
}

// foreign says why the event is not about our account, "" when it is.
//
// The envelope is EventBridge's. Nobody but AWS can put an event on a bus
// whose source begins with "aws."; who has PutEvents can forge all the rest of
// it. Source: EventBridge User Guide, "Adding custom events with PutEvents"
// and "AWS service events delivered via CloudTrail".
func (c *caseFile) foreign() string {
	env := c.e.Envelope
	switch {
	case env != nil && !strings.HasPrefix(env.Source, "aws."):
		return fmt.Sprintf("not authentic: the envelope's source is %q, and AWS's begin with aws.", env.Source)
	case env != nil && !strings.HasSuffix(env.DetailType, " via CloudTrail"):
		return fmt.Sprintf("not authentic: the envelope's detail-type %q is none of CloudTrail's", env.DetailType)
	case env != nil && env.Account == "":
		return "not authentic: the envelope names no account"
	case env != nil && env.Account != "" && c.e.RecipientAccount != "" && env.Account != c.e.RecipientAccount:
		return fmt.Sprintf("not authentic: the envelope is of account %s, the record of account %s", env.Account, c.e.RecipientAccount)
	case c.facts == nil || c.facts.Account == "":
		return ""
	case trailAccount(c.e) != "" && trailAccount(c.e) != c.facts.Account:
		return fmt.Sprintf("account not ours: the event is of account %s, we guard %s", orNone(trailAccount(c.e)), c.facts.Account)
	}
	return ""
}

// outsider reports whether the caller is of another account than the event or
// than ours.
func (c *caseFile) outsider() bool {
	ours := c.facts != nil && c.facts.Account != ""
	return ours && c.by.Account != c.facts.Account || trailAccount(c.e) != "" && c.by.Account != trailAccount(c.e)
}

// exempt looks for the caller in the exemptions. Only an exemption that is in
// force and names this very identity has an effect; one that has run out or
// was given to an earlier bearer of the name is mentioned.
func (c *caseFile) exempt() (Verdict, string) {
	for _, x := range c.cfg.Exemptions {
		if exempts(x, c.j.Detections) && c.isOne([]string{x.ARN}) && x.ID == c.id() && c.now.Before(x.Expires) {
			return Allowed, fmt.Sprintf("exempt until %s: %s (owner %s)", x.Expires.Format(time.DateOnly), x.Reason, x.Owner)
		}
	}
	return "", ""
}

// staleExemption is a remark on an exemption that would have held.
func (c *caseFile) staleExemption() string {
	for _, x := range c.cfg.Exemptions {
		switch {
		case !exempts(x, c.j.Detections) || !c.isOne([]string{x.ARN}):
		case x.ID != c.id():
			return fmt.Sprintf("; the exemption of %s is for %s, not %s", x.ARN, x.ID, orNone(c.id()))
		case !c.now.Before(x.Expires):
			return "; his exemption ran out on " + x.Expires.Format(time.DateOnly)
		}
	}
	return ""
}

// isOne reports whether the caller, or the user or role behind its session, is
// one of the ARNs.
func (c *caseFile) isOne(arns []string) bool {
	return c.by.ARN != "" && slices.Contains(arns, c.by.ARN) ||
		c.j.Subject.ARN != "" && slices.Contains(arns, c.j.Subject.ARN)
}

// isSelf reports whether the caller is warden itself: by an ARN of its own, and
// by its unique id where that is known.
func (c *caseFile) isSelf() bool {
	return slices.ContainsFunc(c.cfg.Self, func(arn string) bool {
		id := c.cfg.SelfIDs[arn]
		return arn != "" && (c.by.ARN == arn && (id == "" || id == c.by.UserID) || c.j.Subject.ARN == arn && (id == "" || id == c.j.Subject.ID))
	})
}

// id is the unique id of whose rights the caller acts with.
func (c *caseFile) id() string { return first(c.j.Subject.ID, c.by.ID) }

// did says what the caller did, or tried.
func (c *caseFile) did() string {
	what := "called " + c.e.Name
	if c.j.Failed {
		what = "tried " + c.e.Name + " and failed"
		if c.e.ErrorCode != "" {
			what += " (" + c.e.ErrorCode + ")"
		}
	}
	return what
}

// oneLine replaces what is no visible character: names in events are as their
// callers chose them.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// date adds to the reason that the event is old, where that is so.
func (c *caseFile) date(reason string) string {
	if c.cfg.MaxAge <= 0 || c.e.Time.IsZero() {
		return reason
	}
	if age := c.now.Sub(c.e.Time); age > c.cfg.MaxAge {
		return fmt.Sprintf("%s; the event is %s old", reason, age.Round(time.Second))
	}
	return reason
}

func (c *caseFile) who() string {
	return orNone(first(c.j.Subject.Name, c.by.Name, c.by.ARN, c.by.ID, c.by.UserID))
}

// Groups are the names of the administrators' groups.
func (c Config) Groups() []string {
	if c.AdminGroups == nil {
		return []string{DefaultAdminGroup}
	}
	return c.AdminGroups
}

// trailAccount is the account whose trail holds the event.
func trailAccount(e *trail.Event) string {
	if e.RecipientAccount == "" && e.Envelope != nil {
		return e.Envelope.Account
	}
	return first(e.RecipientAccount, e.Identity.AccountID)
}

// incident is the id under which all events of one caller come together; a
// federated session's are those of the user who issued it. Where a credential
// alone is contained, its events are apart from those of its owner.
func incident(account string, by trail.Actor, subject trail.Issuer, credential string) string {
	id := first(by.ID, by.UserID, by.ARN, string(by.Kind)+" "+by.Name)
	session := ""
	switch {
	case credential != "":
		id, session = subject.ID, "credential "+credential
	case by.Kind == trail.FederatedUser && subject.ID != "":
		id = subject.ID
	case by.Role != nil || by.Kind == trail.AssumedRole || by.Kind == trail.FederatedUser:
		session = by.SessionName
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{"incident", account, id, session}, "\x00")))
	return "inc-" + hex.EncodeToString(sum[:8])
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

var kindTexts = map[trail.Kind]string{
	trail.FederatedUser: "federated user", trail.WebIdentity: "web identity", trail.SAML: "SAML identity",
	trail.OtherAccount: "caller of another account", trail.Unknown: "caller of unknown kind",
}

func kindText(k trail.Kind) string { return first(kindTexts[k], string(k)) }
