package app

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// pieces counts how often a connection is written to.
type pieces struct {
	net.Conn
	n *atomic.Int32
}

func (p pieces) Write(b []byte) (int, error) { p.n.Add(1); return p.Conn.Write(b) }

func TestWholeBodySendsOnePiece(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	send := func(whole bool) int32 {
		var n atomic.Int32
		transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return pieces{c, &n}, err
		}}
		defer transport.CloseIdleConnections()
		var client aws.HTTPClient = &http.Client{Transport: transport}
		if whole {
			client = WholeBody(client)
		}
		// A body of a type that package http does not know, as the SDK's.
		body := io.NopCloser(struct{ io.Reader }{strings.NewReader("Action=X")})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = 8
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "Action=X" {
			t.Errorf("echo %q, %v", got, err)
		}
		return n.Load()
	}
	if got := send(true); got != 1 {
		t.Errorf("%d pieces, want 1", got)
	}
	if got := send(false); got < 2 {
		t.Errorf("without WholeBody %d pieces: it is needed no longer", got)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("torn") }

func TestWholeBodyOfABrokenReader(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:1", io.NopCloser(broken{}))
	r.ContentLength = 3
	resp, err := WholeBody(http.DefaultClient).Do(r)
	if err == nil {
		resp.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "torn") {
		t.Errorf("error %v", err)
	}
}
