package plant

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"warden/account"
)

// paths are the known ways to more permissions: id, what it gives, of whom, the
// service that the role must trust, and what it needs. Needs are of the actor
// himself, his group, his own policy, a group of administrators, the target,
// the target's policy, a SAML provider, or of anything. Sources: pathfinding.cloud
// (DataDog, Apache-2.0) for ids and permissions; AWS's documentation of the
// services for those that begin with warden-.
const paths = `
iam-001 self any - iam:CreatePolicyVersion@own
iam-005 self role - iam:PutRolePolicy@self
iam-007 self user - iam:PutUserPolicy@self
iam-008 self user - iam:AttachUserPolicy@self
iam-009 self role - iam:AttachRolePolicy@self
iam-010 self user - iam:AttachGroupPolicy@group
iam-011 self user - iam:PutGroupPolicy@group
iam-013 self user - iam:AddUserToGroup@admins
sts-001 become role account sts:AssumeRole@target
iam-012 become role - iam:UpdateAssumeRolePolicy@target
warden-saml-metadata become role saml iam:UpdateSAMLProvider@saml
iam-002 become user - iam:CreateAccessKey@target
iam-003 become user - iam:CreateAccessKey@target iam:DeleteAccessKey@target
iam-004 become user - iam:CreateLoginProfile@target
iam-006 become user - iam:UpdateLoginProfile@target
iam-014 raise role account iam:AttachRolePolicy@target sts:AssumeRole@target
iam-016 raise role account iam:CreatePolicyVersion@targetpolicy sts:AssumeRole@target
iam-017 raise role account iam:PutRolePolicy@target sts:AssumeRole@target
iam-019 raise role - iam:AttachRolePolicy@target iam:UpdateAssumeRolePolicy@target
iam-020 raise role - iam:CreatePolicyVersion@targetpolicy iam:UpdateAssumeRolePolicy@target
iam-021 raise role - iam:PutRolePolicy@target iam:UpdateAssumeRolePolicy@target
iam-015 raise user - iam:AttachUserPolicy@target iam:CreateAccessKey@target
iam-018 raise user - iam:PutUserPolicy@target iam:CreateAccessKey@target
apprunner-001 pass role tasks.apprunner iam:PassRole@target apprunner:CreateService
apprunner-002 existing role tasks.apprunner apprunner:UpdateService
bedrock-001 pass role bedrock-agentcore iam:PassRole@target bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter
bedrock-002 existing role bedrock-agentcore bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter
cloudformation-001 pass role cloudformation iam:PassRole@target cloudformation:CreateStack
cloudformation-002 existing role cloudformation cloudformation:UpdateStack
cloudformation-003 pass role cloudformation iam:PassRole@target cloudformation:CreateStackSet cloudformation:CreateStackInstances
cloudformation-004 pass? role cloudformation iam:PassRole@target cloudformation:UpdateStackSet
cloudformation-005 existing role cloudformation cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet
codebuild-001 pass role codebuild iam:PassRole@target codebuild:CreateProject codebuild:StartBuild
codebuild-002 existing role codebuild codebuild:StartBuild
codebuild-003 existing role codebuild codebuild:StartBuildBatch
codebuild-004 pass role codebuild iam:PassRole@target codebuild:CreateProject codebuild:StartBuildBatch
datapipeline-001 pass role datapipeline iam:PassRole@target datapipeline:CreatePipeline datapipeline:PutPipelineDefinition datapipeline:ActivatePipeline
ec2-001 pass role ec2 iam:PassRole@target ec2:RunInstances
ec2-002 existing role ec2 ec2:ModifyInstanceAttribute ec2:StopInstances ec2:StartInstances
ec2-003 pass role ec2 iam:PassRole@target ec2:RequestSpotInstances
ec2-004 existing role ec2 ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate
ec2instanceconnect-003 existing role ec2 ec2-instance-connect:SendSSHPublicKey ec2:DescribeInstances
ecs-001 pass role ecs-tasks iam:PassRole@target ecs:CreateCluster ecs:RegisterTaskDefinition ecs:CreateService
ecs-002 pass role ecs-tasks iam:PassRole@target ecs:CreateCluster ecs:RegisterTaskDefinition ecs:RunTask
ecs-003 pass? role ecs-tasks iam:PassRole@target ecs:RegisterTaskDefinition ecs:CreateService
ecs-004 pass? role ecs-tasks iam:PassRole@target ecs:RegisterTaskDefinition ecs:RunTask
ecs-005 pass? role ecs-tasks iam:PassRole@target ecs:RegisterTaskDefinition ecs:StartTask
glue-001 pass role glue iam:PassRole@target glue:CreateDevEndpoint
glue-002 existing role glue glue:UpdateDevEndpoint
glue-003 pass role glue iam:PassRole@target glue:CreateJob glue:StartJobRun
glue-004 pass role glue iam:PassRole@target glue:CreateJob glue:CreateTrigger
glue-005 pass? role glue iam:PassRole@target glue:UpdateJob glue:StartJobRun
glue-006 pass? role glue iam:PassRole@target glue:UpdateJob glue:CreateTrigger
lambda-001 pass role lambda iam:PassRole@target lambda:CreateFunction lambda:InvokeFunction
lambda-002 pass role lambda iam:PassRole@target lambda:CreateFunction lambda:CreateEventSourceMapping
lambda-003 existing role lambda lambda:UpdateFunctionCode
lambda-004 existing role lambda lambda:UpdateFunctionCode lambda:InvokeFunction
lambda-005 existing role lambda lambda:UpdateFunctionCode lambda:AddPermission
lambda-006 pass role lambda iam:PassRole@target lambda:CreateFunction lambda:AddPermission
sagemaker-001 pass role sagemaker iam:PassRole@target sagemaker:CreateNotebookInstance
sagemaker-002 pass role sagemaker iam:PassRole@target sagemaker:CreateTrainingJob
sagemaker-003 pass role sagemaker iam:PassRole@target sagemaker:CreateProcessingJob
sagemaker-004 existing role sagemaker sagemaker:CreatePresignedNotebookInstanceUrl
sagemaker-005 existing role sagemaker sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:StopNotebookInstance sagemaker:UpdateNotebookInstance sagemaker:StartNotebookInstance
ssm-001 existing role ec2 ssm:StartSession
ssm-002 existing role ec2 ssm:SendCommand
warden-batch pass? role ecs-tasks iam:PassRole@target batch:RegisterJobDefinition batch:SubmitJob
warden-braket pass role braket iam:PassRole@target braket:CreateJob
warden-emr-serverless pass role emr-serverless iam:PassRole@target emr-serverless:CreateApplication emr-serverless:StartJobRun
warden-glue-session pass role glue iam:PassRole@target glue:CreateSession glue:RunStatement
warden-scheduler pass role scheduler iam:PassRole@target scheduler:CreateSchedule
warden-state-machine pass role states iam:PassRole@target states:CreateStateMachine states:StartExecution
warden-state-machine-change existing role states states:UpdateStateMachine states:StartExecution
warden-ssm-automation pass role ssm iam:PassRole@target ssm:StartAutomationExecution
warden-ecs-override pass? role ecs-tasks iam:PassRole@target ecs:RunTask
warden-ecs-exec existing role ecs-tasks ecs:ExecuteCommand
warden-lambda-layer existing role lambda lambda:UpdateFunctionConfiguration
`

