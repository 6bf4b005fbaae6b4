package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"warden/deploy"
)

func TestDeployPrints(t *testing.T) {
	t.Parallel()
	run := func(args ...string) (out string, status int) {
		var o, e strings.Builder
		root := newRoot(&streams{In: strings.NewReader(""), Out: &o, Err: &e})
		root.SetArgs(append([]string{"deploy"}, args...))
		status = exitStatus(&e, root.ExecuteContext(t.Context()))
		return o.String() + e.String(), status
	}
	for _, name := range deploy.Templates() {
		want, err := deploy.Template(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, status := run("template", name); status != 0 || got != want {
			t.Errorf("template %s: status %d, %d bytes, want the %d of the file", name, status, len(got), len(want))
		}
	}
	sparingNobody := []string{"workflow", "approver", "guardrail", "doctor", "audit", "audit-report", "audit-push", "audit-function", "audit-schedule"} // which spare nobody
	for _, name := range deploy.Policies() {
		out, status := run("policy", name, "--account", "444455556666", "--protect", "arn:aws:iam::444455556666:user/break-glass")
		var doc struct{ Statement []any }
		if err := json.Unmarshal([]byte(out), &doc); err != nil || status != 0 || len(doc.Statement) == 0 ||
			strings.Contains(out, "444455556666:user/break-glass") == slices.Contains(sparingNobody, name) || strings.Contains(out, "111122223333") {
			t.Errorf("policy %s: status %d (%v)\n%s", name, status, err, out)
		}
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "want template or policy"},
		{[]string{"template"}, "guard-forwarder"},
		{[]string{"template", "none"}, `no template "none"`},
		{[]string{"policy", "none"}, `no policy "none"`},
		{[]string{"policy", "guard", "--protect", "arn:aws:iam::111122223333:user/*"}, "exact ARN"},
	} {
		if out, status := run(tt.args...); status != 2 || !strings.Contains(out, tt.want) {
			t.Errorf("%v: status %d, %s, want status 2 and %q", tt.args, status, out, tt.want)
		}
	}
}
