package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/change/rehearse"
	"warden/policy"
	"warden/policy/catalog"
	"warden/policy/generate"
	"warden/policy/lint"
)

// generateOptions are the flags of policy generate.
type generateOptions struct {
	who    requestFlags
	trails []string
	reduce bool

	read, write, list, tagging, permissions, without []string

	dropUnseen            bool
	maxSize, maxResources int
	out, output           string
	overwrite, strict     bool
	sized                 bool // --max-size was given
}

func newPolicyGenerateCmd(s *streams) *cobra.Command {
	o := generateOptions{who: requestFlags{command: "policy generate"}}
	cmd := &cobra.Command{
		Use:   "generate (--trail FILE --principal WHO [--reduce] | --read ARN …)",
		Short: "Write a policy that grants what was used, or access levels on resources",
		Long: `Write policies that grant no more than is needed.

--trail reads the recorded calls of --principal and writes a policy that allows
them. With --reduce the policies that he has are cut down to what he used
instead: conditions and statements that deny stay, wildcards stay where all that
they stand for was used. His policies come from --snapshot, --live or --policy.

A trail does not record everything: data events unless it was told to, and
permissions that no call is named after, such as iam:PassRole. What it cannot
have seen is "not observed", and --reduce keeps it unless --drop-unseen is given.

--read, --write, --list, --tagging and --permissions grant every action of that
access level that acts on the ARN; --without-resource SERVICE:LEVEL those that
act on no resource in particular.

What is written is checked before: the engine decides every observed call under
the new policies, package reason proves that they allow nothing that the old
ones did not, and lint reads them. The policy goes to standard output, or a file
each into --out; what there is to know about it goes to standard error.

With -o json the answer is one object: policies (name, document), notes,
removed, notObserved, notMapped, observed, unreadable, proof (checked, denied,
elsewhere, newAccess, witness) and findings.

EXIT STATUS
  0  the policies were written, and the proof holds
  1  a file or the account cannot be read, or no policy can be written
  2  the command was called wrongly
  3  the proof does not hold: something observed would be denied, or something
     new would be allowed
  4  --strict, and whether something new is allowed could not be decided, or
     recorded calls were left out because nobody knows their action or they
     could not be read`,
		Example: `  warden policy generate --trail trail/ --principal arn:aws:iam::111122223333:role/app > app.json
  warden policy generate --trail trail/ --principal ci-deploy --snapshot account.json --reduce --out reduced/
  warden policy generate --read arn:aws:s3:::invoices/2026/* --write arn:aws:sqs:eu-west-1:111122223333:jobs`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.sized = cmd.Flags().Changed("max-size")
			return o.run(cmd.Context(), s)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.trails, "trail", nil, "CloudTrail file or folder with the recorded calls, or - (may be repeated)")
	f.StringVar(&o.who.principal, "principal", "", "ARN of the user or role whose calls count; with an account a name is enough")
	f.StringVar(&o.who.snapshot, "snapshot", "", "file with the account that he is in")
	f.BoolVar(&o.who.live, "live", false, "he is in the account of the AWS credentials, which is read now")
	f.StringArrayVar(&o.who.identity, "policy", nil, "file with a policy that he has (may be repeated)")
	f.BoolVar(&o.reduce, "reduce", false, "cut his policies down to what was used")
	f.BoolVar(&o.dropUnseen, "drop-unseen", false, "--reduce: remove also what the trail cannot have recorded")
	for _, level := range []struct {
		into *[]string
		name string
	}{{&o.read, "read"}, {&o.write, "write"}, {&o.list, "list"}, {&o.tagging, "tagging"}, {&o.permissions, "permissions"}} {
		f.StringArrayVar(level.into, level.name, nil, "ARN on which to grant the access level "+level.name+" (may be repeated)")
	}
	f.StringArrayVar(&o.without, "without-resource", nil, "SERVICE:LEVEL of actions that act on no resource in particular (may be repeated)")
	f.IntVar(&o.maxSize, "max-size", generate.ManagedSize, "most characters of one policy (inline policies of an account that --reduce cuts down: 2048 of a user, 5120 of a group, 10240 of a role)")
	f.IntVar(&o.maxResources, "max-resources", 8, "most resources of an action before they become a pattern")
	f.StringVar(&o.out, "out", "", "folder to write a file for each policy to; files that are there are left alone, and are an error")
	f.BoolVar(&o.overwrite, "overwrite", false, "--out: write over files that are there")
	f.StringVarP(&o.output, "output", "o", "policy", "form of the answer: policy or json")
	f.BoolVar(&o.strict, "strict", false, "exit with status 4 if something could not be decided")
	o.who.aws = awsFlags(cmd)
	return cmd
}

