// Package testdata finds what tests need and cannot carry: the shared data
// set and the real binary.
package testdata

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Shared returns the folder that the environment variable WARDEN_SHARED
// names. Its data has licences of its own and is not part of the repository.
// Without it a test fails in CI and is skipped elsewhere.
func Shared(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("WARDEN_SHARED")
	if _, err := os.Stat(filepath.Join(dir, "data", "README.md")); dir != "" && err == nil {
		return dir
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("WARDEN_SHARED=%q has no data/README.md: CI must have the shared data set", dir)
	}
	tb.Skipf("WARDEN_SHARED=%q has no data/README.md: set it to the shared data set to run this test", dir)
	return ""
}

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "warden-bin-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "warden")
	cmd := exec.Command("go", "build", "-o", bin, "warden/cmd/warden")
	cmd.Stderr = os.Stderr
	return bin, cmd.Run()
})

// Warden builds the real binary once in this test process and returns its
// path.
func Warden(tb testing.TB) string {
	tb.Helper()
	bin, err := build()
	if err != nil {
		tb.Fatalf("go build warden/cmd/warden: %v", err)
	}
	return bin
}
