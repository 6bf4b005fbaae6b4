package main

import (
	"encoding/json"
	"fmt"

	"warden/policy"
)

// mostGrants bounds the requests for which a statement is looked for: each
// asks the engine once more.
const mostGrants = 20

// grant is the smallest statement of his own that would allow a request which
// nothing allows; nil where none would, because something denies or another
// layer leaves no room. The engine proves it: it is asked again with the
// statement.
func grant(w who, q asked, owner string, was answer) json.RawMessage {
	if was.Decision != policy.ImplicitlyDenied || was.Depends {
		return nil
	}
	type one struct{ Effect, Action, Resource string }
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": one{"Allow", q.action, q.resource}})
	if err != nil {
		return nil
	}
	doc, err := policy.Parse("the statement", text)
	if err != nil {
		return nil
	}
	after, _, err := w.with(proposal{file: "the statement", document: doc, text: text})
	if err != nil {
		return nil // he is not one who could get a policy
	}
	if a := after.ask(q.action, q.resource, owner, q.context); a.Decision != policy.Allowed || a.Depends {
		return nil
	}
	statement, err := json.Marshal(one{"Allow", q.action, q.resource})
	if err != nil {
		return nil
	}
	return statement
}

func (a answer) grantLine() string {
	return fmt.Sprintf("\n%s on %s: the smallest statement that would allow it: %s\n", a.Action, a.Resource, a.Grant)
}
