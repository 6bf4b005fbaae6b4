package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/internal/stage"
	"warden/twin"
)

// toGiveBack is the command by which a notification says an incident is given
// back, without the name of the program.
func (r ran) toGiveBack(t *testing.T, subject string) []string {
	t.Helper()
	_, told, ok := strings.Cut(r.out, subject)
	command := regexp.MustCompile(`(?m)^ *undo   warden (undo .*)$`).FindStringSubmatch(told)
	if !ok || command == nil {
		t.Fatalf("nobody was told how to give back what followed %q\n%s", subject, r)
	}
	return strings.Fields(command[1])
}

// The command that a notification prints gives back, run as it is printed, in
// a member and in the organisation's policy: with the role that people have
// there, which the guard's own is not.
func TestCommandToGiveBack(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{Organization: true, Change: openRoles})
	person, session, err := h.MakeOperators(t.Context())
	h.must(nil, err)
	home := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + h.Others.Security + ":role/" + stage.Operator), RoleSessionName: aws.String("on-call")}
	if _, err := person.STS.AssumeRole(t.Context(), home); code(err) != "AccessDenied" {
		t.Errorf("without MFA the operators' role is taken: %v", err)
	}
	args := []string{"--member-role", h.Others.ResponderRole, "--guardrail-policy", h.Others.Guardrail, "--guardrail-role", h.Others.GuardrailRole,
		"--operator-role", "arn:aws:iam::" + h.Account + ":role/" + stage.Operator}
	root := h.of(h.Account, twin.RootUser)
	h.must(nil, h.crime(h.intruder(), "backdoor"))
	h.must(nil, h.crime(root, "gate"))
	before, document := h.state(), h.railText()
	r := h.guard(args...)
	r.want(t, 0)
	for _, subject := range []string{"warden contained user ci-deploy", "warden contained root"} {
		command := r.toGiveBack(t, subject)
		if all := strings.Join(command, " "); strings.Contains(all, "warden-responder") || strings.Contains(r.out, "ROLE") {
			t.Errorf("the guard's own role is named, or none: %s", all)
		}
		back := h.run(h.assume(h.As(session), home), command...)
		back.want(t, 0, "gives back")
		if strings.Contains(back.out+back.errs, "AccessDenied") {
			t.Errorf("the role may not look at all that it has to\n%s", back)
		}
	}
	h.same(before, "after undo")
	for name, by := range map[string]error{"again": h.crime(h.intruder(), "again"), "again-by-root": h.crime(root, "again-by-root")} {
		if by != nil {
			t.Errorf("given back, %s: %v", name, by)
		}
	}
	if !sameJSON(t, h.railText(), document) {
		t.Errorf("after undo the organisation's policy is\n%s\nwas\n%s", h.railText(), document)
	}
}

// Where no role of people is known, the message says what has to be filled in,
// and the command works when that is done.
func TestCommandToGiveBackIsFilledIn(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{Organization: true, Change: openRoles})
	h.must(nil, h.crime(h.intruder(), "backdoor"))
	before := h.state()
	r := h.guard("--member-role", h.Others.ResponderRole)
	r.want(t, 0, "with   ROLE: a role of account "+h.Account+" that you may take, and that may detach policies and change access keys; warden-responder is the guard's alone")
	command := r.toGiveBack(t, "warden contained user ci-deploy")
	for i, w := range command {
		command[i] = strings.Replace(w, ":role/ROLE", ":role/OrganizationAccountAccessRole", 1)
	}
	h.run(h.keyOf(h.Others.Management, h.Others.ManagementAdministrator), command...).want(t, 0, "gives back")
	h.same(before, "after undo")
	h.guard("--member-role", h.Others.ResponderRole, "--operator-role", "warden-operator").want(t, 2, "--operator-role", "want the ARN of a role")
	h.guard("--member-role", h.Others.ResponderRole, "--operator-role", "arn:aws:iam::"+h.Others.Security+":role/warden-operator").want(t, 2, "is not of the account that is guarded")
}
