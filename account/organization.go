package account

import "encoding/json"

// Organization is the organisation that the account is in. An empty ID means
// that it is in none. Source: AWS Organizations API Reference,
// DescribeOrganization.
type Organization struct {
	ID                string `json:"id,omitempty"`
	ManagementAccount string `json:"managementAccount,omitempty"`
	// AllFeatures: control policies are possible, not only shared bills.
	AllFeatures bool `json:"allFeatures,omitempty"`
}

// CentralRoot says what the organisation does centrally about the root users
// of its members. Source: IAM API Reference, ListOrganizationsFeatures.
type CentralRoot struct {
	RootCredentialsManagement bool `json:"rootCredentialsManagement"`
	RootSessions              bool `json:"rootSessions"`
}

// GuardrailLevel is one level above or at the account with the control
// policies attached to it.
type GuardrailLevel struct {
	ID   string `json:"id"`   // r-…, ou-… or the account id
	Kind string `json:"kind"` // ROOT, ORGANIZATIONAL_UNIT, ACCOUNT
	Name string `json:"name,omitempty"`
	// SCPs and RCPs are nil where the organisation has not enabled the kind.
	SCPs []Guardrail `json:"scps,omitempty"`
	RCPs []Guardrail `json:"rcps,omitempty"`
}

// Guardrail is a service or resource control policy.
type Guardrail struct {
	ID       string          `json:"id"` // p-…
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"`
}
