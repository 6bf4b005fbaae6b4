package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// requestLine is one line of the file of --requests.
type requestLine struct {
	Action   string                     `json:"action"`
	Resource string                     `json:"resource"`
	Context  map[string]json.RawMessage `json:"context"`
	Expect   string                     `json:"expect"`
}

// readRequests reads the file of --requests. Its context goes over the given.
func (f *requestFlags) readRequests(s *streams, given policy.Context) ([]asked, error) {
	in, name := s.In, "standard input"
	if f.requests != "-" {
		file, err := os.Open(f.requests)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in, name = file, f.requests
	}
	var out []asked
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		list, err := readRequestLine(lines.Bytes(), given)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		for i := range list {
			if list[i].expect == "" {
				list[i].expect = f.expect
			}
		}
		out = append(out, list...)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: there is no request in it", name)
	}
	return out, nil
}

func readRequestLine(line []byte, given policy.Context) ([]asked, error) {
	var r requestLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("want an object with action, resource, context and expect: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more behind the object: write one object a line")
	}
	switch {
	case !strings.Contains(r.Action, ":"):
		return nil, fmt.Errorf("action %q: want service:Name", r.Action)
	case r.Expect != "" && r.Expect != "allowed" && r.Expect != "denied":
		return nil, fmt.Errorf("expect %q: want allowed or denied", r.Expect)
	}
	if r.Resource == "" {
		r.Resource = "*"
	}
	context := policy.Context{}
	for k, v := range given {
		context[k] = v
	}
	for k, raw := range r.Context {
		v, err := contextValue(k, raw)
		if err != nil {
			return nil, err
		}
		context.Set(k, v)
	}
	actions := []string{r.Action}
	if strings.ContainsAny(r.Action, "*?") {
		actions = nil
		for _, a := range catalog.Matching(r.Action) {
			actions = append(actions, a.String())
		}
		if actions == nil {
			return nil, fmt.Errorf("action %q: no known action matches", r.Action)
		}
	}
	out := make([]asked, len(actions))
	for i, a := range actions {
		out[i] = asked{a, r.Resource, context, r.Expect}
	}
	return out, nil
}

// contextValue reads text, a number, a boolean, a list of text (a multivalued
// key), or null (known to be absent).
func contextValue(key string, raw json.RawMessage) (policy.Value, error) {
	if !strings.Contains(key, ":") {
		return policy.Value{}, fmt.Errorf("context key %q: want service:Name, as in aws:SourceIp", key)
	}
	var one string
	var many []string
	known := catalog.ConditionKey(key)
	switch {
	case string(raw) == "null":
		return policy.Absent(), nil
	case json.Unmarshal(raw, &one) == nil:
	case json.Unmarshal(raw, &many) == nil:
		return policy.Many(many...), nil
	case len(raw) > 0 && (raw[0] == 't' || raw[0] == 'f' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'):
		one = string(raw)
	default:
		return policy.Value{}, fmt.Errorf("context key %q: want text, a number, true, false, null or a list of text", key)
	}
	if known != nil && known.Type.Multivalued() {
		return policy.Many(one), nil
	}
	return policy.One(one), nil
}
