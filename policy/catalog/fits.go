package catalog

import "strings"

// Fits tells whether an ARN, or a pattern for ARNs, is of this type: whether
// it is of the form of the type's ARN. A star in the ARN may stand for what a
// variable does, not for the words between variables.
func (t *ResourceType) Fits(arn string) bool {
	want, got := strings.SplitN(t.ARN, ":", 6), strings.SplitN(arn, ":", 6)
	if len(want) != 6 || len(got) != 6 || want[2] != got[2] {
		return false
	}
	// Buckets and objects of S3 differ by the slash only.
	if want[2] == "s3" && want[4] == "" && strings.Contains(want[5], "/") != strings.Contains(got[5], "/") {
		return false
	}
	for i, part := range want {
		if !like(part, got[i]) {
			return false
		}
	}
	return true
}

// like matches a text with a template of which each ${…} stands for at least
// one character.
func like(template, s string) bool {
	before, after, found := strings.Cut(template, "${")
	if !found {
		return template == s || template == "*"
	}
	if !strings.HasPrefix(s, before) {
		return false
	}
	_, rest, _ := strings.Cut(after, "}")
	s = s[len(before):]
	if rest == "" {
		return s != ""
	}
	for i := 1; i <= len(s); i++ {
		if like(rest, s[i:]) {
			return true
		}
	}
	return false
}
