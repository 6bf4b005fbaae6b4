package detect

import (
	"bytes"
	"encoding/json"

	"warden/trail"
)

// ofWarden reports whether a call names a part of warden's: every part that
// its templates make has the name in its own, and nobody can rename one.
func ofWarden(e *trail.Event) bool { return bytes.Contains(bytes.ToLower(e.Request), []byte("warden")) }

// requestSays reports whether a call's parameters have a value at a place.
func requestSays(e *trail.Event, want bool, place ...string) bool {
	raw := e.Request
	for _, key := range place {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return false
		}
		raw = object[key]
	}
	var is bool
	return json.Unmarshal(raw, &is) == nil && is == want
}
