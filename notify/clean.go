package notify

import (
	"strings"
	"unicode"
)

// maxText is the longest text that is sent, in bytes: more is not one screen,
// and every channel takes it. Slack's blocks are the smallest, see slack.go.
const maxText = 8 << 10

// maxField is the longest that a name, an address or a reason is shown, in
// characters. The longest ARN of a role with its path has 640; then the ends
// are what tells it from another.
const maxField = 400

// printable keeps what an attacker wrote, for example in a user agent, from
// steering the terminal it is shown on. Line breaks stay.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// Line is text that somebody else chose, fit to stand in a message: on one
// line, printable, not too long, and with no address that a program would
// make a link of.
func Line(text string) string {
	return shorten(strings.ReplaceAll(oneLine(text), "://", "[:]//"), maxField)
}

// oneLine is printable text without line breaks.
func oneLine(text string) string { return strings.ReplaceAll(printable(text), "\n", "?") }

// fit is printable text that is not too long. What is cut stands in the
// middle, for the first lines say who and the last how to undo it.
func fit(text string) string {
	text = printable(text)
	if len(text) <= maxText {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	head, tail := 0, len(lines)
	for room := maxText; head < tail; {
		if room -= len(lines[head]); room < maxText/3 {
			break
		}
		head++
	}
	for room := maxText / 3; head < tail; {
		if room -= len(lines[tail-1]); room < 0 {
			break
		}
		tail--
	}
	return strings.Join(lines[:head], "") + "…      cut here; the ledger has it all\n" + strings.Join(lines[tail:], "")
}

// shorten takes the middle out of text that is longer than n characters.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	tail := n / 3
	return string(runes[:n-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// maxSubject is the longest subject that SNS takes; it must be ASCII without
// line breaks. Source: Amazon SNS API Reference, Publish.
const maxSubject = 100

// subject makes text fit for a subject: names in it come from an attacker.
func subject(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	if len(clean) > maxSubject {
		clean = clean[:maxSubject-3] + "..."
	}
	return clean
}
