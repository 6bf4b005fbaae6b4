// Package notify tells people what happened. A [Notifier] delivers a [Message]
// at least once; the ledger keeps it from being sent again, for each [Channel]
// by its name.
//
// Most of what a message says was chosen by the caller that it is about: names,
// user agents, error texts. Every channel takes out what could steer a
// terminal, forge a line, call people or lead them somewhere.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"warden/finding"
)

// Message is one notification: who, what, from where, what was done and how
// to undo it, short enough for one screen; or what an audit found.
type Message struct {
	// Incident is the id under which repeats are recognised.
	Incident string           `json:"incident"`
	Severity finding.Severity `json:"severity"`
	Subject  string           `json:"subject"`
	// Kind tells messages of several sources apart: "audit"; "" is the guard's.
	Kind string `json:"kind,omitempty"`
	// Text is what people read. Empty, it is that of Details.
	Text string `json:"text"`
	// Full, where it is set, is a longer text for channels that take one: it
	// begins as Text does, with what matters most first, and is cut at its end.
	Full string `json:"-"`
	// Details say the same to machines; nil where there are none.
	Details *Details `json:"details,omitempty"`
	// Report says to machines what the message says of an audit. It must be
	// fit to be marshalled as JSON.
	Report any `json:"report,omitempty"`
	// Account is whose the message is, unless Details say so.
	Account string `json:"account,omitempty"`
	// Attributes are further ones to filter on, where a channel has such: names
	// and short texts.
	Attributes map[string]string `json:"-"`
}

// body is the text for people, fit to be shown.
func (m Message) body() string {
	text := m.Text
	if text == "" && m.Details != nil {
		text = m.Details.Text()
	}
	return fit(text)
}

// Notifier delivers messages. An error means that the message may not have
// arrived and should be sent again; not so when it is an [ErrPermanent].
type Notifier interface {
	Notify(ctx context.Context, m Message) error
}

// Channel is a notifier with a name. The ledger remembers by the name whether
// it was told, so that another that fails does not make it be told twice.
type Channel struct {
	Name string
	Notifier
}

// All sends each message to every notifier, whatever the others answer, and
// joins their errors.
type All []Notifier

// Notify implements Notifier.
func (a All) Notify(ctx context.Context, m Message) error {
	var errs []error
	for _, n := range a {
		if err := n.Notify(ctx, m); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Channels takes n apart into those that are told each on its own: the
// Channels in an All. What has no name stays together as the channel "".
func Channels(n Notifier) []Channel {
	if c, ok := n.(Channel); ok {
		return []Channel{c}
	}
	all, ok := n.(All)
	if !ok {
		return []Channel{{"", n}}
	}
	var named []Channel
	var rest All
	for _, n := range all {
		if c, ok := n.(Channel); ok && c.Name != "" {
			named = append(named, c)
		} else {
			rest = append(rest, n)
		}
	}
	if len(rest) > 0 || len(named) == 0 {
		named = append([]Channel{{"", rest}}, named...)
	}
	return named
}

// Text writes messages for people to read.
type Text struct {
	mu sync.Mutex
	w  io.Writer
}

// NewText returns a notifier that writes to w; it is safe for concurrent use.
func NewText(w io.Writer) *Text { return &Text{w: w} }

// Notify implements Notifier.
func (t *Text) Notify(_ context.Context, m Message) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	body := strings.ReplaceAll(strings.TrimRight(m.body(), "\n"), "\n", "\n  ")
	if _, err := fmt.Fprintf(t.w, "[%s] %s (incident %s)\n  %s\n", strings.ToUpper(m.Severity.String()), subject(m.Subject), m.Incident, body); err != nil {
		return fmt.Errorf("write notification of incident %s: %w", m.Incident, err)
	}
	return nil
}

// JSON writes each message as one line, for machines.
type JSON struct {
	mu  sync.Mutex
	enc *json.Encoder
}

// NewJSON returns a notifier that writes to w; it is safe for concurrent use.
func NewJSON(w io.Writer) *JSON { return &JSON{enc: json.NewEncoder(w)} }

// Notify implements Notifier.
func (j *JSON) Notify(_ context.Context, m Message) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	m.Text = m.body()
	if err := j.enc.Encode(struct {
		Notification Message `json:"notification"`
	}{m}); err != nil {
		return fmt.Errorf("write notification of incident %s: %w", m.Incident, err)
	}
	return nil
}
