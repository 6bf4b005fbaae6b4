package detect

import (
	"warden/finding"
)

var configRecorderStop = Detection{
	ID:         "config.recorder.stop",
	Title:      "AWS Config stopped",
	Why:        "Changes are no longer recorded or checked against rules.",
	Techniques: []string{"T1562.008"},
	Severity:   finding.High,
	Events:     on("config", "StopConfigurationRecorder", "DeleteConfigurationRecorder", "DeleteDeliveryChannel"),
	Hits: []Example{
		{Call: "config:StopConfigurationRecorder"},
	},
	Misses: []Example{
		{Call: "config:StartConfigurationRecorder"},
	},
}
