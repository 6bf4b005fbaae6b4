// Package cases reads files of authorization cases: requests, the policies
// that apply, and the decision that is expected. A file holds one JSON object a
// line, and may be compressed with gzip; docs/policy.md describes the members.
package cases

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"warden/policy"
)

// Case is one request with its policies, ready to be evaluated.
type Case struct {
	ID       string
	Request  policy.Request
	Policies policy.Policies
	Expected policy.Decision
}

// MaxLine is the length of the longest line that is read, in bytes.
const MaxLine = 64 << 20

// Reader reads cases one after the other.
type Reader struct {
	lines *bufio.Reader
	line  int
}

// NewReader reads from r, which may be compressed with gzip.
func NewReader(r io.Reader) (*Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, err := b.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("not a gzip file: %w", err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	return &Reader{lines: b}, nil
}

// Line is the number of the line read last, counted from 1.
func (r *Reader) Line() int { return r.line }

// Read returns the next case, and io.EOF after the last. Blank lines are
// passed over. After an error in a line the next call goes on with the line
// that follows.
func (r *Reader) Read() (*Case, error) {
	for {
		r.line++
		line, err := r.readLine()
		if len(bytes.TrimSpace(line)) > 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			return Parse(line)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *Reader) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		if len(line)+len(part) > MaxLine {
			return nil, fmt.Errorf("the line is longer than %d bytes", MaxLine)
		}
		if err == nil && line == nil {
			return part, nil
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// wire is a case as it is written.
type wire struct {
	ID      string `json:"id"`
	Request struct {
		Principal struct {
			Type                policy.PrincipalType `json:"type"`
			ARN                 string               `json:"arn"`
			Account             string               `json:"account"`
			RoleARN             string               `json:"roleArn"`
			UserARN             string               `json:"userArn"`
			CanonicalID         string               `json:"canonicalId"`
			ServiceLinkedRole   bool                 `json:"serviceLinkedRole"`
			InManagementAccount bool                 `json:"inManagementAccount"`
		} `json:"principal"`
		Action   string `json:"action"`
		Resource struct {
			ARN                 string `json:"arn"`
			Account             string `json:"account"`
			InManagementAccount bool   `json:"inManagementAccount"`
		} `json:"resource"`
		Context map[string]jsontext.Value `json:"context"`
	} `json:"request"`
	Identity  []jsontext.Value `json:"identityPolicies"`
	Group     []jsontext.Value `json:"groupPolicies"`
	Boundary  []jsontext.Value `json:"boundaryPolicies"`
	Session   []jsontext.Value `json:"sessionPolicies"`
	SCPs      []level          `json:"scps"`
	RCPs      []level          `json:"rcps"`
	Resource  jsontext.Value   `json:"resourcePolicy"`
	Endpoints []jsontext.Value `json:"endpointPolicies"`
	Expected  string           `json:"expected"`
}

type level struct {
	Level    string           `json:"level"`
	Policies []jsontext.Value `json:"policies"`
}

// Parse reads one case. Policies are read as AWS would return them: defects
// make the outcome unknown, not the file unreadable.
func Parse(line []byte) (*Case, error) {
	var w wire
	if err := json.Unmarshal(line, &w, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("not a case: %w", err)
	}
	if w.ID == "" {
		return nil, errors.New("the case has no id")
	}
	c := &Case{ID: w.ID}
	if err := w.fill(c); err != nil {
		return nil, fmt.Errorf("case %s: %w", w.ID, err)
	}
	return c, nil
}

func (w *wire) fill(c *Case) error {
	if err := c.Expected.UnmarshalText([]byte(w.Expected)); err != nil {
		return fmt.Errorf("expected: %w", err)
	}
	r := &w.Request
	switch r.Principal.Type {
	case policy.User, policy.Session, policy.Federated, policy.Service, policy.Anonymous, policy.Root:
	default:
		return fmt.Errorf("unknown type of principal %q", r.Principal.Type)
	}
	if !strings.Contains(r.Action, ":") {
		return fmt.Errorf("action %q is not service:Name", r.Action)
	}
	if r.Resource.ARN == "" {
		return errors.New(`the resource has no arn ("*" for actions without resource types)`)
	}
	c.Request = policy.Request{
		Principal: policy.Principal(r.Principal),
		Action:    r.Action,
		Resource:  policy.Resource(r.Resource),
		Context:   make(policy.Context, len(r.Context)),
	}
	for key, raw := range r.Context {
		v, err := value(raw)
		if err != nil {
			return fmt.Errorf("context key %s: %w", key, err)
		}
		c.Request.Context.Set(key, v)
	}
	var p parser
	c.Policies = policy.Policies{
		Identity:      p.list("identityPolicies", w.Identity),
		Group:         p.list("groupPolicies", w.Group),
		Boundary:      p.list("boundaryPolicies", w.Boundary),
		Session:       p.list("sessionPolicies", w.Session),
		SessionPassed: w.Session != nil,
		SCPs:          p.levels("scps", w.SCPs),
		RCPs:          p.levels("rcps", w.RCPs),
		Endpoint:      p.list("endpointPolicies", w.Endpoints),
		ViaEndpoint:   w.Endpoints != nil,
	}
	if present(w.Resource) {
		c.Policies.Resource = p.one("resourcePolicy", w.Resource)
	}
	return p.err
}

// value reads the value of a context key: text is a single value, an array
// makes the key multivalued. Numbers and booleans stand for their text.
func value(raw jsontext.Value) (policy.Value, error) {
	if raw.Kind() != '[' {
		s, err := scalar(raw)
		return policy.One(s), err
	}
	var items []jsontext.Value
	if err := json.Unmarshal(raw, &items); err != nil {
		return policy.Value{}, err
	}
	values := make([]string, len(items))
	for i, item := range items {
		s, err := scalar(item)
		if err != nil {
			return policy.Value{}, err
		}
		values[i] = s
	}
	return policy.Many(values...), nil
}

func scalar(raw jsontext.Value) (string, error) {
	switch raw.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '0', 't', 'f':
		return string(bytes.TrimSpace(raw)), nil
	}
	return "", fmt.Errorf("%s is not text, a number or a boolean", raw)
}

func present(v jsontext.Value) bool { return len(v) > 0 && v.Kind() != 'n' }

// parser parses policies until the first error.
type parser struct{ err error }

func (p *parser) one(name string, raw jsontext.Value) *policy.Document {
	if p.err != nil {
		return nil
	}
	var d *policy.Document
	d, p.err = policy.ParseStored(name, raw)
	return d
}

func (p *parser) list(name string, raws []jsontext.Value) []*policy.Document {
	docs := make([]*policy.Document, len(raws))
	for i, raw := range raws {
		docs[i] = p.one(fmt.Sprintf("%s[%d]", name, i), raw)
	}
	return docs
}

func (p *parser) levels(name string, levels []level) []policy.Level {
	var out []policy.Level
	for _, l := range levels {
		out = append(out, policy.Level{Name: l.Level, Policies: p.list(name+"."+l.Level, l.Policies)})
	}
	return out
}
