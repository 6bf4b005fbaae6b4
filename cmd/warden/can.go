package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"warden/account/authorize"
	"warden/policy/catalog"
)

func newCanCmd(s *streams) *cobra.Command {
	var flags questionFlags
	var resources []string
	var session string
	cmd := &cobra.Command{
		Use:   "can PRINCIPAL [ACTION…] --snapshot FILE",
		Short: "Tell what a user or role may do, or whether it may do something",
		Long: `Tell what a user or role of an account may do. No network is needed: the
account is a snapshot.

PRINCIPAL is a name, user/NAME, role/NAME, or the ARN of a user, a role or a
role session.

Without ACTION the answer is a summary of every known action of AWS: for each
service what is allowed on every resource and what on some, by access level,
and which of it depends on context keys or is unknown. With ACTION (wildcards
after the colon are welcome) and --resource it is the decision on each, with
the statements of every layer under -o text.

docs/who-can.md says which context is assumed and what is not considered.

With -o json the answer is one object: principal, arn, doubts, notConsidered,
and services (service, of, actions with level, state, resources, dependsOn and
why) or, with ACTION, answers as in who-can.

EXIT STATUS
  0  the question was answered
  1  the snapshot, PRINCIPAL or ACTION is not understood
  2  the command was called wrongly
  4  --strict, and something is unknown or depends on what was not given`,
		Example: `  warden can ci-deploy --snapshot account.json
  warden can role/app iam:PassRole 'sqs:*' --snapshot account.json
  warden can ci-deploy iam:CreateAccessKey --resource arn:aws:iam::123456789012:user/break-glass --snapshot account.json -o text
  warden can role/deploy --session nightly --snapshot account.json --context aws:SourceIp=203.0.113.7`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageErrorf("can: who? give the name or ARN of a user or role")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && len(resources) > 0 {
				return usageErrorf("can: --resource goes with an action; give that too")
			}
			a, context, err := flags.authorizer(s, "can")
			if err != nil {
				return err
			}
			p, err := a.Find(args[0])
			if err != nil {
				return fmt.Errorf("can: %w", err)
			}
			if session != "" {
				if p.Kind != authorize.Role {
					return usageErrorf("can: --session goes with a role; %s is none", p)
				}
				p = a.InSession(p, session)
			}
			if len(args) == 1 {
				return canSummary(s, p, a.Can(p, context), flags)
			}
			if len(resources) == 0 {
				resources = []string{"*"}
			}
			var requests []authorize.Request
			for _, r := range resources {
				some, err := questions("can", args[1:], r, flags.owner, context)
				if err != nil {
					return err
				}
				requests = append(requests, some...)
			}
			warnActions(s.Err, requests)
			return canAnswers(s, a, p, requests, flags)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringArrayVar(&resources, "resource", nil, "ARN to act on (may be repeated; default *)")
	cmd.Flags().StringVar(&session, "session", "", "name of the role session, where policies tell sessions apart")
	return cmd
}

// canReport is the JSON form of can.
type canReport struct {
	Principal     string          `json:"principal"`
	ARN           string          `json:"arn"`
	Doubts        []string        `json:"doubts"`
	Services      []serviceReport `json:"services,omitempty"`
	Answers       []answerReport  `json:"answers,omitempty"`
	NotConsidered []string        `json:"notConsidered"`
}

type serviceReport struct {
	Service string        `json:"service"`
	Of      int           `json:"of"` // how many actions the service has
	Actions []grantReport `json:"actions"`
}

type grantReport struct {
	Action    string              `json:"action"`
	Level     catalog.AccessLevel `json:"level"`
	State     authorize.State     `json:"state"`
	Resources []string            `json:"resources"`
	DependsOn []string            `json:"dependsOn,omitempty"`
	Why       []string            `json:"why,omitempty"`
}

func canAnswers(s *streams, a *authorize.Authorizer, p *authorize.Principal, requests []authorize.Request, flags questionFlags) error {
	var answers []authorize.Answer
	open := false
	for _, r := range requests {
		x := a.Ask(p, r)
		open = open || x.State == authorize.Unknown || x.State == authorize.Depends
		answers = append(answers, x)
	}
	var err error
	switch flags.output {
	case "json":
		err = writeJSON(s.Out, canReport{Principal: p.String(), ARN: p.ARN, Doubts: orEmpty(p.Doubts), Answers: newAnswerReports(answers), NotConsidered: authorize.NotConsidered})
	case "text":
		err = answersText(s.Out, a, answers)
	default:
		err = answersTable(s.Out, answers)
	}
	if err == nil && flags.output != "json" {
		printNotConsidered(s.Out)
	}
	if err == nil && open && flags.strict {
		return &exitError{code: 4}
	}
	return err
}

func canSummary(s *streams, p *authorize.Principal, found []authorize.Abilities, flags questionFlags) error {
	open := false
	for _, x := range found {
		for _, g := range x.Grants {
			open = open || g.State != authorize.Allowed
		}
	}
	if flags.output == "json" {
		report := canReport{Principal: p.String(), ARN: p.ARN, Doubts: orEmpty(p.Doubts), Services: []serviceReport{}, NotConsidered: authorize.NotConsidered}
		for _, x := range found {
			service := serviceReport{Service: x.Service.Prefix, Of: len(x.Service.Actions())}
			for _, g := range x.Grants {
				service.Actions = append(service.Actions, grantReport{g.Action.String(), g.Action.Level, g.State, g.Resources, g.DependsOn, g.Why})
			}
			report.Services = append(report.Services, service)
		}
		if err := writeJSON(s.Out, report); err != nil {
			return err
		}
	} else {
		printAbilities(s.Out, p, found, flags.output == "text")
	}
	if open && flags.strict {
		return &exitError{code: 4}
	}
	return nil
}

// printAbilities writes the summary; all names every action.
func printAbilities(w io.Writer, p *authorize.Principal, found []authorize.Abilities, all bool) {
	fmt.Fprintf(w, "%s  %s\n", p, p.ARN)
	for _, d := range p.Doubts {
		fmt.Fprintf(w, "  unknown, and may change any answer: %s\n", d)
	}
	printWhole(w, found)
	for _, x := range found {
		if isWhole(x) {
			continue
		}
		fmt.Fprintf(w, "\n%s  %s\n", x.Service.Prefix, x.Service.Name)
		for _, g := range group(x.Grants) {
			fmt.Fprintf(w, "  %s\n", g.heading())
			for _, line := range levels(x.Service, g.actions, all) {
				fmt.Fprintf(w, "    %s\n", line)
			}
		}
	}
	if len(found) == 0 {
		fmt.Fprintln(w, "\nnothing")
	}
	fmt.Fprintln(w)
	printNotConsidered(w)
}

// printWhole names the services of which everything is allowed, or the others
// if these are few.
func printWhole(w io.Writer, found []authorize.Abilities) {
	whole := map[string]bool{}
	for _, x := range found {
		if isWhole(x) {
			whole[x.Service.Prefix] = true
		}
	}
	var named []string
	most := len(whole) > len(catalog.Services())/2
	for _, service := range catalog.Services() {
		if whole[service.Prefix] != most {
			named = append(named, service.Prefix)
		}
	}
	switch {
	case len(whole) == 0:
	case len(named) == 0:
		fmt.Fprintf(w, "\nevery action on every resource of all %d services\n", len(whole))
	case most:
		fmt.Fprintf(w, "\nevery action on every resource of all %d services but\n  %s\n", len(catalog.Services()), strings.Join(named, " "))
	default:
		fmt.Fprintf(w, "\nevery action on every resource of\n  %s\n", strings.Join(named, " "))
	}
}

// isWhole tells whether every action of the service is allowed everywhere.
func isWhole(x authorize.Abilities) bool {
	return len(x.Grants) == len(x.Service.Actions()) && !slices.ContainsFunc(x.Grants, func(g authorize.Grant) bool {
		// Roles are asked one by one.
		return g.State != authorize.Allowed || !g.Everywhere()
	})
}

// sameGrants are actions that are granted alike.
type sameGrants struct {
	authorize.Grant
	actions []*catalog.Action
}

func group(grants []authorize.Grant) []*sameGrants {
	var out []*sameGrants
	index := map[string]*sameGrants{}
	for _, g := range grants {
		key := strings.Join([]string{string(g.State), strings.Join(g.Resources, " "), strings.Join(g.DependsOn, " "), strings.Join(g.Why, " ")}, "\n")
		have := index[key]
		if have == nil {
			have = &sameGrants{Grant: g}
			index[key] = have
			out = append(out, have)
		}
		have.actions = append(have.actions, g.Action)
	}
	return out
}

// maxNamed is how many resources a heading names.
const maxNamed = 4

func (g *sameGrants) heading() string {
	text := string(g.State) + " on every resource"
	if !g.Everywhere() {
		named := g.Resources
		if len(named) > maxNamed {
			named = append(slices.Clone(named[:maxNamed]), fmt.Sprintf("%d more", len(g.Resources)-maxNamed))
		}
		text = string(g.State) + " on " + strings.Join(named, ", ")
	}
	if len(g.DependsOn) > 0 {
		text += "; hangs on " + strings.Join(g.DependsOn, ", ")
	}
	for _, why := range g.Why {
		text += "; " + why
	}
	return text
}

// levels names the actions by access level, and whole levels as such.
func levels(s *catalog.Service, actions []*catalog.Action, all bool) []string {
	var out []string
	for _, level := range []catalog.AccessLevel{catalog.List, catalog.Read, catalog.Write, catalog.Tagging, catalog.PermissionsManagement} {
		var names []string
		for _, x := range actions {
			if x.Level == level {
				names = append(names, x.Name)
			}
		}
		of := 0
		for _, x := range s.Actions() {
			if x.Level == level {
				of++
			}
		}
		switch {
		case len(names) == 0:
		case len(names) == of && !all && of > 1:
			out = append(out, fmt.Sprintf("%s: all %d", level, of))
		default:
			out = append(out, fmt.Sprintf("%s (%d of %d): %s", level, len(names), of, strings.Join(names, " ")))
		}
	}
	return out
}
