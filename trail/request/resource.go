package request

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"warden/policy/catalog"
	"warden/trail"
)

// Names supplies the ARN of a user, role, group or policy that a record names
// without its path; "" where it does not know. kind is "user", "role",
// "group", "policy" or "instance-profile".
type Names interface {
	ARN(kind, name string) string
}

// reading looks through one event.
type reading struct {
	e     *trail.Event
	names Names

	request  map[string]any
	response map[string]any
	// ARNs by where they stand: the record's resources, the parameters,
	// what is within them, and the answer.
	listed, given, within, answered []string
}

// Bounds against records made to be large.
const (
	maxARNs  = 100
	maxDepth = 8
)

// load collects the ARNs of the event: its resources, and every text in
// request and response that is one.
func (r *reading) load() {
	r.request, r.response = object(r.e.Request), object(r.e.Response)
	for _, res := range r.e.Resources {
		if strings.HasPrefix(res.ARN, "arn:") && len(r.listed) < maxARNs {
			r.listed = append(r.listed, res.ARN)
		}
	}
	isARN := func(v string) bool { return strings.HasPrefix(v, "arn:") && strings.Count(v, ":") >= 5 }
	walk(r.request, 0, func(depth int, _, v string) {
		switch {
		case !isARN(v) || len(r.given)+len(r.within) >= maxARNs:
		case depth == 0:
			r.given = append(r.given, v)
		default:
			r.within = append(r.within, v)
		}
	})
	walk(r.response, 0, func(_ int, _, v string) {
		if isARN(v) && len(r.answered) < maxARNs {
			r.answered = append(r.answered, v)
		}
	})
}

