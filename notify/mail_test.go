package notify_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"warden/notify"
)

// smtpServer speaks as much SMTP as a mail client needs, with TLS.
type smtpServer struct {
	listener net.Listener
	cert     tls.Certificate
	roots    *x509.CertPool
	implicit bool   // TLS from the start
	plain    bool   // no STARTTLS at all
	answer   string // to the recipient; "" takes it
	silent   bool   // accepts and says nothing

	mu      sync.Mutex
	letters []string
	logins  []string
}

func (s *smtpServer) start(t *testing.T) *smtpServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(leaf)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var open, clients sync.WaitGroup
	var conns []net.Conn
	clients.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			open.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = s.listener.Close()
		clients.Wait()
		for _, c := range conns { // a client may keep one open that it does not like
			_ = c.Close()
		}
		open.Wait()
	})
	return s
}

func (s *smtpServer) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12}
}

func (s *smtpServer) serve(conn net.Conn) {
	defer conn.Close()
	if s.silent {
		_, _ = conn.Read(make([]byte, 1)) // until the client gives up
		return
	}
	secure := s.implicit
	if secure {
		conn = tls.Server(conn, s.config())
	}
	in := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	say("220 here")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			say("250-here")
			if secure {
				say("250-AUTH PLAIN")
			} else if !s.plain {
				say("250-STARTTLS")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, s.config())
			in, secure = bufio.NewReader(conn), true
		case "AUTH":
			login, _ := base64.StdEncoding.DecodeString(strings.Fields(line)[2])
			s.mu.Lock()
			s.logins = append(s.logins, string(login))
			s.mu.Unlock()
			if !strings.HasSuffix(string(login), "\x00right") {
				say("535 5.7.8 wrong")
				continue
			}
			say("235 welcome")
		case "RCPT":
			if s.answer != "" {
				say("%s", s.answer)
				continue
			}
			say("250 fine")
		case "DATA":
			say("354 go on")
			var letter strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil || l == ".\r\n" {
					break
				}
				letter.WriteString(l)
			}
			s.mu.Lock()
			s.letters = append(s.letters, letter.String())
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			return // without a word: the letter is taken all the same
		default:
			say("250 fine")
		}
	}
}

func (s *smtpServer) mail(t *testing.T, password string) *notify.Mail {
	t.Helper()
	scheme := "smtp"
	if s.implicit {
		scheme = "smtps"
	}
	m, err := notify.NewMail(notify.MailOptions{
		Server: scheme + "://warden@" + s.listener.Addr().String(), Password: password,
		From: "warden <warden@example.com>", To: []string{"oncall@example.com", "second@example.com"},
		TLS: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What differs from one letter to the next.
var varying = regexp.MustCompile(`(?m)^(Date|Message-ID): .*$`)

func TestMail(t *testing.T) {
	t.Parallel()
	for _, implicit := range []bool{false, true} {
		s := (&smtpServer{implicit: implicit}).start(t)
		for range 2 { // a second letter takes a new connection
			if err := s.mail(t, "right").Notify(t.Context(), contained()); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.letters) != 2 || len(s.logins) != 2 {
			t.Fatalf("%d letters, %d logins", len(s.letters), len(s.logins))
		}
		golden(t, "contained.mail", varying.ReplaceAllString(strings.ReplaceAll(s.letters[0], "\r\n", "\n"), "$1: …"))
	}
}

// A caller cannot write headers or a second part.
func TestMailHeaders(t *testing.T) {
	t.Parallel()
	s := (&smtpServer{}).start(t)
	m := hostile()
	m.Incident = "inc-1>\r\nBcc: all@example.com"
	if err := s.mail(t, "right").Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	letter, err := mail.ReadMessage(strings.NewReader(s.letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got := letter.Header.Get("Bcc"); got != "" {
		t.Errorf("Bcc: %s", got)
	}
	if got := letter.Header.Get("To"); got != "<oncall@example.com>, <second@example.com>" {
		t.Errorf("To: %s", got)
	}
	if got := letter.Header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
		t.Errorf("Content-Type: %s", got)
	}
}

func TestMailFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		server    *smtpServer
		password  string
		permanent bool
	}{
		{"busy", &smtpServer{answer: "451 4.3.2 later"}, "right", false},
		{"no such address", &smtpServer{answer: "550 5.1.1 nobody"}, "right", true},
		{"wrong password", &smtpServer{}, "wrong", true},
		{"no TLS", &smtpServer{plain: true}, "right", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.server.start(t)
			err := s.mail(t, tt.password).Notify(t.Context(), contained())
			if err == nil || errors.Is(err, notify.ErrPermanent) != tt.permanent {
				t.Errorf("%v, want permanent %v", err, tt.permanent)
			}
			if err != nil && strings.Contains(err.Error(), "wrong") && strings.Contains(err.Error(), tt.password+"\x00") {
				t.Errorf("the error has the password: %v", err)
			}
			if len(s.letters) != 0 {
				t.Errorf("%d letters", len(s.letters))
			}
			if tt.server.plain && len(s.logins) != 0 {
				t.Error("a password went out without TLS")
			}
		})
	}
}

func TestMailOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server, from string
		to           []string
		want         string
	}{
		{"smtps://user@mail.example.com", "warden@example.com", []string{"a@example.com"}, ""},
		{"smtp://mail.example.com:2525", "warden@example.com", []string{"a@example.com"}, ""},
		{"smtps://user:secret@mail.example.com", "warden@example.com", []string{"a@example.com"}, "holds a password"},
		{"mail.example.com:25", "warden@example.com", []string{"a@example.com"}, "not of the form"},
		{"http://mail.example.com", "warden@example.com", []string{"a@example.com"}, "not of the form"},
		{"smtps://mail.example.com", "warden", []string{"a@example.com"}, "sender"},
		{"smtps://mail.example.com", "warden@example.com", []string{"a@example.com\r\nBcc: b@example.com"}, "recipient"},
		{"smtps://mail.example.com", "warden@example.com", nil, "nobody"},
	} {
		_, err := notify.NewMail(notify.MailOptions{Server: tt.server, From: tt.from, To: tt.to})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", tt.server, err, tt.want)
		}
	}
}

// A server that says nothing is given up when the time is over.
func TestSlowServers(t *testing.T) {
	t.Parallel()
	s := (&smtpServer{silent: true}).start(t)
	slack, _ := webhook(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client goes
		<-r.Context().Done()
	})
	for name, n := range map[string]notify.Notifier{"mail": s.mail(t, "right"), "slack": slack} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := n.Notify(ctx, contained())
		cancel()
		if err == nil || errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%s: %v, want an error that may pass", name, err)
		}
	}
}
