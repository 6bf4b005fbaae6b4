package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
)

// packed makes a small npm package.
func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func files() map[string]string {
	var global strings.Builder
	for i := range 40 {
		fmt.Fprintf(&global, "{ key: 'aws:K%d', category: 'request', type: 'String' },\n", i)
	}
	return map[string]string{
		"LICENSE.txt":                      "MIT License\n",
		"dist/esm/globalConditionKeys.js":  global.String(),
		"data/services.json":               `["q"]`,
		"data/rcpSupportedServices.json":   `["q"]`,
		"data/serviceNames.json":           `{"q":"Queue"}`,
		"data/conditionKeys/q.json":        `{"q:a":{"key":"q:A","type":"Bool"},"q:b":{"key":"q:B","type":"String"}}`,
		"data/resourceTypes/q.json":        `{"line":{"key":"line","arn":"arn:${Partition}:q:::${Line}","conditionKeys":["q:B"]}}`,
		"data/actions/q.json":              `{"join":{"name":"Join","accessLevel":"Tagging, Write","resourceTypes":[{"name":"line","required":true,"conditionKeys":["q:A"],"dependentActions":["q:See"]}],"conditionKeys":["q:B"],"dependentActions":[]}}`,
		"data/something-else-entirely.txt": "ignored",
	}
}

func TestBuild(t *testing.T) {
	t.Parallel()
	p := pin{Version: "1.2.202601023"}
	out, licence, err := build(p, packed(t, files()))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	want := "S\tq\tQueue\ttrue\nK\tq:A\tBool\nK\tq:B\tString\nR\tline\tarn:${Partition}:q:::${Line}\t1\nA\tJoin\tT\t0!/0\t1\tq:See\n"
	if !strings.HasSuffix(string(text), want) || !strings.HasPrefix(string(text), "V\t1.2.202601023\t2026-01-02\nK\taws:K0\tString\n") || string(licence) != "MIT License\n" {
		t.Errorf("got %s", text)
	}
	again, _, err := build(p, packed(t, files()))
	if err != nil || !bytes.Equal(out, again) {
		t.Errorf("the same package gives another catalog: %v", err)
	}

	for name, change := range map[string][2]string{
		"another licence": {"LICENSE.txt", "All rights reserved"},
		"no global keys":  {"dist/esm/globalConditionKeys.js", ""},
		"unknown level":   {"data/actions/q.json", `{"a":{"name":"A","accessLevel":"Odd"}}`},
		"unknown type":    {"data/actions/q.json", `{"a":{"name":"A","accessLevel":"Read","resourceTypes":[{"name":"x"}]}}`},
		"unknown key":     {"data/actions/q.json", `{"a":{"name":"A","accessLevel":"Read","conditionKeys":["q:C"]}}`},
		"bad JSON":        {"data/services.json", `[`},
	} {
		f := files()
		f[change[0]] = change[1]
		if _, _, err := build(p, packed(t, f)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := build(p, []byte("no package")); err == nil {
		t.Error("no package: no error")
	}
}
