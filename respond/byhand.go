package respond

import (
	"fmt"
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

// attachByHand is the containment of a user as a person would make it, for one
// that warden could not make.
func (r *Responder) attachByHand(res Result) manual {
	a := res.Actor
	if a.Kind != trail.IAMUser && a.Kind != trail.IAMUserSession {
		return manual{}
	}
	return manual{commands: []string{"aws iam attach-user-policy --user-name " + quoted(a.Name) + " --policy-arn " + r.denyARN()}}
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
