package audit

import (
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
		return e.inEveryRegion("AWS Config", actions, func(r *account.Region) Answer {
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
				default:
					a.Status, a.Summary, a.Command = finding.Pass, "recording", ""
					return a
				}
			}
			return a
		})
	},
}
