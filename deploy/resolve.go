package deploy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Place is where a template is deployed.
type Place struct{ Partition, Region, Account string }

// Stack is a template with its parameters filled in: what CloudFormation
// would make.
type Stack struct {
	// Resources are those whose condition holds, by their logical ids.
	Resources map[string]Resource
}

// Resource is one of a stack, with its intrinsic functions resolved.
type Resource struct {
	Type       string
	Properties map[string]any
}

// Resolve fills in a template. Parameters that are not given have their
// defaults, and those without a default a placeholder. It knows the intrinsic
// functions that warden's templates use; another is an error. Source: AWS
// CloudFormation User Guide, "Intrinsic function reference".
func Resolve(template string, in Place, parameters map[string]string) (*Stack, error) {
	text, err := Template(template)
	if err != nil {
		return nil, err
	}
	return resolveText(template, text, in, parameters)
}

func resolveText(template, text string, in Place, parameters map[string]string) (*Stack, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return nil, fmt.Errorf("template %s: %w", template, err)
	}
	r := &resolver{in: in, values: map[string]any{}, top: root.Content[0]}
	stack, err := r.stack(parameters)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", template, err)
	}
	return stack, nil
}

type resolver struct {
	in     Place
	top    *yaml.Node
	values map[string]any // of parameters
}

// none is what AWS::NoValue leaves.
type none struct{}

func (r *resolver) stack(parameters map[string]string) (*Stack, error) {
	given := maps.Clone(parameters)
	for name, p := range pairs(member(r.top, "Parameters")) {
		value := "PLACEHOLDER"
		if d := member(p, "Default"); d != nil {
			value = d.Value
		}
		if v, ok := given[name]; ok {
			value = v
			delete(given, name)
		}
		r.values[name] = value
		if kind := member(p, "Type"); kind != nil && kind.Value == "CommaDelimitedList" {
			list := []any{}
			for v := range strings.SplitSeq(value, ",") {
				list = append(list, strings.TrimSpace(v))
			}
			r.values[name] = list
		}
	}
	for name := range given {
		return nil, fmt.Errorf("there is no parameter %s", name)
	}
	stack := &Stack{Resources: map[string]Resource{}}
	for id, n := range pairs(member(r.top, "Resources")) {
		if c := member(n, "Condition"); c != nil {
			holds, err := r.condition(c.Value)
			if err != nil {
				return nil, err
			}
			if !holds {
				continue
			}
		}
		res := Resource{Type: member(n, "Type").Value, Properties: map[string]any{}}
		if p := member(n, "Properties"); p != nil {
			v, err := r.value(p)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
			res.Properties = v.(map[string]any)
		}
		stack.Resources[id] = res
	}
	return stack, nil
}

// pairs yields the members of a mapping.
func pairs(n *yaml.Node) func(func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

func member(n *yaml.Node, name string) *yaml.Node {
	for k, v := range pairs(n) {
		if k == name {
			return v
		}
	}
	return nil
}

func (r *resolver) value(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!Ref":
		return r.ref(n.Value)
	case "!Sub":
		if n.Kind == yaml.SequenceNode && len(n.Content) == 2 {
			return r.subWith(n.Content[0].Value, n.Content[1])
		}
		return r.sub(n.Value, nil)
	case "!GetAtt":
		id, attribute, _ := strings.Cut(n.Value, ".")
		return r.attribute(id, attribute)
	case "!If", "!Join":
		return r.function(n)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		var v any
		err := n.Decode(&v)
		return v, err
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := r.value(c)
			if err != nil {
				return nil, err
			}
			if v != (none{}) {
				list = append(list, v)
			}
		}
		return list, nil
	case yaml.MappingNode:
		m := map[string]any{}
		for k, c := range pairs(n) {
			v, err := r.value(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if _, gone := v.(none); !gone {
				m[k] = v
			}
		}
		return m, nil
	}
	return nil, fmt.Errorf("line %d: %s is not known", n.Line, n.Tag)
}

func (r *resolver) function(n *yaml.Node) (any, error) {
	if n.Tag == "!If" && len(n.Content) == 3 {
		holds, err := r.condition(n.Content[0].Value)
		switch {
		case err != nil:
			return nil, err
		case holds:
			return r.value(n.Content[1])
		}
		return r.value(n.Content[2])
	}
	if n.Tag == "!Join" && len(n.Content) == 2 {
		v, err := r.value(n.Content[1])
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		var parts []string
		for _, p := range list {
			parts = append(parts, fmt.Sprint(p))
		}
		if ok {
			return strings.Join(parts, n.Content[0].Value), nil
		}
	}
	return nil, fmt.Errorf("line %d: %s is used in a way that is not known", n.Line, n.Tag)
}