func object(raw json.RawMessage) map[string]any {
	var m map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// walk calls fn for each text with its key and how deep it lies, in the order
// of the keys. Texts of a list have the list's key.
func walk(m map[string]any, depth int, fn func(depth int, key, value string)) {
	if depth > maxDepth {
		return
	}
	for _, k := range sorted(m) {
		walkValue(m[k], k, depth, depth, fn)
	}
}

func walkValue(v any, key string, depth, nesting int, fn func(depth int, key, value string)) {
	if nesting > 2*maxDepth {
		return
	}
	switch v := v.(type) {
	case string:
		fn(depth, key, v)
	case map[string]any:
		walk(v, depth+1, fn)
	case []any:
		for _, x := range v {
			walkValue(x, key, depth, nesting+1, fn)
		}
	}
}

// text is the first of these keys of the request that holds text.
func (r *reading) text(keys ...string) string {
	for _, key := range keys {
		if s, ok := r.request[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// mentions tells whether a key of the request has this name, wherever it is.
func (r *reading) mentions(name string) bool { return hasKey(r.request, name, 0) }

func hasKey(v any, name string, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if strings.EqualFold(k, name) || hasKey(x, name, depth+1) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if hasKey(x, name, depth+1) {
				return true
			}
		}
	}
	return false
}

// needs lists the resources on which the action had to be allowed: each
// required type, and of those that are optional the ones that the record shows.
func (r *reading) needs(a *catalog.Action) []Request {
	if a == nil {
		return nil
	}
	name := a.String()
	if a.Service.Prefix == "apigateway" {
		return []Request{{Action: name, Pattern: r.path(), Missing: "the path of the API"}}
	}
	if len(a.Resources) == 0 {
		return []Request{{Action: name, Resource: "*"}}
	}
	var found, missing, likely []Request
	required := false
	for _, use := range a.Resources {
		required = required || use.Required
	}
	for _, use := range a.Resources {
		arns, pattern := r.find(a, use.Type)
		for _, arn := range arns {
			if !slices.ContainsFunc(found, func(q Request) bool { return q.Resource == arn }) {
				found = append(found, Request{Action: name, Resource: arn, Assumed: required && !use.Required})
			}
		}
		if len(arns) == 0 && (use.Required || !required) {
			q := Request{Action: name, Pattern: pattern, Missing: "the " + use.Type.Name}
			missing = append(missing, q)
			if shows(pattern, use.Type) {
				likely = append(likely, q)
			}
		}
	}
	certain := slices.ContainsFunc(found, func(q Request) bool { return !q.Assumed })
	switch {
	case required && !choice(a):
		return append(found, missing...)
	case certain:
		return found
	case len(missing) == 1:
		return append(found, missing...)
	case len(likely) == 1:
		return append(found, likely...)
	}
	// One of several types: nothing is known of which.
	return append(found, Request{Action: name, Missing: missing[0].Missing})
}

// shows tells whether a pattern has more of a type's ARN than where it is.
func shows(pattern string, t *catalog.ResourceType) bool {
	rest := t.ARN
	for _, place := range []string{"${Partition}", "${Region}", "${Account}"} {
		rest = strings.ReplaceAll(rest, place, "")
		pattern = strings.ReplaceAll(pattern, place, "")
	}
	return pattern != "" && strings.Count(pattern, "${") < strings.Count(rest, "${")
}

// choice tells of actions of which the reference marks as required what is a
// choice: a call is about a table or a stream, a user or a role. Of others every
// required type is needed; those of EC2 all are (Amazon EC2 User Guide,
// "Resource-level permissions").
func choice(a *catalog.Action) bool {
	required := 0
	for _, u := range a.Resources {
		if u.Required {
			required++
		}
	}
	if required < 2 {
		return false
	}
	switch a.Service.Prefix {
	case "elasticloadbalancing", "iam", "states", "glue", "ram", "s3", "lambda", "cloudformation", "sso", "resource-groups", "fsx", "kinesis", "ssm", "appconfig":
		return a.String() != "glue:CreateTable" && a.String() != "lambda:PutFunctionCodeSigningConfig" && a.String() != "lambda:UpdateFunctionCodeSigningConfig"
	case "dynamodb":
		return strings.Contains(a.Name, "Tag") || strings.Contains(a.Name, "ResourcePolicy")
	case "rds":
		return strings.HasPrefix(a.Name, "Describe") || strings.Contains(a.Name, "Tags")
	case "ecs":
		return strings.HasPrefix(a.Name, "Describe")
	}
	return strings.HasPrefix(a.Name, "Tag") || strings.HasPrefix(a.Name, "Untag") || strings.Contains(a.Name, "TagsForResource")
}

// find returns the ARNs of a type that the record names, or what is known of
// one that it does not name.
func (r *reading) find(a *catalog.Action, t *catalog.ResourceType) (arns []string, pattern string) {
	if arns := fitting(t, r.listed); len(arns) > 0 {
		return arns, ""
	}
	if special, pattern, ok := r.special(a, t); ok {
		return special, pattern
	}
	if arns := fitting(t, r.given); len(arns) > 0 {
		return arns, ""
	}
	// A call of IAM that names no user is about the caller himself (IAM API
	// Reference, "UserName" of GetUser, ListAccessKeys and others).
	if by := r.e.Actor(); t.Service.Prefix == "iam" && t.Name == "user" && len(r.given) == 0 && !r.mentions("userName") &&
		(by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession) && by.ARN != "" {
		return []string{by.ARN}, ""
	}
	if arns, pattern = r.built(t); len(arns) > 0 {
		return arns, ""
	}
	for _, list := range [][]string{r.within, r.answered} {
		if arns := fitting(t, list); len(arns) > 0 && !r.makes(t) {
			return arns, ""
		}
	}
	return nil, pattern
}

func fitting(t *catalog.ResourceType, list []string) []string {
	var out []string
	for _, arn := range list {
		if t.Fits(arn) && !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	return out
}

// special finds resources whose ARN is more or less than what the reference's
// template says. ok is false for all others.
func (r *reading) special(a *catalog.Action, t *catalog.ResourceType) (arns []string, pattern string, ok bool) {
	head := func(service string) string {
		return "arn:" + r.partition() + ":" + service + ":" + or(r.e.Region, "${Region}") + ":" + or(r.e.RecipientAccount, "${Account}") + ":"
	}
	switch a.Service.Prefix + " " + t.Name {
	case "sqs queue":
		// https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
		u, err := url.Parse(r.text("queueUrl"))
		if err != nil || u.Host == "" {
			return nil, "", false
		}
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) != 2 {
			return nil, "", false
		}
		return []string{"arn:" + r.partition() + ":sqs:" + r.e.Region + ":" + parts[0] + ":" + parts[1]}, "", r.e.Region != ""
	case "secretsmanager Secret":
		// Six letters that the name does not have end the ARN (Secrets Manager
		// User Guide, "Secret ARN").
		id := r.text("secretId", "name")
		if id == "" || strings.HasPrefix(id, "arn:") || strings.Contains(id, "${") {
			return nil, "", false
		}
		for _, arn := range fitting(t, r.answered) {
			if strings.Contains(arn, ":secret:"+id+"-") && !strings.HasPrefix(a.Name, "Create") {
				return []string{arn}, "", true
			}
		}
		return nil, head("secretsmanager") + "secret:" + id + "-${Suffix}", true
	case "logs log-group":
		// CloudWatch Logs User Guide, "Actions, resources, and condition keys":
		// what is asked for has ":*" behind the name, but for tags.
		name := r.text("logGroupName")
		if name == "" || strings.HasPrefix(name, "arn:") || strings.Contains(name, "${") || strings.Contains(a.Name, "Tag") {
			return nil, "", false
		}
		return nil, head("logs") + "log-group:" + name + ":${LogStream}", true
	case "ssm parameter":
		names := r.values(false, "name", "names")
		if len(names) == 0 {
			return nil, "", false
		}
		for _, n := range names {
			if strings.HasPrefix(n, "arn:") {
				arns = append(arns, n)
			} else {
				arns = append(arns, head("ssm")+"parameter/"+strings.TrimPrefix(n, "/"))
			}
		}
		return arns, "", r.e.Region != "" && r.e.RecipientAccount != ""
	case "kms key":
		// An alias does not say which key it stands for.
		if id := r.text("keyId", "targetKeyId"); strings.Contains(id, "alias/") {
			return nil, head("kms") + "key/${KeyId}", true
		}
		if id := r.text("targetKeyId"); id != "" && !strings.HasPrefix(id, "arn:") {
			return []string{head("kms") + "key/" + id}, "", true
		}
	case "kms alias":
		if name := r.text("aliasName"); strings.HasPrefix(name, "alias/") {
			return []string{head("kms") + name}, "", true
		}
	case "events rule-on-default-event-bus", "events rule-on-custom-event-bus":
		name, bus := or(r.text("rule"), r.text("name")), r.text("eventBusName")
		bus = bus[strings.LastIndexByte(bus, '/')+1:]
		onDefault := bus == "" || bus == "default"
		if name == "" || strings.Contains(name+bus, "${") || onDefault != (t.Name == "rule-on-default-event-bus") {
			return nil, "", name != ""
		}
		if onDefault {
			return []string{head("events") + "rule/" + name}, "", true
		}
		return []string{head("events") + "rule/" + bus + "/" + name}, "", true
	}
	return nil, "", false
}

// path is what is known of the path that a call of API Gateway was made to.
func (r *reading) path() string {
	head := "arn:" + r.partition() + ":apigateway:" + or(r.e.Region, "${Region}") + "::"
	id := func(begin, key string) string {
		v := r.text(key)
		if v == "" || strings.Contains(v, "${") {
			return ""
		}
		return head + begin + v + "${Path}"
	}
	for _, found := range []string{id("/restapis/", "restApiId"), id("/apis/", "apiId"), id("/usageplans/", "usagePlanId"), id("/domainnames/", "domainName")} {
		if found != "" {
			return found
		}
	}
	return head + "/${Path}"
}

// makes tells whether the call makes a resource of this type, so that what the
// answer names is not what IAM looked at: the identifier was not known yet.
func (r *reading) makes(t *catalog.ResourceType) bool {
	if t.Service.Prefix != "ec2" {
		return false
	}
	for _, begin := range []string{"Create", "Run", "Allocate", "Copy", "Import", "Register", "Request", "Provision"} {
		if strings.HasPrefix(r.e.Name, begin) {
			return true
		}
	}
	return false
}

// values are the texts of these names in the request: of the least depth where
// there are some, or of all depths.
func (r *reading) values(deep bool, names ...string) []string {
	var found []string
	at := -1
	collect := func(m map[string]any) {
		walk(m, 0, func(depth int, key, value string) {
			if value == "" || len(found) >= maxARNs || !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, key) }) {
				return
			}
			switch {
			case deep || at < 0 || depth == at:
			case depth < at:
				found = nil
			default:
				return
			}
			at = depth
			if !slices.Contains(found, value) {
				found = append(found, value)
			}
		})
	}
	collect(r.request)
	return found
}

