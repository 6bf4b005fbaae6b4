package main

import (
	"slices"

	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/policy"
)

// escalationReport is the JSON form of escalate.
type escalationReport struct {
	Account        string                `json:"account"`
	Administrators []administratorReport `json:"administrators"`
	Unclear        []administratorReport `json:"unclear"`
	Ways           []wayReport           `json:"ways"`
	Clear          int                   `json:"clear"`
	Cuts           []cutReport           `json:"cuts"`
	Incomplete     []string              `json:"incomplete"`
	NotConsidered  []string              `json:"notConsidered"`
}

type administratorReport struct {
	Principal string          `json:"principal"`
	ARN       string          `json:"arn"`
	State     authorize.State `json:"state"`
	DependsOn []string        `json:"dependsOn"`
	Why       []string        `json:"why"`
}

type wayReport struct {
	Principal string          `json:"principal"`
	ARN       string          `json:"arn"`
	State     authorize.State `json:"state"`
	Steps     []stepReport    `json:"steps"`
}

type stepReport struct {
	Path     string                `json:"path"`
	Title    string                `json:"title"`
	Kind     escalation.Kind       `json:"kind"`
	From     string                `json:"from"`
	To       string                `json:"to"` // "administrator", or an ARN
	Through  string                `json:"through,omitempty"`
	State    authorize.State       `json:"state"`
	HangsOn  []string              `json:"hangsOn"`
	Evidence []escalation.Evidence `json:"evidence"`
}

type cutReport struct {
	Statement  policy.StatementRef `json:"statement"`
	AWSManaged bool                `json:"awsManaged"`
	Stopped    []string            `json:"stopped"`
	Weakened   []string            `json:"weakened"`
}

func newEscalationReport(a *authorize.Authorizer, r escalation.Report, cuts []escalation.Cut) escalationReport {
	out := escalationReport{Account: a.Account(), Administrators: newAdministratorReports(r.Administrators),
		Unclear: newAdministratorReports(r.Unclear), Ways: []wayReport{}, Clear: r.Clear, Cuts: []cutReport{},
		Incomplete: orEmpty(r.Incomplete), NotConsidered: slices.Concat(escalation.NotConsidered, authorize.NotConsidered)}
	for _, w := range r.Ways {
		way := wayReport{w.Principal.String(), w.Principal.ARN, w.State, nil}
		for _, s := range w.Steps {
			to := "administrator"
			if s.To != nil {
				to = s.To.ARN
			}
			way.Steps = append(way.Steps, stepReport{s.Path.ID, s.Path.Title, s.Path.Kind, s.From.ARN, to, s.Through, s.State, orEmpty(s.HangsOn), orEmpty(s.Evidence)})
		}
		out.Ways = append(out.Ways, way)
	}
	for _, c := range cuts {
		out.Cuts = append(out.Cuts, cutReport{c.Statement, c.AWSManaged, arns(c.Stopped), arns(c.Weakened)})
	}
	return out
}

func arns(principals []*authorize.Principal) []string {
	out := []string{}
	for _, p := range principals {
		out = append(out, p.ARN)
	}
	return out
}

func newAdministratorReports(list []escalation.Administrator) []administratorReport {
	out := []administratorReport{}
	for _, x := range list {
		out = append(out, administratorReport{x.Principal.String(), x.Principal.ARN, x.State, orEmpty(x.DependsOn), orEmpty(x.Why)})
	}
	return out
}
