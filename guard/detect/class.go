package detect

import "strings"

// Event sources of the identity APIs.
const (
	IAM    = "iam.amazonaws.com"
	STS    = "sts.amazonaws.com"
	SignIn = "signin.amazonaws.com"
)

// readPrefixes begin the names of IAM's calls that change nothing.
// Source: Service Authorization Reference, "Actions, resources, and condition
// keys for AWS Identity and Access Management": access levels Read and List.
var readPrefixes = []string{"Get", "List", "Generate", "Simulate", "Describe"}

// IAMWrite reports whether the call is one of IAM's that write. A name that
// is not known to read counts as a write: new calls must not slip through.
func IAMWrite(source, name string) bool {
	if Source(source) != IAM {
		return false
	}
	for _, p := range readPrefixes {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	return true
}

// STSWrite reports whether the call issues credentials. CloudTrail marks
// AssumeRole as a read; what counts here is that a new session exists
// afterwards.
func STSWrite(source, name string) bool {
	if Source(source) != STS {
		return false
	}
	return strings.HasPrefix(name, "Assume") ||
		strings.HasPrefix(name, "Get") && strings.HasSuffix(name, "Token")
}
