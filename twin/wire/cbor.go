package wire

import (
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// The Smithy RPC v2 CBOR protocol, with which CloudWatch is called since 2025
// (Smithy, "Smithy RPC v2 CBOR protocol"). The items are read and written by
// the AWS SDK's own package.

// DecodeCBOR fills the structure that v points to. Members that it has no
// field for are ignored. The error is a [*Malformed].
func DecodeCBOR(data []byte, v any) error {
	value, p := root(v)
	if len(data) == 0 {
		return nil
	}
	item, err := cbor.Decode(data)
	if err != nil {
		return &Malformed{Reason: "the body is no CBOR: " + err.Error()}
	}
	return p.decodeCBOR(value, item, "")
}

func (p *plan) decodeCBOR(v reflect.Value, item cbor.Value, at string) error {
	wrong := func(want string) error { return &Malformed{Parameter: at, Reason: want + " is expected"} }
	switch item.(type) {
	case *cbor.Nil, *cbor.Undefined, nil:
		return nil
	}
	switch p.kind {
	case kindString:
		s, ok := item.(cbor.String)
		if !ok {
			return wrong("text")
		}
		p.target(v).SetString(string(s))
	case kindBool:
		b, ok := item.(cbor.Bool)
		if !ok {
			return wrong("true or false")
		}
		p.target(v).SetBool(bool(b))
	case kindInt:
		n, err := cbor.AsInt64(item)
		if err != nil || p.target(v).OverflowInt(n) {
			return wrong("an integer")
		}
		p.target(v).SetInt(n)
	case kindFloat:
		f, ok := number(item)
		if !ok {
			return wrong("a number")
		}
		p.target(v).SetFloat(f)
	case kindTime:
		tag, ok := item.(*cbor.Tag)
		if !ok || tag.ID != 1 {
			return wrong("a time")
		}
		s, ok := number(tag.Value)
		if !ok || math.IsNaN(s) || math.Abs(s) > 1e11 {
			return wrong("a time")
		}
		whole := math.Floor(s)
		p.target(v).Set(reflect.ValueOf(time.Unix(int64(whole), int64(math.Round((s-whole)*1000))*int64(time.Millisecond)).UTC()))
	case kindBlob:
		b, ok := item.(cbor.Slice)
		if !ok {
			return wrong("bytes")
		}
		p.target(v).SetBytes(b)
	case kindList:
		items, ok := item.(cbor.List)
		if !ok {
			return wrong("a list")
		}
		list := reflect.MakeSlice(p.typ, len(items), len(items))
		for i, x := range items {
			if err := p.elem.decodeCBOR(list.Index(i), x, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		p.target(v).Set(list)
	case kindMap:
		items, ok := item.(cbor.Map)
		if !ok {
			return wrong("a map")
		}
		m := reflect.MakeMapWithSize(p.typ, len(items))
		for k, x := range items {
			e := reflect.New(p.typ.Elem()).Elem()
			if err := p.elem.decodeCBOR(e, x, at+"."+k); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(k).Convert(p.typ.Key()), e)
		}
		p.target(v).Set(m)
	case kindStruct:
		items, ok := item.(cbor.Map)
		if !ok {
			return wrong("a structure")
		}
		t := p.target(v)
		for i := range p.fields {
			f := &p.fields[i]
			if x, ok := items[f.name]; ok {
				if err := f.plan.decodeCBOR(t.Field(f.index), x, f.name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func number(item cbor.Value) (float64, bool) {
	switch n := item.(type) {
	case cbor.Float64:
		return float64(n), true
	case cbor.Float32:
		return float64(n), true
	}
	i, err := cbor.AsInt64(item)
	return float64(i), err == nil
}

// AppendCBOR appends the response of an operation to dst. result points to a
// structure, or is nil; what is nil in it is left out.
func AppendCBOR(dst []byte, result any) []byte {
	if result == nil {
		return append(dst, cbor.Encode(cbor.Map{})...)
	}
	v, p := root(result)
	return append(dst, cbor.Encode(p.cbor(v))...)
}

// AppendCBORError appends an error.
func AppendCBORError(dst []byte, code, message string) []byte {
	return append(dst, cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)})...)
}

func (p *plan) cbor(v reflect.Value) cbor.Value {
	if p.pointer {
		if v.IsNil() {
			return &cbor.Nil{}
		}
		v = v.Elem()
	}
	switch p.kind {
	case kindString:
		return cbor.String(v.String())
	case kindBool:
		return cbor.Bool(v.Bool())
	case kindInt:
		if n := v.Int(); n < 0 {
			return cbor.NegInt(uint64(-n))
		}
		return cbor.Uint(uint64(v.Int()))
	case kindFloat:
		return cbor.Float64(v.Float())
	case kindTime:
		return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(v.Interface().(time.Time).UnixMilli()) / 1000)}
	case kindBlob:
		return cbor.Slice(v.Bytes())
	case kindList:
		out := make(cbor.List, v.Len())
		for i := range out {
			out[i] = p.elem.cbor(v.Index(i))
		}
		return out
	case kindMap:
		out := cbor.Map{}
		for _, k := range v.MapKeys() {
			out[k.String()] = p.elem.cbor(v.MapIndex(k))
		}
		return out
	}
	out := cbor.Map{}
	for i := range p.fields {
		f := &p.fields[i]
		if fv := v.Field(f.index); !protocolJSON.absent(f.plan, fv) {
			out[f.name] = f.plan.cbor(fv)
		}
	}
	return out
}
