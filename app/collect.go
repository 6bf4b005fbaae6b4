package app

import (
	"context"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsaccount "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

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
// where perUser is set, and of monitoring, keys, networks and instances in some
// regions.
func (c *Clients) Sources(perUser bool, regions []string) collect.Clients {
	ask := collect.Clients{IAM: c.IAM, Organization: c.Organizations, Regions: map[string]collect.Regional{}, Buckets: c.S3,
		Contacts: awsaccount.NewFromConfig(c.cfg), Block: c.s3Control()}
	if perUser {
		ask.Users = c.IAM
	}
	for _, name := range regions {
		r := c.In(name)
		ask.Regions[name] = collect.Regional{Trails: r.CloudTrail, Logs: r.Logs, Alarms: r.CloudWatch, Topics: r.SNS, Config: r.Config, Analyzers: r.AccessAnalyzer,
			Keys: kms.NewFromConfig(r.cfg), Estate: ec2.NewFromConfig(r.cfg)}
	}
	return ask
}

// s3Control returns a client for the settings of S3 for a whole account. An
// endpoint of one's own has no name for each account.
func (c *Clients) s3Control() *s3control.Client {
	return s3control.NewFromConfig(c.cfg, func(o *s3control.Options) {
		if o.BaseEndpoint != nil {
			o.EndpointResolverV2 = oneEndpoint(*o.BaseEndpoint)
		}
	})
}

// oneEndpoint is where every call goes.
type oneEndpoint string

// ResolveEndpoint gives the endpoint, whatever is called.
func (e oneEndpoint) ResolveEndpoint(context.Context, s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	u, err := url.Parse(string(e))
	if err != nil {
		return smithyendpoints.Endpoint{}, err
	}
	return smithyendpoints.Endpoint{URI: *u}, nil
}
