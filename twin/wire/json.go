package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decodeOptions: times are seconds since 1970, possibly with a fraction.
var decodeOptions = json.JoinOptions(
	json.WithUnmarshalers(json.UnmarshalFromFunc(unmarshalTime)),
	jsontext.AllowInvalidUTF8(true),
)

func unmarshalTime(dec *jsontext.Decoder, t *time.Time) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case '0':
		s, err := token.Float()
		if err != nil || math.Abs(s) > 1e11 {
			return fmt.Errorf("%g is no time in seconds since 1970", s)
		}
		whole := math.Floor(s)
		*t = time.Unix(int64(whole), int64(math.Round((s-whole)*1000))*int64(time.Millisecond)).UTC()
		return nil
	case '"':
		*t, err = time.Parse(time.RFC3339, token.String())
		return err
	}
	return fmt.Errorf("a time is a number")
}

// DecodeJSON fills the structure that v points to. Members that it has no
// field for are ignored. The error is a [*Malformed].
func DecodeJSON(data []byte, v any) error {
	root(v)
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, v, decodeOptions); err != nil {
		return &Malformed{Reason: err.Error()}
	}
	return nil
}

// AppendJSON appends the response of a JSON operation to dst. result points to
// a structure, or is nil where the operation has no output; what is nil in it
// is left out.
func AppendJSON(dst []byte, result any) []byte {
	if result == nil {
		return append(dst, '{', '}')
	}
	v, p := root(result)
	return protocolJSON.structure(dst, p, v)
}

// AppendSmall is AppendJSON for services whose members begin with a small
// letter, but for those that begin with large, where that is not "".
func AppendSmall(dst []byte, result any, large string) []byte {
	if result == nil {
		return append(dst, '{', '}')
	}
	v, p := root(result)
	return (&writer{small: true, large: large}).structure(dst, p, v)
}

// DecodeSmall is DecodeJSON for those services: names are compared whatever
// their case.
func DecodeSmall(data []byte, v any) error {
	root(v)
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, v, decodeOptions, json.MatchCaseInsensitiveNames(true)); err != nil {
		return &Malformed{Reason: err.Error()}
	}
	return nil
}

// AppendRecord appends v, a pointer to a request or response, as CloudTrail
// writes it in requestParameters and responseElements: member names with a
// small first letter, times in the given layout, secrets left out. Where
// nothing is left it appends null.
func AppendRecord(dst []byte, v any, layout string) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	value, p := root(v)
	n := len(dst)
	dst = (&writer{lower: true, layout: layout}).structure(dst, p, value)
	if len(dst) == n+2 {
		return append(dst[:n], "null"...)
	}
	return dst
}

// secret members never reach a record.
var secret = map[string]bool{
	"SecretAccessKey": true, "Password": true, "OldPassword": true, "NewPassword": true,
	"PrivateKey": true, "AddPrivateKey": true, "ServicePassword": true, "ServiceCredentialSecret": true, "Base32StringSeed": true, "QRCodePNG": true,
	"AuthenticationCode1": true, "AuthenticationCode2": true, "TokenCode": true, "WebIdentityToken": true, "SAMLAssertion": true,
}

// writer writes structures as JSON.
type writer struct {
	lower  bool   // CloudTrail's form
	layout string // of times; "" means seconds since 1970
	// small: names begin with a small letter, but for those that begin with
	// large.
	small bool
	large string
}

var protocolJSON = &writer{}

func (w *writer) structure(dst []byte, p *plan, v reflect.Value) []byte {
	dst = append(dst, '{')
	first := true
	for i := range p.fields {
		f := &p.fields[i]
		if w.lower && secret[f.name] {
			continue
		}
		fv := v.Field(f.index)
		if w.absent(f.plan, fv) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		name := f.name
		if w.lower || w.small && (w.large == "" || !strings.HasPrefix(f.name, w.large)) {
			name = f.lower
		}
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, '"', ':')
		dst = w.value(dst, f.plan, fv)
	}
	return append(dst, '}')
}

// absent: what a request did not carry is not in its record; a plain number or
// boolean that is zero was not sent.
func (w *writer) absent(p *plan, v reflect.Value) bool {
	switch {
	case p.pointer, p.kind == kindList, p.kind == kindMap, p.kind == kindBlob:
		return v.IsNil()
	case p.kind == kindString:
		return v.Len() == 0
	}
	return w.lower && p.kind != kindStruct && v.IsZero()
}

func (w *writer) value(dst []byte, p *plan, v reflect.Value) []byte {
	if p.pointer {
		if v.IsNil() {
			return append(dst, "null"...)
		}
		v = v.Elem()
	}
	switch p.kind {
	case kindString:
		return AppendString(dst, v.String())
	case kindInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case kindFloat:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
	case kindBool:
		return strconv.AppendBool(dst, v.Bool())
	case kindBlob:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
		return append(dst, '"')
	case kindTime:
		return w.time(dst, v.Interface().(time.Time))
	case kindList:
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.value(dst, p.elem, v.Index(i))
		}
		return append(dst, ']')
	case kindMap:
		dst = append(dst, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, k.String())
			dst = append(dst, ':')
			dst = w.value(dst, p.elem, v.MapIndex(k))
		}
		return append(dst, '}')
	}
	return w.structure(dst, p, v)
}

func (w *writer) time(dst []byte, t time.Time) []byte {
	t = t.UTC()
	if w.layout != "" {
		dst = append(dst, '"')
		dst = t.AppendFormat(dst, w.layout)
		return append(dst, '"')
	}
	dst = strconv.AppendInt(dst, t.Unix(), 10)
	if ms := t.Nanosecond() / int(time.Millisecond); ms > 0 {
		dst = append(dst, fmt.Sprintf(".%03d", ms)...)
	}
	return dst
}

// AppendString appends s as a JSON string; bytes that are no UTF-8 become
// U+FFFD.
func AppendString(dst []byte, s string) []byte {
	// The only error is invalid UTF-8, which is replaced all the same.
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}
