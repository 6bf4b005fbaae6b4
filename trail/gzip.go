package trail

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
)

// unzipper opens readers that may be compressed, and keeps what it needs for
// that from one file to the next.
type unzipper struct {
	in  *bufio.Reader
	zip *gzip.Reader
}

// open returns r itself, decompressed when its first two bytes are gzip's.
// Source: RFC 1952, section 2.3.1.
func (u *unzipper) open(r io.Reader) io.Reader {
	if u.in == nil {
		u.in = bufio.NewReaderSize(r, 64<<10)
	} else {
		u.in.Reset(r)
	}
	magic, err := u.in.Peek(2)
	if err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return u.in
	}
	if u.zip == nil {
		u.zip = new(gzip.Reader)
	}
	if err := u.zip.Reset(u.in); err != nil {
		return failing{err}
	}
	return u.zip
}

// failing is a file that cannot be begun.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if errors.Is(f.err, io.EOF) {
		return 0, io.ErrUnexpectedEOF
	}
	return 0, f.err
}

// isDamage reports whether the compressed data, not the reading of it, is
// broken.
func isDamage(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt)
}
