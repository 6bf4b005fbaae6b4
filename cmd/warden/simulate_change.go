package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"warden/account"
	"warden/change"
	"warden/change/rehearse"
	"warden/policy"
)

// proposal is a change to be made in thought: a plan, or a policy document
// that is added or put in the place of another.
type proposal struct {
	file string
	// replaces names the policy whose place the document takes; "" adds it.
	replaces string
	plan     *change.Plan
	document *policy.Document
	text     []byte
}

// readProposal reads the value of --with: FILE or POLICY=FILE.
func readProposal(value string) (proposal, error) {
	p := proposal{file: value}
	if _, err := os.Stat(value); err != nil {
		if before, after, ok := strings.Cut(value, "="); ok {
			p.replaces, p.file = before, after
		}
	}
	text, err := readPolicyFile(p.file)
	if err != nil {
		return p, err
	}
	var form struct {
		Steps   json.RawMessage `json:"steps"`
		Account string          `json:"account"`
	}
	if json.Unmarshal(text, &form) == nil && form.Steps != nil {
		if p.replaces != "" {
			return p, usageErrorf("simulate: --with %s: a plan says itself what it changes", value)
		}
		plan, err := change.ReadPlan(p.file, bytes.NewReader(text))
		if err != nil {
			return p, err
		}
		p.plan = &plan
		return p, nil
	}
	p.text = text
	p.document, err = policy.Parse(p.file, text)
	return p, err
}

func (w *filesWho) with(c proposal) (who, []string, error) {
	if c.plan != nil {
		return nil, nil, usageErrorf("simulate: --with %s: a plan is made for an account; give --snapshot or --live", c.file)
	}
	out := *w
	if c.replaces == "" {
		out.policies.Identity = append(slices.Clone(w.policies.Identity), c.document)
		return &out, nil, nil
	}
	found := 0
	swap := func(docs []*policy.Document) []*policy.Document {
		docs = slices.Clone(docs)
		for i, d := range docs {
			if d.Name == c.replaces {
				docs[i] = c.document
				found++
			}
		}
		return docs
	}
	p := &out.policies
	p.Identity, p.Boundary, p.Session = swap(p.Identity), swap(p.Boundary), swap(p.Session)
	for _, levels := range []*[]policy.Level{&p.SCPs, &p.RCPs} {
		*levels = slices.Clone(*levels)
		for i := range *levels {
			(*levels)[i].Policies = swap((*levels)[i].Policies)
		}
	}
	if p.Resource != nil && p.Resource.Name == c.replaces {
		p.Resource = c.document
		found++
	}
	if found != 1 {
		return nil, nil, fmt.Errorf("simulate: --with %s=%s: %d of the given policies are from the file %s", c.replaces, c.file, found, c.replaces)
	}
	return &out, nil, nil
}

func (w *accountWho) with(c proposal) (who, []string, error) {
	s, problems, err := w.snapshot, []string(nil), error(nil)
	switch {
	case c.plan != nil:
		s, problems, err = rehearse.Plan(s, *c.plan)
	case c.replaces != "":
		s, err = rehearse.Replace(s, w.principal.ARN, c.replaces, c.text)
	default:
		s, err = rehearse.Inline(s, w.principal.ARN, c.file, c.text)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("simulate: --with %s: %w", c.file, err)
	}
	out := newAccountWho(s)
	p, err := out.authorizer.Find(w.principal.ARN)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate: --with %s: %w", c.file, err)
	}
	out.principal = out.authorizer.InSession(p, w.principal.Session)
	out.silenced = maps.Clone(w.silenced)
	for id := range activeKeys(w.snapshot, p.ARN) {
		if !activeKeys(s, p.ARN)[id] {
			if out.silenced == nil {
				out.silenced = map[string]string{}
			}
			out.silenced[id] = "the change makes the access key " + id + " inactive"
		}
	}
	return out, problems, nil
}

// activeKeys are the access keys with which a user can call.
func activeKeys(s *account.Snapshot, arn string) map[string]bool {
	keys := map[string]bool{}
	for _, u := range s.Users {
		for _, k := range u.AccessKeys {
			if u.ARN == arn && k.Active {
				keys[k.ID] = true
			}
		}
	}
	return keys
}

// shortened lists the first few of many.
func shortened(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// changed applies all of --with, and warns of what would not work.
func (f *requestFlags) changed(s *streams, w who) (who, error) {
	for _, value := range f.changes {
		c, err := readProposal(value)
		if err != nil {
			return nil, err
		}
		after, problems, err := w.with(c)
		if err != nil {
			return nil, err
		}
		for _, p := range problems {
			fmt.Fprintf(s.Err, "warden: simulate: --with %s: %s\n", c.file, printable(p))
			f.problems = append(f.problems, p)
		}
		if a, ok := w.(*accountWho); ok && c.replaces != "" {
			if others := rehearse.Others(a.snapshot, a.principal.ARN, c.replaces); len(others) > 0 {
				fmt.Fprintf(s.Err, "warden: simulate: --with %s: the policy changes for %s too, of whom nothing is asked\n", printable(value), printable(shortened(others)))
			}
		}
		w = after
	}
	return w, nil
}
