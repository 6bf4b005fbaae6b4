// Package app turns options into AWS clients, in one place for every main.
package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// HomeRegion is where IAM answers and records its calls in the partition
// "aws". Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS
// CloudTrail".
const HomeRegion = "us-east-1"

// attempts and maxBackoff bound the retries of one AWS call.
const (
	attempts   = 5
	maxBackoff = 2 * time.Second
)

// Options say how AWS is reached. The zero value means: as the AWS CLI would,
// in HomeRegion.
type Options struct {
	// Profile is a profile of the shared AWS configuration.
	Profile string
	// Region overrides the configured region.
	Region string
	// EndpointURL sends every call to one endpoint, for example a twin's.
	EndpointURL string
	// RoleARN is assumed with the configured credentials, with ExternalID
	// where the role's trust policy asks for one.
	RoleARN, ExternalID string
}

// Clients are the AWS services that warden talks to, on one configuration.
type Clients struct {
	AccessAnalyzer *accessanalyzer.Client
	Config         *configservice.Client
	IAM            *iam.Client
	Logs           *cloudwatchlogs.Client
	STS            *sts.Client
	SQS            *sqs.Client
	SNS            *sns.Client
	EventBridge    *eventbridge.Client
	CloudTrail     *cloudtrail.Client
	CloudWatch     *cloudwatch.Client
	DynamoDB       *dynamodb.Client
	Organizations  *organizations.Client
	S3             *s3.Client
	StepFunctions  *sfn.Client
	Region         string

	cfg aws.Config
}

// Connect reads the standard AWS configuration (environment, profile, SSO,
// role of the machine) and builds the clients. Nothing is called yet, except
// that a RoleARN is assumed at the first use.
func Connect(ctx context.Context, o Options) (*Clients, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(http.ProxyFromEnvironment)),
		config.WithRetryer(retryer),
	}
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = HomeRegion
	}
	if o.EndpointURL != "" {
		cfg.BaseEndpoint = aws.String(o.EndpointURL)
	}
	c := build(cfg)
	if o.RoleARN != "" {
		c = c.Assume(o.RoleARN, o.ExternalID)
	}
	return c, nil
}

// Assume returns clients with the credentials of a role, which are renewed
// before they expire.
func (c *Clients) Assume(roleARN, externalID string) *Clients {
	cfg := c.cfg.Copy()
	provider := stscreds.NewAssumeRoleProvider(c.STS, roleARN, func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName = "warden"
		if externalID != "" {
			a.ExternalID = aws.String(externalID)
		}
	})
	cfg.Credentials = aws.NewCredentialsCache(provider)
	return build(cfg)
}

// In returns clients for another region, with the same credentials.
func (c *Clients) In(region string) *Clients {
	cfg := c.cfg.Copy()
	cfg.Region = region
	return build(cfg)
}

// With returns clients on a changed configuration.
func (c *Clients) With(change func(*aws.Config)) *Clients {
	cfg := c.cfg.Copy()
	change(&cfg)
	return build(cfg)
}

// Key is a set of AWS credentials.
type Key struct{ ID, Secret, Token string }

// Fixed builds clients for one endpoint and one key by hand: no profile, no
// environment variable and no proxy is looked at, so that a demo cannot reach
// an account by accident.
func Fixed(endpoint string, key Key) *Clients {
	return build(aws.Config{
		Region:       HomeRegion,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(key.ID, key.Secret, key.Token),
		HTTPClient:   httpClient(nil),
		Retryer:      retryer,
	})
}

// Account asks STS whose credentials these are. It returns the account id and
// the caller's ARN.
func (c *Clients) Account(ctx context.Context) (account, arn string, err error) {
	account, arn, _, err = c.Caller(ctx)
	return account, arn, err
}

// Caller is Account with the caller's unique id: AIDA… of a user, AROA…:NAME
// of a session of a role.
func (c *Clients) Caller(ctx context.Context) (account, arn, id string, err error) {
	out, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", "", fmt.Errorf("ask who the credentials belong to: %w", err)
	}
	return aws.ToString(out.Account), aws.ToString(out.Arn), aws.ToString(out.UserId), nil
}

func build(cfg aws.Config) *Clients {
	cfg.HTTPClient = WholeBody(cfg.HTTPClient)
	return &Clients{
		AccessAnalyzer: accessanalyzer.NewFromConfig(cfg),
		Config:         configservice.NewFromConfig(cfg),
		IAM:            iam.NewFromConfig(cfg),
		Logs:           cloudwatchlogs.NewFromConfig(cfg),
		STS:            sts.NewFromConfig(cfg),
		SQS:            sqs.NewFromConfig(cfg),
		SNS:            sns.NewFromConfig(cfg),
		EventBridge:    eventbridge.NewFromConfig(cfg),
		CloudTrail:     cloudtrail.NewFromConfig(cfg),
		CloudWatch:     cloudwatch.NewFromConfig(cfg),
		DynamoDB:       dynamodb.NewFromConfig(cfg),
		Organizations:  organizations.NewFromConfig(cfg),
		S3:             s3.NewFromConfig(cfg, ofS3),
		StepFunctions:  sfn.NewFromConfig(cfg),
		Region:         cfg.Region,
		cfg:            cfg,
	}
}

// ofS3: an endpoint of one's own has no name for each bucket; and that an
// object was stored without a checksum is nothing for the log.
func ofS3(o *s3.Options) {
	o.UsePathStyle = o.BaseEndpoint != nil
	o.DisableLogOutputChecksumValidationSkipped = true
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = maxBackoff
	})
}

// httpClient bounds every phase of a call. The response may take long because
// SQS holds a receive for up to 20 seconds. It is the SDK's own kind of
// client, which takes a CA bundle from the configuration.
func httpClient(proxy func(*http.Request) (*url.URL, error)) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTimeout(45 * time.Second).
		WithDialerOptions(func(d *net.Dialer) {
			d.Timeout, d.KeepAlive = 5*time.Second, 30*time.Second
		}).
		WithTransportOptions(func(t *http.Transport) {
			t.Proxy = proxy
			t.TLSHandshakeTimeout = 5 * time.Second
			t.ResponseHeaderTimeout = 30 * time.Second
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 64, 32
			t.IdleConnTimeout = 90 * time.Second
		})
}
