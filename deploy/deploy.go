// Package deploy holds what puts warden into an AWS account: CloudFormation
// templates, and the policies in them, resolved for one account. The
// templates are files that can be read and deployed as they are; what is
// printed of one that is too large for a request is the same without comments.
package deploy

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed templates/*.yaml
var files embed.FS

// Templates are the names that Template takes.
func Templates() []string {
	return []string{"guard", "guard-forwarder", "guard-member", "guard-organisation", "guard-operator", "guard-doctor", "audit"}
}

// Template returns a CloudFormation template as it can be handed over in a
// request: its source where that is at most [MaxBody], else the same without
// comments.
func Template(name string) (string, error) {
	text, err := Source(name)
	if err != nil || len(text) <= MaxBody {
		return text, err
	}
	if text, err = compact(text); err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	return text, nil
}

// Source returns a template as it was written, with its comments and with the
// reasons for what linters are told to leave alone.
func Source(name string) (string, error) {
	if !slices.Contains(Templates(), name) {
		return "", fmt.Errorf("there is no template %q: want %s", name, strings.Join(Templates(), ", "))
	}
	data, err := files.ReadFile("templates/" + name + ".yaml")
	return string(data), err
}

// source says where in the templates a policy stands, with which parameters
// it is meant, and whether it spares the protected.
type source struct {
	name, template, resource string
	parameters               map[string]string
	spares                   bool
}

var policies = []source{
	{"guard", "guard", "GuardRolePolicy", nil, true},
	{"guard-undo-actions", "guard", "GuardRolePolicy", map[string]string{"UndoActions": "true"}, true},
	{"guard-deny-all", "guard", "GuardRolePolicy", map[string]string{"Level": "deny-all"}, true},
	{"guard-with-responder", "guard", "GuardRolePolicy", map[string]string{"CreateResponderRole": "true"}, true},
	{"guard-workflow", "guard", "GuardRolePolicy", map[string]string{"ResponseMode": "workflow"}, true},
	{"workflow", "guard", "WorkflowRolePolicy", map[string]string{"ResponseMode": "workflow"}, false},
	{"approver", "guard", "ApproverPolicy", nil, false},
	{"responder", "guard", "ResponderRolePolicy", map[string]string{"CreateResponderRole": "true"}, true},
	{"member", "guard-member", "MemberRolePolicy", nil, true},
	{"operator", "guard-operator", "OperatorRolePolicy", nil, true},
	{"guardrail", "guard-organisation", "GuardrailRolePolicy", nil, false},
	{"doctor", "guard-doctor", "DoctorRolePolicy", nil, false},
	{"audit", "audit", "AuditorPolicy", nil, false},
	{"audit-push", "audit", "PushPolicy", map[string]string{"SecurityHub": "true"}, false},
	{"audit-report", "audit", "ReportPolicy", nil, false},
	{"audit-function", "audit", "FunctionRolePolicy", map[string]string{"LambdaS3BucketName": "code"}, false},
	{"audit-schedule", "audit", "ScheduleRolePolicy", map[string]string{"LambdaS3BucketName": "code"}, false},
}

// Policies are the names that Policy takes.
func Policies() []string {
	var names []string
	for _, p := range policies {
		names = append(names, p.name)
	}
	return names
}

// Policy returns the identity policy of one of warden's roles for an account:
// the one that stands in the template. protected are ARNs that the role must
// not touch.
func Policy(name string, in Place, protected []string) (string, error) {
	i := slices.IndexFunc(policies, func(s source) bool { return s.name == name })
	if i < 0 {
		return "", fmt.Errorf("there is no policy %q: want %s", name, strings.Join(Policies(), ", "))
	}
	parameters := map[string]string{}
	if policies[i].spares {
		parameters["ProtectedArns"] = strings.Join(protected, ",")
	}
	for k, v := range policies[i].parameters {
		parameters[k] = v
	}
	stack, err := Resolve(policies[i].template, in, parameters)
	if err != nil {
		return "", err
	}
	return stack.Document(policies[i].resource, "PolicyDocument")
}

// Document returns a policy document of a resource as JSON, in the order in
// which people write one.
func (s *Stack) Document(resource, property string) (string, error) {
	value, ok := s.Resources[resource].Properties[property]
	if !ok {
		return "", fmt.Errorf("the template has no %s of %s", property, resource)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	var ordered struct {
		Version   string
		Statement []struct {
			Sid       string `json:",omitempty"`
			Effect    string
			Principal any `json:",omitempty"`
			Action    any `json:",omitempty"`
			NotAction any `json:",omitempty"`
			Resource  any `json:",omitempty"`
			Condition any `json:",omitempty"`
		}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&ordered); err != nil {
		return "", fmt.Errorf("%s of %s: %w", property, resource, err)
	}
	out, err := json.MarshalIndent(ordered, "", "  ")
	return string(out), err
}
