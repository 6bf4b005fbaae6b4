package main

import (
	"bytes"
	"strings"
	"testing"
)

// A wrong flag is one line and status 2, before anything is asked of AWS.
func TestGuardUsage(t *testing.T) {
	t.Parallel()
	const queue = "http://127.0.0.1:1/111122223333/warden"
	for name, tc := range map[string]struct {
		args string
		says string
	}{
		"no source":          {"", "want one of --queue, --folder and --events"},
		"two sources":        {"--queue " + queue + " --folder x", "want one of"},
		"no URL":             {"--queue warden", "--queue \"warden\": want the URL"},
		"a host only":        {"--queue https://sqs.us-east-1.amazonaws.com", "want the URL"},
		"an unknown level":   {"--queue " + queue + " --level deny", "--level"},
		"no budget":          {"--queue " + queue + " --budget 0", "--budget 0"},
		"no topic":           {"--queue " + queue + " --topic warden", "--topic \"warden\": want the ARN"},
		"half a mail":        {"--queue " + queue + " --mail-to a@example.com", "go together"},
		"a policy with path": {"--queue " + queue + " --deny-policy team/DENY", "--deny-policy \"team/DENY\""},
		"nobody":             {"--queue " + queue + " --admin-group=", "everybody would be contained"},
		"revoke alone":       {"--queue " + queue + " --revoke-sessions", "--contain-sessions"},
		"a role alone":       {"--queue " + queue + " --apply --guardrail-role arn:aws:iam::111122223333:role/x", "--guardrail-policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, stderr bytes.Buffer
			cmd := newRoot(&streams{In: strings.NewReader(""), Out: &out, Err: &stderr})
			cmd.SetArgs(append([]string{"guard"}, strings.Fields(tc.args)...))
			if code := exitStatus(&stderr, cmd.ExecuteContext(t.Context())); code != 2 {
				t.Errorf("status %d: %s", code, &stderr)
			}
			if lines := strings.Count(stderr.String(), "\n"); lines != 1 || !strings.Contains(stderr.String(), tc.says) || out.Len() != 0 {
				t.Errorf("said %q %q, want one line with %q", &out, &stderr, tc.says)
			}
		})
	}
}
