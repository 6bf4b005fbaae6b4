package twin

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"warden/account"
)

// stackPolicies are the policies of the two roles of the stack guard that may
// change identities, with everything that their work can need switched on.
// The guard of the sample company has one role and both policies: it is the
// daemon, which runs with one. They are generated from the templates, which
// this package does not know.
//
//go:embed sample_guard.json
var stackPolicies []byte

// stackPolicies are these as the inline policies of a role.
func (c *company) stackPolicies() []account.InlinePolicy {
	var made []struct {
		Name     string
		Document json.RawMessage
	}
	if err := json.Unmarshal(stackPolicies, &made); err != nil {
		panic(fmt.Sprintf("twin/sample_guard.json: %v", err)) // a test reads it
	}
	var out []account.InlinePolicy
	for _, p := range made {
		out = append(out, c.inline(p.Name, string(p.Document)))
	}
	return out
}