// variable is what the record has for a variable of an ARN's template.
func (r *reading) variable(t *catalog.ResourceType, name string) []string {
	if t.Service.Prefix == "ec2" && name == "groupname" {
		return nil // there it is the name of a security group
	}
	names := append([]string{name, name + "s", name + "list"}, aliases[name]...)
	if t.Service.Prefix == "rds" || t.Service.Prefix == "elasticache" {
		names = append(names, strings.TrimSuffix(name, "name")+"identifier", "db"+name)
	}
	deep := t.Service.Prefix == "ec2" && r.e.Name == "RunInstances"
	out := r.values(deep, names...)
	if len(out) == 0 && !r.makes(t) {
		answer := reading{e: r.e, request: r.response}
		out = answer.values(false, names...)
	}
	return slices.DeleteFunc(out, func(v string) bool { return strings.HasPrefix(v, "arn:") || strings.Contains(v, "alias/") })
}

// aliases are the names that requests give to variables of the reference's
// ARNs, all in lower case.
var aliases = map[string][]string{
	"objectname": {"key"}, "usernamewithpath": {"username"}, "rolenamewithpath": {"rolename"}, "groupnamewithpath": {"groupname"},
	"policynamewithpath": {"policyname"}, "instanceprofilenamewithpath": {"instanceprofilename"}, "mfatokenidwithpath": {"virtualmfadevicename"},
	"certificatenamewithpath": {"servercertificatename"}, "samlprovidername": {"name"},
	"eventbusname": {"name"}, "trailname": {"name"}, "statemachinename": {"name"}, "topicname": {"name"}, "activityname": {"name"},
	"securitygroupid": {"groupid"}, "keypairname": {"keyname"}, "naclid": {"networkaclid"},
	"dbinstancename": {"dbinstanceidentifier", "sourcedbinstanceidentifier"}, "dbclusterinstancename": {"dbclusteridentifier"},
	"snapshotname": {"dbsnapshotidentifier"}, "clustersnapshotname": {"dbclustersnapshotidentifier"}, "subnetgroupname": {"dbsubnetgroupname"},
	"parametergroupname": {"dbparametergroupname"}, "optiongroupname": {"optiongroupname"}, "clusterparametergroupname": {"dbclusterparametergroupname"},
	"alarmname": {"alarmnames"}, "taskid": {"task"}, "clustername": {"cluster", "name", "clusteridentifier"}, "projectname": {"name", "names"}, "documentname": {"name"},
	"domainname": {"domain"}, "distributionid": {"id"}, "hostedzoneid": {"hostedzoneid", "id"}, "loadbalancername": {"loadbalancernames"},
	"functionid": {"functionname"}, "layername": {"layername"}, "eventsourcemappingid": {"uuid"}, "uuid": {"uuid"}, "streamname": {"streamname"},
	"deliverystreamname": {"deliverystreamname"}, "userpoolid": {"userpoolid"}, "identitypoolid": {"identitypoolid"},
}

