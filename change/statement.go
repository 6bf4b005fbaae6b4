package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
)

// Statement is one statement of a document that incidents share: of an inline
// policy (Target is the user or role, Name "policy/Sid"), or of an
// organisation's service control policy (Target is its ARN, Name the Sid). Text
// is the statement as JSON. So two incidents that write to one document do
// not stand in the way of each other's undo.
const Statement Kind = "statement"

// UpdateGuardrailAction is the operation UpdatePolicy of AWS Organizations.
const UpdateGuardrailAction Action = "UpdatePolicy"

// GuardrailSize is how long a service control policy may be, in characters.
// Source: AWS Organizations User Guide, "Quotas and service limits".
const GuardrailSize = 5120

// PutStatement puts a denial into the inline policy of a user or role; former
// is the statement of its id that is there now.
func PutStatement(on Identity, policyName string, former State, d Denial) Step {
	return Transition(StatementSetting(on.ARN, policyName, d.Sid()), on.ID, former, Is(d.Statement()))
}

// PutGuardrail puts a denial into a service control policy.
func PutGuardrail(policyARN string, former State, d Denial) Step {
	return Transition(Setting{Statement, policyARN, d.Sid()}, "", former, Is(d.Statement()))
}

// StatementSetting is the setting of one statement of an inline policy.
func StatementSetting(identity, policyName, sid string) Setting {
	return Setting{Statement, identity, policyName + "/" + sid}
}

// StatementPlace splits the name of a Statement into the inline policy, empty
// in a service control policy, and the Sid.
func (s Setting) StatementPlace() (policyName, sid string) {
	if IsGuardrail(s.Target) {
		return "", s.Name
	}
	policyName, sid, _ = strings.Cut(s.Name, "/")
	return policyName, sid
}

// IsGuardrail reports whether the ARN is that of a service control policy:
// arn:aws:organizations::MANAGEMENT:policy/o-…/service_control_policy/p-….
func IsGuardrail(arn string) bool {
	a, err := account.ParseARN(arn)
	return err == nil && a.Service == "organizations" && strings.HasPrefix(a.Resource, "policy/") && strings.Contains(a.Resource, "/service_control_policy/p-")
}

// deriveStatement finds the call for a statement. The one that takes away the
// last statement of an inline policy deletes the policy.
func deriveStatement(s Setting, before, after State, bad func(string) (Action, error)) (Action, error) {
	policyName, sid := s.StatementPlace()
	if sid == "" || strings.Contains(sid, "/") {
		return bad("it names no statement")
	}
	for _, st := range []State{before, after} {
		if st.Exists && statementSid([]byte(st.Text)) != sid {
			return bad("the text is not the statement " + sid)
		}
	}
	if IsGuardrail(s.Target) {
		return UpdateGuardrailAction, nil
	}
	if policyName == "" {
		return bad("it names no inline policy")
	}
	switch targetType(s.Target) {
	case "user":
		return PutUserPolicyAction, nil
	case "role":
		return PutRolePolicyAction, nil
	}
	return bad("the target is neither a user or role nor a service control policy")
}

func (s Setting) statementString() string {
	policyName, sid := s.StatementPlace()
	if policyName == "" {
		return "statement " + sid + " of service control policy " + lastPart(s.Target)
	}
	return "statement " + sid + " of inline policy " + policyName + " of " + shortARN(s.Target)
}

// statementText says in one line what a step does to a statement.
func (s Step) statementText() string {
	if s.After.Exists {
		return fmt.Sprintf("%s: put %s", s.Action, s.Setting)
	}
	return fmt.Sprintf("%s: remove %s", s.Action, s.Setting)
}

func lastPart(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func statementSid(raw []byte) string {
	var s struct{ Sid string }
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s.Sid
}

// document is a policy document whose statements are kept as they are.
type document struct {
	Version   string            `json:",omitempty"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"-"`
}

// readDocument reads a document, empty for one that does not exist. It fails
// rather than lose what it does not understand.
func readDocument(text string) (document, error) {
	var w struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if text == "" {
		return document{Version: "2012-10-17"}, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return document{}, fmt.Errorf("the policy that is there cannot be read: %w", err)
	}
	doc := document{Version: w.Version, ID: w.ID}
	if bytes.HasPrefix(w.Statement, []byte("{")) {
		doc.Statement = []json.RawMessage{w.Statement}
	} else if err := json.Unmarshal(w.Statement, &doc.Statement); err != nil {
		return document{}, fmt.Errorf("the policy that is there cannot be read: %w", err)
	}
	return doc, nil
}

func (d document) text() string {
	if len(d.Statement) == 0 {
		return ""
	}
	return string(encode(struct {
		document
		List []json.RawMessage `json:"Statement"`
	}{d, d.Statement}))
}

// StatementIn returns the state of one statement of a document; "" is a
// document that does not exist. A denial that was merged with others is
// found among them.
func StatementIn(text, sid string) (State, error) {
	doc, err := readDocument(text)
	if err != nil {
		return State{}, err
	}
	for _, raw := range doc.Statement {
		if statementSid(raw) == sid {
			return Is(string(raw)), nil
		}
	}
	for _, raw := range doc.Statement {
		if d, values, at, ok := readDenials(raw); ok && at == mergedSid(d) {
			if m, ok := memberOf(d, values, sid); ok {
				return Is(m.Statement()), nil
			}
		}
	}
	return Absent, nil
}

// AddStatement returns the document with one statement more at its end; one of
// the same id is replaced.
func AddStatement(text, sid, statement string) (string, error) {
	return SetStatement(text, sid, Is(statement), time.Time{})
}

// SetStatement returns the document with one statement as st says, in the
// place where it was, else among warden's own in the order of their ids; ""
// when nothing is left. All others stay as they are, except denials that have
// expired at the time now: they deny nothing any more and only take room.
func SetStatement(text, sid string, st State, now time.Time) (string, error) {
	doc, err := readDocument(text)
	if err != nil {
		return "", err
	}
	var list []json.RawMessage
	placed := false
	there := slices.ContainsFunc(doc.Statement, func(raw json.RawMessage) bool { return statementSid(raw) == sid })
	for _, raw := range doc.Statement {
		d, values, at, ok := readDenials(raw)
		if st.Exists && !placed && (statementSid(raw) == sid || !there && ok && at > sid) {
			list, placed = append(list, json.RawMessage(st.Text)), true
		}
		switch {
		case statementSid(raw) == sid:
		case ok && d.Expired(now):
		case ok && at == mergedSid(d):
			m, member := memberOf(d, values, sid)
			if !member {
				list = append(list, raw)
				continue
			}
			kept := make([]string, 0, len(values))
			for _, v := range values {
				if v != m.Value {
					kept = append(kept, v)
				}
			}
			if len(kept) > 0 {
				list = append(list, json.RawMessage(denials(at, d, kept)))
			}
		default:
			list = append(list, raw)
		}
	}
	if st.Exists && !placed {
		list = append(list, json.RawMessage(st.Text))
	}
	doc.Statement = list
	return doc.text(), nil
}

// MergeStatements returns the document with warden's denials merged where
// that makes it shorter; the ids of the merged ones are still found by
// StatementIn and removed by SetStatement.
func MergeStatements(text string) (merged string, shorter bool) {
	doc, err := readDocument(text)
	if err != nil {
		return text, false
	}
	doc.Statement = merge(doc.Statement)
	if out := doc.text(); len(out) < len(text) {
		return out, true
	}
	return text, false
}
