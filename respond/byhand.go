package respond

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"warden/change"
	"warden/finding"
	"warden/guard"
	"warden/guard/detect"
	"warden/notify"
	"warden/trail"
)

// manual is what a person has to do.
type manual struct {
	next     string   // in a few words
	commands []string // exactly, a line each; words in capitals are to be filled in
}

// in puts the commands into a message, whole.
func (m manual) in(msg notify.Message) notify.Message {
	for _, c := range m.commands {
		msg.Text += "run    " + c + "\n"
	}
	return msg
}

// byHand says what a person has to do about a caller whom nothing in the
// account can deny. It is empty for all others, and for what was only tried.
func (r *Responder) byHand(res Result) manual {
	a := res.Actor
	if res.Failed || res.Event == nil || !detect.IAMWrite(res.Event.Source, res.Event.Name) {
		return manual{}
	}
	switch a.Kind {
	case trail.Root:
		m := manual{next: "sign in as root from a machine that is clean, change the password, look at the MFA devices, and delete the access keys"}
		key := a.AccessKey
		if key == "" {
			key = "KEY"
		}
		m.commands = []string{"aws iam list-mfa-devices", "aws iam delete-access-key --access-key-id " + key}
		if r.Guardrail != nil && !r.Guardrail.binds(r.Account) {
			m.next += "; policies of the organisation do not bind its management account"
			return m
		}
		m.next += "; the lines aws iam are for root's credentials, the lines aws organizations for the management account's"
		m.commands = append(m.commands, r.scpCommands(a)...)
		return m
	case trail.IdentityCenter:
		return manual{
			next: "end the assignment in Identity Center; sessions that exist go on until they end, so deny them by a policy of the organisation",
			commands: append([]string{
				"aws identitystore list-users --identity-store-id STORE --filters AttributePath=UserName,AttributeValue=" + quoted(a.SessionName),
				fmt.Sprintf("aws sso-admin delete-account-assignment --instance-arn INSTANCE --target-type AWS_ACCOUNT --target-id %s --principal-type USER --principal-id USERID --permission-set-arn ARN-OF-%s",
					r.Account, permissionSet(a)),
			}, r.scpCommands(a)...),
		}
	case trail.ServiceLinked:
		return manual{
			next:     "only its service can use the role, and no policy binds it: ask who uses the service; to delete the role stops the service",
			commands: []string{"aws iam delete-service-linked-role --role-name " + quoted(a.Name)},
		}
	}
	return manual{}
}

// denyByHand is the containment of a caller as a person would make it, for one
// that warden could not make: a user by the deny policy, a key by its status,
// a session by the statement that warden itself tried to write.
func (r *Responder) denyByHand(ctx context.Context, res Result, cause error) manual {
	user := res.Subject.Name
	if res.live != nil {
		user = res.live.Name // he may have been renamed since
	}
	const by = ", with an administrator's credentials"
	switch a := res.Actor; {
	case res.Credential != "" && a.Kind == trail.IAMUser:
		return manual{
			next:     "make the key inactive by the line run" + by + "; its owner goes on with his others",
			commands: []string{"aws iam update-access-key --user-name " + quoted(user) + " --access-key-id " + quoted(a.AccessKey) + " --status Inactive"},
		}
	case res.Credential != "" && isUser(a.Kind) && res.live != nil:
		return r.sessionByHand(ctx, res, res.live.ARN, "aws iam put-user-policy --user-name "+quoted(user), by, cause)
	case isUser(a.Kind) && res.Credential == "" && user != "":
		return manual{
			next:     "deny him IAM by the line run" + by,
			commands: []string{"aws iam attach-user-policy --user-name " + quoted(user) + " --policy-arn " + r.denyARN()},
		}
	case a.Kind == trail.AssumedRole:
		role, err := r.liveRole(ctx, a)
		if err != nil {
			return manual{} // there is nothing to deny, or it could not be read
		}
		return r.sessionByHand(ctx, res, role.ARN, "aws iam put-role-policy --role-name "+quoted(nameOf(role.ARN)), by, cause)
	}
	return manual{}
}

// maxByHand is the longest document, in characters, that a message shows in a
// command: Slack takes 3,000 for all of it.
const maxByHand = 1500

// plainDocument is one that stands in a line of a shell between single quotes.
var plainDocument = regexp.MustCompile(`^[ -&(-~]+$`)

