package trail

import "errors"

// plain marks the ASCII bytes that a JSON string holds as they are;
// delimiter those that end a number or a word.
var plain, delimiter = func() (p, d [256]bool) {
	for c := ' '; c < 0x80; c++ {
		p[c] = c != '"' && c != '\\'
	}
	for _, c := range " \t\r\n,:]}[{\"" {
		d[c] = true
	}
	return p, d
}()

// literal reports whether text is true, false, null or a number.
// Source: RFC 8259, sections 3 and 6.
func literal(text []byte) bool {
	switch string(text) {
	case "true", "false", "null":
		return true
	}
	i := 0
	digits := func() bool {
		start := i
		for i < len(text) && '0' <= text[i] && text[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	start := i
	if !digits() || text[start] == '0' && i > start+1 {
		return false
	}
	if i < len(text) && text[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(text)
}

var errEscape = errors.New("an escape that JSON does not know")

// escapes checks the backslashes of a string's inside. Halves of surrogate
// pairs are let through, as the decoder does. Source: RFC 8259, sections 7 and
// 8.2.
func escapes(text []byte) error {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if i == len(text) {
			return errEscape
		}
		switch text[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if !hex4(text[i+1:]) {
				return errEscape
			}
			i += 4
		default:
			return errEscape
		}
	}
	return nil
}

// hex4 reports whether text begins with four hexadecimal digits.
func hex4(text []byte) bool {
	if len(text) < 4 {
		return false
	}
	for _, c := range text[:4] {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// cut shortens text for a message.
func cut(text []byte) string {
	if len(text) > 20 {
		return string(text[:20]) + "…"
	}
	return string(text)
}
