package trail

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// RequestString returns the text at the path of keys in requestParameters,
// "" when there is none. Keys are as CloudTrail writes them ("userName").
func (e *Event) RequestString(path ...string) string { return text(jsontext.Value(e.Request), path) }

// ResponseString is RequestString of responseElements.
func (e *Event) ResponseString(path ...string) string { return text(jsontext.Value(e.Response), path) }

// AdditionalString is RequestString of additionalEventData.
func (e *Event) AdditionalString(path ...string) string {
	return text(jsontext.Value(e.Additional), path)
}

// HasRequest reports whether requestParameters has something other than null
// at the path of keys.
func (e *Event) HasRequest(path ...string) bool {
	v := at(jsontext.Value(e.Request), path)
	return v != nil && v.Kind() != 'n'
}

// text returns a string as it is and a number or boolean as written.
func text(v jsontext.Value, path []string) string {
	v = at(v, path)
	if v == nil {
		return ""
	}
	switch v.Kind() {
	case '"':
		var s string
		if json.Unmarshal(v, &s, anyText) != nil {
			return ""
		}
		return s
	case '0', 't', 'f':
		return string(v)
	}
	return ""
}

func at(v jsontext.Value, path []string) jsontext.Value {
	for _, key := range path {
		if v == nil || v.Kind() != '{' {
			return nil
		}
		var m map[string]jsontext.Value
		if json.Unmarshal(v, &m, anyText) != nil {
			return nil
		}
		v = m[key]
	}
	return v
}
