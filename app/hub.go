package app

import (
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"warden/account/collect"
)

// SecurityHub returns a client for Security Hub. It is not among the Clients,
// for it would double the size of programs that never call it.
func (c *Clients) SecurityHub() *securityhub.Client { return securityhub.NewFromConfig(c.cfg) }

// WithHub has collect ask about Security Hub in each region too.
func (c *Clients) WithHub(ask collect.Clients) collect.Clients {
	for name, r := range ask.Regions {
		r.Hub = c.In(name).SecurityHub()
		ask.Regions[name] = r
	}
	return ask
}
