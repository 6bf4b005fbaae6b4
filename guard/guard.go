// Package guard judges events of an account's trail: which use of an
// identity API is a breach of the rule that only administrators change
// identities, and whose access has to be contained for it.
//
// It is pure. An event and facts about its caller go in, a Judgement comes
// out; time comes in as a value. A fact that could not be read is a gap, and
// a gap escalates to a person: it never means "not an administrator", and
// never "an administrator".
package guard

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"warden/account"
	"warden/finding"
	"warden/guard/detect"
	"warden/trail"
)

// Verdict is what is to be done about an event.
type Verdict string

// The verdicts.
const (
	Ignored  Verdict = "ignored"  // nothing that concerns identities, or normal life
	Allowed  Verdict = "allowed"  // an administrator, an exemption, an AWS service, warden itself
	Alert    Verdict = "alert"    // tell people; nothing is changed
	Contain  Verdict = "contain"  // deny IAM to the caller
	Escalate Verdict = "escalate" // doubt: a person has to look
	Unknown  Verdict = "unknown"  // no facts were supplied to judge by
)

// Facts are what is known of the caller's account when the event is judged.
type Facts struct {
	// Account is the account that warden guards; "" is unknown.
	Account string
	// User is the live IAM user of the caller's name, or of the name of the
	// user behind a federated session; nil when not looked up.
	User *UserFacts
	// Role is the live role of the name of the caller's; nil when not looked
	// up.
	Role *RoleFacts
	// Baseline is what is remembered of the administrators; nil where nothing
	// is remembered, as in a dry run over files. Who is an administrator now
	// then counts as one.
	Baseline *Baseline
	// Hands are the events that put what the caller calls with into
	// somebody's hands, as far as they are remembered; the order does not
	// matter.
	Hands []Hand
	// Gaps are the facts that could not be read.
	Gaps []account.Gap
}

// UserFacts are what IAM says now of the user with the caller's name.
type UserFacts struct {
	Exists bool // false: IAM says that there is no such user
	ID     string
	ARN    string
	Name   string
	Groups []string // names of the groups that the user is in
	Tags   map[string]string
}

// RoleFacts are what IAM says now of the role with the name of the caller's.
type RoleFacts struct {
	Exists bool // false: IAM says that there is no such role
	ID     string
	ARN    string
	Name   string
	Tags   map[string]string
}

// Config is the owner's word on who may change identities.
type Config struct {
	// AdminGroups are the names of the groups whose members may change
	// identities; compared as IAM compares names, whatever their case. Nil
	// means DefaultAdminGroup, an empty list that there is none.
	AdminGroups []string
	// AdminRoles are the exact ARNs, with path, of roles that may.
	AdminRoles []string
	Exemptions []Exemption
	// Protected are the ARNs of users and roles that are never contained:
	// break-glass, deployment and organisation roles.
	Protected []string
	// Self are the ARNs under which warden itself acts.
	Self []string
	// SelfIDs are the unique ids of those of Self whose ids are known, by ARN;
	// of a session AROA…:NAME. Whoever bears the ARN with another id was made
	// since, and is somebody else.
	SelfIDs map[string]string
	// DenyPolicy is the name of the managed policy that contains a user;
	// "" means DefaultDenyPolicy.
	DenyPolicy string
	// DenyAllPolicy is the name of the one that denies everything; "" means
	// DefaultDenyAllPolicy.
	DenyAllPolicy string
	// AdminTag is the tag of an IAM user or role that marks an administrator,
	// as the resource has it; the tags of a session never count. The zero
	// value means none.
	AdminTag Tag
	// Level is what a containment denies; "" means DenyIAM.
	Level Level
	// Budget is how many callers an hour may be contained with everything
	// that is configured; above it a containment is DENY-IAM alone and the
	// rest waits for approval. 0 means DefaultBudget.
	Budget int
	// RevokeSessions denies all sessions of a contained role that were issued
	// before now, not only the caller's.
	RevokeSessions bool
	// SelfService lets everybody change his own password and enrol his own
	// MFA devices. His own access keys are no part of it: a key is how a
	// stolen session is made to last.
	SelfService bool
	// ContainSessions lets role sessions be contained, not only reported.
	ContainSessions bool
	// UndoActions lets what the caller did be taken back.
	UndoActions bool
	// MaxAge marks events older than this in the reason; zero marks none.
	MaxAge time.Duration
}

// Level is what a containment denies.
type Level string

// The levels.
const (
	DenyIAM   Level = "deny-iam" // iam:*
	DenyAll   Level = "deny-all" // everything
	AlertOnly Level = "alert"    // nothing; people are told
)

// Tag is a tag of an IAM user or role.
type Tag struct{ Key, Value string }

// ParseTag reads key=value. Both are compared exactly, although IAM takes keys
// that differ in case for one. Source: IAM User Guide, "Tags for AWS Identity
// and Access Management resources".
func ParseTag(text string) (Tag, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" || value == "" {
		return Tag{}, fmt.Errorf("%q is not a tag: want key=value", text)
	}
	return Tag{Key: key, Value: value}, nil
}

// groupName is what IAM takes. Source: IAM API Reference, CreateGroup.
var groupName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)

// CheckGroups refuses what cannot be the name of a group, such as one with its
// path or an ARN: it would name no administrator.
func CheckGroups(names []string) error {
	for _, n := range names {
		if !groupName.MatchString(n) {
			return fmt.Errorf("%q is not the name of a group: want it without path and ARN, such as %s", n, DefaultAdminGroup)
		}
	}
	return nil
}

// ParseLevel reads the name of a level; "" is DenyIAM.
func ParseLevel(text string) (Level, error) {
	switch l := Level(text); l {
	case "":
		return DenyIAM, nil
	case DenyIAM, DenyAll, AlertOnly:
		return l, nil
	}
	return "", fmt.Errorf("%q is not a level: want %s, %s or %s", text, DenyIAM, DenyAll, AlertOnly)
}

// Defaults of Config.
const (
	DefaultBudget     = 10 // callers an hour
	DefaultAdminGroup = "Administrators"
	DefaultDenyPolicy = "DENY-IAM"

	DefaultDenyAllPolicy = "DENY-ALL"
)

// Judgement is the verdict on one event with what it rests on.
type Judgement struct {
	Event *trail.Event
	Actor trail.Actor
	// Subject is the user or role whose rights the caller acts with: himself,
	// the user behind a federated session, the role behind a role session. A
	// containment acts on it. It is zero where there is none in the account.
	Subject    trail.Issuer
	Detections []*detect.Detection
	Verdict    Verdict
	// Reason is one line for people.
	Reason string
	// Failed marks an attempt: the call was refused or failed.
	Failed   bool
	Severity finding.Severity
	// Incident is the same for every event of one caller: a hash of account
	// and unique id, and of the session for roles. It is "" for events that
	// are ignored or allowed.
	Incident string
	// Held is the event by which an outsider got the credential that the call
	// was made with; nil where it is the caller's own.
	Held *Hand
	// Credential names that credential where it alone is to be contained: who
	// it is made out to may do by himself what the outsider did with it.
	Credential string
	// Standing is what the caller was when he acted, by which what he granted
	// to others counts or does not.
	Standing Standing
	// Settling asks for the event to be judged again in a moment: another of
	// the same moment, which may come after it, decides.
	Settling bool
	// NeedsFacts is true when facts about the caller would change an unknown
	// verdict.
	NeedsFacts bool
}
