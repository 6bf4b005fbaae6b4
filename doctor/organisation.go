package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/reason"
)

// scps are the service control policies above the account, parsed.
func (f *Facts) scps() ([]policy.Level, error) {
	var levels []policy.Level
	for _, l := range f.SCPs.Value {
		level := policy.Level{Name: l.ID}
		for _, p := range l.Policies {
			doc, err := policy.Parse(p.Name, []byte(p.Document))
			if err != nil {
				return nil, fmt.Errorf("service control policy %s cannot be read: %w", p.Name, err)
			}
			level.Policies = append(level.Policies, doc)
		}
		levels = append(levels, level)
	}
	return levels, nil
}

// outside answers for accounts that no policy of an organisation binds.
func (f *Facts) outside() *Result {
	var res Result
	switch {
	case f.Org.Gap != "":
		res = unknown("", f.Org.Gap)
	case f.Org.Value == nil:
		res = fail("", "the account is in no organisation")
		res.Remedy = "only an organisation's policy is out of the reach of an account's administrators: make one, and this account a member"
	case f.Org.Value.Management == f.Account:
		res = fail("", "this is the management account, which no service control policy binds")
		res.Remedy = "keep identities that work, and the guard, in member accounts"
	case f.SCPs.Gap != "":
		res = unknown("", f.SCPs.Gap)
	default:
		return nil
	}
	return &res
}

// scpSeen asks whether the policies above the account were read at all: one of
// them may keep the guard from what role.guard finds allowed, and then nothing
// is contained. What they say is judged by role.guard.
func scpSeen(f *Facts) []Result {
	if f.Org.Gap == "" && (f.Org.Value == nil || f.Org.Value.Management == f.Account) {
		return []Result{notApplicable("", "no service control policy binds this account")}
	}
	if res := f.outside(); res != nil {
		res.Evidence = "a policy above the account may stop the guard, and was not seen: " + res.Evidence
		return []Result{f.readThere(*res)}
	}
	levels, err := f.scps()
	if err != nil {
		return []Result{unknown("", err.Error())}
	}
	return []Result{pass("", fmt.Sprintf("the policies of %d levels above the account were read", len(levels)))}
}

// scpPin asks whether an administrator of the account could still take off the
// quarantine or cut the guard, and whether the guard could not.
func scpPin(f *Facts) []Result {
	if res := f.outside(); res != nil {
		return []Result{f.readThere(*res)}
	}
	levels, err := f.scps()
	if err != nil {
		return []Result{unknown("", err.Error())}
	}
	user := f.arn("iam", "", "user/someone")
	asked := []probe{
		{"iam:DetachUserPolicy", user, f.Want.DenyPolicyARN, false},
		{"iam:DetachRolePolicy", f.arn("iam", "", "role/someone"), f.Want.DenyPolicyARN, false},
		{"iam:CreatePolicyVersion", f.Want.DenyPolicyARN, "", false},
		{"iam:DeletePolicy", f.Want.DenyPolicyARN, "", false},
	}
	for _, r := range f.Want.Roles {
		asked = append(asked, probe{"iam:UpdateAssumeRolePolicy", r.ARN, "", false}, probe{"iam:PutRolePolicy", r.ARN, "", false})
	}
	for _, fn := range f.Want.Functions {
		asked = append(asked, probe{"lambda:UpdateFunctionCode", f.arn("lambda", f.Home, "function:"+fn.Name), "", false},
			probe{"lambda:PutFunctionConcurrency", f.arn("lambda", f.Home, "function:"+fn.Name), "", false})
	}
	for _, r := range f.Want.Rules {
		asked = append(asked, probe{"events:DisableRule", f.arn("events", f.Home, "rule/"+r.Name), "", false})
	}
	for _, q := range f.Want.Queues {
		asked = append(asked, probe{"sqs:PurgeQueue", q.ARN, "", false}, probe{"sqs:DeleteQueue", q.ARN, "", false})
	}
	if f.Want.Table != "" {
		asked = append(asked, probe{"dynamodb:DeleteTable", f.arn("dynamodb", f.Home, "table/"+f.Want.Table), "", false})
	}
	for _, t := range get(f.Trails, f.Home).Value {
		if ok, _ := t.records(f.Home); ok && !t.Organization && strings.Contains(t.ARN, ":"+f.Account+":") {
			asked = append(asked, probe{"cloudtrail:StopLogging", t.ARN, "", false})
		}
	}
	// What the template's pin denies, no other policy gives back.
	if !f.pinned() {
		if res := f.proved(levels, asked); res != nil {
			return []Result{*res}
		}
	}
	callers := []policy.Principal{
		f.admin(), f.role(f.arn("iam", "", "role/Admin")),
		{Type: policy.Root, Account: f.Account, ARN: f.arn("iam", "", "root")},
	}
	for _, p := range asked {
		for _, who := range callers {
			if f.underSCPs(levels, who, p) != policy.ExplicitlyDenied {
				return []Result{fail("", fmt.Sprintf("nothing above the account keeps an administrator from %s on %s", p.action, p.resource))}
			}
		}
	}
	for _, r := range f.Want.Roles {
		if r.Guard && f.underSCPs(levels, f.role(r.ARN), probe{action: "iam:AttachUserPolicy", resource: user, attached: f.Want.DenyPolicyARN}) != policy.Allowed {
			return []Result{fail("", "a service control policy keeps the guard itself from attaching "+f.Want.DenyPolicyARN)}
		}
	}
	return []Result{pass("", fmt.Sprintf("service control policies deny %d ways to take off the quarantine or cut the guard, to everybody but %s", len(asked), strings.Join(f.Want.Excepted, ", ")))}
}

