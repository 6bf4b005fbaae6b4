package detect

import (
	"warden/finding"
)

var passwordRecover = Detection{
	ID:         "signin.password.recover",
	Title:      "Root password or e-mail changed",
	Why:        "The way to take over an account from its mailbox.",
	Techniques: []string{"T1098"},
	Severity:   finding.High,
	Events:     on("signin", "PasswordRecoveryRequested", "PasswordRecoveryCompleted", "PasswordUpdated", "EmailUpdated"),
	Hits: []Example{
		{Call: "signin:PasswordRecoveryRequested", By: "root"},
		{Call: "signin:PasswordUpdated", By: "root"},
	},
	Misses: []Example{
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Success"}`},
	},
}
