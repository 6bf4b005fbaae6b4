package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/finding"
)

// slackHosts are where Slack's incoming webhooks live. Source: Slack developer
// documentation, "Sending messages using incoming webhooks" and "GovSlack".
var slackHosts = []string{"hooks.slack.com", "hooks.slack-gov.com"}

// Slack posts messages to an incoming webhook. Whoever knows its URL can post:
// it is in no error and no log, and is sent to nobody but Slack.
type Slack struct {
	url    string
	client *http.Client
}

// NewSlack returns a notifier for the URL of an incoming webhook. It must be
// https on a host of Slack. rehearsal admits a server on this machine too, so
// that a twin's notifications can be tried out. The error does not repeat the
// URL.
func NewSlack(webhook string, rehearsal bool) (*Slack, error) {
	u, err := url.Parse(strings.TrimSpace(webhook))
	switch {
	case err != nil:
		return nil, errors.New("the Slack webhook is not a URL")
	case rehearsal && isLoopback(u.Hostname()):
	case u.Scheme != "https" || !slices.Contains(slackHosts, u.Host) || u.User != nil || len(u.Path) < 2:
		return nil, fmt.Errorf("the Slack webhook is not of the form https://%s/services/…", slackHosts[0])
	}
	return &Slack{u.String(), &http.Client{
		Timeout: sendWithin,
		// Another address would learn what is in the message.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Notify implements Notifier.
func (s *Slack) Notify(ctx context.Context, m Message) error {
	if err := s.post(ctx, m); err != nil {
		return fmt.Errorf("post incident %s to Slack: %w", m.Incident, err)
	}
	return nil
}

func (s *Slack) post(ctx context.Context, m Message) error {
	data, err := json.Marshal(slackMessage(m))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(data))
	if err != nil {
		return errors.New("the request cannot be made") // the reason has the URL in it
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := s.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // the outer one has the URL in it
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	words, err := io.ReadAll(io.LimitReader(res.Body, 200))
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK {
		return nil
	}
	err = fmt.Errorf("status %d: %s", res.StatusCode, strings.ReplaceAll(printable(string(words)), "\n", " "))
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return &LaterError{retryAfter(res.Header), err}
	case res.StatusCode < http.StatusInternalServerError && res.StatusCode != http.StatusRequestTimeout:
		return errors.Join(err, ErrPermanent)
	}
	return err
}

// retryAfter reads the header that goes with status 429: seconds. Source:
// Slack developer documentation, "Rate limits".
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return sendFirst
	}
	return time.Duration(n) * time.Second
}

// Limits of a header and of a section's text, in characters. Source: Slack
// developer documentation, "Blocks".
const (
	maxSlackHeader = 150
	maxSlackText   = 3000
)

type slackBody struct {
	// Text is what a phone's notification shows.
	Text        string       `json:"text"`
	Blocks      []slackBlock `json:"blocks"`
	LinkNames   bool         `json:"link_names"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Verbatim keeps Slack from making links of addresses and names.
	Verbatim bool `json:"verbatim,omitempty"`
}

// slackMessage is the message in Slack's blocks: the subject, then the text as
// it stands, so that its columns stay. Nothing in it is markup.
func slackMessage(m Message) slackBody {
	head := strings.ToUpper(m.Severity.String()) + "  " + subject(m.Subject)
	if m.Severity >= finding.High {
		head = "\U0001F6A8 " + head // a red light
	}
	// The markup that goes round it is 8 characters.
	body := shorten(escapeSlack(strings.TrimRight(m.body(), "\n")), maxSlackText-8)
	return slackBody{
		Text: escapeSlack(head),
		Blocks: []slackBlock{
			{Type: "header", Text: &slackText{Type: "plain_text", Text: shorten(head, maxSlackHeader)}},
			{Type: "section", Text: &slackText{Type: "mrkdwn", Text: "```\n" + body + "\n```", Verbatim: true}},
			{Type: "context", Elements: []slackText{{Type: "plain_text", Text: "incident " + Line(m.Incident)}}},
		},
	}
}

// escapeSlack takes the meaning from what Slack reads as markup: the three
// characters that its documentation names ("Escaping text"), which start
// mentions, channels and links, and the back tick, which would end the block.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")

func escapeSlack(text string) string { return slackEscapes.Replace(text) }
