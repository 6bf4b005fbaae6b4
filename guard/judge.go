package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/finding"
	"warden/guard/detect"
	"warden/trail"
)

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
	j := Judgement{Event: e, Actor: by, Failed: e.Failed(), Detections: detect.Match(e, by)}
	for _, d := range j.Detections {
		j.Severity = max(j.Severity, d.Severity)
	}
	c := &caseFile{cfg: cfg, e: e, by: by, facts: f, now: now, j: &j}
	v, reason := c.verdict()
	j.Verdict, j.Reason = v, c.date(reason)
	switch v {
	case Ignored, Allowed:
	default:
		j.Incident = incident(trailAccount(e), by)
	}
	switch {
	case v == Contain || v == Escalate:
		j.Severity = max(j.Severity, finding.High)
	case v == Alert && by.Kind == trail.Root:
		j.Severity = finding.Critical
	}
	return j
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
	if c.isOne(c.cfg.Self) {
		return Allowed, "warden's own call"
	}
	if reason := c.foreign(); reason != "" {
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
	if v, reason := c.exempt(); v != "" {
		return v, reason
	}
	switch c.by.Kind {
	case trail.IAMUser, trail.IAMUserSession:
		return c.user()
	case trail.AssumedRole:
		return c.role()
	case trail.IdentityCenter:
		return c.identityCenter()
	}
	if c.matters() {
		return Alert, fmt.Sprintf("%s %s %s; callers of this kind are reported, not contained", kindText(c.by.Kind), c.who(), c.did())
	}
	return Ignored, c.noted(kindText(c.by.Kind) + " " + c.who())
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
func (c *caseFile) foreign() string {
	env := c.e.Envelope
	switch {
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
		if x.covers(c.j.Detections) && c.isOne([]string{x.ARN}) && x.ID == c.by.ID && c.now.Before(x.Expires) {
			return Allowed, fmt.Sprintf("exempt until %s: %s (owner %s)", x.Expires.Format(time.DateOnly), x.Reason, x.Owner)
		}
	}
	return "", ""
}

// staleExemption is a remark on an exemption that would have held.
func (c *caseFile) staleExemption() string {
	for _, x := range c.cfg.Exemptions {
		switch {
		case !x.covers(c.j.Detections) || !c.isOne([]string{x.ARN}):
		case x.ID != c.by.ID:
			return fmt.Sprintf("; the exemption of %s is for %s, not %s", x.ARN, x.ID, orNone(c.by.ID))
		case !c.now.Before(x.Expires):
			return "; his exemption ran out on " + x.Expires.Format(time.DateOnly)
		}
	}
	return ""
}

// user judges an IAM user, with long-term keys or in a session.
func (c *caseFile) user() (Verdict, string) {
	if !c.matters() {
		return Ignored, c.noted("user " + c.who())
	}
	if c.facts == nil || c.facts.User == nil && len(c.facts.Gaps) == 0 {
		c.j.NeedsFacts = true
		return Unknown, fmt.Sprintf("user %s %s; to judge it needs: does %s exist, and which groups is he in",
			c.who(), c.did(), orNone(first(c.by.ID, c.by.Name)))
	}
	if c.outsider() {
		return Alert, fmt.Sprintf("user %s of account %s %s in account %s", c.who(), orNone(c.by.Account), c.did(), orNone(trailAccount(c.e)))
	}
	if v, reason := c.doubt(); v != "" {
		return v, reason
	}
	if group := c.adminGroup(); group != "" {
		return Allowed, fmt.Sprintf("administrator: user %s is in group %s", c.who(), group)
	}
	reason := fmt.Sprintf("user %s is no administrator and %s%s%s", c.who(), c.did(), c.selfMade(), c.staleExemption())
	switch {
	case !c.iamWrite() || c.j.Failed:
		return Alert, reason
	case c.isOne(c.cfg.Protected):
		return Alert, reason + "; protected, so never contained"
	case c.forwarded():
		return Alert, reason + "; " + c.by.InvokedBy + " set up its own role for him"
	}
	return Contain, reason
}

// doubt says why the facts do not allow a judgement of the user, "" when they
// do. The wrong identity must never be contained, nor a right one let go.
func (c *caseFile) doubt() (Verdict, string) {
	f := c.facts
	prefix := fmt.Sprintf("user %s %s, but ", c.who(), c.did())
	if len(f.Gaps) > 0 {
		g := f.Gaps[0]
		return Escalate, prefix + fmt.Sprintf("%s could not be read: %s", g.What, g.Reason)
	}
	live := f.User
	switch {
	case f.Account == "":
		return Escalate, prefix + "it is not known which account we guard"
	case c.by.ID == "" && c.j.Failed:
		// Refused sign-ins of unknown people name no id; there is nothing to
		// contain.
		return Alert, strings.TrimSuffix(prefix, ", but ")
	case !live.Exists:
		return Escalate, prefix + "he does not exist any more; what he made may remain"
	case c.by.ID == "":
		return Escalate, prefix + "the event has no unique id to tell him by"
	case live.ID != c.by.ID:
		return Escalate, prefix + fmt.Sprintf("the name was made anew: the caller was %s, %s is %s now", c.by.ID, live.Name, orNone(live.ID))
	}
	return "", ""
}

// adminGroup is the group that makes the caller an administrator, "" when
// there is none. A group that the event itself put him into does not count.
func (c *caseFile) adminGroup() string {
	for _, g := range c.facts.User.Groups {
		if containsFold(c.cfg.adminGroups(), g) && !strings.EqualFold(g, c.ownGrant()) {
			return g
		}
	}
	return ""
}

// ownGrant is the administrators' group that the event itself made the
// caller's: he joined it, or renamed a group of his to it.
func (c *caseFile) ownGrant() string {
	if c.j.Failed || detect.Source(c.e.Source) != detect.IAM {
		return ""
	}
	group := ""
	switch c.e.Name {
	case "AddUserToGroup":
		if user := c.e.RequestString("userName"); user == "" || strings.EqualFold(user, c.by.Name) || strings.EqualFold(user, c.facts.User.Name) {
			group = c.e.RequestString("groupName")
		}
	case "UpdateGroup":
		group = c.e.RequestString("newGroupName")
	}
	if containsFold(c.cfg.adminGroups(), group) {
		return group
	}
	return ""
}

func (c *caseFile) selfMade() string {
	if g := c.ownGrant(); g != "" {
		return ": he made himself a member of " + g
	}
	return ""
}

// forwarded reports a call that a service made for the user while it set up
// its own role: AWS alone decides what such a role may do.
func (c *caseFile) forwarded() bool {
	return c.e.Name == "CreateServiceLinkedRole" && strings.HasSuffix(c.by.InvokedBy, ".amazonaws.com")
}

// role judges a session of a role.
func (c *caseFile) role() (Verdict, string) {
	session := fmt.Sprintf("session %s of role %s", orNone(c.by.SessionName), c.who())
	if c.by.Role != nil && slices.Contains(c.cfg.AdminRoles, c.by.Role.ARN) {
		return Allowed, "administrator: " + session
	}
	if !c.matters() {
		return Ignored, c.noted(session)
	}
	reason := fmt.Sprintf("%s, no administrator, %s%s", session, c.did(), c.staleExemption())
	switch {
	case !c.iamWrite() || c.j.Failed:
		return Alert, reason
	case c.outsider():
		return Alert, fmt.Sprintf("%s; the role is of account %s, not ours to contain", reason, orNone(c.by.Account))
	case c.isOne(c.cfg.Protected):
		return Alert, reason + "; protected, so never contained"
	case !c.cfg.ContainSessions:
		return Alert, reason + "; sessions are reported only"
	case c.by.Role == nil || c.by.ID == "" || c.by.SessionName == "":
		return Escalate, reason + "; the record does not name the role or session to contain"
	case c.facts == nil:
		c.j.NeedsFacts = true
		return Unknown, reason + "; to judge it needs: which account we guard"
	case len(c.facts.Gaps) > 0:
		return Escalate, fmt.Sprintf("%s, but %s could not be read: %s", reason, c.facts.Gaps[0].What, c.facts.Gaps[0].Reason)
	case c.facts.Account == "":
		return Escalate, reason + "; it is not known which account we guard"
	case c.forwarded():
		return Alert, reason + "; " + c.by.InvokedBy + " set up its own role for him"
	}
	return Contain, reason
}

// identityCenter judges a session of a permission set's role, and people of
// Identity Center themselves.
func (c *caseFile) identityCenter() (Verdict, string) {
	if c.by.Role != nil && slices.Contains(c.cfg.AdminRoles, c.by.Role.ARN) {
		return Allowed, "administrator: Identity Center session " + c.by.SessionName + " of role " + c.by.Name
	}
	if !c.matters() {
		return Ignored, c.noted("Identity Center caller " + c.who())
	}
	return Alert, fmt.Sprintf("Identity Center caller %s (session %s), no administrator, %s; AWS owns the role, so end the assignment or deny by organisation policy%s",
		c.who(), orNone(c.by.SessionName), c.did(), c.staleExemption())
}

// isOne reports whether the caller, or the role behind its session, is one of
// the ARNs.
func (c *caseFile) isOne(arns []string) bool {
	return c.by.ARN != "" && slices.Contains(arns, c.by.ARN) ||
		c.by.Role != nil && c.by.Role.ARN != "" && slices.Contains(arns, c.by.Role.ARN)
}

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

func (c *caseFile) who() string { return orNone(first(c.by.Name, c.by.ARN, c.by.ID, c.by.UserID)) }

func (c Config) adminGroups() []string {
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

// incident is the id under which all events of one caller come together.
func incident(account string, by trail.Actor) string {
	id := first(by.ID, by.UserID, by.ARN, string(by.Kind)+" "+by.Name)
	session := ""
	if by.Role != nil || by.Kind == trail.AssumedRole || by.Kind == trail.FederatedUser {
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
