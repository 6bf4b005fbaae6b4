package audit

import "warden/finding"

var userTwoKeys = Control{
	ID:       "user.two-keys",
	Title:    "No user has two active access keys",
	Why:      "The second key is the one that nobody rotates; two keys are for the hour of a rotation.",
	Source:   "IAM User Guide: Update access keys",
	Severity: finding.Low,
	Actions:  append([]string{gaad}, reportCalls...),
	Remedy:   "Deactivate the key that is not used, delete it later.",
	Judge: func(e *Evidence) []Answer {
		people, known := e.people()
		if !known {
			return e.noPeople()
		}
		out := e.others()
		for _, p := range people {
			keys, doubt := p.keys()
			if doubt != "" {
				out = append(out, p.answer("", finding.Unknown, "which keys he has: %s", doubt))
				continue
			}
			var active []key
			a := p.answer("", finding.Pass, "one active access key")
			for _, k := range keys {
				a.Facts = append(a.Facts, k.facts...)
				if k.active {
					active = append(active, k)
				} else if k.activeUnknown {
					a.Status, a.Summary = finding.Unknown, k.doubt
				}
			}
			switch len(active) {
			case 0:
				if a.Status == finding.Pass {
					continue
				}
			case 1:
			default:
				a.Status, a.Summary = finding.Fail, "two active access keys"
				a.Command = leastUsed(active).deactivate(p.name)
			}
			out = append(out, a)
		}
		return out
	},
}

// leastUsed returns the key that is missed least: one never used, else the
// one used longest ago.
func leastUsed(keys []key) key {
	least := keys[0]
	for _, k := range keys[1:] {
		if least.used != nil && (k.used == nil || k.used.Before(*least.used)) {
			least = k
		}
	}
	return least
}
