package audit

import (
	"fmt"
	"strconv"
	"strings"
)

// CIS is the benchmark "CIS Amazon Web Services Foundations Benchmark" of the
// Center for Internet Security. Only its numbering stands here; titles and
// texts of controls are warden's own.
const CIS = "cis-aws"

// cisTable says under which number each version of CIS asks a control's
// question: id/level, and @ before a threshold in days. - means not at all.
const cisTable = `
control                    1.2.0    1.3.0     1.4.0     1.5.0     2.0.0     3.0.0     4.0.1     5.0.0     6.0.0     7.0.0
root.used                  1.1/1    1.7/1     1.7/1     1.7/1     1.7/1     1.7/1     1.7/1     1.6/1     2.6/1     2.7/1
root.keys                  1.12/1   1.4/1     1.4/1     1.4/1     1.4/1     1.4/1     1.4/1     1.3/1     2.3/1     2.4/1
root.mfa                   1.13/1   1.5/1     1.5/1     1.5/1     1.5/1     1.5/1     1.5/1     1.4/1     2.4/1     2.5/1
root.mfa-hardware          1.14/2   1.6/2     1.6/2     1.6/2     1.6/2     1.6/2     1.6/2     1.5/2     2.5/2     2.6/2
root.central               -        -         -         -         -         -         -         -         -         2.1.1/2
user.mfa                   1.2/1    1.10/1    1.10/1    1.10/1    1.10/1    1.10/1    1.10/1    1.9/1     2.9/1     2.10/1
user.groups-only           1.16/1   1.15/1    1.15/1    1.15/1    1.15/1    1.15/1    1.15/1    1.14/1    2.14/1    2.13/1
user.setup-key             1.21/1   1.11/1    1.11/1    1.11/1    1.11/1    1.11/1    1.11/1    1.10/1    2.10/1    -
user.two-keys              -        1.13/1    1.13/1    1.13/1    1.13/1    1.13/1    1.13/1    1.12/1    2.12/1    -
credential.unused          1.3/1@90 1.12/1@90 1.12/1@45 1.12/1@45 1.12/1@45 1.12/1@45 1.12/1@45 1.11/1@45 2.11/1@45 2.11/1@45
key.age                    1.4/1@90 1.14/1@90 1.14/1@90 1.14/1@90 1.14/1@90 1.14/1@90 1.14/1@90 1.13/1@90 2.13/1@90 2.12/1@90
password-policy.uppercase  1.5/1    -         -         -         -         -         -         -         -         -
password-policy.lowercase  1.6/1    -         -         -         -         -         -         -         -         -
password-policy.symbol     1.7/1    -         -         -         -         -         -         -         -         -
password-policy.digit      1.8/1    -         -         -         -         -         -         -         -         -
password-policy.length     1.9/1    1.8/1     1.8/1     1.8/1     1.8/1     1.8/1     1.8/1     1.7/1     2.7/1     2.8/1
password-policy.reuse      1.10/1   1.9/1     1.9/1     1.9/1     1.9/1     1.9/1     1.9/1     1.8/1     2.8/1     2.9/1
password-policy.expiry     1.11/1   -         -         -         -         -         -         -         -         -
policy.full-admin          1.22/2   1.16/1    1.16/1    1.16/1    1.16/1    1.16/1    1.16/1    1.15/1    2.15/1    2.14/1
policy.cloudshell          -        -         -         -         1.22/1    1.22/1    1.22/1    1.21/1    2.21/1    2.20/1
role.support               1.20/1   1.17/1    1.17/1    1.17/1    1.17/1    1.17/1    1.17/1    1.16/1    2.16/1    2.15/1
certificate.expired        -        1.19/1    1.19/1    1.19/1    1.19/1    1.19/1    1.19/1    1.18/1    2.18/1    2.17/1
analyzer.external          -        1.21/1    1.20/1    1.20/1    1.20/1    1.20/1    1.20/1    1.19/1    2.19/1    2.18/1
identity.federation        -        1.22/2    1.21/2    1.21/2    1.21/2    1.21/2    1.21/2    1.20/2    2.20/2    2.19/2
instance.roles             1.19/2   1.18/2    1.18/2    1.18/2    1.18/2    1.18/2    1.18/2    1.17/2    2.17/2    2.16/2
resource.any-principal     -        -         -         -         -         -         -         -         -         2.21/1
account.security-questions 1.15/1   1.3/1     1.3/1     1.3/1     1.3/1     1.3/1     1.3/1     -         -         -
account.contact            1.17/1   1.1/1     1.1/1     1.1/1     1.1/1     1.1/1     1.1/1     1.1/1     2.1/1     2.2/1
account.security-contact   1.18/1   1.2/1     1.2/1     1.2/1     1.2/1     1.2/1     1.2/1     1.2/1     2.2/1     2.3/1
organization.guardrails    -        -         -         -         -         -         -         -         -         2.1.2/2
organization.management    -        -         -         -         -         -         -         -         -         2.1.3/2
organization.units         -        -         -         -         -         -         -         -         -         2.1.4/2
organization.delegates     -        -         -         -         -         -         -         -         -         2.1.5/2,2.1.6/2
trail.all-regions          2.1/1    3.1/1     3.1/1     3.1/1     3.1/1     3.1/1     3.1/1     3.1/1     4.1/1     4.1/1
trail.validation           2.2/2    3.2/2     3.2/2     3.2/2     3.2/2     3.2/2     3.2/2     3.2/2     4.2/2     4.2/2
trail.bucket-public        2.3/1    3.3/1     3.3/1     3.3/1     3.3/1     -         -         -         -         -
trail.logs                 2.4/1    3.4/1     3.4/1     3.4/1     3.4/1     -         -         -         -         -
trail.bucket-logging       2.6/1    3.6/1     3.6/1     3.6/1     3.6/1     3.4/1     3.4/1     3.4/1     4.4/1     4.4/1
trail.kms                  2.7/2    3.7/2     3.7/2     3.7/2     3.7/2     3.5/2     3.5/2     3.5/2     4.5/2     4.5/2
trail.object-writes        -        3.10/2    3.10/2    3.10/2    3.10/2    3.8/2     3.8/2     3.8/2     4.8/2     4.8/2
trail.object-reads         -        3.11/2    3.11/2    3.11/2    3.11/2    3.9/2     3.9/2     3.9/2     4.9/2     4.9/2
config.recorder            2.5/1    3.5/1     3.5/2     3.5/2     3.5/2     3.3/2     3.3/2     3.3/2     4.3/2     4.3/2
kms.rotation               2.8/2    3.8/2     3.8/2     3.8/2     3.8/2     3.6/2     3.6/2     3.6/2     4.6/2     4.6/2
vpc.flow-logs              2.9/2    3.9/2     3.9/2     3.9/2     3.9/2     3.7/2     3.7/2     3.7/2     4.7/2     4.7/2
s3.public-access-block     -        1.20/1    -         -         -         -         -         -         -         -
frontend.access-logs       -        -         -         -         -         -         -         -         -         4.10/1
monitor.unauthorized       3.1/1    4.1/1     4.1/1     4.1/1     4.1/1     4.1/1     4.1/2     4.1/2     5.1/2     5.1/2
monitor.signin-no-mfa      3.2/1    4.2/1     4.2/1     4.2/1     4.2/1     4.2/1     4.2/1     4.2/1     5.2/1     5.2/1
monitor.root               3.3/1    4.3/1     4.3/1     4.3/1     4.3/1     4.3/1     4.3/1     4.3/1     5.3/1     5.3/1
monitor.iam-policies       3.4/1    4.4/1     4.4/1     4.4/1     4.4/1     4.4/1     4.4/1     4.4/1     5.4/1     5.4/1
monitor.cloudtrail         3.5/1    4.5/1     4.5/1     4.5/1     4.5/1     4.5/1     4.5/1     4.5/1     5.5/1     5.5/1
monitor.signin-failures    3.6/2    4.6/2     4.6/2     4.6/2     4.6/2     4.6/2     4.6/2     4.6/2     5.6/2     5.6/2
monitor.kms-keys           3.7/2    4.7/2     4.7/2     4.7/2     4.7/2     4.7/2     4.7/2     4.7/2     5.7/2     5.7/2
monitor.bucket-policies    3.8/1    4.8/1     4.8/1     4.8/1     4.8/1     4.8/1     4.8/1     4.8/1     5.8/1     5.8/1
monitor.config             3.9/2    4.9/2     4.9/2     4.9/2     4.9/2     4.9/2     4.9/2     4.9/2     5.9/2     5.9/2
monitor.security-groups    3.10/2   4.10/2    4.10/2    4.10/2    4.10/2    4.10/2    4.10/2    4.10/2    5.10/2    5.10/2
monitor.network-acls       3.11/2   4.11/2    4.11/2    4.11/2    4.11/2    4.11/2    4.11/2    4.11/2    5.11/2    5.11/2
monitor.gateways           3.12/1   4.12/1    4.12/1    4.12/1    4.12/1    4.12/1    4.12/1    4.12/1    5.12/1    5.12/1
monitor.route-tables       3.13/1   4.13/1    4.13/1    4.13/1    4.13/1    4.13/1    4.13/1    4.13/1    5.13/1    5.13/1
monitor.vpcs               3.14/1   4.14/1    4.14/1    4.14/1    4.14/1    4.14/1    4.14/1    4.14/1    5.14/1    5.14/1
monitor.organizations      -        4.15/1    4.15/1    4.15/1    4.15/1    4.15/1    4.15/1    4.15/1    5.15/1    5.15/1
securityhub.enabled        -        -         -         4.16/2    4.16/2    4.16/2    4.16/2    4.16/2    5.16/2    5.16/2
`

