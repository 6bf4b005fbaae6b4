package audit_test

import (
	"slices"
	"testing"

	"warden/audit"
	"warden/finding"
)

func found(control, who, id string, s finding.Status) finding.Finding {
	arn := "arn:aws:iam::111122223333:" + who
	return finding.Finding{ID: finding.Identify(control, arn, id, ""), Control: control, Subject: arn, SubjectID: id, Status: s, Severity: finding.High, Summary: string(s)}
}

// Nothing is gone that nobody saw end.
func TestCompareWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	bob, eve := found("user.mfa", "user/bob", "AIDAB", finding.Fail), found("user.mfa", "user/eve", "AIDAE", finding.Unknown)
	key := found("root.keys", "root", "", finding.Fail)
	before := &audit.Report{Findings: []finding.Finding{bob, eve, key}}
	whole := found("user.mfa", "root", "", finding.Unknown)
	ann := found("user.mfa", "user/ann", "AIDAA", finding.Unknown)
	for _, tc := range []struct {
		name               string
		after              []finding.Finding
		new, changed, gone int
	}{
		{"the users are gone", []finding.Finding{found("user.mfa", "user/ann", "AIDAA", finding.Pass), key}, 0, 0, 2},
		{"another user is unknown", []finding.Finding{ann, key}, 1, 0, 2},
		{"nobody knows which users there are", []finding.Finding{whole, key}, 1, 1, 0},
		{"the control was not asked", []finding.Finding{key}, 0, 0, 0},
		{"nothing was asked", nil, 0, 0, 0},
		{"he passes", []finding.Finding{found("user.mfa", "user/bob", "AIDAB", finding.Pass), eve, key}, 0, 0, 1},
		{"he is not applicable, the rest as before", []finding.Finding{found("user.mfa", "user/bob", "AIDAB", finding.NotApplicable), eve, key}, 0, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := audit.Compare(before, &audit.Report{Findings: tc.after})
			if len(d.New) != tc.new || len(d.Changed) != tc.changed || len(d.Gone) != tc.gone {
				t.Errorf("new %v\nchanged %v\ngone %v", d.New, d.Changed, d.Gone)
			}
			for _, c := range d.Changed {
				if c.After.Status != finding.Unknown || c.Before.ID != c.After.ID {
					t.Errorf("changed to %+v", c.After)
				}
			}
		})
	}
	if got := audit.NotAsked(before, &audit.Report{Findings: []finding.Finding{key}}); !slices.Equal(got, []string{"user.mfa"}) {
		t.Error(got)
	}
}
