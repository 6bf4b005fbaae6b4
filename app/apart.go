package app

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"warden/account/collect"
)

// What follows are functions and no fields or methods of Clients, so that
// programs that never call them do not carry them: the zip for Lambda has a
// goal.

// Lambda returns a client for AWS Lambda.
func Lambda(c *Clients) *lambda.Client { return lambda.NewFromConfig(c.cfg) }

// SecurityHub returns a client for Security Hub.
func SecurityHub(c *Clients) *securityhub.Client { return securityhub.NewFromConfig(c.cfg) }

// WithHub has collect ask about Security Hub in each region too.
func WithHub(c *Clients, ask collect.Clients) collect.Clients {
	for name, r := range ask.Regions {
		r.Hub = SecurityHub(c.In(name))
		ask.Regions[name] = r
	}
	return ask
}