// Versions lists the versions of CIS, oldest first.
func Versions() []string {
	head, _, _ := strings.Cut(strings.TrimSpace(cisTable), "\n")
	return strings.Fields(head)[1:]
}

// readTable turns the table into mappings by control.
func readTable(table string) (map[string][]Mapping, error) {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	versions := strings.Fields(lines[0])[1:]
	out := map[string][]Mapping{}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(versions)+1 {
			return nil, fmt.Errorf("%q: %d cells for %d versions", line, len(cells)-1, len(versions))
		}
		if _, ok := out[cells[0]]; ok {
			return nil, fmt.Errorf("%s occurs twice", cells[0])
		}
		for i, v := range versions {
			if cells[i+1] == "-" {
				continue
			}
			for _, cell := range strings.Split(cells[i+1], ",") {
				m := Mapping{Benchmark: CIS, Version: v}
				rest, threshold, limited := strings.Cut(cell, "@")
				id, level, _ := strings.Cut(rest, "/")
				var err error
				if m.Level, err = strconv.Atoi(level); err != nil {
					return nil, fmt.Errorf("%s, version %s: level: %w", cells[0], v, err)
				}
				if limited {
					if m.Threshold, err = strconv.Atoi(threshold); err != nil {
						return nil, fmt.Errorf("%s, version %s: threshold: %w", cells[0], v, err)
					}
				}
				m.ID = id
				out[cells[0]] = append(out[cells[0]], m)
			}
		}
	}
	return out, nil
}
