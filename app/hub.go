package app

import (
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"warden/account/collect"
)

// SecurityHub returns a client for Security Hub. It is not among the Clients,
// nor a method of theirs, for it would double the size of programs that never
// call it.
func SecurityHub(c *Clients) *securityhub.Client { return securityhub.NewFromConfig(c.cfg) }

// WithHub has collect ask about Security Hub in each region too.
func WithHub(c *Clients, ask collect.Clients) collect.Clients {
	for name, r := range ask.Regions {
		r.Hub = SecurityHub(c.In(name))
		ask.Regions[name] = r
	}
	return ask
}
