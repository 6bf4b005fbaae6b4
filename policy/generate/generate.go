// Package generate writes policies that grant no more than is needed: from
// what somebody was observed to do, from access levels on resources, or by
// cutting existing policies down to what was used.
//
// What is generated is proved before it is returned: [Prove] has the engine
// decide every observation under the new policies, and package policy/reason
// compare them with the old ones.
//
// A trail sees little of what a policy is for. What it cannot have seen is "not
// observed", never "unused": see [Unseen].
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/policy"
)

// Observation is a permission that was needed, with what is known of it.
type Observation struct {
	Action string // "s3:GetObject"
	// Resource is the ARN, "*" for actions without resource types, "" where
	// it is not known.
	Resource string
	// Pattern is what is known of a resource that is not: its ARN with ${Name}
	// for each part that is not known.
	Pattern string
	// Context holds the condition keys that are known to have applied.
	Context policy.Context
	// Assumed marks permissions that follow from others and that nothing
	// records, such as iam:PassRole.
	Assumed bool
	Count   int
	Last    time.Time
}

// Result is what was generated.
type Result struct {
	// Documents are the policies, each within the size that was asked for.
	Documents []*policy.Document
	// Notes say what a person should know about them, in order.
	Notes []string
}

// Sizes of policies in characters, white space not counted. IAM User Guide,
// "IAM and AWS STS quotas".
const (
	ManagedSize     = 6144
	InlineUserSize  = 2048
	InlineRoleSize  = 10240
	InlineGroupSize = 5120
)

// Text prints a policy for people to read and AWS to take.
func Text(d *policy.Document) ([]byte, error) {
	compact, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// size counts as AWS does.
func (f frame) size(statements []policy.Statement) int {
	text, err := json.Marshal(f.document(statements))
	if err != nil {
		return 0
	}
	n := 0
	for _, r := range string(text) {
		if !strings.ContainsRune(" \t\r\n", r) {
			n++
		}
	}
	return n
}

const version = "2012-10-17"

// frame is what a document has besides its statements. Under the older version
// variables are text, so that a policy which is cut down keeps its own.
type frame struct{ name, version, id string }

func (f frame) document(statements []policy.Statement) *policy.Document {
	return &policy.Document{Version: f.version, ID: f.id, Statements: statements}
}

// build splits statements into documents of at most limit characters, and
// compiles them. A statement that is larger by itself is cut in two.
func (f frame) build(statements []policy.Statement, limit int) ([]*policy.Document, error) {
	if limit <= 0 {
		limit = ManagedSize
	}
	// What a document has besides its statements, and what each adds.
	empty := f.size(nil) + len("[]")
	var parts []part
	queue := unique(statements)
	slices.Reverse(queue)
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		whole := f.size([]policy.Statement{s})
		if whole > limit {
			a, b, ok := halve(s)
			if !ok {
				return nil, fmt.Errorf("statement %s has %d characters and cannot be cut: a policy may have %d", s.Sid, whole, limit)
			}
			queue = append(queue, b, a)
			continue
		}
		adds := f.size([]policy.Statement{s, s}) - whole
		i := slices.IndexFunc(parts, func(p part) bool { return p.size+adds <= limit })
		if i < 0 {
			i, parts = len(parts), append(parts, part{size: empty})
		}
		parts[i].statements = append(parts[i].statements, s)
		parts[i].size += adds
	}
	var docs []*policy.Document
	for i, part := range parts {
		label := f.name
		if len(parts) > 1 {
			label = fmt.Sprintf("%s-%d", f.name, i+1)
		}
		text, err := json.Marshal(f.document(unique(part.statements)))
		if err != nil {
			return nil, err
		}
		d, err := policy.Parse(label, text)
		if err != nil {
			return nil, fmt.Errorf("the policy that was generated is not valid: %w", err)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// part is a document to be, with its size.
type part struct {
	statements []policy.Statement
	size       int
}

// halve cuts a statement in two that together say the same. Only lists of
// which each value speaks for itself can be cut.
func halve(s policy.Statement) (a, b policy.Statement, ok bool) {
	a, b = s, s
	if s.Sid != "" {
		b.Sid += "B"
	}
	switch {
	case len(s.Resources) > 1:
		n := len(s.Resources) / 2
		a.Resources, b.Resources = s.Resources[:n], s.Resources[n:]
	case len(s.Actions) > 1:
		n := len(s.Actions) / 2
		a.Actions, b.Actions = s.Actions[:n], s.Actions[n:]
	default:
		return s, s, false
	}
	return a, b, true
}

// unique gives the statements of a document different Sids, which AWS asks
// for (IAM User Guide, "IAM JSON policy elements: Sid").
func unique(statements []policy.Statement) []policy.Statement {
	seen := map[string]bool{}
	out := slices.Clone(statements)
	for i := range out {
		if out[i].Sid == "" {
			continue
		}
		sid := out[i].Sid
		for n := 2; seen[sid]; n++ {
			sid = fmt.Sprintf("%s%d", out[i].Sid, n)
		}
		seen[sid], out[i].Sid = true, sid
	}
	return out
}
