package twin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is a twin that listens on a loopback address.
type Server struct {
	http     *http.Server
	listener net.Listener
	done     chan error
}

// Start listens on addr, for example "127.0.0.1:0", and serves. Only loopback
// addresses are taken: whoever reaches the twin may try keys on it.
func (t *Twin) Start(addr string) (*Server, error) { return start(t.Handler(), addr) }

func start(h http.Handler, addr string) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("twin: %q is no HOST:PORT: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("twin: %q is not a loopback address; listen on 127.0.0.1:PORT", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("twin: %w", err)
	}
	// localhost is what the resolver says it is.
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		_ = l.Close()
		return nil, fmt.Errorf("twin: %q is not a loopback address; listen on 127.0.0.1:PORT", addr)
	}
	s := &Server{
		http:     &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute},
		listener: l,
		done:     make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

// URL is the endpoint for all services, for example "http://127.0.0.1:4566".
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops listening, lets running requests end for a moment and cuts off
// the rest.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	if serveErr := <-s.done; serveErr != nil && !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if err != nil {
		return fmt.Errorf("twin: %w", err)
	}
	return nil
}
