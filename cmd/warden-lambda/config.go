package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"warden/account"
	"warden/guard"
	"warden/respond"
)

// config is what the function's environment variables say.
type config struct {
	guard guard.Config
	// table is the DynamoDB table of the ledger; "" in a dry run.
	table string
	people
	// queueURL is where failed messages are made visible again soon; "" leaves
	// that to the queue's visibility time-out.
	queueURL string
	// holdURL is the queue that brings the looks at containments back when
	// their time has come; "" leaves them to the sweep.
	holdURL string
	// regions are those whose event history is read besides the function's
	// own.
	regions []string
	// responder is the ARN of the role for changes that the function's own
	// role may not make; "" for none.
	responder string
	// memberRole is the role to assume in each of members.
	memberRole string
	// externalID is what those roles and guardrailRole ask for; "" for nothing.
	externalID string
	// operatorRole is the name of the role, in the function's account and in
	// each of members, by which people give back; "" where there is none.
	operatorRole string
	members      []string
	dryRun       bool
	// stateMachine is the ARN of the workflow that acts; "" where the guard
	// acts itself.
	stateMachine string
	// guardrail is the organisation's service control policy, guardrailRole the
	// role in the management account that may change it; "" for none.
	guardrail, guardrailRole string
}

// readConfig reads the environment. The error names every variable that is
// wrong, with what is wanted; it never repeats the value of a variable that
// it does not know.
func readConfig(getenv func(string) string) (config, error) {
	r := reader{getenv: getenv}
	c := config{
		guard: guard.Config{
			AdminGroups:     r.list("ADMIN_GROUP_NAME"),
			AdminRoles:      r.arns("ADMIN_ROLES"),
			Protected:       r.arns("PROTECTED"),
			DenyPolicy:      r.name("DENY_POLICY_NAME", guard.DefaultDenyPolicy),
			ContainSessions: r.bool("CONTAIN_SESSIONS"),
			UndoActions:     r.bool("UNDO_ACTIONS"),
			AdminTag:        r.tag("ADMIN_TAG"),
			Level:           r.level("LEVEL"),
			Budget:          r.count("BUDGET", guard.DefaultBudget),
			RevokeSessions:  r.bool("REVOKE_SESSIONS"),
			SelfService:     r.bool("ALLOW_SELF_SERVICE"),
			Exemptions:      r.exemptions("EXEMPTIONS"),
		},
		table:        getenv("LEDGER_TABLE"),
		queueURL:     getenv("QUEUE_URL"),
		holdURL:      getenv("HOLD_QUEUE_URL"),
		regions:      r.list("SWEEP_REGIONS"),
		memberRole:   getenv("MEMBER_ROLE_NAME"),
		externalID:   getenv("MEMBER_EXTERNAL_ID"),
		operatorRole: getenv("OPERATOR_ROLE_NAME"),
		dryRun:       r.bool("DRY_RUN"),
	}
	if c.guard.AdminGroups == nil {
		c.guard.AdminGroups = []string{guard.DefaultAdminGroup}
	}
	if roles := r.arns("RESPONDER_ROLE_ARN"); len(roles) == 1 {
		c.responder = roles[0]
	} else if len(roles) > 1 {
		r.wrong("RESPONDER_ROLE_ARN", "want one ARN")
	}
	if c.guardrail = getenv("GUARDRAIL_POLICY_ARN"); c.guardrail != "" {
		if err := respond.CheckGuardrail(c.guardrail); err != nil {
			r.wrong("GUARDRAIL_POLICY_ARN", "%v", err)
		}
	}
	if roles := r.arns("GUARDRAIL_ROLE_ARN"); len(roles) == 1 {
		c.guardrailRole = roles[0]
	}
	if err := guard.CheckGroups(c.guard.AdminGroups); err != nil {
		r.wrong("ADMIN_GROUP_NAME", "%v", err)
	}
	if (c.guardrail == "") != (c.guardrailRole == "") {
		r.wrong("GUARDRAIL_ROLE_ARN", "want one ARN, together with GUARDRAIL_POLICY_ARN")
	}
	for _, m := range r.list("MEMBER_ACCOUNTS") {
		if !accountID.MatchString(m) {
			r.wrong("MEMBER_ACCOUNTS", "%q is not an account id of 12 digits", m)
		}
		c.members = append(c.members, m)
	}
	c.people = r.people()
	machine := getenv("STATE_MACHINE_ARN")
	switch mode := getenv("RESPONSE_MODE"); mode {
	case "", "direct":
	case "workflow":
		c.stateMachine = machine
		if a, err := account.ParseARN(c.stateMachine); err != nil || a.Service != "states" {
			r.wrong("STATE_MACHINE_ARN", "RESPONSE_MODE=workflow wants the ARN of a state machine")
		}
	default:
		r.wrong("RESPONSE_MODE", "%q: want direct or workflow", mode)
	}
	if c.table == "" && !c.dryRun {
		r.wrong("LEDGER_TABLE", "want the name of the ledger's table (or DRY_RUN=true)")
	}
	if c.guard.RevokeSessions && !c.guard.ContainSessions {
		r.wrong("REVOKE_SESSIONS", "it goes together with CONTAIN_SESSIONS")
	}
	if c.operatorRole != "" && !roleName.MatchString(c.operatorRole) {
		r.wrong("OPERATOR_ROLE_NAME", "%q is not the name of a role, without a path", c.operatorRole)
	}
	if (c.memberRole == "") != (c.members == nil) {
		r.wrong("MEMBER_ROLE_NAME", "it goes together with MEMBER_ACCOUNTS")
	}
	return c, errors.Join(r.errs...)
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	// Source: IAM API Reference, CreatePolicy, PolicyName.
	policyName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	// Source: IAM API Reference, CreateRole, RoleName.
	roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
)