// pinned reports whether the template's own pin is attached above the account,
// word for word.
func (f *Facts) pinned() bool {
	for _, l := range f.SCPs.Value {
		if slices.ContainsFunc(l.Policies, func(p ServicePolicy) bool { return same(p.Document, f.Want.Pin) }) {
			return true
		}
	}
	return false
}

// proved asks of each call whether the policies deny it to everybody but those
// whom they may except, whatever a request says of itself; nil where they do.
// It is proved, and not asked of some callers: who made himself an exception
// is none of those.
func (f *Facts) proved(levels []policy.Level, asked []probe) *Result {
	docs := []*policy.Document{everything}
	for _, l := range levels {
		docs = append(docs, l.Policies...)
	}
	for _, p := range append(slices.Clone(asked), probe{action: "organizations:LeaveOrganization", resource: "*"}) {
		conditions := map[string]map[string]any{}
		if p.action != "organizations:LeaveOrganization" {
			conditions["ArnLike"] = map[string]any{"aws:PrincipalArn": f.Want.Excepted}
		}
		out := []map[string]any{{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": conditions}}
		if len(conditions) == 0 {
			out = nil
		}
		if p.attached != "" { // of this policy alone
			out = append(out, map[string]any{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": map[string]any{"ArnNotEquals": map[string]any{"iam:PolicyARN": p.attached}}})
		}
		asking := docs
		if out != nil {
			text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": out})
			if err != nil {
				res := unknown("", err.Error())
				return &res
			}
			doc, err := policy.Parse("the question", text)
			if err != nil {
				res := unknown("", "whether the policies above the account deny "+p.action+": "+err.Error())
				return &res
			}
			asking = append(slices.Clone(docs), doc)
		}
		switch a := reason.NotGranted(asking, []string{p.action}, []string{p.resource}, reason.Options{Kind: reason.Identity}); {
		case a.Verdict == reason.No && a.Witness != nil:
			res := fail("", "the policies above the account leave somebody free whom they need not: "+freed(a.Witness))
			return &res
		case a.Verdict != reason.Yes:
			res := unknown("", "whether the policies above the account deny "+p.action+" to everybody: "+strings.Join(a.Reasons, "; "))
			return &res
		}
	}
	return nil
}

// freed says who is left free: the keys of the request that make him so.
func freed(w *reason.Witness) string {
	text := w.Request.Action + " on " + w.Request.Resource.ARN
	var with []string
	for _, key := range slices.Sorted(maps.Keys(w.Request.Context)) {
		if key != "iam:policyarn" {
			with = append(with, fmt.Sprintf("%s=%v", key, w.Request.Context[key]))
		}
	}
	if len(with) > 0 {
		text += " with " + strings.Join(with, ", ")
	}
	return text
}

// readThere adds how to see what only the management account can.
func (f *Facts) readThere(res Result) Result {
	if res.Remedy == "" {
		res.Remedy = "give doctor a role of the management account that may read policies: --organization-role-arn"
	}
	return res
}

func (f *Facts) underSCPs(levels []policy.Level, who policy.Principal, p probe) policy.Decision {
	facts := policy.Context{}
	arn := who.RoleARN
	if arn == "" {
		arn = who.ARN
	}
	facts.Set("aws:PrincipalArn", policy.One(arn))
	facts.Set("aws:PrincipalAccount", policy.One(f.Account))
	if p.attached != "" {
		facts.Set("iam:PolicyARN", policy.One(p.attached))
	}
	return policy.Evaluate(policy.Request{
		Principal: who, Action: p.action, Context: facts, Resource: policy.Resource{ARN: p.resource, Account: f.Account},
	}, policy.Policies{Identity: []*policy.Document{everything}, SCPs: levels}).Decision
}

func scpGuardrail(f *Facts) []Result {
	if res := f.outside(); res != nil {
		return []Result{f.readThere(*res)}
	}
	if f.Want.Gap != "" {
		return []Result{unknown("", f.Want.Gap)}
	}
	if f.Want.Guardrail == "" {
		return []Result{fail("", "the guard has no service control policy of its own: root, Identity Center's roles and who strips his containment stay free")}
	}
	for _, l := range f.SCPs.Value {
		if slices.ContainsFunc(l.Policies, func(p ServicePolicy) bool { return p.ARN == f.Want.Guardrail }) {
			return []Result{pass("", f.Want.Guardrail+" is attached to "+l.ID)}
		}
	}
	return []Result{fail("", f.Want.Guardrail+" is attached to nothing above the account")}
}