// generated is what the command answers.
type generated struct {
	Policies    []generatedPolicy  `json:"policies"`
	Notes       []string           `json:"notes"`
	Removed     []generate.Removed `json:"removed"`
	NotObserved []generate.Removed `json:"notObserved"`
	NotMapped   map[string]int     `json:"notMapped"`
	Observed    int                `json:"observed"`
	Unreadable  int                `json:"unreadable"`
	Proof       generate.Proof     `json:"proof"`
	Findings    []lint.Finding     `json:"findings"`
}

type generatedPolicy struct {
	Name     string           `json:"name"`
	Document *policy.Document `json:"document"`
}

func (o *generateOptions) run(ctx context.Context, s *streams) error {
	levels, err := o.levels()
	if err != nil {
		return err
	}
	switch {
	case o.output != "policy" && o.output != "json":
		return usageErrorf("policy generate: -o %s is not policy or json", o.output)
	case len(o.trails) > 0 == (len(levels) > 0):
		return usageErrorf("policy generate: from what? give --trail with the recorded calls of --principal, or access levels such as --read ARN")
	case len(o.trails) > 0 && o.who.principal == "":
		return usageErrorf("policy generate: whose calls? give --principal with a user or role")
	case o.reduce && o.who.snapshot == "" && !o.who.live && len(o.who.identity) == 0:
		return usageErrorf("policy generate: --reduce which policies? give --snapshot, --live or --policy")
	case o.maxSize < 100 || o.maxResources < 1:
		return usageErrorf("policy generate: --max-size is at least 100 and --max-resources at least 1")
	case o.overwrite && o.out == "":
		return usageErrorf("policy generate: --overwrite goes with --out")
	}
	if o.who.trails = o.trails; len(levels) > 0 {
		o.who.trails = nil
	}
	var g generated
	if len(levels) > 0 {
		r, err := generate.FromLevels(levels, generate.Options{MaxSize: o.maxSize})
		if err != nil {
			return fmt.Errorf("policy generate: %w", err)
		}
		g.take(r)
	} else if err := o.fromTrail(ctx, s, &g); err != nil {
		return err
	}
	for _, p := range g.Policies {
		g.Findings = append(g.Findings, lint.Lint(p.Document, lint.Options{})...)
	}
	if err := o.print(s, &g); err != nil {
		return err
	}
	switch {
	case !g.Proof.Holds() && (g.Proof.New != "unknown" || len(g.Proof.Denied) > 0):
		return &exitError{code: 3}
	case o.strict && (g.Proof.New == "unknown" || len(g.NotMapped) > 0 || g.Unreadable > 0):
		return &exitError{code: 4}
	}
	return nil
}

func (g *generated) take(r generate.Result) {
	for _, d := range r.Documents {
		g.Policies = append(g.Policies, generatedPolicy{d.Name, d})
	}
	g.Notes = append(g.Notes, r.Notes...)
}

// levels are the access levels that the flags ask for.
func (o *generateOptions) levels() ([]generate.Want, error) {
	var out []generate.Want
	byName := map[string]catalog.AccessLevel{"read": catalog.Read, "write": catalog.Write, "list": catalog.List, "tagging": catalog.Tagging, "permissions": catalog.PermissionsManagement}
	for _, w := range []struct {
		name string
		arns []string
	}{{"list", o.list}, {"read", o.read}, {"tagging", o.tagging}, {"write", o.write}, {"permissions", o.permissions}} {
		if len(w.arns) > 0 {
			out = append(out, generate.Want{Level: byName[w.name], Resources: w.arns})
		}
	}
	for _, value := range o.without {
		service, level, ok := strings.Cut(value, ":")
		l, known := byName[level]
		if !ok || !known {
			return nil, usageErrorf("policy generate: --without-resource %s: want SERVICE:LEVEL with read, write, list, tagging or permissions, as in ec2:list", value)
		}
		out = append(out, generate.Want{Level: l, Service: service})
	}
	return out, nil
}