// reader collects what is wrong with the environment.
type reader struct {
	getenv func(string) string
	errs   []error
}

func (r *reader) wrong(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("environment variable %s: %s", name, fmt.Sprintf(format, args...)))
}

func (r *reader) list(name string) []string {
	var out []string
	for v := range strings.SplitSeq(r.getenv(name), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func (r *reader) arns(name string) []string {
	out := r.list(name)
	for _, v := range out {
		a, err := account.ParseARN(v)
		switch {
		case strings.ContainsAny(v, "*?"):
			r.wrong(name, "%q: wildcards are not allowed, name each identity", v)
		case err != nil || a.Account == "" || a.Service != "iam":
			r.wrong(name, "%q: want an exact ARN such as arn:aws:iam::111122223333:role/Admin", v)
		}
	}
	return out
}

func (r *reader) name(variable, otherwise string) string {
	v := r.getenv(variable)
	if v == "" {
		return otherwise
	}
	if !policyName.MatchString(v) {
		r.wrong(variable, "%q is not the name of a policy", v)
	}
	return v
}

func (r *reader) bool(name string) bool {
	v := r.getenv(name)
	if v == "" {
		return false
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		r.wrong(name, "%q: want true or false", v)
	}
	return b
}

func (r *reader) tag(name string) guard.Tag {
	v := r.getenv(name)
	if v == "" {
		return guard.Tag{}
	}
	tag, err := guard.ParseTag(v)
	if err != nil {
		r.wrong(name, "%v", err)
	}
	return tag
}

func (r *reader) level(name string) guard.Level {
	level, err := guard.ParseLevel(r.getenv(name))
	if err != nil {
		r.wrong(name, "%v", err)
	}
	return level
}

// count reads a number of at least 1.
func (r *reader) count(name string, otherwise int) int {
	v := r.getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		r.wrong(name, "%q: want a number, 1 or more", v)
	}
	return n
}

// exemptions reads the text of an exemption file.
func (r *reader) exemptions(name string) []guard.Exemption {
	v := r.getenv(name)
	if v == "" {
		return nil
	}
	out, err := guard.ReadExemptions(strings.NewReader(v))
	if err != nil {
		r.wrong(name, "%v", err)
	}
	return out
}
