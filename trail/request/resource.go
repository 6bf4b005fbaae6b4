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

	read     bool
	request  map[string]any
	response map[string]any
	arns     []string
}

// known drops what is said to be missing where the resource is there.
func (r Request) known() Request {
	if r.Resource != "" {
		r.Missing = ""
	}
	return r
}

// needs lists the resources on which the action had to be allowed: each
// required type, or where all types are optional those that the record shows.
func (r *reading) needs(a *catalog.Action) []Request {
	name := a.String()
	if len(a.Resources) == 0 {
		return []Request{{Action: name, Resource: "*"}}
	}
	var out []Request
	required := false
	for _, use := range a.Resources {
		required = required || use.Required
	}
	for _, use := range a.Resources {
		if required && !use.Required {
			continue
		}
		arns := r.find(use.Type)
		for _, arn := range arns {
			out = append(out, Request{Action: name, Resource: arn})
		}
		if len(arns) == 0 && required {
			out = append(out, Request{Action: name, Missing: "the " + use.Type.Name})
		}
	}
	if len(out) == 0 {
		// Every type is optional, and the record shows none: calls such as
		// iam:GetUser without a name, or lists of everything.
		out = append(out, Request{Action: name, Missing: "the " + a.Resources[0].Type.Name})
	}
	return alternatives(out)
}

// alternatives keeps of several required types of one action those that the
// record shows, where it shows any: reference pages mark as required what is
// a choice ("object" or "bucket").
func alternatives(all []Request) []Request {
	found := slices.DeleteFunc(slices.Clone(all), func(r Request) bool { return r.Resource == "" })
	if len(found) > 0 {
		return found
	}
	return all[:1]
}

// find returns the ARNs of a type that the record names.
func (r *reading) find(t *catalog.ResourceType) []string {
	r.load()
	var out []string
	for _, arn := range r.arns {
		if t.Fits(arn) && !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	if len(out) > 0 {
		return out
	}
	if arn := r.built(t); arn != "" {
		return []string{arn}
	}
	// A call of IAM that names no user is about the caller himself (IAM API
	// Reference, "UserName" of GetUser, ListAccessKeys and others).
	if by := r.e.Actor(); t.Service.Prefix == "iam" && t.Name == "user" && r.request["userName"] == nil &&
		(by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession) && by.ARN != "" {
		return []string{by.ARN}
	}
	return nil
}

// load collects the ARNs of the event: its resources, and every text in
// request and response that is one.
func (r *reading) load() {
	if r.read {
		return
	}
	r.read = true
	r.request, r.response = object(r.e.Request), object(r.e.Response)
	for _, res := range r.e.Resources {
		if strings.HasPrefix(res.ARN, "arn:") {
			r.arns = append(r.arns, res.ARN)
		}
	}
	for _, m := range []map[string]any{r.request, r.response} {
		walk(m, 0, func(_, v string) {
			if strings.HasPrefix(v, "arn:") && strings.Count(v, ":") >= 5 && len(r.arns) < maxARNs {
				r.arns = append(r.arns, v)
			}
		})
	}
}

// Bounds against records made to be large.
const (
	maxARNs  = 100
	maxDepth = 8
)

func object(raw json.RawMessage) map[string]any {
	var m map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// walk calls fn for each text with its key, in the order of the keys.
func walk(v any, depth int, fn func(key, value string)) {
	if depth > maxDepth {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if s, ok := v[k].(string); ok {
				fn(k, s)
				continue
			}
			walk(v[k], depth+1, fn)
		}
	case []any:
		for _, x := range v {
			walk(x, depth+1, fn)
		}
	}
}

// text is the first of these keys of the request that holds text.
func (r *reading) text(keys ...string) string {
	r.load()
	for _, key := range keys {
		if s, ok := r.request[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// variable is the value for a variable of an ARN's template: the text of that
// name in the request, else in the response.
func (r *reading) variable(name string) string {
	name = strings.ToLower(name)
	alias := aliases[name]
	var found string
	look := func(key, value string) {
		if found != "" || value == "" || strings.HasPrefix(value, "arn:") {
			return
		}
		key = strings.ToLower(key)
		if key == name || alias != "" && key == alias {
			found = value
		}
	}
	walk(r.request, 0, look)
	if found == "" {
		walk(r.response, 0, look)
	}
	return found
}

// aliases are the names that requests give to variables of the reference's
// ARNs, both in lower case.
var aliases = map[string]string{
	"objectname": "key", "usernamewithpath": "username", "rolenamewithpath": "rolename", "groupnamewithpath": "groupname",
	"policynamewithpath": "policyname", "instanceprofilenamewithpath": "instanceprofilename", "loggroupname": "loggroupname",
	"eventbusname": "name", "secretid": "secretid", "parameternamewithoutleadingslash": "name", "stackname": "stackname",
	"functionname": "functionname", "keyid": "keyid", "rolename": "rolename", "trailname": "name", "alarmname": "alarmname",
	"repositoryname": "repositoryname", "statemachinename": "name", "tablename": "tablename",
}

// pathed are the resources whose ARN has a path that requests leave out.
var pathed = map[string]string{
	"usernamewithpath": "user", "rolenamewithpath": "role", "groupnamewithpath": "group", "policynamewithpath": "policy", "instanceprofilenamewithpath": "instance-profile",
}

// creates are the calls that make such a resource.
var creates = map[string]string{
	"user": "CreateUser", "role": "CreateRole", "group": "CreateGroup", "policy": "CreatePolicy", "instance-profile": "CreateInstanceProfile",
}

// built fills in the template of a type's ARN; "" where a part is not known.
func (r *reading) built(t *catalog.ResourceType) string {
	r.load()
	partition := "aws"
	if parts := strings.SplitN(r.e.Identity.ARN, ":", 3); len(parts) == 3 && parts[0] == "arn" {
		partition = parts[1]
	}
	var b strings.Builder
	for rest := t.ARN; ; {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		lower := strings.ToLower(name)
		value := ""
		switch lower {
		case "partition":
			value = partition
		case "account":
			value = r.e.RecipientAccount
		case "region":
			value = r.e.Region
		default:
			value = r.variable(lower)
			if kind := pathed[lower]; kind != "" && value != "" {
				// The path is not in the request: only whoever knows the
				// account can say what the ARN is. What is made now has it, and
				// "/" where it says none (IAM API Reference, CreateUser, Path).
				if r.e.Name == creates[kind] {
					path, _ := r.request["path"].(string)
					value = strings.TrimPrefix(path, "/") + value
				} else if r.names == nil {
					return ""
				} else {
					return r.names.ARN(kind, value)
				}
			}
		}
		if value == "" {
			return ""
		}
		b.WriteString(value)
	}
	return b.String()
}

// copySource is the ARN of the object that CopyObject reads.
func (r *reading) copySource() string {
	source, err := url.PathUnescape(r.text("x-amz-copy-source"))
	source, _, _ = strings.Cut(strings.TrimPrefix(source, "/"), "?versionId=")
	if err != nil || !strings.Contains(source, "/") {
		return ""
	}
	return "arn:aws:s3:::" + source
}