func (r *resolver) condition(name string) (bool, error) {
	n := member(member(r.top, "Conditions"), name)
	if n == nil {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	return r.holds(n)
}

func (r *resolver) holds(n *yaml.Node) (bool, error) {
	switch n.Tag {
	case "!Condition":
		return r.condition(n.Value)
	case "!Equals":
		a, err := r.value(n.Content[0])
		if err != nil {
			return false, err
		}
		b, err := r.value(n.Content[1])
		return fmt.Sprint(a) == fmt.Sprint(b), err
	case "!Not":
		h, err := r.holds(n.Content[0])
		return !h, err
	case "!And":
		for _, c := range n.Content {
			if h, err := r.holds(c); !h || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, fmt.Errorf("line %d: %s is not known", n.Line, n.Tag)
}

var reference = regexp.MustCompile(`\$\{([^}]+)\}`)

// subWith is Fn::Sub with values of its own.
func (r *resolver) subWith(text string, values *yaml.Node) (string, error) {
	own := map[string]any{}
	for name, n := range pairs(values) {
		v, err := r.value(n)
		if err != nil {
			return "", err
		}
		if !strings.Contains(text, "${"+name+"}") {
			return "", fmt.Errorf("line %d: %s is not used", n.Line, name)
		}
		own[name] = v
	}
	return r.sub(text, own)
}

func (r *resolver) sub(text string, own map[string]any) (string, error) {
	var errs []error
	out := reference.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		if v, ok := own[name]; ok {
			return fmt.Sprint(v)
		}
		v, err := r.ref(name)
		if id, attribute, ok := strings.Cut(name, "."); ok {
			v, err = r.attribute(id, attribute)
		}
		errs = append(errs, err)
		return fmt.Sprint(v)
	})
	return out, errors.Join(errs...)
}

func (r *resolver) ref(name string) (any, error) {
	switch name {
	case "AWS::NoValue":
		return none{}, nil
	case "AWS::Partition":
		return r.in.Partition, nil
	case "AWS::Region":
		return r.in.Region, nil
	case "AWS::AccountId":
		return r.in.Account, nil
	}
	if v, ok := r.values[name]; ok {
		return v, nil
	}
	return r.attribute(name, "Ref")
}

// named are the resources whose ARN or name the templates refer to: the
// property with the name, and the form of the ARN.
var named = map[string]struct {
	property, arn string
	refIsARN      bool
}{
	"AWS::SQS::Queue":                  {"QueueName", "sqs:REGION:ACCOUNT:", false},
	"AWS::SNS::Topic":                  {"TopicName", "sns:REGION:ACCOUNT:", true},
	"AWS::IAM::Role":                   {"RoleName", "iam::ACCOUNT:role/", false},
	"AWS::IAM::ManagedPolicy":          {"ManagedPolicyName", "iam::ACCOUNT:policy/", true},
	"AWS::DynamoDB::Table":             {"TableName", "dynamodb:REGION:ACCOUNT:table/", false},
	"AWS::Events::Rule":                {"Name", "events:REGION:ACCOUNT:rule/", false},
	"AWS::Logs::LogGroup":              {"LogGroupName", "logs:REGION:ACCOUNT:log-group:", false},
	"AWS::Lambda::Function":            {"FunctionName", "lambda:REGION:ACCOUNT:function:", false},
	"AWS::StepFunctions::StateMachine": {"StateMachineName", "states:REGION:ACCOUNT:stateMachine:", true},
	"AWS::Organizations::Policy":       {"Name", "organizations::ACCOUNT:policy/o-PLACEHOLDER/service_control_policy/", false},
	"AWS::S3::Bucket":                  {"BucketName", "s3:::", false},
}

func (r *resolver) attribute(id, attribute string) (any, error) {
	n := member(member(r.top, "Resources"), id)
	if n == nil {
		return nil, fmt.Errorf("there is nothing named %s", id)
	}
	kind := member(n, "Type").Value
	form, ok := named[kind]
	if !ok {
		return nil, fmt.Errorf("%s of %s (%s) is not known", attribute, id, kind)
	}
	name := any(id) // CloudFormation makes a name from it
	if p := member(member(n, "Properties"), form.property); p != nil {
		var err error
		if name, err = r.value(p); err != nil {
			return nil, err
		}
	}
	arn := "arn:" + r.in.Partition + ":" + strings.NewReplacer("REGION", r.in.Region, "ACCOUNT", r.in.Account).Replace(form.arn) + fmt.Sprint(name)
	switch {
	case attribute == "Arn" && kind == "AWS::Logs::LogGroup":
		return arn + ":*", nil
	case attribute == "Arn", attribute == "Ref" && form.refIsARN:
		return arn, nil
	case attribute == "Ref" && kind == "AWS::SQS::Queue":
		return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", r.in.Region, r.in.Account, name), nil
	case slices.Contains([]string{"Ref", "QueueName", "TopicName"}, attribute):
		return name, nil
	}
	return nil, fmt.Errorf("%s of %s is not known", attribute, id)
}
