package audit_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/audit"
)

var update = flag.Bool("update", false, "write docs/controls.md anew")

// TestDocumentation keeps docs/controls.md in step with the list.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "docs", "controls.md")
	want := document()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v): go test ./audit -run Documentation -update", path, err)
	}
}

// document renders the list as Markdown.
func document() []byte {
	var b bytes.Buffer
	list, versions := audit.All(), audit.Versions()
	mapped, judged := 0, 0
	for _, c := range list {
		mapped += len(c.Maps)
		if c.Judge != nil {
			judged++
		}
	}
	fmt.Fprintf(&b, `# What the audit asks

<!-- Generated from audit by: go test ./audit -run Documentation -update -->

%d controls, each with examples that fail, that are unknown and that pass, which are its tests. %d are judged from a snapshot; %d say how a
person checks. Together they ask all %d recommendations on identity, logging and monitoring of %d versions of the CIS Amazon Web Services
Foundations Benchmark. Each question is answered once; a version with a threshold of its own has its own answer.

- **pass**, **fail**: the evidence shows it. Every answer lists the facts, with their source and when they were true.
- **unknown**: something that the answer needs is not in the evidence; the answer says what, and why. Missing evidence is never a pass.
- **manual**: no API tells; the table below says how to check.
- **not applicable**: the question does not arise, such as MFA of a root user that has neither password nor keys.

A finding is about one credential, one trail, one region: never about "some". Its id is a hash of the control, the subject with its unique id, and
the part of it, so that it is the same from run to run.

| control | question | why | severity | reads |
|---|---|---|---|---|
`, len(list), judged, len(list)-judged, mapped, len(versions))
	for _, c := range list {
		if c.Judge == nil {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s. | %s | %s | `%s` |\n", c.ID, c.Title, c.Why, c.Severity, strings.Join(c.Actions, "`, `"))
	}
	b.WriteString("\n## By hand\n\n| control | question | why | how |\n|---|---|---|---|\n")
	for _, c := range list {
		if c.Manual != "" {
			fmt.Fprintf(&b, "| `%s` | %s. | %s | %s |\n", c.ID, c.Title, c.Why, strings.ReplaceAll(c.Manual, "|", `\|`))
		}
	}
	b.WriteString(`
## How some questions are judged

- **Metric filters** are compared by what they match, not by their text: order, quotes, blanks and more clauses do not matter, nor whether one filter
  or several see the events. The audit looks for an event that should be seen and is not; a failure shows it. The way must be whole: a trail
  of all regions that logs and leaves out neither anything but KMS and the RDS Data API nor the service that is asked about, its log group, filter, an alarm
  that fires at one event (statistic, comparison, threshold, periods) with its actions on, itself or by a composite alarm that fires whatever the
  others do, topic, confirmed subscriber. A regular expression is tried on every value that is wanted; where AWS's guide does not tell what it means (groups,
  lazy repetition), or the field may have any value, the answer is unknown unless the rest decides it. A filter that leaves out failed calls misses attempts and fails.
- **Policies that allow everything** are found by proof, not by name: whether the allowing statements together contain a policy that allows
  everything. Conditions and denials are left out of the question, and named in the answer.
- **Disuse** is counted from the last use of each credential; where AWS knows of none, from when it was made or last changed. So the threshold
  is also the grace of what is new. Ages are compared to the second.
- **Inactive users and roles** have one date each, the latest of all evidence, with what was not looked at. No use known and something
  not looked at is unknown: no data is not "never".
- **Who may do too much** is asked of the engine for each user and role, with all policies that apply to him: his own, his groups', his boundary, and what
  they deny. A call counts where it is allowed on every resource of its kind. Calls that hang on a condition count, and the answer names
  the condition. Administrators, who may do any action of any service and all that manage permissions, are told of once, and left out of the other questions. Control
  policies of the organisation count where the evidence has them; the policies of keys and buckets are not considered.
- **A user's line of the credential report** is taken for his only if it was made after him and tells the time of his creation: names are used again. Two lines
  about one user that differ count for nothing.
- **Open to everybody** is also a role that trusts an issuer of tokens for all its customers, such as GitHub or Cognito, without a condition on whose tokens are meant.
- **AWS Config** must deliver, not only record; types that belong to no region, such as users and roles, are needed in one region.
- **KMS keys** that count are the customer's own, for symmetric encryption, of material that KMS made, and enabled: no others can rotate by themselves. Whatever the
  period, it passes; the answer tells it. A replica follows its primary. A key whose own policy keeps the auditor out is unknown.
- **Flow logs** must be of the VPC as a whole, record what was rejected (or all), be active and deliver. One of a subnet or an interface does not make up for it. A VPC
  that is shared by another account is that account's.
- **Instances** that run or are stopped need an instance profile, and that a role. Nothing tells whether a machine calls AWS; accept those that do not.
- **Regions**: the regions that every account has on must all have been read; those that were not are named and unknown. Opt-in regions count where they were read.

## Where the benchmarks ask it

Numbers of CIS Amazon Web Services Foundations Benchmark (Center for Internet Security), with the level, and @ before a threshold in days.

`)
	fmt.Fprintf(&b, "| control | %s |\n|---%s|\n", strings.Join(versions, " | "), strings.Repeat("|---", len(versions)))
	for _, c := range list {
		if len(c.Maps) == 0 {
			continue
		}
		cells := make([]string, len(versions))
		for i, v := range versions {
			var ids []string
			for _, m := range c.Maps {
				if m.Version != v {
					continue
				}
				id := fmt.Sprintf("%s/%d", m.ID, m.Level)
				if m.Threshold > 0 {
					id += fmt.Sprintf("@%d", m.Threshold)
				}
				ids = append(ids, id)
			}
			cells[i] = strings.Join(ids, ", ")
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.ID, strings.Join(cells, " | "))
	}
	b.WriteString("\nAWS documentation behind the controls:\n\n")
	for _, c := range list {
		fmt.Fprintf(&b, "- `%s`: %s\n", c.ID, c.Source)
	}
	return b.Bytes()
}
