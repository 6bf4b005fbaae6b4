package app

import "github.com/aws/aws-sdk-go-v2/service/securityhub"

// SecurityHub returns a client for Security Hub. It is not among the Clients,
// for it would double the size of programs that never call it.
func (c *Clients) SecurityHub() *securityhub.Client { return securityhub.NewFromConfig(c.cfg) }