// fromTrail observes the principal and writes his policies.
func (o *generateOptions) fromTrail(ctx context.Context, s *streams, g *generated) error {
	w, err := o.who.who(ctx, s)
	if err != nil {
		return err
	}
	held := heldBy(w)
	seen, err := observe(ctx, s, w, o.trails, held)
	if err != nil {
		return fmt.Errorf("policy generate: %w", err)
	}
	g.NotMapped, g.Observed = seen.notMapped, len(seen.list)
	if seen.calls == 0 {
		return fmt.Errorf("policy generate: no recorded call that succeeded is by %s (%d events are by others)", w.arn(), seen.others)
	}
	if seen.namesakes > 0 {
		g.Notes = append(g.Notes, fmt.Sprintf("left out: %d events by somebody who had this name before (the unique id is another)", seen.namesakes))
	}
	g.Unreadable = seen.unreadable
	options := generate.Options{Name: "generated", MaxSize: o.maxSize, MaxResources: o.maxResources}
	by, err := principalOf(w.arn())
	if err != nil {
		return err
	}
	if a, err := account.ParseARN(w.arn()); err == nil {
		options.Account, options.Partition, options.Name = a.Account, a.Partition, a.Name()
	}
	if !o.reduce {
		r, err := generate.FromUse(seen.list, options)
		if err != nil {
			return fmt.Errorf("policy generate: %w", err)
		}
		g.take(r)
		g.Proof = generate.Prove(r.Documents, nil, seen.list, by)
		return nil
	}
	reduction := generate.Reduction{Options: options, Principal: by, Coverage: seen.coverage(), DropUnseen: o.dropUnseen}
	if _, fromAccount := w.(*accountWho); fromAccount && !o.sized {
		reduction.SizeOf = func(d *policy.Document) int { return sizeOf(d.Name) }
	}
	r, err := generate.Reduce(held, seen.list, reduction)
	if err != nil {
		return fmt.Errorf("policy generate: %w", err)
	}
	g.take(r.Result)
	g.Notes = append(g.Notes, coverageNotes(reduction.Coverage)...)
	if a, ok := w.(*accountWho); ok {
		g.Notes = append(g.Notes, a.editNotes(held)...)
	}
	g.Removed, g.NotObserved = r.Removed, r.NotObserved
	g.Proof = generate.Prove(r.Documents, held, seen.list, by)
	return nil
}

// sizeOf is the most characters of a policy of an account, by its name there.
// IAM User Guide, "IAM and AWS STS quotas".
func sizeOf(name string) int {
	switch kind, _, _ := strings.Cut(name, "/"); kind {
	case "user":
		return generate.InlineUserSize
	case "group":
		return generate.InlineGroupSize
	case "role":
		return generate.InlineRoleSize
	}
	return generate.ManagedSize
}

// coverageNotes say what the trail was not told to record, as far as it shows.
func coverageNotes(c generate.Coverage) []string {
	var notes []string
	if c.WritesOnly {
		notes = append(notes, "the trail has no management events that read: it may record writes only, so no read is taken for unused")
	}
	if slices.Contains(c.DataWrites, "s3") || slices.Contains(c.DataEvents, "s3") {
		if len(c.Buckets) <= 10 {
			notes = append(notes, "the trail has data events of these buckets only: "+strings.Join(c.Buckets, ", "))
		} else {
			notes = append(notes, fmt.Sprintf("the trail has data events of %d buckets; what was done in others it may not have recorded", len(c.Buckets)))
		}
	}
	return notes
}

// editNotes say how the policies can be changed, and whom that changes too.
func (w *accountWho) editNotes(held []*policy.Document) []string {
	var notes []string
	for _, d := range held {
		if a, err := account.ParseARN(d.Name); err == nil && a.Account == "aws" {
			notes = append(notes, d.Name+" is AWS's and cannot be changed: make a policy of your own from the reduced one, attach it, and detach this one")
			continue
		}
		if others := rehearse.Others(w.snapshot, w.principal.ARN, d.Name); len(others) > 0 {
			notes = append(notes, d.Name+" gives permissions to "+shortened(others)+" too: it was cut down to what "+w.principal.Name+" alone used; make a copy for him, or put the use of all together")
		}
	}
	return notes
}

// heldBy are the identity policies that a principal has, of his groups too.
func heldBy(w who) []*policy.Document {
	switch w := w.(type) {
	case *filesWho:
		return w.policies.Identity
	case *accountWho:
		p := w.principal.Policies()
		return slices.Concat(p.Identity, p.Group)
	}
	return nil
}

