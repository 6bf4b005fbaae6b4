package app

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"warden/account/collect"
)

// Gentle returns clients for reading a whole account: they count their calls
// and slow down when AWS says so. Each service has its own rate, and so has
// each result of Gentle.
func (c *Clients) Gentle(calls *collect.Calls) *Clients {
	return c.With(func(cfg *aws.Config) {
		cfg.APIOptions = append(cfg.APIOptions, calls.Count)
		cfg.Retryer = func() aws.Retryer {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = 6, 5*time.Second })
			})
		}
	})
}

// Sources are what package collect asks with these credentials: of each user
// where perUser is set, and of the monitoring in some regions.
func (c *Clients) Sources(perUser bool, regions []string) collect.Clients {
	ask := collect.Clients{IAM: c.IAM, Organization: c.Organizations, Regions: map[string]collect.Regional{}}
	if perUser {
		ask.Users = c.IAM
	}
	for _, name := range regions {
		r := c.In(name)
		ask.Regions[name] = collect.Regional{Trails: r.CloudTrail, Logs: r.Logs, Alarms: r.CloudWatch, Topics: r.SNS, Config: r.Config, Analyzers: r.AccessAnalyzer}
	}
	return ask
}