// roots are the resources whose ARN has a path that requests leave out.
var roots = map[string]string{
	"usernamewithpath": "user", "rolenamewithpath": "role", "groupnamewithpath": "group", "policynamewithpath": "policy", "instanceprofilenamewithpath": "instance-profile",
	"mfatokenidwithpath": "mfa", "certificatenamewithpath": "server-certificate",
}

// creates are the calls that make such a resource.
var creates = map[string]string{
	"user": "CreateUser", "role": "CreateRole", "group": "CreateGroup", "policy": "CreatePolicy", "instance-profile": "CreateInstanceProfile",
	"mfa": "CreateVirtualMFADevice", "server-certificate": "UploadServerCertificate",
}

// built fills in the template of a type's ARN: with each value of a variable
// that has several. Where a part is not known it returns the pattern instead,
// "" where even that would mislead.
func (r *reading) built(t *catalog.ResourceType) (arns []string, pattern string) {
	if strings.Contains(t.ARN, ", ") {
		return nil, "" // the reference has several forms
	}
	arns = []string{""}
	several, open := false, false
	for rest := t.ARN; ; {
		before, after, found := strings.Cut(rest, "${")
		for i := range arns {
			arns[i] += before
		}
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		lower := strings.ToLower(name)
		var values []string
		switch lower {
		case "partition":
			values = []string{r.partition()}
		case "account":
			values = []string{r.e.RecipientAccount}
		case "region":
			values = []string{r.e.Region}
		default:
			values = r.variable(t, lower)
			if kind := roots[lower]; kind != "" && len(values) > 0 {
				return r.pathed(kind, arns[0], values)
			}
		}
		values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "${") }) && (open || len(values) != 1 || rest != "") {
			return nil, "" // it could not be told from a part that is not known
		}
		if len(values) == 0 || several && len(values) > 1 {
			open, values = true, []string{"${" + name + "}"}
		}
		several = several || len(values) > 1
		var next []string
		for _, arn := range arns {
			for _, v := range values {
				next = append(next, arn+v)
			}
		}
		arns = next
	}
	switch {
	case !open:
		return arns, ""
	case len(arns) == 1:
		return nil, arns[0]
	}
	// Several ARNs of which a part is not known: what is the same of all.
	return nil, ""
}

