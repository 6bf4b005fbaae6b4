// Command pack writes a zip for AWS Lambda with one file in it, bootstrap. The
// same file makes the same zip, to the byte: the time in it is fixed.
//
//	go run ./deploy/pack FILE ZIP
package main

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack FILE ZIP")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(from, to string) (err error) {
	program, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	// Written beside and renamed, so that no half zip is ever there.
	out, err := os.CreateTemp(filepath.Dir(to), ".pack-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	if err := errors.Join(write(out, program), out.Chmod(0o644), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}

func write(w io.Writer, program []byte) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755) // Lambda must be able to run it
	f, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := f.Write(program); err != nil {
		return err
	}
	return z.Close()
}
