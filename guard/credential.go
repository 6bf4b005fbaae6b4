package guard

import (
	"fmt"
	"strings"
	"time"

	"warden/trail"
)

// Hand is an event that put a credential into somebody's hands: it made an
// access key or a session, or set a console password. Who makes a key for an
// administrator is one to AWS, and to nobody else: what is done with it, he
// does.
type Hand struct {
	// By did it, in words, and Standing is what he was then. A credential is
	// its owner's again when somebody who is entitled says so: he switches the
	// key on, or sets the password anew.
	By       string
	Standing Standing
	// Incident is that of who did it.
	Incident string
	At       time.Time // of the event
	// Password is the owner's console password: what counts is who knew it
	// when the session began.
	Password bool
}

// held is the newest event until the call that put its credential into
// somebody's hands, where he was none who may; nil where the credential is the
// caller's own. Of two events of one second the outsider's counts.
func (c *caseFile) held() *Hand {
	if c.facts == nil {
		return nil
	}
	var newest *Hand
	for i := range c.facts.Hands {
		h := &c.facts.Hands[i]
		until := c.when()
		if h.Password {
			until = c.by.IssuedAt
		}
		switch {
		case h.At.After(until):
		case newest == nil || h.At.After(newest.At) || h.At.Equal(newest.At) && h.Standing == Outsider:
			newest = h
		}
	}
	if newest == nil || newest.Standing != Outsider {
		return nil
	}
	return newest
}

// whose says whose hands the credential is in, "" for the caller's own.
func (c *caseFile) whose() string {
	switch h := c.j.Held; {
	case h == nil:
		return ""
	case h.Password:
		return fmt.Sprintf(" in a console session with the password that %s, who is no administrator, had set", h.By)
	case c.by.Kind == trail.IAMUser:
		return fmt.Sprintf(" with access key %s, which %s, who is no administrator, made", c.by.AccessKey, h.By)
	default:
		return fmt.Sprintf(" with a session that %s, who is no administrator, got", h.By)
	}
}

// anothers judges a user's call with a credential that an outsider holds. The
// call is the outsider's. Where the user may do by himself what was done, the
// credential alone is contained, and never he.
func (c *caseFile) anothers(user string) (Verdict, string) {
	was := *c.j
	v, _, _ := c.administrator(user, c.userWay())
	unknown := c.j.Settling && c.userWay() != "" // who made the owner an administrator
	*c.j = was                                   // what was found of the owner says nothing of this call
	x, _ := c.exempt()
	if v != "" && !unknown || x != "" {
		c.j.Credential = credentialOf(c.by)
	}
	reason := fmt.Sprintf("%s %s%s", user, c.did(), c.whose())
	if !c.iamWrite() || c.j.Failed {
		return Alert, reason
	}
	if unknown && x == "" {
		c.j.Settling = true
		return Escalate, reason + "; who made the user an administrator is not known yet"
	}
	return Contain, reason
}

// handsOut reports whether the call gives its caller a credential of another
// user's.
func (c *caseFile) handsOut() bool {
	switch c.e.Name {
	case "CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile":
		of := c.e.RequestString("userName")
		return of != "" && !strings.EqualFold(of, c.j.Subject.Name)
	}
	return false
}

// credentialOf names what a user's call was made with: a key, or a session by
// its aws:userid and the time at which its token was issued, which its key may
// outlast.
func credentialOf(by trail.Actor) string {
	if by.Kind == trail.IAMUser {
		return by.AccessKey
	}
	return by.UserID + " " + by.IssuedAt.UTC().Format(time.RFC3339)
}
