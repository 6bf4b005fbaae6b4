package twin

import (
	"net/http"
	"slices"

	"warden/policy"
)

// AWS Account Management: the alternate contacts of the account. Errors are
// those of the AWS Account Management API Reference.

var contactService = &service{name: "account", source: "account.amazonaws.com", protocol: restJSON, global: true, layout: "Jan 2, 2006, 3:04:05 PM", routes: []route{
	{method: "POST", path: "/getAlternateContact", operation: "GetAlternateContact"},
	{method: "POST", path: "/putAlternateContact", operation: "PutAlternateContact"},
	{method: "POST", path: "/deleteAlternateContact", operation: "DeleteAlternateContact"},
}}

// alternateContact is whom AWS writes to.
type alternateContact struct{ AlternateContactType, EmailAddress, Name, PhoneNumber, Title string }

func contactOperations() map[string]operation {
	return map[string]operation{
		"GetAlternateContact": op(func(c *call, in *contactRequest) ([]demand, error) {
			return c.onContact("GetAlternateContact", in.AccountId, in.AlternateContactType)
		}, getContact),
		"PutAlternateContact": op(func(c *call, in *putContactRequest) ([]demand, error) {
			if in.EmailAddress == "" || in.Name == "" || in.PhoneNumber == "" || in.Title == "" {
				return nil, contactInvalid("EmailAddress, Name, PhoneNumber and Title are required")
			}
			return c.onContact("PutAlternateContact", in.AccountId, in.AlternateContactType)
		}, putContact),
		"DeleteAlternateContact": op(func(c *call, in *contactRequest) ([]demand, error) {
			return c.onContact("DeleteAlternateContact", in.AccountId, in.AlternateContactType)
		}, deleteContact),
	}
}

type contactRequest struct{ AccountId, AlternateContactType string }

type putContactRequest struct{ AccountId, AlternateContactType, EmailAddress, Name, PhoneNumber, Title string }

func contactInvalid(format string, args ...any) error {
	return fail(http.StatusBadRequest, "ValidationException", format, args...)
}

// onContact asks for the permission on the account's own contacts. Service
// Authorization Reference, AWS Account Management.
func (c *call) onContact(operation, accountID, kind string) ([]demand, error) {
	if !slices.Contains([]string{"BILLING", "OPERATIONS", "SECURITY"}, kind) {
		return nil, contactInvalid("AlternateContactType must be BILLING, OPERATIONS or SECURITY")
	}
	if accountID != "" && accountID != c.t.account {
		return nil, refuse(http.StatusForbidden, "AccessDeniedException", "The twin tells of the caller's own account only.")
	}
	return []demand{{action: "account:" + operation, resource: "arn:" + c.t.partition + ":account::" + c.t.account + ":account",
		context: policy.Context{"account:alternatecontacttypes": policy.Many(kind)}}}, nil
}

type contactAnswer struct{ AlternateContact alternateContact }

func noContact(kind string) error {
	return fail(http.StatusNotFound, "ResourceNotFoundException", "No contact of the inputted alternate contact type found: %s", kind)
}

func getContact(c *call, in *contactRequest) (*contactAnswer, error) {
	x, ok := c.t.contacts[in.AlternateContactType]
	if !ok {
		return nil, noContact(in.AlternateContactType)
	}
	return &contactAnswer{x}, nil
}

func putContact(c *call, in *putContactRequest) (*noMembers, error) {
	c.t.contacts[in.AlternateContactType] = alternateContact{in.AlternateContactType, in.EmailAddress, in.Name, in.PhoneNumber, in.Title}
	return &noMembers{}, nil
}

func deleteContact(c *call, in *contactRequest) (*noMembers, error) {
	if _, ok := c.t.contacts[in.AlternateContactType]; !ok {
		return nil, noContact(in.AlternateContactType)
	}
	delete(c.t.contacts, in.AlternateContactType)
	return &noMembers{}, nil
}