// fileName turns the name of a policy, which may be an ARN or a path, into
// that of a file.
func fileName(name string) string {
	if a, err := account.ParseARN(name); err == nil {
		name = a.Name()
	}
	name = unsafe.ReplaceAllString(strings.TrimSuffix(filepath.ToSlash(name), ".json"), "-")
	return cmp.Or(strings.Trim(name, "-."), "policy") + ".json"
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9_+=,.@-]+`)

// print prints the answer.
func (o *generateOptions) print(s *streams, g *generated) error {
	if o.out != "" {
		if err := o.files(s, g); err != nil {
			return fmt.Errorf("policy generate: %w", err)
		}
	}
	if o.output == "json" {
		g.Policies, g.Notes, g.Removed, g.NotObserved, g.Findings = orEmpty(g.Policies), orEmpty(g.Notes), orEmpty(g.Removed), orEmpty(g.NotObserved), orEmpty(g.Findings)
		return writeJSON(s.Out, g)
	}
	if o.out == "" {
		if len(g.Policies) > 1 {
			fmt.Fprintf(s.Err, "warden: %d policies follow, one JSON document after the other; --out DIR writes files\n", len(g.Policies))
		}
		for _, p := range g.Policies {
			text, err := generate.Text(p.Document)
			if err != nil {
				return err
			}
			if _, err := s.Out.Write(text); err != nil {
				return err
			}
		}
	}
	g.explain(s)
	return nil
}

// files writes a file for each policy, or none if one of them is there.
func (o *generateOptions) files(s *streams, g *generated) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	taken := map[string]bool{}
	paths := make([]string, len(g.Policies))
	for i, p := range g.Policies {
		name := fileName(p.Name)
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = strings.TrimSuffix(fileName(p.Name), ".json") + fmt.Sprintf("-%d.json", n)
		}
		taken[strings.ToLower(name)] = true
		paths[i] = filepath.Join(o.out, name)
		if _, err := os.Lstat(paths[i]); err == nil && !o.overwrite {
			return fmt.Errorf("%s is there already; nothing was written (--overwrite writes over it)", paths[i])
		}
	}
	for i, p := range g.Policies {
		text, err := generate.Text(p.Document)
		if err != nil {
			return err
		}
		if err := os.WriteFile(paths[i], text, 0o644); err != nil {
			return err
		}
		compact, err := json.Marshal(p.Document)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Err, "%s  %d characters\n", paths[i], len(compact))
	}
	return nil
}

// explain says on standard error what there is to know.
func (g *generated) explain(s *streams) {
	line := func(format string, args ...any) { fmt.Fprintln(s.Err, printable(fmt.Sprintf(format, args...))) }
	for _, n := range g.Notes {
		line("note: %s", n)
	}
	for _, r := range g.Removed {
		line("removed: %s (%s statement %d)", r.What, r.Policy, r.Statement)
	}
	if len(g.NotObserved) > 0 {
		var words []string
		for _, r := range g.NotObserved {
			words = append(words, r.What)
		}
		line("not observed, and kept because such a trail does not record it: %s", strings.Join(words, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(g.NotMapped)) {
		line("left out, because nobody knows its action: %s (%d calls)", name, g.NotMapped[name])
	}
	for _, f := range g.Findings {
		if f.Severity >= lint.Warning {
			line("lint: %s: %s", f.Check, f.Message)
		}
	}
	if g.Observed == 0 {
		return
	}
	switch n := len(g.Proof.Denied); {
	case n > 0:
		x := g.Proof.Denied[0]
		line("NOT PROVED: %d of %d observed permissions would be denied, the first is %s on %s", n, g.Proof.Checked, x.Action, cmp.Or(x.Resource, x.Pattern, "a resource that is not recorded"))
	case g.Proof.Checked > 0:
		line("proved: all %d observed permissions stay allowed", g.Proof.Checked)
	}
	if n := len(g.Proof.Elsewhere); n > 0 {
		x := g.Proof.Elsewhere[0]
		line("not of these policies: %d observed permissions, which something else allowed; the first is %s on %s", n, x.Action, cmp.Or(x.Resource, x.Pattern, "a resource that is not recorded"))
	}
	switch g.Proof.New {
	case "no":
		line("proved: nothing new is allowed")
	case "yes":
		line("NOT PROVED: something new is allowed, for example %s", g.Proof.Witness)
	case "unknown":
		line("not decided: whether something new is allowed")
	}
}
