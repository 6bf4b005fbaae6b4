package main

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
)

// requestLog adds the id of the request that is being handled to every line.
// Lambda gives one execution environment one request at a time, so that one
// place for the id is enough, and code that knows no request need not carry
// it.
type requestLog struct {
	slog.Handler
	id *atomic.Pointer[string]
}

func newLog(w io.Writer) (log *slog.Logger, setRequest func(id string)) {
	h := requestLog{slog.NewJSONHandler(w, nil), new(atomic.Pointer[string])}
	return slog.New(h), func(id string) { h.id.Store(&id) }
}

// Handle implements slog.Handler.
func (l requestLog) Handle(ctx context.Context, r slog.Record) error {
	if id := l.id.Load(); id != nil {
		r = r.Clone()
		r.AddAttrs(slog.String("requestId", *id))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{l.Handler.WithAttrs(attrs), l.id}
}

// WithGroup implements slog.Handler.
func (l requestLog) WithGroup(name string) slog.Handler {
	return requestLog{l.Handler.WithGroup(name), l.id}
}
