package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
)

// whereARN is an ARN as the value of its key in a snapshot or in an answer of
// AWS, or as a field of a credential report.
var whereARN = regexp.MustCompile(`"[aA]rn"\s*:\s*("arn:(?:[^"\\]|\\.)*")|(?:^|,)(arn:[^,"]+)`)

// subjectLines tells on which line of a file of evidence each ARN stands
// first as somebody's own; in a compressed file, the lines are those of its
// content.
func subjectLines(name string) (map[string]int, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	var from io.Reader = in
	if magic, err := in.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if from, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	lines := bufio.NewReader(from)
	out := map[string]int{}
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		for _, m := range whereARN.FindAllSubmatch(line, -1) {
			arn := string(m[2])
			if m[1] != nil && json.Unmarshal(m[1], &arn) != nil {
				continue
			}
			if _, seen := out[arn]; !seen {
				out[arn] = n
			}
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
}
