package escalation_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/internal/fixture"
)

var update = flag.Bool("update", false, "write docs/escalation.md anew")

// TestDocumentation keeps docs/escalation.md in step with the list.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "escalation.md")
	want := documentation()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v): go test ./audit/escalation -run Documentation -update", path, err)
	}
}

// TestCatalogued holds the list against pathfinding.cloud's.
func TestCatalogued(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join(fixture.Shared(t), "data", "escalation-paths.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		p := escalation.Lookup(row[0])
		if p == nil {
			t.Errorf("%s is not in the list", row[0])
			continue
		}
		if got, want := actions(p), strings.Fields(row[2]); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s needs %q, the catalogue says %q", p.ID, got, want)
		}
	}
	if len(rows) != 66 {
		t.Errorf("%d rows, want the head and 65", len(rows))
	}
}

// actions are those that a path needs, once each.
func actions(p *escalation.Path) []string {
	var out []string
	for _, n := range p.Needs {
		if !slices.Contains(out, n.Action) {
			out = append(out, n.Action)
		}
	}
	return out
}

// documentation renders the list as Markdown.
func documentation() []byte {
	paths := escalation.Catalogue()
	slices.SortStableFunc(paths, func(a, b *escalation.Path) int { return cmp.Compare(a.ID, b.ID) })
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Who can become an administrator?

<!-- Generated from audit/escalation by: go test ./audit/escalation -run Documentation -update -->

`+"```console"+`
$ warden escalate --snapshot account.json
$ warden escalate --snapshot account.json --principal ci-deploy -o text
$ warden escalate --snapshot account.json -o svg > escalation.svg
`+"```"+`

The command reads a snapshot of an account, needs no network and changes nothing. The library is `+"`audit/escalation`"+`.

## The answers

An **administrator** may do everything: any action on any resource, and everywhere those that manage permissions. Statements
that deny something else do not change that. Administrators are listed apart; everybody else is asked about.

A **way** is one step or several. A step is one of the paths below: the principal becomes another user or role, or gives
himself everything. Each permission of a step is an answer of the policy engine ([policy.md](policy.md)) with all policies
of the principal, its groups and its boundary, for roles with the trust policy; the statements are shown.

| answer | means |
|---|---|
| `+"`allowed`"+` | the snapshot shows that every step works |
| `+"`depends`"+` | it hangs on what is named: a context key (MFA, an external id), or something that no snapshot shows (a function that has the role) |
| `+"`unknown`"+` | it rests on a policy that the snapshot does not hold, or of which nobody can be sure how AWS reads it |

Shown is the surest way of each principal, and of the surest the shortest.

- **Given everything** means AdministratorAccess beside what somebody has. His boundary and his Deny statements stay: where
  they keep him from managing permissions, the path does not apply, unless he may take the boundary away or replace it.
- **Passing a role** needs `+"`iam:PassRole`"+` on the role with the service in `+"`iam:PassedToService`"+`, a trust policy that lets the
  service in, and the service's actions on some resource: of any name, or of one that the policies name.
- **Users**: an access key can be made for who has fewer than two, a password for who has none. Where the snapshot does not
  tell, the step depends on it. A policy that has five versions takes `+"`iam:DeletePolicyVersion`"+` too.
- **Roles** of services and of Identity Center cannot be edited. A role goes to EC2 by an instance profile only.
- **Regions**: us-east-1 and those that the policies name are tried.

**What would stop most**: the statements on which most ways rest are tried, the five most used unless `+"`--cuts`"+` says
otherwise. Each is taken out of a copy of the snapshot and everything is judged again. So "3 of 4 stopped" means that these
three have no way left, and "less sure" that one is left which depends or is unknown.

## What is not considered

`)
	for _, x := range slices.Concat(escalation.NotConsidered, authorize.NotConsidered) {
		fmt.Fprintf(&b, "- %s\n", x)
	}
	fmt.Fprintf(&b, `
## The paths

%d paths. Ids, kinds and permissions of 65 are after [pathfinding.cloud](https://pathfinding.cloud) (DataDog,
Apache-2.0); on what each permission is needed, and what it gives, after the AWS documentation of the action. Those that
begin with `+"`warden-`"+` are after that documentation alone.

Each is planted in generated accounts, once as it is and in up to nine near misses (a permission missing, denied, for another
resource, outside of the boundary, under a condition; a role that trusts another; a role that may be passed to another
service), and all are told apart. Whether AWS behaves as its documentation says was not tried.

| path | what | kind | permissions, and on what | trusted service | if |
|---|---|---|---|---|---|
`, len(paths))
	for _, p := range paths {
		var needs []string
		for _, n := range p.Needs {
			on := n.On.String()
			if n.On == escalation.Something {
				on = "any"
			}
			text := fmt.Sprintf("`%s` (%s)", n.Action, on)
			if !slices.Contains(needs, text) {
				needs = append(needs, text)
			}
		}
		service := ""
		if p.Service != "" {
			service = "`" + p.Service + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", p.ID, p.Title, p.Kind, strings.Join(needs, ", "), service, p.If)
	}
	b.WriteString(`
## Speed

One administrator at a time, the search goes backwards and asks only about those who are not found yet and whose policies
speak of what is needed; principals with the same policies are asked once. On a generated account of 5,000 users and 2,000
roles (` + "`go test ./audit/escalation -bench Find`" + `) it takes about one second, and trying five statements another (2 cores of a busy virtual machine).
`)
	return b.Bytes()
}