// path is a line of paths.
type path struct {
	id, kind, of, service string
	// maybe: it takes something that no snapshot shows.
	maybe bool
	needs []string
}

func readPaths() []path {
	var out []path
	for _, line := range strings.Split(strings.TrimSpace(paths), "\n") {
		f := strings.Fields(line)
		kind, maybe := strings.CutSuffix(f[1], "?")
		out = append(out, path{f[0], kind, f[2], f[3], maybe || kind == "existing", f[4:]})
	}
	return out
}

// Paths returns the ids of the escalation paths that are planted.
func Paths() []string {
	var out []string
	for _, x := range readPaths() {
		out = append(out, x.id)
	}
	return out
}

// The ways in which a path is planted, or just missed.
const (
	present   = "present"
	missing   = "one permission missing"
	denied    = "one permission denied"
	bounded   = "outside of his boundary"
	elsewhere = "one permission on another resource"
	untrusted = "the role trusts another"
	unmet     = "under a condition that he does not meet"
	withMFA   = "with MFA"
	inPieces  = "by several policies"
	byGroup   = "by his group"
	met       = "under a condition that he meets"
	otherwise = "in small letters and with wildcards"
	spared    = "denied on another resource, and to others"
	weak      = "the target is bounded"
	noRoom    = "the target's credentials stand in the way"
)

