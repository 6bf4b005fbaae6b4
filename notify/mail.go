package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// MailOptions say how mail is sent.
type MailOptions struct {
	// Server is smtps://[USER@]HOST[:PORT] for TLS from the start (port 465),
	// or smtp://[USER@]HOST[:PORT] for STARTTLS (port 587), which is insisted
	// on. No password stands in it.
	Server string
	// Password is for USER.
	Password string
	From     string
	To       []string
	// TLS is for tests with a certificate of their own; nil for the system's.
	TLS *tls.Config
}

// Mail sends messages as plain text by SMTP, never without TLS.
type Mail struct {
	host    string
	options []mail.Option
	from    string
	to      []string
}

// NewMail checks the options. Nothing is sent yet.
func NewMail(o MailOptions) (*Mail, error) {
	u, err := url.Parse(o.Server)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("the mail server is not of the form smtps://USER@HOST:PORT or smtp://USER@HOST:PORT")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("the mail server's URL holds a password: give it apart")
	}
	var opts []mail.Option
	if u.Scheme == "smtps" {
		opts = append(opts, mail.WithSSL(), mail.WithPort(465))
	} else {
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithPort(587))
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("port of the mail server: %w", err)
		}
		opts = append(opts, mail.WithPort(n))
	}
	if name := u.User.Username(); name != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(name), mail.WithPassword(o.Password))
	}
	if o.TLS != nil {
		opts = append(opts, mail.WithTLSConfig(o.TLS))
	}
	m := &Mail{u.Hostname(), opts, o.From, o.To}
	if len(o.To) == 0 {
		return nil, errors.New("mail goes to nobody: give an address")
	}
	if _, err := mail.NewClient(m.host, m.options...); err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	_, err = m.letter(Message{})
	return m, err
}

// Notify implements Notifier.
func (s *Mail) Notify(ctx context.Context, m Message) error {
	if err := s.send(ctx, m); err != nil {
		return fmt.Errorf("mail incident %s: %w", m.Incident, final(err))
	}
	return nil
}

func (s *Mail) send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	// The client looks at its own time-out, not at that of ctx.
	within := sendWithin
	if deadline, ok := ctx.Deadline(); ok {
		within = max(min(within, time.Until(deadline)), time.Millisecond)
	}
	client, err := mail.NewClient(s.host, append(slices.Clip(s.options), mail.WithTimeout(within))...)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	err = client.SendWithSMTPClient(session, letter)
	// A server that took the letter and then hangs up badly has it.
	if end := client.CloseWithSMTPClient(session); err != nil {
		return errors.Join(err, end)
	}
	return nil
}

// final marks what a server refuses for good (status 5xx).
func final(err error) error {
	sending, ok := errors.AsType[*mail.SendError](err)
	refused := ok && !sending.IsTemp() && sending.ErrorCode() >= 500
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		refused = refused || answer.Code >= 500
	}
	if refused {
		return errors.Join(err, ErrPermanent)
	}
	return err
}

// letter is the message as mail. Mail programs show letters of one incident
// together.
func (s *Mail) letter(m Message) (*mail.Msg, error) {
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := letter.From(s.from); err != nil {
		return nil, fmt.Errorf("sender of mail: %w", err)
	}
	if err := letter.To(s.to...); err != nil {
		return nil, fmt.Errorf("recipient of mail: %w", err)
	}
	letter.Subject("[" + strings.ToUpper(m.Severity.String()) + "] " + subject(m.Subject))
	letter.SetDate()
	letter.SetMessageID()
	if m.Incident != "" {
		letter.SetGenHeader(mail.HeaderReferences, "<"+header(m.Incident)+"@warden>")
		letter.SetGenHeader("X-Warden-Incident", header(m.Incident))
	}
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, m.body()+"\nincident "+header(m.Incident)+"\n")
	return letter, nil
}

// header is text fit for a header of its own.
func header(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune("<>@", r) {
			return '-'
		}
		return r
	}, text)
}
