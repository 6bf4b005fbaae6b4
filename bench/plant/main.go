// Command plant writes an account whose answers are known into a folder: the
// snapshot, the credential report, the recorded events and the answers.
//
//	go run ./bench/plant -size common -seed 1 -dir planted
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"warden/account"
	"warden/internal/plant"
)

func main() {
	seed := flag.Uint64("seed", 1, "which account")
	size := flag.String("size", "small", "small, common (500 users, 200 roles, 50 groups, 300 policies) or large (ten times that)")
	dir := flag.String("dir", "planted", "folder to write into")
	now := flag.String("now", "", "time that ages are counted back from, RFC 3339 (default: one of the seed's own)")
	lossy := flag.Bool("lossy", false, "leave evidence out here and there, so that answers are unknown")
	flag.Parse()
	if err := run(*seed, *size, *dir, *now, !*lossy); err != nil {
		fmt.Fprintln(os.Stderr, "plant:", err)
		os.Exit(1)
	}
}

func run(seed uint64, size, dir, now string, complete bool) error {
	var at time.Time
	if now != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, now); err != nil {
			return fmt.Errorf("-now %q: want a time such as 2026-01-31T00:00:00Z", now)
		}
	}
	sizes := map[string]plant.Size{"small": {}, "common": plant.Common, "large": plant.Large}
	s, ok := sizes[size]
	if !ok {
		return fmt.Errorf("-size %q: want small, common or large", size)
	}
	a := plant.Make(plant.Options{Seed: seed, Size: s, Now: at, Complete: complete})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := account.WriteSnapshot(&b, a.Snapshot); err != nil {
		return err
	}
	files := map[string][]byte{"account.json": bytes.Clone(b.Bytes())}
	if a.Snapshot.CredentialReport != nil {
		b.Reset()
		if err := plant.WriteReport(&b, a.Snapshot.CredentialReport, time.UTC); err != nil {
			return err
		}
		files["report.csv"] = bytes.Clone(b.Bytes())
	}
	b.Reset()
	for _, e := range a.Events {
		b.Write(append(e, '\n'))
	}
	files["events.jsonl"] = bytes.Clone(b.Bytes())
	var err error
	if files["answers.json"], err = json.MarshalIndent(map[string]any{"now": a.Now, "answers": a.Answers}, "", " "); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