var variants = []string{present, missing, denied, bounded, elsewhere, untrusted, unmet, withMFA, inPieces, byGroup, met, otherwise, spared, weak, noRoom}

// escalations plants ways to become an administrator, as many as there is room
// for: the scenes go round with the seed, so that some seeds have all.
func (p *planter) escalations() {
	all := readPaths()
	var scenes []func()
	for _, x := range all {
		for _, v := range variants {
			scenes = append(scenes, func() { p.escalation(all, x, v) })
		}
	}
	room := min(len(scenes), p.o.Size.Users*2/5, p.o.Size.Roles*2/5, p.o.Size.Groups*2)
	for i := range room {
		scenes[(int(p.o.Seed%100000)*room+i)%len(scenes)]()
	}
	for i := range min(8, p.o.Size.Roles/40) {
		p.chain(i)
	}
}

func (p *planter) escalation(all []path, x path, v string) {
	takes := func(need string) bool { return slices.Contains(x.needs, need) }
	trusting := x.service != "-"
	switch {
	case v == untrusted && !trusting,
		v == weak && x.kind != "become" && x.kind != "pass",
		v == elsewhere && !slices.ContainsFunc(x.needs, func(n string) bool { return strings.Contains(n, "@") }),
		(v == inPieces || v == byGroup || v == met || v == spared) && x.of == "role" && x.kind == "self",
		v == noRoom && x.id != "iam-002" && x.id != "iam-004" && x.id != "iam-006" && x.service != "ec2":
		return
	}
	name := p.name("actor")
	asUser := slices.Contains([]string{unmet, inPieces, byGroup, met, spared}, v)
	asRole := x.of == "role" && x.kind == "self" || x.kind != "self" && !asUser && p.IntN(4) == 0
	if asRole && v == unmet {
		return // a session may have tags that the role has not
	}
	resource := func(on string) string {
		switch on {
		case "self":
			return arn("*", name)
		case "group", "admins":
			return arn("group", "g-"+name)
		case "own", "targetpolicy":
			return arn("policy", "p-"+name)
		case "target":
			return arn("*", "t-"+name)
		case "saml":
			return arn("saml-provider", "idp-"+name)
		}
		return "*"
	}
	// What is missed is one permission, in some way.
	k := p.IntN(len(x.needs))
	if v == elsewhere {
		k = slices.IndexFunc(x.needs, func(n string) bool { return strings.Contains(n, "@") })
	}
	held := slices.Clone(x.needs)
	condition := "}"
	switch v {
	case missing, denied, elsewhere:
		held = slices.Delete(held, k, k+1)
	case bounded:
		held = nil
	case unmet:
		held, condition = nil, redTeam
	case withMFA:
		condition = mfaOnly
	case met:
		condition = blueTeam
	}
	var statements []string
	for i, need := range x.needs {
		action, on, _ := strings.Cut(need, "@")
		r := resource(on)
		if i == k && v == elsewhere {
			r = strings.Replace(r, name, "else-"+name, 1)
		}
		if i == k && v == missing {
			continue
		}
		written := action
		if v == otherwise {
			written = strings.ToLower(action[:len(action)-1]) + "?"
		}
		statements = append(statements, strings.TrimSuffix(allow(written, r), "}")+condition)
		if i == k && v == denied {
			statements = append(statements, fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":"*"}`, action))
		}
	}
	if v == spared {
		statements = append(statements, `{"Effect":"Deny","Action":"*","Resource":"*"`+redTeam, fmt.Sprintf(`{"Effect":"Deny","Action":"*","Resource":%q}`, arn("*", "else-"+name)))
	}
	boundary := ""
	if v == bounded {
		boundary = p.policy(p.name("boundary"), allow("logs:PutLogEvents", "*"))
	}
	actorARN := p.actor(name, asRole, statements, boundary, v, func(attached, groups *[]string) {
		switch {
		case slices.ContainsFunc(x.needs, func(n string) bool { return strings.HasSuffix(n, "@own") }):
			*attached = append(*attached, p.policy("p-"+name, allow("logs:PutLogEvents", "*")))
		case slices.ContainsFunc(x.needs, func(n string) bool { return strings.HasSuffix(n, "@group") }):
			*groups = append(*groups, p.group("g-"+name).Name)
		case takes("iam:AddUserToGroup@admins"):
			p.group("g-" + name).Attached = []string{administrator}
		}
	})
	unsure := p.target(x, v, name)
	p.later = append(p.later, func() {
		want := Pass
		switch way, sure := p.way(all, held, x, v); {
		case way && sure && !unsure:
			want = Fail
		case way:
			want = Unknown
		}
		p.answer("principal.escalation", actorARN, "", want, x.id+", "+v)
	})
}

// way tells whether some path that needs no more than is held leads to the
// target, and whether that is sure.
func (p *planter) way(all []path, held []string, of path, v string) (way, sure bool) {
	for _, x := range all {
		fits := x.kind == of.kind && x.of == of.of
		if x.kind == "pass" || x.kind == "existing" {
			fits = (of.kind == "pass" || of.kind == "existing") && x.service == of.service
		}
		if x.kind == "self" && of.kind == "self" {
			fits = x.of == of.of || x.of == "any" || of.of == "any"
		}
		if !fits || slices.ContainsFunc(x.needs, func(n string) bool { return !slices.Contains(held, n) }) {
			continue
		}
		switch {
		case x.kind == "existing":
			if !p.services[x.service] {
				continue
			}
		case x.kind == "pass" && (v == untrusted || v == weak || v == noRoom && x.service == "ec2"),
			x.kind == "become" && v == weak,
			x.service == "account" && v == untrusted, x.service == "saml" && v == untrusted,
			x.id == "iam-002" && (v == noRoom || of.id == "iam-003") && !p.lost.report,
			(x.id == "iam-004" || x.id == "iam-006") && v == noRoom && !p.lost.report:
			continue
		}
		way = true
		sure = sure || !x.maybe && !(x.id == "iam-002" && of.id == "iam-003")
	}
	return way, sure
}

// actor plants who would escalate. more adds what his path is about.
func (p *planter) actor(name string, asRole bool, statements []string, boundary, v string, more func(attached, groups *[]string)) string {
	var attached, groups []string
	more(&attached, &groups)
	if asRole {
		r := p.role(name, `{"Service":"nobody.amazonaws.com"}`)
		r.Path, r.Attached, r.Boundary = "/", attached, boundary
		p.move(&r.ARN, arn("role", name))
		r.Inline = []account.InlinePolicy{{Name: "own", Document: document(statements...)}}
		return r.ARN
	}
	mine := statements
	if v == byGroup {
		g := p.group(p.name("by"))
		g.Attached = []string{p.policy(p.name("by"), statements...)}
		groups, mine = append(groups, g.Name), nil
	}
	if v == inPieces {
		g := p.group(p.name("pieces"))
		g.Inline = []account.InlinePolicy{{Name: "first", Document: document(statements[0])}}
		groups, mine = append(groups, g.Name), statements[1:]
	}
	managed := ""
	if len(mine) > 0 && p.IntN(3) == 0 {
		managed = p.policy(p.name("grant"), mine...)
	}
	u := p.user(name, creds{})
	u.Path = "/"
	p.move(&u.ARN, arn("user", name))
	p.rename(u)
	switch u.Attached, u.Groups, u.Boundary = attached, groups, boundary; {
	case managed != "":
		u.Attached = append(u.Attached, managed)
	case len(mine) > 0:
		u.Inline = []account.InlinePolicy{{Name: "own", Document: document(mine...)}}
	}
	if len(u.Inline)+len(u.Attached) > 0 {
		p.direct(u)
	}
	return u.ARN
}

// move gives somebody another ARN, and with him what was said of him.
func (p *planter) move(arn *string, to string) {
	for i := len(p.answers) - 1; i >= 0 && p.answers[i].Subject == *arn; i-- {
		p.answers[i].Subject = to
	}
	*arn = to
}

// rename brings a user's line of the report in step with his ARN.
func (p *planter) rename(u *account.User) {
	if n := len(p.rows); n > 0 && p.rows[n-1].User == u.Name {
		p.rows[n-1].ARN = u.ARN
	}
}

// target plants whom the actor would become. unsure tells that the evidence
// does not show whether that can be.
func (p *planter) target(x path, v, name string) (unsure bool) {
	if x.kind == "self" {
		return false
	}
	var attached []string
	if slices.Contains(x.needs, "iam:CreatePolicyVersion@targetpolicy") {
		attached = append(attached, p.policy("p-"+name, allow("logs:PutLogEvents", "*")))
	}
	strong := x.kind != "raise"
	if strong {
		attached = append(attached, administrator)
	}
	boundary := ""
	if v == weak {
		boundary, strong = p.policy(p.name("boundary"), allow("logs:PutLogEvents", "*")), false
	}
	if x.of == "user" {
		c := creds{plain: true, keys: 2}
		hangs := slices.Contains(x.needs, "iam:CreateAccessKey@target") && x.id != "iam-003"
		switch x.id {
		case "iam-003":
			c.keys = 3
		case "iam-004":
			c.password, hangs = 1, true
		case "iam-006":
			c.password, hangs = 2, true
		}
		if v == noRoom {
			switch x.id {
			case "iam-002":
				c.keys = 3
			case "iam-004", "iam-006":
				c.password = 3 - c.password
			}
		}
		u := p.user("t-"+name, c)
		u.Path = "/"
		p.move(&u.ARN, arn("user", u.Name))
		p.rename(u)
		u.Attached, u.Boundary = attached, boundary
		if len(attached) > 0 {
			p.direct(u)
		}
		p.strong(u.ARN, strong)
		return hangs && p.lost.report
	}
	principal := `{"Service":"other.amazonaws.com"}`
	action := "sts:AssumeRole"
	switch {
	case v == untrusted || x.service == "-":
	case x.service == "account":
		principal = `{"AWS":"` + Number + `"}`
	case x.service == "saml":
		principal, action = fmt.Sprintf(`{"Federated":%q}`, arn("saml-provider", "idp-"+name)), "sts:AssumeRoleWithSAML"
	default:
		principal = fmt.Sprintf(`{"Service":"%s.amazonaws.com"}`, x.service)
	}
	r := p.role("t-"+name, principal)
	r.Path = "/"
	p.move(&r.ARN, arn("role", r.Name))
	r.Attached, r.Boundary = attached, boundary
	r.Trust = json.RawMessage(strings.Replace(string(r.Trust), "sts:AssumeRole", action, 1))
	held := x.service == "ec2" && v != noRoom
	if held {
		r.Profiles = []string{arn("instance-profile", r.Name)}
	}
	if strong && v != untrusted && (x.service != "ec2" || held) {
		p.services[x.service] = true
	}
	p.strong(r.ARN, strong)
	return false
}

// strong says what follows where somebody has AdministratorAccess.
func (p *planter) strong(arn string, yes bool) {
	if !yes {
		return
	}
	p.answer("principal.admin", arn, "", Fail, "AdministratorAccess")
	p.answer("principal.whole-service", arn, "", Fail, "AdministratorAccess")
	if !p.owners[administrator] {
		p.owners[administrator] = true
		p.answer("policy.full-admin", administrator, "", Fail, "attached")
	}
}

// chain plants a way of several steps, whole or broken at one of them: those
// behind the break reach the end, those before it do not.
func (p *planter) chain(n int) {
	length := 2 + p.IntN(3)
	broken := -1
	if p.turn(fmt.Sprint("chain ", n), 2) == 0 {
		broken = p.IntN(length)
	}
	name := p.name("chain")
	step := func(i int) string { return fmt.Sprintf("%s-%d", name, i) }
	// The hops are drawn first: each says what its target is.
	hops := make([]string, length)
	for i := range hops {
		hops[i] = one(p, "assume", "function", "trust", "key")
	}
	hops[length-1] = one(p, "assume", "function", "trust", "key", "self")
	for i := 0; i <= length; i++ {
		var statements []string
		cut := i == broken && p.IntN(2) == 0
		if i < length {
			target := arn("*", step(i+1))
			switch hops[i] {
			case "assume":
				statements = append(statements, allow("sts:AssumeRole", target))
			case "function":
				statements = append(statements, allow("iam:PassRole", target), allow("lambda:CreateFunction", "*"), allow("lambda:InvokeFunction", "*"))
			case "trust":
				statements = append(statements, allow("iam:UpdateAssumeRolePolicy", target))
			case "key":
				statements = append(statements, allow("iam:CreateAccessKey", target))
			case "self":
				statements = append(statements, `{"Effect":"Allow","Action":["iam:PutUserPolicy","iam:PutRolePolicy"],"Resource":"`+arn("*", step(i))+`"}`)
			}
			if i == broken && !cut {
				statements = append(statements, `{"Effect":"Deny","Action":["sts:*","iam:*"],"Resource":"*"}`)
			}
			if i == broken && cut {
				statements = []string{allow("logs:PutLogEvents", "*")}
			}
		}
		if i == length && hops[length-1] == "self" {
			break
		}
		hop := "user"
		if i > 0 {
			hop = hops[i-1]
		}
		var who string
		if hop == "user" || hop == "key" {
			u := p.user(step(i), creds{plain: true, keys: 2})
			u.Path = "/"
			p.move(&u.ARN, arn("user", u.Name))
			p.rename(u)
			if i == length {
				u.Attached = []string{administrator}
			} else {
				u.Inline = []account.InlinePolicy{{Name: "own", Document: document(statements...)}}
			}
			p.direct(u)
			who = u.ARN
		} else {
			r := p.role(step(i), map[string]string{
				"assume": `{"AWS":"` + Number + `"}`, "function": `{"Service":"lambda.amazonaws.com"}`, "trust": `{"Service":"nobody.amazonaws.com"}`,
			}[hop])
			r.Path = "/"
			p.move(&r.ARN, arn("role", r.Name))
			if i == length {
				r.Attached = []string{administrator}
			} else {
				r.Inline = []account.InlinePolicy{{Name: "own", Document: document(statements...)}}
			}
			who = r.ARN
			if hop == "function" && i > broken {
				p.services["lambda"] = true
			}
		}
		if i == length {
			p.strong(who, true)
			break
		}
		want := Fail
		if i <= broken {
			want = Pass
		}
		// Without the report nobody knows whether there is room for a key.
		if want == Fail && p.lost.report && slices.Contains(hops[i:], "key") {
			want = Unknown
		}
		p.answer("principal.escalation", who, "", want, fmt.Sprintf("chain of %v, step %d, broken at %d", hops, i, broken))
	}
}
