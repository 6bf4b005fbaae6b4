package finding

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// removed stands where a secret was.
const removed = "(secret removed)"

// What is a secret: whatever can be used by who reads it. Ids of keys (AKIA…,
// ASIA…), ARNs, unique ids and serial numbers are none.
var (
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)`)
	// A value that is said to be one: NAME=VALUE, "NAME": "VALUE".
	named = regexp.MustCompile(`(?i)((?:secret[_-]?(?:access[_-]?)?key|session[_-]?token|security[_-]token|x-amz-signature|access[_-]?token|auth[_-]?token|bearer[_-]?token|api[_-]?key|client[_-]?secret|private[_-]?key|passw(?:or)?d|passphrase|\bpwd|\bsecret|\btoken)["']?(?:=|\s+=\s+"?|\s*:\s*["'])["']?)([^\s"'&,;]{4,})`)
	// Values that can be told by how they begin: session tokens of STS, tokens
	// of GitHub, GitLab, Slack, Stripe and Google, and JSON Web Tokens.
	known = regexp.MustCompile(`\b(?:(?:FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu|AQoDYXdz|AQoEXAMPLE)[A-Za-z0-9+/=_%-]{16,}` +
		`|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}` +
		`|[sr]k_live_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})`)
	// Secret access keys have 40 characters of this alphabet.
	forty = regexp.MustCompile(`[A-Za-z0-9+/]+`)
)

// Redact takes secrets out of text that comes from an account or from people:
// a policy, a tag, a filter pattern or an error may hold what nobody should
// have put there. What looks like a name stays.
func Redact(s string) string {
	if len(s) < 4 {
		return s
	}
	s = privateKey.ReplaceAllLiteralString(s, removed)
	// A report has many texts, and few in which one of these can match.
	if strings.Contains(s, "=") || strings.Contains(s, ":") && strings.ContainsAny(s, `"'`) {
		s = named.ReplaceAllString(s, "${1}"+removed)
	}
	if slices.ContainsFunc(beginnings, func(b string) bool { return strings.Contains(s, b) }) {
		s = known.ReplaceAllLiteralString(s, removed)
	}
	if !longRun(s) {
		return s
	}
	return forty.ReplaceAllStringFunc(s, func(run string) string {
		for {
			start := secretIn(run)
			if start < 0 {
				return run
			}
			run = run[:start] + removed + run[start+secretLength:]
		}
	})
}

// secretLength is that of a secret access key.
const secretLength = 40

// secretIn returns where a secret access key begins in a run of its alphabet,
// -1 if there is none. The run may be a path, of which the key is a part.
func secretIn(run string) int {
	for start := 0; start+secretLength <= len(run); start++ {
		end := start + secretLength
		if (start == 0 || run[start-1] == '/') && (end == len(run) || run[end] == '/') && random(run[start:end]) {
			return start
		}
	}
	return -1
}

// Redact takes secrets out of everything that a finding says, but for what it
// is about.
func (f *Finding) Redact() {
	for _, s := range []*string{&f.Part, &f.Summary, &f.Remedy, &f.Command} {
		*s = Redact(*s)
	}
	for i := range f.Evidence {
		x := &f.Evidence[i]
		x.Fact, x.Source = Redact(x.Fact), Redact(x.Source)
	}
	if f.Exempt != nil {
		x := *f.Exempt
		x.Reason, x.Owner = Redact(x.Reason), Redact(x.Owner)
		f.Exempt = &x
	}
}

// beginnings are how the known values begin, one of them in each.
var beginnings = []string{
	"FwoGZXIvYXdz", "FQoGZXIvYXdz", "IQoJb3JpZ2lu", "AQoDYXdz", "AQoEXAMPLE", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "k_live_", "AIza", "eyJ",
}

// longRun tells whether forty characters of a secret access key's alphabet
// stand in a row.
func longRun(s string) bool {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
			if n++; n == 40 {
				return true
			}
			continue
		}
		n = 0
	}
	return false
}

// random tells whether 40 characters look drawn by lot: they have letters of
// both cases and digits, and repeat few. Random ones have about 4.9 bits of
// entropy a character, names of that length at most 4.3.
func random(s string) bool {
	if !strings.ContainsAny(s, "0123456789") || strings.ToLower(s) == s || strings.ToUpper(s) == s {
		return false
	}
	count := map[rune]float64{}
	for _, r := range s {
		count[r]++
	}
	bits := 0.0
	for _, n := range count {
		p := n / float64(len(s))
		bits -= p * math.Log2(p)
	}
	return bits > 4.45
}
