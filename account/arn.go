package account

import (
	"fmt"
	"strings"
)

// ARN is an Amazon Resource Name split at its first five colons.
// Source: IAM User Guide, "IAM identifiers" and "Amazon Resource Names".
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// ParseARN splits s. It fails when s does not have the six parts of an ARN.
func ParseARN(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, fmt.Errorf("%q is not an ARN (arn:partition:service:region:account:resource)", s)
	}
	return ARN{p[1], p[2], p[3], p[4], p[5]}, nil
}

// String puts the parts together again.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Type is the resource type before the first slash: "user", "role",
// "assumed-role"; the whole resource where there is no slash.
func (a ARN) Type() string {
	t, _, _ := strings.Cut(a.Resource, "/")
	return t
}

// Name is what follows the last slash: the friendly name of an IAM entity,
// the session name of an assumed role.
func (a ARN) Name() string {
	return a.Resource[strings.LastIndexByte(a.Resource, '/')+1:]
}
