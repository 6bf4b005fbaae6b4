package detect

import (
	"encoding/json"
	"strings"
)

// outsiders returns the principals that a trust policy lets in from outside
// the account: "*", and users, roles and accounts of other accounts. A
// document that cannot be read has none; the event is detected all the same
// by its name.
func outsiders(document, account string) []string {
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(document), &doc) != nil {
		return nil
	}
	type statement struct {
		Effect    string
		Principal json.RawMessage
	}
	var statements []statement
	if json.Unmarshal(doc.Statement, &statements) != nil {
		var one statement
		if json.Unmarshal(doc.Statement, &one) != nil {
			return nil
		}
		statements = []statement{one}
	}
	var out []string
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		for _, p := range principals(s.Principal) {
			if a := accountOf(p); p == "*" || a != "" && a != account {
				out = append(out, p)
			}
		}
	}
	return out
}

// principals lists "*" and the AWS principals of a Principal element.
func principals(raw json.RawMessage) []string {
	var star string
	if json.Unmarshal(raw, &star) == nil {
		return []string{star}
	}
	var by map[string]json.RawMessage
	if json.Unmarshal(raw, &by) != nil {
		return nil
	}
	var many []string
	if json.Unmarshal(by["AWS"], &many) == nil {
		return many
	}
	if json.Unmarshal(by["AWS"], &star) == nil {
		return []string{star}
	}
	return nil
}

// accountOf is the account of a principal: an account id or an ARN. It is ""
// for the unique id that stands where a principal was deleted.
func accountOf(principal string) string {
	if parts := strings.SplitN(principal, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	if len(principal) == 12 && strings.Trim(principal, "0123456789") == "" {
		return principal
	}
	return ""
}
