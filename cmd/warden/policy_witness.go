package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/reason"
)

// witnessReport is a request that shows an answer, as it is printed. Its
// request has the form of the cases that warden simulate reads.
type witnessReport struct {
	Request struct {
		Principal struct {
			Type    policy.PrincipalType `json:"type"`
			ARN     string               `json:"arn,omitempty"`
			Account string               `json:"account,omitempty"`
			RoleARN string               `json:"roleArn,omitempty"`
			UserARN string               `json:"userArn,omitempty"`
		} `json:"principal"`
		Action   string `json:"action"`
		Resource struct {
			ARN     string `json:"arn"`
			Account string `json:"account,omitempty"`
		} `json:"resource"`
		Context map[string]any `json:"context"`
	} `json:"request"`
	Allows        []policy.StatementRef `json:"allows"`
	Denies        []policy.StatementRef `json:"denies,omitempty"`
	Grant         string                `json:"grant,omitempty"`
	UnknownAction bool                  `json:"unknownAction,omitempty"`
	OtherResource bool                  `json:"otherResource,omitempty"`
}

func newWitnessReport(w *reason.Witness) *witnessReport {
	if w == nil {
		return nil
	}
	r := &witnessReport{Allows: w.Allows, Denies: w.Denies, Grant: w.Grant, UnknownAction: w.UnknownAction, OtherResource: w.OtherResource}
	p := &w.Request.Principal
	q := &r.Request.Principal
	q.Type, q.ARN, q.Account, q.RoleARN, q.UserARN = p.Type, p.ARN, p.Account, p.RoleARN, p.UserARN
	r.Request.Action = w.Request.Action
	r.Request.Resource.ARN, r.Request.Resource.Account = w.Request.Resource.ARN, w.Request.Resource.Account
	r.Request.Context = map[string]any{}
	for k, v := range w.Request.Context {
		if v.Multi {
			r.Request.Context[k] = append([]string{}, v.Values...)
		} else {
			r.Request.Context[k] = v.Values[0]
		}
	}
	return r
}

// print writes the request for people; nothing for nil.
func (r *witnessReport) print(w io.Writer, title string) {
	if r == nil {
		return
	}
	fmt.Fprintf(w, "\n%s:\n  %s on %s\n", title, r.Request.Action, r.Request.Resource.ARN)
	if r.UnknownAction {
		fmt.Fprintf(w, "         (no action of this name is known today)\n")
	}
	if r.OtherResource {
		fmt.Fprintf(w, "         (no resource of this form is known for the action)\n")
	}
	p := r.Request.Principal
	switch {
	case p.ARN == "":
		fmt.Fprintf(w, "  by     %s\n", p.Type)
	default:
		fmt.Fprintf(w, "  by     %s %s\n", p.Type, p.ARN)
	}
	if p.RoleARN != "" {
		fmt.Fprintf(w, "         of role %s\n", p.RoleARN)
	}
	for _, k := range slices.Sorted(maps.Keys(r.Request.Context)) {
		fmt.Fprintf(w, "  with   %s = %s\n", k, contextText(r.Request.Context[k]))
	}
	if r.Grant != "" {
		fmt.Fprintf(w, "  granted %s\n", r.Grant)
	}
	for _, ref := range r.Allows {
		fmt.Fprintf(w, "  allowed by %s\n", ref)
	}
	for _, ref := range r.Denies {
		fmt.Fprintf(w, "  denied by  %s\n", ref)
	}
}

func contextText(v any) string {
	if values, ok := v.([]string); ok {
		quoted := make([]string, len(values))
		for i := range values {
			quoted[i] = fmt.Sprintf("%q", values[i])
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprintf("%q", v)
}
