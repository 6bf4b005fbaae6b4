package audit

import (
	"fmt"

	"warden/finding"
)

var keyAge = Control{
	ID:       "key.age",
	Title:    "Access keys are not old",
	Why:      "The longer a key lives, the more copies of it there are: in scripts, images and backups.",
	Source:   "IAM User Guide: Update access keys; Generate credential reports for your AWS account (access_key_1_last_rotated)",
	Severity: finding.Medium,
	Actions:  append([]string{gaad}, reportCalls...),
	Remedy:   "Replace the key by a role. Where that cannot be: make a second key, move its users, deactivate the old one, then delete it.",
	Judge: func(e *Evidence) []Answer {
		people, known := e.people()
		if !known {
			return e.noPeople()
		}
		out := e.others()
		for _, p := range people {
			keys, doubt := p.keys()
			if doubt != "" {
				out = append(out, p.answer("access keys", finding.Unknown, "which keys he has: %s", doubt))
			}
			for _, k := range keys {
				if !k.active && !k.activeUnknown {
					continue
				}
				a := p.answer(k.part, finding.Unknown, "how old the key is, the credential report does not say")
				a.Facts = k.facts
				switch {
				case k.activeUnknown:
					a.Summary = k.doubt
				case !k.made.IsZero():
					age := e.Now.Sub(k.made)
					a.Age = &age
					a.Summary = fmt.Sprintf("made or last changed %s (%s)", date(k.made), e.ago(k.made))
					a.Command = "aws iam create-access-key --user-name " + quote(p.name) + "  # then, when the new key is in use: " + k.deactivate(p.name)
				}
				out = append(out, a)
			}
		}
		return out
	},
}
