package twin

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"warden/policy"
)

// The policy of the event bus: who else may send to it. EventBridge API
// Reference, PutPermission and RemovePermission; User Guide, "Permissions for
// event buses in Amazon EventBridge".

// maxBusPolicy is the longest policy of a bus ("EventBridge quotas").
const maxBusPolicy = 10240

// busPolicy is the policy of a bus. It is never changed.
type busPolicy struct {
	text     string
	document *policy.Document
}

// parsed is the document, nil where there is no policy.
func (p *busPolicy) parsed() *policy.Document {
	if p == nil {
		return nil
	}
	return p.document
}

func authorizeDescribeEventBus(c *call, in *eventbridge.DescribeEventBusInput) ([]demand, error) {
	return []demand{{action: "events:DescribeEventBus", resource: c.t.busARN()}}, c.t.defaultBus(in.Name)
}

func describeEventBus(c *call, _ *eventbridge.DescribeEventBusInput) (*eventbridge.DescribeEventBusOutput, error) {
	out := &eventbridge.DescribeEventBusOutput{Name: ptr("default"), Arn: ptr(c.t.busARN())}
	if p := c.t.bus.policy.Load(); p != nil {
		out.Policy = ptr(p.text)
	}
	return out, nil
}

func authorizePutPermission(c *call, in *eventbridge.PutPermissionInput) ([]demand, error) {
	return []demand{{action: "events:PutPermission", resource: "*"}}, c.t.defaultBus(in.EventBusName)
}

var (
	statementForm   = regexp.MustCompile(`^[a-zA-Z0-9\-_]{1,64}$`)
	busGranteeForm  = regexp.MustCompile(`^(\d{12}|\*)$`)
	emptyStatements = []json.RawMessage{}
)

// putPermission sets the whole policy, or one statement of it.
func putPermission(c *call, in *eventbridge.PutPermissionInput) (*eventbridge.PutPermissionOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if in.Policy != nil {
		return &eventbridge.PutPermissionOutput{}, b.setPolicy(*in.Policy)
	}
	switch {
	case in.StatementId == nil || !statementForm.MatchString(*in.StatementId):
		return nil, invalid("1 validation error detected: Value '%s' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+", deref(in.StatementId))
	case in.Principal == nil || !busGranteeForm.MatchString(*in.Principal):
		return nil, invalid("1 validation error detected: Value '%s' at 'principal' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\d{12}|\\*)", deref(in.Principal))
	case deref(in.Action) != "events:PutEvents":
		return nil, invalid("Provided value in parameter 'action' is not supported.")
	}
	condition, err := busCondition(in.Condition)
	if err != nil {
		return nil, err
	}
	principal := any("*")
	if *in.Principal != "*" {
		principal = map[string]string{"AWS": "arn:" + c.t.partition + ":iam::" + *in.Principal + ":root"}
	}
	statement, err := json.Marshal(struct {
		Sid       string
		Effect    string
		Principal any
		Action    string
		Resource  string
		Condition any `json:",omitempty"`
	}{*in.StatementId, "Allow", principal, "events:PutEvents", c.t.busARN(), condition})
	if err != nil {
		return nil, err
	}
	statements := slices.DeleteFunc(b.statements(), func(s json.RawMessage) bool { return sidOf(s) == *in.StatementId })
	return &eventbridge.PutPermissionOutput{}, b.setStatements(append(statements, statement))
}

// busCondition is the condition of a statement: only the id of an organization
// can be asked for.
func busCondition(in *types.Condition) (any, error) {
	if in == nil {
		return nil, nil
	}
	if deref(in.Type) != "StringEquals" || deref(in.Key) != "aws:PrincipalOrgID" || deref(in.Value) == "" {
		return nil, invalid("The condition must be of type StringEquals with the key aws:PrincipalOrgID.")
	}
	return map[string]map[string]string{"StringEquals": {"aws:PrincipalOrgID": *in.Value}}, nil
}

func authorizeRemovePermission(c *call, in *eventbridge.RemovePermissionInput) ([]demand, error) {
	return []demand{{action: "events:RemovePermission", resource: "*"}}, c.t.defaultBus(in.EventBusName)
}

func removePermission(c *call, in *eventbridge.RemovePermissionInput) (*eventbridge.RemovePermissionOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &eventbridge.RemovePermissionOutput{}
	if in.RemoveAllPermissions {
		b.policy.Store(nil)
		return out, nil
	}
	all := b.statements()
	rest := slices.DeleteFunc(slices.Clone(all), func(s json.RawMessage) bool { return sidOf(s) == deref(in.StatementId) })
	if len(rest) == len(all) {
		return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "Statement with the provided id does not exist.")
	}
	return out, b.setStatements(rest)
}

// statements are those of the policy; the bus's lock must be held.
func (b *bus) statements() []json.RawMessage {
	p := b.policy.Load()
	if p == nil {
		return emptyStatements
	}
	var many struct{ Statement []json.RawMessage }
	if json.Unmarshal([]byte(p.text), &many) == nil {
		return many.Statement
	}
	var one struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(p.text), &one) == nil {
		return []json.RawMessage{one.Statement}
	}
	return emptyStatements
}

func sidOf(statement json.RawMessage) string {
	var s struct{ Sid string }
	if json.Unmarshal(statement, &s) != nil {
		return ""
	}
	return s.Sid
}

func (b *bus) setStatements(statements []json.RawMessage) error {
	if len(statements) == 0 {
		b.policy.Store(nil)
		return nil
	}
	text, err := json.Marshal(struct {
		Version   string
		Statement []json.RawMessage
	}{"2012-10-17", statements})
	if err != nil {
		return err
	}
	return b.setPolicy(string(text))
}

// setPolicy checks and keeps a policy.
func (b *bus) setPolicy(text string) error {
	if len(text) > maxBusPolicy {
		return fail(http.StatusBadRequest, "PolicyLengthExceededException", "The policy of the event bus is longer than %d characters.", maxBusPolicy)
	}
	d, err := policy.Parse(b.t.busARN(), []byte(text))
	if err != nil {
		return invalid("The policy is not valid: %v", err)
	}
	for _, s := range d.Statements {
		switch {
		case len(s.Principals)+len(s.NotPrincipals) == 0:
			return invalid("The policy is not valid: a statement has no principal.")
		case len(s.Resources)+len(s.NotResources) == 0:
			return invalid("The policy is not valid: a statement has no resource.")
		}
	}
	b.policy.Store(&busPolicy{text, d})
	return nil
}