// sessionByHand denies one session as warden would: by its statement in the
// inline policy of the denied sessions, with those that are there. To put an
// inline policy replaces it whole, so where what is there cannot be shown the
// statement gets a policy of its own.
func (r *Responder) sessionByHand(ctx context.Context, res Result, owner, put, by string, cause error) manual {
	d, err := r.triedDenial(ctx, res)
	if err != nil {
		return manual{}
	}
	name := guard.SessionPolicyName(r.Guard.DenyPolicy)
	now, err := r.Lookup.Setting(ctx, change.Setting{Kind: change.Inline, Target: owner, Name: name})
	document := ""
	if err == nil {
		document, err = change.SetStatement(now.Text, d.Sid(), change.Is(d.Statement()), r.Now())
	}
	if err != nil || len(document) > maxByHand || !plainDocument.MatchString(document) {
		name += "-" + d.Sid()
		if document, err = change.AddStatement("", d.Sid(), d.Statement()); err != nil || !plainDocument.MatchString(document) {
			return manual{}
		}
	}
	what, others := "this one session", "; others of the role go on"
	if typeOf(owner) == "user" {
		// To AWS all sessions of a user have the same aws:userid.
		what, others = "his sessions until this one", "; his keys and later sessions go on"
	}
	m := manual{
		next:     "deny " + what + " by the line run" + by + others,
		commands: []string{put + " --policy-name " + name + " --policy-document '" + document + "'"},
	}
	if strings.Contains(cause.Error(), "AccessDenied") && r.MemberRole == "" {
		m.next += ". With CreateResponderRole=true the guard's stack has a role by which warden does this itself"
	}
	return m
}

// triedDenial is the denial of the session that was tried, so that warden finds
// it in place when it tries again; else the one that it would write.
func (r *Responder) triedDenial(ctx context.Context, res Result) (change.Denial, error) {
	a := res.Actor
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return change.Denial{}, err
	}
	for _, s := range slices.Backward(in.Steps) {
		was, ok := change.ReadDenial(s.Step.After.Text)
		if ok && !s.Undo && s.UndoneBy == "" && s.Step.Kind == change.Statement && !change.IsGuardrail(s.Step.Target) &&
			was.Key == change.UserID && was.Value == a.UserID && !a.IssuedAt.After(was.Until) {
			return was, nil
		}
	}
	level := guard.DenyIAM
	if r.Guard.Level == guard.DenyAll {
		level = guard.DenyAll
	}
	if a.Kind != trail.AssumedRole {
		return level.Session(a.UserID, a.IssuedAt), nil
	}
	d, _ := r.sessionDenial(in, level, a)
	return d, nil
}

// quoted is a text that a caller chose, as one word of a shell.
func quoted(s string) string {
	return "'" + strings.ReplaceAll(notify.Line(s), "'", "?") + "'"
}

// permissionSet is the name of the permission set behind a role
// AWSReservedSSO_NAME_HASH.
func permissionSet(a trail.Actor) string {
	name := strings.TrimPrefix(a.Name, "AWSReservedSSO_")
	if i := strings.LastIndexByte(name, '_'); i > 0 {
		name = name[:i]
	}
	return quoted(name)
}

// scpCommands make and attach a policy of the organisation that denies a
// caller.
func (r *Responder) scpCommands(a trail.Actor) []string {
	d, _, _, err := r.organisationDenial(guard.DenyIAM, a)
	if err != nil {
		return nil
	}
	document, err := change.AddStatement("", d.Sid(), d.Statement())
	if err != nil {
		return nil
	}
	return []string{
		"aws organizations create-policy --type SERVICE_CONTROL_POLICY --name " + strings.ToLower(d.Sid()) + " --description 'denies one caller' --content '" +
			strings.ReplaceAll(document, "'", "?") + "'",
		"aws organizations attach-policy --target-id " + r.Account + " --policy-id POLICYID",
	}
}

// byHandMessage is about a caller whom warden cannot contain, although it
// should.
func (r *Responder) byHandMessage(res Result, err error) notify.Message {
	m := r.byHand(res)
	d := details(res)
	d.State = "NOT contained: " + oneLine(err)
	if d.Next = m.next; d.Next == "" {
		d.Next = "contain him by hand"
	}
	return m.in(message(res, finding.Critical, "warden could NOT contain "+caller(res.Actor), d))
}
