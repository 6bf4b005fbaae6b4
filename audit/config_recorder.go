package audit

import (
	"fmt"

	"warden/account"
	"warden/finding"
)

var configRecorder = Control{
	ID:       "config.recorder",
	Title:    "AWS Config records in every region",
	Why:      "Without a record of what resources looked like, nobody can say what an intruder changed.",
	Source:   "AWS Config API Reference: ConfigurationRecorder, ConfigurationRecorderStatus",
	Severity: finding.Low,
	Actions:  []string{"config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"},
	Remedy:   "Set up a recorder of all resource types; global types in one region.",
	Judge: func(e *Evidence) []Answer {
		actions := []string{"config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"}
		return append(e.inEveryRegion("AWS Config", actions, func(r *account.Region) Answer {
			if r.Recorders == nil {
				return e.regionUnknown(r, "whether AWS Config records", actions...)
			}
			a := Answer{Status: finding.Fail, Summary: "there is no recorder"}
			for _, x := range r.Recorders.Value {
				a.Facts = append(a.Facts, fact(r.Recorders.Evidence, "%s: recording %v, last status %s, all supported types %v", x.Name, x.Recording, word(x.LastStatus), x.AllSupported))
				switch {
				case !x.Recording:
					a.Summary, a.Command = "the recorder is stopped", "aws configservice start-configuration-recorder --configuration-recorder-name "+quote(x.Name)+" --region "+r.Name
				case x.LastStatus == "Failure":
					a.Summary = "the recorder cannot deliver"
				case !x.AllSupported:
					a.Summary = "the recorder leaves out types of resources"
				case x.LastStatus != "Success":
					a.Status, a.Summary = finding.Unknown, "whether the recorder delivers: its last status is "+word(x.LastStatus)
				default:
					a.Status, a.Summary, a.Command = finding.Pass, "recording", ""
					return a
				}
			}
			return a
		}), e.globalTypes())
	},
}

// globalTypes asks whether a recorder that works has the types that belong to
// no region, such as users, roles and policies: in one region is enough.
func (e *Evidence) globalTypes() Answer {
	a := Answer{Part: "global types", Status: finding.Fail, Summary: "no recorder has users, roles and policies", Remedy: "Let the recorder of one region include global resource types."}
	doubt := ""
	for i := range e.Regions {
		r := &e.Regions[i]
		if r.Recorders == nil {
			doubt = e.regionUnknown(r, "whether "+r.Name+" records them", "config:DescribeConfigurationRecorders").Summary
			continue
		}
		for _, x := range r.Recorders.Value {
			switch {
			case !x.GlobalTypes || !x.Recording || !x.AllSupported:
			case x.LastStatus == "Success":
				return Answer{Part: a.Part, Status: finding.Pass, Summary: "recorded in " + r.Name, Facts: []finding.Fact{fact(r.Recorders.Evidence, "%s in %s: global types %v", x.Name, r.Name, x.GlobalTypes)}}
			case x.LastStatus != "Failure":
				doubt = "whether the recorder of " + r.Name + " delivers: its last status is " + word(x.LastStatus)
			}
		}
	}
	if list := e.unread(); len(list) > 0 && doubt == "" {
		doubt = fmt.Sprintf("%d regions were not read", len(list))
	}
	if doubt != "" {
		a.Status, a.Summary = finding.Unknown, "whether users, roles and policies are recorded: "+doubt
	}
	return a
}
