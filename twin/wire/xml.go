package wire

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendXML appends the response of a query operation to dst: the result
// inside <OPERATIONResponse><OPERATIONResult>. result points to a structure,
// or is nil where the operation has no output.
//
// The lists of the result itself are written even if they are empty, as AWS
// does; those further down only if they are not nil.
func AppendXML(dst []byte, namespace, operation, requestID string, result any) []byte {
	dst = append(dst, '<')
	dst = append(dst, operation...)
	dst = append(dst, `Response xmlns="`...)
	dst = append(dst, namespace...)
	dst = append(dst, `"><`...)
	dst = append(dst, operation...)
	dst = append(dst, `Result>`...)
	if result != nil {
		v, p := root(result)
		for i := range p.fields {
			f := &p.fields[i]
			dst = f.plan.appendXML(dst, f.name, v.Field(f.index), true)
		}
	}
	dst = append(dst, `</`...)
	dst = append(dst, operation...)
	dst = append(dst, `Result><ResponseMetadata><RequestId>`...)
	dst = append(dst, requestID...)
	dst = append(dst, `</RequestId></ResponseMetadata></`...)
	dst = append(dst, operation...)
	return append(dst, `Response>`...)
}

// AppendXMLError appends the error response of the query protocol. fault is
// "Sender" or "Receiver".
func AppendXMLError(dst []byte, namespace, fault, code, message, requestID string) []byte {
	dst = append(dst, `<ErrorResponse xmlns="`...)
	dst = append(dst, namespace...)
	dst = append(dst, `"><Error><Type>`...)
	dst = append(dst, fault...)
	dst = append(dst, `</Type><Code>`...)
	dst = escapeXML(dst, code)
	dst = append(dst, `</Code><Message>`...)
	dst = escapeXML(dst, message)
	dst = append(dst, `</Message></Error><RequestId>`...)
	dst = append(dst, requestID...)
	return append(dst, `</RequestId></ErrorResponse>`...)
}

func (p *plan) appendXML(dst []byte, name string, v reflect.Value, top bool) []byte {
	if p.pointer {
		if v.IsNil() {
			return dst
		}
		v = v.Elem()
	}
	switch p.kind {
	case kindString:
		if v.Len() == 0 && !p.pointer && !top {
			return dst // an enumeration without value; in a list or map "" is one
		}
	case kindList, kindMap:
		if v.IsNil() && !top {
			return dst
		}
	case kindBlob:
		if v.IsNil() {
			return dst
		}
	}
	dst = open(dst, name)
	switch p.kind {
	case kindString:
		dst = escapeXML(dst, v.String())
	case kindInt:
		dst = strconv.AppendInt(dst, v.Int(), 10)
	case kindFloat:
		dst = strconv.AppendFloat(dst, v.Float(), 'f', -1, 64)
	case kindBool:
		dst = strconv.AppendBool(dst, v.Bool())
	case kindBlob:
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	case kindTime:
		dst = v.Interface().(time.Time).UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
	case kindList:
		for i := range v.Len() {
			dst = p.elem.appendXML(dst, "member", v.Index(i), true)
		}
	case kindMap:
		for _, k := range sortedKeys(v) {
			dst = append(dst, `<entry><key>`...)
			dst = escapeXML(dst, k.String())
			dst = append(dst, `</key>`...)
			dst = p.elem.appendXML(dst, "value", v.MapIndex(k), true)
			dst = append(dst, `</entry>`...)
		}
	case kindStruct:
		for i := range p.fields {
			f := &p.fields[i]
			dst = f.plan.appendXML(dst, f.name, v.Field(f.index), false)
		}
	}
	return closeTag(dst, name)
}

func open(dst []byte, name string) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	return append(dst, '>')
}

func closeTag(dst []byte, name string) []byte {
	dst = append(dst, '<', '/')
	dst = append(dst, name...)
	return append(dst, '>')
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch x, y := a.String(), b.String(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return keys
}

// escapeXML appends text; characters that XML cannot hold become U+FFFD.
func escapeXML(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		var to string
		n := 1
		switch c := s[i]; {
		case c == '&':
			to = "&amp;"
		case c == '<':
			to = "&lt;"
		case c == '>':
			to = "&gt;"
		case c == '"':
			to = "&quot;"
		case c == '\r':
			to = "&#xD;"
		case c < 0x20 && c != '\t' && c != '\n':
			to = "\uFFFD"
		case c >= utf8.RuneSelf:
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
				to = "\uFFFD"
			}
		}
		if to != "" {
			dst = append(dst, s[start:i]...)
			dst = append(dst, to...)
			start = i + n
		}
		i += n
	}
	return append(dst, s[start:]...)
}
