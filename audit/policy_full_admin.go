package audit

import (
	"encoding/json"
	"fmt"
	"strings"

	"warden/account"
	"warden/finding"
	"warden/policy"
	"warden/policy/reason"
)

var policyFullAdmin = Control{
	ID:       "policy.full-admin",
	Title:    "No attached policy allows everything",
	Why:      "One stolen session of somebody who has it is the whole account.",
	Source:   "IAM User Guide: Security best practices in IAM: Apply least-privilege permissions",
	Severity: finding.High,
	Actions:  []string{gaad},
	Remedy:   "Attach policies that list what is needed (warden policy generate), and keep this one for a break-glass role.",
	Judge: func(e *Evidence) []Answer {
		if !e.hasDetails() {
			return []Answer{e.unknown("which policies are attached", gaad)}
		}
		var out []Answer
		known := map[string]bool{}
		holders := e.holders()
		for i := range e.Policies {
			p := &e.Policies[i]
			known[p.ARN] = true
			who := holders[p.ARN]
			if len(who) == 0 {
				continue
			}
			a := Answer{Subject: p.ARN, SubjectID: p.ID, Facts: []finding.Fact{fact(e.details(), "attached to %s", some(who))}}
			if v := p.Default(); v == nil {
				a.Status, a.Summary = finding.Unknown, "the snapshot has no default version of it"
			} else {
				a.everything(p.ARN+" "+v.ID, v.Document)
			}
			a.Command = detach(who[0], p.ARN)
			out = append(out, a)
		}
		for arn, who := range holders {
			if known[arn] {
				continue
			}
			a := Answer{
				Subject: arn, Status: finding.Unknown, Summary: "its document is not in the evidence: " + first(e.partial(arn), "iam:GetPolicyVersion"),
				Facts: []finding.Fact{fact(e.details(), "attached to %s", some(who))},
			}
			if p := account.AdministratorAccess(arn); p != nil {
				a.everything(arn, p.Default().Document)
				a.Facts = append(a.Facts, finding.Fact{Fact: "it allows everything", Source: "AWS Managed Policy Reference Guide: AdministratorAccess"})
				a.Command = detach(who[0], arn)
			}
			out = append(out, a)
		}
		for _, h := range e.inline() {
			a := Answer{Subject: h.arn, SubjectID: h.id, Part: "inline policy " + h.policy.Name}
			a.everything(a.Part, h.policy.Document)
			if a.Status != finding.Pass {
				out = append(out, a)
			}
		}
		return out
	},
}

// everything asks the engine whether the allowing statements of a policy
// together allow every action on every resource. Conditions and denials are
// left out of the question: a policy that allows everything at times, or
// everything but a few things, is not least privilege either.
func (a *Answer) everything(name string, document json.RawMessage) {
	a.Status, a.Summary = finding.Pass, "does not allow everything"
	conditions, denies, verdict, err := allowsAll(name, document)
	switch {
	case err != nil:
		a.Status, a.Summary = finding.Unknown, fmt.Sprintf("the document cannot be read: %v", err)
	case verdict.Verdict == reason.Unknown:
		a.Status, a.Summary = finding.Unknown, "whether it allows everything could not be decided: "+strings.Join(verdict.Reasons, "; ")
	case verdict.Verdict == reason.Yes:
		a.Status, a.Summary = finding.Fail, "allows every action on every resource"
		if conditions {
			a.Summary += ", under conditions"
		}
		if denies {
			a.Summary += ", but for what it denies"
		}
	}
}

// allowsAll compares a policy, without its denials and conditions, with one
// that allows everything.
func allowsAll(name string, document json.RawMessage) (conditions, denies bool, answer reason.Answer, err error) {
	text, conditions, denies, err := grants(document)
	if err != nil {
		return false, false, answer, err
	}
	doc, err := policy.ParseStored(name, text)
	if err != nil {
		return false, false, answer, err
	}
	docs, o := []*policy.Document{doc}, reason.Options{Kind: reason.Identity}
	// What does not allow this allows not everything, and most policies end
	// here.
	probe := policy.Request{Action: "warden:Nothing", Principal: policy.Principal{ARN: "arn:aws:iam::111122223333:user/nobody", Account: "111122223333"}, Resource: policy.Resource{ARN: "arn:aws:warden:us-east-1:111122223333:nothing/of/the/kind", Account: "111122223333"}}
	if allowed, unknown := reason.Allows(docs, o, probe); !allowed && len(unknown) == 0 {
		return conditions, denies, reason.Answer{Verdict: reason.No}, nil
	}
	anything, err := policy.Parse("everything", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	if err != nil {
		return false, false, answer, err
	}
	return conditions, denies, reason.Contains(docs, []*policy.Document{anything}, o), nil
}

// grants writes a policy document without its denials and conditions.
func grants(document json.RawMessage) (text []byte, conditions, denies bool, err error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, false, false, err
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(doc["Statement"], &list); err != nil {
		list = make([]map[string]json.RawMessage, 1)
		if err := json.Unmarshal(doc["Statement"], &list[0]); err != nil {
			return nil, false, false, fmt.Errorf("its statements: %w", err)
		}
	}
	kept := []map[string]json.RawMessage{}
	for _, s := range list {
		if string(s["Effect"]) == `"Deny"` {
			denies = true
			continue
		}
		if _, ok := s["Condition"]; ok {
			conditions = true
			delete(s, "Condition")
		}
		kept = append(kept, s)
	}
	if doc["Statement"], err = json.Marshal(kept); err != nil {
		return nil, false, false, err
	}
	text, err = json.Marshal(doc)
	return text, conditions, denies, err
}

// holder names an identity that a policy is attached to.
type holder struct{ kind, name string }

func (h holder) String() string { return h.kind + " " + h.name }

// holders lists who has which managed policy.
func (e *Evidence) holders() map[string][]holder {
	out := map[string][]holder{}
	for i := range e.Users {
		for _, arn := range e.Users[i].Attached {
			out[arn] = append(out[arn], holder{"user", e.Users[i].Name})
		}
	}
	for i := range e.Groups {
		for _, arn := range e.Groups[i].Attached {
			out[arn] = append(out[arn], holder{"group", e.Groups[i].Name})
		}
	}
	for i := range e.Roles {
		for _, arn := range e.Roles[i].Attached {
			out[arn] = append(out[arn], holder{"role", e.Roles[i].Name})
		}
	}
	return out
}

// inlined is an inline policy and who has it.
type inlined struct {
	arn, id string
	policy  account.InlinePolicy
}

func (e *Evidence) inline() []inlined {
	var out []inlined
	add := func(arn, id string, list []account.InlinePolicy) {
		for _, p := range list {
			out = append(out, inlined{arn, id, p})
		}
	}
	for i := range e.Users {
		add(e.Users[i].ARN, e.Users[i].ID, e.Users[i].Inline)
	}
	for i := range e.Groups {
		add(e.Groups[i].ARN, e.Groups[i].ID, e.Groups[i].Inline)
	}
	for i := range e.Roles {
		add(e.Roles[i].ARN, e.Roles[i].ID, e.Roles[i].Inline)
	}
	return out
}

// some lists up to five names.
func some(list []holder) string {
	const most = 5
	text := ""
	for i, h := range list[:min(most, len(list))] {
		if i > 0 {
			text += ", "
		}
		text += h.String()
	}
	if n := len(list) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

func detach(h holder, arn string) string {
	return "aws iam detach-" + h.kind + "-policy --" + h.kind + "-name " + quote(h.name) + " --policy-arn " + quote(arn)
}
