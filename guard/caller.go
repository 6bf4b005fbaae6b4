package guard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/guard/detect"
	"warden/trail"
)

// Subject is the user or role whose rights a caller acts with: what a
// containment acts on. It is zero for callers who have none in the account.
func Subject(by trail.Actor) trail.Issuer {
	switch by.Kind {
	case trail.IAMUser, trail.IAMUserSession:
		return trail.Issuer{ARN: by.ARN, ID: by.ID, Name: by.Name, Account: by.Account}
	case trail.FederatedUser:
		if by.Parent != nil && isUser(by.Parent.ARN) {
			return *by.Parent
		}
	case trail.AssumedRole, trail.IdentityCenter, trail.ServiceLinked:
		if by.Role != nil {
			return *by.Role
		}
	}
	return trail.Issuer{}
}

func isUser(arn string) bool {
	a, err := account.ParseARN(arn)
	return err == nil && a.Service == "iam" && a.Type() == "user"
}

// user judges an IAM user, with long-term keys, in a session, or behind a
// federated session, which has no more rights than he and cannot be denied by
// itself. Source: IAM User Guide, "Permissions for GetFederationToken".
func (c *caseFile) user() (Verdict, string) {
	user := "user " + c.who()
	if c.by.Kind == trail.FederatedUser {
		user = fmt.Sprintf("federated session %s of user %s", orNone(c.by.SessionName), c.who())
	}
	if !c.matters() {
		return Ignored, c.noted(user)
	}
	if c.j.Held != nil && (c.isOne(c.cfg.Protected) || c.isSelf()) {
		return Alert, fmt.Sprintf("%s %s%s; protected, so never touched: make it inactive by hand", user, c.did(), c.whose())
	}
	if c.facts == nil || c.facts.User == nil && len(c.facts.Gaps) == 0 {
		c.j.NeedsFacts = true
		return Unknown, fmt.Sprintf("%s %s; to judge it needs: does %s exist, and which groups is he in",
			user, c.did(), orNone(first(c.j.Subject.ID, c.j.Subject.Name)))
	}
	if c.outsider() {
		return Alert, fmt.Sprintf("%s of account %s %s in account %s", user, orNone(c.by.Account), c.did(), orNone(trailAccount(c.e)))
	}
	if v, reason := c.doubt(user); v != "" {
		return v, reason
	}
	if c.j.Held != nil {
		return c.anothers(user)
	}
	if c.selfService() {
		return Allowed, fmt.Sprintf("self-service: %s %s for himself", user, c.did())
	}
	v, reason, remark := c.administrator(user, c.userWay())
	if v != "" {
		return v, reason
	}
	reason = fmt.Sprintf("%s is no administrator and %s%s%s%s", user, c.did(), c.selfMade(), remark, c.staleExemption())
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
func (c *caseFile) doubt(user string) (Verdict, string) {
	f, id := c.facts, c.j.Subject.ID
	prefix := fmt.Sprintf("%s %s, but ", user, c.did())
	if gap := c.gap(); gap != "" {
		return Escalate, prefix + gap
	}
	live := f.User
	switch {
	case f.Account == "":
		return Escalate, prefix + "it is not known which account we guard"
	case id == "" && c.j.Failed:
		// Refused sign-ins of unknown people name no id; there is nothing to
		// contain.
		return Alert, strings.TrimSuffix(prefix, ", but ")
	case !live.Exists:
		return Escalate, prefix + "he does not exist any more; what he made may remain"
	case id == "":
		return Escalate, prefix + "the event has no unique id to tell him by"
	case live.ID != id:
		return Escalate, prefix + fmt.Sprintf("the name was made anew: the caller was %s, %s is %s now", id, live.Name, orNone(live.ID))
	}
	return "", ""
}

// gap says which fact could not be read, "" when none is missing.
func (c *caseFile) gap() string {
	if len(c.facts.Gaps) == 0 {
		return ""
	}
	g := c.facts.Gaps[0]
	return fmt.Sprintf("%s could not be read: %s", g.What, g.Reason)
}

// userWay is what makes the user an administrator now, "" for nothing.
// Without a baseline, which would tell who granted it, what the event itself
// made of him does not count.
func (c *caseFile) userWay() string { return c.cfg.userWay(*c.facts.User, c.discounted()) }

// discounted are the ways that do not count because the event itself opened
// them and nothing tells who may.
func (c *caseFile) discounted() []string {
	if c.facts.Baseline != nil {
		return nil
	}
	return c.ownGrants()
}

func (c Config) userWay(u UserFacts, not []string) string {
	for _, g := range u.Groups {
		if containsFold(c.Groups(), g) && !containsFold(not, "group "+g) {
			return "is in group " + g
		}
	}
	return c.tagWay(u.Tags, not)
}

func (c Config) tagWay(tags map[string]string, not []string) string {
	value, has := tags[c.AdminTag.Key]
	way := "tag " + c.AdminTag.Key + "=" + c.AdminTag.Value
	if c.AdminTag.Key == "" || !has || value != c.AdminTag.Value || slices.Contains(not, way) {
		return ""
	}
	return "has the " + way
}

// Now reports whether the user or role of the facts has now what makes an
// administrator, whoever gave it to him.
func (c Config) Now(f *Facts) bool {
	switch {
	case f.User != nil && f.User.Exists:
		return c.userWay(*f.User, nil) != ""
	case f.Role != nil && f.Role.Exists:
		return slices.Contains(c.AdminRoles, f.Role.ARN) || c.tagWay(f.Role.Tags, nil) != ""
	}
	return false
}

// MayWrite reports whether the user or role of the facts may write to IAM: he
// is an administrator, at a time or now, or exempt from the guard.
func (c Config) MayWrite(f *Facts, then, now time.Time) bool {
	var of trail.Issuer
	switch {
	case f.User != nil && f.User.Exists:
		of = trail.Issuer{ARN: f.User.ARN, ID: f.User.ID}
	case f.Role != nil && f.Role.Exists:
		of = trail.Issuer{ARN: f.Role.ARN, ID: f.Role.ID}
	default:
		return false
	}
	exempt := slices.ContainsFunc(c.Exemptions, func(x Exemption) bool {
		return x.ARN == of.ARN && x.ID == of.ID && now.Before(x.Expires) && (x.Rule == guardRule || strings.HasPrefix(x.Rule, guardRule+":"))
	})
	return exempt || slices.Contains(c.Self, of.ARN) || c.Now(f) || f.Baseline != nil && f.Baseline.Counts(of.ID, then)
}

// ownGrants are the ways in which the event made its caller an administrator.
func (c *caseFile) ownGrants() []string {
	var ways []string
	live := &UserFacts{}
	if c.facts != nil && c.facts.User != nil {
		live = c.facts.User
	}
	for _, change := range c.cfg.AdminChanges(c.e) {
		user := change.User != "" && c.by.Kind != trail.AssumedRole && (strings.EqualFold(change.User, c.j.Subject.Name) || strings.EqualFold(change.User, live.Name))
		role := change.Role != "" && c.by.Kind == trail.AssumedRole && strings.EqualFold(change.Role, c.j.Subject.Name)
		group := change.Group != "" && containsFold(live.Groups, change.Group)
		if !change.Removed && (user || role || group) {
			ways = append(ways, change.Way)
		}
	}
	return ways
}

func (c *caseFile) selfMade() string {
	if ways := c.ownGrants(); ways != nil {
		return ": he made himself an administrator (" + ways[0] + ")"
	}
	return ""
}

// selfService reports whether the user did what the configuration lets
// everybody do with his own credentials. A virtual device belongs to nobody
// before it is enabled for somebody. Source: IAM User Guide, "AWS: Allows
// MFA-authenticated IAM users to manage their own credentials".
func (c *caseFile) selfService() bool {
	if !c.cfg.SelfService || c.by.Kind == trail.FederatedUser || detect.Source(c.e.Source) != detect.IAM {
		return false
	}
	switch c.e.Name {
	case "ChangePassword", "CreateVirtualMFADevice":
		return true
	case "EnableMFADevice", "ResyncMFADevice":
		name := c.e.RequestString("userName")
		return name != "" && strings.EqualFold(name, c.j.Subject.Name)
	}
	return false
}

// forwarded reports a call that a service made for the user while it set up
// its own role: AWS alone decides what such a role may do.
func (c *caseFile) forwarded() bool {
	return c.e.Name == "CreateServiceLinkedRole" && strings.HasSuffix(c.by.InvokedBy, ".amazonaws.com")
}

// role judges a session of a role, however it was assumed: by a user, a role,
// a service, or an identity of SAML or OpenID Connect.
func (c *caseFile) role() (Verdict, string) {
	session := fmt.Sprintf("session %s of role %s", orNone(c.by.SessionName), c.who())
	held := c.j.Held != nil
	listed := !held && c.by.Role != nil && slices.Contains(c.cfg.AdminRoles, c.by.Role.ARN)
	if listed && c.facts == nil {
		return Allowed, "administrator: " + session
	}
	if !c.matters() {
		return Ignored, c.noted(session)
	}
	reason := fmt.Sprintf("%s, no administrator, %s%s%s", session, c.did(), c.whose(), c.staleExemption())
	if c.outsider() {
		return Alert, fmt.Sprintf("%s; the role is of account %s, not ours to contain", reason, orNone(c.by.Account))
	}
	var stays string // why it is reported only
	switch {
	case !c.iamWrite() || c.j.Failed:
		stays = "; "
	case c.isOne(c.cfg.Protected) || c.isSelf():
		stays = "; protected, so never contained"
	case !c.cfg.ContainSessions:
		stays = "; sessions are reported only"
	case c.forwarded():
		stays = "; " + c.by.InvokedBy + " set up its own role for him"
	case !namesSession(c.by):
		return Escalate, reason + "; the record does not name the role and session to contain as AWS does"
	}
	if stays != "" && (held || !listed && (c.cfg.AdminTag.Key == "" || c.by.Role == nil)) {
		return Alert, strings.TrimSuffix(reason+stays, "; ")
	}
	switch {
	case c.facts == nil || c.facts.Role == nil && len(c.facts.Gaps) == 0:
		c.j.NeedsFacts = true
		return Unknown, fmt.Sprintf("%s %s; to judge it needs: which account we guard, and does role %s exist", session, c.did(), orNone(c.by.ID))
	case len(c.facts.Gaps) > 0:
		return Escalate, fmt.Sprintf("%s, but %s", reason, c.gap())
	case c.facts.Account == "":
		return Escalate, reason + "; it is not known which account we guard"
	case !c.facts.Role.Exists:
		return Escalate, fmt.Sprintf("%s %s, but the role does not exist any more; what it made may remain", session, c.did())
	case c.facts.Role.ID != c.by.ID:
		return Escalate, fmt.Sprintf("%s %s, but the role was made anew: the caller's was %s, %s is %s now", session, c.did(), orNone(c.by.ID), c.facts.Role.Name, orNone(c.facts.Role.ID))
	}
	if held {
		return Contain, reason
	}
	v, why, remark := c.administrator(session, c.roleWay(listed))
	if v != "" {
		return v, why
	}
	reason = fmt.Sprintf("%s, no administrator, %s%s%s%s", session, c.did(), c.selfMade(), remark, c.staleExemption())
	if stays != "" {
		return Alert, strings.TrimSuffix(reason+stays, "; ")
	}
	return Contain, reason
}

// sessionName is what STS takes as the name of a session: ASCII letters and
// digits, and _=,.@+- besides. Source: AWS STS API Reference, AssumeRole,
// RoleSessionName; IAM User Guide, "IAM and AWS STS quotas" (64 characters).
var sessionName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// namesSession reports whether the record names the caller's role and session
// so that a policy can name him and nobody else: his aws:userid is the role's
// unique id, a colon, and the name of a session as STS gives it out.
func namesSession(by trail.Actor) bool {
	return by.Role != nil && by.Role.ID != "" && sessionName.MatchString(by.SessionName) && by.UserID == by.Role.ID+":"+by.SessionName
}

// roleWay is what makes the role's sessions administrators now, "" for
// nothing. A role's tags are those of IAM: what a session carries, whoever
// assumed the role may have chosen.
func (c *caseFile) roleWay(listed bool) string {
	if listed {
		return "is one by its role's ARN"
	}
	return c.cfg.tagWay(c.facts.Role.Tags, c.discounted())
}

// identityCenter judges a session of a permission set's role, and people of
// Identity Center themselves. The role's path proves that AWS alone can have
// made it, so its ARN is enough.
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
