// Package wire decodes requests and encodes responses of the AWS query and
// AWS JSON protocols, from and to the types of the AWS SDK for Go.
//
// It works by reflection over those types: the Go name of a field is the name
// on the wire. What it learns of a type is kept, so that a request costs no
// more than its fields.
//
// The protocols are those of the Smithy documentation: "AWS Query protocol",
// "AWS JSON 1.0 protocol", "AWS JSON 1.1 protocol" and
// "Smithy RPC v2 CBOR protocol". Only what IAM, STS,
// SNS, SQS, EventBridge, CloudTrail, CloudWatch, AWS Config and Organizations
// use is here: no documents, no unions, no streams.
package wire

import (
	"fmt"
	"reflect"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// kind is what a value is on the wire.
type kind uint8

const (
	kindString kind = iota + 1
	kindInt
	kindFloat
	kindBool
	kindBlob
	kindTime
	kindList
	kindMap
	kindStruct
	kindOther // never on the wire
)

// plan is how values of one type are read and written.
type plan struct {
	kind    kind
	pointer bool         // a pointer to typ
	typ     reflect.Type // without the pointer
	elem    *plan        // of lists and maps
	fields  []field      // of structures
	byName  map[string]int
}

type field struct {
	name  string // as on the wire: "UserName"
	lower string // as in CloudTrail: "userName"
	index int
	plan  *plan
}

var (
	plansMu sync.Mutex
	plans   sync.Map // reflect.Type → *plan
	timeOf  = reflect.TypeFor[time.Time]()
)

// planOf returns the plan of a type.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	plansMu.Lock()
	defer plansMu.Unlock()
	made := map[reflect.Type]*plan{}
	p := makePlan(t, made)
	// Published only now that all of them are complete.
	for t, p := range made {
		plans.LoadOrStore(t, p)
	}
	return p
}

func makePlan(t reflect.Type, made map[reflect.Type]*plan) *plan {
	if p, ok := made[t]; ok {
		return p
	}
	p := &plan{typ: t}
	made[t] = p
	if t.Kind() == reflect.Pointer {
		p.pointer = true
		p.typ = t.Elem()
	}
	switch t := p.typ; t.Kind() {
	case reflect.String:
		p.kind = kindString
	case reflect.Int, reflect.Int32, reflect.Int64:
		p.kind = kindInt
	case reflect.Float32, reflect.Float64:
		p.kind = kindFloat
	case reflect.Bool:
		p.kind = kindBool
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			p.kind = kindBlob
			break
		}
		p.kind, p.elem = kindList, makePlan(t.Elem(), made)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			p.kind = kindOther
			break
		}
		p.kind, p.elem = kindMap, makePlan(t.Elem(), made)
	case reflect.Struct:
		if t == timeOf {
			p.kind = kindTime
			break
		}
		p.kind = kindStruct
		p.structure(made)
	default:
		p.kind = kindOther
	}
	return p
}

func (p *plan) structure(made map[reflect.Type]*plan) {
	p.byName = map[string]int{}
	for i := range p.typ.NumField() {
		f := p.typ.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		fp := makePlan(f.Type, made)
		if fp.kind == kindOther {
			continue
		}
		lower := lowerFirst(f.Name)
		p.byName[f.Name] = len(p.fields)
		if _, taken := p.byName[lower]; !taken {
			p.byName[lower] = len(p.fields) // STS: PolicyArns.member.1.arn
		}
		name := f.Name
		if other, differs := onTheWire[name]; differs {
			name = other
		}
		p.fields = append(p.fields, field{name, lower, i, fp})
	}
}

// target is the settable value behind v, allocating what a pointer needs.
func (p *plan) target(v reflect.Value) reflect.Value {
	if !p.pointer {
		return v
	}
	if v.IsNil() {
		v.Set(reflect.New(p.typ))
	}
	return v.Elem()
}

// onTheWire are the members that the models of the services that are served
// name otherwise than the SDK's fields. Source: CloudTrail API model,
// DescribeTrailsResponse.
var onTheWire = map[string]string{"TrailList": "trailList"}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// root is the structure that v, a pointer, points to.
func root(v any) (reflect.Value, *plan) {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Pointer || r.IsNil() || r.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("wire: %T is no pointer to a structure", v))
	}
	return r.Elem(), planOf(r.Elem().Type())
}

// Malformed says which parameter of a request could not be read.
type Malformed struct {
	// Parameter is its name on the wire, "" for the request as a whole.
	Parameter string
	// Reason says what was wrong with it.
	Reason string
}

// Error names the parameter and the reason.
func (e *Malformed) Error() string {
	if e.Parameter == "" {
		return e.Reason
	}
	return e.Parameter + ": " + e.Reason
}
