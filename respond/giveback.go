package respond

import (
	"cmp"
	"strings"

	"warden/notify"
)

// Operators name the roles by which people give back what the guard did. Its
// own cannot: they attach what denies, and do not detach it.
type Operators struct {
	// Role is the ARN of the one in the account that is guarded, Home of the
	// one in the account of the ledger, which is the same where that is guarded
	// itself. "" is for none that is known.
	Role, Home string
}

// fillIn stands in a command for what only a person knows.
const fillIn = "ROLE"

// undoCommand gives an incident back.
func (r *Responder) undoCommand(incident string) string {
	command := []string{"warden", "undo", incident, "--apply"}
	if r.LedgerFlag != "" {
		command = append(command, r.LedgerFlag)
	}
	if by := r.Operators; r.MemberRole == "" {
		if by.Role != "" {
			command = append(command, "--role-arn", by.Role)
		}
	} else {
		if by.Home != "" {
			command = append(command, "--role-arn", by.Home)
		}
		command = append(command, "--member-role", cmp.Or(by.Role, "arn:"+r.partition()+":iam::"+r.Account+":role/"+fillIn))
	}
	if r.Guardrail != nil && r.Guardrail.Role != "" {
		command = append(command, "--guardrail-role", r.Guardrail.Role)
	}
	return strings.Join(command, " ")
}

// undoWith says what the command needs that it does not name: in an account
// that is reached by a role, one that people may take.
func (r *Responder) undoWith() string {
	if r.MemberRole == "" || r.Operators.Role != "" {
		return ""
	}
	with := fillIn + ": a role of account " + r.Account + " that you may take, and that may detach policies and change access keys; " +
		nameOf(r.MemberRole) + " is the guard's alone"
	if r.Guardrail != nil && r.Guardrail.Role != "" {
		with += "; " + nameOf(r.Guardrail.Role) + " has to trust you too where " + nameOf(r.Guardrail.PolicyARN) + " denies him"
	}
	return with
}

// giveBack adds to a message how an incident is given back.
func (r *Responder) giveBack(d *notify.Details, incident string) {
	d.Undo, d.UndoWith = r.undoCommand(incident), r.undoWith()
}

// undoLines are the lines that say how an incident is given back.
func (r *Responder) undoLines(incident string) string {
	lines := "undo   " + r.undoCommand(incident) + "\n"
	if with := r.undoWith(); with != "" {
		lines += "with   " + with + "\n"
	}
	return lines
}