// pathed are the ARNs of users, roles and others whose path the request does
// not have: only whoever knows the account can say what it is. What is made now
// has it, and "/" where it says none (IAM API Reference, CreateUser, Path).
func (r *reading) pathed(kind, head string, names []string) (arns []string, pattern string) {
	for _, name := range names {
		if r.e.Name == creates[kind] {
			path, _ := r.request["path"].(string)
			arns = append(arns, head+strings.TrimPrefix(path, "/")+name)
			continue
		}
		arn := ""
		if r.names != nil && r.here() {
			arn = r.names.ARN(kind, name)
		}
		if arn == "" {
			if len(names) > 1 || strings.Contains(name, "${") {
				return nil, head + "${Path}"
			}
			return nil, head + "${Path}" + name
		}
		arns = append(arns, arn)
	}
	return arns, ""
}

// here tells whether the names of the record are those of the caller's
// account, which is the one that Names knows.
func (r *reading) here() bool {
	by := r.e.Actor()
	return by.Account == "" || r.e.RecipientAccount == "" || by.Account == r.e.RecipientAccount
}

// copySource is the ARN of the object that CopyObject reads, and whether one
// version of it was meant.
func (r *reading) copySource() (arn string, version bool) {
	source := strings.TrimPrefix(r.header("x-amz-copy-source"), "/")
	source, _, version = strings.Cut(source, "?versionId=")
	source, err := url.PathUnescape(source)
	if err != nil || !strings.Contains(source, "/") {
		return "", version
	}
	if strings.HasPrefix(source, "arn:") {
		return source, version
	}
	return "arn:" + r.partition() + ":s3:::" + source, version
}
